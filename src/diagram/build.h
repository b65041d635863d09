/* diagram/build.h: a policy as one decision diagram.
 *
 * The diagram maps each request, as a tuple of classes, to the number of the first rule whose
 * condition holds, or to NONE where no rule does. */
#ifndef TIERWAY_DIAGRAM_BUILD_H
#define TIERWAY_DIAGRAM_BUILD_H

#include "base/clock.h"
#include "diagram/diagram.h"

/* What the walk at hand notes of each node, see visits.h. */
struct visit_note {
    uint32_t walk, value;
};

struct visits {
    struct visit_note *notes; /* on the heap */
    size_t capacity;
    uint32_t walk;
};

struct policy_diagram {
    const struct policy_tree *policy;
    struct arena *arena;
    struct formula **formulas; /* of each rule; for questions, of properties too */
    size_t formula_count;
    struct classes classes;
    struct diagram diagram;
    uint32_t *order;    /* of each level, its variable */
    uint32_t *level_of; /* of each variable; UINT32_MAX where no test reads it */
    uint32_t level_count;
    uint32_t *class_counts;   /* of each level */
    diagram_ref *conditions;  /* of each rule: TRUE where its condition holds */
    diagram_ref impossible;   /* TRUE for requests that cannot be: a date that is another weekday */
    struct diagram_mark mark; /* conditions and impossible are below it, the root is above */
    bool has_tests;           /* every test's own diagram is noted in it */
    bool has_conditions;
    diagram_ref root;
    struct visits visits;
    struct zone *zone;        /* the policy's, once moments are chosen from; else NULL */
    struct class_set scratch; /* of the test at hand */
};

/* Builds the diagram of a policy without errors, and of the conditions of its properties with it,
 * so that questions about them can be asked. TW_OK; TW_LIMIT when the budget of edges ran out or
 * patterns are too many: then the root is not there, and conditions and impossible where
 * has_conditions says so; TW_NO_MEMORY. policy_diagram_free either way. */
enum tw_status policy_diagram_build(struct policy_diagram *built, struct arena *arena,
                                    const struct policy_tree *policy, size_t edge_limit);
/* The same with formulas that were made elsewhere: of as many rules as the policy counts, then any
 * others. */
enum tw_status policy_diagram_build_formulas(struct policy_diagram *built, struct arena *arena,
                                             const struct policy_tree *policy,
                                             struct formula **formulas, size_t count,
                                             size_t edge_limit);
/* The same for a program: of the rules alone, without properties, without the tiers that attributes
 * stand for, and without telling a date from another weekday's; for no questions, so that
 * conditions and impossible are not there, and no nodes can be made. formulas: of each rule, in
 * order. */
enum tw_status policy_diagram_build_program(struct policy_diagram *built, struct arena *arena,
                                            const struct policy_tree *policy,
                                            struct formula **formulas, size_t edge_limit);
void policy_diagram_free(struct policy_diagram *built);

/* TRUE where the formula holds. The formula's tests must have been known when building. */
diagram_ref diagram_of_formula(struct policy_diagram *built, const struct formula *formula);
/* The rules first..last - 1 merged: the number of the first that matches. */
diagram_ref diagram_of_rules(struct policy_diagram *built, size_t first, size_t last);
/* TRUE where a tier-valued variable stands for this tier: a request's value, or the implicit
 * default where it is not set. The variable must be one that an action reads. */
diagram_ref diagram_of_tier(struct policy_diagram *built, uint32_t variable, uint32_t tier);
/* The formula of a `never` or `always` statement; NULL for other statements. */
const struct formula *property_formula(const struct policy_diagram *built,
                                       const struct statement *statement);

#endif
