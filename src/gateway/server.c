/* gateway/server.c: listens, and stops. Takes an address and limits, gives a server that owns its
 * connections. Fails where the address cannot be read or listened on; nothing is left open then. */
#include "gateway/server_internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void link_init(struct link *link)
{
    link->next = link;
    link->previous = link;
}

void link_remove(struct link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link_init(link);
}

void link_add(struct link *ring, struct link *link)
{
    link_remove(link);
    link->previous = ring->previous;
    link->next = ring;
    ring->previous->next = link;
    ring->previous = link;
}

struct server_options server_options_default(void)
{
    return (struct server_options){
        .listen = "127.0.0.1:0",
        .limits = {.head_bytes = 64 * 1024, .header_count = 128, .body_bytes = 64 * 1024 * 1024},
        .connection_limit = 10000,
        .pipeline_bytes = 64 * 1024,
        .write_limit = 16 * 1024 * 1024,
        .backlog = 511,
        .head_ms = 10 * 1000,
        .body_ms = 300 * 1000,
        .idle_ms = 75 * 1000,
        .stall_ms = 60 * 1000,
        .linger_ms = 1000,
    };
}

/* getaddrinfo takes an empty port for 0, and 99999 for what is left of it in 16 bits. */
static bool is_port(const char *digits)
{
    size_t length = strlen(digits);
    return length > 0 && length <= 5 && strspn(digits, "0123456789") == length &&
           strtol(digits, NULL, 10) <= UINT16_MAX;
}

/* "HOST:PORT" or "[HOST]:PORT"; the host a numeric address or localhost. */
static enum tw_status read_address(const char *listen, struct sockaddr_storage *address,
                                   struct tw_error *error)
{
    char host[64];
    const char *colon = strrchr(listen, ':');
    bool bracketed = colon && listen[0] == '[' && colon > listen + 1 && colon[-1] == ']';
    const char *start = listen + bracketed;
    size_t length = colon ? (size_t)(colon - start) - bracketed : 0;
    if (!colon || length == 0 || length >= sizeof host || !is_port(colon + 1))
        return fail(error, TW_INVALID, "'%s' is not ADDRESS:PORT", listen);
    memcpy(host, start, length);
    host[length] = '\0';

    struct addrinfo *found = NULL;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (getaddrinfo(numeric, colon + 1, &wanted, &found) != 0)
        return fail(error, TW_INVALID, "'%s' is not ADDRESS:PORT", listen);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return TW_OK;
}

static int write_address(struct server *server)
{
    struct sockaddr_storage actual;
    int length = sizeof actual;
    int result = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&actual, &length);
    if (result)
        return result;
    char host[64];
    char port[8];
    if (getnameinfo((struct sockaddr *)&actual, (socklen_t)length, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return UV_EINVAL;
    bool brackets = actual.ss_family == AF_INET6;
    snprintf(server->address, sizeof server->address, brackets ? "[%s]:%s" : "%s:%s", host, port);
    return 0;
}

static void on_caller(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status == 0)
        connection_accept(server);
}

static int share_port(struct server *server)
{
    int one = 1;
    uv_os_fd_t descriptor;
    int result = uv_fileno((uv_handle_t *)&server->listener, &descriptor);
    if (!result && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0)
        result = UV_EINVAL;
    return result;
}

/* A socket that does not share its port gets it only where nobody listens, sharing or not. */
static int check_free(const struct sockaddr_storage *address)
{
    const int one = 1;
    bool six = address->ss_family == AF_INET6;
    socklen_t length = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int probe = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return uv_translate_sys_error(errno);
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one); /* as libuv does */
    int bound = bind(probe, (const struct sockaddr *)address, length);
    int result = bound != 0 ? uv_translate_sys_error(errno) : 0;
    close(probe);
    return result;
}

static int start_listening(struct server *server, const struct sockaddr_storage *address)
{
    int result = 0;
    if (server->options.reuse_port && server->options.first)
        result = check_free(address);
    if (!result && server->options.reuse_port)
        result = share_port(server);
    if (!result)
        result = uv_tcp_bind(&server->listener, (const struct sockaddr *)address, 0);
    if (!result)
        result = uv_listen((uv_stream_t *)&server->listener, server->options.backlog, on_caller);
    return result ? result : write_address(server);
}

static void free_when_closed(struct server *server)
{
    if (server->open_handles > 0 || server->connection_count > 0)
        return;
    void (*stopped)(void *) = server->stopped;
    void *context = server->stopped_context;
    buffer_free(&server->head);
    free(server->read_buffer);
    free(server->plain_buffer);
    free(server);
    if (stopped)
        stopped(context);
}

