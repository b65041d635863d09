/* queue/worker.h: works on the jobs of a store: claims, decides, sends, and stores the answer
 * together with its ledger rows.
 *
 * Each of `concurrency` threads has a router, with a connection to the store of its own; the
 * calling thread lengthens the leases of what runs. Where the provider refuses, fewer jobs run at
 * once (half of them), and with each answer a few more. A kill at any moment loses no job and ends
 * none twice; what was sent and not yet answered is sent again when its lease has run out. */
#ifndef TIERWAY_QUEUE_WORKER_H
#define TIERWAY_QUEUE_WORKER_H

#include "base/status.h"
#include "tierway/router.h"

#include <stdatomic.h>

#define WORKER_CONCURRENCY_MAX 256
#define WORKER_LEASE_MIN 1000 /* milliseconds */

struct worker_options {
    struct tw_router_options router; /* with a store that is a file */
    int concurrency;                 /* 1 to WORKER_CONCURRENCY_MAX */
    int64_t lease;                   /* milliseconds, at least WORKER_LEASE_MIN */
    bool until_empty;                /* end when no job is queued or running */
    const atomic_bool *stop;         /* once true: claim nothing more, and end what runs */
};

struct worker_counts {
    int64_t done, failed, put_back; /* by this call */
    int64_t lost; /* ended by this call, but cancelled before or claimed by somebody else */
};

/* Returns when it was told to stop or nothing is left. Errors: those of tw_router_new, of the
 * store, TW_NO_MEMORY; then no further job was claimed, and what ran has ended. */
enum tw_status queue_work(const struct worker_options *options, struct worker_counts *counts,
                          struct tw_error *error);

#endif
