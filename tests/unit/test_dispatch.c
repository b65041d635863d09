/* A request through its action: retries, else, strict, timeouts, streams, and what the ledger gets.
 *
 * The provider is a script behind the transport's operations; its clock moves only when an exchange
 * takes time or a wait is asked for, so that every figure is exact. */
#include "unit.h"

#include "runtime/router_parts.h"

#include <stdlib.h>

enum { MOST = 16 };

/* One scripted answer. Pieces end with NULL. */
struct scripted {
    enum tw_status status;
    int http;
    const char *headers[3][2];
    const char *pieces[8];
    int64_t takes; /* milliseconds */
    bool unsent;
};

struct fake {
    struct transport transport;
    const struct scripted *script;
    size_t count, used;
    int64_t clock;
    int64_t waits[MOST];
    size_t wait_count;
    char bodies[MOST][512];
    int64_t timeouts[MOST];
    char authorization[64], url[128];
    bool stopped; /* the last exchange was ended by the reader */
    tw_router *cancel_in_pause;
};

static void note_request(struct fake *fake, const struct transport_request *request)
{
    snprintf(fake->bodies[fake->used], sizeof fake->bodies[0], "%.*s", (int)request->body.length,
             request->body.data);
    fake->timeouts[fake->used] = request->timeout;
    snprintf(fake->url, sizeof fake->url, "%s", request->url);
    for (size_t i = 0; i < request->header_count; i++)
        if (text_is(request->headers[i].name, "Authorization"))
            snprintf(fake->authorization, sizeof fake->authorization, "%.*s",
                     (int)request->headers[i].value.length, request->headers[i].value.data);
}

static enum tw_status fake_exchange(struct transport *transport,
                                    const struct transport_request *request,
                                    struct transport_answer *answer, struct tw_error *error)
{
    struct fake *fake = (struct fake *)transport;
    *answer = (struct transport_answer){0};
    if (fake->used >= fake->count)
        return fail(error, TW_NO_MEMORY, "the script is over");
    note_request(fake, request);
    const struct scripted *scripted = &fake->script[fake->used++];
    fake->clock += scripted->takes;
    answer->sent = !scripted->unsent;
    answer->status = scripted->http;
    for (size_t i = 0; scripted->http && i < 3; i++)
        request->on_header(request->context, scripted->http,
                           text_of(scripted->headers[i][0] ? scripted->headers[i][0] : "x-none"),
                           text_of(scripted->headers[i][1]));
    for (size_t i = 0; scripted->pieces[i] && !answer->stopped; i++)
        answer->stopped = !request->on_piece(request->context, text_of(scripted->pieces[i]));
    fake->stopped = answer->stopped;
    if (answer->stopped || scripted->status == TW_OK)
        return TW_OK;
    return fail(error, scripted->status, "as scripted");
}

static void fake_pause(struct transport *transport, int64_t milliseconds,
                       const atomic_bool *cancelled)
{
    struct fake *fake = (struct fake *)transport;
    (void)cancelled;
    fake->waits[fake->wait_count++] = milliseconds;
    fake->clock += milliseconds;
    if (fake->cancel_in_pause)
        tw_router_cancel(fake->cancel_in_pause);
}

static void fake_nothing(struct transport *transport)
{
    (void)transport;
}

static int64_t fake_now(void *context)
{
    return ((struct fake *)context)->clock;
}

/* --- one question, from a policy's text to its result --- */

struct test {
    struct fake fake;
    tw_policy *policy;
    tw_router *router;
    struct store *store;
    struct tw_result *result;
    struct buffer pieces; /* texts of the pieces, each in brackets */
    struct buffer data;
    int pieces_wanted; /* after so many on_piece says false; 0: all */
    bool wants_pieces;
    const char *body;
    struct ledger_row rows[MOST];
    char served[MOST][32];
    size_t row_count;
};

static const struct transport_operations fake_operations = {fake_exchange, fake_pause, fake_nothing,
                                                            fake_nothing};

static void test_open(struct test *test, const char *policy, const struct scripted *script,
                      size_t count)
{
    memset(test, 0, sizeof *test);
    test->fake.transport.operations = &fake_operations;
    test->fake.script = script;
    test->fake.count = count;
    test->fake.clock = 5000;
    test->body = "{\"model\":\"gpt-5\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    buffer_init(&test->pieces, 1 << 20);
    buffer_init(&test->data, 1 << 20);
    struct router_parts parts = {.base_url = "http://127.0.0.1:1/v1/",
                                 .api_key = "sk-secret",
                                 .transport = &test->fake.transport,
                                 .seed = 7,
                                 .clock = {fake_now, &test->fake}};
    if (tw_policy_compile("test.tier", policy, strlen(policy), &test->policy, NULL) != TW_OK ||
        price_table_builtin(TEXT("openai"), &parts.prices, NULL) != TW_OK ||
        store_open("memory:", &STORE_DEFAULTS, &parts.store, NULL) != TW_OK)
        abort();
    parts.policy = test->policy;
    test->store = parts.store;
    if (router_make(&parts, &test->router, NULL) != TW_OK)
        abort();
}

