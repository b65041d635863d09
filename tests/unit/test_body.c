/* tests/unit/test_body.c: what is read from request bodies, and what a splice changes. */
#include "unit.h"

#include "runtime/body.h"

#include <stdio.h>

static struct body scan(const char *document)
{
    struct body body;
    CU_ASSERT_EQUAL(body_scan(text_of(document), &body, NULL), TW_OK);
    return body;
}

static void test_members(void)
{
    struct body body = scan(
        "{\"model\":\"gpt-5.2\",\"user\":\"u\",\"service\\u005ftier\":\"flex\",\"stream\":true,"
        "\"stream_options\":{\"include_usage\":true},\"max_tokens\":100,\"tools\":[{}],"
        "\"metadata\":{\"model\":\"x\"},\"messages\":[],\"unknown\":[{\"stream\":false}]}");
    static const struct {
        enum body_member member;
        const char *raw;
    } wanted[] = {{BODY_MODEL, "\"gpt-5.2\""},
                  {BODY_USER, "\"u\""},
                  {BODY_SERVICE_TIER, "\"flex\""},
                  {BODY_STREAM, "true"},
                  {BODY_STREAM_OPTIONS, "{\"include_usage\":true}"},
                  {BODY_MAX_TOKENS, "100"},
                  {BODY_TOOLS, "[{}]"},
                  {BODY_METADATA, "{\"model\":\"x\"}"},
                  {BODY_MESSAGES, "[]"}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CU_ASSERT_TRUE(body_has(&body, wanted[i].member));
        CU_ASSERT_TRUE(text_is(body.members[wanted[i].member].value.raw, wanted[i].raw));
    }
    CU_ASSERT_FALSE(body_has(&body, BODY_INPUT));
    CU_ASSERT_FALSE(body_has(&body, BODY_MAX_OUTPUT_TOKENS));
    CU_ASSERT_EQUAL(body.member_count, 10);
    CU_ASSERT_EQUAL(body.max_output_tokens, 100);
    CU_ASSERT_TRUE(body.stream && body.usage_wanted && body.tools);
}

