/* gateway/upstream.c: transfers: a request into libcurl, its answer out as events.
 *
 * A transfer keeps its libcurl handle and its memory for the next request. libcurl must not lose a
 * handle while it runs, so a transfer that is cancelled then ends when libcurl has returned. */
#include "gateway/upstream_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    TARGET_BYTES = 64 * 1024,
    HEADER_BYTES = 256 * 1024,
    METHOD_BYTES = 32,
    KEPT_HEADER_BYTES = 16 * 1024, /* an idle transfer gives larger memory back */
    OWN_HEADERS = 4                /* that keep libcurl from adding headers of its own */
};

enum transfer_state {
    TRANSFER_IDLE,
    TRANSFER_RUNNING,
    TRANSFER_PAUSED,
    TRANSFER_STOPPED,   /* PIECE_STOP: the end is still to be told */
    TRANSFER_CANCELLED, /* nobody is to be told anything */
};

struct transfer {
    struct upstream *upstream;
    struct transfer *next, *previous;
    CURL *easy;
    enum transfer_state state;
    const struct transfer_events *events;
    void *context;
    struct buffer target;
    struct buffer lines; /* request headers, each with a NUL behind it */
    struct curl_slist *nodes;
    size_t node_capacity;
    char method[METHOD_BYTES]; /* that the handle is set to */
    bool method_has_body;
    bool decodes;       /* likewise */
    struct buffer head; /* lines of the answer's head, then of its trailers */
    struct http_header *headers;
    size_t header_capacity;
    int status;     /* of the head that is being read */
    bool head_told; /* what comes now are trailers */
    char words[CURL_ERROR_SIZE];
};

/* --- the answer --- */

static size_t count_lines(struct text lines)
{
    size_t count = 0;
    for (size_t i = 0; i < lines.length; i++)
        count += lines.data[i] == '\n';
    return count;
}

/* "Name: value\r\n"; false for a line that is no header. */
static bool next_header(struct text *lines, struct http_header *header)
{
    const char *end = memchr(lines->data, '\n', lines->length);
    size_t length = end ? (size_t)(end - lines->data) : lines->length;
    struct text line = {lines->data, length};
    size_t used = end ? length + 1 : length;
    *lines = (struct text){lines->data + used, lines->length - used};
    while (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    const char *colon = memchr(line.data, ':', line.length);
    if (!colon)
        return false;
    size_t name = (size_t)(colon - line.data);
    header->name = (struct text){line.data, name};
    header->value = text_trim((struct text){colon + 1, line.length - name - 1});
    return true;
}

/* The collected lines as headers; false where memory is out. */
static bool read_headers(struct transfer *transfer, size_t *count)
{
    struct text lines = buffer_view(&transfer->head);
    size_t needed = count_lines(lines) + 1;
    if (needed > transfer->header_capacity) {
        struct http_header *headers = realloc(transfer->headers, needed * sizeof *headers);
        if (!headers)
            return false;
        transfer->headers = headers;
        transfer->header_capacity = needed;
    }
    *count = 0;
    while (lines.length > 0)
        *count += next_header(&lines, &transfer->headers[*count]);
    return true;
}

static bool tell_head(struct transfer *transfer)
{
    const struct transfer_events *events = transfer->events;
    struct transfer_head head = {.status = transfer->status};
    if (!read_headers(transfer, &head.header_count))
        return false;
    head.headers = transfer->headers;
    transfer->head_told = transfer->status >= 200;
    if (transfer->head_told)
        events->head(transfer->context, &head);
    else if (events->interim && transfer->status > 101)
        events->interim(transfer->context, &head);
    buffer_clear(&transfer->head);
    return true;
}

/* A line that goes on from the one before it (RFC 9112, 5.2) is joined to it. */
static void join_line(struct buffer *head)
{
    while (head->length > 0 &&
           (head->data[head->length - 1] == '\n' || head->data[head->length - 1] == '\r'))
        head->length--;
}

static bool take_line(struct transfer *transfer, struct text line)
{
    struct buffer *head = &transfer->head;
    bool blank = line.length == 0 || line.data[0] == '\r' || line.data[0] == '\n';
    if (line.length >= 5 && memcmp(line.data, "HTTP/", 5) == 0) {
        transfer->status = curl_line_status(line);
        buffer_clear(head);
        return true;
    }
    if (blank)
        return transfer->head_told || tell_head(transfer);
    if (line.data[0] == ' ' || line.data[0] == '\t')
        join_line(head);
    buffer_text(head, line);
    return head->status == TW_OK;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    if (transfer->state == TRANSFER_CANCELLED)
        return size * count;
    return take_line(transfer, (struct text){data, size * count}) ? size * count : 0;
}

static size_t on_piece(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    if (transfer->state != TRANSFER_RUNNING)
        return CURL_WRITEFUNC_PAUSE;
    switch (transfer->events->piece(transfer->context, (struct text){data, size * count})) {
    case PIECE_TAKEN:
        return size * count;
    case PIECE_LATER:
        if (transfer->state == TRANSFER_RUNNING)
            transfer->state = TRANSFER_PAUSED;
        return CURL_WRITEFUNC_PAUSE;
    case PIECE_STOP:
        if (transfer->state != TRANSFER_CANCELLED)
            transfer->state = TRANSFER_STOPPED;
        transfer->upstream->unsettled = true;
        break;
    }
    return CURL_WRITEFUNC_PAUSE; /* until upstream_settle takes it back */
}

/* --- handles --- */

static void set_options(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    __typeof__(&curl_easy_setopt) set = upstream->curl->easy_setopt;
    CURL *easy = transfer->easy;
    set(easy, CURLOPT_CURLU, upstream->url);
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_NOPROXY, "*");
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (upstream->ca_file)
        set(easy, CURLOPT_CAINFO, upstream->ca_file);
    set(easy, CURLOPT_HTTP_VERSION,
        upstream->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    set(easy, CURLOPT_PIPEWAIT, 0L); /* else transfers wait, even where HTTP/1.1 is spoken */
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_TCP_NODELAY, 1L);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)upstream->connect_ms);
    set(easy, CURLOPT_HEADERFUNCTION, on_header);
    set(easy, CURLOPT_HEADERDATA, transfer);
    set(easy, CURLOPT_WRITEFUNCTION, on_piece);
    set(easy, CURLOPT_WRITEDATA, transfer);
    set(easy, CURLOPT_ERRORBUFFER, transfer->words);
    set(easy, CURLOPT_PRIVATE, transfer);
    sockets_set(upstream, easy);
}

