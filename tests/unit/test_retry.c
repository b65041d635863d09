/* Waits before another attempt: the back-off's bounds and shape, and what Retry-After says. */
#include "unit.h"

#include "base/clock.h"
#include "runtime/retry.h"

static void test_bounds(void)
{
    static const int64_t most[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};
    struct random random = {1};
    for (uint32_t retry = 0; retry < sizeof most / sizeof most[0]; retry++) {
        int64_t low = INT64_MAX, high = -1, sum = 0;
        for (int i = 0; i < 10000; i++) {
            int64_t wait = retry_backoff(&random, retry);
            low = wait < low ? wait : low;
            high = wait > high ? wait : high;
            sum += wait;
        }
        CU_ASSERT_TRUE(low >= 0 && low < most[retry] / 50);
        CU_ASSERT_TRUE(high <= most[retry] && high > most[retry] - most[retry] / 50);
        CU_ASSERT_TRUE(sum / 10000 > most[retry] * 48 / 100);
        CU_ASSERT_TRUE(sum / 10000 < most[retry] * 52 / 100);
    }
    CU_ASSERT_TRUE(retry_backoff(&random, UINT32_MAX) <= RETRY_CAP);
}

static void test_same_seed_same_waits(void)
{
    struct random a = {77}, b = {77}, c = {78};
    bool differ = false;
    for (uint32_t i = 0; i < 20; i++) {
        int64_t wait = retry_backoff(&a, 4);
        CU_ASSERT_EQUAL(wait, retry_backoff(&b, 4));
        differ = differ || wait != retry_backoff(&c, 4);
    }
    CU_ASSERT_TRUE(differ);
    struct random zero = {0};
    CU_ASSERT_EQUAL(random_next(&zero), 0xE220A8397B1DCDAFu); /* SplitMix64's published first */
}

static int64_t wait_of(const char *name, const char *value, int64_t instant)
{
    int64_t wait = -1;
    return retry_after_read(text_of(name), text_of(value), instant, &wait) ? wait : -1;
}

static void test_retry_after(void)
{
    CU_ASSERT_EQUAL(wait_of("Retry-After", "20", 0), 20000);
    CU_ASSERT_EQUAL(wait_of("retry-after", "0", 0), 0);
    CU_ASSERT_EQUAL(wait_of("retry-after", "1.5", 0), 1500);
    CU_ASSERT_EQUAL(wait_of("retry-after", "0.12345", 0), 123);
    CU_ASSERT_EQUAL(wait_of("RETRY-AFTER-MS", "250", 0), 250);
    CU_ASSERT_EQUAL(wait_of("retry-after-ms", "12.9", 0), 12);
    CU_ASSERT_EQUAL(wait_of("retry-after", "999999999", 0), 86400000);
    CU_ASSERT_EQUAL(wait_of("retry-after-ms", "999999999999", 0), 86400000);
}

static void test_not_a_wait(void)
{
    static const char *const values[] = {"",    "-1",  "soon", "1e3",
                                         "10s", "1 0", ".5",   "99999999999999999999"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        CU_ASSERT_EQUAL(wait_of("retry-after", values[i], 0), -1);
        CU_ASSERT_EQUAL(wait_of("retry-after-ms", values[i], 0), -1);
    }
    CU_ASSERT_EQUAL(wait_of("retry-afte", "1", 0), -1);
    CU_ASSERT_EQUAL(wait_of("x-retry-after", "1", 0), -1);
}

static void test_dates(void)
{
    int64_t instant;
    CU_ASSERT_EQUAL(instant_parse(TEXT("1994-11-06T08:49:27Z"), &instant, NULL), TW_OK);
    CU_ASSERT_EQUAL(wait_of("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", instant), 10000);
    CU_ASSERT_EQUAL(wait_of("retry-after", "Sun, 06 Nov 1994 08:49:17 GMT", instant), 0);
    CU_ASSERT_EQUAL(wait_of("retry-after", "Sun, 06 Nov 1995 08:49:37 GMT", instant), 86400000);
    CU_ASSERT_EQUAL(wait_of("retry-after", "Sun, 06 Nix 1994 08:49:37 GMT", instant), -1);
    CU_ASSERT_EQUAL(wait_of("retry-after", "Sun, 06 Nov 1994 08:49:37 UTC", instant), -1);
    CU_ASSERT_EQUAL(wait_of("retry-after", "Sun, 0x Nov 1994 08:49:37 GMT", instant), -1);
}

UNIT_TESTS({"bounds", test_bounds}, {"same seed, same waits", test_same_seed_same_waits},
           {"Retry-After", test_retry_after}, {"what says nothing", test_not_a_wait},
           {"dates", test_dates})
