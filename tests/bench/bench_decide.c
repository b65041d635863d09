/* tests/bench/bench_decide.c: nanoseconds a decision, beside hand-written C and other engines.
 *
 *     bench_decide [--quick] [--rounds N] [--threads N]
 *
 * With --threads: decisions a second with one shared policy over 1 to N threads instead. */
#include "fused.h"
#include "hand.h"
#include "lua.h"
#include "prepared.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_WAYS = 8, FEW_REQUESTS = 4096, MANY_REQUESTS = 262144, QUICK_REQUESTS = 64 };

/* An engine that decides one row a call. */
struct engine {
    uint32_t (*decide)(const void *data, const void *row);
    const void *data;
    const void *rows;
    size_t stride, count; /* bytes from row to row; rows */
};

static uint64_t engine_run(const void *context)
{
    const struct engine *engine = context;
    const char *row = engine->rows;
    uint64_t sum = 0;
    for (size_t i = 0; i < engine->count; i++, row += engine->stride)
        sum += engine->decide(engine->data, row) * (uint64_t)(i + 1);
    return sum;
}

/* One table being put together, and what its engines work on. */
struct table {
    struct bench *bench;
    const struct workload *workload;
    int32_t *rows;
    size_t count;
    struct prepared prepared;
    struct way ways[MOST_WAYS];
    struct engine engines[MOST_WAYS];
    size_t way_count;
    struct fused_program *fused;
    struct filter_program *filter;
    int32_t *filter_rows;
    struct lua_program *lua;
};

static void add_way(struct table *table, const char *name, uint64_t (*run)(const void *),
                    const void *context)
{
    table->ways[table->way_count++] =
        (struct way){.name = name, .run = run, .context = context, .operations = table->count};
}

static void add_engine(struct table *table, const char *name,
                       uint32_t (*decide)(const void *, const void *), const void *data,
                       const void *rows, size_t stride)
{
    struct engine *engine = &table->engines[table->way_count];
    *engine = (struct engine){decide, data, rows, stride, table->count};
    add_way(table, name, engine_run, engine);
}

static void add_plain(struct table *table, const char *name,
                      uint32_t (*decide)(const void *, const void *), const void *data)
{
    add_engine(table, name, decide, data, table->rows, SLOTS * sizeof(int32_t));
}

/* Every table begins with tierway and the hand-written C that the ratios are to. */
static void table_begin(struct table *table, struct bench *bench, const struct workload *workload,
                        size_t count)
{
    *table = (struct table){.bench = bench, .workload = workload, .count = count};
    table->rows = workload_rows(workload, count);
    prepare(&table->prepared, workload, policy_compile(workload), table->rows, count);
    add_way(table, "tierway", prepared_run, &table->prepared);
}

static void add_interpreters(struct table *table)
{
    table->fused = fused_new(table->workload);
    add_plain(table, "fused bytecode, switch", fused_switch, table->fused);
    add_plain(table, "fused bytecode, threaded", fused_threaded, table->fused);
#ifdef BENCH_LUAJIT
    if (table->workload->conjunction_count <= LUA_MOST_CONJUNCTIONS) {
        table->lua = lua_program_new(table->workload, table->rows, table->count);
        add_way(table, "LuaJIT, a chain of ifs", lua_program_run, table->lua);
    }
#endif
#ifdef BENCH_PCAP
    table->filter = filter_new(table->workload);
    table->filter_rows = filter_rows(table->rows, table->count);
    add_engine(table, "libpcap's interpreter", filter_run, table->filter, table->filter_rows,
               SLOTS * sizeof(int32_t));
#endif
}

static void table_end(struct table *table)
{
    char title[120];
    snprintf(title, sizeof title, "%s, %u rule%s, %zu requests", table->workload->name,
             table->workload->rule_count, table->workload->rule_count == 1 ? "" : "s",
             table->count);
    bench_table(table->bench, title, "ns", table->ways, table->way_count, 1);
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
    prepared_free(&table->prepared);
    free(table->rows);
}

/* The seed's two policies: hand-written ifs over packed rows and over tierway's own. */
static void bench_small(struct bench *bench, bool hybrid, size_t count)
{
    struct workload workload;
    struct table table;
    (hybrid ? workload_hybrid : workload_router)(&workload);
    table_begin(&table, bench, &workload, count);
    struct wide_slots slots = {hybrid ? variable_of(table.prepared.policy, "daily.spent") : 0};
    add_plain(&table, "hand-written C", hybrid ? hand_hybrid : hand_router, NULL);
    add_engine(&table, "hand-written C on tierway's rows",
               hybrid ? hand_hybrid_wide : hand_router_wide, &slots, table.prepared.values,
               table.prepared.width * sizeof(int64_t));
    add_interpreters(&table);
    table_end(&table);
    workload_free(&workload);
}

