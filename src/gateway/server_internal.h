/* gateway/server_internal.h: what the files of the server share. Not for others.
 *
 * Memory: the server owns its connections, a connection its exchange, reader and bytes. A
 * connection is freed when libuv has closed both of its handles, the server when its last
 * connection and its own handles are closed. */
#ifndef TIERWAY_GATEWAY_SERVER_INTERNAL_H
#define TIERWAY_GATEWAY_SERVER_INTERNAL_H

#include "gateway/server.h"

/* A ring of links; a link that is in no ring points to itself. */
struct link {
    struct link *next;
    struct link *previous;
};

#define LINK_OWNER(link_pointer, type, member)                                                     \
    ((type *)(void *)((char *)(link_pointer)-offsetof(type, member)))

void link_init(struct link *link);
void link_add(struct link *ring, struct link *link); /* at the end, out of any other ring first */
void link_remove(struct link *link);

enum answer_state {
    ANSWER_NONE,
    ANSWER_STREAMING,
    ANSWER_COMPLETE, /* all bytes are written or waiting */
    ANSWER_CUT,      /* the connection is to end behind what is waiting */
    ANSWER_RESET,
};

struct exchange {
    void *data;
    enum answer_state state;
    int status;    /* of the answer; 0: none has begun */
    uint64_t sent; /* bytes of its body, sent or waiting */
    bool chunked;
    bool without_body; /* the answer to HEAD */
    bool close_after;
    int64_t remaining; /* bytes of the body still to come, or LENGTH_UNKNOWN */
};

enum connection_phase {
    PHASE_IDLE,
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_ANSWERING, /* an exchange is out */
    PHASE_LINGERING, /* the last answer is written; what comes is thrown away */
    PHASE_CLOSING,
};

struct connection {
    uv_tcp_t tcp;
    uv_timer_t timer; /* one at a time: the phase's limit, or the stalled writer's */
    struct server *server;
    struct link in_server;
    struct link in_settling;
    struct tls_session *tls;  /* NULL: plain HTTP */
    struct gate_place *place; /* at the server's gate; NULL: none, or there is no gate */
    enum connection_phase phase;
    enum connection_phase timed_phase; /* what the timer runs for */
    struct request_reader reader;
    struct buffer ahead; /* bytes that came behind the request being answered */
    struct exchange exchange;
    uv_shutdown_t shutdown;
    uint64_t bytes_written; /* sent and waiting, all answers together */
    uint64_t sent_before;   /* bytes sent when the timer was set */
    size_t discarded;       /* while lingering */
    int open_handles;
    bool reading;
    bool continued; /* "100 Continue" was sent for this request */
};

struct server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_idle_t settler; /* runs while `settling` is not empty */
    uv_timer_t drain;
    uv_tcp_t turned_away; /* takes and closes a caller for whom there is no memory */
    bool turning_away;
    struct server_options options;
    const struct server_callbacks *callbacks;
    void *context;
    struct link connections;
    struct link settling; /* connections whose exchange has to be ended outside of user code */
    size_t connection_count;
    struct buffer head; /* scratch: the head of an answer being built */
    char *read_buffer;  /* READ_BYTES, used within one read callback only */
    char *plain_buffer; /* the same, of what was decrypted; NULL without TLS */
    char address[80];
    int open_handles;
    bool stopping;
    void (*stopped)(void *context);
    void *stopped_context;
};

enum { READ_BYTES = 64 * 1024 };

/* server_connection.c */
void connection_accept(struct server *server);
/* Ends an exchange whose answer is complete (or that is to be aborted) from the loop, soon. */
void connection_settle_later(struct connection *connection);
void connection_settle(struct connection *connection);
/* Closes at once; an exchange that is out ends as stated. */
void connection_close(struct connection *connection, enum exchange_end end);
void connection_limit_time(struct connection *connection);
/* Bytes of requests, as the caller wrote them. */
void connection_input(struct connection *connection, const char *data, size_t length);
/* Answers a request that nobody has seen, and lets go of the connection. */
void connection_refuse(struct connection *connection, enum request_refusal refusal);

/* server_tls.c. Bytes of the wire; of an answer; that no more of one comes. */
void connection_tls_input(struct connection *connection, const char *data, size_t length);
enum tw_status connection_tls_write(struct connection *connection, const uv_buf_t *pieces,
                                    unsigned count);
void connection_tls_end(struct connection *connection);

/* server_answer.c. Sends now what the kernel takes and copies the rest. The second one takes what
 * is encrypted already, where there is TLS. */
enum tw_status connection_write(struct connection *connection, const uv_buf_t *pieces,
                                unsigned count);
enum tw_status connection_write_wire(struct connection *connection, const uv_buf_t *pieces,
                                     unsigned count);
/* Answers a request that nobody has seen, in the provider's error shape. */
enum tw_status connection_write_refusal(struct connection *connection,
                                        enum request_refusal refusal);

/* server.c. Accepts and closes a caller without allocating: libuv listens no more while one is
 * left unaccepted. */
void server_turn_away(struct server *server);
void server_connection_gone(struct server *server);

#endif
