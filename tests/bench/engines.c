/* tests/bench/engines.c: puts a table together and measures it. */
#include "engines.h"

#include "fused.h"
#include "lua.h"

#include <stdlib.h>

uint64_t engine_run(const void *context)
{
    const struct engine *engine = context;
    const char *row = engine->rows;
    uint64_t sum = 0;
    for (size_t i = 0; i < engine->count; i++, row += engine->stride)
        sum += engine->decide(engine->data, row) * (uint64_t)(i + 1);
    return sum;
}

static void add_way(struct table *table, const char *name, uint64_t (*run)(const void *),
                    const void *context)
{
    if (table->way_count == MOST_WAYS)
        bench_trouble("too many ways in one table");
    table->ways[table->way_count++] =
        (struct way){.name = name, .run = run, .context = context, .operations = table->count};
}

static void add_engine(struct table *table, const char *name, const struct engine *engine)
{
    table->engines[table->way_count] = *engine;
    add_way(table, name, engine_run, &table->engines[table->way_count]);
}

void table_add(struct table *table, const char *name,
               uint32_t (*decide)(const void *, const void *), const void *data)
{
    struct engine engine = {decide, data, table->rows, SLOTS * sizeof(int32_t), table->count};
    add_engine(table, name, &engine);
}

void table_add_wide(struct table *table, const char *name,
                    uint32_t (*decide)(const void *, const void *), const void *data)
{
    struct engine engine = {decide, data, table->prepared[RUN_BEST].values,
                            table->prepared[RUN_BEST].stride * sizeof(int64_t), table->count};
    add_engine(table, name, &engine);
}

static void add_runner(struct table *table, const char *name, enum runner runner)
{
    prepare(&table->prepared[runner], table->workload, runner, table->rows, table->count);
    add_way(table, name, prepared_run, &table->prepared[runner]);
}

void table_begin(struct table *table, struct bench *bench, const struct workload *workload,
                 size_t count)
{
    *table = (struct table){.bench = bench, .workload = workload, .count = count};
    table->rows = workload_rows(workload, count);
    add_runner(table, "tierway", RUN_BEST);
}

void table_add_runners(struct table *table)
{
    if (runner_differs(table->prepared[RUN_BEST].policy, RUN_SCALAR))
        add_runner(table, "tierway, no vectors", RUN_SCALAR);
    if (runner_differs(table->prepared[RUN_BEST].policy, RUN_ORDERED))
        add_runner(table, "tierway, rules in order", RUN_ORDERED);
}

void table_add_interpreters(struct table *table)
{
    table->fused = fused_new(table->workload);
    table_add(table, "fused bytecode, switch", fused_switch, table->fused);
    table_add(table, "fused bytecode, threaded", fused_threaded, table->fused);
#ifdef BENCH_LUAJIT
    table->lua = lua_program_new(table->workload, table->rows, table->count);
    add_way(table, "LuaJIT, a chain of ifs", lua_program_run, table->lua);
#endif
#ifdef BENCH_PCAP
    table->filter = filter_new(table->workload);
    table->filter_rows = filter_rows(table->rows, table->count);
    struct engine engine = {filter_run, table->filter, table->filter_rows, SLOTS * sizeof(int32_t),
                            table->count};
    add_engine(table, "libpcap's interpreter", &engine);
#endif
}

void table_end(struct table *table)
{
    struct subject subject = {table->workload->name, table->workload->rule_count, table->count,
                              policy_plan(table->prepared[RUN_BEST].policy)};
    bench_table(table->bench, &subject, table->ways, table->way_count, 1);
    if (table->fused)
        fused_free(table->fused);
#ifdef BENCH_LUAJIT
    if (table->lua)
        lua_program_free(table->lua);
#endif
#ifdef BENCH_PCAP
    if (table->filter)
        filter_free(table->filter);
#endif
    free(table->filter_rows);
    for (size_t i = 0; i < sizeof table->prepared / sizeof table->prepared[0]; i++)
        if (table->prepared[i].policy)
            prepared_free(&table->prepared[i]);
    free(table->rows);
}