static bool take_piece(void *context, const struct tw_piece *piece)
{
    struct test *test = context;
    buffer_byte(&test->pieces, '[');
    buffer_append(&test->pieces, piece->text, piece->text_length);
    buffer_byte(&test->pieces, ']');
    buffer_append(&test->data, piece->data, piece->data_length);
    buffer_byte(&test->data, '\n');
    return test->pieces_wanted == 0 || --test->pieces_wanted > 0;
}

static enum tw_status keep_row(void *context, const struct ledger_row *row)
{
    struct test *test = context;
    struct ledger_row *kept = &test->rows[test->row_count];
    *kept = *row;
    snprintf(test->served[test->row_count], sizeof test->served[0], "%.*s",
             (int)row->served_tier.length, row->served_tier.data);
    kept->served_tier = text_of(test->served[test->row_count++]);
    return TW_OK;
}

static enum tw_status test_send(struct test *test)
{
    const struct tw_chat chat = {.body = test->body,
                                 .length = strlen(test->body),
                                 .instant = 1767225600000, /* 2026-01-01T00:00Z */
                                 .on_piece = test->wants_pieces ? take_piece : NULL,
                                 .context = test};
    struct tw_error error;
    enum tw_status status = tw_router_chat(test->router, &chat, &test->result, &error);
    ledger_each(test->store, LEDGER_ALL, keep_row, test, NULL);
    return status;
}

static void test_close(struct test *test)
{
    tw_result_free(test->result);
    tw_router_free(test->router);
    tw_policy_free(test->policy);
    buffer_free(&test->pieces);
    buffer_free(&test->data);
}

/* Sends and compares what nearly every test wants: outcome, and each attempt as "tier outcome". */
static void expect(struct test *test, enum tw_outcome outcome, const char *attempts)
{
    char seen[512] = "";
    size_t length = 0;
    CU_ASSERT_EQUAL_FATAL(test_send(test), TW_OK);
    CU_ASSERT_EQUAL(test->result->outcome, outcome);
    for (size_t i = 0; i < test->result->attempt_count; i++)
        length +=
            (size_t)snprintf(seen + length, sizeof seen - length, "%s%s %s", i ? ", " : "",
                             test->result->attempts[i].tier, test->result->attempts[i].outcome);
    if (strcmp(seen, attempts) != 0)
        printf("\n  %s\n  is not %s", seen, attempts);
    CU_ASSERT_STRING_EQUAL(seen, attempts);
    CU_ASSERT_EQUAL(test->row_count, test->result->attempt_count);
    CU_ASSERT_EQUAL(test->result->ledger, TW_OK);
    CU_ASSERT_EQUAL(test->fake.used, test->fake.count);
}

#define OPEN(test, policy, script)                                                                 \
    test_open((test), (policy), (script), sizeof(script) / sizeof(script)[0])

#define USAGE                                                                                      \
    "\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":100,\"total_tokens\":1100,"           \
    "\"prompt_tokens_details\":{\"cached_tokens\":200},"                                           \
    "\"completion_tokens_details\":{\"reasoning_tokens\":40}}"
#define ANSWER(tier)                                                                               \
    {                                                                                              \
        .http = 200, .takes = 100, .headers = {{"Content-Type", "application/json"}}, .pieces = {  \
            "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"Hello\"}}],",                   \
            USAGE ",\"service_tier\":\"" tier "\"}",                                               \
            NULL                                                                                   \
        }                                                                                          \
    }
#define REFUSAL_BODY                                                                               \
    "{\"error\":{\"message\":\"no room\",\"type\":\"resource_unavailable\","                       \
    "\"code\":\"flex_unavailable\"}}"
#define REFUSAL                                                                                    \
    {                                                                                              \
        .http = 429, .takes = 10, .headers = {{"Retry-After", "300"}}, .pieces = { REFUSAL_BODY }  \
    }
#define ERROR(status, error_type, error_code)                                                      \
    {                                                                                              \
        .http = (status), .takes = 10, .pieces = {                                                 \
            "{\"error\":{\"message\":\"words\",\"type\":\"" error_type "\",\"code\":\"" error_code \
            "\"}}"                                                                                 \
        }                                                                                          \
    }
