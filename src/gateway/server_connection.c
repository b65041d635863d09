/* gateway/server_connection.c: one connection: reading, its phases, its time limits, its end.
 *
 * The server owns the connection from accept to the moment libuv has closed both handles. What
 * goes wrong on the wire ends the connection and, where one is out, its exchange; nothing else can
 * fail here. */
#include "gateway/server_internal.h"

#include <stdlib.h>

enum {
    CONNECTIONS_TO_REFUSE = 64,      /* beyond the limit, to be told so; then closed unheard */
    LINGER_BYTES = 64 * 1024 * 1024, /* a refused caller may send this much before it is cut */
    KEPT_AHEAD_BYTES = 16 * 1024     /* a larger buffer of pipelined bytes is given back */
};

static void on_time_up(uv_timer_t *timer);

static void on_handle_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    if (--connection->open_handles > 0)
        return;
    struct server *server = connection->server;
    link_remove(&connection->in_server);
    link_remove(&connection->in_settling);
    reader_free(&connection->reader);
    buffer_free(&connection->ahead);
    connection_gate_leave(server->options.gate, connection->place);
    tls_session_free(connection->tls);
    free(connection);
    server_connection_gone(server);
}

static void close_handles(struct connection *connection)
{
    bool reset = connection->exchange.state == ANSWER_RESET;
    /* Without this word a caller knows that the answer was cut off. */
    if (connection->tls && !reset && connection->phase != PHASE_ANSWERING)
        connection_tls_end(connection);
    connection->phase = PHASE_CLOSING;
    link_remove(&connection->in_settling);
    uv_close((uv_handle_t *)&connection->timer, on_handle_closed);
    if (!reset || uv_tcp_close_reset(&connection->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&connection->tcp, on_handle_closed);
}

static void end_exchange(struct connection *connection, enum exchange_end end)
{
    struct server *server = connection->server;
    server->callbacks->ended(&connection->exchange, end, server->context);
}

void connection_close(struct connection *connection, enum exchange_end end)
{
    if (connection->phase == PHASE_CLOSING)
        return;
    if (connection->phase == PHASE_ANSWERING)
        end_exchange(connection, end);
    close_handles(connection);
}

static size_t bytes_waiting(const struct connection *connection)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp);
}

static uint64_t bytes_sent(const struct connection *connection)
{
    return connection->bytes_written - bytes_waiting(connection);
}

/* The longest time the phase may take, in milliseconds; 0 is for ever. */
static uint32_t phase_limit(const struct connection *connection)
{
    const struct server_options *options = &connection->server->options;
    switch (connection->phase) {
    case PHASE_IDLE:
        return options->idle_ms;
    case PHASE_HEAD:
        return options->head_ms;
    case PHASE_BODY:
        return options->body_ms;
    case PHASE_ANSWERING:
        return bytes_waiting(connection) ? options->stall_ms : 0;
    case PHASE_LINGERING:
        return options->linger_ms;
    case PHASE_CLOSING:
        break;
    }
    return 0;
}

void connection_limit_time(struct connection *connection)
{
    bool running = uv_is_active((uv_handle_t *)&connection->timer);
    uint32_t limit = phase_limit(connection);
    if (limit == 0) {
        uv_timer_stop(&connection->timer);
    } else if (!running || connection->timed_phase != connection->phase) {
        connection->timed_phase = connection->phase;
        connection->sent_before = bytes_sent(connection);
        uv_timer_start(&connection->timer, on_time_up, limit, 0);
    }
}

static void set_phase(struct connection *connection, enum connection_phase phase)
{
    connection->phase = phase;
    connection_limit_time(connection);
}

static void on_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(connection->server->read_buffer, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    if (length < 0)
        connection_close(connection, EXCHANGE_LEFT);
    else if (length > 0 && connection->tls)
        connection_tls_input(connection, buffer->base, (size_t)length);
    else if (length > 0)
        connection_input(connection, buffer->base, (size_t)length);
}

static void keep_reading(struct connection *connection, bool wanted)
{
    if (wanted == connection->reading)
        return;
    connection->reading = wanted;
    if (wanted)
        uv_read_start((uv_stream_t *)&connection->tcp, on_read_buffer, on_read);
    else
        uv_read_stop((uv_stream_t *)&connection->tcp);
}

