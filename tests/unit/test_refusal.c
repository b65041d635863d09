/* What answers mean: one row for each form that docs/providers.md has seen. */
#include "unit.h"

#include "runtime/refusal.h"

struct form {
    const char *provider, *tier;
    int status;
    bool error;
    const char *type, *code, *message, *param;
    enum meaning meaning;
};

static enum meaning meaning_of(const struct form *form)
{
    const struct refusal_facts facts = {.provider = text_of(form->provider),
                                        .tier = text_of(form->tier),
                                        .status = form->status,
                                        .error = form->error,
                                        .type = text_of(form->type),
                                        .code = text_of(form->code),
                                        .message = text_of(form->message),
                                        .param = text_of(form->param)};
    return refusal_meaning(&facts);
}

static void check(const struct form *forms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum meaning meaning = meaning_of(&forms[i]);
        if (meaning != forms[i].meaning)
            printf("\n  %s %d %s %s: %s, not %s", forms[i].provider, forms[i].status, forms[i].type,
                   forms[i].code, meaning_row(meaning)->word, meaning_row(forms[i].meaning)->word);
        CU_ASSERT_EQUAL(meaning, forms[i].meaning);
    }
}

#define CHECK(forms) check((forms), sizeof(forms) / sizeof(forms)[0])

static void test_openai(void)
{
    static const struct form forms[] = {
        {"openai", "flex", 200, false, "", "", "", "", MEANING_SERVED},
        {"openai", "flex", 201, false, "", "", "", "", MEANING_SERVED},
        {"openai", "flex", 429, true, "resource_unavailable", "flex_unavailable",
         "Flex tier does not have sufficient resources", "", MEANING_REFUSED},
        {"openai", "flex", 429, true, "resource_unavailable", "", "", "", MEANING_REFUSED},
        {"openai", "flex", 429, true, "", "flex_unavailable", "", "", MEANING_REFUSED},
        {"openai", "default", 429, true, "requests", "rate_limit_exceeded", "", "",
         MEANING_RATE_LIMITED},
        {"openai", "default", 429, true, "tokens", "rate_limit_exceeded", "", "",
         MEANING_RATE_LIMITED},
        {"openai", "default", 429, false, "", "", "", "", MEANING_RATE_LIMITED},
        {"openai", "default", 429, true, "rate_limit_error", "slow_down", "", "", MEANING_PASSING},
        {"openai", "default", 503, true, "service_unavailable_error", "server_is_overloaded", "",
         "", MEANING_PASSING},
        {"openai", "default", 500, true, "server_error", "", "", "", MEANING_PASSING},
        {"openai", "default", 502, false, "", "", "", "", MEANING_PASSING},
        {"openai", "default", 408, true, "timeout", "", "", "", MEANING_PASSING},
        {"openai", "default", 409, false, "", "", "", "", MEANING_PASSING},
    };
    CHECK(forms);
}

static void test_billing(void)
{
    static const struct form forms[] = {
        {"openai", "flex", 429, true, "insufficient_quota", "insufficient_quota", "", "",
         MEANING_PERMANENT},
        {"openai", "flex", 429, true, "insufficient_quota", "credit_balance_exhausted", "", "",
         MEANING_PERMANENT},
        {"openai", "flex", 429, true, "", "credit_balance_exhausted", "", "", MEANING_PERMANENT},
        {"openai", "flex", 429, true, "", "organization_spend_limit_exceeded", "", "",
         MEANING_PERMANENT},
        {"openai", "flex", 429, true, "", "project_spend_limit_exceeded", "", "",
         MEANING_PERMANENT},
        {"openai", "flex", 429, true, "", "organization_usage_limit_exceeded", "", "",
         MEANING_PERMANENT},
        {"openrouter", "flex", 402, true, "", "402", "Insufficient credits", "", MEANING_PERMANENT},
    };
    CHECK(forms);
}

