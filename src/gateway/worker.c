/* gateway/worker.c: one loop: opens what it needs, runs, drains, closes.
 *
 * Fails where the address cannot be listened on or memory is out; nothing is left open then. */
#include "gateway/relay.h"

#include <stdlib.h>

static struct worker_policy *policy_new(struct snapshot *snapshot)
{
    struct worker_policy *policy = calloc(1, sizeof *policy);
    if (!policy || tw_request_new(snapshot->policy, &policy->request) != TW_OK) {
        free(policy);
        snapshot_release(snapshot);
        return NULL;
    }
    policy->snapshot = snapshot;
    policy->users = 1;
    return policy;
}

struct worker_policy *worker_policy_hold(struct worker *worker)
{
    worker->policy->users++;
    return worker->policy;
}

void worker_policy_release(struct worker_policy *policy)
{
    if (!policy || --policy->users > 0)
        return;
    tw_request_free(policy->request);
    snapshot_release(policy->snapshot);
    free(policy);
}

/* Out of memory leaves the policy as it is. */
static void take_policy(struct worker *worker)
{
    struct snapshot *incoming = atomic_exchange(&worker->incoming, NULL);
    struct worker_policy *policy = incoming ? policy_new(incoming) : NULL;
    if (!policy)
        return;
    worker_policy_release(worker->policy);
    worker->policy = policy;
}

static void on_server_stopped(void *context)
{
    struct worker *worker = context;
    worker->server = NULL;
    relays_close(worker);
    upstream_close(worker->upstream, NULL, NULL);
    if (worker->desk)
        ledger_desk_close(worker->desk, NULL, NULL);
    uv_close((uv_handle_t *)&worker->wake, NULL);
}

static void on_wake(uv_async_t *wake)
{
    struct worker *worker = wake->data;
    take_policy(worker);
    if (!atomic_load(&worker->stop) || worker->stopping)
        return;
    worker->stopping = true;
    server_stop(worker->server, worker->options->drain_ms, on_server_stopped, worker);
}

static enum tw_status open_parts(struct worker *worker, const struct server_options *listen,
                                 const struct curl_library *curl, struct ledger_writer *writer,
                                 struct tw_error *error)
{
    const struct upstream_options upstream = {.url = worker->options->upstream,
                                              .connections = worker->options->connections,
                                              .connect_ms = worker->options->connect_ms,
                                              .ca_file = worker->options->upstream_ca_file,
                                              .http2 = worker->options->upstream_http2};
    enum tw_status status = upstream_open(&worker->loop, curl, &upstream, &worker->upstream, error);
    if (status == TW_OK && writer)
        status = ledger_desk_open(writer, &worker->loop, &worker->desk, error);
    if (status == TW_OK)
        status =
            server_open(&worker->loop, listen, relay_callbacks(), worker, &worker->server, error);
    return status;
}

static void close_loop(struct worker *worker)
{
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    uv_loop_close(&worker->loop);
    worker_policy_release(worker->policy);
    snapshot_release(atomic_exchange(&worker->incoming, NULL));
    free(worker->pairs);
    key_hasher_free(worker->hasher);
}

static void close_parts(struct worker *worker)
{
    if (worker->upstream)
        upstream_close(worker->upstream, NULL, NULL);
    if (worker->desk)
        ledger_desk_close(worker->desk, NULL, NULL);
    uv_close((uv_handle_t *)&worker->wake, NULL);
    close_loop(worker);
}

enum tw_status worker_open(struct worker *worker, const struct server_options *listen,
                           const struct curl_library *curl, struct ledger_writer *writer,
                           struct snapshot *snapshot, struct tw_error *error)
{
    worker->policy = policy_new(snapshot);
    if (!worker->policy)
        return fail(error, TW_NO_MEMORY, "out of memory");
    worker->hasher = key_hasher_new();
    if (uv_loop_init(&worker->loop) != 0) {
        worker_policy_release(worker->policy);
        key_hasher_free(worker->hasher);
        return fail(error, TW_IO, "an event loop cannot be started");
    }
    if (uv_async_init(&worker->loop, &worker->wake, on_wake) != 0) {
        close_loop(worker);
        return fail(error, TW_IO, "an event loop cannot be started");
    }
    worker->wake.data = worker;
    enum tw_status status = open_parts(worker, listen, curl, writer, error);
    if (status)
        close_parts(worker);
    return status;
}

void worker_abandon(struct worker *worker)
{
    worker->stopping = true;
    server_stop(worker->server, 0, on_server_stopped, worker);
    close_loop(worker);
}

void worker_run(struct worker *worker)
{
    close_loop(worker);
}
