/* gateway/route_stream.c: events on their way to the caller.
 *
 * Bytes are passed on as they came, once per piece that libcurl hands out. The event that ends the
 * stream waits until its row is durable. While a caller waits for the first event it may get its
 * headers early, with comments; what goes wrong after that is told by an event. */
#include "gateway/api_error.h"
#include "gateway/relay.h"

#include <stdlib.h>
#include <string.h>

static void write_bytes(struct relay *relay, struct text bytes)
{
    if (bytes.length == 0)
        return;
    relay->last_byte = bytes.data[bytes.length - 1];
    if (exchange_write(relay->exchange, bytes) != TW_OK)
        relay_break(relay);
}

static void send_head(struct relay *relay, int status)
{
    relay->head_sent = true;
    relay->comment_at = NEVER;
    if (relay->answer.failed || exchange_start(relay->exchange, status, relay->answer.items,
                                               relay->answer.count, LENGTH_UNKNOWN))
        relay_break(relay);
}

/* The first event that is passed on: no other attempt will follow, and a time limit that the rule
 * itself sets goes on running, but no other: a caller that is being served does not wait. */
static void begin(struct relay *relay)
{
    int64_t timeout = steps_current(&relay->steps)->timeout;
    relay->time_out_at = timeout > 0 ? relay->steps.begun + timeout : NEVER;
    relay->comment_at = NEVER;
    route_set_timer(relay);
    if (relay->head_sent)
        return;
    route_make_headers(relay, false);
    send_head(relay, relay->answer_status);
    /* A stream may last long: what it needs no more is given back. */
    header_list_free(&relay->headers);
    header_list_free(&relay->head_headers);
    header_list_free(&relay->answer);
    buffer_free(&relay->head);
}

bool stream_pass(void *context, const struct piece *piece)
{
    struct relay *relay = context;
    if (relay->first_byte == 0)
        relay->first_byte = uv_hrtime();
    if (!relay->head_sent || relay->comment_at != NEVER)
        begin(relay);
    relay->last_seen |= piece->last;
    struct buffer *target = relay->last_seen && !relay->durable ? &relay->tail : &relay->out;
    buffer_text(target, piece->raw);
    return target->status == TW_OK;
}

void stream_flush(struct relay *relay)
{
    if (relay->out.length == 0)
        return;
    write_bytes(relay, buffer_view(&relay->out));
    buffer_clear(&relay->out);
}

/* --- the end --- */

/* What the headers could not say: a comment, which readers of events pass over. */
static void write_summary(struct relay *relay)
{
    const struct ledger_row *row = &relay->steps.rows[relay->steps.row_count - 1];
    struct buffer *out = &relay->out;
    buffer_string(out, ": tierway {\"request_id\":");
    json_write_string(out, row->request_id);
    buffer_string(out, ",\"rule\":");
    json_write_string(out, row->rule);
    buffer_string(out, ",\"tier\":");
    json_write_string(out, row->served_tier.length ? row->served_tier : row->attempted_tier);
    buffer_format(out, ",\"attempts\":%zu", relay->steps.row_count);
    if (row->cost != LEDGER_UNKNOWN) {
        buffer_string(out, ",\"cost\":\"");
        decimal_print(out, row->cost, MONEY_PLACES);
        buffer_byte(out, '"');
    }
    buffer_string(out, "}\n\n");
}

void stream_end(struct relay *relay)
{
    write_bytes(relay, sse_rest(&relay->attempt.sse));
    if (relay->broken) {
        exchange_cut(relay->exchange);
        return;
    }
    if (relay->last_byte == '\n' && relay->attempt.answer.complete) {
        write_summary(relay);
        stream_flush(relay);
    }
    exchange_finish(relay->exchange);
}

void stream_durable(struct relay *relay)
{
    write_bytes(relay, buffer_view(&relay->tail));
    buffer_clear(&relay->tail);
    if (relay->upstream_over)
        stream_end(relay);
    else if (relay->transfer)
        transfer_resume(relay->transfer);
}

void stream_reply_held(struct relay *relay)
{
    relay->upstream_over = true;
    attempt_release(&relay->attempt);
    stream_flush(relay);
    stream_end(relay);
}

/* --- early heads --- */

static void start_early(struct relay *relay)
{
    WORKER_COUNT(relay->worker, early_heads);
    relay->early = true;
    relay->answer.count = 0;
    header_list_add(&relay->answer, TEXT("content-type"), TEXT("text/event-stream"));
    header_list_add(&relay->answer, TEXT("cache-control"), TEXT("no-cache"));
    header_list_add(&relay->answer, TEXT("x-tierway-rule"), relay->account.rule);
    header_list_add(&relay->answer, TEXT("x-tierway-request-id"), relay->account.request_id);
    send_head(relay, 200);
}

void stream_comment(struct relay *relay)
{
    if (!relay->head_sent)
        start_early(relay);
    write_bytes(relay, TEXT(": tierway waiting\n\n"));
    relay->comment_at = relay_now(relay) + relay->worker->options->comment_every_ms;
}

/* Each line of the data has to be a line of the event. */
static void write_data(struct buffer *out, struct text data)
{
    while (data.length > 0) {
        const char *end = memchr(data.data, '\n', data.length);
        size_t length = end ? (size_t)(end - data.data) : data.length;
        buffer_string(out, "data: ");
        buffer_append(out, data.data, length);
        buffer_byte(out, '\n');
        length += end != NULL;
        data = (struct text){data.data + length, data.length - length};
    }
    buffer_byte(out, '\n');
}

void stream_reply_error(struct relay *relay, struct text error_object)
{
    if (!relay->chat)
        buffer_string(&relay->out, "event: error\n");
    write_data(&relay->out, error_object);
    stream_flush(relay);
    exchange_finish(relay->exchange);
}
