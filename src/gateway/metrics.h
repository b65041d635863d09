/* gateway/metrics.h: what the gateway counts, for Prometheus.
 *
 * Each thread that serves has a block of cells of its own, on cache lines of its own: it is the
 * only one to write there, so that counting takes no lock and no atomic read-modify-write. Whoever
 * shows the figures adds the blocks up while they go on counting; a figure is exact, but two
 * figures may be some requests apart.
 *
 * Labels are bounded: tiers and rules are those of policies that were live, up to a limit; any
 * other word counts as "other", and no word at all as "none". */
#ifndef TIERWAY_GATEWAY_METRICS_H
#define TIERWAY_GATEWAY_METRICS_H

#include "store/store.h"

#include <stdatomic.h>

enum {
    METRICS_TIERS = 32, /* labels, the two below included */
    METRICS_RULES = 256,
    METRICS_OTHER = 0, /* the number of the label "other" */
    METRICS_NONE = 1,
    METRICS_BUCKETS = 17 /* bounds of a histogram at most */
};

enum metrics_outcome {
#define METRICS_OUTCOME(name, word) METRICS_##name,
#include "gateway/metrics_outcomes.def"
#undef METRICS_OUTCOME
    METRICS_OUTCOMES
};

const char *metrics_outcome_word(enum metrics_outcome outcome);

enum metrics_tokens {
    METRICS_INPUT,
    METRICS_CACHED,
    METRICS_OUTPUT,
    METRICS_REASONING,
    METRICS_TOKEN_KINDS
};

/* How many values each label has. */
enum {
    METRICS_SIZE_NONE = 1,
    METRICS_SIZE_TIER = METRICS_TIERS,
    METRICS_SIZE_RULE = METRICS_RULES,
    METRICS_SIZE_OUTCOME = METRICS_OUTCOMES,
    METRICS_SIZE_ATTEMPT = LEDGER_OUTCOME_COUNT,
    METRICS_SIZE_TOKENS = METRICS_TOKEN_KINDS,
    METRICS_SIZE_BUCKET = METRICS_BUCKETS + 2 /* over the last bound, and the sum */
};

typedef atomic_int_least64_t metrics_cell;

/* A thread's cells, in the order of metrics.def. Written by that thread only. */
struct metrics_block {
#define METRIC(kind, member, first, second, unit, name, help)                                      \
    _Alignas(64) metrics_cell member[METRICS_SIZE_##first][METRICS_SIZE_##second];
#include "gateway/metrics.def"
#undef METRIC
};

static inline void metrics_add(metrics_cell *cell, int64_t amount)
{
    int64_t old = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, old + amount, memory_order_relaxed);
}

struct metrics;

/* threads: blocks, from 1 on. NULL when memory is out. */
struct metrics *metrics_open(size_t threads);
void metrics_close(struct metrics *metrics); /* NULL allowed */
struct metrics_block *metrics_block(struct metrics *metrics, size_t thread);

/* The labels of a policy: makes its tiers and rules known, and gives the label's number of each
 * rule, with the one of `otherwise` behind them; from malloc, NULL when memory is out. Any thread;
 * not on the way of a request. */
uint16_t *metrics_label_policy(struct metrics *metrics, const tw_policy *policy);
/* The number of a tier's label; METRICS_NONE for an empty text. Any thread, without a lock. */
uint16_t metrics_tier(const struct metrics *metrics, struct text tier);

/* A duration goes to the histogram's row of cells: block->duration[tier], block->decision[0]. */
void metrics_observe_seconds(metrics_cell *row, int64_t nanoseconds); /* duration, first_byte */
void metrics_observe_decision(metrics_cell *row, int64_t nanoseconds);

/* One request, at its end. Numbers that are not known are -1. */
struct metrics_request {
    uint16_t requested, chosen, served; /* labels of tiers */
    uint16_t rule;                      /* of the snapshot's rule_labels; METRICS_NONE: none */
    enum metrics_outcome outcome;
    int64_t tokens[METRICS_TOKEN_KINDS];
    int64_t cost, default_cost;             /* picodollars */
    int64_t duration, first_byte, decision; /* nanoseconds */
    int64_t received, sent;                 /* bytes */
};
void metrics_count_request(struct metrics_block *block, const struct metrics_request *request);

/* Appends all figures in Prometheus' text format 0.0.4. Any thread. */
void metrics_print(const struct metrics *metrics, struct buffer *out);

/* For figures that are kept elsewhere: one family's head, and one line. labels: `part="policy"`
 * with its values escaped (metrics_print_label), or "". value: decimal digits. */
void metrics_print_head(struct buffer *out, const char *name, const char *type, const char *help);
void metrics_print_value(struct buffer *out, const char *name, const char *labels, int64_t value);
/* Appends name="value" with what has to be escaped in the value. */
void metrics_print_label(struct buffer *out, const char *name, struct text value);

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
