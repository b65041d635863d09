/* gateway/server_answer.c: answers: heads, pieces, chunks, and what waits for a slow reader.
 *
 * Takes the user's header and body bytes and copies what the kernel does not take at once; the
 * copies belong to libuv until their write is done. A connection that fails while being written to
 * ends from the loop, never from inside a function that the user called. */
#include "gateway/api_error.h"
#include "gateway/server_internal.h"

#include <stdlib.h>
#include <string.h>

struct waiting_write {
    uv_write_t request;
    struct connection *connection;
    char bytes[];
};

static struct connection *connection_of(const struct exchange *exchange)
{
    return LINK_OWNER(exchange, struct connection, exchange);
}

static void on_written(uv_write_t *request, int status)
{
    struct waiting_write *write = (struct waiting_write *)request;
    struct connection *connection = write->connection;
    struct server *server = connection->server;
    free(write);
    if (connection->phase == PHASE_CLOSING)
        return;
    if (status < 0) {
        connection_close(connection, EXCHANGE_LEFT);
        return;
    }
    connection_limit_time(connection);
    if (connection->phase != PHASE_ANSWERING || exchange_pending(&connection->exchange) > 0)
        return;
    bool streaming = connection->exchange.state == ANSWER_STREAMING;
    if (streaming && server->callbacks->drained)
        server->callbacks->drained(&connection->exchange, server->context);
    else if (!streaming)
        connection_settle(connection);
}

static enum tw_status write_later(struct connection *connection, const uv_buf_t *pieces,
                                  unsigned count, size_t skip, size_t length)
{
    struct waiting_write *write = malloc(sizeof *write + length);
    if (!write)
        return TW_NO_MEMORY;
    write->connection = connection;
    size_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t passed = skip < pieces[i].len ? skip : pieces[i].len;
        memcpy(write->bytes + at, pieces[i].base + passed, pieces[i].len - passed);
        at += pieces[i].len - passed;
        skip -= passed;
    }
    uv_buf_t rest = uv_buf_init(write->bytes, (unsigned)length);
    if (uv_write(&write->request, (uv_stream_t *)&connection->tcp, &rest, 1, on_written) != 0) {
        free(write);
        return TW_NETWORK;
    }
    connection_limit_time(connection);
    return TW_OK;
}

enum tw_status connection_write(struct connection *connection, const uv_buf_t *pieces,
                                unsigned count)
{
    return connection->tls ? connection_tls_write(connection, pieces, count)
                           : connection_write_wire(connection, pieces, count);
}

enum tw_status connection_write_wire(struct connection *connection, const uv_buf_t *pieces,
                                     unsigned count)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    size_t length = 0;
    for (unsigned i = 0; i < count; i++)
        length += pieces[i].len;
    connection->bytes_written += length;
    int sent = uv_stream_get_write_queue_size(stream) ? 0 : uv_try_write(stream, pieces, count);
    /* An error shows again in write_later, whose callback comes from the loop. */
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done == length)
        return TW_OK;
    return write_later(connection, pieces, count, done, length - done);
}

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } rows[] = {
#define REASON(status, phrase) {status, phrase},
#include "gateway/http_reasons.def"
#undef REASON
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].phrase;
    return "Unnamed";
}

/* No line end and no NUL. Looks at every byte whatever it finds, eight or more at a time. */
static bool is_clean(struct text text)
{
    bool clean = true;
    for (size_t i = 0; i < text.length; i++)
        clean &= text.data[i] != '\r' && text.data[i] != '\n' && text.data[i] != '\0';
    return clean;
}

static bool may_be_sent(const struct http_header *header)
{
    struct text name = header->name;
    bool is_own = http_name_is(name, "content-length") || http_name_is(name, "transfer-encoding") ||
                  http_name_is(name, "connection");
    return name.length > 0 && !is_own && is_clean(name) && is_clean(header->value);
}

static enum tw_status print_lines(struct buffer *head, const struct http_header *headers,
                                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!may_be_sent(&headers[i]))
            return TW_INVALID;
        buffer_text(head, headers[i].name);
        buffer_string(head, ": ");
        buffer_text(head, headers[i].value);
        buffer_string(head, "\r\n");
    }
    return TW_OK;
}

static enum tw_status print_headers(struct buffer *head, int status,
                                    const struct http_header *headers, size_t count)
{
    buffer_clear(head);
    buffer_string(head, "HTTP/1.1 ");
    buffer_number(head, status);
    buffer_byte(head, ' ');
    buffer_string(head, reason_phrase(status));
    buffer_string(head, "\r\n");
    return print_lines(head, headers, count);
}