static void on_own_handle_closed(uv_handle_t *handle)
{
    struct server *server = handle->data;
    server->open_handles--;
    free_when_closed(server);
}

static void open_handle(struct server *server, uv_handle_t *handle)
{
    handle->data = server;
    server->open_handles++;
}

static void close_own_handles(struct server *server)
{
    uv_close((uv_handle_t *)&server->settler, on_own_handle_closed);
    uv_close((uv_handle_t *)&server->drain, on_own_handle_closed);
}

static void init_handles(struct server *server, int family)
{
    /* With a family the socket exists at once, which share_port needs. */
    uv_tcp_init_ex(server->loop, &server->listener, (unsigned)family);
    open_handle(server, (uv_handle_t *)&server->listener);
    uv_idle_init(server->loop, &server->settler);
    open_handle(server, (uv_handle_t *)&server->settler);
    uv_timer_init(server->loop, &server->drain);
    open_handle(server, (uv_handle_t *)&server->drain);
}

static struct server *server_new(uv_loop_t *loop, const struct server_options *options,
                                 const struct server_callbacks *callbacks, void *context)
{
    struct server *server = calloc(1, sizeof *server);
    char *read_buffer = malloc(READ_BYTES);
    char *plain_buffer = options->tls ? malloc(READ_BYTES) : NULL;
    if (!server || !read_buffer || (options->tls && !plain_buffer)) {
        free(server);
        free(read_buffer);
        free(plain_buffer);
        return NULL;
    }
    server->loop = loop;
    server->options = *options;
    server->options.listen = NULL; /* the caller's text need not stay */
    server->callbacks = callbacks;
    server->context = context;
    server->read_buffer = read_buffer;
    server->plain_buffer = plain_buffer;
    link_init(&server->connections);
    link_init(&server->settling);
    buffer_init(&server->head, 256 * 1024);
    return server;
}

enum tw_status server_open(uv_loop_t *loop, const struct server_options *options,
                           const struct server_callbacks *callbacks, void *context,
                           struct server **server, struct tw_error *error)
{
    struct sockaddr_storage address;
    enum tw_status status = read_address(options->listen, &address, error);
    if (status)
        return status;
    struct server *opened = server_new(loop, options, callbacks, context);
    if (!opened)
        return fail(error, TW_NO_MEMORY, "out of memory");
    init_handles(opened, address.ss_family);
    int result = start_listening(opened, &address);
    if (result) {
        uv_close((uv_handle_t *)&opened->listener, on_own_handle_closed);
        close_own_handles(opened);
        return fail(error, TW_IO, "cannot listen on %s: %s", options->listen, uv_strerror(result));
    }
    *server = opened;
    return TW_OK;
}

const char *server_address(const struct server *server)
{
    return server->address;
}

size_t server_connection_count(const struct server *server)
{
    return server->connection_count;
}

static void on_turned_away(uv_handle_t *handle)
{
    struct server *server = handle->data;
    server->turning_away = false;
    server->open_handles--;
    if (server->stopping)
        free_when_closed(server);
    else
        connection_accept(server); /* one more may have come meanwhile */
}

void server_turn_away(struct server *server)
{
    if (server->turning_away)
        return;
    server->turning_away = true;
    uv_tcp_init(server->loop, &server->turned_away);
    open_handle(server, (uv_handle_t *)&server->turned_away);
    uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&server->turned_away);
    uv_close((uv_handle_t *)&server->turned_away, on_turned_away);
}

void server_connection_gone(struct server *server)
{
    server->connection_count--;
    if (!server->stopping || server->connection_count > 0)
        return;
    if (!uv_is_closing((uv_handle_t *)&server->settler))
        close_own_handles(server);
}

static void close_connections(struct server *server, bool idle_only)
{
    struct link *link = server->connections.next;
    while (link != &server->connections) {
        struct connection *connection = LINK_OWNER(link, struct connection, in_server);
        link = link->next; /* closing takes a connection off the ring later, from the loop */
        bool unheard = connection->reader.state == READER_EMPTY;
        if (!idle_only || (unheard && connection->phase != PHASE_LINGERING))
            connection_close(connection, EXCHANGE_STOPPED);
    }
}

static void on_drain_time_up(uv_timer_t *drain)
{
    close_connections(drain->data, false);
}

void server_stop(struct server *server, uint32_t drain_ms, void (*stopped)(void *context),
                 void *context)
{
    server->stopping = true;
    server->stopped = stopped;
    server->stopped_context = context;
    uv_close((uv_handle_t *)&server->listener, on_own_handle_closed);
    close_connections(server, true);
    if (server->connection_count == 0)
        close_own_handles(server);
    else
        uv_timer_start(&server->drain, on_drain_time_up, drain_ms, 0);
}
