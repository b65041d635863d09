/* runtime/transport_curl.c: transport.h through libcurl, which the first exchange loads.
 *
 * HTTP/1.1 only: libcurl 7.88 does not tell an HTTP/2 upstream that a stream was cancelled, and
 * leaks (docs/dependencies.md). Redirects are not followed and no proxy is taken from the
 * environment, so that the key goes nowhere but to the URL that was given. The connection is kept
 * between exchanges. libcurl sends a request again by itself where a kept connection turns out to
 * be closed before any byte of an answer: the provider had closed it while it was idle. */
#include "runtime/transport.h"

#include "base/clock.h"
#include "runtime/curl_library.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT = 10000, /* milliseconds; the official clients take 5 s */
    KEPT_CONNECTIONS = 4,
    LONGEST_HEADER = 64 << 10,
    LONGEST_POLL = 1000 /* milliseconds */
};

struct curl_transport {
    struct transport transport;
    char *user_agent;
    struct curl_library curl; /* loaded by the first exchange */
    CURL *easy;
    _Atomic(CURLM *) multi; /* transport_wake may come from another thread */
};

static void unload(struct curl_transport *self)
{
    CURLM *multi = atomic_exchange(&self->multi, NULL);
    if (self->easy)
        self->curl.easy_cleanup(self->easy);
    if (multi)
        self->curl.multi_cleanup(multi);
    curl_library_close(&self->curl);
    self->easy = NULL;
}

static enum tw_status load(struct curl_transport *self, struct tw_error *error)
{
    if (self->curl.handle)
        return TW_OK;
    enum tw_status status = curl_library_open(&self->curl, error);
    if (status != TW_OK)
        return status;
    self->easy = self->curl.easy_init();
    CURLM *multi = self->curl.multi_init();
    if (multi)
        self->curl.multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    atomic_store(&self->multi, multi);
    if (self->easy && multi)
        return TW_OK;
    unload(self);
    return fail(error, TW_NO_MEMORY, "libcurl could not be started");
}

/* One exchange, for libcurl's callbacks. */
struct exchange_state {
    struct curl_transport *self;
    const struct transport_request *request;
    struct transport_answer *answer;
    int head_status; /* of the head that is being read; 1xx heads are skipped */
};

static struct text trim_line(const char *data, size_t length)
{
    while (length > 0 && (data[length - 1] == '\r' || data[length - 1] == '\n'))
        length--;
    return (struct text){data, length};
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct exchange_state *state = context;
    struct text line = trim_line(data, size * count);
    if (line.length >= 5 && memcmp(line.data, "HTTP/", 5) == 0) {
        state->head_status = curl_line_status(line);
        return size * count;
    }
    const char *colon = memchr(line.data, ':', line.length);
    if (!colon || state->head_status < 200)
        return size * count;
    struct text name = {line.data, (size_t)(colon - line.data)};
    struct text value = {colon + 1, line.length - name.length - 1};
    state->request->on_header(state->request->context, state->head_status, name, text_trim(value));
    return size * count;
}

static size_t take_piece(char *data, size_t size, size_t count, void *context)
{
    struct exchange_state *state = context;
    struct text piece = {data, size * count};
    if (state->request->on_piece(state->request->context, piece))
        return piece.length;
    state->answer->stopped = true;
    return CURL_WRITEFUNC_ERROR;
}

/* "Name: value". A control character would end the header, and begin another one. */
static enum tw_status add_header(struct curl_transport *self, struct text name, struct text value,
                                 struct curl_slist **list, struct tw_error *error)
{
    struct buffer line;
    buffer_init(&line, LONGEST_HEADER);
    buffer_text(&line, name);
    buffer_string(&line, value.length ? ": " : ":");
    buffer_text(&line, value);
    enum tw_status status = line.status;
    for (size_t i = 0; status == TW_OK && i < line.length; i++)
        if ((unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7F)
            status = TW_INVALID;
    struct curl_slist *longer = status ? NULL : self->curl.slist_append(*list, line.data);
    buffer_free(&line);
    if (status)
        return fail(error, status, "the header %.*s cannot be sent: %s", (int)name.length,
                    name.data, tw_status_text(status));
    if (!longer)
        return fail(error, TW_NO_MEMORY, "out of memory");
    *list = longer;
    return TW_OK;
}

static enum tw_status make_headers(struct curl_transport *self,
                                   const struct transport_request *request,
                                   struct curl_slist **list, struct tw_error *error)
{
    /* Without this libcurl asks for leave to send a large body, and waits a second for it. */
    enum tw_status status = add_header(self, TEXT("Expect"), TEXT(""), list, error);
    for (size_t i = 0; status == TW_OK && i < request->header_count; i++)
        status = add_header(self, request->headers[i].name, request->headers[i].value, list, error);
    return status;
}

static void set_options(struct exchange_state *state, struct curl_slist *headers)
{
    const struct transport_request *request = state->request;
    struct curl_transport *self = state->self;
    CURL *easy = self->easy;
    __typeof__(&curl_easy_setopt) set = self->curl.easy_setopt;
    self->curl.easy_reset(easy);
    set(easy, CURLOPT_URL, request->url);
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_NOPROXY, "*");
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L); /* a flex answer may take a quarter of an hour */
    set(easy, CURLOPT_USERAGENT, self->user_agent);
    set(easy, CURLOPT_HTTPHEADER, headers);
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length);
    set(easy, CURLOPT_POSTFIELDS, request->body.data);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT);
    set(easy, CURLOPT_TIMEOUT_MS,
        (long)(request->timeout < LONG_MAX ? request->timeout : LONG_MAX));
    set(easy, CURLOPT_HEADERFUNCTION, take_header);
    set(easy, CURLOPT_HEADERDATA, state);
    set(easy, CURLOPT_WRITEFUNCTION, take_piece);
    set(easy, CURLOPT_WRITEDATA, state);
}

