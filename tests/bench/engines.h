/* tests/bench/engines.h: one table of engines that decide the same requests.
 *
 * Rows of every table: tierway, then the hand-written C that the ratios are to, then the others. */
#ifndef TIERWAY_TESTS_BENCH_ENGINES_H
#define TIERWAY_TESTS_BENCH_ENGINES_H

#include "prepared.h"

enum { MOST_WAYS = 10 };

/* An engine that decides one row a call: the rule's number. */
struct engine {
    uint32_t (*decide)(const void *data, const void *row);
    const void *data;
    const void *rows;
    size_t stride, count; /* bytes from row to row; rows */
};

/* The weighted sum of the engine's answers. context: struct engine. */
uint64_t engine_run(const void *context);

/* One table being put together, and what its engines work on. */
struct table {
    struct bench *bench;
    const struct workload *workload;
    int32_t *rows;
    size_t count;
    struct prepared prepared[3]; /* for each runner; a policy that is NULL: not measured */
    struct way ways[MOST_WAYS];
    struct engine engines[MOST_WAYS];
    size_t way_count;
    struct fused_program *fused;
    struct filter_program *filter;
    int32_t *filter_rows;
    struct lua_program *lua;
};

/* Makes `count` requests and begins with tierway. */
void table_begin(struct table *table, struct bench *bench, const struct workload *workload,
                 size_t count);
/* An engine over the packed rows. */
void table_add(struct table *table, const char *name,
               uint32_t (*decide)(const void *, const void *), const void *data);
/* An engine over the values that tierway reads. */
void table_add_wide(struct table *table, const char *name,
                    uint32_t (*decide)(const void *, const void *), const void *data);
/* Tierway without vectors, and with rules in order, where that is something else. */
void table_add_runners(struct table *table);
/* The plain bytecode, and LuaJIT and libpcap where they are there. */
void table_add_interpreters(struct table *table);
/* Measures, prints and frees. */
void table_end(struct table *table);

#endif