#define LIMITED(seconds)                                                                           \
    {                                                                                              \
        .http = 429, .takes = 10, .headers = {{"Retry-After", seconds}}, .pieces = {               \
            "{\"error\":{\"message\":\"slow\",\"code\":\"rate_limit_exceeded\"}}"                  \
        }                                                                                          \
    }

#define LADDER "otherwise -> flex retry 2 else default"

/* --- tests --- */

static void check_answered_row(const struct test *test)
{
    const struct ledger_row *row = &test->rows[0];
    CU_ASSERT_EQUAL(row->attempt, 1);
    CU_ASSERT_EQUAL(row->instant, 1767225600000);
    CU_ASSERT_TRUE(text_is(row->model, "gpt-5"));
    CU_ASSERT_TRUE(text_is(row->requested_tier, "fast"));
    CU_ASSERT_TRUE(text_is(row->chosen_tier, "flex"));
    CU_ASSERT_TRUE(text_is(row->attempted_tier, "flex"));
    CU_ASSERT_TRUE(text_is(row->served_tier, "flex"));
    CU_ASSERT_TRUE(text_is(row->rule, "cheap"));
    CU_ASSERT_TRUE(text_is(row->policy_hash, tw_policy_hash(test->policy)));
    CU_ASSERT_TRUE(text_is(row->user, "u1"));
    CU_ASSERT_EQUAL(row->input_tokens, 1000);
    CU_ASSERT_EQUAL(row->cached_tokens, 200);
    CU_ASSERT_EQUAL(row->cache_write_tokens, LEDGER_UNKNOWN);
    CU_ASSERT_EQUAL(row->output_tokens, 100);
    CU_ASSERT_EQUAL(row->reasoning_tokens, 40);
    CU_ASSERT_TRUE(text_is(row->price_row, "gpt-5"));
    /* gpt-5: 1.25, 0.125 and 10 dollars per 1,000,000 tokens; flex is half of it. */
    CU_ASSERT_EQUAL(row->default_cost, 800 * 1250000 + 200 * 125000 + 100 * 10000000);
    CU_ASSERT_EQUAL(row->cost, row->default_cost / 2);
    CU_ASSERT_EQUAL(row->latency, 100);
    CU_ASSERT_EQUAL(row->delay_added, 0);
    CU_ASSERT_EQUAL(row->http_status, 200);
    CU_ASSERT_EQUAL(row->outcome, LEDGER_ANSWERED);
    CU_ASSERT_EQUAL(row->hour, 19); /* midnight in UTC */
}

static void test_answered(void)
{
    static const struct scripted script[] = {ANSWER("flex")};
    struct test test;
    OPEN(&test, "timezone \"America/New_York\" cheap: when messages == 1 -> flex", script);
    test.body = "{\"model\":\"gpt-5\",\"service_tier\":\"fast\",\"user\":\"u1\","
                "\"messages\":[{\"content\":\"hi\"}],\"seed\":12345678901234567890123}";
    expect(&test, TW_ANSWERED, "flex answered");
    check_answered_row(&test);
    CU_ASSERT_STRING_EQUAL(test.result->content, "Hello");
    CU_ASSERT_STRING_EQUAL(test.result->requested_tier, "fast");
    CU_ASSERT_STRING_EQUAL(test.result->chosen_tier, "flex");
    CU_ASSERT_STRING_EQUAL(test.result->served_tier, "flex");
    CU_ASSERT_STRING_EQUAL(test.result->rule, "cheap");
    CU_ASSERT_EQUAL(test.result->total_tokens, 1100);
    CU_ASSERT_EQUAL(test.result->cost, test.rows[0].cost);
    CU_ASSERT_STRING_EQUAL(test.fake.bodies[0],
                           "{\"model\":\"gpt-5\",\"service_tier\":\"flex\",\"user\":\"u1\","
                           "\"messages\":[{\"content\":\"hi\"}],\"seed\":12345678901234567890123}");
    CU_ASSERT_STRING_EQUAL(test.fake.url, "http://127.0.0.1:1/v1/chat/completions");
    CU_ASSERT_STRING_EQUAL(test.fake.authorization, "Bearer sk-secret");
    test_close(&test);
}

