/* What rate limits leave: reading the headers, and what may be sent by them. */
#include "queue/allowance.h"

#include "unit.h"

static void test_durations(void)
{
    static const struct {
        const char *text;
        int64_t milliseconds;
    } cases[] = {
        {"12ms", 12},
        {"6m0s", 360000},
        {"1h2m3.5s", 3723500},
        {"8.64s", 8640},
        {"20", 20000},
        {"0s", 0},
        {"1.5", 1500},
        {"250us", 1},
        {"99999d", 86400000},
        {"", -1},
        {"s", -1},
        {"1x", -1},
        {"-1", -1},
        {"1.s", -1},
        {"1m2", 62000},
        {"2m59.56s", 179560},
        {"99999999999999999999s", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(rate_limit_duration(text_of(cases[i].text)), cases[i].milliseconds);
}

static void test_headers(void)
{
    struct rate_limits limits = RATE_LIMITS_UNKNOWN;
    rate_limits_header(&limits, TEXT("X-RateLimit-Remaining-Requests"), TEXT("59"));
    rate_limits_header(&limits, TEXT("x-ratelimit-reset-requests"), TEXT("1s"));
    rate_limits_header(&limits, TEXT("x-ratelimit-limit-tokens"), TEXT("150000"));
    rate_limits_header(&limits, TEXT("x-ratelimit-remaining-tokens"), TEXT("-1"));
    rate_limits_header(&limits, TEXT("x-ratelimit-reset-tokens"), TEXT("soon"));
    rate_limits_header(&limits, TEXT("x-ratelimit-limit-requests"), TEXT("60 a minute"));
    rate_limits_header(&limits, TEXT("x-ratelimit-"), TEXT("7"));
    rate_limits_header(&limits, TEXT("retry-after"), TEXT("7"));
    CU_ASSERT_EQUAL(limits.requests.remaining, 59);
    CU_ASSERT_EQUAL(limits.requests.reset, 1000);
    CU_ASSERT_EQUAL(limits.requests.limit, -1);
    CU_ASSERT_EQUAL(limits.tokens.limit, 150000);
    CU_ASSERT_EQUAL(limits.tokens.remaining, -1);
    CU_ASSERT_EQUAL(limits.tokens.reset, -1);
}

#define MODEL TEXT("m")

static const struct rate_limits nothing_said = RATE_LIMITS_UNKNOWN;

/* Requests alone. */
static struct rate_limits said(int64_t limit, int64_t remaining, int64_t reset)
{
    struct rate_limits limits = RATE_LIMITS_UNKNOWN;
    limits.requests = (struct rate_limit){limit, remaining, reset};
    return limits;
}

static int let_go(struct allowances *all, int64_t now, int most)
{
    int count = 0;
    while (count < most && allowance_ask(all, MODEL, 10, now) == 0)
        count++;
    return count;
}

static void test_without_headers(void)
{
    struct allowances all = {.uses = 0};
    CU_ASSERT_EQUAL(let_go(&all, 1000, 500), 500);
    allowance_answer(&all, MODEL, 10, &nothing_said, 1000);
    CU_ASSERT_EQUAL(let_go(&all, 1000, 500), 500);
}

static void test_until_reset(void)
{
    struct allowances all = {.uses = 0};
    struct rate_limits three = said(5, 3, 400);
    let_go(&all, 1000, 1);
    allowance_answer(&all, MODEL, 10, &three, 1000);
    CU_ASSERT_EQUAL(let_go(&all, 1000, 500), 3);
    CU_ASSERT_EQUAL(allowance_ask(&all, MODEL, 10, 1100), 300);
    CU_ASSERT_EQUAL(allowance_ask(&all, TEXT("another"), 10, 1100), 0);
    for (int i = 0; i < 3; i++)
        allowance_answer(&all, MODEL, 10, &nothing_said, 1200);
    CU_ASSERT_EQUAL(let_go(&all, 1399, 500), 0);
    CU_ASSERT_EQUAL(let_go(&all, 1400, 500), 5);
    for (int i = 0; i < 5; i++)
        allowance_answer(&all, MODEL, 10, &nothing_said, 1500);
    CU_ASSERT_EQUAL(let_go(&all, 1500, 500), 5);
}

/* Those under way may or may not be counted in what an answer says. */
static void test_under_way(void)
{
    struct allowances all = {.uses = 0};
    struct rate_limits ten = said(-1, 10, 400);
    CU_ASSERT_EQUAL(let_go(&all, 1000, 5), 5);
    allowance_answer(&all, MODEL, 10, &ten, 1000);
    CU_ASSERT_EQUAL(let_go(&all, 1000, 500), 6);
    /* An older answer that says more does not give more. */
    struct rate_limits more = said(-1, 100, 400);
    allowance_answer(&all, MODEL, 10, &more, 1001);
    CU_ASSERT_EQUAL(let_go(&all, 1001, 500), 0);
    CU_ASSERT_EQUAL(let_go(&all, 1401, 500), 500);
}

static void test_tokens(void)
{
    struct allowances all = {.uses = 0};
    struct rate_limits limits = RATE_LIMITS_UNKNOWN;
    limits.tokens = (struct rate_limit){100, 35, 1000};
    let_go(&all, 1, 1);
    allowance_answer(&all, MODEL, 10, &limits, 1);
    CU_ASSERT_EQUAL(let_go(&all, 1, 500), 3);
    /* What is larger than the whole limit is let go alone. */
    for (int i = 0; i < 3; i++)
        allowance_answer(&all, MODEL, 10, &nothing_said, 1);
    CU_ASSERT_EQUAL(allowance_ask(&all, MODEL, 1000, 1001), 0);
    CU_ASSERT_NOT_EQUAL(allowance_ask(&all, MODEL, 1000, 1001), 0);
}

static void test_blocked(void)
{
    struct allowances all = {.uses = 0};
    allowance_block(&all, MODEL, 500, 1000);
    allowance_block(&all, MODEL, 100, 1000);
    CU_ASSERT_EQUAL(allowance_ask(&all, MODEL, 10, 1200), 300);
    CU_ASSERT_EQUAL(allowance_ask(&all, MODEL, 10, 1500), 0);
}

UNIT_TESTS({"durations", test_durations}, {"headers", test_headers},
           {"without headers", test_without_headers}, {"until the reset", test_until_reset},
           {"under way", test_under_way}, {"tokens", test_tokens}, {"blocked", test_blocked})
