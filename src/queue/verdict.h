/* queue/verdict.h: what an attempt at a job means for the job. */
#ifndef TIERWAY_QUEUE_VERDICT_H
#define TIERWAY_QUEUE_VERDICT_H

#include "runtime/router_result.h"
#include "store/jobs.h"

/* The job as it was claimed, and what came of it. */
struct verdict_facts {
    struct text id, custom_id; /* an empty custom_id: the id stands for it */
    int64_t number, claim, refusals;
    int64_t now, deadline; /* milliseconds since 1970 UTC */
    int64_t slack;         /* milliseconds until another attempt has to begin, to be in time */
    struct random *random;
};

/* Says what becomes of the job: done with its answer; put back, after a random wait, where trying
 * again may help and the deadline has not come; failed otherwise. The ending's result is in `line`,
 * one line of a batch's output. */
void verdict_of_result(const struct verdict_facts *facts, const struct result *result,
                       struct buffer *line, struct job_ending *ending);
/* A job that fails without an attempt, or that could not be sent at all. */
void verdict_of_failure(const struct verdict_facts *facts, struct text code, struct text message,
                        struct buffer *line, struct job_ending *ending);

#endif
