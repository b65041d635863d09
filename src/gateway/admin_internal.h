/* gateway/admin_internal.h: what the files of the admin paths share. Not for others. */
#ifndef TIERWAY_GATEWAY_ADMIN_INTERNAL_H
#define TIERWAY_GATEWAY_ADMIN_INTERNAL_H

#include "gateway/admin.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ADMIN_BODY_MAX = 64 << 20 /* of an answer */ };

struct admin_job;

struct admin {
    struct admin_options options;
    _Atomic(const struct gateway *) gateway;
    atomic_bool draining;
    int64_t started;       /* seconds since 1970 UTC */
    pthread_mutex_t guard; /* jobs, and which of them still has an exchange */
    struct admin_job *jobs;
};

/* An answer being made: a status of HTTP and a body. */
struct admin_answer {
    int status;
    const char *type; /* of the content; constant */
    struct buffer body;
};

/* Answers with an error in the provider's shape. */
void admin_answer_error(struct admin_answer *answer, int status, const char *code,
                        const char *message);

/* admin_show.c: what is at hand at once. */
void admin_show_health(struct admin *admin, struct admin_answer *answer);
void admin_show_readiness(struct admin *admin, struct admin_answer *answer);
void admin_show_metrics(struct admin *admin, struct admin_answer *answer);
void admin_show_policy(struct admin *admin, struct admin_answer *answer);

/* admin_job.c: what is made on the pool's threads; from a request's body. */
typedef void (*admin_work)(struct admin *admin, struct text body, struct admin_answer *answer);
/* Starts the work; its answer goes to the exchange, unless that has ended by then. False: out of
 * memory. */
bool admin_job_start(struct admin *admin, struct exchange *exchange, admin_work work);
void admin_job_ended(struct admin *admin, const struct exchange *exchange);
void admin_send(struct exchange *exchange, struct admin_answer *answer);

/* admin_work.c */
void admin_make_stats(struct admin *admin, struct text body, struct admin_answer *answer);
void admin_make_decision(struct admin *admin, struct text body, struct admin_answer *answer);

#endif
