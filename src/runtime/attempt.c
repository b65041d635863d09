/* runtime/attempt.c: see attempt.h. Owns buffers with a limit each; takes bytes from the network.
 */
#include "runtime/attempt.h"

#include "runtime/retry.h"

#include <string.h>
#include <strings.h>

void attempt_init(struct attempt *attempt)
{
    *attempt = (struct attempt){.wait = -1, .limits = RATE_LIMITS_UNKNOWN};
    answer_init(&attempt->answer);
    sse_init(&attempt->sse, SSE_EVENT_MAX);
    buffer_init(&attempt->whole, ATTEMPT_BODY_MAX);
    buffer_init(&attempt->held, ATTEMPT_HELD_MAX);
}

void attempt_free(struct attempt *attempt)
{
    answer_free(&attempt->answer);
    sse_free(&attempt->sse);
    buffer_free(&attempt->whole);
    buffer_free(&attempt->held);
}

void attempt_begin(struct attempt *attempt, int64_t instant, bool drop_usage, piece_visitor visit,
                   void *context)
{
    answer_clear(&attempt->answer);
    sse_free(&attempt->sse);
    sse_init(&attempt->sse, SSE_EVENT_MAX);
    attempt->sse.keep_raw = attempt->raw_wanted;
    buffer_clear(&attempt->whole);
    buffer_clear(&attempt->held);
    attempt->visit = visit;
    attempt->context = context;
    attempt->instant = instant;
    attempt->wait = -1;
    attempt->limits = RATE_LIMITS_UNKNOWN;
    attempt->http_status = 0;
    attempt->drop_usage = drop_usage;
    attempt->reading = TW_OK;
    attempt->wait_is_exact = attempt->event_stream = false;
    attempt->passed_on = attempt->stopped = false;
}

static bool begins(struct text text, const char *word)
{
    return text.length >= strlen(word) && strncasecmp(text.data, word, strlen(word)) == 0;
}

static bool is_good(const struct attempt *attempt)
{
    return attempt->http_status >= 200 && attempt->http_status < 300;
}

void attempt_header(struct attempt *attempt, int status, struct text name, struct text value)
{
    int64_t wait;
    attempt->http_status = status;
    rate_limits_header(&attempt->limits, name, value);
    if (name.length == strlen("content-type") && begins(name, "content-type"))
        attempt->event_stream = is_good(attempt) && begins(value, "text/event-stream");
    if (attempt->wait_is_exact || !retry_after_read(name, value, attempt->instant, &wait))
        return;
    attempt->wait = wait;
    attempt->wait_is_exact = name.length == strlen("retry-after-ms");
}

static bool pass_on(struct attempt *attempt, const struct piece *piece)
{
    if (!attempt->visit)
        return true;
    attempt->passed_on = true;
    attempt->stopped = !attempt->visit(attempt->context, piece);
    return !attempt->stopped;
}

static void hold_text(struct buffer *held, struct text text)
{
    buffer_append(held, &text.length, sizeof text.length);
    buffer_text(held, text);
}

static struct text take_held(struct text *held)
{
    struct text text = {held->data + sizeof text.length, 0};
    memcpy(&text.length, held->data, sizeof text.length);
    size_t used = sizeof text.length + text.length;
    *held = (struct text){held->data + used, held->length - used};
    return text;
}

/* Early events hold no text of the answer. */
static bool pass_on_held(struct attempt *attempt)
{
    struct text held = buffer_view(&attempt->held);
    bool more = true;
    while (more && held.length > 0) {
        struct piece piece = {.text = TEXT("")};
        piece.event = take_held(&held);
        piece.data = take_held(&held);
        piece.raw = take_held(&held);
        more = pass_on(attempt, &piece);
    }
    buffer_clear(&attempt->held);
    return more;
}