/* A refusal's Retry-After of 300 s is not waited for; the waits are the back-off's. */
static void test_refused_then_else(void)
{
    static const struct scripted script[] = {REFUSAL, REFUSAL, REFUSAL, ANSWER("default")};
    struct test test;
    OPEN(&test, LADDER, script);
    expect(&test, TW_ANSWERED, "flex refused, flex refused, flex refused, default answered");
    CU_ASSERT_EQUAL(test.fake.wait_count, 2);
    CU_ASSERT_TRUE(test.fake.waits[0] <= 500 && test.fake.waits[1] <= 1000);
    CU_ASSERT_EQUAL(test.rows[3].attempt, 4);
    CU_ASSERT_EQUAL(test.rows[3].delay_added, 30 + test.fake.waits[0] + test.fake.waits[1]);
    CU_ASSERT_EQUAL(test.rows[3].instant, 1767225600000 + test.rows[3].delay_added);
    CU_ASSERT_EQUAL(test.rows[3].cost, test.rows[3].default_cost);
    CU_ASSERT_EQUAL(test.rows[0].cost, 0);
    CU_ASSERT_EQUAL(test.rows[0].default_cost, 0);
    CU_ASSERT_TRUE(text_is(test.rows[0].served_tier, ""));
    CU_ASSERT_TRUE(text_equal(test.rows[0].request_id, test.rows[3].request_id));
    CU_ASSERT_PTR_NOT_NULL(strstr(test.fake.bodies[3], "\"service_tier\":\"default\""));
    test_close(&test);
}

static void test_nothing_left(void)
{
    static const struct scripted script[] = {REFUSAL};
    static const char *const policies[] = {"otherwise -> flex", "otherwise -> flex strict"};
    for (size_t i = 0; i < 2; i++) {
        struct test test;
        OPEN(&test, policies[i], script);
        expect(&test, TW_PROVIDER_ERROR, "flex refused");
        CU_ASSERT_EQUAL(test.result->http_status, 429);
        CU_ASSERT_STRING_EQUAL(test.result->message, "no room");
        CU_ASSERT_STRING_EQUAL(test.result->error_code, "flex_unavailable");
        CU_ASSERT_STRING_EQUAL(test.result->body, REFUSAL_BODY);
        CU_ASSERT_EQUAL(test.fake.wait_count, 0);
        test_close(&test);
    }
}

static void test_rate_limit_is_waited_for(void)
{
    static const struct scripted script[] = {LIMITED("20"), ANSWER("flex")};
    struct test test;
    OPEN(&test, LADDER, script);
    expect(&test, TW_ANSWERED, "flex rate_limited, flex answered");
    CU_ASSERT_EQUAL(test.fake.wait_count, 1);
    CU_ASSERT_EQUAL(test.fake.waits[0], 20000);
    test_close(&test);
}

static void test_rate_limit_over_the_cap(void)
{
    static const struct scripted script[] = {LIMITED("61"), ANSWER("default")};
    struct test test;
    OPEN(&test, LADDER, script);
    expect(&test, TW_ANSWERED, "flex rate_limited, default answered");
    CU_ASSERT_EQUAL(test.fake.wait_count, 0);
    test_close(&test);
}

static void test_milliseconds_win(void)
{
    static const struct scripted script[] = {
        {.http = 429,
         .headers = {{"retry-after-ms", "70"}, {"Retry-After", "1"}},
         .pieces = {"{}"}},
        ANSWER("flex")};
    struct test test;
    OPEN(&test, LADDER, script);
    expect(&test, TW_ANSWERED, "flex rate_limited, flex answered");
    CU_ASSERT_EQUAL(test.fake.waits[0], 70);
    test_close(&test);
}

/* Neither retried nor stepped down from. */
static void test_permanent(void)
{
    static const struct scripted scripts[] = {
        ERROR(429, "insufficient_quota", "insufficient_quota"),
        ERROR(429, "", "credit_balance_exhausted"),
        ERROR(400, "invalid_request_error", ""),
        ERROR(401, "invalid_request_error", "invalid_api_key"),
        {.http = 307, .takes = 1, .headers = {{"Location", "http://elsewhere/"}}},
    };
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct test test;
        test_open(&test, LADDER, &scripts[i], 1);
        expect(&test, TW_PROVIDER_ERROR, "flex failed");
        CU_ASSERT_EQUAL(test.rows[0].cost, 0);
        CU_ASSERT_EQUAL(test.result->http_status, scripts[i].http);
        test_close(&test);
    }
}

/* The same tier would say the same again; another one may not. */
static void test_tier_not_allowed(void)
{
    static const struct scripted script[] = {
        {.http = 400,
         .pieces = {"{\"error\":{\"message\":\"Invalid service_tier argument\",\"type\":"
                    "\"invalid_request_error\",\"param\":\"service_tier\",\"code\":null}}"}},
        ANSWER("default")};
    struct test test;
    OPEN(&test, LADDER, script);
    expect(&test, TW_ANSWERED, "flex failed, default answered");
    CU_ASSERT_EQUAL(test.fake.wait_count, 0);
    test_close(&test);
}