/* The headers that say where the body ends, and the blank line. */
static void print_framing(struct buffer *head, const struct exchange *exchange, bool closing)
{
    if (exchange->remaining != LENGTH_UNKNOWN) {
        buffer_string(head, "content-length: ");
        buffer_number(head, exchange->remaining);
        buffer_string(head, "\r\n");
    } else if (exchange->chunked) {
        buffer_string(head, "transfer-encoding: chunked\r\n");
    }
    buffer_string(head, closing ? "connection: close\r\n\r\n" : "\r\n");
}

/* Answers that have neither a body nor a length (RFC 9110, 15.3.5 and 15.4.5). */
static bool is_bodiless(int status)
{
    return status == 204 || status == 304;
}

/* Builds the head of an answer in server->head. */
static enum tw_status build_head(struct exchange *exchange, int status,
                                 const struct http_header *headers, size_t count, int64_t length)
{
    struct connection *connection = connection_of(exchange);
    struct server *server = connection->server;
    if (exchange->state != ANSWER_NONE || status < 200 || status > 599)
        return TW_INVALID;
    enum tw_status result = print_headers(&server->head, status, headers, count);
    if (result)
        return result;
    const struct http_request *request = &connection->reader.request;
    exchange->status = status;
    bool open_end = length == LENGTH_UNKNOWN && !is_bodiless(status);
    exchange->without_body |= is_bodiless(status);
    exchange->remaining = is_bodiless(status) ? LENGTH_UNKNOWN : length;
    exchange->chunked = open_end && request->minor_version == 1;
    exchange->close_after |= server->stopping || (open_end && !exchange->chunked);
    /* HTTP/1.0 callers expect a close unless they are told otherwise. */
    if (!exchange->close_after && request->minor_version == 0)
        buffer_string(&server->head, "connection: keep-alive\r\n");
    print_framing(&server->head, exchange, exchange->close_after);
    return server->head.status;
}

static uv_buf_t piece_of(struct text text)
{
    return uv_buf_init((char *)text.data, (unsigned)text.length);
}

static bool answering(const struct exchange *exchange)
{
    return connection_of(exchange)->phase == PHASE_ANSWERING;
}

static enum tw_status send_head(struct exchange *exchange, struct text body)
{
    struct connection *connection = connection_of(exchange);
    uv_buf_t pieces[] = {piece_of(buffer_view(&connection->server->head)), piece_of(body)};
    return connection_write(connection, pieces, body.length ? 2 : 1);
}

enum tw_status exchange_answer(struct exchange *exchange, int status,
                               const struct http_header *headers, size_t count, struct text body)
{
    if (!answering(exchange))
        return TW_OK;
    enum tw_status result = build_head(exchange, status, headers, count, (int64_t)body.length);
    if (result)
        return result;
    exchange->state = ANSWER_COMPLETE;
    body = exchange->without_body ? TEXT("") : body;
    exchange->sent = body.length;
    result = send_head(exchange, body);
    if (result)
        exchange->state = ANSWER_RESET;
    connection_settle_later(connection_of(exchange));
    return result;
}

enum tw_status exchange_start(struct exchange *exchange, int status,
                              const struct http_header *headers, size_t count, int64_t length)
{
    if (!answering(exchange))
        return TW_OK;
    enum tw_status result = build_head(exchange, status, headers, count, length);
    if (result)
        return result;
    exchange->state = ANSWER_STREAMING;
    return send_head(exchange, TEXT(""));
}

static enum tw_status write_chunk(struct exchange *exchange, struct text piece)
{
    char size[24];
    int digits = snprintf(size, sizeof size, "%zx\r\n", piece.length);
    uv_buf_t pieces[] = {uv_buf_init(size, (unsigned)digits), piece_of(piece),
                         piece_of(TEXT("\r\n"))};
    return connection_write(connection_of(exchange), pieces, 3);
}

enum tw_status exchange_write(struct exchange *exchange, struct text piece)
{
    struct connection *connection = connection_of(exchange);
    if (!answering(exchange) || piece.length == 0)
        return TW_OK;
    if (exchange->state != ANSWER_STREAMING)
        return TW_INVALID;
    size_t limit = connection->server->options.write_limit;
    size_t waiting = exchange_pending(exchange);
    if (waiting > limit || piece.length > limit - waiting)
        return TW_LIMIT;
    if (exchange->remaining != LENGTH_UNKNOWN) {
        if ((uint64_t)piece.length > (uint64_t)exchange->remaining)
            return TW_INVALID;
        exchange->remaining -= (int64_t)piece.length;
    }
    if (exchange->without_body)
        return TW_OK;
    exchange->sent += piece.length;
    if (exchange->chunked)
        return write_chunk(exchange, piece);
    uv_buf_t bytes = piece_of(piece);
    return connection_write(connection, &bytes, 1);
}

