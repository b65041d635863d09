/* Attributes of a request: where each is read, what wins, and what a bad value says. */
#include "unit.h"

#include "program/run/program.h"
#include "runtime/attributes.h"

#include <stdlib.h>

static tw_policy *policy_of(const char *text)
{
    tw_policy *policy;
    tw_diagnostics *diagnostics = NULL;
    enum tw_status status =
        tw_policy_compile("test.tier", text, strlen(text), &policy, &diagnostics);
    tw_diagnostics_free(diagnostics);
    if (status != TW_OK)
        abort();
    return policy;
}

static const struct attribute_pair none[1];

/* A request filled from a body; pairs come from the caller, in headers, or not at all. */
struct question {
    const char *policy, *body;
    struct attribute_pair given[4];
    size_t given_count;
    struct attribute_pair headers[4];
    size_t header_count;
    int64_t instant;
    const char *id;
    bool ignore_unknown;
};

/* The rule that decided, or why none did, in `answer`. */
static enum tw_status ask(const struct question *question, char answer[240])
{
    tw_policy *policy = policy_of(question->policy);
    tw_request *request;
    struct body body;
    struct tw_error error = {.code = TW_OK};
    struct tw_rule rule;
    if (body_scan(text_of(question->body), &body, NULL) != TW_OK ||
        tw_request_new(policy, &request) != TW_OK)
        abort();
    const struct attribute_source source = {.body = &body,
                                            .endpoint = TEXT("/chat/completions"),
                                            .request_id = text_of(question->id),
                                            .instant = question->instant,
                                            .given = question->given_count ? question->given : none,
                                            .given_count = question->given_count,
                                            .headers = question->headers,
                                            .header_count = question->header_count,
                                            .ignore_unknown = question->ignore_unknown};
    enum tw_status status = attributes_fill(request, &source, &error);
    tw_policy_rule(policy, tw_decide(policy, request), &rule);
    snprintf(answer, 240, "%s", status ? error.message : rule.name);
    tw_request_free(request);
    tw_policy_free(policy);
    return status;
}

static void decides(const struct question *question, const char *rule)
{
    char answer[240];
    CU_ASSERT_EQUAL(ask(question, answer), TW_OK);
    if (strcmp(answer, rule) != 0)
        printf("\n  %s, not %s: %s", answer, rule, question->body);
    CU_ASSERT_STRING_EQUAL(answer, rule);
}

static void refuses(const struct question *question, enum tw_status wanted, const char *part)
{
    char answer[240];
    CU_ASSERT_EQUAL(ask(question, answer), wanted);
    if (!strstr(answer, part))
        printf("\n  no %s in: %s", part, answer);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, part));
}

#define PAIR(name, value)                                                                          \
    {                                                                                              \
        TEXT(name), TEXT(value)                                                                    \
    }