static void test_failures_that_pass(void)
{
    static const struct scripted scripts[] = {
        ERROR(500, "server_error", ""),
        ERROR(503, "service_unavailable_error", "server_is_overloaded"),
        ERROR(529, "overloaded_error", ""),
        ERROR(408, "timeout", ""),
        {.status = TW_NETWORK, .takes = 5},
        {.status = TW_NETWORK, .http = 200, .pieces = {"{\"choi"}},
        {.http = 200, .pieces = {"<html>not JSON</html>"}},
        {.http = 200},
        {.http = 200, .pieces = {"{}"}},
    };
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        const struct scripted script[] = {scripts[i], ANSWER("flex")};
        struct test test;
        OPEN(&test, LADDER, script);
        expect(&test, TW_ANSWERED, "flex failed, flex answered");
        CU_ASSERT_EQUAL(test.fake.wait_count, 1);
        CU_ASSERT_EQUAL(test.rows[0].cost, LEDGER_UNKNOWN); /* it may be billed all the same */
        test_close(&test);
    }
}

static void test_not_reached(void)
{
    static const struct scripted script[] = {{.status = TW_NETWORK, .unsent = true},
                                             {.status = TW_NETWORK, .unsent = true}};
    struct test test;
    OPEN(&test, "otherwise -> flex else default", script);
    expect(&test, TW_NO_ANSWER, "flex failed, default failed");
    CU_ASSERT_STRING_EQUAL(test.result->message, "as scripted");
    CU_ASSERT_EQUAL(test.result->http_status, 0);
    CU_ASSERT_EQUAL(test.rows[0].http_status, LEDGER_UNKNOWN);
    test_close(&test);
}

static void test_timeouts(void)
{
    static const struct scripted script[] = {{.status = TW_TIMEOUT, .takes = 2000},
                                             {.status = TW_TIMEOUT, .takes = 2000},
                                             ANSWER("default")};
    struct test test;
    OPEN(&test, "otherwise -> flex timeout 2s retry 1 else default", script);
    expect(&test, TW_ANSWERED, "flex timeout, flex timeout, default answered");
    CU_ASSERT_EQUAL(test.fake.timeouts[0], 2000);
    CU_ASSERT_EQUAL(test.fake.timeouts[2], STEP_TIMEOUT);
    CU_ASSERT_EQUAL(test.rows[0].latency, 2000);
    CU_ASSERT_EQUAL(test.rows[0].cost, LEDGER_UNKNOWN);
    test_close(&test);
    static const struct scripted served[] = {ANSWER("flex")};
    OPEN(&test, "otherwise -> flex", served);
    expect(&test, TW_ANSWERED, "flex answered");
    CU_ASSERT_EQUAL(test.fake.timeouts[0], STEP_TIMEOUT_FLEX);
    test_close(&test);
}

static void test_rejects(void)
{
    struct test test;
    test_open(&test, "otherwise -> reject \"closed\"", NULL, 0);
    CU_ASSERT_EQUAL(test_send(&test), TW_OK);
    CU_ASSERT_EQUAL(test.result->outcome, TW_REJECTED);
    CU_ASSERT_STRING_EQUAL(test.result->message, "closed");
    CU_ASSERT_PTR_NULL(test.result->chosen_tier);
    CU_ASSERT_EQUAL(test.row_count, 1);
    CU_ASSERT_EQUAL(test.rows[0].outcome, LEDGER_REJECTED);
    CU_ASSERT_EQUAL(test.rows[0].attempted_tier.length, 0);
    CU_ASSERT_EQUAL(test.rows[0].cost, 0);
    test_close(&test);
    static const struct scripted script[] = {REFUSAL};
    OPEN(&test, "otherwise -> flex else reject \"no room\"", script);
    expect(&test, TW_REJECTED, "flex refused");
    CU_ASSERT_STRING_EQUAL(test.result->message, "no room");
    test_close(&test);
}

/* Money follows the tier that was served, and an alias is the same tier. */
static void test_served_tier_pays(void)
{
    static const struct scripted downgraded[] = {ANSWER("default")};
    static const struct scripted renamed[] = {ANSWER("fast")};
    static const struct scripted silent[] = {
        {.http = 200, .pieces = {"{\"choices\":[]," USAGE "}"}}};
    struct test test;
    OPEN(&test, "otherwise -> priority", downgraded);
    expect(&test, TW_ANSWERED, "priority answered");
    CU_ASSERT_STRING_EQUAL(test.result->served_tier, "default");
    CU_ASSERT_EQUAL(test.result->cost, test.result->default_cost);
    test_close(&test);
    OPEN(&test, "otherwise -> priority", renamed);
    expect(&test, TW_ANSWERED, "priority answered");
    CU_ASSERT_STRING_EQUAL(test.result->served_tier, "priority");
    CU_ASSERT_EQUAL(test.result->cost, test.result->default_cost * 2);
    test_close(&test);
    OPEN(&test, "otherwise -> priority", silent);
    expect(&test, TW_ANSWERED, "priority answered");
    CU_ASSERT_PTR_NULL(test.result->served_tier);
    CU_ASSERT_EQUAL(test.result->cost, -1);
    CU_ASSERT_TRUE(test.result->default_cost > 0);
    test_close(&test);
}

