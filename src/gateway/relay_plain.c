/* gateway/relay_plain.c: requests that pass through untouched.
 *
 * Bytes go from libcurl's buffer to the caller's socket without being held; where the caller is
 * slow, the transfer pauses. An answer that breaks off upstream breaks off for the caller. */
#include "gateway/api_error.h"
#include "gateway/relay.h"

#include <stdlib.h>

static int64_t length_of(const struct transfer_head *head)
{
    for (size_t i = 0; i < head->header_count; i++)
        if (http_name_is(head->headers[i].name, "content-length")) {
            int64_t length;
            return decimal_parse(head->headers[i].value, 0, &length) == TW_OK && length >= 0
                       ? length
                       : LENGTH_UNKNOWN;
        }
    return LENGTH_UNKNOWN;
}

static void on_interim(void *context, const struct transfer_head *head)
{
    struct relay *relay = context;
    relay->answer.count = 0;
    forward_answer(head->headers, head->header_count, false, &relay->answer);
    if (exchange_inform(relay->exchange, head->status, relay->answer.items, relay->answer.count))
        relay_break(relay);
    relay->answer.count = 0;
}

static void on_head(void *context, const struct transfer_head *head)
{
    struct relay *relay = context;
    forward_answer(head->headers, head->header_count, false, &relay->answer);
    relay->head_sent = true;
    if (relay->answer.failed || exchange_start(relay->exchange, head->status, relay->answer.items,
                                               relay->answer.count, length_of(head)))
        relay_break(relay);
}

static enum piece_verdict on_piece(void *context, struct text piece)
{
    struct relay *relay = context;
    if (exchange_pending(relay->exchange) > RELAY_PENDING_MAX)
        return PIECE_LATER;
    if (exchange_write(relay->exchange, piece) == TW_OK)
        return PIECE_TAKEN;
    relay_break(relay);
    return PIECE_STOP;
}

static void on_end(void *context, const struct transfer_end *end)
{
    struct relay *relay = context;
    relay->transfer = NULL;
    if (end->status == TW_OK && relay->head_sent) {
        struct header_list *trailers = &relay->answer;
        trailers->count = 0;
        forward_answer(end->trailers, end->trailer_count, false, trailers);
        exchange_finish_with(relay->exchange, trailers->items, trailers->count);
    } else if (relay->head_sent) {
        exchange_cut(relay->exchange);
    } else {
        relay->outcome = METRICS_NO_ANSWER;
        const struct api_error error = {.type = "server_error",
                                        .code = "upstream_unreachable",
                                        .message = end->message ? end->message
                                                                : "The provider did not answer."};
        relay_answer_error(relay, end->status == TW_TIMEOUT ? 504 : 502, &error, true);
    }
}

void plain_begin(struct relay *relay)
{
    static const struct transfer_events events = {on_interim, on_head, on_piece, on_end};
    const struct http_request *request = exchange_request(relay->exchange);
    forward_target(relay->worker->forward, request->target, &relay->target);
    forward_request(relay->worker->forward, request, false, relay->caller != NULL, &relay->headers);
    const struct transfer_request transfer = {.method = request->method,
                                              .target = buffer_view(&relay->target),
                                              .headers = relay->headers.items,
                                              .header_count = relay->headers.count,
                                              .body = request->body,
                                              .has_body =
                                                  http_header_find(request, "content-length") ||
                                                  http_header_find(request, "transfer-encoding"),
                                              .events = &events,
                                              .context = relay};
    bool failed = relay->headers.failed || relay->target.status;
    if (failed || transfer_start(relay->worker->upstream, &transfer, &relay->transfer)) {
        const struct api_error error = {.type = "server_error",
                                        .code = "out_of_memory",
                                        .message = "The request cannot be sent on."};
        relay_answer_error(relay, 503, &error, true);
    }
}
