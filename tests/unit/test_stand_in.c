/* The stand-in provider, over real sockets on loopback: tiers, refusals, usage, streams, its bill,
 * and that the same seed gives the same bytes. */
#include "stand_in_probe.h"

static void test_chat(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    chat_with(stand_in, "", "\"max_tokens\":3,", &answer);
    CU_ASSERT_EQUAL(answer.status, 200);
    CHECK_PATH(answer.body, "object", "chat.completion");
    CHECK_PATH(answer.body, "created", "1767225601");
    CHECK_PATH(answer.body, "model", "gpt-4.1");
    CHECK_PATH(answer.body, "service_tier", "default");
    CHECK_PATH(answer.body, "choices/0/finish_reason", "length");
    CHECK_PATH(answer.body, "choices/0/message/role", "assistant");
    CHECK_PATH(answer.body, "usage/prompt_tokens", "3"); /* 12 code points */
    CHECK_PATH(answer.body, "usage/completion_tokens", "3");
    CHECK_PATH(answer.body, "usage/total_tokens", "6");
    CHECK_PATH(answer.body, "usage/prompt_tokens_details/cached_tokens", "0");
    CHECK_PATH(answer.body, "usage/completion_tokens_details/reasoning_tokens", "0");
    char content[256];
    at_path(answer.body, "choices/0/message/content", content, sizeof content);
    CU_ASSERT_EQUAL(count_in(content, " "), 2); /* a word a token */
    const char *headers[] = {"x-request-id: req_", "openai-processing-ms: 0\r\n",
                             "x-ratelimit-limit-requests: 10000\r\n",
                             "x-ratelimit-remaining-tokens: 29999997\r\n",
                             "content-type: application/json\r\n"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, headers[i]), 1);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_usage(void)
{
    static const struct {
        const char *body, *prompt, *completion, *reasoning;
    } rows[] = {
        {"{\"model\":\"gpt-4.1\",\"messages\":[]}", "1", "40", "0"},
        {"{\"model\":\"gpt-4.1\",\"messages\":[{\"content\":\"äöüß äöü\"}]}", "2", "40", "0"},
        {"{\"model\":\"gpt-4.1\",\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":"
         "\"12345678\"},{\"text\":\"1234\"}]}]}",
         "3", "40", "0"},
        {"{\"model\":\"o3\",\"max_completion_tokens\":20,\"messages\":[]}", "1", "20", "5"},
        {"{\"model\":\"gpt-5\",\"max_tokens\":41,\"messages\":[]}", "1", "40", "10"},
        {"{\"model\":\"gpt-4.1\",\"max_tokens\":1,\"messages\":[]}", "1", "1", "0"},
    };
    struct stand_in_options options = quick();
    options.completion_tokens = 40;
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(stand_in->address, "POST", CHAT, "", rows[i].body, &answer);
        CHECK_PATH(answer.body, "usage/prompt_tokens", rows[i].prompt);
        CHECK_PATH(answer.body, "usage/completion_tokens", rows[i].completion);
        CHECK_PATH(answer.body, "usage/completion_tokens_details/reasoning_tokens",
                   rows[i].reasoning);
    }
    chat_with(stand_in, "x-fake-tokens: 7\r\n", "", &answer);
    CHECK_PATH(answer.body, "usage/completion_tokens", "7");
    CHECK_PATH(answer.body, "choices/0/finish_reason", "stop");

    struct buffer body;
    buffer_init(&body, 1 << 20);
    buffer_string(&body, "{\"model\":\"gpt-4.1\",\"messages\":[{\"content\":\"");
    buffer_repeat(&body, 'x', 1300 * 4);
    buffer_string(&body, "\"}]}");
    ask(stand_in->address, "POST", CHAT, "", body.data, &answer);
    CHECK_PATH(answer.body, "usage/prompt_tokens", "1300");
    CHECK_PATH(answer.body, "usage/prompt_tokens_details/cached_tokens", "640");
    buffer_free(&body);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_tiers(void)
{
    static const struct {
        const char *member, *served;
    } rows[] = {{"", "default"},
                {"\"service_tier\":null,", "default"},
                {"\"service_tier\":\"auto\",", "default"},
                {"\"service_tier\":\"default\",", "default"},
                {"\"service_tier\":\"flex\",", "flex"},
                {"\"service_tier\":\"priority\",", "priority"},
                {"\"service_tier\":\"fast\",", "priority"},
                {"\"service_tier\":\"scale\",", "scale"}};
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        chat_with(stand_in, "", rows[i].member, &answer);
        CU_ASSERT_EQUAL(answer.status, 200);
        CHECK_PATH(answer.body, "service_tier", rows[i].served);
    }
    responses_with(stand_in, "", "\"service_tier\":\"ultrafast\",", &answer);
    CHECK_PATH(answer.body, "service_tier", "ultrafast");
    const char *bad[] = {"\"service_tier\":\"ultrafast\",", "\"service_tier\":\"Flex\",",
                         "\"service_tier\":\"\",", "\"service_tier\":1,"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        chat_with(stand_in, "", bad[i], &answer);
        CU_ASSERT_EQUAL(answer.status, 400);
        CHECK_PATH(answer.body, "error/param", "service_tier");
    }
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_downgrade(void)
{
    struct stand_in_options options = quick();
    options.downgrade[STAND_IN_PRIORITY] = 1000000;
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    chat_with(stand_in, "", "\"service_tier\":\"priority\",", &answer);
    CHECK_PATH(answer.body, "service_tier", "default");
    chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
    CHECK_PATH(answer.body, "service_tier", "flex");
    CU_ASSERT_EQUAL(number_at(stand_in, "served/default"), 1);
    CU_ASSERT_EQUAL(number_at(stand_in, "asked/priority"), 1);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_refusal(void)
{
    struct stand_in_options options = quick();
    options.capacity = "refuse all";
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    chat_with(stand_in, "", "\"stream\":true,\"service_tier\":\"flex\",", &answer);
    CU_ASSERT_EQUAL(answer.status, 429);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\r\nretry-after: 300\r\n"), 1);
    CU_ASSERT_STRING_EQUAL(
        answer.body, "{\"error\":{\"message\":\"Flex tier does not have sufficient resources "
                     "available to fulfill your request. You can try again later or change "
                     "service_tier=default\",\"type\":\"resource_unavailable\",\"param\":null,"
                     "\"code\":\"flex_unavailable\"}}");
    chat_with(stand_in, "", "\"service_tier\":\"default\",", &answer);
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_EQUAL(number_at(stand_in, "refused"), 1);
    CU_ASSERT_EQUAL(number_at(stand_in, "served/flex"), 0);
    CU_ASSERT_EQUAL(number_at(stand_in, "billed/0/requests"), 1);
    CU_ASSERT_EQUAL(number_at(stand_in, "billed/1/requests"), -1);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_refusal_in_stream(void)
{
    static const struct {
        enum stand_in_refusal how;
        const char *part;
    } rows[] = {
        {STAND_IN_REFUSE_EVENT, "event: error\ndata: {\"type\":\"error\",\"sequence_number\":2,"
                                "\"error\":{\"message\":\"Flex tier"},
        {STAND_IN_REFUSE_FAILED, "event: response.failed\ndata: {\"type\":\"response.failed\","
                                 "\"sequence_number\":2,\"response\":{"},
    };
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < 2; i++) {
        struct stand_in_options options = quick();
        options.capacity = "refuse all";
        options.refusal = rows[i].how;
        struct stand_in_thread *stand_in = stand_in_thread_open(options);
        responses_with(stand_in, "", "\"stream\":true,\"service_tier\":\"flex\",", &answer);
        CU_ASSERT_EQUAL(answer.status, 200);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, rows[i].part), 1);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"code\":\"flex_unavailable\""), 1);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, "event: response.in_progress"), 1);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, "output_text.delta"), 0);
        chat_with(stand_in, "", "\"stream\":true,\"service_tier\":\"flex\",", &answer);
        CU_ASSERT_EQUAL(answer.status, 200);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, "data: {\"error\":{\"message\":\"Flex"), 1);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, "[DONE]"), 0);
        chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
        CU_ASSERT_EQUAL(answer.status, 429);
        CU_ASSERT_EQUAL(number_at(stand_in, "refused"), 3);
        CU_ASSERT_EQUAL(number_at(stand_in, "faults"), 0);
        CU_ASSERT_EQUAL(number_at(stand_in, "billed/0/requests"), -1);
        CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
    }
    buffer_free(&answer.bytes);
}

