/* gateway/gateway.c: see gateway.h. Owns the workers, libcurl, and the ledger's writer.
 *
 * The first worker finds a free port where 0 was asked for; the others share it. */
#include "gateway/worker.h"

#include "gateway/forward.h"
#include "runtime/base_url.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct gateway {
    struct gateway_options options;
    struct forward forward;
    struct buffer key; /* of the upstream, as its header has it */
    struct curl_library curl;
    struct ledger_writer *writer; /* NULL: no ledger is kept */
    struct worker *workers;
    struct health **health; /* of each worker */
    unsigned open_workers;
};

struct gateway_options gateway_options_default(void)
{
    const struct server_options server = server_options_default();
    return (struct gateway_options){.server = server,
                                    .threads = 1,
                                    .upstream_key_header = "authorization",
                                    .connections = 256,
                                    .connect_ms = 10 * 1000,
                                    .comment_after_ms = 10 * 1000,
                                    .comment_every_ms = 15 * 1000,
                                    .drain_ms = 30 * 1000,
                                    .ledger_wait_ms = 15 * 1000};
}

static enum tw_status open_worker(struct gateway *gateway, const char *listen,
                                  struct snapshot *snapshot, struct tw_error *error)
{
    struct worker *worker = &gateway->workers[gateway->open_workers];
    struct server_options server = gateway->options.server;
    server.listen = listen;
    server.reuse_port = gateway->options.threads > 1;
    server.first = gateway->open_workers == 0;
    worker->gateway = gateway;
    worker->options = &gateway->options;
    worker->forward = &gateway->forward;
    if (gateway->options.metrics)
        worker->metrics = metrics_block(gateway->options.metrics, gateway->open_workers);
    worker->random.state = gateway->options.seed + gateway->open_workers * 0x9E3779B97F4A7C15u;
    enum tw_status status = worker_open(worker, &server, &gateway->curl, gateway->writer,
                                        snapshot_hold(snapshot), error);
    gateway->open_workers += status == TW_OK;
    return status;
}

static void *run_worker(void *context)
{
    worker_run(context);
    return NULL;
}

static enum tw_status start_threads(struct gateway *gateway, struct tw_error *error)
{
    sigset_t all, before;
    enum tw_status status = TW_OK;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the thread that opened us */
    for (unsigned i = 0; i < gateway->open_workers && !status; i++) {
        struct worker *worker = &gateway->workers[i];
        worker->started = pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
        if (!worker->started)
            status = fail(error, TW_IO, "a thread cannot be started");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* The key that goes upstream; those of callers stay here then. */
static enum tw_status prepare_keys(struct gateway *gateway, struct tw_error *error)
{
    const struct gateway_options *options = &gateway->options;
    gateway->forward.drop_keys = options->upstream_key;
    buffer_init(&gateway->key, KEY_BYTES_MAX);
    if (!options->upstream_key)
        return TW_OK;
    bool bearer = strcmp(options->upstream_key_header, "authorization") == 0;
    buffer_format(&gateway->key, "%s%s", bearer ? "Bearer " : "", options->upstream_key);
    gateway->forward.key_header = text_of(options->upstream_key_header);
    gateway->forward.key = buffer_view(&gateway->key);
    enum tw_status status = gateway->key.status;
    return status ? fail(error, status, "the provider's key: %s", tw_status_text(status)) : TW_OK;
}

static enum tw_status open_writer(struct gateway *gateway, struct store *store,
                                  struct tw_error *error)
{
    const struct gateway_options *options = &gateway->options;
    const struct ledger_writer_options writer = {.patience = options->ledger_wait_ms,
                                                 .report = options->report,
                                                 .context = options->context};
    return ledger_writer_open(store, &writer, &gateway->writer, error);
}

static enum tw_status open_parts(struct gateway *gateway, struct snapshot *snapshot,
                                 struct store *store, struct tw_error *error)
{
    struct text upstream = text_of(gateway->options.upstream);
    enum tw_status status = base_url_check(upstream, error);
    gateway->workers = calloc(gateway->options.threads, sizeof *gateway->workers);
    gateway->forward = forward_of(upstream);
    if (status == TW_OK)
        status = prepare_keys(gateway, error);
    gateway->health = calloc(gateway->options.threads, sizeof(struct health *));
    if (status == TW_OK && (!gateway->workers || !gateway->health))
        status = fail(error, TW_NO_MEMORY, "out of memory");
    for (unsigned i = 0; i < gateway->options.threads && status == TW_OK; i++)
        gateway->health[i] = &gateway->workers[i].health;
    if (status == TW_OK)
        status = curl_library_open(&gateway->curl, error);
    if (status != TW_OK || !store)
        store_close(store);
    else
        status = open_writer(gateway, store, error);
    if (status == TW_OK)
        status = open_worker(gateway, gateway->options.server.listen, snapshot, error);
    while (status == TW_OK && gateway->open_workers < gateway->options.threads)
        status = open_worker(gateway, gateway_address(gateway), snapshot, error);
    return status == TW_OK ? start_threads(gateway, error) : status;
}

enum tw_status gateway_open(const struct gateway_options *options, struct snapshot *snapshot,
                            struct store *store, struct gateway **result, struct tw_error *error)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);
    enum tw_status status = TW_NO_MEMORY;
    *result = NULL;
    if (gateway) {
        gateway->options = *options;
        status = open_parts(gateway, snapshot, store, error);
    } else {
        store_close(store);
        fail(error, status, "out of memory");
    }
    snapshot_release(snapshot);
    if (status == TW_OK)
        *result = gateway;
    else if (gateway)
        gateway_close(gateway);
    return status;
}