static void bench_models(struct bench *bench, uint32_t rules, size_t count)
{
    struct workload workload;
    struct table table;
    workload_models(&workload, rules);
    struct hand_table *hand = hand_table_new(&workload);
    table_begin(&table, bench, &workload, count);
    add_plain(&table, "hand-written C, hash table", hand_table_row, hand);
    add_interpreters(&table);
    table_end(&table);
    hand_table_free(hand);
    workload_free(&workload);
}

static void bench_boxes(struct bench *bench, uint32_t rules, size_t count)
{
    struct workload workload;
    struct table table;
    workload_boxes(&workload, rules);
    table_begin(&table, bench, &workload, count);
    add_plain(&table, "hand-written C, rules in order", hand_in_order, &workload);
    add_interpreters(&table);
    table_end(&table);
    workload_free(&workload);
}

/* P3 from strings: what is set for every request, and one handle that is used again and again. */
struct text_requests {
    const tw_policy *policy;
    tw_request *request;
    size_t model, team, tokens; /* attributes */
    const struct text_request *items;
    size_t count;
};

static uint64_t text_requests_run(const void *context)
{
    const struct text_requests *requests = context;
    uint64_t sum = 0;
    for (size_t i = 0; i < requests->count; i++) {
        const struct text_request *item = &requests->items[i];
        tw_request_set_text(requests->request, requests->model, item->model.data,
                            item->model.length);
        tw_request_set_text(requests->request, requests->team, item->team.data, item->team.length);
        tw_request_set_number(requests->request, requests->tokens, item->tokens);
        sum += tw_decide(requests->policy, requests->request) * (uint64_t)(i + 1);
    }
    return sum;
}

static struct text_request *text_items(const int32_t *rows, size_t count, struct buffer *texts)
{
    struct text_request *items = bench_memory(count, sizeof *items);
    buffer_init(texts, 64 << 20);
    buffer_reserve(texts, count * 24); /* so that the texts stay where they are */
    for (size_t i = 0; i < count; i++) {
        const int32_t *row = rows + i * SLOTS;
        size_t start = texts->length;
        buffer_format(texts, "m%d", row[MODEL_MODEL]);
        size_t middle = texts->length;
        buffer_format(texts, "team%d", row[MODEL_TEAM]);
        items[i] = (struct text_request){{texts->data + start, middle - start},
                                         {texts->data + middle, texts->length - middle},
                                         row[MODEL_TOKENS]};
    }
    if (texts->status || texts->length > count * 24)
        bench_trouble("the requests' texts do not fit");
    return items;
}

static void bench_texts(struct bench *bench, uint32_t rules, size_t count)
{
    struct workload workload;
    struct buffer texts;
    workload_models(&workload, rules);
    int32_t *rows = workload_rows(&workload, count);
    struct text_request *items = text_items(rows, count, &texts);
    struct hand_table *hand = hand_table_new(&workload);
    tw_policy *policy = policy_compile(&workload);
    struct text_requests requests = {.policy = policy, .items = items, .count = count};
    requests.model = (size_t)tw_policy_find_attribute(policy, "model");
    requests.team = (size_t)tw_policy_find_attribute(policy, "team");
    requests.tokens = (size_t)tw_policy_find_attribute(policy, "tokens");
    if (tw_request_new(policy, &requests.request))
        bench_trouble("out of memory");
    struct engine engine = {hand_table_text, hand, items, sizeof *items, count};
    struct way ways[] = {{"tierway", text_requests_run, &requests, count, 0},
                         {"hand-written C, hash table", engine_run, &engine, count, 0}};
    char title[80];
    snprintf(title, sizeof title, "P3 from strings, %u rules, %zu requests", rules, count);
    bench_table(bench, title, "ns", ways, 2, 1);
    tw_request_free(requests.request);
    tw_policy_free(policy);
    hand_table_free(hand);
    free(items);
    free(rows);
    buffer_free(&texts);
    workload_free(&workload);
}

static void bench_single_thread(struct bench *bench)
{
    static const uint32_t sizes[] = {8, 64, 512, 2048, 10000};
    size_t few = bench->quick ? QUICK_REQUESTS : FEW_REQUESTS;
    size_t many = bench->quick ? 2 * QUICK_REQUESTS : MANY_REQUESTS;
    for (int hybrid = 0; hybrid < 2; hybrid++) {
        bench_small(bench, hybrid, few);
        bench_small(bench, hybrid, many);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!bench->quick || sizes[i] <= 64) {
            bench_models(bench, sizes[i], few);
            bench_texts(bench, sizes[i], few);
        }
    bench_boxes(bench, 64, few);
    bench_boxes(bench, bench->quick ? 128 : 2048, few);
}

int main(int argc, char **argv)
{
    struct bench bench;
    bench_options(&bench, argc, argv);
    if (bench.threads)
        bench_threads(&bench);
    else
        bench_single_thread(&bench);
    return 0;
}