static void on_shut_down(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status;
}

/* Says that nothing more will come, and waits for the caller to close: closing with bytes unread
 * would reset the connection and could destroy the answer on its way (RFC 9112, 9.6). */
static void linger(struct connection *connection)
{
    set_phase(connection, PHASE_LINGERING);
    buffer_free(&connection->ahead);
    keep_reading(connection, true);
    if (connection->tls)
        connection_tls_end(connection);
    if (uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shut_down) != 0)
        connection_close(connection, EXCHANGE_LEFT);
}

void connection_refuse(struct connection *connection, enum request_refusal refusal)
{
    if (connection_write_refusal(connection, refusal))
        connection_close(connection, EXCHANGE_LEFT);
    else
        linger(connection);
}

static void on_time_up(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    bool in_request = connection->phase == PHASE_HEAD || connection->phase == PHASE_BODY;
    if (in_request && connection->reader.state != READER_EMPTY)
        connection_refuse(connection, REFUSAL_TIMEOUT);
    else if (connection->phase == PHASE_ANSWERING &&
             bytes_sent(connection) > connection->sent_before)
        connection_limit_time(connection); /* some bytes went out: another round */
    else
        connection_close(connection, EXCHANGE_LEFT);
}

static void keep_ahead(struct connection *connection, const char *data, size_t length)
{
    buffer_append(&connection->ahead, data, length);
    if (connection->ahead.status)
        connection_close(connection, EXCHANGE_LEFT);
    else if (connection->ahead.length >= connection->server->options.pipeline_bytes)
        keep_reading(connection, false);
}

static void send_continue(struct connection *connection)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct request_reader *reader = &connection->reader;
    if (connection->continued || !reader->request.expects_continue || reader->framed_bytes > 0)
        return;
    connection->continued = true;
    uv_buf_t piece = uv_buf_init((char *)line, sizeof line - 1);
    connection_write(connection, &piece, 1);
}

static void hand_out_exchange(struct connection *connection)
{
    struct server *server = connection->server;
    const struct http_request *request = &connection->reader.request;
    connection->exchange = (struct exchange){
        .without_body = text_is(request->method, "HEAD"),
        .close_after = !request->keep_alive || server->stopping,
    };
    set_phase(connection, PHASE_ANSWERING);
    server->callbacks->request(&connection->exchange, server->context);
}

/* A request whose body nobody wants ends with its head. */
static void hand_out_head(struct connection *connection)
{
    struct request_reader *reader = &connection->reader;
    reader->request.body = TEXT("");
    reader->request.keep_alive = false;
    buffer_free(&reader->body);
    hand_out_exchange(connection);
}

static void begin_body(struct connection *connection)
{
    const struct server *server = connection->server;
    const struct http_request *request = &connection->reader.request;
    bool begun = connection->phase == PHASE_BODY;
    if (!begun && server->callbacks->body_wanted &&
        !server->callbacks->body_wanted(request, server->context)) {
        hand_out_head(connection);
        return;
    }
    send_continue(connection);
    set_phase(connection, PHASE_BODY);
}

/* Bytes in a phase that waits for a request, or for more of one. */
static void read_request(struct connection *connection, const char *data, size_t length)
{
    struct request_reader *reader = &connection->reader;
    size_t used = reader_feed(reader, data, length);
    if (used < length && reader->state == READER_DONE)
        keep_ahead(connection, data + used, length - used);
    if (connection->phase == PHASE_CLOSING)
        return;
    switch (reader->state) {
    case READER_EMPTY:
        break;
    case READER_HEAD:
        set_phase(connection, PHASE_HEAD);
        break;
    case READER_BODY:
        begin_body(connection);
        break;
    case READER_DONE:
        hand_out_exchange(connection);
        break;
    case READER_REFUSED:
        connection_refuse(connection, reader->refusal);
        break;
    }
}

void connection_input(struct connection *connection, const char *data, size_t length)
{
    switch (connection->phase) {
    case PHASE_IDLE:
    case PHASE_HEAD:
    case PHASE_BODY:
        read_request(connection, data, length);
        break;
    case PHASE_ANSWERING:
        keep_ahead(connection, data, length);
        break;
    case PHASE_LINGERING:
        connection->discarded += length;
        if (connection->discarded > LINGER_BYTES)
            connection_close(connection, EXCHANGE_LEFT);
        break;
    case PHASE_CLOSING:
        break;
    }
}

