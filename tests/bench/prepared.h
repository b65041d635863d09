/* tests/bench/prepared.h: a compiled policy, and many requests for it with their attributes bound.
 *
 * A handle from tw_request_new takes 2 to 3 KB, too much for 262,144 of them. So each request is
 * set on one handle through the public functions, and its row of values is then copied into one
 * array for all. prepared.c is the only file that relies on how a tw_request looks inside. */
#ifndef TIERWAY_TESTS_BENCH_PREPARED_H
#define TIERWAY_TESTS_BENCH_PREPARED_H

#include "policies.h"

struct prepared {
    tw_policy *policy;
    tw_request *template; /* owns what the requests share */
    tw_request *requests; /* `count` of them */
    int64_t *values;      /* `width` for each request */
    size_t count, width;
};

/* Exits with 1 after a message where the text does not compile. */
tw_policy *policy_compile(const struct workload *workload);
/* rows: `count` rows of workload_rows. Takes over the policy. */
void prepare(struct prepared *prepared, const struct workload *workload, tw_policy *policy,
             const int32_t *rows, size_t count);
void prepared_free(struct prepared *prepared);
/* The variable behind an attribute; exits with 1 where there is none of that name. */
uint32_t variable_of(const tw_policy *policy, const char *attribute);

/* The weighted sum of tw_decide over all requests. context: struct prepared. */
uint64_t prepared_run(const void *context);

#endif
