/* gateway/worker.h: one loop of the gateway and what belongs to it. Not for other folders.
 *
 * All of it is used on the loop's thread only, but for `wake`, `incoming` and `stop`, which
 * gateway.c sets, and the counters, which it reads. */
#ifndef TIERWAY_GATEWAY_WORKER_H
#define TIERWAY_GATEWAY_WORKER_H

#include "gateway/gateway.h"
#include "gateway/ledger_writer.h"
#include "gateway/upstream.h"
#include "runtime/attributes.h"
#include "runtime/retry.h"

#include <pthread.h>

/* A snapshot as one loop uses it: with a request to decide, and counted without atomics. */
struct worker_policy {
    struct snapshot *snapshot;
    tw_request *request;
    size_t users; /* relays, and the worker while it is the current one */
};

struct relay;

struct worker {
    struct gateway *gateway;
    const struct gateway_options *options;
    const struct forward *forward;
    pthread_t thread;
    bool started; /* the thread */
    uv_loop_t loop;
    uv_async_t wake;
    _Atomic(struct snapshot *) incoming; /* to be used from now on; NULL: nothing new */
    atomic_bool stop;
    struct server *server;
    struct upstream *upstream;
    struct ledger_desk *desk; /* NULL: no ledger is kept */
    struct worker_policy *policy;
    struct random random;
    struct relay *idle; /* relays to be used again */
    size_t idle_count;
    size_t open_relays;           /* in use, or idle: each has a handle on the loop */
    struct attribute_pair *pairs; /* scratch: the headers of one request */
    size_t pair_capacity;
    bool stopping;
    struct gateway_counters counters;
    struct metrics_block *metrics; /* NULL: nothing is measured */
    struct key_hasher *hasher;
    struct health health; /* what this loop's attempts met */
};

/* Makes a worker listen on options->listen. Takes the snapshot over whatever the result. */
enum tw_status worker_open(struct worker *worker, const struct server_options *listen,
                           const struct curl_library *curl, struct ledger_writer *writer,
                           struct snapshot *snapshot, struct tw_error *error);
/* Runs the loop until `stop` is set and everything has ended, then closes it. */
void worker_run(struct worker *worker);
/* A worker that was opened and never ran. */
void worker_abandon(struct worker *worker);

struct worker_policy *worker_policy_hold(struct worker *worker);
void worker_policy_release(struct worker_policy *policy);

/* Other threads read the counters while this one counts. */
#define WORKER_COUNT(worker, name)                                                                 \
    __atomic_store_n(&(worker)->counters.name, (worker)->counters.name + 1, __ATOMIC_RELAXED)

#endif
