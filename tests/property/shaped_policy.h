/* tests/property/shaped_policy.h: random policies of the shapes that the compiler's plans are for.
 */
#ifndef TIERWAY_TESTS_SHAPED_POLICY_H
#define TIERWAY_TESTS_SHAPED_POLICY_H

#include "base/text.h"

/* Appends the policy that belongs to this number: boxes over several numbers, many patterns, keys
 * (dense and sparse), or windows of the clock with dates. It has no errors. */
void shaped_policy_write(uint64_t number, struct buffer *out);

#endif
