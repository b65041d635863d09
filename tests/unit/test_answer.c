/* What answers say: text, tokens, tier, errors; whole bodies and events of streams. */
#include "unit.h"

#include "runtime/answer.h"

static struct answer answer;

static enum tw_status read_body(const char *body)
{
    answer_clear(&answer);
    return answer_read(&answer, text_of(body));
}

static struct answer_event event;

static enum tw_status read_event(const char *data)
{
    return answer_read_event(&answer, text_of(data), &event);
}

static bool says(const struct buffer *buffer, const char *wanted)
{
    return text_is(buffer_view(buffer), wanted);
}

static bool usage_is(int64_t input, int64_t cached, int64_t write, int64_t output,
                     int64_t reasoning)
{
    const struct token_usage *usage = &answer.usage;
    return usage->input == input && usage->cached == cached && usage->cache_write == write &&
           usage->output == output && usage->reasoning == reasoning;
}

static void test_chat(void)
{
    CU_ASSERT_EQUAL(
        read_body("{\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                  "\"content\":\"Hello \\u00e9\\n\",\"refusal\":null},\"finish_reason\":\"stop\"},"
                  "{\"index\":1,\"message\":{\"content\":\"second\"}}],"
                  "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":50,\"total_tokens\":150,"
                  "\"prompt_tokens_details\":{\"cached_tokens\":30,\"cache_write_tokens\":4,"
                  "\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":20,"
                  "\"rejected_prediction_tokens\":1}},\"service_tier\":\"flex\"}"),
        TW_OK);
    CU_ASSERT_TRUE(says(&answer.content, "Hello \xC3\xA9\n"));
    CU_ASSERT_TRUE(says(&answer.served_tier, "flex"));
    CU_ASSERT_TRUE(usage_is(100, 30, 4, 50, 20));
    CU_ASSERT_EQUAL(answer.total_tokens, 150);
    CU_ASSERT_TRUE(answer.begun && answer.complete && !answer.failed);
}

static void test_responses(void)
{
    CU_ASSERT_EQUAL(
        read_body("{\"object\":\"response\",\"error\":null,\"service_tier\":\"priority\","
                  "\"output\":[{\"type\":\"reasoning\",\"summary\":[]},{\"type\":\"message\","
                  "\"content\":[{\"type\":\"output_text\",\"text\":\"one \"},"
                  "{\"type\":\"output_text\",\"text\":\"two\"}]}],\"usage\":{\"input_tokens\":7,"
                  "\"input_tokens_details\":{\"cached_tokens\":1,\"cache_write_tokens\":2},"
                  "\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":3},"
                  "\"total_tokens\":12}}"),
        TW_OK);
    CU_ASSERT_TRUE(says(&answer.content, "one two"));
    CU_ASSERT_TRUE(says(&answer.served_tier, "priority"));
    CU_ASSERT_TRUE(usage_is(7, 1, 2, 5, 3));
    CU_ASSERT_EQUAL(answer.total_tokens, 12);
}

static void test_what_is_missing(void)
{
    CU_ASSERT_EQUAL(read_body("{\"choices\":[],\"usage\":{\"prompt_tokens\":-1,"
                              "\"completion_tokens\":\"5\"},\"service_tier\":null}"),
                    TW_OK);
    CU_ASSERT_TRUE(usage_is(-1, -1, -1, -1, -1));
    CU_ASSERT_EQUAL(answer.served_tier.length, 0);
    CU_ASSERT_EQUAL(answer.content.length, 0);
    CU_ASSERT_TRUE(answer.complete);
    CU_ASSERT_EQUAL(read_body("{}"), TW_OK);
    CU_ASSERT_FALSE(answer.complete);
    CU_ASSERT_EQUAL(read_body("{\"choices\":[{\"message\":{\"content\":null,"
                              "\"refusal\":\"I will not.\"}}]}"),
                    TW_OK);
    CU_ASSERT_TRUE(says(&answer.content, "I will not."));
    CU_ASSERT_EQUAL(read_body("{\"choices\":7,\"output\":{},\"usage\":[]}"), TW_OK);
    CU_ASSERT_FALSE(answer.complete);
}

static void test_not_an_answer(void)
{
    static const char *const bodies[] = {"", "<html>", "[]", "7", "{\"choices\":[", "null"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        CU_ASSERT_EQUAL(read_body(bodies[i]), TW_INVALID);
        CU_ASSERT_FALSE(answer.complete);
    }
}