static void test_permanent(void)
{
    static const struct form forms[] = {
        {"openai", "default", 400, true, "invalid_request_error", "", "bad", "messages",
         MEANING_PERMANENT},
        {"openai", "default", 401, true, "invalid_request_error", "invalid_api_key", "", "",
         MEANING_PERMANENT},
        {"openai", "default", 403, false, "", "", "", "", MEANING_PERMANENT},
        {"openai", "default", 404, true, "", "model_not_found", "", "", MEANING_PERMANENT},
        {"openai", "default", 422, false, "", "", "", "", MEANING_PERMANENT},
        {"openai", "default", 301, false, "", "", "", "", MEANING_PERMANENT},
        {"openai", "default", 307, false, "", "", "", "", MEANING_PERMANENT},
    };
    CHECK(forms);
}

static void test_tier_not_allowed(void)
{
    static const struct form forms[] = {
        {"openai", "flex", 400, true, "invalid_request_error", "",
         "Invalid service_tier argument: The requested service tier is not allowed for this "
         "project.",
         "service_tier", MEANING_TIER_NOT_ALLOWED},
        {"openai", "flex", 400, true, "invalid_request_error", "", "", "service_tier",
         MEANING_TIER_NOT_ALLOWED},
        {"openai", "flex", 400, true, "invalid_request_error", "", "Invalid service_tier argument",
         "", MEANING_TIER_NOT_ALLOWED},
        {"openai", "flex", 400, true, "", "", "Flex is not available for this model", "",
         MEANING_TIER_NOT_ALLOWED},
        {"azure", "flex", 400, true, "invalid_request_error", "", "The model does not take flex.",
         "", MEANING_TIER_NOT_ALLOWED},
    };
    CHECK(forms);
}

static void test_other_providers(void)
{
    static const struct form forms[] = {
        {"groq", "flex", 498, true, "capacity_exceeded", "capacity_exceeded", "", "",
         MEANING_REFUSED},
        {"groq", "flex", 498, false, "", "", "", "", MEANING_REFUSED},
        {"groq", "flex", 429, true, "tokens", "rate_limit_exceeded", "", "", MEANING_RATE_LIMITED},
        {"azure", "flex", 429, true, "", "NoCapacity", "", "", MEANING_REFUSED},
        {"azure", "flex", 429, true, "", "RateLimitReached", "", "", MEANING_RATE_LIMITED},
        {"azure", "flex", 429, true, "", "429", "exceeded the token rate limit of your tier", "",
         MEANING_RATE_LIMITED},
        {"azure", "default", 429, false, "", "", "", "", MEANING_RATE_LIMITED},
        {"gemini", "flex", 429, true, "RESOURCE_EXHAUSTED", "429", "", "", MEANING_REFUSED},
        {"gemini", "flex", 503, true, "UNAVAILABLE", "503", "", "", MEANING_REFUSED},
        {"gemini", "standard", 429, true, "RESOURCE_EXHAUSTED", "429", "", "",
         MEANING_RATE_LIMITED},
        {"gemini", "standard", 503, true, "UNAVAILABLE", "503", "", "", MEANING_PASSING},
        {"vertex", "flex", 429, true, "RESOURCE_EXHAUSTED", "429", "", "", MEANING_REFUSED},
        {"bedrock", "flex", 503, false, "", "", "", "", MEANING_REFUSED},
        {"bedrock", "default", 503, false, "", "", "", "", MEANING_PASSING},
        {"bedrock", "flex", 429, false, "", "", "", "", MEANING_RATE_LIMITED},
        {"anthropic", "auto", 529, true, "overloaded_error", "", "", "", MEANING_PASSING},
        {"anthropic", "auto", 429, true, "rate_limit_error", "", "", "", MEANING_RATE_LIMITED},
        {"", "own", 429, false, "", "", "", "", MEANING_RATE_LIMITED},
    };
    CHECK(forms);
}

