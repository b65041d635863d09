/* tests/unit/server_fixture.h: a server on a thread of its own with a few paths to ask: an echo,
 * and answers that wait, come in pieces, break off or break the rules. */
#ifndef TIERWAY_TESTS_SERVER_FIXTURE_H
#define TIERWAY_TESTS_SERVER_FIXTURE_H

#include "loop_thread.h"
#include "socket_probe.h"
#include "unit.h"

#include "gateway/server.h"

#include <stdatomic.h>
#include <stdio.h>

enum { STREAM_BYTES = 64 * 1024 * 1024, STREAM_PIECE = 32 * 1024, STREAM_QUEUE = 128 * 1024 };

/* A server under test. What its thread counts, the test's thread reads. */
struct fixture {
    struct loop_thread thread;
    struct server_options options;
    struct server *server;
    char address[80];
    struct exchange *waiting; /* the last one on /wait */
    size_t streamed;
    atomic_int requests;
    atomic_int ended[4];
    atomic_size_t largest_pending;
};

static void answer_with(struct exchange *exchange, struct text body)
{
    static const struct http_header type = {{"content-type", 12}, {"text/plain", 10}};
    CU_ASSERT_EQUAL(exchange_answer(exchange, 200, &type, 1, body), TW_OK);
}

static void answer_echo(struct fixture *fixture, struct exchange *exchange)
{
    (void)fixture;
    struct buffer body;
    buffer_init(&body, 1 << 20);
    const struct http_request *request = exchange_request(exchange);
    buffer_format(&body, "%.*s %.*s [%.*s]", (int)request->method.length, request->method.data,
                  (int)request->target.length, request->target.data, (int)request->body.length,
                  request->body.data);
    answer_with(exchange, buffer_view(&body));
    buffer_free(&body);
}

static void wait_for_ever(struct fixture *fixture, struct exchange *exchange)
{
    fixture->waiting = exchange;
}

static void answer_pieces(struct fixture *fixture, struct exchange *exchange)
{
    (void)fixture;
    CU_ASSERT_EQUAL(exchange_start(exchange, 200, NULL, 0, LENGTH_UNKNOWN), TW_OK);
    CU_ASSERT_EQUAL(exchange_write(exchange, TEXT("one,")), TW_OK);
    CU_ASSERT_EQUAL(exchange_write(exchange, TEXT("")), TW_OK);
    CU_ASSERT_EQUAL(exchange_write(exchange, TEXT("twenty-one bytes long")), TW_OK);
    exchange_finish(exchange);
}

static void answer_short(struct fixture *fixture, struct exchange *exchange)
{
    (void)fixture;
    CU_ASSERT_EQUAL(exchange_start(exchange, 200, NULL, 0, 10), TW_OK);
    CU_ASSERT_EQUAL(exchange_write(exchange, TEXT("1234567890x")), TW_INVALID);
    CU_ASSERT_EQUAL(exchange_write(exchange, TEXT("12345")), TW_OK);
    exchange_finish(exchange);
}

static void answer_cut(struct fixture *fixture, struct exchange *exchange)
{
    (void)fixture;
    exchange_start(exchange, 200, NULL, 0, LENGTH_UNKNOWN);
    exchange_write(exchange, TEXT("half"));
    exchange_cut(exchange);
}

static void answer_reset(struct fixture *fixture, struct exchange *exchange)
{
    (void)fixture;
    exchange_reset(exchange);
    exchange_reset(exchange);
}

static void go_on_streaming(struct fixture *fixture, struct exchange *exchange)
{
    char piece[STREAM_PIECE];
    memset(piece, 's', sizeof piece);
    while (fixture->streamed < STREAM_BYTES && exchange_pending(exchange) < STREAM_QUEUE) {
        CU_ASSERT_EQUAL(exchange_write(exchange, (struct text){piece, sizeof piece}), TW_OK);
        fixture->streamed += sizeof piece;
        size_t pending = exchange_pending(exchange);
        if (pending > fixture->largest_pending)
            fixture->largest_pending = pending;
    }
    if (fixture->streamed == STREAM_BYTES)
        exchange_finish(exchange);
}

static void answer_long(struct fixture *fixture, struct exchange *exchange)
{
    fixture->streamed = 0;
    exchange_start(exchange, 200, NULL, 0, LENGTH_UNKNOWN);
    go_on_streaming(fixture, exchange);
}

