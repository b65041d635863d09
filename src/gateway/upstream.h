/* gateway/upstream.h: HTTP transfers to one provider on a libuv loop, through libcurl.
 *
 * An upstream belongs to one loop and one thread, and keeps connections open between transfers.
 * Whatever is asked is sent as it is: method, target, headers and body. Redirects are not followed,
 * no proxy is taken from the environment, certificates are verified, nothing is decompressed.
 *
 * HTTP/1.1, and HTTP/2 only where it is asked for: it is no faster, and a slow reader's stream
 * beside others takes megabytes (docs/dependencies.md). libcurl sends a request again by itself
 * where a kept connection turns out to be closed before any byte of an answer.
 *
 * Events come from the loop only, never from within transfer_start and transfer_cancel; a piece
 * that was put off may come from within transfer_resume. */
#ifndef TIERWAY_GATEWAY_UPSTREAM_H
#define TIERWAY_GATEWAY_UPSTREAM_H

#include "gateway/http_message.h"
#include "runtime/curl_library.h"

#include <uv.h>

struct upstream;
struct transfer;

struct upstream_options {
    const char *url;     /* scheme, host and port; its path is not looked at */
    size_t connections;  /* kept open while no transfer uses them */
    uint32_t connect_ms; /* to a connection, TLS included */
    const char *ca_file; /* of whom to trust, PEM; NULL: the system's. Has to stay */
    bool http2;          /* where TLS agrees on it */
};

/* A head of an answer with its final status. Texts live until the function returns. */
struct transfer_head {
    int status;
    const struct http_header *headers;
    size_t header_count;
};

enum piece_verdict {
    PIECE_TAKEN,
    PIECE_LATER, /* the transfer pauses; the same bytes come again after transfer_resume */
    PIECE_STOP,  /* no more is wanted: the transfer ends, as stopped */
};

struct transfer_end {
    enum tw_status status; /* TW_OK: a whole answer came, or it was stopped; TW_NETWORK: not
                              reached, or broken off; TW_TIMEOUT: not connected in time */
    const char *message;   /* for people, of a failure; lives until the function returns */
    bool sent;             /* some byte of the request may have reached the other side */
    const struct http_header *trailers;
    size_t trailer_count;
};

struct transfer_events {
    /* An interim answer (102 to 199). NULL: not wanted. */
    void (*interim)(void *context, const struct transfer_head *head);
    void (*head)(void *context, const struct transfer_head *head);
    enum piece_verdict (*piece)(void *context, struct text piece);
    /* The last event; the transfer is not valid any more. Another one may be started from here. */
    void (*end)(void *context, const struct transfer_end *end);
};

struct transfer_request {
    struct text method;
    struct text target;                /* path and query */
    const struct http_header *headers; /* without those that belong to the connection */
    size_t header_count;
    struct text body; /* has to stay until the end */
    bool has_body;    /* an empty one is sent as such */
    bool decode;      /* ask for no compression, and undo one that comes all the same */
    const struct transfer_events *events;
    void *context;
};

/* curl has to stay open as long as the upstream is. TW_INVALID: the URL; TW_NO_MEMORY. */
enum tw_status upstream_open(uv_loop_t *loop, const struct curl_library *curl,
                             const struct upstream_options *options, struct upstream **upstream,
                             struct tw_error *error);
/* Cancels what still runs, without events, and closes the connections. Frees itself from the loop,
 * then calls closed (NULL allowed). Not from within an event. */
void upstream_close(struct upstream *upstream, void (*closed)(void *context), void *context);

/* Texts but for the body are copied. TW_NO_MEMORY or TW_LIMIT (64 KiB for the target, 256 KiB for
 * the headers); no event comes then. */
enum tw_status transfer_start(struct upstream *upstream, const struct transfer_request *request,
                              struct transfer **transfer) MUST_USE;
/* After PIECE_LATER; otherwise nothing. */
void transfer_resume(struct transfer *transfer);
/* Ends the transfer at once, with its connection; no event comes any more. Whether some byte of the
 * request may have reached the other side. */
bool transfer_cancel(struct transfer *transfer);

#endif
