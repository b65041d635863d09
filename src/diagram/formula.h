/* diagram/formula.h: a condition as tests of variables.
 *
 * Conditions of the tree name attributes, negate, and use names; here they are `and` and `or` over
 * tests "variable in set of values", with `not` pushed down into the sets and names written out.
 * A variable that is not set is in no set, so that neither a test nor its complement holds. */
#ifndef TIERWAY_DIAGRAM_FORMULA_H
#define TIERWAY_DIAGRAM_FORMULA_H

#include "front/check.h"

struct interval {
    int64_t low, high; /* inclusive */
};

/* Sorted, apart from one another by at least one value. */
struct interval_set {
    struct interval *items;
    size_t count;
};

enum formula_kind {
    FORMULA_AND,
    FORMULA_OR,
    FORMULA_RANGES, /* the variable's value is in `set` */
    FORMULA_TEXTS,  /* the variable's text is (negated: is set and not) one of `texts` */
    FORMULA_LIKE,   /* the variable's text matches (negated: is set and does not) texts[0] */
    FORMULA_IS_SET, /* the variable has (negated: has no) value */
};

struct formula {
    enum formula_kind kind;
    uint32_t variable; /* of a test */
    struct span span;
    bool negated;
    bool inverted;       /* its span, under a `not` further out, says the opposite */
    bool named;          /* stands for a `let`: a part that is written somewhere else */
    bool dropped;        /* lint proved that it can go; left out of diagrams from then on */
    uint32_t diagram;    /* of a test: its own, once a policy's diagram was begun */
    uint32_t text_count; /* of a test of texts */
    union {
        struct formula *children; /* of AND and OR; read it with formula_parts */
        struct interval_set set;  /* of RANGES */
        struct {
            struct text *texts; /* of TEXTS and LIKE */
            uint32_t *places;   /* of each, among all that tests name, once cut into classes */
        };
    };
    struct formula *next;
};

static inline bool formula_is_test(const struct formula *formula)
{
    return formula->kind != FORMULA_AND && formula->kind != FORMULA_OR;
}

/* The first of the parts of an `and` or `or`, which are chained by `next`; NULL for a test. */
static inline struct formula *formula_parts(const struct formula *formula)
{
    return formula_is_test(formula) ? NULL : formula->children;
}

/* NULL when memory is out. */
struct formula *formula_of_condition(const struct policy_tree *policy,
                                     const struct condition *condition);

/* The values of a test of numbers, as a set over its variable. False when memory is out. */
bool interval_set_of_test(const struct policy_tree *policy, const struct condition *test,
                          struct interval_set *set);
/* Sorts and joins intervals in place. */
void interval_set_normalize(struct interval_set *set);
/* What is in low..high and not in the set. */
bool interval_set_complement(struct arena *arena, struct interval_set set, int64_t low,
                             int64_t high, struct interval_set *result);
bool interval_set_holds(struct interval_set set, int64_t value);

#endif
