/* gateway/upstream_internal.h: what the two files of the upstream share. Not for others.
 *
 * Memory: the upstream owns its transfers, idle ones included, and its sockets. A socket's record
 * is freed when libuv has closed its handle. */
#ifndef TIERWAY_GATEWAY_UPSTREAM_INTERNAL_H
#define TIERWAY_GATEWAY_UPSTREAM_INTERNAL_H

#include "gateway/upstream.h"

/* A socket that libcurl asked to be watched. */
struct watched {
    uv_poll_t poll;
    struct upstream *upstream;
    curl_socket_t descriptor;
    int wanted;         /* UV_READABLE, UV_WRITABLE; 0: by nobody now */
    int registered;     /* what libuv watches for */
    bool is_connection; /* made by libcurl's open function, and closed by its close function */
};

struct upstream {
    uv_loop_t *loop;
    const struct curl_library *curl;
    CURLM *multi;
    uv_timer_t timer;
    struct watched **sockets; /* by descriptor; NULL where there is none */
    size_t socket_capacity;
    CURLU *url; /* read once: libcurl would do it for each transfer */
    size_t connections;
    uint32_t connect_ms;
    const char *ca_file; /* constant as long as the upstream */
    bool http2;
    unsigned depth;          /* libcurl is running: no handle may be taken from it */
    struct transfer *idle;   /* with their handles, to be used again */
    struct transfer *active; /* doubly linked */
    size_t idle_count;
    size_t open_handles;
    bool unsettled; /* some transfer was cancelled or stopped while libcurl ran */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* upstream.c: what libcurl has finished; to be called after each time that it ran. */
void upstream_settle(struct upstream *upstream);
void upstream_handle_closed(struct upstream *upstream);

/* upstream_sockets.c */
enum tw_status sockets_open(struct upstream *upstream);
void sockets_close(struct upstream *upstream);
/* The functions that open and close a connection's socket. */
void sockets_set(struct upstream *upstream, CURL *easy);

#endif
