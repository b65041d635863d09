/* tests/bench/hand.h: the measured policies as a person would write them in C.
 *
 * `data` is what the function was made for (NULL, a table, boxes), `row` a request as in
 * policies.h. The answer is the rule's number. */
#ifndef TIERWAY_TESTS_BENCH_HAND_H
#define TIERWAY_TESTS_BENCH_HAND_H

#include "policies.h"

uint32_t hand_single(const void *data, const void *row);
uint32_t hand_router(const void *data, const void *row);
uint32_t hand_hybrid(const void *data, const void *row);

/* The same if-statements over the values that tierway reads: what is left of the difference is the
 * deciding, not the memory. data: struct wide_slots. */
struct wide_slots {
    uint32_t spent; /* the variable of daily.spent */
};
uint32_t hand_single_wide(const void *data, const void *values);
uint32_t hand_router_wide(const void *data, const void *values);
uint32_t hand_hybrid_wide(const void *data, const void *values);

/* P3: an open hash table from the model to its one rule. */
struct hand_table;
struct hand_table *hand_table_new(const struct workload *workload);
void hand_table_free(struct hand_table *table);
uint32_t hand_table_row(const void *table, const void *row);

/* A P3 request with its strings. */
struct text_request {
    struct text model, team;
    int32_t tokens;
};
/* request: struct text_request */
uint32_t hand_table_text(const void *table, const void *request);

/* Any workload: its conjunctions tried in order. data: struct workload. */
uint32_t hand_in_order(const void *workload, const void *row);

#endif
