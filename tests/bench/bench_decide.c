/* tests/bench/bench_decide.c: nanoseconds a decision, beside hand-written C and other engines.
 *
 *     bench_decide [--quick] [--rounds N] [--threads N] [--output FILE]
 *
 * With --threads: decisions a second with one shared policy over 1 to N threads instead. */
#include "engines.h"
#include "hand.h"
#include "texts.h"
#include "threads.h"

enum { FEW_REQUESTS = 4096, MANY_REQUESTS = 262144, QUICK_REQUESTS = 64, PATTERNS = 50 };

/* One rule and the seed's two policies: hand-written ifs over packed rows and over tierway's own.
 */
static const struct small_policy {
    void (*make)(struct workload *workload);
    uint32_t (*hand)(const void *data, const void *row);
    uint32_t (*wide)(const void *data, const void *values);
    const char *budget; /* the attribute of wide_slots; NULL: none */
} small_policies[] = {
    {workload_single, hand_single, hand_single_wide, NULL},
    {workload_router, hand_router, hand_router_wide, NULL},
    {workload_hybrid, hand_hybrid, hand_hybrid_wide, "daily.spent"},
};

static void bench_small(struct bench *bench, const struct small_policy *policy, size_t count)
{
    struct workload workload;
    struct table table;
    struct wide_slots slots = {0};
    policy->make(&workload);
    table_begin(&table, bench, &workload, count);
    if (policy->budget)
        slots.spent = variable_of(table.prepared[RUN_BEST].policy, policy->budget);
    table_add(&table, "hand-written C", policy->hand, NULL);
    table_add_wide(&table, "hand-written C on tierway's rows", policy->wide, &slots);
    table_add_runners(&table);
    table_add_interpreters(&table);
    table_end(&table);
    workload_free(&workload);
}

static void bench_models(struct bench *bench, uint32_t rules, size_t count, bool others)
{
    struct workload workload;
    struct table table;
    workload_models(&workload, rules);
    struct hand_table *hand = hand_table_new(&workload);
    table_begin(&table, bench, &workload, count);
    table_add(&table, "hand-written C, hash table", hand_table_row, hand);
    if (others) {
        table_add_runners(&table);
        table_add_interpreters(&table);
    }
    table_end(&table);
    hand_table_free(hand);
    workload_free(&workload);
}

static void bench_boxes(struct bench *bench, void (*make)(struct workload *, uint32_t),
                        uint32_t rules, size_t count)
{
    struct workload workload;
    struct table table;
    make(&workload, rules);
    table_begin(&table, bench, &workload, count);
    table_add(&table, "hand-written C, rules in order", hand_in_order, &workload);
    table_add_runners(&table);
    table_add_interpreters(&table);
    table_end(&table);
    workload_free(&workload);
}

static void bench_single_thread(struct bench *bench)
{
    static const uint32_t sizes[] = {10, 64, 200, 1000, 2048, 10000};
    size_t few = bench->quick ? QUICK_REQUESTS : FEW_REQUESTS;
    size_t many = bench->quick ? 2 * QUICK_REQUESTS : MANY_REQUESTS;
    uint32_t large = bench->quick ? 128 : 2048;
    for (size_t i = 0; i < sizeof small_policies / sizeof small_policies[0]; i++) {
        bench_small(bench, &small_policies[i], few);
        bench_small(bench, &small_policies[i], many);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!bench->quick || sizes[i] <= 64) {
            bench_models(bench, sizes[i], few, true);
            bench_texts(bench, sizes[i], few);
        }
    bench_models(bench, large, many, false);
    bench_texts(bench, large, many);
    bench_boxes(bench, workload_boxes, 64, few);
    bench_boxes(bench, workload_boxes, large, few);
    bench_boxes(bench, workload_overlapping, 64, few);
    bench_patterns(bench, PATTERNS, few);
}

int main(int argc, char **argv)
{
    struct bench bench;
    bench_options(&bench, argc, argv);
    if (bench.threads)
        bench_threads(&bench);
    else
        bench_single_thread(&bench);
    bench_end(&bench);
    return 0;
}
