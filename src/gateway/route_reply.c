/* gateway/route_reply.c: answers that are no stream: whole ones, errors passed on, and the
 * gateway's own.
 *
 * An error that is passed on says x-should-retry: false where another try of the client would only
 * repeat what was tried here: official clients otherwise wait for a Retry-After that is not meant
 * for them (docs/providers.md), and then ask for the same again. */
#include "gateway/api_error.h"
#include "gateway/relay.h"

#include <stdlib.h>

enum { ERROR_BYTES = 64 * 1024 };

bool route_should_retry(const struct relay *relay)
{
    if (relay->steps.rejected || relay->steps.row_count > 1)
        return false;
    switch (relay->meaning) {
    case MEANING_REFUSED:
    case MEANING_TIER_NOT_ALLOWED:
    case MEANING_PERMANENT:
        return false;
    case MEANING_SERVED:
    case MEANING_RATE_LIMITED:
    case MEANING_PASSING:
    case MEANING_TIMED_OUT:
    case MEANING_CANCELLED:
        break;
    }
    return true;
}

/* A provider's word in a header: visible ASCII, or it is left out. */
static bool fits_header(struct text word)
{
    for (size_t i = 0; i < word.length; i++)
        if (word.data[i] <= ' ' || word.data[i] > '~')
            return false;
    return word.length > 0;
}

static void add_cost(struct relay *relay, const struct ledger_row *row)
{
    struct buffer text;
    if (row->cost == LEDGER_UNKNOWN)
        return;
    buffer_init(&text, 64);
    decimal_print(&text, row->cost, MONEY_PLACES);
    header_list_add(&relay->answer, TEXT("x-tierway-cost"),
                    arena_text(&relay->arena, buffer_view(&text)));
    buffer_free(&text);
}

/* The tier that served, else the one that was asked. */
static struct text tier_of(const struct relay *relay)
{
    struct text served = provider_tier_name(relay->account.provider,
                                            buffer_view(&relay->attempt.answer.served_tier));
    return fits_header(served) ? served : text_of(steps_current(&relay->steps)->name);
}

static void drop_header(struct header_list *list, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!http_name_is(list->items[i].name, name))
            list->items[kept++] = list->items[i];
    list->count = kept;
}

void route_make_headers(struct relay *relay, bool with_cost)
{
    struct header_list *answer = &relay->answer;
    answer->count = 0;
    forward_answer(relay->head_headers.items, relay->head_headers.count, true, answer);
    header_list_add(answer, TEXT("x-tierway-tier"), tier_of(relay));
    header_list_add(answer, TEXT("x-tierway-rule"), relay->account.rule);
    header_list_add(answer, TEXT("x-tierway-request-id"), relay->account.request_id);
    if (with_cost)
        add_cost(relay, &relay->steps.rows[relay->steps.row_count - 1]);
    if (relay->recorded && relay->meaning != MEANING_SERVED && !route_should_retry(relay)) {
        drop_header(answer, "x-should-retry");
        header_list_add(answer, TEXT("x-should-retry"), TEXT("false"));
    }
}

static void reply_whole(struct relay *relay)
{
    struct text body = buffer_view(&relay->attempt.whole);
    if (relay->head_sent) {
        stream_reply_error(relay, body);
        return;
    }
    route_make_headers(relay, relay->meaning == MEANING_SERVED);
    relay->head_sent = true;
    if (relay->answer.failed || relay->head_headers.failed ||
        exchange_answer(relay->exchange, relay->answer_status, relay->answer.items,
                        relay->answer.count, body))
        relay_break(relay);
}

struct api_error route_own_error(struct relay *relay, int *status)
{
    const char *reason = relay->action.reason;
    if (relay->reply == REPLY_REJECT) {
        *status = relay->action.step_count ? 429 : 403;
        return (struct api_error){
            .type = "policy_rejection",
            .code = "rejected_by_policy",
            .message = reason[0] ? reason : "The policy of this gateway rejects the request."};
    }
    bool late = relay->meaning == MEANING_TIMED_OUT;
    *status = late ? 504 : 502;
    if (late)
        return (struct api_error){
            .type = "timeout",
            .code = "upstream_timeout",
            .message = "The provider did not answer within the time that is allowed."};
    return (struct api_error){
        .type = "server_error",
        .code = "upstream_failed",
        .message = relay->failure.code ? relay->failure.message
                                       : "The provider's answer broke off or cannot be read."};
}

static void say_error(struct relay *relay, int status, const struct api_error *error,
                      bool should_retry)
{
    struct buffer body;
    if (!relay->head_sent) {
        relay_answer_error(relay, status, error, should_retry);
        return;
    }
    buffer_init(&body, ERROR_BYTES);
    api_error_print(&body, error);
    stream_reply_error(relay, buffer_view(&body));
    buffer_free(&body);
}

static void reply_own_error(struct relay *relay)
{
    int status;
    const struct api_error error = route_own_error(relay, &status);
    say_error(relay, status, &error, route_should_retry(relay));
}

void route_reply(struct relay *relay)
{
    switch (relay->reply) {
    case REPLY_NONE:
        break;
    case REPLY_WHOLE:
        reply_whole(relay);
        break;
    case REPLY_HELD:
        stream_reply_held(relay);
        break;
    case REPLY_STREAM:
        stream_durable(relay);
        break;
    case REPLY_REJECT:
    case REPLY_NO_ANSWER:
        reply_own_error(relay);
        break;
    }
}

/* No answer is delivered whose row is not durable. */
void route_reply_unrecorded(struct relay *relay)
{
    static const struct api_error error = {
        .type = "server_error",
        .code = "ledger_unavailable",
        .message = "The answer cannot be accounted for, so it is not delivered."};
    WORKER_COUNT(relay->worker, unrecorded);
    relay->outcome = METRICS_FAILED;
    if (relay->reply == REPLY_STREAM)
        exchange_cut(relay->exchange);
    else
        say_error(relay, 500, &error, false);
}
