/* cli/bench_requests.h: random requests for a policy, laid out so that deciding them one after
 * another measures the decision and little else. */
#ifndef TIERWAY_CLI_BENCH_REQUESTS_H
#define TIERWAY_CLI_BENCH_REQUESTS_H

#include "front/front.h"
#include "program/run/program.h"
#include "runtime/retry.h"

/* Of each request only the values from the first to the last variable that the policy tests are
 * kept: they are what a decision touches. So the rows overlap: request i's value of variable v is
 * values[i * width + v]. */
struct bench_requests {
    const tw_policy *policy;
    tw_request *request; /* decides one row after another; its own values are put back at the end */
    int64_t *own_values;
    struct text *own_texts;
    size_t count;
    uint32_t first, width; /* variables */
    int64_t *values;
    struct text *texts; /* the same places; their bytes are in the front's arena */
};

/* Makes `count` requests, the same ones for the same policy and random state. Of each variable that
 * a rule tests one class is taken, each as likely as another, and of the class one value: so rules
 * about rare values get their share as well. front: what the policy was compiled from; it has to
 * outlive the requests. TW_NO_MEMORY; bench_requests_free either way. */
enum tw_status bench_requests_make(struct bench_requests *requests, struct front *front,
                                   const tw_policy *policy, size_t count, struct random *random);
void bench_requests_free(struct bench_requests *requests);

/* Decides all of them. decided: counts for each rule, and for `otherwise` at the end, are added up
 * where it is not NULL. Returns a sum that depends on each decision, so that none is left out. */
uint64_t bench_requests_decide(struct bench_requests *requests, uint64_t *decided);
/* The same, where each text is looked up before its request is decided. */
uint64_t bench_requests_decide_texts(struct bench_requests *requests);

#endif
