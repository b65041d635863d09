/* program/run/verify.h: the parts of the verifier.
 *
 * Each check takes sections whose places are known and fails with TW_DAMAGED. They go in the order
 * in which they stand here: a later one relies on the earlier ones. */
#ifndef TIERWAY_PROGRAM_VERIFY_H
#define TIERWAY_PROGRAM_VERIFY_H

#include "program/run/program.h"

#define DAMAGED(...) fail(error, TW_DAMAGED, "damaged program image: " __VA_ARGS__)

struct checker {
    const struct tw_policy *policy;
    /* How many more records may be looked at. Records may be pointed at many times; this bounds
     * the time that an image takes all the same. */
    uint64_t left;
};

#define CHECKER_RECORDS (1u << 27) /* more than a whole image has, each looked at once */

/* Takes `records` off; false where there are not so many left. */
static inline bool spend(struct checker *checker, uint64_t records)
{
    if (records > checker->left)
        return false;
    checker->left -= records;
    return true;
}

/* The records lie inside a section of `total`. */
static inline bool range_good(uint64_t first, uint64_t count, uint32_t total)
{
    return first <= total && count <= total - first;
}

/* A target that goes on is the number `first` or a later one; one that decides names a rule. */
static inline bool target_good(const struct tw_policy *policy, uint32_t target, uint32_t first)
{
    if (target & TARGET_DECIDES)
        return (target & ~TARGET_DECIDES) < policy->count_RULES;
    return target >= first && target < policy->count_CODE;
}

/* verify_keys.c: keys in `constants` that ascend strictly and are set. */
bool keys_good(struct checker *checker, uint32_t first, uint32_t count);
bool table_good(struct checker *checker, const struct image_table *table);
bool masks_good(struct checker *checker, const struct image_masks *group);

/* verify.c: fills in where the sections are, which have to lie inside the image. */
enum tw_status verify_sections(struct tw_policy *policy, struct tw_error *error);
/* verify_schema.c: strings, variables, attributes, budgets. */
enum tw_status verify_schema(struct checker *checker, struct tw_error *error);
/* verify_actions.c: rules and their steps. */
enum tw_status verify_actions(struct checker *checker, struct tw_error *error);
/* verify_code.c: sets, instructions and all that they refer to. */
enum tw_status verify_code(struct checker *checker, struct tw_error *error);

bool string_good(const struct tw_policy *policy, struct image_string string);

#endif
