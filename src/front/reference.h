/* front/reference.h: the reference evaluator, which says what a policy means.
 *
 * It walks the checked tree with three truth values, one attribute at a time, and shares nothing
 * with the compiler's sets and jumps. It is slow and plain on purpose: programs are checked
 * against it. */
#ifndef TIERWAY_FRONT_REFERENCE_H
#define TIERWAY_FRONT_REFERENCE_H

#include "front/check.h"

/* One request: a value for each variable of the policy, VALUE_UNSET where it has none. */
struct valuation {
    const int64_t *values;
    const struct text *texts; /* of string variables; looked at where the value is set */
};

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };

enum truth reference_condition(const struct policy_tree *policy, const struct condition *condition,
                               const struct valuation *valuation);
/* The number of the rule that decides; rule_count for `otherwise`, written or not. */
size_t reference_decide(const struct policy_tree *policy, const struct valuation *valuation);

#endif
