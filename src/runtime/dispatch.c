/* runtime/dispatch.c: see dispatch.h.
 *
 * An attempt may be followed by another one only while nothing of its answer has gone to the
 * caller. Each attempt leaves one record, whatever came of it. */
#include "runtime/dispatch.h"

#include <string.h>

enum { RECORDS_BYTES = 64 << 20, LONGEST_KEY = 16384, MOST_HEADERS = 3 };

void dispatch_init(struct dispatch *dispatch)
{
    *dispatch = (struct dispatch){.meaning = MEANING_SERVED};
    arena_init(&dispatch->arena, RECORDS_BYTES);
    attempt_init(&dispatch->attempt);
}

void dispatch_free(struct dispatch *dispatch)
{
    attempt_free(&dispatch->attempt);
    arena_free(&dispatch->arena);
}

/* The same for all attempts of a request. */
struct run {
    struct dispatch *dispatch;
    const struct dispatch_order *order;
    struct tw_error *error;
    bool over;      /* no further attempt is made */
    bool add_usage; /* the provider has to be asked for the usage of a stream */
    struct buffer body;
    struct transport_header headers[MOST_HEADERS];
    size_t header_count;
};

static int64_t now(const struct run *run)
{
    return run->order->clock.now(run->order->clock.context);
}

static void take_header(void *context, int status, struct text name, struct text value)
{
    attempt_header(context, status, name, value);
}

static bool take_piece(void *context, struct text piece)
{
    return attempt_piece(context, piece);
}

static enum tw_status exchange(struct run *run, int64_t timeout, struct transport_answer *answer)
{
    const struct dispatch_order *order = run->order;
    struct dispatch *dispatch = run->dispatch;
    struct text tier = text_of(steps_current(&dispatch->steps)->name);
    buffer_clear(&run->body);
    enum tw_status status = body_splice(order->body, &tier, run->add_usage, &run->body);
    if (status != TW_OK)
        return fail(&dispatch->failure, status, "the request body: %s", tw_status_text(status));
    struct transport_request request = {.url = order->url,
                                        .headers = run->headers,
                                        .header_count = run->header_count,
                                        .body = buffer_view(&run->body),
                                        .timeout = timeout,
                                        .cancelled = order->cancelled,
                                        .context = &dispatch->attempt,
                                        .on_header = take_header,
                                        .on_piece = take_piece};
    return transport_exchange(order->transport, &request, answer, &dispatch->failure);
}

static bool is_cancelled(const struct dispatch_order *order)
{
    return order->cancelled && atomic_load(order->cancelled);
}

/* What no other attempt could do better, and what was never sent. */
static bool cannot_send(enum tw_status status)
{
    return status == TW_NO_MEMORY || status == TW_INVALID || status == TW_NOT_FOUND ||
           status == TW_LIMIT;
}

/* Whether an attempt is to be made, and how long it may take. */
static bool is_allowed(const struct run *run, int64_t *timeout)
{
    const struct dispatch_watch *watch = run->order->watch;
    *timeout = steps_timeout(&run->dispatch->steps);
    return !watch || watch->before(watch->context, &run->dispatch->steps, timeout);
}

static void tell_watch(const struct run *run)
{
    const struct dispatch_watch *watch = run->order->watch;
    struct dispatch *dispatch = run->dispatch;
    if (watch)
        watch->after(watch->context, &dispatch->steps, &dispatch->attempt, dispatch->meaning);
}

/* One attempt, recorded. dispatch->meaning says what came of it. */
static enum tw_status try_once(struct run *run)
{
    const struct dispatch_order *order = run->order;
    struct dispatch *dispatch = run->dispatch;
    struct steps *steps = &dispatch->steps;
    struct transport_answer answer = {0};
    int64_t timeout;
    run->over = !is_allowed(run, &timeout);
    if (run->over)
        return TW_OK;
    steps_attempt(steps, &dispatch->attempt, run->add_usage, order->visit, order->context,
                  now(run));
    dispatch->failure = (struct tw_error){.code = TW_OK};
    enum tw_status status = exchange(run, timeout, &answer);
    if (cannot_send(status))
        return fail(run->error, status, "%s", dispatch->failure.message);
    if (is_cancelled(order))
        dispatch->attempt.stopped = true;
    dispatch->meaning =
        attempt_end(&dispatch->attempt, status, text_of(tw_policy_provider(order->account->policy)),
                    text_of(steps_current(steps)->name));
    status = steps_record(steps, &dispatch->attempt, dispatch->meaning, answer.sent, now(run),
                          run->error);
    if (status == TW_OK)
        tell_watch(run);
    return status;
}

static enum tw_status run_steps(struct run *run)
{
    const struct dispatch_order *order = run->order;
    struct dispatch *dispatch = run->dispatch;
    int64_t wait;
    enum tw_status status = try_once(run);
    while (status == TW_OK && !run->over && !is_cancelled(order) &&
           steps_next(&dispatch->steps, &dispatch->attempt, dispatch->meaning, &wait)) {
        if (wait > 0)
            transport_pause(order->transport, wait, order->cancelled);
        if (is_cancelled(order))
            break;
        status = try_once(run);
    }
    return status;
}

static void add_header(struct run *run, struct text name, struct text value)
{
    run->headers[run->header_count++] = (struct transport_header){name, value};
}

enum tw_status dispatch_run(struct dispatch *dispatch, const struct dispatch_order *order,
                            struct tw_error *error)
{
    struct run run = {.dispatch = dispatch, .order = order, .error = error};
    steps_begin(&dispatch->steps, order->action, order->account, order->random, &dispatch->arena,
                order->instant, now(&run));
    if (order->action->step_count == 0)
        return steps_reject(&dispatch->steps, error);
    bool is_chat = body_has(order->body, BODY_MESSAGES);
    run.add_usage = is_chat && order->body->stream && !order->body->usage_wanted;
    struct buffer authorization;
    buffer_init(&authorization, LONGEST_KEY);
    buffer_init(&run.body, DISPATCH_BODY_MAX);
    add_header(&run, TEXT("Content-Type"), TEXT("application/json"));
    add_header(&run, TEXT("Accept"),
               order->body->stream ? TEXT("text/event-stream") : TEXT("application/json"));
    if (order->api_key) {
        buffer_format(&authorization, "Bearer %s", order->api_key);
        add_header(&run, TEXT("Authorization"), buffer_view(&authorization));
    }
    enum tw_status status = authorization.status
                                ? fail(error, authorization.status, "the key is too long")
                                : run_steps(&run);
    if (authorization.data)
        explicit_bzero(authorization.data, authorization.capacity);
    buffer_free(&authorization);
    buffer_free(&run.body);
    return status;
}