/* Errors that come with an HTTP 200: events of a stream, or a body that is an error. */
static void test_inside_200(void)
{
    static const struct form forms[] = {
        {"openai", "flex", 200, true, "resource_unavailable", "flex_unavailable", "", "",
         MEANING_REFUSED},
        {"openai", "flex", 200, true, "", "flex_unavailable", "", "", MEANING_REFUSED},
        {"openai", "flex", 200, true, "service_unavailable_error", "server_is_overloaded", "", "",
         MEANING_PASSING},
        {"openai", "flex", 200, true, "", "server_error", "", "", MEANING_PASSING},
        {"openai", "flex", 200, true, "", "rate_limit_exceeded", "", "", MEANING_RATE_LIMITED},
        {"openai", "flex", 200, true, "", "insufficient_quota", "", "", MEANING_PERMANENT},
        {"openai", "flex", 200, true, "invalid_request_error", "", "", "", MEANING_PERMANENT},
        {"openai", "flex", 200, true, "", "invalid_prompt", "", "", MEANING_PERMANENT},
        {"openrouter", "flex", 200, true, "", "502", "", "", MEANING_PASSING},
        {"openrouter", "flex", 200, true, "", "429", "", "", MEANING_RATE_LIMITED},
        {"openrouter", "flex", 200, true, "", "403", "", "", MEANING_PERMANENT},
        {"openai", "flex", 200, true, "", "", "", "", MEANING_PASSING},
    };
    CHECK(forms);
}

static void test_what_meanings_allow(void)
{
    CU_ASSERT_TRUE(meaning_row(MEANING_REFUSED)->retry);
    CU_ASSERT_TRUE(meaning_row(MEANING_REFUSED)->step_down);
    CU_ASSERT_FALSE(meaning_row(MEANING_REFUSED)->wait);
    CU_ASSERT_TRUE(meaning_row(MEANING_RATE_LIMITED)->wait);
    CU_ASSERT_FALSE(meaning_row(MEANING_TIER_NOT_ALLOWED)->retry);
    CU_ASSERT_TRUE(meaning_row(MEANING_TIER_NOT_ALLOWED)->step_down);
    CU_ASSERT_FALSE(meaning_row(MEANING_PERMANENT)->retry);
    CU_ASSERT_FALSE(meaning_row(MEANING_PERMANENT)->step_down);
    CU_ASSERT_FALSE(meaning_row(MEANING_CANCELLED)->step_down);
    CU_ASSERT_EQUAL(meaning_row(MEANING_TIMED_OUT)->outcome, LEDGER_TIMEOUT);
}

/* Patterns: case, a star at either end, and a text built to make a careless match slow. */
static void test_patterns(void)
{
    char message[20001];
    memset(message, 's', 20000);
    message[20000] = '\0';
    struct form slow = {"openai", "flex", 400, true, "", "", message, "", MEANING_PERMANENT};
    CU_ASSERT_EQUAL(meaning_of(&slow), MEANING_PERMANENT);
    static const struct form forms[] = {
        {"openai", "flex", 400, true, "", "", "SERVICE_TIER", "", MEANING_TIER_NOT_ALLOWED},
        {"openai", "flex", 400, true, "", "", "service_tie", "", MEANING_PERMANENT},
        {"openai", "flex", 429, true, "", "_spend_limit_exceeded", "", "", MEANING_PERMANENT},
        {"openai", "flex", 429, true, "", "x_spend_limit_exceeded_y", "", "", MEANING_RATE_LIMITED},
        {"openai", "flex", 429, true, "", "FLEX_UNAVAILABLE", "", "", MEANING_REFUSED},
    };
    CHECK(forms);
}

UNIT_TESTS({"OpenAI", test_openai}, {"billing", test_billing}, {"permanent", test_permanent},
           {"tier not allowed", test_tier_not_allowed}, {"other providers", test_other_providers},
           {"inside a 200", test_inside_200}, {"what meanings allow", test_what_meanings_allow},
           {"patterns", test_patterns})