static void test_flags_and_limits(void)
{
    static const struct {
        const char *document;
        bool stream, usage_wanted, tools;
        int64_t max_output_tokens;
    } cases[] = {
        {"{}", false, false, false, -1},
        {"{\"stream\":false,\"tools\":[],\"stream_options\":{}}", false, false, false, -1},
        {"{\"stream\":null,\"tools\":null,\"stream_options\":null}", false, false, false, -1},
        {"{\"stream\":\"true\",\"tools\":{},\"stream_options\":1}", false, false, false, -1},
        {"{\"stream\":true,\"stream_options\":{\"include_usage\":false}}", true, false, false, -1},
        {"{\"max_completion_tokens\":1e3,\"max_tokens\":5}", false, false, false, 1000},
        {"{\"max_output_tokens\":0,\"tools\":[null]}", false, false, true, 0},
        {"{\"max_output_tokens\":-5}", false, false, false, -1},
        {"{\"max_output_tokens\":1.5,\"max_tokens\":7}", false, false, false, 7},
        {"{\"max_tokens\":null}", false, false, false, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct body body = scan(cases[i].document);
        CU_ASSERT_EQUAL(body.stream, cases[i].stream);
        CU_ASSERT_EQUAL(body.usage_wanted, cases[i].usage_wanted);
        CU_ASSERT_EQUAL(body.tools, cases[i].tools);
        CU_ASSERT_EQUAL(body.max_output_tokens, cases[i].max_output_tokens);
    }
}

static void test_refusals(void)
{
    static const struct {
        const char *document, *message;
    } cases[] = {
        {"[]", "the body must be a JSON object"},
        {"null", "the body must be a JSON object"},
        {"{\"a\":}", "byte 5: expected a value, found '}'"},
        {"{\"service_tier\":\"flex\",\"service_tier\":\"flex\"}",
         "service_tier stands there more than once"},
        {"{\"service_tier\":null,\"a\":1,\"servic\\u0065_tier\":\"flex\"}",
         "service_tier stands there more than once"},
        {"{\"stream\":true,\"stream\":false}", "stream stands there more than once"},
        {"{\"model\":\"a\",\"model\":\"a\"}", "model stands there more than once"},
        {"{\"stream_options\":{},\"stream_options\":{}}",
         "stream_options stands there more than once"},
        {"{\"stream_options\":{\"include_usage\":true,\"include\\u005fusage\":false}}",
         "stream_options.include_usage stands there more than once"},
        {"{\"max_tokens\":1,\"max_tokens\":9000}", "max_tokens stands there more than once"},
        {"{\"messages\":[],\"messages\":[{}]}", "messages stands there more than once"},
        {"{\"user\":\"a\",\"us\\u0065r\":\"b\"}", "user stands there more than once"},
        {"{\"metadata\":{},\"metadata\":{}}", "metadata stands there more than once"},
        {"{\"messages\":[{\"content\":\"a\",\"role\":\"user\",\"content\":\"long\"}]}",
         "content of a message stands there more than once"},
        {"{\"input\":[{\"content\":[{\"text\":\"a\",\"t\\u0065xt\":\"long\"}]}]}",
         "text of a part of content stands there more than once"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tw_error error = {TW_OK, ""};
        struct body body;
        CU_ASSERT_EQUAL(body_scan(text_of(cases[i].document), &body, &error), TW_INVALID);
        CU_ASSERT_STRING_EQUAL(error.message, cases[i].message);
        CU_ASSERT_EQUAL(body_scan(text_of(cases[i].document), &body, NULL), TW_INVALID);
    }
}

static void test_too_deep(void)
{
    char document[400] = "{\"a\":";
    memset(document + 5, '[', JSON_MAX_DEPTH);
    struct tw_error error = {TW_OK, ""};
    struct body body;
    CU_ASSERT_EQUAL(body_scan(text_of(document), &body, &error), TW_LIMIT);
    CU_ASSERT_STRING_EQUAL(error.message, "byte 132: nested deeper than 128 levels");
}

static void test_other_members_may_repeat(void)
{
    struct body body = scan("{\"seed\":1,\"seed\":2,\"messages\":[{\"role\":1,\"role\":2},1]}");
    CU_ASSERT_EQUAL(body.messages, 2);
    CU_ASSERT_EQUAL(body.member_count, 3);
}

/* The seed: len(" ".join(m.get("content", "") for m in messages)) // 4. */
static void test_tokens(void)
{
    static const struct {
        const char *document;
        int64_t messages, characters, tokens;
    } cases[] = {
        {"{}", 0, 0, 0},
        {"{\"messages\":[]}", 0, 0, 0},
        {"{\"messages\":null}", 0, 0, 0},
        {"{\"messages\":[{\"content\":\"abc\"}]}", 1, 3, 0},
        {"{\"messages\":[{\"content\":\"abcd\"}]}", 1, 4, 1},
        {"{\"messages\":[{\"content\":\"abc\"},{\"content\":\"defg\"}]}", 2, 8, 2},
        {"{\"messages\":[{},{\"content\":null},{\"role\":\"user\"}]}", 3, 2, 0},
        {"{\"messages\":[{\"content\":\"\"},{\"content\":\"\"}]}", 2, 1, 0},
        {"{\"messages\":[{\"role\":\"x\",\"content\":\"\\u00e9\\n\xC3\xA9\xE2\x82\xAC\"}]}", 1, 4,
         1},
        {"{\"messages\":[{\"content\":\"\\ud83d\\ude00\\ud83d\\\\u\"}]}", 1, 4, 1},
        {"{\"messages\":[{\"c\\u006fntent\":\"abcd\"}]}", 1, 4, 1},
        {"{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"ab\"},"
         "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:...\"}},{\"text\":\"c\"}]}]}",
         1, 4, 1},
        {"{\"messages\":[{\"content\":[]},{\"content\":[{\"text\":1}]},{\"content\":\"a\"}]}", 3, 3,
         0},
        {"{\"messages\":[{\"content\":{\"text\":\"abcd\"}},7]}", 2, 1, 0},
        {"{\"messages\":\"abcd\"}", 1, 4, 1},
        {"{\"input\":\"abcdefgh\"}", 1, 8, 2},
        {"{\"instructions\":\"be kind\",\"input\":\"abcd\"}", 1, 12, 3},
        {"{\"instructions\":\"be kind\"}", 0, 7, 1},
        {"{\"instructions\":null,\"input\":\"abcd\"}", 1, 4, 1},
        {"{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"abc\"}]},"
         "{\"type\":\"function_call\",\"arguments\":\"{}\"},{\"content\":\"d\"}]}",
         3, 6, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct body body = scan(cases[i].document);
        CU_ASSERT_EQUAL(body.messages, cases[i].messages);
        CU_ASSERT_EQUAL(body.characters, cases[i].characters);
        CU_ASSERT_EQUAL(body.tokens, cases[i].tokens);
    }
}

struct splice_case {
    const char *document;
    const char *tier; /* NULL: taken out */
    bool include_usage;
    const char *wanted;
};

#define USAGE "\"stream_options\":{\"include_usage\":true}"

static const struct splice_case splices[] = {
    /* replaced in place */
    {"{\"service_tier\":\"auto\"}", "flex", false, "{\"service_tier\":\"flex\"}"},
    {" { \"a\" : 1.0 , \"service_tier\" : null ,\n\"b\":[ ] } \n", "flex", false,
     " { \"a\" : 1.0 , \"service_tier\" : \"flex\" ,\n\"b\":[ ] } \n"},
    {"{\"service\\u005ftier\":\"auto\",\"a\":-0}", "flex", false,
     "{\"service\\u005ftier\":\"flex\",\"a\":-0}"},
    {"{\"service_tier\":{\"x\":[1]},\"a\":1}", "flex", false,
     "{\"service_tier\":\"flex\",\"a\":1}"},
    {"{\"service_tier\":\"a\"}", "q\"\\\n", false, "{\"service_tier\":\"q\\\"\\\\\\n\"}"},
    /* inserted */
    {"{}", "flex", false, "{\"service_tier\":\"flex\"}"},
    {" {\n} ", "flex", false, " {\"service_tier\":\"flex\"\n} "},
    {"{\"a\":1}", "flex", false, "{\"service_tier\":\"flex\",\"a\":1}"},
    {"{ \"a\":1e400,\"a\":12345678901234567890123}", "flex", false,
     "{\"service_tier\":\"flex\", \"a\":1e400,\"a\":12345678901234567890123}"},
    {"{\"metadata\":{\"service_tier\":\"x\"}}", "flex", false,
     "{\"service_tier\":\"flex\",\"metadata\":{\"service_tier\":\"x\"}}"},
    /* taken out */
    {"{\"service_tier\":\"auto\"}", NULL, false, "{}"},
    {"{ \"service_tier\" : \"auto\" }", NULL, false, "{  }"},
    {"{\"service_tier\":\"auto\",\"a\":1}", NULL, false, "{\"a\":1}"},
    {"{\"a\":1,\"service_tier\":\"auto\"}", NULL, false, "{\"a\":1}"},
    {"{\"a\":1 , \"service_tier\":\"auto\"\n}", NULL, false, "{\"a\":1 \n}"},
    {"{\"a\":1, \"service_tier\":\"auto\" , \"b\":2}", NULL, false, "{\"a\":1, \"b\":2}"},
    {"{\"a\":1}", NULL, false, "{\"a\":1}"},
    {"{ }", NULL, false, "{ }"},
    /* include_usage */
    {"{}", NULL, true, "{" USAGE "}"},
    {"{\"a\":1}", NULL, true, "{" USAGE ",\"a\":1}"},
    {"{\"stream_options\":null,\"a\":1}", NULL, true, "{" USAGE ",\"a\":1}"},
    {"{\"stream_options\":{ }}", NULL, true, "{\"stream_options\":{\"include_usage\":true }}"},
    {"{\"stream_options\":{ \"x\":1}}", NULL, true,
     "{\"stream_options\":{\"include_usage\":true, \"x\":1}}"},
    {"{\"stream_options\":{\"x\":1,\"include_usage\" : false }}", NULL, true,
     "{\"stream_options\":{\"x\":1,\"include_usage\" : true }}"},
    {"{\"stream_options\":{\"include_usage\":null}}", NULL, true, "{" USAGE "}"},
    {"{\"stream_options\":{\"include_usage\":true}}", NULL, true, "{" USAGE "}"},
    {"{\"stream_options\":{\"include_usage\":\"no\"}}", NULL, true,
     "{\"stream_options\":{\"include_usage\":\"no\"}}"},
    {"{\"stream_options\":[]}", NULL, true, "{\"stream_options\":[]}"},
    {"{\"stream_options\":{\"include_usage\":false}}", NULL, false,
     "{\"stream_options\":{\"include_usage\":false}}"},
    /* both */
    {"{}", "flex", true, "{\"service_tier\":\"flex\"," USAGE "}"},
    {"{\"a\":1}", "flex", true, "{\"service_tier\":\"flex\"," USAGE ",\"a\":1}"},
    {"{\"service_tier\":\"auto\"}", NULL, true, "{" USAGE "}"},
    {"{\"service_tier\":\"auto\",\"a\":1}", NULL, true, "{" USAGE ",\"a\":1}"},
    {"{\"service_tier\":\"auto\"}", "flex", true, "{" USAGE ",\"service_tier\":\"flex\"}"},
    {"{\"stream_options\":null,\"service_tier\":\"auto\"}", "flex", true,
     "{" USAGE ",\"service_tier\":\"flex\"}"},
    {"{\"service_tier\":\"auto\",\"stream_options\":{\"include_usage\":false}}", "flex", true,
     "{\"service_tier\":\"flex\"," USAGE "}"},
    {"{\"stream_options\":{},\"service_tier\":\"auto\"}", NULL, true, "{" USAGE "}"},
    {"{\"service_tier\":\"auto\",\"stream_options\":{}}", NULL, true, "{" USAGE "}"},
    {"{\"stream_options\":{\"a\":1}}", "flex", true,
     "{\"service_tier\":\"flex\",\"stream_options\":{\"include_usage\":true,\"a\":1}}"},
};

static void check_splice(const struct splice_case *row, size_t limit, enum tw_status wanted)
{
    struct body body = scan(row->document);
    struct text tier = text_of(row->tier);
    struct buffer out;
    buffer_init(&out, limit);
    CU_ASSERT_EQUAL(body_splice(&body, row->tier ? &tier : NULL, row->include_usage, &out), wanted);
    if (wanted == TW_OK) {
        CU_ASSERT_STRING_EQUAL(out.data, row->wanted);
        struct body again;
        CU_ASSERT_EQUAL(body_scan(buffer_view(&out), &again, NULL), TW_OK);
        CU_ASSERT_EQUAL(body_has(&again, BODY_SERVICE_TIER), row->tier != NULL);
    }
    buffer_free(&out);
}

static void test_splice_byte_for_byte(void)
{
    for (size_t i = 0; i < sizeof splices / sizeof splices[0]; i++)
        check_splice(&splices[i], 1000, TW_OK);
}

/* A limit of exactly the result is enough; one byte less is not. */
static void test_splice_limit(void)
{
    for (size_t i = 0; i < sizeof splices / sizeof splices[0]; i++) {
        size_t length = strlen(splices[i].wanted);
        check_splice(&splices[i], length, TW_OK);
        check_splice(&splices[i], length - 1, TW_LIMIT);
    }
}

static void test_splice_appends(void)
{
    struct body body = scan("{\"a\":1}");
    struct text tier = TEXT("flex");
    struct buffer out;
    buffer_init(&out, 100);
    buffer_string(&out, "head ");
    CU_ASSERT_EQUAL(body_splice(&body, &tier, false, &out), TW_OK);
    CU_ASSERT_STRING_EQUAL(out.data, "head {\"service_tier\":\"flex\",\"a\":1}");
    buffer_free(&out);
}

UNIT_TESTS({"members and their spans", test_members},
           {"flags and the output limit", test_flags_and_limits}, {"refusals", test_refusals},
           {"nested too deep", test_too_deep},
           {"other members may repeat", test_other_members_may_repeat},
           {"messages, characters, tokens", test_tokens},
           {"splice, byte for byte", test_splice_byte_for_byte},
           {"splice into a limit", test_splice_limit}, {"splice appends", test_splice_appends})