const char *gateway_address(const struct gateway *gateway)
{
    return server_address(gateway->workers[0].server);
}

void gateway_publish(struct gateway *gateway, struct snapshot *snapshot)
{
    for (unsigned i = 0; i < gateway->open_workers; i++) {
        struct worker *worker = &gateway->workers[i];
        snapshot_release(atomic_exchange(&worker->incoming, snapshot_hold(snapshot)));
        uv_async_send(&worker->wake);
    }
    snapshot_release(snapshot);
}

struct gateway_counters gateway_count(const struct gateway *gateway)
{
    struct gateway_counters sum = {0};
    for (unsigned i = 0; i < gateway->open_workers; i++) {
        const struct gateway_counters *one = &gateway->workers[i].counters;
#define COUNTER(name, help) sum.name += __atomic_load_n(&one->name, __ATOMIC_RELAXED);
        GATEWAY_COUNTERS(COUNTER)
#undef COUNTER
    }
    return sum;
}

struct ledger_writer_state gateway_ledger_state(const struct gateway *gateway)
{
    return gateway->writer ? ledger_writer_state(gateway->writer)
                           : (struct ledger_writer_state){.failing = false};
}

struct health *const *gateway_health(const struct gateway *gateway, size_t *count)
{
    *count = gateway->options.threads;
    return gateway->health;
}

static void close_writer(struct gateway *gateway)
{
    const struct gateway_options *options = &gateway->options;
    char line[120];
    size_t lost = ledger_writer_close(gateway->writer, options->drain_ms);
    if (!lost || !options->report)
        return;
    snprintf(line, sizeof line, "%zu ledger rows could not be written, and are lost", lost);
    options->report(options->context, line);
}

void gateway_close(struct gateway *gateway)
{
    for (unsigned i = 0; i < gateway->open_workers; i++) {
        atomic_store(&gateway->workers[i].stop, true);
        if (gateway->workers[i].started)
            uv_async_send(&gateway->workers[i].wake);
        else
            worker_abandon(&gateway->workers[i]);
    }
    for (unsigned i = 0; i < gateway->open_workers; i++)
        if (gateway->workers[i].started)
            pthread_join(gateway->workers[i].thread, NULL);
    close_writer(gateway);
    curl_library_close(&gateway->curl);
    buffer_free(&gateway->key);
    free(gateway->health);
    free(gateway->workers);
    free(gateway);
}
