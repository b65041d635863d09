/* The HTTP server, over real sockets on loopback: limits, order, streams, and every way in which
 * either side can leave. */
#include "server_fixture.h"

static void test_error_shape(void)
{
    struct fixture *fixture = open_usual();
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_ask(fixture->address, "GET / HTTP/1.1\r\n\r\n", &answer);
    CU_ASSERT_STRING_EQUAL(
        answer.data,
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 127\r\n"
        "connection: close\r\n\r\n"
        "{\"error\":{\"message\":\"There must be exactly one Host header.\","
        "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"host_header\"}}");
    CU_ASSERT_EQUAL(fixture->requests, 0);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_pipelined_in_order(void)
{
    struct fixture *fixture = open_usual();
    int probe = probe_connect(fixture->address);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_say(probe, START "Content-Length: 1\r\n\r\na" START
                           "Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n"
                           "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n" START CLOSE
                           "Content-Length: 1\r\n\r\nd");
    CU_ASSERT_EQUAL(probe_read_all(probe, &answer), PROBE_CLOSED);
    const char *marks[] = {"POST /echo [a]", "POST /echo [b]", "one,", "POST /echo [d]"};
    const char *at = answer.data;
    for (size_t i = 0; i < 4 && at; i++)
        at = strstr(at, marks[i]);
    CU_ASSERT_PTR_NOT_NULL(at);
    CU_ASSERT_EQUAL(fixture->ended[EXCHANGE_ANSWERED], 4);
    close(probe);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_more_ahead_than_is_kept(void)
{
    struct server_options options = server_options_default();
    options.pipeline_bytes = 100;
    struct fixture *fixture = open_with(options);
    int probe = probe_connect(fixture->address);
    struct buffer requests, answer;
    buffer_init(&requests, PROBE_BYTES);
    buffer_init(&answer, PROBE_BYTES);
    for (int i = 0; i < 5000; i++)
        buffer_string(&requests, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CU_ASSERT_TRUE(probe_send(probe, requests.data, requests.length));
    CU_ASSERT_TRUE(probe_read_until(probe, &answer, "GET / []", 5000));
    CU_ASSERT_EQUAL(fixture->requests, 5000);
    close(probe);
    buffer_free(&requests);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_byte_by_byte(void)
{
    static const char request[] =
        START "Transfer-Encoding: chunked\r\n" CLOSE "\r\n3;x\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
    struct fixture *fixture = open_usual();
    int probe = probe_connect(fixture->address);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    for (size_t i = 0; i < sizeof request - 1; i++)
        CU_ASSERT_TRUE(probe_send(probe, request + i, 1));
    CU_ASSERT_EQUAL(probe_read_all(probe, &answer), PROBE_CLOSED);
    CU_ASSERT_EQUAL(probe_count(&answer, "POST /echo [abcd]"), 1);
    close(probe);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_streamed_framing(void)
{
    struct fixture *fixture = open_usual();
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_ask(fixture->address, "GET /pieces HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", &answer);
    CU_ASSERT_STRING_EQUAL(answer.data,
                           "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
                           "connection: close\r\n\r\n4\r\none,\r\n15\r\ntwenty-one bytes long\r\n"
                           "0\r\n\r\n");
    probe_ask(fixture->address, "GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &answer);
    CU_ASSERT_STRING_EQUAL(answer.data, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"
                                        "one,twenty-one bytes long");
    probe_ask(fixture->address, "HEAD /pieces HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", &answer);
    CU_ASSERT_STRING_EQUAL(answer.data, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
                                        "connection: close\r\n\r\n");
    probe_ask(fixture->address, "HEAD /echo HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", &answer);
    CU_ASSERT_STRING_EQUAL(answer.data, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
                                        "content-length: 13\r\nconnection: close\r\n\r\n");
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_old_keep_alive(void)
{
    static const char request[] = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    struct fixture *fixture = open_usual();
    int probe = probe_connect(fixture->address);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_say(probe, request);
    CU_ASSERT_TRUE(probe_read_until(probe, &answer, "GET / []", 1));
    CU_ASSERT_EQUAL(probe_count(&answer, "connection: keep-alive\r\n"), 1);
    probe_say(probe, request);
    CU_ASSERT_TRUE(probe_read_until(probe, &answer, "GET / []", 2));
    close(probe);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_expect_continue(void)
{
    struct fixture *fixture = open_usual();
    int probe = probe_connect(fixture->address);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_say(probe, START "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CU_ASSERT_TRUE(probe_read_until(probe, &answer, "\r\n\r\n", 1));
    CU_ASSERT_STRING_EQUAL(answer.data, "HTTP/1.1 100 Continue\r\n\r\n");
    probe_say(probe, "h");
    probe_say(probe, "i");
    CU_ASSERT_TRUE(probe_read_until(probe, &answer, "POST /echo [hi]", 1));
    CU_ASSERT_EQUAL(probe_count(&answer, "100 Continue"), 1);
    buffer_clear(&answer);
    probe_say(probe, START "Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n");
    CU_ASSERT_EQUAL(probe_read_all(probe, &answer), PROBE_CLOSED);
    CU_ASSERT_EQUAL(strncmp(answer.data, "HTTP/1.1 413 ", 13), 0);
    close(probe);
    buffer_free(&answer);
    close_fixture(fixture);
}

static int ask_with_filler(struct fixture *fixture, size_t head_bytes)
{
    static const char start[] = START CLOSE "X: ";
    struct buffer request, answer;
    buffer_init(&request, PROBE_BYTES);
    buffer_init(&answer, PROBE_BYTES);
    buffer_string(&request, start);
    buffer_repeat(&request, 'x', head_bytes - request.length - 4);
    buffer_string(&request, "\r\n\r\n");
    CU_ASSERT_EQUAL(request.length, head_bytes);
    int status = probe_ask(fixture->address, request.data, &answer);
    buffer_free(&request);
    buffer_free(&answer);
    return status;
}

static int ask_with_headers(struct fixture *fixture, size_t count)
{
    struct buffer request, answer;
    buffer_init(&request, PROBE_BYTES);
    buffer_init(&answer, PROBE_BYTES);
    buffer_string(&request, START CLOSE);
    for (size_t i = 2; i < count; i++)
        buffer_string(&request, "X: y\r\n");
    buffer_string(&request, "\r\n");
    int status = probe_ask(fixture->address, request.data, &answer);
    buffer_free(&request);
    buffer_free(&answer);
    return status;
}

static void test_limits_at_and_past(void)
{
    struct server_options options = server_options_default();
    options.limits =
        (struct request_limits){.head_bytes = 1000, .header_count = 40, .body_bytes = 4};
    struct fixture *fixture = open_with(options);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    const char *address = fixture->address;
    CU_ASSERT_EQUAL(ask_with_filler(fixture, 1000), 200);
    CU_ASSERT_EQUAL(ask_with_filler(fixture, 1001), 431);
    CU_ASSERT_EQUAL(ask_with_headers(fixture, 40), 200);
    CU_ASSERT_EQUAL(ask_with_headers(fixture, 41), 431);
    CU_ASSERT_EQUAL(probe_ask(address, START CLOSE "Content-Length: 4\r\n\r\n1234", &answer), 200);
    CU_ASSERT_EQUAL(probe_ask(address, START CLOSE "Content-Length: 5\r\n\r\n12345", &answer), 413);
    CU_ASSERT_EQUAL(probe_ask(address, CHUNKED "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", &answer), 200);
    CU_ASSERT_EQUAL(probe_ask(address, CHUNKED "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", &answer), 413);
    buffer_free(&answer);
    close_fixture(fixture);
}

/* Chunk extensions are read over, but not without end. */
static void test_framing_is_bounded(void)
{
    struct server_options options = server_options_default();
    options.limits.body_bytes = 4;
    struct fixture *fixture = open_with(options);
    struct buffer request, answer;
    buffer_init(&request, PROBE_BYTES);
    buffer_init(&answer, PROBE_BYTES);
    buffer_string(&request, CHUNKED "1;");
    buffer_repeat(&request, 'x', 100000);
    CU_ASSERT_EQUAL(probe_ask(fixture->address, request.data, &answer), 413);
    buffer_free(&request);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_refusal_reaches_a_busy_sender(void)
{
    struct server_options options = server_options_default();
    options.limits.body_bytes = 1000;
    struct fixture *fixture = open_with(options);
    struct buffer request, answer;
    buffer_init(&request, PROBE_BYTES);
    buffer_init(&answer, PROBE_BYTES);
    buffer_string(&request, START "Content-Length: 20000000\r\n\r\n");
    buffer_repeat(&request, 'x', 20000000);
    CU_ASSERT_EQUAL(probe_ask(fixture->address, request.data, &answer), 413);
    buffer_free(&request);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_connection_limit(void)
{
    struct server_options options = server_options_default();
    options.connection_limit = 2;
    struct fixture *fixture = open_with(options);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    int first = probe_connect(fixture->address), second = probe_connect(fixture->address);
    CU_ASSERT_EQUAL(probe_ask(fixture->address, START CLOSE "\r\n", &answer), 503);
    CU_ASSERT_EQUAL(probe_count(&answer, "too_many_connections"), 1);
    buffer_clear(&answer);
    probe_say(first, START CLOSE "\r\n");
    CU_ASSERT_EQUAL(probe_read_all(first, &answer), PROBE_CLOSED);
    close(first);
    int status = 0;
    for (int i = 0; i < PROBE_LIMIT_MS && status != 200; i++)
        status = probe_ask(fixture->address, START CLOSE "\r\n", &answer);
    CU_ASSERT_EQUAL(status, 200);
    close(second);
    buffer_free(&answer);
    close_fixture(fixture);
}

/* Bytes that trickle in do not put off the limit for the head. */
static void test_slow_sender(void)
{
    struct server_options options = server_options_default();
    options.head_ms = 100;
    options.body_ms = 100;
    struct fixture *fixture = open_with(options);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    const char *starts[] = {"GET / HTTP/1.1\r\nHost: a\r\nX: ",
                            START "Content-Length: 9999\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        int probe = probe_connect(fixture->address);
        buffer_clear(&answer);
        probe_say(probe, starts[i]);
        while (probe_read(probe, &answer, 10) == PROBE_SILENT)
            probe_say(probe, "x");
        CU_ASSERT_EQUAL(probe_read_all(probe, &answer), PROBE_CLOSED);
        CU_ASSERT_EQUAL(strncmp(answer.data, "HTTP/1.1 408 ", 13), 0);
        close(probe);
    }
    buffer_clear(&answer);
    int silent = probe_connect(fixture->address);
    CU_ASSERT_EQUAL(probe_read_all(silent, &answer), PROBE_CLOSED);
    CU_ASSERT_EQUAL(answer.length, 0);
    close(silent);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_idle_connection(void)
{
    struct server_options options = server_options_default();
    options.idle_ms = 50;
    struct fixture *fixture = open_with(options);
    int probe = probe_connect(fixture->address);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_say(probe, START "\r\n");
    CU_ASSERT_EQUAL(probe_read_all(probe, &answer), PROBE_CLOSED);
    CU_ASSERT_EQUAL(probe_count(&answer, "200 OK"), 1);
    CU_ASSERT_EQUAL(probe_count(&answer, "HTTP/1.1"), 1);
    close(probe);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_caller_leaves_while_waiting(void)
{
    struct fixture *fixture = open_usual();
    for (int reset = 0; reset < 2; reset++) {
        int probe = probe_connect(fixture->address);
        probe_say(probe, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        CU_ASSERT_TRUE(reaches(&fixture->requests, reset + 1));
        struct linger hard = {.l_onoff = reset, .l_linger = 0};
        setsockopt(probe, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(probe);
        CU_ASSERT_TRUE(reaches(&fixture->ended[EXCHANGE_LEFT], reset + 1));
    }
    CU_ASSERT_EQUAL(fixture->ended[EXCHANGE_ANSWERED], 0);
    close_fixture(fixture);
}

static void test_caller_leaves_in_a_request(void)
{
    static const char *const starts[] = {"", "GE", START, START "Content-Length: 9\r\n\r\n123"};
    struct fixture *fixture = open_usual();
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        int probe = probe_connect(fixture->address);
        probe_say(probe, starts[i]);
        close(probe);
    }
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    CU_ASSERT_EQUAL(probe_ask(fixture->address, START CLOSE "\r\n", &answer), 200);
    CU_ASSERT_EQUAL(fixture->requests, 1);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_caller_leaves_in_a_stream(void)
{
    struct fixture *fixture = open_usual();
    int probe = probe_connect_with(fixture->address, 4096);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_say(probe, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    CU_ASSERT_TRUE(probe_read_until(probe, &answer, "ssss", 1));
    close(probe);
    CU_ASSERT_TRUE(reaches(&fixture->ended[EXCHANGE_LEFT], 1));
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_slow_reader(void)
{
    struct fixture *fixture = open_usual();
    int probe = probe_connect_with(fixture->address, 4096);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_say(probe, "GET /long HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
    CU_ASSERT_TRUE(reaches(&fixture->requests, 1));
    CU_ASSERT_EQUAL(probe_read_all(probe, &answer), PROBE_CLOSED);
    CU_ASSERT_EQUAL(fixture->ended[EXCHANGE_ANSWERED], 1);
    CU_ASSERT(answer.length > STREAM_BYTES);
    size_t bodies = 0;
    for (size_t i = 0; i < answer.length; i++)
        bodies += answer.data[i] == 's';
    CU_ASSERT(bodies >= STREAM_BYTES && bodies < STREAM_BYTES + 16);
    CU_ASSERT(fixture->largest_pending > 0);
    CU_ASSERT(fixture->largest_pending <= STREAM_QUEUE + STREAM_PIECE + 64);
    close(probe);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_reader_that_stalls(void)
{
    struct server_options options = server_options_default();
    options.stall_ms = 100;
    struct fixture *fixture = open_with(options);
    int probe = probe_connect_with(fixture->address, 4096);
    probe_say(probe, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    CU_ASSERT_TRUE(reaches(&fixture->ended[EXCHANGE_LEFT], 1));
    close(probe);
    close_fixture(fixture);
}

static void test_write_limit(void)
{
    struct server_options options = server_options_default();
    options.write_limit = 1024 * 1024;
    struct fixture *fixture = open_with(options);
    int probe = probe_connect_with(fixture->address, 4096);
    probe_say(probe, "GET /over HTTP/1.1\r\nHost: a\r\n\r\n");
    CU_ASSERT_TRUE(reaches(&fixture->ended[EXCHANGE_ABORTED], 1));
    close(probe);
    close_fixture(fixture);
}

static void test_broken_off_answers(void)
{
    static const struct {
        const char *request;
        enum probe_result end;
        const char *answer;
    } rows[] = {
        {"GET /short HTTP/1.1\r\nHost: a\r\n\r\n", PROBE_CLOSED,
         "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345"},
        {"GET /cut HTTP/1.1\r\nHost: a\r\n\r\n", PROBE_CLOSED,
         "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"},
        {"GET /reset HTTP/1.1\r\nHost: a\r\n\r\n", PROBE_RESET, ""},
    };
    struct fixture *fixture = open_usual();
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int probe = probe_connect(fixture->address);
        buffer_clear(&answer);
        probe_say(probe, rows[i].request);
        CU_ASSERT_EQUAL(probe_read_all(probe, &answer), rows[i].end);
        CU_ASSERT_TRUE(text_is(buffer_view(&answer), rows[i].answer));
        close(probe);
    }
    CU_ASSERT_EQUAL(fixture->ended[EXCHANGE_ABORTED], 3);
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_bad_answers(void)
{
    struct fixture *fixture = open_usual();
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_ask(fixture->address, "GET /bad HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", &answer);
    CU_ASSERT_STRING_EQUAL(answer.data,
                           "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n"
                           "connection: close\r\n\r\nok");
    buffer_free(&answer);
    close_fixture(fixture);
}

static void test_stop_cuts_off_what_waits(void)
{
    struct fixture *fixture = open_usual();
    int idle = probe_connect(fixture->address), waiting = probe_connect(fixture->address);
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    probe_say(waiting, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    CU_ASSERT_TRUE(reaches(&fixture->requests, 1));
    CU_ASSERT_TRUE(loop_thread_stop(&fixture->thread));
    CU_ASSERT_EQUAL(fixture->ended[EXCHANGE_STOPPED], 1);
    CU_ASSERT_EQUAL(probe_read_all(idle, &answer), PROBE_CLOSED);
    CU_ASSERT_EQUAL(probe_read_all(waiting, &answer), PROBE_CLOSED);
    close(idle);
    close(waiting);
    buffer_free(&answer);
    free(fixture);
}

static enum tw_status try_open(const char *listen, bool reuse, struct tw_error *error)
{
    uv_loop_t loop;
    struct server *server = NULL;
    struct server_options options = server_options_default();
    options.listen = listen;
    options.reuse_port = reuse;
    uv_loop_init(&loop);
    enum tw_status status = server_open(&loop, &options, &callbacks, NULL, &server, error);
    if (!status)
        server_stop(server, 0, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CU_ASSERT_EQUAL(uv_loop_close(&loop), 0);
    return status;
}

static void test_addresses(void)
{
    struct tw_error error = {0};
    CU_ASSERT_EQUAL(try_open("localhost:0", false, &error), TW_OK);
    CU_ASSERT_EQUAL(try_open("127.0.0.1:0", true, &error), TW_OK);
    static const char *const bad[] = {"",           ":80",         "127.0.0.1",
                                      "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999",
                                      "example:80", "[]:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(try_open(bad[i], false, &error), TW_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "'[]:1' is not ADDRESS:PORT");

    struct server_options options = server_options_default();
    options.reuse_port = true;
    struct fixture *fixture = open_with(options);
    CU_ASSERT_EQUAL(try_open(fixture->address, false, &error), TW_IO);
    CU_ASSERT_EQUAL(try_open(fixture->address, true, &error), TW_OK);
    close_fixture(fixture);
}

UNIT_TESTS({"error shape", test_error_shape}, {"pipelined, in order", test_pipelined_in_order},
           {"more ahead than is kept", test_more_ahead_than_is_kept},
           {"byte by byte", test_byte_by_byte}, {"streamed framing", test_streamed_framing},
           {"HTTP/1.0 keep-alive", test_old_keep_alive}, {"100-continue", test_expect_continue},
           {"limits, at and one past", test_limits_at_and_past},
           {"framing is bounded", test_framing_is_bounded},
           {"refusal reaches a busy sender", test_refusal_reaches_a_busy_sender},
           {"connection limit", test_connection_limit}, {"slow sender", test_slow_sender},
           {"idle connection", test_idle_connection},
           {"caller leaves while waiting", test_caller_leaves_while_waiting},
           {"caller leaves in a request", test_caller_leaves_in_a_request},
           {"caller leaves in a stream", test_caller_leaves_in_a_stream},
           {"slow reader", test_slow_reader}, {"reader that stalls", test_reader_that_stalls},
           {"write limit", test_write_limit}, {"broken off answers", test_broken_off_answers},
           {"answers that may not be sent", test_bad_answers},
           {"stop cuts off what waits", test_stop_cuts_off_what_waits},
           {"addresses", test_addresses})
