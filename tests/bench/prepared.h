/* tests/bench/prepared.h: a compiled policy, and many requests for it with their attributes bound.
 *
 * A handle from tw_request_new takes 2 to 3 KB, too much for 262,144 of them, and it has a value
 * for each of some 20 attributes, of which a policy reads a few. So each request is set on one
 * handle through the public functions, and the values that the policy reads are copied to one
 * array. There the requests overlap: request i's value of variable v is values[i * stride + v],
 * where the stride is the least at which no two values that are read fall on one place.
 *
 *     variables 0, 3 and 8 are read, stride 4:  0..3....8
 *                                                   0..3....8
 *                                                       0..3....8
 *
 * prepared.c is the only file of bench_decide that relies on what a tw_request looks like inside.
 */
#ifndef TIERWAY_TESTS_BENCH_PREPARED_H
#define TIERWAY_TESTS_BENCH_PREPARED_H

#include "policies.h"

/* How a policy is made to run. */
enum runner {
    RUN_BEST,   /* as it would in use */
    RUN_SCALAR, /* without vectors, where the plan would use them */
    RUN_ORDERED /* rules in order, where another plan would be taken */
};

struct prepared {
    tw_policy *policy;
    tw_request *request; /* decides one row after another */
    int64_t *values;
    size_t count, stride; /* requests; values from one to the next */
};

/* Exits with 1 after a message where the text does not compile. */
tw_policy *policy_compile(const char *name, struct text text, enum runner runner);
/* Does the policy run in another way then than as RUN_BEST? */
bool runner_differs(const tw_policy *best, enum runner runner);
/* What the policy's plan is called. */
const char *policy_plan(const tw_policy *policy);
/* rows: `count` rows of workload_rows. Compiles the workload's policy. */
void prepare(struct prepared *prepared, const struct workload *workload, enum runner runner,
             const int32_t *rows, size_t count);
void prepared_free(struct prepared *prepared);
/* The variable behind an attribute; exits with 1 where there is none of that name. */
uint32_t variable_of(const tw_policy *policy, const char *attribute);

/* The weighted sum of tw_decide over all requests. context: struct prepared. Several threads may
 * run it at once. */
uint64_t prepared_run(const void *context);

#endif