/* What a run of flex requests meets: R for 429, O for 200. */
static void flex_run(struct stand_in_thread *stand_in, char *letters, size_t count)
{
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < count; i++) {
        chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
        letters[i] = answer.status == 429 ? 'R' : answer.status == 200 ? 'O' : '?';
    }
    letters[count] = '\0';
    buffer_free(&answer.bytes);
}

static int64_t read_clock(void *context)
{
    return __atomic_load_n((int64_t *)context, __ATOMIC_SEQ_CST);
}

static void test_capacity(void)
{
    static const struct {
        const char *capacity, *letters;
    } rows[] = {{"refuse first 2", "RROOOO"}, {"pattern RRO", "RRORRO"}, {"refuse all", "RRRRRR"},
                {"refuse none", "OOOOOO"},    {"refuse 0%", "OOOOOO"},   {"refuse 100%", "RRRRRR"}};
    int64_t now = 0;
    struct stand_in_options options = quick();
    options.elapsed = read_clock;
    options.elapsed_context = &now;
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    char letters[401];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(set(stand_in, "/fake/capacity", rows[i].capacity), 200);
        flex_run(stand_in, letters, 6);
        CU_ASSERT_STRING_EQUAL(letters, rows[i].letters);
    }
    CU_ASSERT_EQUAL(set(stand_in, "/fake/capacity", "refuse 0s-10s 20s-30s"), 200);
    const int64_t instants[] = {0, 9999, 10000, 19999, 20000, 29999, 30000};
    for (size_t i = 0; i < 7; i++) {
        __atomic_store_n(&now, instants[i], __ATOMIC_SEQ_CST);
        flex_run(stand_in, letters + i, 1);
    }
    CU_ASSERT_STRING_EQUAL(letters, "RROORRO");
    CU_ASSERT_EQUAL(set(stand_in, "/fake/capacity", "refuse 30%"), 200);
    flex_run(stand_in, letters, 400);
    size_t refused = count_in(letters, "R");
    CU_ASSERT(refused > 90 && refused < 150);
    const char *bad[] = {
        "",          "refuse",     "refuse 101%",  "refuse x%",      "refuse 1.2345%",
        "pattern",   "pattern RX", "refuse first", "refuse first x", "refuse 1s-",
        "refuse 30", "accept all", "refuse 5% 6%", "refuse .5%"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(set(stand_in, "/fake/capacity", bad[i]), 400);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_shares(void)
{
    static const struct {
        const char *text;
        int64_t share; /* -1: not one */
    } rows[] = {{"0%", 0},           {"100%", 1000000}, {"12.5%", 125000}, {"0.001%", 10},
                {"99.999%", 999990}, {"100.1%", -1},    {"5", -1},         {"%", -1},
                {"-1%", -1},         {"1.%", -1},       {"1.0001%", -1},   {"", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t share = 0;
        bool good = stand_in_share_read(text_of(rows[i].text), &share);
        CU_ASSERT_EQUAL(good ? (int64_t)share : -1, rows[i].share);
    }
}

static void test_flex_models(void)
{
    static const struct {
        const char *model;
        int status;
    } rows[] = {{"o3", 200},
                {"o4-mini-2025-04-16", 200},
                {"gpt-5", 200},
                {"gpt-5.2-pro", 200},
                {"gpt-6-astra", 200},
                {"gpt-4.1", 400},
                {"gpt-4o", 400},
                {"o1", 400},
                {"o3-mini", 400},
                {"gpt-5-pro", 400},
                {"gpt-5-chat-latest", 400},
                {"gpt-5-codex", 400}};
    struct stand_in_options options = quick();
    options.flex_any_model = false;
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"model\":\"%s\",\"service_tier\":\"flex\",\"messages\":[]}",
                 rows[i].model);
        ask(stand_in->address, "POST", CHAT, "", body, &answer);
        CU_ASSERT_EQUAL(answer.status, rows[i].status);
        if (answer.status == 400)
            CU_ASSERT_STRING_EQUAL(answer.body,
                                   "{\"error\":{\"message\":\"Invalid service_tier argument\","
                                   "\"type\":\"invalid_request_error\",\"param\":\"service_tier\","
                                   "\"code\":null}}");
    }
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_chat_stream(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    chat_with(stand_in, "", "\"stream\":true,\"max_tokens\":4,\"service_tier\":\"flex\",", &answer);
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "content-type: text/event-stream"), 1);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "data: {"), 6); /* role, 4 words, finish */
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"service_tier\":\"flex\""), 6);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"object\":\"chat.completion.chunk\""), 6);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"finish_reason\":\"length\""), 1);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"usage\""), 0);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "data: [DONE]\n\n"), 1);
    chat_with(stand_in, "",
              "\"stream\":true,\"max_tokens\":4,\"stream_options\":{\"include_usage\":true},",
              &answer);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"usage\":null}\n\n"), 6);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                                               "\"completion_tokens\":4,\"total_tokens\":7,"),
                    1);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "}}\n\ndata: [DONE]\n\n"), 1);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_responses(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    responses_with(stand_in, "x-fake-tokens: 8\r\n", "\"service_tier\":\"fast\",", &answer);
    CHECK_PATH(answer.body, "object", "response");
    CHECK_PATH(answer.body, "status", "completed");
    CHECK_PATH(answer.body, "service_tier", "priority");
    CHECK_PATH(answer.body, "usage/input_tokens", "3");
    CHECK_PATH(answer.body, "usage/output_tokens", "8");
    CHECK_PATH(answer.body, "usage/output_tokens_details/reasoning_tokens", "2");
    CHECK_PATH(answer.body, "output/0/content/0/type", "output_text");

    responses_with(stand_in, "x-fake-tokens: 8\r\n", "\"stream\":true,", &answer);
    static const struct {
        const char *name;
        size_t times;
    } events[] = {{"response.created", 1},           {"response.in_progress", 1},
                  {"response.output_item.added", 1}, {"response.content_part.added", 1},
                  {"response.output_text.delta", 6}, {"response.output_text.done", 1},
                  {"response.content_part.done", 1}, {"response.output_item.done", 1},
                  {"response.completed", 1}};
    const char *at = answer.body;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        char line[80];
        snprintf(line, sizeof line, "event: %s\n", events[i].name);
        CU_ASSERT_EQUAL(probe_count(&answer.bytes, line), events[i].times);
        at = at ? strstr(at, line) : NULL;
    }
    CU_ASSERT_PTR_NOT_NULL(at); /* and in that order */
    CU_ASSERT_EQUAL(count_in(answer.body, "\"service_tier\":\"auto\""), 2);
    CU_ASSERT_EQUAL(count_in(at ? at : "", "\"service_tier\":\"default\""), 1);
    CU_ASSERT_EQUAL(count_in(at ? at : "", "\"output_tokens\":8"), 1);
    responses_with(stand_in, "", "\"stream\":true,\"max_output_tokens\":2,", &answer);
    CU_ASSERT_EQUAL(probe_count(&answer.bytes, "event: response.incomplete\n"), 1);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_bad_requests(void)
{
    static const struct {
        const char *method, *path, *body;
        int status;
    } rows[] = {
        {"POST", CHAT, "", 400},
        {"POST", CHAT, "{", 400},
        {"POST", CHAT, "[]", 400},
        {"POST", CHAT, "{\"model\":\"m\",\"messages\":[]} x", 400},
        {"POST", CHAT, "{\"model\":\"m\",\"messages\":[],}", 400},
        {"POST", CHAT, "{\"messages\":[]}", 400},
        {"POST", CHAT, "{\"model\":\"m\"}", 400},
        {"POST", CHAT, "{\"model\":\"m\",\"input\":\"x\"}", 400},
        {"POST", RESPONSES, "{\"model\":\"m\",\"messages\":[]}", 400},
        {"GET", CHAT, "", 404},
        {"POST", "/v1/models", "", 404},
        {"GET", "/", "", 404},
        {"GET", "/v1/models", "", 200},
        {"POST", CHAT "?api-version=1", "{\"model\":\"m\",\"messages\":[]}", 200},
    };
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(stand_in->address, rows[i].method, rows[i].path, "", rows[i].body, &answer);
        CU_ASSERT_EQUAL(answer.status, rows[i].status);
        if (rows[i].status >= 400)
            CHECK_PATH(answer.body, "error/type", "invalid_request_error");
    }
    ask(stand_in->address, "GET", "/v1/models", "", "", &answer);
    CHECK_PATH(answer.body, "data/0/id", "gpt-4.1");
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_key(void)
{
    static const struct {
        const char *headers;
        int status;
    } rows[] = {{"", 401},
                {"Authorization: Basic abc\r\n", 401},
                {"Authorization: Bearer \r\n", 401},
                {"Authorization: Bearer k\r\n", 200}};
    struct stand_in_options options = quick();
    options.key_required = true;
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        chat_with(stand_in, rows[i].headers, "", &answer);
        CU_ASSERT_EQUAL(answer.status, rows[i].status);
    }
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