#define STREAM_BODY "{\"model\":\"gpt-5\",\"messages\":[{\"content\":\"hi\"}],\"stream\":true}"
#define STREAM .http = 200, .takes = 10, .headers = {{"Content-Type", "text/event-stream"}}
#define OPENING                                                                                    \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
#define DELTA(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define CLOSING                                                                                    \
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"                  \
    "\"service_tier\":\"flex\"}\n\n"
#define FIGURES "data: {\"choices\":[]," USAGE ",\"service_tier\":\"flex\"}\n\n"

static void open_stream(struct test *test, const char *policy, const struct scripted *script,
                        size_t count)
{
    test_open(test, policy, script, count);
    test->body = STREAM_BODY;
    test->wants_pieces = true;
}

static void test_stream(void)
{
    static const struct scripted script[] = {
        {STREAM,
         .pieces = {OPENING, DELTA("Hel"), DELTA("lo"), CLOSING, FIGURES, "data: [DONE]\n\n"}}};
    struct test test;
    open_stream(&test, LADDER, script, 1);
    expect(&test, TW_ANSWERED, "flex answered");
    CU_ASSERT_STRING_EQUAL(test.pieces.data, "[][Hel][lo][][]");
    CU_ASSERT_STRING_EQUAL(test.result->content, "Hello");
    CU_ASSERT_PTR_NOT_NULL(strstr(test.data.data, "[DONE]"));
    CU_ASSERT_PTR_NULL(strstr(test.data.data, "prompt_tokens"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(test.fake.bodies[0], "\"stream_options\":{\"include_usage\":true}"));
    CU_ASSERT_EQUAL(test.rows[0].input_tokens, 1000);
    CU_ASSERT_TRUE(test.rows[0].cost > 0);
    test_close(&test);
    open_stream(&test, LADDER, script, 1);
    test.body = "{\"model\":\"gpt-5\",\"messages\":[],\"stream\":true,"
                "\"stream_options\":{\"include_usage\":true}}";
    expect(&test, TW_ANSWERED, "flex answered");
    CU_ASSERT_PTR_NOT_NULL(strstr(test.data.data, "prompt_tokens"));
    test_close(&test);
}

/* The tier says that it has no room only after HTTP 200 and the first events. */
static void test_refusal_inside_a_stream(void)
{
    static const struct scripted script[] = {
        {STREAM, .pieces = {OPENING, "data: " REFUSAL_BODY "\n\n"}},
        {STREAM, .pieces = {OPENING, DELTA("Hello"), CLOSING, FIGURES, "data: [DONE]\n\n"}}};
    struct test test;
    open_stream(&test, "otherwise -> flex else default", script, 2);
    expect(&test, TW_ANSWERED, "flex refused, default answered");
    CU_ASSERT_STRING_EQUAL(test.pieces.data, "[][Hello][][]");
    CU_ASSERT_EQUAL(test.rows[0].http_status, 200);
    CU_ASSERT_EQUAL(test.rows[0].cost, 0);
    test_close(&test);
}

static void test_refusal_inside_a_responses_stream(void)
{
    static const struct scripted script[] = {
        {STREAM,
         .pieces = {"event: response.created\ndata: {\"type\":\"response.created\",\"response\":"
                    "{\"service_tier\":\"flex\",\"error\":null}}\n\n",
                    "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":"
                    "{\"service_tier\":\"flex\",\"error\":{\"code\":\"flex_unavailable\"}}}\n\n"}},
        {STREAM,
         .pieces = {"data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi\"}\n\n",
                    "data: {\"type\":\"response.completed\",\"response\":{\"service_tier\":"
                    "\"default\",\"usage\":{\"input_tokens\":10,\"output_tokens\":2}}}\n\n"}}};
    struct test test;
    open_stream(&test, "otherwise -> flex else default", script, 2);
    test.body = "{\"model\":\"gpt-5\",\"input\":\"hi\",\"stream\":true}";
    expect(&test, TW_ANSWERED, "flex refused, default answered");
    CU_ASSERT_STRING_EQUAL(test.fake.url, "http://127.0.0.1:1/v1/responses");
    CU_ASSERT_PTR_NULL(strstr(test.fake.bodies[0], "stream_options"));
    CU_ASSERT_STRING_EQUAL(test.pieces.data, "[Hi][]");
    CU_ASSERT_EQUAL(test.rows[1].cost, 10 * 1250000 + 2 * 10000000);
    test_close(&test);
}

/* Once a part of the answer is out, nothing else may follow, whatever the rule says. */
static void test_no_step_down_after_content(void)
{
    static const struct scripted scripts[] = {
        {STREAM, .pieces = {OPENING, DELTA("Hel"), "data: " REFUSAL_BODY "\n\n"}},
        {STREAM, .status = TW_NETWORK, .pieces = {OPENING, DELTA("Hel")}},
        {STREAM, .status = TW_TIMEOUT, .pieces = {OPENING, DELTA("Hel")}},
        {STREAM, .pieces = {OPENING, DELTA("Hel")}},
        {STREAM, .pieces = {OPENING, DELTA("Hel"), "data: {broken\n\n"}},
    };
    static const char *const attempts[] = {"flex refused", "flex failed", "flex timeout",
                                           "flex failed", "flex failed"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct test test;
        open_stream(&test, LADDER, &scripts[i], 1);
        expect(&test, i == 0 ? TW_PROVIDER_ERROR : TW_NO_ANSWER, attempts[i]);
        CU_ASSERT_EQUAL(strncmp(test.pieces.data, "[][Hel]", 7), 0);
        CU_ASSERT_EQUAL(test.fake.wait_count, 0);
        CU_ASSERT_EQUAL(test.rows[0].cost, LEDGER_UNKNOWN); /* what was sent is billed */
        test_close(&test);
    }
}

/* Where the answer is only collected, nothing of it has gone to the caller. */
static void test_step_down_of_a_collected_stream(void)
{
    static const struct scripted script[] = {
        {STREAM, .pieces = {OPENING, DELTA("Hel"), "data: " REFUSAL_BODY "\n\n"}},
        {STREAM, .pieces = {OPENING, DELTA("Hello"), CLOSING, FIGURES, "data: [DONE]\n\n"}}};
    struct test test;
    open_stream(&test, "otherwise -> flex else default", script, 2);
    test.wants_pieces = false;
    expect(&test, TW_ANSWERED, "flex refused, default answered");
    CU_ASSERT_STRING_EQUAL(test.result->content, "Hello");
    CU_ASSERT_EQUAL(test.rows[0].cost, LEDGER_UNKNOWN);
    test_close(&test);
}

/* A stream whose end was read is whole, also where the connection then breaks. */
static void test_stream_after_its_end(void)
{
    static const struct scripted script[] = {
        {STREAM, .status = TW_NETWORK,
         .pieces = {DELTA("Hi"), CLOSING, FIGURES, "data: [DONE]\n\n"}}};
    struct test test;
    open_stream(&test, LADDER, script, 1);
    expect(&test, TW_ANSWERED, "flex answered");
    test_close(&test);
}

static void test_early_events_have_a_limit(void)
{
    struct buffer event;
    buffer_init(&event, 8 << 20);
    buffer_string(&event, "data: {\"type\":\"response.in_progress\",\"pad\":\"");
    buffer_repeat(&event, 'x', ATTEMPT_HELD_MAX);
    buffer_string(&event, "\"}\n\n");
    const struct scripted script[] = {
        {STREAM, .pieces = {event.data, "data: " REFUSAL_BODY "\n\n"}}};
    struct test test;
    open_stream(&test, "otherwise -> flex else default", script, 1);
    expect(&test, TW_PROVIDER_ERROR, "flex refused");
    test_close(&test);
    buffer_free(&event);
}

static void test_caller_stops(void)
{
    static const struct scripted script[] = {
        {STREAM, .pieces = {OPENING, DELTA("Hel"), DELTA("lo"), CLOSING}}};
    struct test test;
    open_stream(&test, LADDER, script, 1);
    test.pieces_wanted = 2;
    expect(&test, TW_STOPPED, "flex cancelled");
    CU_ASSERT_TRUE(test.fake.stopped);
    CU_ASSERT_STRING_EQUAL(test.pieces.data, "[][Hel]");
    CU_ASSERT_EQUAL(test.rows[0].cost, LEDGER_UNKNOWN);
    test_close(&test);
}

static void test_cancel_while_waiting(void)
{
    static const struct scripted script[] = {REFUSAL};
    struct test test;
    OPEN(&test, LADDER, script);
    test.fake.cancel_in_pause = test.router;
    expect(&test, TW_STOPPED, "flex refused");
    test_close(&test);
}

static void test_bad_input(void)
{
    static const char *const bodies[] = {"", "{", "[]", "{\"model\":\"a\",\"model\":\"b\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct test test;
        test_open(&test, LADDER, NULL, 0);
        test.body = bodies[i];
        CU_ASSERT_EQUAL(test_send(&test), TW_INVALID);
        CU_ASSERT_PTR_NULL(test.result);
        CU_ASSERT_EQUAL(test.row_count, 0);
        test_close(&test);
    }
}

/* Names that are longer than a row may hold are cut in the ledger, not upstream. */
static void test_long_names(void)
{
    static const struct scripted script[] = {ANSWER("flex")};
    struct test test;
    struct buffer body;
    buffer_init(&body, 1 << 20);
    buffer_string(&body, "{\"model\":\"m");
    for (int i = 0; i < 600; i++)
        buffer_string(&body, "\xC3\xA9");
    buffer_string(&body, "\",\"user\":\"\\u0061\\ud800\",\"messages\":[]}");
    OPEN(&test, LADDER, script);
    test.body = body.data;
    expect(&test, TW_ANSWERED, "flex answered");
    CU_ASSERT_EQUAL(test.rows[0].model.length, 1023);
    CU_ASSERT_TRUE(text_is(test.rows[0].user, "a\xEF\xBF\xBD"));
    CU_ASSERT_EQUAL(test.rows[0].cost, LEDGER_UNKNOWN);
    test_close(&test);
    buffer_free(&body);
}

/* The policy learns from what the router met: refusals of flex, but no failure of another kind. */
static void test_tier_health(void)
{
    static const char *const policy = "when flex_unavailable > 50% -> default\n"
                                      "otherwise -> flex else default";
    static const struct scripted script[] = {ERROR(500, "server_error", ""),
                                             ANSWER("default"),
                                             REFUSAL,
                                             ANSWER("default"),
                                             REFUSAL,
                                             ANSWER("default"),
                                             ANSWER("default")};
    static const char *const attempts[] = {"flex failed, default answered",
                                           "flex refused, default answered",
                                           "flex refused, default answered", "default answered"};
    struct test test;
    OPEN(&test, policy, script);
    for (size_t i = 0; i < 4; i++) {
        char seen[128] = "";
        CU_ASSERT_EQUAL_FATAL(test_send(&test), TW_OK);
        for (size_t k = 0; k < test.result->attempt_count; k++)
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%s %s", k ? ", " : "",
                     test.result->attempts[k].tier, test.result->attempts[k].outcome);
        CU_ASSERT_STRING_EQUAL(seen, attempts[i]);
        tw_result_free(test.result);
        test.result = NULL;
        test.row_count = 0;
    }
    test_close(&test);
}

