/* gateway/route_attempt.c: the attempts of a routed request, the waits between them, and the rows
 * that they leave. The loop's twin of runtime/dispatch.c; steps.h decides for both.
 *
 * A caller that leaves ends the attempt at once, and what was attempted is recorded. */
#include "gateway/relay.h"

#include <stdlib.h>

static void attempt_over(struct relay *relay, enum tw_status status, bool sent,
                         const char *message);

/* --- the timer --- */

static int64_t earliest(const struct relay *relay)
{
    int64_t first = relay->time_out_at;
    first = relay->retry_at < first ? relay->retry_at : first;
    return relay->comment_at < first ? relay->comment_at : first;
}

static void time_out(struct relay *relay)
{
    bool sent = transfer_cancel(relay->transfer);
    relay->transfer = NULL;
    attempt_over(relay, TW_TIMEOUT, sent, NULL);
}

static void on_timer(uv_timer_t *timer)
{
    struct relay *relay = timer->data;
    int64_t now = relay_now(relay);
    if (relay->comment_at <= now)
        stream_comment(relay);
    if (relay->retry_at <= now) {
        relay->retry_at = NEVER;
        route_send(relay);
    } else if (relay->time_out_at <= now && relay->transfer) {
        time_out(relay);
    } else {
        route_set_timer(relay);
    }
}

void route_set_timer(struct relay *relay)
{
    int64_t first = earliest(relay), now = relay_now(relay);
    if (first == NEVER)
        uv_timer_stop(&relay->timer);
    else
        uv_timer_start(&relay->timer, on_timer, first > now ? (uint64_t)(first - now) : 0, 0);
}

/* --- rows --- */

static void on_written(void *context, enum tw_status status)
{
    struct relay *relay = context;
    relay->entry = NULL;
    relay->durable = true;
    if (status == TW_OK)
        route_reply(relay);
    else
        route_reply_unrecorded(relay);
}

/* Hands in all rows, and gives the reservation back with them. */
static enum tw_status hand_in(struct relay *relay, ledger_written written,
                              struct ledger_entry **entry)
{
    int64_t reservation = relay->reservation;
    relay->reservation = 0;
    return ledger_desk_settle(relay->worker->desk, relay->steps.rows, relay->steps.row_count,
                              reservation, written, relay, entry, NULL);
}

void route_record(struct relay *relay, enum relay_reply reply)
{
    struct worker *worker = relay->worker;
    enum tw_status status = TW_OK;
    bool wait = worker->desk && !worker->options->answer_before_ledger;
    relay->reply = reply;
    relay->recorded = true;
    relay->time_out_at = relay->retry_at = relay->comment_at = NEVER;
    route_set_timer(relay);
    if (worker->desk)
        status = hand_in(relay, wait ? on_written : NULL, wait ? &relay->entry : NULL);
    if (!wait || status != TW_OK)
        on_written(relay, status);
}

static void record_cancelled(struct relay *relay, bool sent)
{
    relay->attempt.stopped = true;
    relay->meaning = attempt_end(&relay->attempt, TW_OK, TEXT(""), TEXT(""));
    steps_record(&relay->steps, &relay->attempt, relay->meaning, sent, relay_now(relay), NULL);
}

void route_abandon(struct relay *relay)
{
    route_leave_ask(relay);
    if (relay->entry)
        ledger_entry_forget(relay->entry);
    if (relay->transfer) {
        bool sent = transfer_cancel(relay->transfer);
        relay->transfer = NULL;
        if (!relay->recorded)
            record_cancelled(relay, sent);
    }
    bool any = relay->steps.row_count || relay->reservation;
    if (!relay->recorded && relay->worker->desk && any && hand_in(relay, NULL, NULL))
        WORKER_COUNT(relay->worker, unrecorded);
    relay->recorded = true;
}

/* --- what comes after an attempt --- */

static void cannot_send(struct relay *relay)
{
    relay->meaning = MEANING_PASSING;
    fail(&relay->failure, TW_NO_MEMORY, "The gateway is out of memory.");
    route_record(relay, REPLY_NO_ANSWER);
}

/* The provider said something that can be passed on as it came. */
static enum relay_reply last_words(const struct relay *relay, enum tw_status status)
{
    const struct attempt *attempt = &relay->attempt;
    if (relay->steps.rejected)
        return REPLY_REJECT;
    if (status != TW_OK || attempt->http_status == 0 || attempt->whole.status)
        return REPLY_NO_ANSWER;
    if (!attempt->event_stream)
        return REPLY_WHOLE;
    return attempt->answer.failed ? REPLY_HELD : REPLY_NO_ANSWER;
}

static void go_on(struct relay *relay, enum tw_status status)
{
    int64_t wait = 0, now = relay_now(relay);
    if (!steps_next(&relay->steps, &relay->attempt, relay->meaning, &wait) ||
        wait >= relay->give_up_at - now) {
        if (relay->steps.rejected)
            WORKER_COUNT(relay->worker, rejected);
        route_record(relay, last_words(relay, status));
    } else if (wait == 0) {
        route_send(relay);
    } else {
        relay->retry_at = now + wait;
        route_set_timer(relay);
    }
}