static void answer_bad_headers(struct fixture *fixture, struct exchange *exchange)
{
    (void)fixture;
    static const struct http_header bad[] = {
        {{"a", 1}, {"b\r\nc: d", 7}},
        {{"a", 1}, {"b\0", 2}},
        {{"a\n", 2}, {"b", 1}},
        {{"", 0}, {"b", 1}},
        {{"Content-Length", 14}, {"3", 1}},
        {{"connection", 10}, {"x", 1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(exchange_answer(exchange, 200, &bad[i], 1, TEXT("")), TW_INVALID);
    CU_ASSERT_EQUAL(exchange_answer(exchange, 99, NULL, 0, TEXT("")), TW_INVALID);
    CU_ASSERT_EQUAL(exchange_write(exchange, TEXT("x")), TW_INVALID);
    answer_with(exchange, TEXT("ok"));
    CU_ASSERT_EQUAL(exchange_answer(exchange, 200, NULL, 0, TEXT("again")), TW_INVALID);
}

/* One write past write_limit while the reader takes nothing. */
static void answer_over_limit(struct fixture *fixture, struct exchange *exchange)
{
    char piece[STREAM_PIECE];
    memset(piece, 'o', sizeof piece);
    exchange_start(exchange, 200, NULL, 0, LENGTH_UNKNOWN);
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < 100000 && !status; i++)
        status = exchange_write(exchange, (struct text){piece, sizeof piece});
    CU_ASSERT_EQUAL(status, TW_LIMIT);
    CU_ASSERT(exchange_pending(exchange) <= fixture->options.write_limit + 1024);
    exchange_reset(exchange);
}

static void on_request(struct exchange *exchange, void *context)
{
    static const struct {
        const char *path;
        void (*answer)(struct fixture *, struct exchange *);
    } rows[] = {
        {"/wait", wait_for_ever},     {"/pieces", answer_pieces},   {"/short", answer_short},
        {"/cut", answer_cut},         {"/reset", answer_reset},     {"/long", answer_long},
        {"/bad", answer_bad_headers}, {"/over", answer_over_limit},
    };
    struct fixture *fixture = context;
    fixture->requests++;
    CU_ASSERT_PTR_NULL(exchange_data(exchange));
    exchange_set_data(exchange, fixture);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is(exchange_request(exchange)->path, rows[i].path)) {
            rows[i].answer(fixture, exchange);
            return;
        }
    answer_echo(fixture, exchange);
}

static void on_drained(struct exchange *exchange, void *context)
{
    go_on_streaming(context, exchange);
}

static void on_ended(struct exchange *exchange, enum exchange_end end, void *context)
{
    struct fixture *fixture = context;
    CU_ASSERT_PTR_EQUAL(exchange_data(exchange), fixture);
    fixture->ended[end]++;
}

static const struct server_callbacks callbacks = {
    .request = on_request, .drained = on_drained, .ended = on_ended};

static void begin(struct loop_thread *thread)
{
    struct fixture *fixture = thread->context;
    struct tw_error error = {0};
    enum tw_status status = server_open(&thread->loop, &fixture->options, &callbacks, fixture,
                                        &fixture->server, &error);
    CU_ASSERT_EQUAL_FATAL(status, TW_OK);
    snprintf(fixture->address, sizeof fixture->address, "%s", server_address(fixture->server));
}

static void finish(struct loop_thread *thread)
{
    struct fixture *fixture = thread->context;
    server_stop(fixture->server, 50, NULL, NULL);
}

static struct fixture *open_with(struct server_options options)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->options = options;
    fixture->thread.begin = begin;
    fixture->thread.finish = finish;
    fixture->thread.context = fixture;
    loop_thread_start(&fixture->thread);
    return fixture;
}

static struct fixture *open_usual(void)
{
    return open_with(server_options_default());
}

static void close_fixture(struct fixture *fixture)
{
    CU_ASSERT_TRUE(loop_thread_stop(&fixture->thread));
    free(fixture);
}

/* Waits until the server's thread has counted that far; false when it does not. */
static inline bool reaches(atomic_int *count, int wanted)
{
    for (int i = 0; i < PROBE_LIMIT_MS && *count < wanted; i++)
        poll(NULL, 0, 1);
    return *count == wanted;
}

#define START "POST /echo HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED START "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
#define CLOSE "Connection: close\r\n"

#endif