/* A stored prompt brings its model: the ledger has the answer's, and its price. */
static void test_no_model(void)
{
    static const struct scripted script[] = {
        {.http = 200,
         .takes = 1,
         .pieces = {
             "{\"model\":\"gpt-5-mini-2025-08-07\",\"output\":[],\"service_tier\":\"default\","
             "\"usage\":{\"input_tokens\":1000,\"output_tokens\":100}}"}}};
    struct test test;
    OPEN(&test, "otherwise -> default", script);
    test.body = "{\"prompt\":{\"id\":\"pmpt_1\"},\"input\":\"hi\"}";
    expect(&test, TW_ANSWERED, "default answered");
    CU_ASSERT_EQUAL(test.rows[0].model.length, strlen("gpt-5-mini-2025-08-07"));
    CU_ASSERT_EQUAL(test.rows[0].cost,
                    INT64_C(450000000)); /* 1,000 at $0.25, 100 at $2 a million */
    test_close(&test);
}

UNIT_TESTS({"answered", test_answered}, {"how tiers do", test_tier_health},
           {"no model", test_no_model}, {"refused, then else", test_refused_then_else},
           {"nothing left", test_nothing_left},
           {"a rate limit is waited for", test_rate_limit_is_waited_for},
           {"a rate limit over the cap", test_rate_limit_over_the_cap},
           {"retry-after-ms wins", test_milliseconds_win}, {"permanent errors", test_permanent},
           {"tier not allowed", test_tier_not_allowed},
           {"failures that pass", test_failures_that_pass}, {"not reached", test_not_reached},
           {"timeouts", test_timeouts}, {"rejects", test_rejects},
           {"the served tier pays", test_served_tier_pays}, {"a stream", test_stream},
           {"a refusal inside a stream", test_refusal_inside_a_stream},
           {"a refusal inside a responses stream", test_refusal_inside_a_responses_stream},
           {"no step down after content", test_no_step_down_after_content},
           {"step down of a collected stream", test_step_down_of_a_collected_stream},
           {"a stream after its end", test_stream_after_its_end},
           {"early events have a limit", test_early_events_have_a_limit},
           {"the caller stops", test_caller_stops},
           {"cancel while waiting", test_cancel_while_waiting}, {"bad input", test_bad_input},
           {"long names", test_long_names})