static void transfer_free(struct transfer *transfer)
{
    if (transfer->easy)
        transfer->upstream->curl->easy_cleanup(transfer->easy);
    buffer_free(&transfer->target);
    buffer_free(&transfer->lines);
    buffer_free(&transfer->head);
    free(transfer->nodes);
    free(transfer->headers);
    free(transfer);
}

static struct transfer *transfer_new(struct upstream *upstream)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        return NULL;
    transfer->upstream = upstream;
    buffer_init(&transfer->target, TARGET_BYTES);
    buffer_init(&transfer->lines, HEADER_BYTES);
    buffer_init(&transfer->head, HEADER_BYTES);
    transfer->easy = upstream->curl->easy_init();
    if (!transfer->easy) {
        transfer_free(transfer);
        return NULL;
    }
    set_options(transfer);
    return transfer;
}

static struct transfer *take_idle(struct upstream *upstream)
{
    struct transfer *transfer = upstream->idle;
    if (!transfer)
        return transfer_new(upstream);
    upstream->idle = transfer->next;
    upstream->idle_count--;
    return transfer;
}

static void keep_small(struct buffer *buffer)
{
    if (buffer->capacity > KEPT_HEADER_BYTES)
        buffer_free(buffer);
}

static void put_idle(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    transfer->state = TRANSFER_IDLE;
    if (upstream->closing || upstream->idle_count >= upstream->connections) {
        transfer_free(transfer);
        return;
    }
    keep_small(&transfer->target);
    keep_small(&transfer->lines);
    keep_small(&transfer->head);
    transfer->next = upstream->idle;
    upstream->idle = transfer;
    upstream->idle_count++;
}

static void link_active(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    transfer->previous = NULL;
    transfer->next = upstream->active;
    if (transfer->next)
        transfer->next->previous = transfer;
    upstream->active = transfer;
}

static void unlink_active(struct transfer *transfer)
{
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        transfer->upstream->active = transfer->next;
}