static void test_errors(void)
{
    CU_ASSERT_EQUAL(read_body("{\"error\":{\"message\":\"no \\\"room\\\"\",\"type\":"
                              "\"resource_unavailable\",\"param\":null,\"code\":"
                              "\"flex_unavailable\",\"headers\":{\"retry-after\":\"300\"}}}"),
                    TW_OK);
    CU_ASSERT_TRUE(answer.failed);
    CU_ASSERT_TRUE(says(&answer.error_type, "resource_unavailable"));
    CU_ASSERT_TRUE(says(&answer.error_code, "flex_unavailable"));
    CU_ASSERT_TRUE(says(&answer.error_message, "no \"room\""));
    CU_ASSERT_TRUE(says(&answer.error_param, ""));
    read_body("[{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\"}}]");
    CU_ASSERT_TRUE(says(&answer.error_type, "RESOURCE_EXHAUSTED"));
    CU_ASSERT_TRUE(says(&answer.error_code, "429"));
    read_body("{\"error\":\"just words\"}");
    CU_ASSERT_TRUE(answer.failed);
    CU_ASSERT_TRUE(says(&answer.error_message, "just words"));
    read_body("{\"error\":null,\"choices\":[]}");
    CU_ASSERT_FALSE(answer.failed);
}

/* A long word is cut, at a whole character, and does not fail the reading. */
static void test_long_words(void)
{
    struct buffer body;
    buffer_init(&body, 1 << 20);
    buffer_string(&body, "{\"error\":{\"message\":\"");
    for (int i = 0; i < 5000; i++)
        buffer_string(&body, "\xE2\x82\xAC");
    buffer_string(&body, "\"},\"service_tier\":\"");
    buffer_repeat(&body, 'x', 2000);
    buffer_string(&body, "\"}");
    CU_ASSERT_EQUAL(read_body(body.data), TW_OK);
    CU_ASSERT_EQUAL(answer.error_message.length, 4095);
    CU_ASSERT_EQUAL(answer.served_tier.length, 1024);
    buffer_free(&body);
}

static void test_chat_stream(void)
{
    answer_clear(&answer);
    CU_ASSERT_EQUAL(read_event("{\"service_tier\":\"default\",\"choices\":[{\"index\":0,"
                               "\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":"
                               "null},\"finish_reason\":null}],\"usage\":null}"),
                    TW_OK);
    CU_ASSERT_FALSE(answer.begun);
    CU_ASSERT_TRUE(says(&answer.served_tier, "default"));
    read_event("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}");
    CU_ASSERT_TRUE(answer.begun);
    CU_ASSERT_TRUE(text_is(event.text, "Hel"));
    read_event("{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}");
    CU_ASSERT_EQUAL(event.text.length, 0);
    read_event("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}");
    CU_ASSERT_TRUE(text_is(event.text, "lo"));
    CU_ASSERT_FALSE(answer.complete);
    read_event("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}");
    CU_ASSERT_TRUE(answer.complete);
    CU_ASSERT_FALSE(event.usage_only);
    read_event("{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,"
               "\"total_tokens\":5}}");
    CU_ASSERT_TRUE(event.usage_only);
    CU_ASSERT_EQUAL(read_event("[DONE]"), TW_OK);
    CU_ASSERT_TRUE(says(&answer.content, "Hello"));
    CU_ASSERT_TRUE(usage_is(3, -1, -1, 2, -1));
    CU_ASSERT_EQUAL(read_event("{\"choices\":"), TW_INVALID);
}

static void test_begun_by_other_than_text(void)
{
    static const char *const events[] = {
        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}",
        "{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}",
        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}",
        "{\"type\":\"response.function_call_arguments.delta\",\"delta\":\"{\"}",
        "{\"type\":\"response.completed\",\"response\":{}}"};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        answer_clear(&answer);
        CU_ASSERT_EQUAL(read_event(events[i]), TW_OK);
        CU_ASSERT_TRUE(answer.begun);
        CU_ASSERT_EQUAL(answer.content.length, 0);
    }
}