/* The attempt becomes a row; false where memory is out, and the caller has been told. */
static bool end_attempt(struct relay *relay, enum tw_status status, bool sent)
{
    const tw_policy *policy = relay->account.policy;
    relay->time_out_at = NEVER;
    if (!relay->attempt.event_stream)
        relay->attempt.visit = NULL; /* a whole answer goes out when its row is durable */
    relay->meaning = attempt_end(&relay->attempt, status, text_of(tw_policy_provider(policy)),
                                 text_of(steps_current(&relay->steps)->name));
    if (steps_record(&relay->steps, &relay->attempt, relay->meaning, sent, relay_now(relay),
                     NULL)) {
        cannot_send(relay);
        return false;
    }
    return true;
}

static void attempt_over(struct relay *relay, enum tw_status status, bool sent, const char *message)
{
    struct attempt *attempt = &relay->attempt;
    relay->failure = (struct tw_error){.code = TW_OK};
    if (status)
        fail(&relay->failure, status, "%s", message ? message : tw_status_text(status));
    if (!end_attempt(relay, status, sent))
        return;
    if (attempt->passed_on) {
        relay->upstream_over = true;
        relay->broken = status != TW_OK && !attempt->answer.complete;
        route_record(relay, REPLY_STREAM);
    } else if (relay->meaning == MEANING_SERVED) {
        route_record(relay, attempt->event_stream ? REPLY_HELD : REPLY_WHOLE);
    } else {
        go_on(relay, status);
    }
}

/* --- the transfer's events --- */

static void save_head(struct relay *relay, const struct transfer_head *head)
{
    size_t bytes = 0;
    for (size_t i = 0; i < head->header_count; i++)
        bytes += head->headers[i].name.length + head->headers[i].value.length;
    buffer_clear(&relay->head);
    relay->head_headers.count = 0;
    relay->answer_status = head->status;
    if (!buffer_reserve(&relay->head, bytes))
        return;
    for (size_t i = 0; i < head->header_count; i++) {
        struct text name = head->headers[i].name, value = head->headers[i].value;
        const char *at = relay->head.data + relay->head.length;
        buffer_text(&relay->head, name);
        buffer_text(&relay->head, value);
        header_list_add(&relay->head_headers, (struct text){at, name.length},
                        (struct text){at + name.length, value.length});
    }
}

static void on_head(void *context, const struct transfer_head *head)
{
    struct relay *relay = context;
    save_head(relay, head);
    relay->attempt.http_status = head->status;
    for (size_t i = 0; i < head->header_count; i++)
        attempt_header(&relay->attempt, head->status, head->headers[i].name,
                       head->headers[i].value);
}

/* The last event is here: what the answer cost is known. */
static void record_stream(struct relay *relay)
{
    if (end_attempt(relay, TW_OK, true))
        route_record(relay, REPLY_STREAM);
}

static enum piece_verdict on_piece(void *context, struct text piece)
{
    struct relay *relay = context;
    bool waits = relay->last_seen && !relay->durable;
    if (waits || exchange_pending(relay->exchange) > RELAY_PENDING_MAX)
        return PIECE_LATER;
    bool more = attempt_piece(&relay->attempt, piece);
    stream_flush(relay);
    if (relay->last_seen && !relay->recorded)
        record_stream(relay);
    return more ? PIECE_TAKEN : PIECE_STOP;
}

static void on_end(void *context, const struct transfer_end *end)
{
    struct relay *relay = context;
    relay->transfer = NULL;
    if (!relay->recorded) {
        attempt_over(relay, end->status, end->sent, end->message);
        return;
    }
    relay->upstream_over = true;
    if (relay->durable)
        stream_end(relay);
}

void route_send(struct relay *relay)
{
    static const struct transfer_events events = {NULL, on_head, on_piece, on_end};
    struct worker *worker = relay->worker;
    struct text tier = text_of(steps_current(&relay->steps)->name);
    int64_t now = relay_now(relay), timeout = steps_timeout(&relay->steps);
    buffer_clear(&relay->spliced);
    body_splice(&relay->body, &tier, relay->add_usage, &relay->spliced);
    const struct transfer_request request = {.method = TEXT("POST"),
                                             .target = buffer_view(&relay->target),
                                             .headers = relay->headers.items,
                                             .header_count = relay->headers.count,
                                             .body = buffer_view(&relay->spliced),
                                             .has_body = true,
                                             .decode = true,
                                             .events = &events,
                                             .context = relay};
    steps_attempt(&relay->steps, &relay->attempt, relay->add_usage, stream_pass, relay, now);
    relay->answer_status = 0;
    WORKER_COUNT(worker, attempts);
    if (relay->steps.retry)
        WORKER_COUNT(worker, retried);
    else if (relay->steps.step)
        WORKER_COUNT(worker, stepped_down);
    bool failed = relay->headers.failed || relay->target.status || relay->spliced.status;
    if (failed || transfer_start(worker->upstream, &request, &relay->transfer)) {
        cannot_send(relay);
        return;
    }
    relay->time_out_at = timeout < relay->give_up_at - now ? now + timeout : relay->give_up_at;
    route_set_timer(relay);
}