/* Out of libcurl's hands. */
static void take_back(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    upstream->depth++;
    upstream->curl->multi_remove_handle(upstream->multi, transfer->easy);
    upstream->depth--;
    unlink_active(transfer);
}

/* Of the connection on this machine: the same for transfers that share it; 0: not connected. */
static long port_of(const struct transfer *transfer)
{
    long port = 0;
    transfer->upstream->curl->easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &port);
    return port;
}

/* Another transfer on the same connection. */
static struct transfer *find_sibling(const struct transfer *transfer)
{
    long port = port_of(transfer);
    struct transfer *other = port ? transfer->upstream->active : NULL;
    while (other && (other == transfer || port_of(other) != port))
        other = other->next;
    return other;
}

/* Sends what waits in a connection's buffer, as libcurl does whenever a transfer goes on. One that
 * is paused stays so: on_piece sees to it. */
static void flush(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    upstream->depth++;
    upstream->curl->easy_pause(transfer->easy, CURLPAUSE_RECV);
    upstream->curl->easy_pause(transfer->easy, CURLPAUSE_CONT);
    upstream->depth--;
}

/* Takes a transfer back before its end. Its HTTP/1.1 connection closes with it. The reset of an
 * HTTP/2 stream stays in libcurl's buffer, and the provider would go on answering: where others use
 * the connection it is flushed, else the connection may not be kept, and closes. */
static void abandon(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    struct transfer *sibling = upstream->http2 ? find_sibling(transfer) : NULL;
    bool alone = upstream->http2 && !sibling;
    if (alone)
        upstream->curl->easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 1L);
    take_back(transfer);
    if (alone)
        upstream->curl->easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 0L);
    if (sibling)
        flush(sibling);
}

/* --- the request --- */

static bool has_header(const struct transfer_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (http_name_is(request->headers[i].name, name))
            return true;
    return false;
}

static void add_line(struct transfer *transfer, struct text name, const char *between,
                     struct text value)
{
    buffer_text(&transfer->lines, name);
    buffer_string(&transfer->lines, between);
    buffer_text(&transfer->lines, value);
    buffer_append(&transfer->lines, "", 1);
}

static bool make_room_for_nodes(struct transfer *transfer, size_t count)
{
    if (count <= transfer->node_capacity)
        return true;
    struct curl_slist *nodes = realloc(transfer->nodes, count * sizeof *nodes);
    if (!nodes)
        return false;
    transfer->nodes = nodes;
    transfer->node_capacity = count;
    return true;
}

/* A list as libcurl wants it, over the lines; libcurl only reads it. */
static void chain_nodes(struct transfer *transfer, size_t count)
{
    char *at = transfer->lines.data;
    for (size_t i = 0; i < count; i++) {
        transfer->nodes[i] =
            (struct curl_slist){at, i + 1 < count ? &transfer->nodes[i + 1] : NULL};
        at += strlen(at) + 1;
    }
}

