/* author/diff_join.h: two policies over one set of variables.
 *
 * Attributes of one name are one variable. Where the two declare it in different ways, "not given"
 * is a class of its own that each side fills with its own default, and what only one of them takes
 * is not compared. A side's conditions become formulas over the joined variables. */
#ifndef TIERWAY_AUTHOR_DIFF_JOIN_H
#define TIERWAY_AUTHOR_DIFF_JOIN_H

#include "author/diff.h"
#include "diagram/build.h"

struct joined_side {
    const struct policy_tree *policy;
    uint32_t *numbers; /* of each variable of the policy: the joined one; UINT32_MAX: none */
    uint32_t **words;  /* of each variable: of each of its words the joined one; NULL: the same */
    bool *filled;      /* of each variable: "not given" stands for the policy's default */
};

struct join {
    struct arena *arena;
    struct policy_tree both; /* attributes and variables of both; no tiers, statements, rules */
    struct joined_side sides[2];
    struct formula *readable; /* an `and`: of the requests that are compared */
    struct declaration_difference *declarations;
    size_t declaration_count, declaration_capacity;
};

/* False when memory is out. */
bool join_policies(struct join *join, struct arena *arena, const struct policy_tree *old,
                   const struct policy_tree *new);
/* A condition of a side. shift: what its clock is ahead of the joined one, in seconds. NULL when
 * memory is out. */
struct formula *join_formula(struct join *join, const struct joined_side *side,
                             const struct condition *condition, int64_t shift);
/* New tests of a joined variable: it is in a set; it is not given. NULL when memory is out. */
struct formula *join_in_set(struct join *join, uint32_t variable, struct interval_set set);
struct formula *join_not_given(struct join *join, uint32_t variable);
/* The date is one of these, and the second of the week one of those. */
struct formula *join_in_both(struct join *join, struct interval_set dates,
                             struct interval_set seconds);
/* The joined number of a side's tier, as a value of this attribute of it; and the side's tier that
 * a request without the attribute goes to. */
uint32_t join_tier(const struct joined_side *side, const struct attribute *attribute,
                   uint32_t tier);
uint32_t join_tier_not_given(const struct joined_side *side, const struct attribute *attribute);
/* Does any attribute that is read stand for this variable? */
bool reads_variable(const struct policy_tree *policy, uint32_t variable);

#endif
