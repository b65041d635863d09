/* runtime/dispatch.c: see dispatch.h.
 *
 * An attempt may be followed by another one only while nothing of its answer has gone to the
 * caller. Each attempt leaves one record, whatever came of it. */
#include "runtime/dispatch.h"

#include <string.h>

enum { RECORDS_BYTES = 64 << 20, LONGEST_KEY = 16384, MOST_HEADERS = 3 };

void dispatch_init(struct dispatch *dispatch)
{
    *dispatch = (struct dispatch){.rejected = false};
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
    int64_t start;
    bool add_usage; /* the provider has to be asked for the usage of a stream */
    struct buffer body;
    struct transport_header headers[MOST_HEADERS];
    size_t header_count;
};

static int64_t now(const struct run *run)
{
    return run->order->clock.now(run->order->clock.context);
}

static struct dispatch_record *add_record(struct dispatch *dispatch)
{
    struct dispatch_record *records =
        arena_grow(&dispatch->arena, dispatch->records, dispatch->record_count,
                   &dispatch->record_capacity, sizeof *records);
    if (!records)
        return NULL;
    dispatch->records = records;
    records[dispatch->record_count] = (struct dispatch_record){.meaning = MEANING_SERVED};
    return &records[dispatch->record_count++];
}

static int64_t timeout_of(const struct tw_step *step)
{
    if (step->timeout > 0)
        return step->timeout;
    return strcmp(step->name, "flex") == 0 ? DISPATCH_TIMEOUT_FLEX : DISPATCH_TIMEOUT;
}

static void take_header(void *context, int status, struct text name, struct text value)
{
    attempt_header(context, status, name, value);
}

static bool take_piece(void *context, struct text piece)
{
    return attempt_piece(context, piece);
}

static enum tw_status exchange(struct run *run, const struct tw_step *step,
                               struct transport_answer *answer)
{
    const struct dispatch_order *order = run->order;
    struct dispatch *dispatch = run->dispatch;
    struct text tier = text_of(step->name);
    buffer_clear(&run->body);
    enum tw_status status = body_splice(order->body, &tier, run->add_usage, &run->body);
    if (status != TW_OK)
        return fail(&dispatch->failure, status, "the request body: %s", tw_status_text(status));
    struct transport_request request = {.url = order->url,
                                        .headers = run->headers,
                                        .header_count = run->header_count,
                                        .body = buffer_view(&run->body),
                                        .timeout = timeout_of(step),
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

/* One attempt, recorded. dispatch->meaning says what came of it. */
static enum tw_status try_once(struct run *run, const struct tw_step *step)
{
    const struct dispatch_order *order = run->order;
    struct dispatch *dispatch = run->dispatch;
    struct transport_answer answer = {0};
    int64_t begun = now(run);
    attempt_begin(&dispatch->attempt, order->instant + (begun - run->start), run->add_usage,
                  order->visit, order->context);
    dispatch->failure = (struct tw_error){.code = TW_OK};
    enum tw_status status = exchange(run, step, &answer);
    if (cannot_send(status))
        return fail(run->error, status, "%s", dispatch->failure.message);
    if (is_cancelled(order))
        dispatch->attempt.stopped = true;
    dispatch->meaning =
        attempt_end(&dispatch->attempt, status, text_of(tw_policy_provider(order->account->policy)),
                    text_of(step->name));
    struct dispatch_record *record = add_record(dispatch);
    if (!record)
        return fail(run->error, TW_NO_MEMORY, "out of memory");
    record->meaning = dispatch->meaning;
    account_row(order->account, dispatch->attempt.instant, &record->row);
    account_answer(order->account, &dispatch->attempt, dispatch->meaning, answer.sent,
                   &dispatch->arena, &record->row);
    record->row.attempt = (int64_t)dispatch->record_count;
    record->row.attempted_tier = text_of(step->name);
    record->row.delay_added = begun - run->start;
    record->row.latency = now(run) - begun;
    return dispatch->arena.failed ? fail(run->error, TW_NO_MEMORY, "out of memory") : TW_OK;
}

/* Whether another attempt at the same tier is worth it, after the wait that it needs. */
static bool wait_for_retry(struct run *run, uint32_t retry)
{
    const struct dispatch_order *order = run->order;
    const struct attempt *attempt = &run->dispatch->attempt;
    const struct meaning_row *meaning = meaning_row(run->dispatch->meaning);
    if (!meaning->retry || attempt->passed_on)
        return false;
    int64_t wait = retry_backoff(order->random, retry);
    if (meaning->wait && attempt->wait >= 0)
        wait = attempt->wait;
    if (wait > RETRY_AFTER_CAP)
        return false;
    transport_pause(order->transport, wait, order->cancelled);
    return !is_cancelled(order);
}

static enum tw_status try_step(struct run *run, const struct tw_step *step)
{
    enum tw_status status = try_once(run, step);
    for (uint32_t retry = 0; status == TW_OK && retry < step->retry && wait_for_retry(run, retry);
         retry++)
        status = try_once(run, step);
    return status;
}

/* Nothing was sent; the ledger says so. */
static enum tw_status reject(struct run *run)
{
    struct dispatch *dispatch = run->dispatch;
    struct dispatch_record *record = add_record(dispatch);
    if (!record)
        return fail(run->error, TW_NO_MEMORY, "out of memory");
    account_row(run->order->account, run->order->instant, &record->row);
    record->row.attempt = 1;
    record->row.outcome = LEDGER_REJECTED;
    record->row.cost = record->row.default_cost = 0;
    dispatch->rejected = true;
    return TW_OK;
}

static enum tw_status run_steps(struct run *run)
{
    const struct tw_action *action = run->order->action;
    struct dispatch *dispatch = run->dispatch;
    for (size_t i = 0; i < action->step_count; i++) {
        enum tw_status status = try_step(run, &action->steps[i]);
        bool goes_on = meaning_row(dispatch->meaning)->step_down && !dispatch->attempt.passed_on &&
                       !is_cancelled(run->order);
        if (status != TW_OK || !goes_on)
            return status;
    }
    dispatch->rejected = action->reject;
    return TW_OK;
}

static void add_header(struct run *run, struct text name, struct text value)
{
    run->headers[run->header_count++] = (struct transport_header){name, value};
}

enum tw_status dispatch_run(struct dispatch *dispatch, const struct dispatch_order *order,
                            struct tw_error *error)
{
    struct run run = {.dispatch = dispatch, .order = order, .error = error};
    run.start = now(&run);
    if (order->action->step_count == 0)
        return reject(&run);
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
