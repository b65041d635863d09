/* tests/bench/patterns.h: rules that match the model's name with `like`, and two ways of doing the
 * same by hand. */
#ifndef TIERWAY_TESTS_BENCH_PATTERNS_H
#define TIERWAY_TESTS_BENCH_PATTERNS_H

#include "hand.h"

enum pattern_kind { PATTERN_PREFIX, PATTERN_SUFFIX, PATTERN_CONTAINS };

struct pattern_rule {
    char glob[24]; /* with its stars */
    enum pattern_kind kind;
    int32_t tokens; /* the rule matches above */
};

/* Of 25 patterns in a row, 20 end in a star, 4 begin with one, and one does both. */
struct pattern_policy {
    struct buffer text;
    struct pattern_rule *rules;
    uint32_t rule_count;
};

void patterns_new(struct pattern_policy *policy, uint32_t rules);
void patterns_free(struct pattern_policy *policy);
/* `count` requests; their texts are in `texts`. About half the models match some pattern. */
struct text_request *patterns_requests(const struct pattern_policy *policy, size_t count,
                                       struct buffer *texts);

/* The rules in order; policy: struct pattern_policy, request: struct text_request. */
uint32_t patterns_compare(const void *policy, const void *request); /* memcmp and memmem */
uint32_t patterns_fnmatch(const void *policy, const void *request);

#endif