static bool hold(struct attempt *attempt, const struct sse_event *event)
{
    size_t needed =
        event->name.length + event->data.length + event->raw.length + 3 * sizeof(size_t);
    if (needed > ATTEMPT_HELD_MAX - attempt->held.length)
        return false;
    hold_text(&attempt->held, event->name);
    hold_text(&attempt->held, event->data);
    hold_text(&attempt->held, event->raw);
    return true;
}

/* Ends the reading without being a failure; attempt->stopped and answer.failed say why. */
#define READ_NO_MORE TW_LIMIT

static enum tw_status take_event(void *context, const struct sse_event *event)
{
    struct attempt *attempt = context;
    struct answer_event read = {.text = TEXT("")};
    enum tw_status status =
        event->has_data ? answer_read_event(&attempt->answer, event->data, &read) : TW_OK;
    if (status != TW_OK) {
        attempt->reading = status;
        return status;
    }
    if (attempt->answer.failed && !attempt->passed_on) {
        hold(attempt, event);
        return READ_NO_MORE;
    }
    if (!attempt->passed_on && !attempt->answer.begun && hold(attempt, event))
        return TW_OK;
    if (!attempt->passed_on && !pass_on_held(attempt))
        return READ_NO_MORE;
    if (read.usage_only && attempt->drop_usage)
        return TW_OK;
    struct piece piece = {event->name, event->data, read.text, event->raw, read.last};
    return pass_on(attempt, &piece) ? TW_OK : READ_NO_MORE;
}

bool attempt_piece(struct attempt *attempt, struct text piece)
{
    if (!attempt->event_stream) {
        buffer_text(&attempt->whole, piece);
        attempt->reading = attempt->whole.status;
        return attempt->whole.status == TW_OK;
    }
    enum tw_status status = sse_feed(&attempt->sse, piece, take_event, attempt);
    bool wanted = !attempt->stopped && !(attempt->answer.failed && !attempt->passed_on);
    if (status != TW_OK && wanted)
        attempt->reading = status;
    return status == TW_OK;
}

void attempt_release(struct attempt *attempt)
{
    pass_on_held(attempt);
}

static void read_whole(struct attempt *attempt)
{
    struct text body = buffer_view(&attempt->whole);
    enum tw_status status = answer_read(&attempt->answer, body);
    if (!is_good(attempt))
        return;
    attempt->reading = status;
    if (status != TW_OK || attempt->answer.failed || !attempt->visit)
        return;
    struct piece piece = {
        .event = TEXT(""), .data = body, .text = buffer_view(&attempt->answer.content)};
    attempt->passed_on = true;
    attempt->visit(attempt->context, &piece);
}

static enum meaning meaning_of_answer(const struct attempt *attempt, struct text provider,
                                      struct text tier)
{
    const struct answer *answer = &attempt->answer;
    const struct refusal_facts facts = {.provider = provider,
                                        .tier = tier,
                                        .status = attempt->http_status,
                                        .error = answer->failed,
                                        .type = buffer_view(&answer->error_type),
                                        .code = buffer_view(&answer->error_code),
                                        .message = buffer_view(&answer->error_message),
                                        .param = buffer_view(&answer->error_param)};
    enum meaning meaning = refusal_meaning(&facts);
    if (meaning == MEANING_SERVED && (attempt->reading != TW_OK || !answer->complete))
        return MEANING_PASSING;
    return meaning;
}

enum meaning attempt_end(struct attempt *attempt, enum tw_status exchange, struct text provider,
                         struct text tier)
{
    bool over = exchange == TW_OK && attempt->http_status && attempt->reading == TW_OK;
    if (over && !attempt->event_stream && !attempt->stopped)
        read_whole(attempt);
    if (attempt->stopped)
        return MEANING_CANCELLED;
    /* A stream whose end was read is whole, however its connection ends. */
    if (exchange == TW_OK || attempt->answer.complete)
        return meaning_of_answer(attempt, provider, tier);
    return exchange == TW_TIMEOUT ? MEANING_TIMED_OUT : MEANING_PASSING;
}