static void test_from_the_body(void)
{
    static const struct {
        const char *condition, *body;
    } rows[] = {
        {"model == \"gpt-5\"", "{\"model\":\"gpt-5\"}"},
        {"model == \"a/b\"", "{\"model\":\"a\\/b\"}"},
        {"user == \"u1\"", "{\"user\":\"u1\"}"},
        {"force_tier == flex", "{\"service_tier\":\"flex\"}"},
        {"force_tier == priority", "{\"service_tier\":\"fast\"}"},
        {"force_tier is not set", "{\"service_tier\":null}"},
        {"stream", "{\"stream\":true}"},
        {"tools", "{\"tools\":[{}]}"},
        {"not tools", "{\"tools\":[]}"},
        {"messages == 2", "{\"messages\":[{},{}]}"},
        {"tokens == 2", "{\"messages\":[{\"content\":\"12345678\"}]}"},
        {"max_output_tokens == 9", "{\"max_completion_tokens\":9}"},
        {"max_output_tokens == 8", "{\"max_tokens\":8}"},
        {"max_output_tokens is not set", "{}"},
        {"endpoint == \"/chat/completions\"", "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char policy[200];
        snprintf(policy, sizeof policy, "hit: when %s -> flex otherwise -> auto",
                 rows[i].condition);
        struct question question = {.policy = policy, .body = rows[i].body, .id = "r"};
        decides(&question, "hit");
    }
}

static void test_what_wins(void)
{
    struct question question = {.policy = "attribute team: string from header \"X-Team\"\n"
                                          "g: when tokens == 9000 -> flex\n"
                                          "h: when tokens == 7000 -> flex\n"
                                          "t: when team == \"ads\" -> flex\n"
                                          "x: when team == \"own\" -> flex\n"
                                          "c: when tokens == 1 -> flex\notherwise -> auto",
                                .body = "{\"messages\":[{\"content\":\"1234\"}]}",
                                .id = "r"};
    decides(&question, "c");
    question.headers[question.header_count++] = (struct attribute_pair)PAIR("x-team", "ads");
    decides(&question, "t");
    question.headers[question.header_count++] =
        (struct attribute_pair)PAIR("X-Tierway-Team", "own");
    decides(&question, "x");
    question.headers[question.header_count++] =
        (struct attribute_pair)PAIR("x-tierway-tokens", "7k");
    decides(&question, "h");
    question.given[question.given_count++] = (struct attribute_pair)PAIR("tokens", "9_000");
    decides(&question, "g");
}

static void test_header_names(void)
{
    struct question question = {.policy =
                                    "r: when request_type == background -> flex otherwise -> auto",
                                .body = "{}",
                                .headers = {PAIR("X-TIERWAY-Request-Type", "background")},
                                .header_count = 1,
                                .id = "r"};
    decides(&question, "r");
    question.headers[0] = (struct attribute_pair)PAIR("x-tierway-request-typ", "background");
    refuses(&question, TW_NOT_FOUND, "request_type");
    question.ignore_unknown = true;
    decides(&question, "otherwise");
    question.headers[0] = (struct attribute_pair)PAIR("x-other-request-type", "background");
    decides(&question, "otherwise");
}

static void test_pointers(void)
{
    const char *policy = "attribute team: string from body \"/metadata/team\"\n"
                         "attribute cap: money = $1 from body \"/metadata/cap\"\n"
                         "attribute share: percent = 0% from body \"/metadata/share\"\n"
                         "attribute bulk: bool = false from body \"/metadata/bulk\"\n"
                         "team: when team == \"ads\" -> flex\n"
                         "cap: when cap == $0.05 -> flex\n"
                         "share: when share == 12.5% -> flex\n"
                         "bulk: when bulk -> flex\notherwise -> auto";
    static const char *const rows[][2] = {
        {"{\"metadata\":{\"team\":\"ads\"}}", "team"},
        {"{\"metadata\":{\"team\":\"a\\u0064s\"}}", "team"},
        {"{\"metadata\":{\"cap\":0.05}}", "cap"},
        {"{\"metadata\":{\"cap\":\"$0.05\"}}", "cap"},
        {"{\"metadata\":{\"share\":12.5}}", "share"},
        {"{\"metadata\":{\"bulk\":true}}", "bulk"},
        {"{\"metadata\":{\"bulk\":\"true\"}}", "bulk"},
        {"{\"metadata\":{\"team\":null}}", "otherwise"},
        {"{\"metadata\":[]}", "otherwise"},
        {"{}", "otherwise"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct question question = {.policy = policy, .body = rows[i][0], .id = "r"};
        decides(&question, rows[i][1]);
    }
}

static void test_bad_values(void)
{
    static const struct {
        const char *condition, *body, *part;
    } rows[] = {
        {"model == \"a\"", "{\"model\":7}", "`model`"},
        {"stream", "{\"stream\":\"yes\"}", "`stream`"},
        {"stream", "{\"stream\":1}", "`stream`"},
        {"user == \"a\"", "{\"user\":{\"id\":1}}", "`user`"},
        {"force_tier == flex", "{\"service_tier\":\"flexx\"}", "`force_tier`"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char policy[200];
        snprintf(policy, sizeof policy, "hit: when %s -> flex otherwise -> auto",
                 rows[i].condition);
        struct question question = {.policy = policy, .body = rows[i].body, .id = "r"};
        refuses(&question, TW_INVALID, rows[i].part);
        /* What no rule reads is not looked at. */
        question.policy = "otherwise -> auto";
        decides(&question, "otherwise");
    }
    struct question question = {.policy = "otherwise -> auto",
                                .body = "{}",
                                .given = {PAIR("tokens", "many")},
                                .given_count = 1,
                                .id = "r"};
    refuses(&question, TW_INVALID, "`tokens`");
    question.given[0] = (struct attribute_pair)PAIR("tokns", "1");
    refuses(&question, TW_NOT_FOUND, "`tokens`");
}

static void test_repeated_name(void)
{
    struct question question = {.policy = "attribute team: string from body \"/metadata/team\"\n"
                                          "t: when team == \"a\" -> flex otherwise -> auto",
                                .body = "{\"metadata\":{\"team\":\"a\",\"team\":\"b\"}}",
                                .id = "r"};
    refuses(&question, TW_INVALID, "`team`");
}

static void test_clock(void)
{
    struct question question = {.policy = "timezone \"America/New_York\"\n"
                                          "late: when time in 22:00..06:00 -> flex\n"
                                          "noon: when hour == 12 -> flex\notherwise -> auto",
                                .body = "{}",
                                .instant = 1767236400000, /* 2026-01-01T03:00Z, 22:00 there */
                                .id = "r"};
    decides(&question, "late");
    question.given[question.given_count++] = (struct attribute_pair)PAIR("time", "12:30");
    decides(&question, "noon");
    question.given[0] = (struct attribute_pair)PAIR("now", "2026-06-01T12:00:00-04:00");
    decides(&question, "noon");
    question.given_count = 0;
    question.instant = -1;
    refuses(&question, TW_INVALID, "clock");
}

/* `sample` is the user's, else the request's, and does not move. */
static void test_sample(void)
{
    int hits = 0;
    struct question question = {.policy = "s: when sample < 50% -> flex otherwise -> auto",
                                .body = "{\"user\":\"someone\"}"};
    char first[240], answer[240], id[20];
    question.id = "first";
    ask(&question, first);
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof id, "req_%d", i);
        question.id = id;
        ask(&question, answer);
        CU_ASSERT_STRING_EQUAL(answer, first);
    }
    question.body = "{}";
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "req_%d", i);
        question.id = id;
        ask(&question, answer);
        hits += strcmp(answer, "s") == 0;
    }
    CU_ASSERT_TRUE(hits > 60 && hits < 140);
    question.given[question.given_count++] = (struct attribute_pair)PAIR("sample", "0%");
    decides(&question, "s");
    question.given[0] = (struct attribute_pair)PAIR("sample", "99%");
    decides(&question, "otherwise");
}

UNIT_TESTS({"from the body", test_from_the_body}, {"what wins", test_what_wins},
           {"header names", test_header_names}, {"pointers", test_pointers},
           {"bad values", test_bad_values}, {"a repeated name", test_repeated_name},
           {"clock", test_clock}, {"sample", test_sample})
