/* tests/bench/threads.c: every thread decides the same prepared requests for a fixed time.
 *
 * Decisions a second say little where the machine has other things to do. What a decision takes of
 * a processor's time does not depend on that, and grows where threads get into each other's way. */
#include "threads.h"

#include "prepared.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { REQUESTS = 4096, MILLISECONDS = 300 };

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

/* rate: decisions a second of all threads together; cost: nanoseconds of a processor for one. */
static void run_race(const struct prepared *prepared, int64_t lasting, int threads, double *rate,
                     double *cost)
{
    struct race race = {.prepared = prepared, .lasting = lasting};
    pthread_t *handles = bench_memory((size_t)threads, sizeof *handles);
    pthread_barrier_init(&race.start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&handles[i], NULL, decide_for_a_while, &race))
            bench_trouble("cannot start %d threads", threads);
    for (int i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
    pthread_barrier_destroy(&race.start);
    free(handles);
    *rate = (double)race.decisions * 1e9 / (double)race.longest;
    *cost = (double)race.processor / (double)race.decisions;
}

void bench_threads(struct bench *bench)
{
    struct workload workload;
    struct prepared prepared;
    double rates[BENCH_MOST_ROUNDS], costs[BENCH_MOST_ROUNDS], single = 0;
    workload_router(&workload);
    int32_t *rows = workload_rows(&workload, REQUESTS);
    prepare(&prepared, &workload, policy_compile(&workload), rows, REQUESTS);
    int64_t lasting = bench->quick ? 1000000 : (int64_t)MILLISECONDS * 1000000;
    printf("%s, one shared policy\n%8s %20s %20s %10s\n", workload.name, "threads",
           "million decisions/s", "processor ns each", "ratio");
    for (int threads = 1; threads <= bench->threads; threads *= 2) {
        for (int round = 0; round < bench->rounds; round++)
            run_race(&prepared, lasting, threads, &rates[round], &costs[round]);
        double cost = median(costs, (size_t)bench->rounds);
        single = threads == 1 ? cost : single;
        printf("%8d %20.1f %20.2f %10.2f\n", threads, median(rates, (size_t)bench->rounds) / 1e6,
               cost, cost / single);
    }
    prepared_free(&prepared);
    workload_free(&workload);
    free(rows);
}
