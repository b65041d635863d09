/* gateway/relay.c: a request from its exchange onto one of the two ways, and its end.
 *
 * Relays are kept for the next request, with their memory up to a limit. Running out of memory is
 * told to the caller where that can still be done. */
#include "gateway/api_error.h"
#include "gateway/relay.h"

#include <stdlib.h>

enum {
    TARGET_BYTES = 64 * 1024 + 4096,
    HEAD_BYTES = 256 * 1024,
    OUT_BYTES = 40 << 20, /* held events and one more, which may be as large as SSE_EVENT_MAX */
    SPLICED_BYTES = 1 << 30,
    ARENA_BYTES = 64 << 20,
    IDLE_RELAYS = 1024,
    KEPT_BYTES = 64 * 1024 /* an idle relay gives larger memory back */
};

int64_t relay_now(const struct relay *relay)
{
    return (int64_t)uv_now(&relay->worker->loop);
}

static struct relay *relay_new(struct worker *worker)
{
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay)
        return NULL;
    relay->worker = worker;
    buffer_init(&relay->target, TARGET_BYTES);
    buffer_init(&relay->spliced, SPLICED_BYTES);
    buffer_init(&relay->head, HEAD_BYTES);
    buffer_init(&relay->out, OUT_BYTES);
    buffer_init(&relay->tail, OUT_BYTES);
    arena_init(&relay->arena, ARENA_BYTES);
    attempt_init(&relay->attempt);
    relay->attempt.raw_wanted = true;
    relay->attempt.answer.skip_text = true;
    uv_timer_init(&worker->loop, &relay->timer);
    relay->timer.data = relay;
    return relay;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void relay_free(struct relay *relay)
{
    buffer_free(&relay->target);
    buffer_free(&relay->spliced);
    buffer_free(&relay->head);
    buffer_free(&relay->out);
    buffer_free(&relay->tail);
    header_list_free(&relay->headers);
    header_list_free(&relay->answer);
    header_list_free(&relay->head_headers);
    arena_free(&relay->arena);
    attempt_free(&relay->attempt);
    uv_close((uv_handle_t *)&relay->timer, on_timer_closed);
}

static struct relay *take_relay(struct worker *worker)
{
    struct relay *relay = worker->idle;
    if (!relay)
        return relay_new(worker);
    worker->idle = relay->next;
    worker->idle_count--;
    return relay;
}

static void keep_small(struct buffer *buffer)
{
    if (buffer->capacity > KEPT_BYTES)
        buffer_free(buffer);
}

/* Gives back what the request used, and keeps the rest. */
static void put_relay(struct relay *relay)
{
    struct worker *worker = relay->worker;
    uv_timer_stop(&relay->timer);
    worker_policy_release(relay->policy);
    relay->policy = NULL;
    arena_clear(&relay->arena);
    if (worker->idle_count >= IDLE_RELAYS) {
        relay_free(relay);
        return;
    }
    keep_small(&relay->spliced);
    keep_small(&relay->out);
    keep_small(&relay->tail);
    keep_small(&relay->attempt.whole);
    keep_small(&relay->attempt.held);
    relay->next = worker->idle;
    worker->idle = relay;
    worker->idle_count++;
}

void relays_close(struct worker *worker)
{
    while (worker->idle)
        relay_free(take_relay(worker));
}

void relay_break(struct relay *relay)
{
    exchange_reset(relay->exchange);
}

void relay_answer_error(struct relay *relay, int status, const struct api_error *error,
                        bool should_retry)
{
    struct header_list *answer = &relay->answer;
    struct buffer body;
    answer->count = 0;
    header_list_add(answer, TEXT("content-type"), TEXT("application/json"));
    if (relay->routed && relay->account.rule.length) {
        header_list_add(answer, TEXT("x-tierway-rule"), relay->account.rule);
        header_list_add(answer, TEXT("x-tierway-request-id"), relay->account.request_id);
    }
    if (!should_retry)
        header_list_add(answer, TEXT("x-should-retry"), TEXT("false"));
    buffer_init(&body, 64 * 1024);
    api_error_print(&body, error);
    relay->head_sent = true;
    if (exchange_answer(relay->exchange, status, answer->items, answer->count, buffer_view(&body)))
        relay_break(relay);
    buffer_free(&body);
}

