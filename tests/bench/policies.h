/* tests/bench/policies.h: the policies that are measured, each in two forms, and requests for them.
 *
 * One form is the text that tierway compiles. The other is plain: conjunctions of tests
 * `low <= row[slot] <= high` in order, from which the other engines are built. A request is a row
 * of SLOTS numbers; the bindings say which attribute each slot stands for. */
#ifndef TIERWAY_TESTS_BENCH_POLICIES_H
#define TIERWAY_TESTS_BENCH_POLICIES_H

#include "bench.h"

enum { SLOTS = 8, SLOT_UNSET = -1, SLOT_MOST = INT32_MAX };

/* The slots of the policies. */
enum { ROUTER_FORCE, ROUTER_PRIORITY, ROUTER_TOKENS, ROUTER_TIME, ROUTER_WEEKDAY };
enum {
    HYBRID_FORCE,
    HYBRID_BATCH,
    HYBRID_TYPE,
    HYBRID_TOKENS,
    HYBRID_CENTS, /* spent of the daily budget */
    HYBRID_TIME,
    HYBRID_WEEKDAY
};
enum { SINGLE_PRIORITY, SINGLE_TOKENS };
enum { MODEL_MODEL, MODEL_TEAM, MODEL_TOKENS };

struct plain_test {
    int32_t slot, low, high;
};

/* Its tests all hold: the rule decides. A rule with `or` has several. */
struct conjunction {
    uint32_t rule, first, count;
};

struct binding {
    const char *attribute;
    int32_t slot;
    int64_t scale;      /* the attribute's value is the slot's times this */
    const char *prefix; /* of a string attribute: the text is this and the number; else NULL */
};

struct workload {
    const char *name;
    struct buffer text; /* the policy */
    struct plain_test *tests;
    struct conjunction *conjunctions;
    uint32_t test_count, conjunction_count;
    uint32_t rule_count; /* the answer where no rule matches */
    const struct binding *bindings;
    size_t binding_count;
    void (*fill)(const struct workload *workload, struct random *random, int32_t *row);
};

void workload_router(struct workload *workload); /* P1, the dynamic router */
void workload_hybrid(struct workload *workload); /* P2, the hybrid strategy */
/* P3: rule i, from 1, is `when model == "m<i>" and tokens > t and team == "team<j>" -> flex else
 * auto`. */
void workload_models(struct workload *workload, uint32_t rules);
/* The same, where every `step`-th rule wants 50 tokens more. */
void workload_models_changed(struct workload *workload, uint32_t rules, uint32_t step);
/* One rule: `when priority == low or tokens > 5k`. */
void workload_single(struct workload *workload);
/* Each rule wants three of eight numbers in ranges of a tenth of the domain on average. */
void workload_boxes(struct workload *workload, uint32_t rules);
/* The same with ranges of half the domain on average: every request matches several rules. */
void workload_overlapping(struct workload *workload, uint32_t rules);
void workload_free(struct workload *workload);

/* `count` random rows, SLOTS numbers each; free() them. The same for the same workload and count.
 */
int32_t *workload_rows(const struct workload *workload, size_t count);

#endif
