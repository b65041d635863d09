/* program/lower.h: a checked policy as the records that a program runs on.
 *
 * Conditions become formulas, the variables' values are cut into classes, and one of four plans is
 * chosen by what the policy is like (plan.c). Each plan has a file of its own, lower_*.c; this is
 * what they share. A text is tested as the number of its class. */
#ifndef TIERWAY_PROGRAM_LOWER_H
#define TIERWAY_PROGRAM_LOWER_H

#include "diagram/build.h"
#include "program/compile.h"
#include "program/writer.h"

/* What programs test of one string variable: the classes of its texts. */
struct text_numbers {
    const struct text *texts; /* that tests name ... */
    const uint32_t *classes;  /* ... and their classes */
    size_t count;
    uint32_t class_count;       /* of texts, without "not set" */
    uint32_t other;             /* the class of what is not named, where there is no automaton */
    uint32_t automaton_and_one; /* index + 1 of what finds that class */
};

/* The values that a program sees of a variable; a text is its class's number. */
struct domain {
    int64_t low, high;
    bool can_be_unset;
};

/* What the choice of a plan rests on, for people. */
struct plan_facts {
    size_t tests;         /* in all rules */
    size_t edge_limit;    /* the diagram's budget */
    size_t conjunctions;  /* of all rules, for masks */
    size_t groups, words; /* of masks */
    const char *reason;   /* why this plan, a sentence without its full stop */
};

/* Where one set after another is made. */
struct interval_room {
    struct interval *items;
    size_t capacity;
};

struct lowered {
    struct arena *arena; /* of what only lowering needs; NULL from its end on */
    struct arena *kept;  /* the compile's, of everything else */
    const struct policy_tree *policy;
    struct writer writer;
    struct formula **formulas;     /* of each rule */
    struct policy_diagram diagram; /* its classes; its root where has_diagram */
    bool has_classes;              /* patterns were few enough to tell all texts apart */
    bool has_diagram;
    struct text_numbers *texts; /* of each variable */
    bool *needed;               /* of each variable: read by the program or by an action */
    struct map shared; /* constants, sets and patterns that are there already, by their bytes; while
                          lowering */
    struct interval_room other; /* of the test at hand; while lowering */
    enum plan plan;
    uint32_t start; /* the target where a run begins */
    struct plan_facts facts;
    enum tw_status status;
};

/* Lowers a policy without errors. wanted: the plan to take where that can be, or ANY_PLAN. TW_OK,
 * TW_NO_MEMORY, or TW_LIMIT for a program too large. lowered_free either way.
 * arena: of the formulas, of the classes, and of all that is needed to write and validate the
 * program. */
enum tw_status lower_policy(struct lowered *lowered, struct arena *arena,
                            const struct policy_tree *policy, enum plan wanted);
void lowered_free(struct lowered *lowered);

/* The plans. Each writes its records and sets start. */
void lower_ordered(struct lowered *lowered);

/* The diagram's nodes in order; see lower_switches.c. False where they would be too large. */
struct switches;
bool switches_plan(struct lowered *lowered, struct switches **switches);
void lower_switches(struct lowered *lowered, struct switches *switches);

/* A table in the making; see lower_table.c. False where it would be too large. */
struct table;
bool table_plan(struct lowered *lowered, struct table **table);
void lower_table(struct lowered *lowered, struct table *table);

/* Conditions as conjunctions; see lower_masks.c. False where they would be too many. */
struct conjunctions;
bool masks_plan(struct lowered *lowered, struct conjunctions **conjunctions);
void lower_masks(struct lowered *lowered, struct conjunctions *conjunctions);

/* What all of them use. Once status is set, results mean nothing; every function may still be
 * called. */
void lower_fail(struct lowered *lowered, enum tw_status status);
struct domain domain_of(const struct lowered *lowered, uint32_t variable);
/* The values for which a test holds; "not set" is the value VALUE_UNSET. Not for a pattern where
 * the policy has no classes. */
struct interval_set values_of_test(struct lowered *lowered, const struct formula *test);
/* What is in the domain and not in the set. */
struct interval_set values_other(struct lowered *lowered, struct domain domain,
                                 struct interval_set set);
/* An empty set with room for `count` intervals, in place of the one that was made there before. */
struct interval_set set_again(struct lowered *lowered, struct interval_room *room, size_t count);
/* An instruction that goes to `then` for the values of the set, else to `otherwise`. The set is
 * neither empty nor the whole domain. */
struct image_instruction test_of_values(struct lowered *lowered, uint32_t variable,
                                        struct interval_set set, uint32_t then, uint32_t otherwise);
/* The index of these constants, which may be shared with other instructions. */
uint32_t add_constants(struct lowered *lowered, const int64_t *constants, size_t count);
/* lower_index.c: an index of `count` keys, which ascend and are set. False, with nothing written,
 * where keys lie too close together for one. */
bool make_index(struct lowered *lowered, const int64_t *keys, size_t count,
                struct image_index *index);
uint32_t add_pattern(struct lowered *lowered, struct text pattern);

/* text_numbers.c: numbers the texts of all string variables, and makes the automata. */
void number_texts(struct lowered *lowered);
/* automaton.c: writes what finds the class of a text that no test names, and its index + 1; 0 where
 * it would be too large, or memory is out (then status says so). */
uint32_t add_automaton(struct lowered *lowered, const struct variable_classes *variable);

#endif
