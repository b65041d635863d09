/* queue/worker.c: see worker.h: starts what a worker is made of, and ends it. */
#include "queue/slot.h"

#include "base/clock.h"

#include <stdlib.h>

enum { LEARN_FROM = 3600000, LEARN_ROWS = 20000 }; /* milliseconds; rows of the ledger */

/* --- what the ledger saw of late --- */

struct learning {
    struct latencies *latencies;
    size_t rows;
};

static enum tw_status learn_row(void *context, const struct ledger_row *row)
{
    struct learning *learning = context;
    if (row->outcome == LEDGER_ANSWERED)
        latency_answered(learning->latencies, row->attempted_tier, row->model, row->latency,
                         row->output_tokens);
    return ++learning->rows < LEARN_ROWS ? TW_OK : TW_LIMIT;
}

/* Only a help: what cannot be learned here is learned from the first answers. */
static void learn(struct worker *worker)
{
    const struct store_options options = {.read_only = true, .busy_wait = 1000};
    struct learning learning = {.latencies = &worker->latencies};
    int64_t now = clock_system() / 1000000;
    struct store *store;
    if (store_open(worker->options->router.store, &options, &store, NULL) != TW_OK)
        return;
    ledger_each(store, (struct ledger_range){now - LEARN_FROM, INT64_MAX}, learn_row, &learning,
                NULL);
    store_close(store);
}

/* --- the threads --- */

struct crew {
    struct slot *slots[WORKER_CONCURRENCY_MAX];
    struct courier *couriers[COURIER_THREADS];
};

static enum tw_status hire(struct worker *worker, struct crew *crew, struct tw_error *error)
{
    const struct worker_options *options = worker->options;
    enum tw_status status = TW_OK;
    for (int i = 0; i < options->concurrency && status == TW_OK; i++)
        status = slot_open(worker, &crew->slots[i], error);
    for (int i = 0; i < options->concurrency && status == TW_OK; i++)
        status = slot_start(crew->slots[i], error);
    for (int i = 0;
         i < COURIER_THREADS && status == TW_OK && courier_is_wanted(&options->callbacks); i++)
        status = courier_open(&options->callbacks, worker->keeper, &crew->couriers[i], error);
    return status;
}

/* Returns once no more jobs are wanted and all that were begun have ended. */
static void run_crew(struct worker *worker)
{
    struct crew *crew = calloc(1, sizeof *crew);
    struct tw_error error;
    enum tw_status status =
        crew ? hire(worker, crew, &error) : fail(&error, TW_NO_MEMORY, "out of memory");
    if (status != TW_OK)
        keeper_fail(worker->keeper, status, &error);
    for (int i = 0; crew && i < WORKER_CONCURRENCY_MAX; i++)
        slot_close(crew->slots[i]);
    for (int i = 0; crew && i < COURIER_THREADS; i++)
        courier_close(crew->couriers[i]);
    free(crew);
}

static enum tw_status open_keeper(struct worker *worker, struct tw_error *error)
{
    const struct worker_options *options = worker->options;
    const struct keeper_options keeper = {.store = options->router.store,
                                          .lease = options->lease,
                                          .concurrency = options->concurrency,
                                          .until_empty = options->until_empty,
                                          .with_callbacks = courier_is_wanted(&options->callbacks),
                                          .stop = options->stop,
                                          .note = options->note,
                                          .note_context = options->note_context};
    return keeper_open(&keeper, &worker->keeper, error);
}

enum tw_status queue_work(const struct worker_options *options, struct worker_counts *counts,
                          struct tw_error *error)
{
    struct worker *worker = calloc(1, sizeof *worker);
    const char *prices = options->router.prices ? options->router.prices : "openai";
    *counts = (struct worker_counts){0};
    if (!worker)
        return fail(error, TW_NO_MEMORY, "out of memory");
    worker->options = options;
    worker->paces.concurrency = options->concurrency;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, NULL);
    enum tw_status status = price_table_open(prices, &worker->prices, error);
    if (status == TW_OK)
        status = open_keeper(worker, error);
    if (status == TW_OK) {
        learn(worker);
        run_crew(worker);
        status = keeper_close(worker->keeper, counts, error);
    }
    price_table_free(worker->prices);
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->changed);
    free(worker);
    return status;
}
