/* tests/bench/threads.c: every thread decides the same prepared requests for a fixed time.
 *
 * Decisions a second say little where the machine has other things to do. What a decision takes of
 * a processor's time does not depend on that, and grows where threads get into each other's way. */
#include "threads.h"

#include "counted.h"
#include "prepared.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { REQUESTS = 4096, MILLISECONDS = 100, MOST_LANES = 9 };

struct race {
    const struct prepared *prepared;
    int64_t lasting; /* nanoseconds */
    pthread_barrier_t start;
    atomic_uint_fast64_t decisions;
    atomic_int_fast64_t longest;   /* nanoseconds of the thread that took longest */
    atomic_int_fast64_t processor; /* nanoseconds of processor time of all threads */
};

static void *decide_for_a_while(void *argument)
{
    struct race *race = argument;
    uint64_t passes = 0;
    pthread_barrier_wait(&race->start);
    int64_t start = clock_monotonic(), processor = processor_time(), spent;
    do {
        keep(prepared_run(race->prepared));
        passes++;
        spent = clock_monotonic() - start;
    } while (spent < race->lasting);
    atomic_fetch_add(&race->processor, processor_time() - processor);
    atomic_fetch_add(&race->decisions, passes * race->prepared->count);
    int_fast64_t longest = atomic_load(&race->longest);
    while (longest < spent && !atomic_compare_exchange_weak(&race->longest, &longest, spent))
        continue;
    return NULL;
}

/* What was measured with one number of threads, a value for each round. */
struct lane {
    int threads;
    double rates[BENCH_MOST_ROUNDS]; /* decisions a second of all threads together */
    double costs[BENCH_MOST_ROUNDS]; /* nanoseconds of a processor for one */
    double ratios[BENCH_MOST_ROUNDS];
};

static void run_race(const struct prepared *prepared, int64_t lasting, int round, struct lane *lane)
{
    struct race race = {.prepared = prepared, .lasting = lasting};
    pthread_t *handles = bench_memory((size_t)lane->threads, sizeof *handles);
    pthread_barrier_init(&race.start, NULL, (unsigned)lane->threads);
    for (int i = 0; i < lane->threads; i++)
        if (pthread_create(&handles[i], NULL, decide_for_a_while, &race))
            bench_trouble("cannot start %d threads", lane->threads);
    for (int i = 0; i < lane->threads; i++)
        pthread_join(handles[i], NULL);
    pthread_barrier_destroy(&race.start);
    free(handles);
    lane->rates[round] = (double)race.decisions * 1e9 / (double)race.longest;
    lane->costs[round] = (double)race.processor / (double)race.decisions;
}

static void print_lanes(const struct bench *bench, const char *name, struct lane *lanes,
                        size_t count)
{
    size_t rounds = (size_t)bench->rounds;
    printf("%s, one shared policy\n%8s %20s %20s %10s\n", name, "threads", "million decisions/s",
           "processor ns each", "ratio");
    for (size_t i = 0; i < count; i++) {
        char way[32];
        double rate = median(lanes[i].rates, rounds) / 1e6, cost = median(lanes[i].costs, rounds);
        double ratio = median(lanes[i].ratios, rounds);
        printf("%8d %20.1f %20.2f %10.2f\n", lanes[i].threads, rate, cost, ratio);
        snprintf(way, sizeof way, "%d thread%s", lanes[i].threads, i ? "s" : "");
        struct subject subject = {"threads", 4, REQUESTS, NULL};
        bench_record(bench, &subject, way, "ns", cost, ratio);
        subject.name = "million decisions a second";
        bench_record(bench, &subject, way, "million/s", rate, 0);
    }
}

static void count_calls(const struct bench *bench, const struct prepared *prepared)
{
    size_t decisions = 0;
    struct counts before = counts_now();
    while (decisions < (bench->quick ? REQUESTS : 1000000)) {
        keep(prepared_run(prepared));
        decisions += REQUESTS;
    }
    struct counts after = counts_now();
    size_t allocations = after.allocations - before.allocations, locks = after.locks - before.locks;
    printf("in %zu decisions: %zu allocations, %zu locks\n", decisions, allocations, locks);
    struct subject subject = {"calls", 4, decisions, NULL};
    bench_record(bench, &subject, "allocations", "calls", (double)allocations, 0);
    bench_record(bench, &subject, "locks", "calls", (double)locks, 0);
}

void bench_threads(struct bench *bench)
{
    struct workload workload;
    struct prepared prepared;
    struct lane *lanes = bench_memory(MOST_LANES, sizeof *lanes);
    size_t count = 0;
    workload_router(&workload);
    int32_t *rows = workload_rows(&workload, REQUESTS);
    prepare(&prepared, &workload, RUN_BEST, rows, REQUESTS);
    int64_t lasting = bench->quick ? 1000000 : (int64_t)MILLISECONDS * 1000000;
    for (int threads = 1; threads <= bench->threads; threads *= 2)
        lanes[count++].threads = threads;
    for (int round = 0; round < bench->rounds; round++)
        for (size_t i = 0; i < count; i++) {
            run_race(&prepared, lasting, round, &lanes[i]);
            lanes[i].ratios[round] = lanes[i].costs[round] / lanes[0].costs[round];
        }
    print_lanes(bench, workload.name, lanes, count);
    count_calls(bench, &prepared);
    free(lanes);
    prepared_free(&prepared);
    workload_free(&workload);
    free(rows);
}
