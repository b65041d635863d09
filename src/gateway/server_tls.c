/* gateway/server_tls.c: a connection that speaks TLS: what comes is decrypted before the server
 * reads it, what goes out is encrypted before the kernel takes it.
 *
 * The handshake counts as a part of the first request's head, as its time and size are concerned.
 * A caller that breaks the protocol gets the alert that says so; one that speaks plain HTTP gets an
 * answer in plain HTTP. */
#include "gateway/server_internal.h"

/* Sends what the session has for the wire. */
static enum tw_status flush(struct connection *connection)
{
    struct text bytes = tls_session_outgoing(connection->tls);
    if (bytes.length == 0)
        return TW_OK;
    uv_buf_t piece = uv_buf_init((char *)bytes.data, (unsigned)bytes.length);
    enum tw_status status = connection_write_wire(connection, &piece, 1);
    tls_session_sent(connection->tls);
    return status;
}

enum tw_status connection_tls_write(struct connection *connection, const uv_buf_t *pieces,
                                    unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!tls_session_write(connection->tls, pieces[i].base, pieces[i].len))
            return TW_NETWORK;
    return flush(connection);
}

void connection_tls_end(struct connection *connection)
{
    tls_session_end(connection->tls);
    flush(connection);
}

static void refuse_plain(struct connection *connection)
{
    tls_session_free(connection->tls);
    connection->tls = NULL;
    connection_refuse(connection, REFUSAL_PLAIN);
}

void connection_tls_input(struct connection *connection, const char *data, size_t length)
{
    char *plain = connection->server->plain_buffer;
    enum tls_state state = TLS_FAILED;
    size_t got = 1;
    if (!tls_session_feed(connection->tls, data, length)) {
        connection_close(connection, EXCHANGE_LEFT);
        return;
    }
    while (got > 0) {
        got = tls_session_read(connection->tls, plain, READ_BYTES, &state);
        if (got > 0)
            connection_input(connection, plain, got);
        if (connection->phase == PHASE_CLOSING)
            return;
    }
    if (state == TLS_PLAIN)
        refuse_plain(connection); /* the alert would be noise in front of the answer */
    else if (flush(connection) != TW_OK || state != TLS_MORE)
        connection_close(connection, EXCHANGE_LEFT);
}
