/* queue/worker.h: works on the jobs of a store: claims, decides, sends, and stores the answer
 * together with its ledger rows.
 *
 * Each of `concurrency` threads has a router; one thread more has the store (keeper.h). Where the
 * provider refuses, fewer jobs run at once (half of them), and with each answer a few more; its
 * rate limits are kept (allowance.h). A job near its deadline steps up (urgency.h). A kill at any
 * moment loses no job and ends none twice; what was sent and not yet answered is sent again when
 * its lease has run out. */
#ifndef TIERWAY_QUEUE_WORKER_H
#define TIERWAY_QUEUE_WORKER_H

#include "queue/courier.h"
#include "queue/keeper.h"
#include "tierway/router.h"

#define WORKER_CONCURRENCY_MAX KEEPER_THREADS_MAX
#define WORKER_LEASE_MIN 1000   /* milliseconds */
#define WORKER_USUAL_TIME 30000 /* milliseconds: what is a good value for `usual_time` */

/* The policy that decides now, where it may change. */
struct worker_policies {
    /* The policy stays until it is let go of; NULL: router.policy decides, always. Another policy
     * has another `version`, over 0. *named_tiers_only as in struct urgency. Any thread. */
    const tw_policy *(*take)(void *context, uint64_t *version, bool *named_tiers_only, void **hold);
    void (*let_go)(void *context, void *hold);
    void *context;
};

struct worker_options {
    struct tw_router_options router; /* with a store that is a file or a server */
    struct worker_policies policies;
    bool named_tiers_only;   /* of router.policy; as in struct urgency */
    int concurrency;         /* 1 to WORKER_CONCURRENCY_MAX */
    int64_t lease;           /* milliseconds, at least WORKER_LEASE_MIN */
    int64_t usual_time;      /* what an answer is taken to need where none was seen, milliseconds */
    bool until_empty;        /* end when no job is queued or running, and no callback is due */
    const atomic_bool *stop; /* once true: claim nothing more, and end what runs */
    const atomic_bool *break_off; /* once true, after `stop`: break off what runs, which goes back
                                     to the queue. NULL: what runs comes to its end */
    struct courier_options callbacks;
    /* What an operator wants to know, one line each; from any thread. NULL allowed. */
    void (*note)(void *context, const char *line);
    void *note_context;
};

/* Returns when it was told to stop or nothing is left. Errors: those of tw_router_new, of the
 * store, TW_NO_MEMORY; then no further job was claimed, and what ran has ended. */
enum tw_status queue_work(const struct worker_options *options, struct worker_counts *counts,
                          struct tw_error *error);

#endif
