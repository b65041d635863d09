/* gateway/stand_in_answer.c: the answer to one call: headers, whole bodies, complaints, the bill.
 * Running out of memory resets the connection; the caller sees a provider that broke down. */
#include "gateway/stand_in_internal.h"

#include <stdio.h>
#include <string.h>

enum { HEADERS_MOST = 16, RATE_REQUESTS = 10000, RATE_TOKENS = 30000000 };

struct header_set {
    struct http_header items[HEADERS_MOST];
    char values[HEADERS_MOST][64];
    size_t count;
};

static void add_header(struct header_set *set, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void add_header(struct header_set *set, const char *name, const char *format, ...)
{
    char *value = set->values[set->count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof set->values[0], format, arguments);
    va_end(arguments);
    set->items[set->count++] = (struct http_header){text_of(name), text_of(value)};
}

static void add_usual_headers(struct header_set *set, const struct call *call, const char *type)
{
    const struct stand_in_options *options = &call->stand_in->options;
    char name[33];
    numbers_name(name, sizeof name - 1, options->seed, call->number, 'q');
    add_header(set, "content-type", "%s", type);
    add_header(set, "x-request-id", "req_%s", name);
    add_header(set, "openai-version", "2020-10-01");
    add_header(set, "openai-processing-ms", "%u", options->latency_ms[call->served]);
    add_header(set, "x-ratelimit-limit-requests", "%d", RATE_REQUESTS);
    add_header(set, "x-ratelimit-limit-tokens", "%d", RATE_TOKENS);
    add_header(set, "x-ratelimit-remaining-requests", "%d", RATE_REQUESTS - 1);
    add_header(set, "x-ratelimit-remaining-tokens", "%lld",
               (long long)(RATE_TOKENS - call->usage.prompt % RATE_TOKENS));
    add_header(set, "x-ratelimit-reset-requests", "6ms");
    add_header(set, "x-ratelimit-reset-tokens", "0s");
}

static void send_whole(struct call *call, int status, const struct header_set *set,
                       const struct buffer *body)
{
    if (body->status ||
        exchange_answer(call->exchange, status, set->items, set->count, buffer_view(body)))
        exchange_reset(call->exchange);
}

void call_answer_bytes(struct call *call, int status, const char *type, struct text body)
{
    struct header_set set = {.count = 0};
    add_usual_headers(&set, call, type);
    if (exchange_answer(call->exchange, status, set.items, set.count, body))
        exchange_reset(call->exchange);
}

void call_complain(struct call *call, const struct complaint *complaint)
{
    struct header_set set = {.count = 0};
    struct buffer body;
    buffer_init(&body, 64 * 1024);
    add_usual_headers(&set, call, "application/json");
    if (complaint->retry_after)
        add_header(&set, "retry-after", "%d", complaint->retry_after);
    buffer_string(&body, "{\"error\":");
    complaint_print_inner(&body, complaint);
    buffer_byte(&body, '}');
    send_whole(call, complaint->status, &set, &body);
    buffer_free(&body);
}

const struct wire_format *call_format(const struct call *call)
{
    return call->question.api == API_CHAT ? &chat_format : &responses_format;
}

static void answer_whole(struct call *call)
{
    struct header_set set = {.count = 0};
    struct buffer body;
    buffer_init(&body, ANSWER_BYTES);
    add_usual_headers(&set, call, "application/json");
    call_format(call)->whole(call, &body);
    if (call->stop_after < 0) {
        send_whole(call, 200, &set, &body);
    } else {
        /* The length of all of it, half of it, and the end. */
        struct text half = {body.data, body.length / 2};
        if (body.status ||
            exchange_start(call->exchange, 200, set.items, set.count, (int64_t)body.length) ||
            exchange_write(call->exchange, half))
            exchange_reset(call->exchange);
        exchange_finish(call->exchange);
    }
    call_bill(call, call->usage.completion);
    buffer_free(&body);
}

static void answer_stream(struct call *call)
{
    struct header_set set = {.count = 0};
    add_usual_headers(&set, call, "text/event-stream; charset=utf-8");
    if (exchange_start(call->exchange, 200, set.items, set.count, LENGTH_UNKNOWN))
        exchange_reset(call->exchange);
    else
        stream_begin(call);
}

void call_answer(struct call *call)
{
    if (fault_strike(call))
        return;
    bool refused = call->failure && call->stop_after == 0;
    if (!refused)
        call->stand_in->counts.served[call->served]++;
    if (call->question.stream)
        answer_stream(call);
    else
        answer_whole(call);
}

static struct bill_row *find_bill(struct counts *counts, const char *model, enum stand_in_tier tier)
{
    for (size_t i = 0; i < counts->bill_count; i++)
        if (counts->bills[i].tier == tier && strcmp(counts->bills[i].model, model) == 0)
            return &counts->bills[i];
    if (counts->bill_count == BILL_ROWS)
        return NULL;
    struct bill_row *row = &counts->bills[counts->bill_count++];
    *row = (struct bill_row){.tier = tier};
    snprintf(row->model, sizeof row->model, "%s", model);
    return row;
}

void call_bill(struct call *call, int64_t completion_tokens)
{
    struct counts *counts = &call->stand_in->counts;
    if (call->billed)
        return;
    call->billed = true;
    struct bill_row *row = find_bill(counts, call->question.model, call->served);
    if (!row) {
        counts->unbilled++;
        return;
    }
    row->requests++;
    row->input += call->usage.prompt;
    row->cached += call->usage.cached;
    row->output += completion_tokens;
    row->reasoning += call->usage.reasoning;
}