/* Early events echo the tier that was asked for; the last one says what was served. */
static void test_responses_stream(void)
{
    answer_clear(&answer);
    read_event("{\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\","
               "\"service_tier\":\"auto\",\"error\":null,\"usage\":null}}");
    read_event("{\"type\":\"response.in_progress\",\"response\":{\"service_tier\":\"auto\"}}");
    read_event("{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\"}}");
    CU_ASSERT_FALSE(answer.begun);
    CU_ASSERT_EQUAL(answer.served_tier.length, 0);
    read_event("{\"type\":\"response.output_text.delta\",\"delta\":\"one \"}");
    CU_ASSERT_TRUE(answer.begun);
    CU_ASSERT_TRUE(text_is(event.text, "one "));
    read_event("{\"type\":\"response.output_text.delta\",\"delta\":\"two\"}");
    read_event("{\"type\":\"response.output_text.done\",\"text\":\"one two\"}");
    CU_ASSERT_EQUAL(event.text.length, 0);
    CU_ASSERT_FALSE(answer.complete);
    read_event("{\"type\":\"response.completed\",\"response\":{\"service_tier\":\"flex\","
               "\"output\":[{\"content\":[{\"text\":\"one two\"}]}],"
               "\"usage\":{\"input_tokens\":9,\"output_tokens\":4,\"total_tokens\":13}}}");
    CU_ASSERT_TRUE(answer.complete);
    CU_ASSERT_TRUE(says(&answer.content, "one two"));
    CU_ASSERT_TRUE(says(&answer.served_tier, "flex"));
    CU_ASSERT_TRUE(usage_is(9, -1, -1, 4, -1));
}

static void test_errors_in_streams(void)
{
    static const struct {
        const char *data, *type, *code;
    } events[] = {
        {"{\"type\":\"error\",\"error\":{\"type\":\"resource_unavailable\",\"code\":"
         "\"flex_unavailable\"}}",
         "resource_unavailable", "flex_unavailable"},
        {"{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
         "\"flex_unavailable\"}}}",
         "", "flex_unavailable"},
        {"{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"m\",\"param\":null}", "error",
         "server_error"},
        {"{\"error\":{\"type\":\"service_unavailable_error\",\"code\":\"server_is_overloaded\"}}",
         "service_unavailable_error", "server_is_overloaded"},
        {"{\"type\":\"response.failed\",\"response\":{\"error\":null}}", "", ""},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        answer_clear(&answer);
        CU_ASSERT_EQUAL(read_event(events[i].data), TW_OK);
        CU_ASSERT_TRUE(answer.failed);
        CU_ASSERT_FALSE(answer.begun);
        CU_ASSERT_TRUE(says(&answer.error_type, events[i].type));
        CU_ASSERT_TRUE(says(&answer.error_code, events[i].code));
    }
}

static void test_other_places_of_the_tier(void)
{
    read_body("{\"choices\":[],\"usage\":{\"service_tier\":\"priority\"}}");
    CU_ASSERT_TRUE(says(&answer.served_tier, "priority"));
    read_body("{\"choices\":[],\"usageMetadata\":{\"serviceTier\":\"standard\"}}");
    CU_ASSERT_TRUE(says(&answer.served_tier, "standard"));
    answer_free(&answer);
    answer_init(&answer);
}

#define WITH_ANSWER(name)                                                                          \
    static void with_##name(void)                                                                  \
    {                                                                                              \
        answer_init(&answer);                                                                      \
        name();                                                                                    \
        answer_free(&answer);                                                                      \
    }
WITH_ANSWER(test_chat)
WITH_ANSWER(test_responses)
WITH_ANSWER(test_what_is_missing)
WITH_ANSWER(test_not_an_answer)
WITH_ANSWER(test_errors)
WITH_ANSWER(test_long_words)
WITH_ANSWER(test_chat_stream)
WITH_ANSWER(test_begun_by_other_than_text)
WITH_ANSWER(test_responses_stream)
WITH_ANSWER(test_errors_in_streams)
WITH_ANSWER(test_other_places_of_the_tier)

UNIT_TESTS({"chat", with_test_chat}, {"responses", with_test_responses},
           {"what is missing", with_test_what_is_missing},
           {"not an answer", with_test_not_an_answer}, {"errors", with_test_errors},
           {"long words", with_test_long_words}, {"a chat stream", with_test_chat_stream},
           {"begun by other than text", with_test_begun_by_other_than_text},
           {"a responses stream", with_test_responses_stream},
           {"errors in streams", with_test_errors_in_streams},
           {"other places of the tier", with_test_other_places_of_the_tier})