static enum tw_status make_headers(struct transfer *transfer,
                                   const struct transfer_request *request)
{
    /* What libcurl would add by itself, left out; with Expect it waits for leave to send a large
     * body. What it would add for a wish to decode, written here: it prints each byte twice. */
    static const char *const own[] = {"Expect", "Accept", "Content-Type"};
    size_t count = 0;
    buffer_clear(&transfer->lines);
    if (!make_room_for_nodes(transfer, request->header_count + OWN_HEADERS))
        return TW_NO_MEMORY;
    for (size_t i = 0; i < request->header_count; i++, count++) {
        struct text value = request->headers[i].value;
        add_line(transfer, request->headers[i].name, value.length ? ": " : ";", value);
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (!has_header(request, own[i])) {
            add_line(transfer, text_of(own[i]), ":", TEXT(""));
            count++;
        }
    if (request->decode && !has_header(request, "Accept-Encoding")) {
        add_line(transfer, TEXT("Accept-Encoding"), ": ", TEXT("identity"));
        count++;
    }
    if (transfer->lines.status)
        return transfer->lines.status;
    chain_nodes(transfer, count);
    return TW_OK;
}

/* The options of the last request stay where the next one has the same method. */
static enum tw_status set_method(struct transfer *transfer, const struct transfer_request *request)
{
    __typeof__(&curl_easy_setopt) set = transfer->upstream->curl->easy_setopt;
    CURL *easy = transfer->easy;
    if (request->method.length >= METHOD_BYTES)
        return TW_LIMIT;
    if (text_is(request->method, transfer->method) &&
        transfer->method_has_body == request->has_body)
        return TW_OK;
    memcpy(transfer->method, request->method.data, request->method.length);
    transfer->method[request->method.length] = '\0';
    transfer->method_has_body = request->has_body;
    bool head = strcmp(transfer->method, "HEAD") == 0;
    set(easy, CURLOPT_NOBODY, 0L);
    if (request->has_body)
        set(easy, CURLOPT_POST, 1L);
    else
        set(easy, head ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1L);
    return set(easy, CURLOPT_CUSTOMREQUEST, head ? NULL : transfer->method) == CURLE_OK
               ? TW_OK
               : TW_NO_MEMORY;
}

static enum tw_status prepare(struct transfer *transfer, const struct transfer_request *request)
{
    __typeof__(&curl_easy_setopt) set = transfer->upstream->curl->easy_setopt;
    CURL *easy = transfer->easy;
    buffer_clear(&transfer->target);
    buffer_text(&transfer->target, request->target);
    enum tw_status status = transfer->target.status;
    if (status == TW_OK)
        status = set_method(transfer, request);
    if (status == TW_OK)
        status = make_headers(transfer, request);
    if (status != TW_OK)
        return status;
    if (request->decode != transfer->decodes &&
        set(easy, CURLOPT_ACCEPT_ENCODING, request->decode ? "identity" : NULL) != CURLE_OK)
        return TW_NO_MEMORY;
    transfer->decodes = request->decode;
    set(easy, CURLOPT_HTTPHEADER, transfer->nodes);
    if (request->has_body) {
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
        set(easy, CURLOPT_POSTFIELDS, request->body.length ? request->body.data : "");
    }
    return set(easy, CURLOPT_REQUEST_TARGET, transfer->target.data) == CURLE_OK ? TW_OK
                                                                                : TW_NO_MEMORY;
}

enum tw_status transfer_start(struct upstream *upstream, const struct transfer_request *request,
                              struct transfer **result)
{
    struct transfer *transfer = take_idle(upstream);
    *result = NULL;
    if (!transfer)
        return TW_NO_MEMORY;
    enum tw_status status = prepare(transfer, request);
    if (status == TW_OK && upstream->curl->multi_add_handle(upstream->multi, transfer->easy))
        status = TW_NO_MEMORY;
    if (status != TW_OK) {
        put_idle(transfer);
        return status;
    }
    transfer->events = request->events;
    transfer->context = request->context;
    transfer->state = TRANSFER_RUNNING;
    transfer->head_told = false;
    transfer->status = 0;
    transfer->words[0] = '\0';
    buffer_clear(&transfer->head);
    link_active(transfer);
    *result = transfer;
    return TW_OK;
}

/* --- the end --- */

static bool was_sent(const struct transfer *transfer)
{
    long bytes = 0;
    transfer->upstream->curl->easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

/* A provider that answers an HTTP/2 request before all of it was read resets the stream behind the
 * answer; libcurl calls that an error. */
static bool is_whole(const struct transfer *transfer, CURLcode code)
{
    const struct curl_library *curl = transfer->upstream->curl;
    curl_off_t length = -1, received = 0;
    if (code != CURLE_HTTP2_STREAM || !transfer->head_told)
        return code == CURLE_OK;
    curl->easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl->easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    return received == length;
}

static void tell_end(struct transfer *transfer, CURLcode code)
{
    const struct curl_library *curl = transfer->upstream->curl;
    struct transfer_end end = {.status = is_whole(transfer, code) ? TW_OK : curl_status(code),
                               .sent = was_sent(transfer)};
    if (end.status)
        end.message = transfer->words[0] ? transfer->words : curl->easy_strerror(code);
    if (transfer->head_told && read_headers(transfer, &end.trailer_count))
        end.trailers = transfer->headers;
    transfer->events->end(transfer->context, &end);
}

static struct transfer *find_unsettled(const struct upstream *upstream)
{
    struct transfer *transfer = upstream->active;
    while (transfer && transfer->state != TRANSFER_CANCELLED && transfer->state != TRANSFER_STOPPED)
        transfer = transfer->next;
    return transfer;
}

/* Those that were cancelled or stopped while libcurl ran. Whoever is told may start others. */
static void end_unsettled(struct upstream *upstream)
{
    struct transfer *transfer;
    while ((transfer = find_unsettled(upstream))) {
        abandon(transfer);
        if (transfer->state == TRANSFER_STOPPED)
            tell_end(transfer, CURLE_OK);
        put_idle(transfer);
    }
}

void upstream_settle(struct upstream *upstream)
{
    CURLMsg *message;
    int left;
    while (!upstream->closing &&
           (message = upstream->curl->multi_info_read(upstream->multi, &left))) {
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;
        upstream->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        take_back(transfer);
        if (transfer->state != TRANSFER_CANCELLED)
            tell_end(transfer, transfer->state == TRANSFER_STOPPED ? CURLE_OK : code);
        put_idle(transfer);
    }
    if (upstream->unsettled) {
        upstream->unsettled = false;
        end_unsettled(upstream);
    }
}

void transfer_resume(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    if (transfer->state != TRANSFER_PAUSED)
        return;
    transfer->state = TRANSFER_RUNNING;
    upstream->depth++;
    upstream->curl->easy_pause(transfer->easy, CURLPAUSE_CONT);
    upstream->depth--;
    upstream_settle(upstream);
}

bool transfer_cancel(struct transfer *transfer)
{
    struct upstream *upstream = transfer->upstream;
    bool sent = was_sent(transfer);
    transfer->state = TRANSFER_CANCELLED;
    if (upstream->depth > 0) {
        upstream->unsettled = true;
    } else {
        abandon(transfer);
        put_idle(transfer);
    }
    return sent;
}

/* --- open and close --- */

static enum tw_status read_url(const struct curl_library *curl, const char *text, CURLU **url)
{
    *url = curl->url();
    CURLUcode code = *url ? curl->url_set(*url, CURLUPART_URL, text, 0) : CURLUE_OUT_OF_MEMORY;
    if (code == CURLUE_OUT_OF_MEMORY)
        return TW_NO_MEMORY;
    return code == CURLUE_OK ? TW_OK : TW_INVALID;
}

enum tw_status upstream_open(uv_loop_t *loop, const struct curl_library *curl,
                             const struct upstream_options *options, struct upstream **result,
                             struct tw_error *error)
{
    struct upstream *upstream = calloc(1, sizeof *upstream);
    CURLU *url;
    enum tw_status status = read_url(curl, options->url, &url);
    *result = NULL;
    if (!upstream)
        status = TW_NO_MEMORY;
    if (status != TW_OK)
        goto failed;
    upstream->loop = loop;
    upstream->curl = curl;
    upstream->url = url;
    upstream->connections = options->connections;
    upstream->connect_ms = options->connect_ms;
    upstream->ca_file = options->ca_file;
    upstream->http2 = options->http2;
    status = sockets_open(upstream);
    if (status != TW_OK)
        goto failed;
    *result = upstream;
    return TW_OK;
failed:
    free(upstream);
    curl->url_cleanup(url);
    return fail(error, status, "%s",
                status == TW_INVALID ? "the provider's URL cannot be read" : "out of memory");
}

void upstream_handle_closed(struct upstream *upstream)
{
    upstream->open_handles--;
    if (!upstream->closing || upstream->open_handles > 0)
        return;
    void (*closed)(void *) = upstream->closed;
    void *context = upstream->closed_context;
    free(upstream->sockets);
    upstream->curl->url_cleanup(upstream->url);
    free(upstream);
    if (closed)
        closed(context);
}

void upstream_close(struct upstream *upstream, void (*closed)(void *context), void *context)
{
    upstream->closing = true;
    upstream->closed = closed;
    upstream->closed_context = context;
    for (struct transfer *transfer = upstream->active, *next; transfer; transfer = next) {
        next = transfer->next;
        take_back(transfer);
        transfer_free(transfer);
    }
    for (struct transfer *transfer = upstream->idle, *next; transfer; transfer = next) {
        next = transfer->next;
        transfer_free(transfer);
    }
    sockets_close(upstream);
}
