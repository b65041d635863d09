/* program/lower.h: a checked policy as instructions.
 *
 * The plain plan: rules in order, each a chain of tests that jump forward, to the rule's decision
 * or to the next rule. Texts become numbers first, so that every test of a string but `like` is a
 * test of a number. */
#ifndef TIERWAY_PROGRAM_LOWER_H
#define TIERWAY_PROGRAM_LOWER_H

#include "diagram/formula.h"
#include "program/run/image.h"

#define MAX_INSTRUCTIONS (1u << 24)

/* The texts of one string variable that tests name, numbered from 1. */
struct literal_table {
    struct map numbers; /* text to its place in `texts` */
    struct text *texts;
    size_t count, capacity;
};

struct lowered {
    struct arena *arena;
    const struct policy_tree *policy;
    struct formula **formulas;      /* of each rule */
    struct literal_table *literals; /* of each variable */
    bool *needed;                   /* of each variable: read by code or by an action */
    struct image_instruction *code;
    size_t code_count, code_capacity;
    int64_t *constants;
    size_t constant_count, constant_capacity;
    struct image_interval *intervals;
    size_t interval_count, interval_capacity;
    struct image_set *sets;
    size_t set_count, set_capacity;
    struct text *patterns;
    size_t pattern_count, pattern_capacity;
    struct map shared; /* constants, sets and patterns that are there already, by their bytes */
    enum tw_status status;
};

/* Lowers a policy without errors. TW_OK, TW_NO_MEMORY, or TW_LIMIT for a program too large. */
enum tw_status lower_policy(struct lowered *lowered, struct arena *arena,
                            const struct policy_tree *policy);

#endif
