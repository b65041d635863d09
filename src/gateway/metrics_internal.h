/* gateway/metrics_internal.h: what the files of the metrics share. Not for others. */
#ifndef TIERWAY_GATEWAY_METRICS_INTERNAL_H
#define TIERWAY_GATEWAY_METRICS_INTERNAL_H

#include "gateway/metrics.h"

#include <pthread.h>

struct labels {
    const char *names[METRICS_RULES]; /* from the third on, owned */
    atomic_size_t count;
    size_t limit;
};

struct metrics {
    struct metrics_block *blocks;
    size_t threads;
    struct labels tiers, rules;
    pthread_mutex_t learning; /* whoever adds labels */
};

/* Upper bounds of a histogram's buckets. */
struct bounds {
    size_t count;
    int64_t nanoseconds[METRICS_BUCKETS];
};

extern const struct bounds metrics_seconds, metrics_decisions;

#endif
