/* tests/property/small_policy.h: random policies over small domains, which a space can enumerate.
 */
#ifndef TIERWAY_TESTS_SMALL_POLICY_H
#define TIERWAY_TESTS_SMALL_POLICY_H

#include "base/text.h"

/* Appends the text of the policy that belongs to this number. It has no errors. */
void small_policy_write(uint64_t number, struct buffer *out);

#endif
