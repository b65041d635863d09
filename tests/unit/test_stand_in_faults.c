/* The faults of the stand-in provider, over real sockets on loopback. */
#include "stand_in_probe.h"

static void test_said_errors(void)
{
    static const struct {
        const char *fault;
        int status;
        const char *type, *code, *retry_after;
    } rows[] = {
        {"500", 500, "server_error", "(none)", NULL},
        {"503", 503, "service_unavailable_error", "server_is_overloaded", NULL},
        {"429", 429, "requests", "rate_limit_exceeded", "retry-after: 20\r\n"},
        {"429=7", 429, "requests", "rate_limit_exceeded", "retry-after: 7\r\n"},
        {"billing", 429, "insufficient_quota", "insufficient_quota", NULL},
        {"refuse", 429, "resource_unavailable", "flex_unavailable", "retry-after: 300\r\n"},
        {"498", 498, "capacity_exceeded", "capacity_exceeded", NULL},
        {"408", 408, "timeout", "(none)", NULL},
        {"400", 400, "invalid_request_error", "(none)", NULL},
        {"error-event", 503, "service_unavailable_error", "server_is_overloaded", NULL},
    };
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char header[64];
        snprintf(header, sizeof header, "x-fake-fault: %s\r\n", rows[i].fault);
        chat_with(stand_in, header, "", &answer);
        CU_ASSERT_EQUAL(answer.status, rows[i].status);
        CHECK_PATH(answer.body, "error/type", rows[i].type);
        CHECK_PATH(answer.body, "error/code", rows[i].code);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, "retry-after: "), rows[i].retry_after != NULL);
        if (rows[i].retry_after)
            CU_ASSERT_EQUAL(probe_count(&answer.bytes, rows[i].retry_after), 1);
    }
    CU_ASSERT_EQUAL(number_at(stand_in, "faults"), 10);
    CU_ASSERT_EQUAL(number_at(stand_in, "billed/0/requests"), -1);
    chat_with(stand_in, "x-fake-fault: nothing\r\n", "", &answer);
    CU_ASSERT_EQUAL(answer.status, 400);
    CHECK_PATH(answer.body, "error/code", "invalid_fault");
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_broken_answers(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    chat_with(stand_in, "x-fake-fault: reset\r\n", "", &answer);
    CU_ASSERT_EQUAL(answer.end, PROBE_RESET);
    CU_ASSERT_EQUAL(answer.bytes.length, 0);
    chat_with(stand_in, "x-fake-fault: close\r\n", "", &answer);
    CU_ASSERT_EQUAL(answer.end, PROBE_CLOSED);
    CU_ASSERT_EQUAL(answer.bytes.length, 0);
    chat_with(stand_in, "x-fake-fault: empty\r\n", "", &answer);
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_STRING_EQUAL(answer.body, "");
    chat_with(stand_in, "x-fake-fault: garbage\r\n", "", &answer);
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_PTR_NULL(json_tokener_parse(answer.body));
    chat_with(stand_in, "x-fake-fault: truncated\r\n", "", &answer);
    const char *length = strstr(answer.bytes.data, "content-length: ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(length);
    size_t promised = (size_t)atoi(length + 16);
    CU_ASSERT_EQUAL(strlen(answer.body), promised / 2);
    chat_with(stand_in, "x-fake-fault: truncated=3\r\n", "\"stream\":true,", &answer);
    CU_ASSERT_EQUAL(answer.end, PROBE_CLOSED);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "data: {"), 4); /* role and 3 words */
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "[DONE]"), 0);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\r\n0\r\n\r\n"), 0);
    chat_with(stand_in, "x-fake-fault: error-event=2\r\n", "\"stream\":true,", &answer);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"delta\":{\"content\":"), 2);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "data: {\"error\":{\"message\":"), 1);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\r\n0\r\n\r\n"), 1);
    responses_with(stand_in, "x-fake-fault: refuse-failed\r\n", "\"stream\":true,", &answer);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "event: response.failed\n"), 1);
    responses_with(stand_in, "x-fake-fault: refuse-event\r\n", "\"stream\":true,", &answer);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "event: error\n"), 1);
    CU_ASSERT_EQUAL(number_at(stand_in, "faults"), 9);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_hang_and_slow(void)
{
    struct stand_in_options options = quick();
    options.latency_ms[STAND_IN_FLEX] = 80;
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    int probe = probe_connect(stand_in->address);
    probe_say(probe, "POST " CHAT " HTTP/1.1\r\nHost: a\r\nx-fake-fault: hang\r\n"
                     "Content-Length: 29\r\n\r\n{\"model\":\"m\",\"messages\":[{}]}");
    CU_ASSERT_EQUAL(probe_read(probe, &answer.bytes, 100), PROBE_SILENT);
    close(probe);
    for (int i = 0; i < PROBE_LIMIT_MS && number_at(stand_in, "left") == 0; i++)
        poll(NULL, 0, 1);
    CU_ASSERT_EQUAL(number_at(stand_in, "left"), 1);
    static const struct {
        const char *headers, *members;
        int64_t at_least_ms;
    } rows[] = {{"x-fake-fault: slow=60\r\n", "", 60},
                {"", "\"service_tier\":\"flex\",", 80},
                {"x-fake-fault: slow-stream=20\r\n", "\"stream\":true,\"max_tokens\":4,", 80}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t before = uv_hrtime();
        chat_with(stand_in, rows[i].headers, rows[i].members, &answer);
        CU_ASSERT_EQUAL(answer.status, 200);
        CU_ASSERT((int64_t)((uv_hrtime() - before) / 1000000) >= rows[i].at_least_ms - 1);
    }
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_faults_by_tier_and_share(void)
{
    static const char *const faults[] = {"503@flex", "500:25%"};
    struct stand_in_options options = quick();
    options.faults = faults;
    options.fault_count = 2;
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    size_t failed = 0;
    for (int i = 0; i < 200; i++) {
        chat_with(stand_in, "", "", &answer);
        CU_ASSERT(answer.status == 200 || answer.status == 500);
        failed += answer.status == 500;
        chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
        CU_ASSERT_EQUAL(answer.status, 503);
    }
    CU_ASSERT(failed > 30 && failed < 70);
    CU_ASSERT_EQUAL(set(stand_in, "/fake/faults", ""), 200);
    chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_EQUAL(set(stand_in, "/fake/faults", "500\n\n429=1@default\n"), 200);
    chat_with(stand_in, "", "", &answer);
    CU_ASSERT_EQUAL(answer.status, 500);
    const char *bad[] = {"no", "500@", "500:", "500:200%", "slow=x", "slow=", "500@auto"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(set(stand_in, "/fake/faults", bad[i]), 400);
    CU_ASSERT_EQUAL(set(stand_in, "/fake/reset", ""), 200);
    chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
    CU_ASSERT_EQUAL(answer.status, 503);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

UNIT_TESTS({"errors that are said", test_said_errors}, {"broken answers", test_broken_answers},
           {"hang and slow", test_hang_and_slow},
           {"faults by tier and share", test_faults_by_tier_and_share})