/* A whole session as bytes. */
static void session(uint64_t seed, struct buffer *transcript)
{
    struct stand_in_options options = quick();
    options.seed = seed;
    options.capacity = "refuse 50%";
    struct stand_in_thread *stand_in = stand_in_thread_open(options);
    struct answer answer;
    answer_init(&answer);
    for (int i = 0; i < 10; i++) {
        chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
        buffer_text(transcript, buffer_view(&answer.bytes));
        responses_with(stand_in, "", "\"stream\":true,", &answer);
        buffer_text(transcript, buffer_view(&answer.bytes));
    }
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_same_seed_same_bytes(void)
{
    struct buffer first, second, other;
    struct buffer *const all[] = {&first, &second, &other};
    const uint64_t seeds[] = {7, 7, 8};
    for (size_t i = 0; i < 3; i++) {
        buffer_init(all[i], PROBE_BYTES);
        session(seeds[i], all[i]);
    }
    CU_ASSERT(first.length > 10000);
    CU_ASSERT_TRUE(text_equal(buffer_view(&first), buffer_view(&second)));
    CU_ASSERT_FALSE(text_equal(buffer_view(&first), buffer_view(&other)));
    for (size_t i = 0; i < 3; i++)
        buffer_free(all[i]);
}

static void test_same_tokens_at_every_tier(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    char first[64], second[64];
    answer_init(&answer);
    chat_with(stand_in, "", "\"service_tier\":\"flex\",", &answer);
    at_path(answer.body, "usage/completion_tokens", first, sizeof first);
    chat_with(stand_in, "", "", &answer);
    at_path(answer.body, "usage/completion_tokens", second, sizeof second);
    CU_ASSERT_STRING_EQUAL(first, second);
    CU_ASSERT(atoi(first) >= 16 && atoi(first) <= 63);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_record(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    ask(stand_in->address, "POST", CHAT "?a=1", "", "{}", &answer);
    ask(stand_in->address, "POST", RESPONSES, "", "{ }", &answer);
    ask(stand_in->address, "GET", "/fake/requests", "", "", &answer);
    /* base64 of "POST /v1/chat/completions?a=1 HTTP/1.1\r\nHost: a\r\n..." and of the bodies */
    const char *expected =
        "{\"number\":1,\"method\":\"POST\",\"path\":\"/v1/chat/completions?a=1\",\"head\":\""
        "UE9TVCAvdjEvY2hhdC9jb21wbGV0aW9ucz9hPTEgSFRUUC8xLjENCkhvc3Q6IGENCkNvbm5lY3Rpb246IGNsb3NlDQ"
        "pDb250ZW50LUxlbmd0aDogMg0KDQo=\",\"body\":\"e30=\"}\n"
        "{\"number\":2,\"method\":\"POST\",\"path\":\"/v1/responses\",\"head\":\""
        "UE9TVCAvdjEvcmVzcG9uc2VzIEhUVFAvMS4xDQpIb3N0OiBhDQpDb25uZWN0aW9uOiBjbG9zZQ0KQ29udGVudC1MZW"
        "5ndGg6IDMNCg0K\",\"body\":\"eyB9\"}\n";
    CU_ASSERT_STRING_EQUAL(answer.body, expected);
    CU_ASSERT_EQUAL(number_at(stand_in, "errors"), 2);
    CU_ASSERT_EQUAL(set(stand_in, "/fake/reset", ""), 200);
    ask(stand_in->address, "GET", "/fake/requests", "", "", &answer);
    CU_ASSERT_STRING_EQUAL(answer.body, "");
    CU_ASSERT_EQUAL(number_at(stand_in, "requests"), 0);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_bill(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct answer answer;
    answer_init(&answer);
    for (int i = 0; i < 3; i++)
        chat_with(stand_in, "", "\"max_tokens\":5,\"service_tier\":\"flex\",", &answer);
    chat_with(stand_in, "", "\"stream\":true,\"max_tokens\":6,\"service_tier\":\"fast\",", &answer);
    chat_with(stand_in, "x-fake-fault: truncated=2\r\n", "\"stream\":true,\"max_tokens\":9,",
              &answer);
    responses_with(stand_in, "x-fake-tokens: 8\r\n", "\"stream\":true,", &answer);
    ask(stand_in->address, "GET", "/fake/stats", "", "", &answer);
    const char *expected =
        "\"billed\":[{\"model\":\"gpt-4.1\",\"tier\":\"flex\",\"requests\":3,\"input_tokens\":9,"
        "\"cached_tokens\":0,\"output_tokens\":15,\"reasoning_tokens\":0},"
        "{\"model\":\"gpt-4.1\",\"tier\":\"priority\",\"requests\":1,\"input_tokens\":3,"
        "\"cached_tokens\":0,\"output_tokens\":6,\"reasoning_tokens\":0},"
        "{\"model\":\"gpt-4.1\",\"tier\":\"default\",\"requests\":1,\"input_tokens\":3,"
        "\"cached_tokens\":0,\"output_tokens\":2,\"reasoning_tokens\":0},"
        "{\"model\":\"gpt-5\",\"tier\":\"default\",\"requests\":1,\"input_tokens\":3,"
        "\"cached_tokens\":0,\"output_tokens\":8,\"reasoning_tokens\":2}]}";
    const char *billed = strstr(answer.body, "\"billed\"");
    CU_ASSERT_STRING_EQUAL(billed ? billed : answer.body, expected);
    buffer_free(&answer.bytes);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

/* More than the kernel takes, to a reader that comes late. */
static void test_long_stream(void)
{
    struct stand_in_thread *stand_in = stand_in_thread_open(quick());
    struct buffer tail;
    buffer_init(&tail, PROBE_BYTES);
    int probe = probe_connect(stand_in->address);
    static const char body[] = "{\"model\":\"m\",\"messages\":[],\"stream\":true}";
    char request[256];
    snprintf(request, sizeof request,
             "POST " CHAT " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
             "x-fake-tokens: 80000\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    probe_say(probe, request);
    /* Others are served meanwhile; the stream is not through, the kernel does not take that much.
     */
    CU_ASSERT_EQUAL(number_at(stand_in, "billed/0/output_tokens"), -1);
    CU_ASSERT_EQUAL(probe_read_all(probe, &tail), PROBE_CLOSED);
    CU_ASSERT_EQUAL(probe_count(&tail, "\"delta\":{\"content\":"), 80000);
    CU_ASSERT_EQUAL(probe_count(&tail, "[DONE]"), 1);
    CU_ASSERT_EQUAL(number_at(stand_in, "billed/0/output_tokens"), 80000);
    close(probe);
    buffer_free(&tail);
    CU_ASSERT_TRUE(stand_in_thread_close(stand_in));
}

static void test_bad_options(void)
{
    static const char *const faults[] = {"no"};
    struct stand_in_options bad[3] = {quick(), quick(), quick()};
    bad[0].listen = "nowhere";
    bad[1].capacity = "often";
    bad[2].faults = faults;
    bad[2].fault_count = 1;
    for (size_t i = 0; i < 3; i++) {
        uv_loop_t loop;
        struct stand_in *stand_in = NULL;
        struct tw_error error = {.code = TW_OK};
        uv_loop_init(&loop);
        CU_ASSERT_EQUAL(stand_in_start(&loop, &bad[i], &stand_in, &error), TW_INVALID);
        CU_ASSERT_PTR_NULL(stand_in);
        CU_ASSERT_EQUAL(error.message[0], '\'');
        CU_ASSERT_EQUAL(uv_loop_close(&loop), 0);
    }
}

UNIT_TESTS({"chat", test_chat}, {"usage", test_usage}, {"tiers", test_tiers},
           {"downgrade", test_downgrade}, {"refusal", test_refusal},
           {"refusal in a stream", test_refusal_in_stream}, {"capacity", test_capacity},
           {"shares", test_shares}, {"models with flex", test_flex_models},
           {"chat stream", test_chat_stream}, {"responses", test_responses},
           {"bad requests", test_bad_requests}, {"key", test_key},
           {"same seed, same bytes", test_same_seed_same_bytes},
           {"same tokens at every tier", test_same_tokens_at_every_tier}, {"record", test_record},
           {"bill", test_bill}, {"long stream", test_long_stream},
           {"bad options", test_bad_options})
