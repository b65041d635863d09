/* front/check_report.h: what the check says about names, words and types that do not fit. Each
 * function adds one finding with its mend; a name that a broken declaration would have defined is
 * passed over, since that was said. */
#ifndef TIERWAY_FRONT_CHECK_REPORT_H
#define TIERWAY_FRONT_CHECK_REPORT_H

#include "front/check.h"

/* A literal of another type than the attribute's. Always false. */
bool report_type(struct policy_tree *policy, const struct attribute *attribute,
                 const struct value *value);
/* A word that is none of the attribute's, and names no `let`. Always false. */
bool report_word(struct policy_tree *policy, const struct attribute *attribute,
                 const struct value *value);
/* A name where an attribute is needed; with_lets: or the name of a `let`. */
void report_unknown(struct policy_tree *policy, const struct name *name, bool with_lets);
/* A test that the attribute's type does not have; `operators` are those that it has. */
void report_operator(struct policy_tree *policy, const struct condition *condition,
                     const char *operators);
/* Several values where one is needed: at the word that stands for them, or at the values. */
bool report_several(struct policy_tree *policy, const struct value *value);

/* "a number", "a time of day" */
const char *type_phrase(enum tw_type type);

#endif
