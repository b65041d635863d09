/* tests/property/policy_generator.h: random policies that are valid, and random requests for them.
 *
 * A policy is made as text, from a seed. It uses everything that the language has (features are
 * counted, by policy_features.def), with constants near one another and near the ends of their
 * domains, so that a boundary that is off by one shows soon. */
#ifndef TIERWAY_TESTS_POLICY_GENERATOR_H
#define TIERWAY_TESTS_POLICY_GENERATOR_H

#include "random.h"

#include "front/check.h"
#include "front/reference.h"

enum feature {
#define FEATURE(name, text) FEATURE_##name,
#include "policy_features.def"
#undef FEATURE
    FEATURE_COUNT
};

struct feature_counts {
    uint64_t of_feature[FEATURE_COUNT];
    uint64_t of_type[TW_TYPE_NOW + 1];        /* tests of an attribute of this type */
    uint64_t of_projection[PROJECT_USED + 1]; /* tests through this projection */
    uint64_t declared[TW_TYPE_NOW][2];        /* attributes of the type, without default */
};

/* Prints the counts; false where one that has to be over 0 is 0. */
bool features_print(const struct feature_counts *counts);

/* Appends a policy to text, which the caller has initialised. */
void policy_generate(uint64_t seed, struct feature_counts *counts, struct buffer *text);

/* Where a request is likely to tell a policy from a wrong one: the constants of its tests, as
 * values of the variables, and the texts that it names. In an arena of the caller's. */
struct boundaries {
    struct policy_tree *policy;
    int64_t **values; /* of each variable */
    struct text **texts;
    size_t *value_counts, *text_counts;
    size_t *value_capacities, *text_capacities;
};

bool boundaries_find(struct boundaries *boundaries, struct arena *arena,
                     struct policy_tree *policy);
/* Fills in a value (VALUE_UNSET where that can be) for each variable, and a text for each string.
 */
void valuation_generate(const struct boundaries *boundaries, struct random *random,
                        struct arena *arena, int64_t *values, struct text *texts);

#endif
