/* gateway/upstream_sockets.c: libcurl's sockets and timer on the loop.
 *
 * libcurl asks for a socket to be watched during a transfer only. Taking a socket out of epoll and
 * putting it back costs two system calls a request; so a connection's socket stays registered for
 * reading between transfers. Where something comes meanwhile (the provider closes), watching stops,
 * and libcurl finds the connection dead when it would use it again.
 *
 * Running out of memory for a socket's record makes libcurl fail the transfer. */
#include "gateway/upstream_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct watched *find(const struct upstream *upstream, curl_socket_t descriptor)
{
    return (size_t)descriptor < upstream->socket_capacity ? upstream->sockets[descriptor] : NULL;
}

static bool make_room(struct upstream *upstream, curl_socket_t descriptor)
{
    size_t capacity = upstream->socket_capacity ? upstream->socket_capacity : 64;
    while (capacity <= (size_t)descriptor)
        capacity *= 2;
    if (capacity == upstream->socket_capacity)
        return true;
    struct watched **sockets = realloc(upstream->sockets, capacity * sizeof *sockets);
    if (!sockets)
        return false;
    memset(sockets + upstream->socket_capacity, 0,
           (capacity - upstream->socket_capacity) * sizeof *sockets);
    upstream->sockets = sockets;
    upstream->socket_capacity = capacity;
    return true;
}

static struct watched *watch(struct upstream *upstream, curl_socket_t descriptor)
{
    struct watched *watched = make_room(upstream, descriptor) ? calloc(1, sizeof *watched) : NULL;
    if (!watched || uv_poll_init(upstream->loop, &watched->poll, descriptor) != 0) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    watched->upstream = upstream;
    watched->descriptor = descriptor;
    upstream->sockets[descriptor] = watched;
    upstream->open_handles++;
    return watched;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct watched *watched = handle->data;
    struct upstream *upstream = watched->upstream;
    free(watched);
    upstream_handle_closed(upstream);
}

static void unwatch(struct watched *watched)
{
    watched->upstream->sockets[watched->descriptor] = NULL;
    uv_close((uv_handle_t *)&watched->poll, on_poll_closed);
}

static void act(struct upstream *upstream, curl_socket_t descriptor, int events)
{
    int running;
    upstream->depth++;
    upstream->curl->multi_socket_action(upstream->multi, descriptor, events, &running);
    upstream->depth--;
    upstream_settle(upstream);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    int seen = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
               (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) | (status < 0 ? CURL_CSELECT_IN : 0);
    if (status < 0)
        watched->registered = 0; /* libuv has stopped watching */
    if (watched->wanted) {
        act(watched->upstream, watched->descriptor, seen);
    } else if (watched->registered) {
        uv_poll_stop(poll);
        watched->registered = 0;
    }
}

static int wanted_events(int what)
{
    return (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? UV_READABLE : 0) |
           (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? UV_WRITABLE : 0);
}

static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *unused)
{
    struct upstream *upstream = context;
    struct watched *watched = find(upstream, descriptor);
    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        if (watched && watched->is_connection)
            watched->wanted = 0;
        else if (watched)
            unwatch(watched); /* libcurl closes it without saying so */
        return 0;
    }
    if (!watched && !(watched = watch(upstream, descriptor)))
        return -1;
    watched->wanted = wanted_events(what);
    if (watched->wanted == watched->registered)
        return 0;
    watched->registered = watched->wanted;
    return uv_poll_start(&watched->poll, watched->wanted, on_event) ? -1 : 0;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct upstream *upstream = context;
    (void)purpose;
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                            address->protocol);
    if (descriptor < 0)
        return CURL_SOCKET_BAD;
    struct watched *watched = watch(upstream, descriptor);
    if (!watched) {
        close(descriptor);
        return CURL_SOCKET_BAD;
    }
    watched->is_connection = true;
    return descriptor;
}

static int on_close_socket(void *context, curl_socket_t descriptor)
{
    struct watched *watched = find(context, descriptor);
    if (watched)
        unwatch(watched);
    return close(descriptor);
}

void sockets_set(struct upstream *upstream, CURL *easy)
{
    const struct curl_library *curl = upstream->curl;
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, upstream);
    curl->easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl->easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, upstream);
}

static void on_time_up(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long milliseconds, void *context)
{
    struct upstream *upstream = context;
    (void)multi;
    if (milliseconds < 0)
        uv_timer_stop(&upstream->timer);
    else
        uv_timer_start(&upstream->timer, on_time_up, (uint64_t)milliseconds, 0);
    return 0;
}

enum tw_status sockets_open(struct upstream *upstream)
{
    const struct curl_library *curl = upstream->curl;
    upstream->multi = curl->multi_init();
    if (!upstream->multi)
        return TW_NO_MEMORY;
    curl->multi_setopt(upstream->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl->multi_setopt(upstream->multi, CURLMOPT_SOCKETDATA, upstream);
    curl->multi_setopt(upstream->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl->multi_setopt(upstream->multi, CURLMOPT_TIMERDATA, upstream);
    /* Without this the cache shrinks with the number of running transfers. */
    curl->multi_setopt(upstream->multi, CURLMOPT_MAXCONNECTS, (long)upstream->connections);
    curl->multi_setopt(upstream->multi, CURLMOPT_PIPELINING,
                       upstream->http2 ? (long)CURLPIPE_MULTIPLEX : (long)CURLPIPE_NOTHING);
    uv_timer_init(upstream->loop, &upstream->timer);
    upstream->timer.data = upstream;
    upstream->open_handles++;
    return TW_OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
    upstream_handle_closed(handle->data);
}

void sockets_close(struct upstream *upstream)
{
    upstream->curl->multi_cleanup(upstream->multi);
    uv_close((uv_handle_t *)&upstream->timer, on_timer_closed);
    for (size_t i = 0; i < upstream->socket_capacity; i++)
        if (upstream->sockets[i])
            unwatch(upstream->sockets[i]);
}