static bool is_cancelled(const atomic_bool *cancelled)
{
    return cancelled && atomic_load(cancelled);
}

/* Runs the transfer to its end, or until it is cancelled. */
static CURLcode run(struct exchange_state *state)
{
    struct curl_transport *self = state->self;
    CURLM *multi = atomic_load(&self->multi);
    int running = 1, left;
    while (running) {
        if (is_cancelled(state->request->cancelled)) {
            state->answer->stopped = true;
            return CURLE_ABORTED_BY_CALLBACK;
        }
        if (self->curl.multi_perform(multi, &running) != CURLM_OK)
            return CURLE_OUT_OF_MEMORY;
        if (running && self->curl.multi_poll(multi, NULL, 0, LONGEST_POLL, NULL) != CURLM_OK)
            return CURLE_OUT_OF_MEMORY;
    }
    const CURLMsg *message = self->curl.multi_info_read(multi, &left);
    return message ? message->data.result : CURLE_OUT_OF_MEMORY;
}

static void note_result(struct exchange_state *state)
{
    struct curl_transport *self = state->self;
    long status = 0, bytes = 0;
    self->curl.easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    self->curl.easy_getinfo(self->easy, CURLINFO_REQUEST_SIZE, &bytes);
    state->answer->status = status >= 200 && status <= 999 ? (int)status : 0;
    state->answer->sent = bytes > 0;
}

static enum tw_status transfer(struct exchange_state *state, struct tw_error *error)
{
    struct curl_transport *self = state->self;
    char words[CURL_ERROR_SIZE] = "";
    self->curl.easy_setopt(self->easy, CURLOPT_ERRORBUFFER, words);
    CURLM *multi = atomic_load(&self->multi);
    if (self->curl.multi_add_handle(multi, self->easy) != CURLM_OK)
        return fail(error, TW_NO_MEMORY, "out of memory");
    CURLcode code = run(state);
    note_result(state);
    self->curl.multi_remove_handle(multi, self->easy);
    self->curl.easy_setopt(self->easy, CURLOPT_ERRORBUFFER, NULL);
    if (state->answer->stopped)
        return TW_OK;
    enum tw_status status = curl_status(code);
    return status ? fail(error, status, "%s", words[0] ? words : self->curl.easy_strerror(code))
                  : TW_OK;
}

static enum tw_status curl_exchange(struct transport *transport,
                                    const struct transport_request *request,
                                    struct transport_answer *answer, struct tw_error *error)
{
    struct curl_transport *self = (struct curl_transport *)transport;
    struct exchange_state state = {self, request, answer, 0};
    struct curl_slist *headers = NULL;
    *answer = (struct transport_answer){0};
    enum tw_status status = load(self, error);
    if (status != TW_OK)
        return status;
    status = make_headers(self, request, &headers, error);
    if (status == TW_OK) {
        set_options(&state, headers);
        status = transfer(&state, error);
    }
    self->curl.slist_free_all(headers);
    return status;
}

static void curl_pause(struct transport *transport, int64_t milliseconds,
                       const atomic_bool *cancelled)
{
    struct curl_transport *self = (struct curl_transport *)transport;
    CURLM *multi = atomic_load(&self->multi);
    int64_t end = clock_monotonic() / 1000000 + milliseconds, left = milliseconds;
    while (multi && left > 0 && !is_cancelled(cancelled)) {
        self->curl.multi_poll(multi, NULL, 0, left < LONGEST_POLL ? (int)left : LONGEST_POLL, NULL);
        left = end - clock_monotonic() / 1000000;
    }
}

static void curl_wake(struct transport *transport)
{
    struct curl_transport *self = (struct curl_transport *)transport;
    CURLM *multi = atomic_load(&self->multi);
    if (multi)
        self->curl.multi_wakeup(multi);
}

static void curl_close(struct transport *transport)
{
    struct curl_transport *self = (struct curl_transport *)transport;
    unload(self);
    free(self->user_agent);
    free(self);
}

enum tw_status transport_curl_open(const char *user_agent, struct transport **transport,
                                   struct tw_error *error)
{
    static const struct transport_operations operations = {curl_exchange, curl_pause, curl_wake,
                                                           curl_close};
    struct curl_transport *self = calloc(1, sizeof *self);
    char *copy = strdup(user_agent);
    *transport = NULL;
    if (!self || !copy) {
        free(self);
        free(copy);
        return fail(error, TW_NO_MEMORY, "out of memory");
    }
    self->transport.operations = &operations;
    self->user_agent = copy;
    *transport = &self->transport;
    return TW_OK;
}
