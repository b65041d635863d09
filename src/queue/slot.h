/* queue/slot.h: one of a worker's threads, which works on one job after another. For worker.c. */
#ifndef TIERWAY_QUEUE_SLOT_H
#define TIERWAY_QUEUE_SLOT_H

#include "queue/allowance.h"
#include "queue/latency.h"
#include "queue/pace.h"
#include "queue/worker.h"
#include "runtime/health.h"
#include "runtime/price.h"

/* What the threads of a worker share. */
struct worker {
    const struct worker_options *options;
    struct keeper *keeper;
    struct price_table *prices;
    struct health *health[KEEPER_THREADS_MAX]; /* what each thread's attempts met */
    size_t health_count;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct latencies latencies;
    struct allowances allowances;
    struct paces paces;
};

struct slot;

/* Makes it ready, and its thread's part of worker->health. Errors: those of tw_router_new. */
enum tw_status slot_open(struct worker *worker, struct slot **slot, struct tw_error *error);
/* Starts the thread, once all are open. TW_NO_MEMORY. */
enum tw_status slot_start(struct slot *slot, struct tw_error *error);
/* Waits for the thread's end, which comes once no more jobs are wanted. NULL allowed. */
void slot_close(struct slot *slot);

#endif