/* What the last request left in a relay that is used again. */
static void relay_reset(struct relay *relay, struct exchange *exchange)
{
    relay->exchange = exchange;
    relay->transfer = NULL;
    relay->entry = NULL;
    relay->head_sent = relay->routed = relay->recorded = relay->durable = false;
    relay->early = relay->last_seen = relay->upstream_over = relay->broken = false;
    relay->reply = REPLY_NONE;
    relay->caller = NULL;
    relay->instant = clock_system() / 1000000;
    relay->begun = uv_hrtime();
    relay->first_byte = 0;
    relay->decision = -1;
    relay->outcome = METRICS_OUTCOMES;
    relay->last_byte = '\n';
    relay->headers.count = relay->answer.count = relay->head_headers.count = 0;
    relay->headers.failed = relay->answer.failed = relay->head_headers.failed = false;
    relay->give_up_at = relay->time_out_at = relay->retry_at = relay->comment_at = NEVER;
    buffer_clear(&relay->target);
    buffer_clear(&relay->out);
    buffer_clear(&relay->tail);
}

/* Who calls, where that matters, and the snapshot for the whole request. False, and answered, for
 * nobody that is known, and for a caller that has as many requests under way as it may. */
static bool admit(struct relay *relay)
{
    static const struct api_error unknown = {
        .type = "invalid_request_error",
        .code = "invalid_api_key",
        .message = "This gateway needs a key of its own, as `Authorization: Bearer KEY`."};
    static const struct api_error busy = {.type = "requests",
                                          .code = "too_many_requests",
                                          .message = "This key has too many requests under way."};
    struct worker *worker = relay->worker;
    relay->policy = worker_policy_hold(worker);
    const struct callers *callers = relay->policy->snapshot->callers;
    if (!callers_required(callers))
        return true;
    struct caller *caller =
        callers_find(callers, worker->hasher, exchange_request(relay->exchange));
    bool entered = caller && caller_enter(caller);
    if (entered) {
        relay->caller = caller;
        return true;
    }
    relay->outcome = caller ? METRICS_OVER_LIMIT : METRICS_DENIED;
    relay_answer_error(relay, caller ? 429 : 401, caller ? &busy : &unknown, caller != NULL);
    return false;
}

static void refuse_path(struct relay *relay)
{
    static const struct api_error error = {
        .type = "invalid_request_error",
        .code = "invalid_target",
        .message = "The path leads out of where the gateway sends requests."};
    relay->outcome = METRICS_BAD_REQUEST;
    relay_answer_error(relay, 400, &error, false);
}

/* Nobody that is unknown makes us hold a body; admit refuses the request then. */
static bool body_wanted(const struct http_request *request, void *context)
{
    const struct worker *worker = context;
    const struct callers *callers = worker->policy->snapshot->callers;
    return !callers_required(callers) || callers_find(callers, worker->hasher, request) != NULL;
}

void gateway_pass(struct exchange *exchange)
{
    struct worker *worker = exchange_context(exchange);
    struct relay *relay = take_relay(worker);
    if (!relay) {
        exchange_reset(exchange);
        return;
    }
    relay_reset(relay, exchange);
    exchange_set_data(exchange, relay);
    WORKER_COUNT(worker, requests);
    if (worker->metrics)
        metrics_add(worker->metrics->open_requests[0], 1);
    if (!admit(relay))
        return;
    if (forward_leaves(worker->forward, exchange_request(exchange)->path))
        refuse_path(relay);
    else if (route_wanted(worker->forward, exchange_request(exchange)))
        route_begin(relay);
    else
        plain_begin(relay);
}

static void on_request(struct exchange *exchange, void *context)
{
    const struct worker *worker = context;
    const struct gateway_options *options = worker->options;
    if (!options->own_path || !options->own_path(exchange, options->context))
        gateway_pass(exchange);
}

static void on_drained(struct exchange *exchange, void *context)
{
    const struct worker *worker = context;
    const struct gateway_options *options = worker->options;
    struct relay *relay = exchange_data(exchange);
    if (relay && relay->transfer)
        transfer_resume(relay->transfer);
    else if (!relay && options->own_drained)
        options->own_drained(exchange, options->context);
}

/* The one place that each request comes by when it is over. */
static void relay_over(struct relay *relay, enum exchange_end end)
{
    if (end != EXCHANGE_ANSWERED)
        WORKER_COUNT(relay->worker, callers_left);
    if (relay->routed)
        route_abandon(relay);
    else if (relay->transfer)
        transfer_cancel(relay->transfer);
    relay_report(relay, end);
    caller_leave(relay->caller);
    relay->exchange = NULL;
    put_relay(relay);
}

static void on_ended(struct exchange *exchange, enum exchange_end end, void *context)
{
    const struct worker *worker = context;
    const struct gateway_options *options = worker->options;
    struct relay *relay = exchange_data(exchange);
    if (relay)
        relay_over(relay, end);
    else if (options->own_ended)
        options->own_ended(exchange, options->context);
}

const struct server_callbacks *relay_callbacks(void)
{
    static const struct server_callbacks callbacks = {on_request, on_drained, on_ended,
                                                      body_wanted};
    return &callbacks;
}
