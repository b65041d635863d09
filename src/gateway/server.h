/* gateway/server.h: a small HTTP/1.1 server on a libuv loop.
 *
 * A server listens on one address and belongs to one loop; all its functions must be called, and
 * all callbacks come, on the thread that runs that loop. Several servers may live in one process,
 * one a loop, and share a port (reuse_port). A connection carries one exchange at a time: requests
 * that come behind it wait, unread by the caller of this interface, and are answered in order.
 *
 * The process must ignore SIGPIPE, since libuv writes to sockets that may be closed.
 *
 * No callback comes from within a function of this header. An exchange stays valid until `ended`
 * has returned for it, whatever else happened to its connection; what is asked of it after its
 * caller has left has no effect.
 *
 * A caller that closes its sending side counts as gone, as with most proxies. While a request is
 * being answered the server goes on reading, so that this is seen at once; only a caller that has
 * sent `pipeline_bytes` ahead is not read from until the answer is complete. */
#ifndef TIERWAY_GATEWAY_SERVER_H
#define TIERWAY_GATEWAY_SERVER_H

#include "gateway/connection_gate.h"
#include "gateway/http_message.h"
#include "gateway/request_reader.h"
#include "gateway/tls.h"

#include <uv.h>

struct server;
struct exchange;

struct server_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", "localhost:0"; port 0: the kernel picks */
    struct request_limits limits;
    size_t connection_limit;
    struct connection_gate *gate; /* asked beside connection_limit; NULL: none. Has to stay */
    struct tls_identity *tls;     /* callers have to speak TLS; NULL: plain HTTP. Has to stay */
    size_t pipeline_bytes;
    size_t write_limit; /* bytes that exchange_write may leave waiting for a slow reader */
    int backlog;
    bool reuse_port;    /* SO_REUSEPORT, for one server a core */
    bool first;         /* with reuse_port: nobody may listen there yet */
    uint32_t head_ms;   /* first byte of a request (or connect) to the blank line */
    uint32_t body_ms;   /* blank line to the end of the body */
    uint32_t idle_ms;   /* between two requests */
    uint32_t stall_ms;  /* bytes wait to be sent, and none goes out */
    uint32_t linger_ms; /* how long a refused caller may go on sending before it is cut off */
};

/* 127.0.0.1:0; head 64 KiB, 128 headers, body 64 MiB; 10,000 connections; pipelining 64 KiB,
 * write 16 MiB; backlog 511; head 10 s, body 300 s, idle 75 s, stall 60 s, linger 1 s. */
struct server_options server_options_default(void);

enum exchange_end {
    EXCHANGE_ANSWERED, /* the kernel has taken the whole answer */
    EXCHANGE_LEFT,     /* the caller left, or stopped reading for stall_ms */
    EXCHANGE_ABORTED,  /* exchange_cut, exchange_reset, or fewer bytes than promised */
    EXCHANGE_STOPPED,  /* server_stop's time was up */
};

struct server_callbacks {
    /* A whole request has come. Answer it now or later; it may take any time. */
    void (*request)(struct exchange *exchange, void *context);
    /* Bytes were waiting to be sent and none is now. NULL: not interested. */
    void (*drained)(struct exchange *exchange, void *context);
    /* Once for each request: the exchange is over and is not valid after this. Comes at once when
     * the caller leaves, in any phase. */
    void (*ended)(struct exchange *exchange, enum exchange_end end, void *context);
    /* The head of a request has come, and its body not yet. False: the body is not wanted;
     * `request` comes at once, without a body, and the connection closes behind its answer. Not
     * asked where head and body came in one piece. NULL: every body is wanted. */
    bool (*body_wanted)(const struct http_request *request, void *context);
};

/* Listens. The callbacks and the context must stay until the server has stopped.
 * TW_INVALID: the address cannot be read; TW_IO: it cannot be listened on. */
enum tw_status server_open(uv_loop_t *loop, const struct server_options *options,
                           const struct server_callbacks *callbacks, void *context,
                           struct server **server, struct tw_error *error);
/* "127.0.0.1:40123", with the actual port; belongs to the server. */
const char *server_address(const struct server *server);
size_t server_connection_count(const struct server *server);
/* Takes no more connections, closes idle ones, lets the others finish for at most drain_ms, then
 * cuts them off. When nothing is left the server frees itself and calls stopped (NULL allowed).
 * To be called once. */
void server_stop(struct server *server, uint32_t drain_ms, void (*stopped)(void *context),
                 void *context);

const struct http_request *exchange_request(const struct exchange *exchange);
uv_loop_t *exchange_loop(const struct exchange *exchange);
void *exchange_context(const struct exchange *exchange); /* as given to server_open */
/* Moves the body out of the request, which has an empty one from then on: for somebody who needs it
 * longer than the exchange lasts. *body need not be initialised, and is the caller's to free. */
void exchange_take_body(struct exchange *exchange, struct buffer *body);
/* Puts it back, and leaves *body empty. */
void exchange_return_body(struct exchange *exchange, struct buffer *body);
/* A pointer that the server keeps for its user; NULL when the request comes. */
void exchange_set_data(struct exchange *exchange, void *data);
void *exchange_data(const struct exchange *exchange);

/* Header names and values are checked: one with CR, LF or NUL in it, or one that is the server's
 * own business (content-length, transfer-encoding, connection) gives TW_INVALID and sends nothing.
 * Statuses 200 to 599. A request with method HEAD gets no body, whatever is passed; an answer with
 * 204 or 304 has neither a body nor a length. */

/* The whole answer in one go. body is copied. */
enum tw_status exchange_answer(struct exchange *exchange, int status,
                               const struct http_header *headers, size_t count, struct text body);

#define LENGTH_UNKNOWN (-1) /* chunked, or up to the end of the connection for HTTP/1.0 */
/* An answer in pieces: start, write as often as needed, finish. length: of the whole body, or
 * LENGTH_UNKNOWN. A finish short of the length closes the connection; bytes past it are TW_INVALID.
 * Nothing stays buffered here between two calls, each piece is sent at once. */
enum tw_status exchange_start(struct exchange *exchange, int status,
                              const struct http_header *headers, size_t count, int64_t length);
/* Copies what the kernel does not take at once. TW_LIMIT, and nothing is sent, where more than
 * write_limit bytes would be waiting. */
enum tw_status exchange_write(struct exchange *exchange, struct text piece);
void exchange_finish(struct exchange *exchange);
/* The same with trailers behind the body; left out where it is not chunked. */
void exchange_finish_with(struct exchange *exchange, const struct http_header *trailers,
                          size_t count);
/* An interim answer (102 to 199) before the answer begins; HTTP/1.0 callers do not get it. */
enum tw_status exchange_inform(struct exchange *exchange, int status,
                               const struct http_header *headers, size_t count);
/* Bytes waiting for a slow reader. Write on when it is 0 or small, else wait for `drained`. */
size_t exchange_pending(const struct exchange *exchange);

/* For the log: the answer's status, 0 where none has begun, and the bytes of its body so far,
 * without framing. */
int exchange_status(const struct exchange *exchange);
uint64_t exchange_sent(const struct exchange *exchange);

/* Ends the connection in the middle of things. Cut: after what was written so far, with a FIN.
 * Reset: at once, with a RST; what is still waiting is lost. */
void exchange_cut(struct exchange *exchange);
void exchange_reset(struct exchange *exchange);

#endif