/* The next request may be here already, whole or in part. */
static void next_request(struct connection *connection)
{
    reader_reset(&connection->reader);
    connection->continued = false;
    set_phase(connection, PHASE_IDLE);
    keep_reading(connection, true);
    if (connection->ahead.length == 0)
        return;
    struct buffer input = connection->ahead;
    buffer_init(&connection->ahead, input.limit);
    read_request(connection, input.data, input.length);
    if (connection->ahead.length == 0 && connection->phase != PHASE_CLOSING &&
        input.capacity <= KEPT_AHEAD_BYTES) {
        buffer_clear(&input);
        connection->ahead = input;
        return;
    }
    buffer_free(&input);
}

void connection_settle(struct connection *connection)
{
    struct exchange *exchange = &connection->exchange;
    bool waiting = bytes_waiting(connection) > 0;
    if (connection->phase != PHASE_ANSWERING)
        return;
    if (exchange->state == ANSWER_RESET || (exchange->state == ANSWER_CUT && !waiting)) {
        connection_close(connection, EXCHANGE_ABORTED);
    } else if (exchange->state == ANSWER_COMPLETE && !waiting) {
        end_exchange(connection, EXCHANGE_ANSWERED);
        if (exchange->close_after || connection->server->stopping)
            linger(connection);
        else
            next_request(connection);
    }
}

static void on_settle(uv_idle_t *settler)
{
    struct server *server = settler->data;
    struct link round; /* what is added meanwhile waits for the next round */
    link_init(&round);
    while (server->settling.next != &server->settling)
        link_add(&round, server->settling.next);
    uv_idle_stop(settler);
    while (round.next != &round) {
        struct connection *connection = LINK_OWNER(round.next, struct connection, in_settling);
        link_remove(&connection->in_settling);
        connection_settle(connection);
    }
}

void connection_settle_later(struct connection *connection)
{
    link_add(&connection->server->settling, &connection->in_settling);
    uv_idle_start(&connection->server->settler, on_settle);
}

static struct connection *connection_new(struct server *server)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection && server->options.tls)
        connection->tls = tls_session_new(server->options.tls);
    if (!connection || (server->options.tls && !connection->tls)) {
        free(connection);
        return NULL;
    }
    connection->server = server;
    link_init(&connection->in_server);
    link_init(&connection->in_settling);
    reader_init(&connection->reader, &server->options.limits);
    /* Room for one read past the point at which reading stops. */
    buffer_init(&connection->ahead, server->options.pipeline_bytes + READ_BYTES);
    uv_tcp_init(server->loop, &connection->tcp);
    uv_timer_init(server->loop, &connection->timer);
    connection->tcp.data = connection;
    connection->timer.data = connection;
    connection->open_handles = 2;
    link_add(&server->connections, &connection->in_server);
    server->connection_count++;
    return connection;
}

/* Whether the server's gate, if there is one, lets this caller in. */
static bool may_enter(struct connection *connection)
{
    struct connection_gate *gate = connection->server->options.gate;
    struct sockaddr_storage address;
    int length = sizeof address;
    if (!gate)
        return true;
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &length) != 0)
        return false; /* it has left already */
    connection->place = connection_gate_enter(gate, (struct sockaddr *)&address);
    return connection->place != NULL;
}

void connection_accept(struct server *server)
{
    struct connection *connection = connection_new(server);
    if (!connection) {
        server_turn_away(server);
        return;
    }
    size_t limit = server->options.connection_limit;
    bool too_many = server->connection_count > limit + CONNECTIONS_TO_REFUSE;
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&connection->tcp) || too_many) {
        connection_close(connection, EXCHANGE_LEFT);
        return;
    }
    uv_tcp_nodelay(&connection->tcp, 1);
    keep_reading(connection, true);
    bool refused = server->connection_count > limit || !may_enter(connection);
    if (refused && connection->tls)
        connection_close(connection, EXCHANGE_LEFT); /* no answer can be read before a handshake */
    else if (refused)
        connection_refuse(connection, REFUSAL_CONNECTIONS);
    else
        set_phase(connection, PHASE_HEAD);
}