/* The last chunk, and the trailers behind it, in server->head. */
static enum tw_status write_last_chunk(struct exchange *exchange,
                                       const struct http_header *trailers, size_t count)
{
    struct connection *connection = connection_of(exchange);
    struct buffer *last = &connection->server->head;
    buffer_clear(last);
    buffer_string(last, "0\r\n");
    enum tw_status status = print_lines(last, trailers, count);
    buffer_string(last, "\r\n");
    uv_buf_t piece = piece_of(buffer_view(last));
    if (status == TW_OK)
        status = last->status;
    return status ? status : connection_write(connection, &piece, 1);
}

void exchange_finish_with(struct exchange *exchange, const struct http_header *trailers,
                          size_t count)
{
    if (!answering(exchange) || exchange->state != ANSWER_STREAMING)
        return;
    bool cut = exchange->remaining > 0 && !exchange->without_body;
    exchange->state = cut ? ANSWER_CUT : ANSWER_COMPLETE;
    if (exchange->chunked && !exchange->without_body && write_last_chunk(exchange, trailers, count))
        exchange->state = ANSWER_RESET;
    connection_settle_later(connection_of(exchange));
}

void exchange_finish(struct exchange *exchange)
{
    exchange_finish_with(exchange, NULL, 0);
}

enum tw_status exchange_inform(struct exchange *exchange, int status,
                               const struct http_header *headers, size_t count)
{
    struct connection *connection = connection_of(exchange);
    struct buffer *head = &connection->server->head;
    if (!answering(exchange) || connection->reader.request.minor_version == 0)
        return TW_OK;
    if (exchange->state != ANSWER_NONE || status < 102 || status > 199)
        return TW_INVALID;
    enum tw_status result = print_headers(head, status, headers, count);
    buffer_string(head, "\r\n");
    return result ? result : send_head(exchange, TEXT(""));
}

static void end_early(struct exchange *exchange, enum answer_state state)
{
    if (!answering(exchange) || exchange->state == ANSWER_RESET)
        return;
    exchange->state = state;
    connection_settle_later(connection_of(exchange));
}

void exchange_cut(struct exchange *exchange)
{
    end_early(exchange, ANSWER_CUT);
}

void exchange_reset(struct exchange *exchange)
{
    end_early(exchange, ANSWER_RESET);
}

size_t exchange_pending(const struct exchange *exchange)
{
    return uv_stream_get_write_queue_size((uv_stream_t *)&connection_of(exchange)->tcp);
}

const struct http_request *exchange_request(const struct exchange *exchange)
{
    return &connection_of(exchange)->reader.request;
}

uv_loop_t *exchange_loop(const struct exchange *exchange)
{
    return connection_of(exchange)->server->loop;
}

void *exchange_context(const struct exchange *exchange)
{
    return connection_of(exchange)->server->context;
}

void exchange_take_body(struct exchange *exchange, struct buffer *body)
{
    struct request_reader *reader = &connection_of(exchange)->reader;
    *body = reader->body;
    buffer_init(&reader->body, body->limit);
    reader->request.body = TEXT("");
}

void exchange_return_body(struct exchange *exchange, struct buffer *body)
{
    struct request_reader *reader = &connection_of(exchange)->reader;
    buffer_free(&reader->body);
    reader->body = *body;
    reader->request.body = buffer_view(&reader->body);
    buffer_init(body, 0);
}

int exchange_status(const struct exchange *exchange)
{
    return exchange->status;
}

uint64_t exchange_sent(const struct exchange *exchange)
{
    return exchange->sent;
}

void exchange_set_data(struct exchange *exchange, void *data)
{
    exchange->data = data;
}

void *exchange_data(const struct exchange *exchange)
{
    return exchange->data;
}

enum tw_status connection_write_refusal(struct connection *connection, enum request_refusal refusal)
{
    const struct refusal_row *row = refusal_row(refusal);
    const struct api_error error = {.type = row->status < 500 ? "invalid_request_error"
                                                              : "server_error",
                                    .code = row->code,
                                    .message = row->message};
    struct buffer *head = &connection->server->head;
    struct buffer body;
    buffer_init(&body, 4096);
    api_error_print(&body, &error);
    static const struct http_header type = {{"content-type", 12}, {"application/json", 16}};
    print_headers(head, row->status, &type, 1);
    const struct exchange framing = {.remaining = (int64_t)body.length};
    print_framing(head, &framing, true);
    enum tw_status status = head->status ? head->status : body.status;
    uv_buf_t pieces[] = {piece_of(buffer_view(head)), piece_of(buffer_view(&body))};
    if (!status)
        status = connection_write(connection, pieces, 2);
    buffer_free(&body);
    return status;
}
