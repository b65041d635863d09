/* runtime/transport.h: one HTTP exchange, behind a table of operations, so that tests can answer
 * without a network.
 *
 * A transport is used by one thread at a time, but for transport_wake. */
#ifndef TIERWAY_RUNTIME_TRANSPORT_H
#define TIERWAY_RUNTIME_TRANSPORT_H

#include "base/text.h"

#include <stdatomic.h>

struct transport_header {
    struct text name, value;
};

/* A POST. All texts and functions have to stay until the exchange returns. */
struct transport_request {
    const char *url;
    const struct transport_header *headers; /* any value with a control character is refused */
    size_t header_count;
    struct text body;
    int64_t timeout;              /* milliseconds for the whole exchange, over 0 */
    const atomic_bool *cancelled; /* looked at again after transport_wake; NULL: never cancelled */
    void *context;
    /* The head of the answer, once the final status is known: `status`, then each header. */
    void (*on_header)(void *context, int status, struct text name, struct text value);
    /* Body bytes as they arrive. False ends the exchange. */
    bool (*on_piece)(void *context, struct text piece);
};

struct transport_answer {
    int status;   /* of HTTP; 0 where no answer began */
    bool sent;    /* some byte of the request may have reached the other side */
    bool stopped; /* on_piece said false, or the exchange was cancelled */
};

struct transport {
    const struct transport_operations *operations;
};

struct transport_operations {
    enum tw_status (*exchange)(struct transport *transport, const struct transport_request *request,
                               struct transport_answer *answer, struct tw_error *error);
    void (*pause)(struct transport *transport, int64_t milliseconds, const atomic_bool *cancelled);
    void (*wake)(struct transport *transport);
    void (*close)(struct transport *transport);
};

/* TW_OK: a whole answer arrived, whatever its status, or the caller stopped it. TW_TIMEOUT.
 * TW_NETWORK: not reached, or broken off. TW_INVALID: a header or the URL cannot be sent.
 * TW_NOT_FOUND: no usable libcurl on this machine. TW_NO_MEMORY. answer is set whatever the result,
 * and error says in words what happened; no header is quoted in it. */
static inline enum tw_status transport_exchange(struct transport *transport,
                                                const struct transport_request *request,
                                                struct transport_answer *answer,
                                                struct tw_error *error)
{
    return transport->operations->exchange(transport, request, answer, error);
}

/* Waits, at most until *cancelled (NULL allowed) is true and transport_wake was called. */
static inline void transport_pause(struct transport *transport, int64_t milliseconds,
                                   const atomic_bool *cancelled)
{
    transport->operations->pause(transport, milliseconds, cancelled);
}

/* Makes a running exchange or pause look at its flag. From any thread, as long as the transport is
 * open. */
static inline void transport_wake(struct transport *transport)
{
    transport->operations->wake(transport);
}

static inline void transport_close(struct transport *transport) /* NULL allowed */
{
    if (transport)
        transport->operations->close(transport);
}

/* HTTP/1.1 and TLS through libcurl. It opens nothing but a little memory: libcurl itself is loaded
 * by the first exchange. user_agent is copied. */
enum tw_status transport_curl_open(const char *user_agent, struct transport **transport,
                                   struct tw_error *error);

#endif
