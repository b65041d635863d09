/* How many requests may run at once at a tier. */
#include "queue/pace.h"

#include "unit.h"

#define FLEX TEXT("flex")

static int begin_all(struct paces *paces, struct text tier)
{
    int count = 0;
    while (count < 1000 && pace_begin(paces, tier))
        count++;
    return count;
}

static void end_all(struct paces *paces, struct text tier, int count)
{
    for (int i = 0; i < count; i++)
        pace_end(paces, tier, PACE_OTHER, 0, 0);
}

static void test_halved(void)
{
    struct paces paces = {.concurrency = 16};
    CU_ASSERT_EQUAL(begin_all(&paces, FLEX), 16);
    /* Sixteen that began together are one piece of news. */
    for (int i = 0; i < 16; i++)
        pace_end(&paces, FLEX, PACE_REFUSED, 100, 200);
    CU_ASSERT_EQUAL(begin_all(&paces, FLEX), 8);
    for (int i = 0; i < 8; i++)
        pace_end(&paces, FLEX, PACE_REFUSED, 201 + i, 300 + i);
    CU_ASSERT_EQUAL(begin_all(&paces, FLEX), 4);
    CU_ASSERT_EQUAL(begin_all(&paces, TEXT("default")), 16);
}

static void test_one_is_left(void)
{
    struct paces paces = {.concurrency = 4};
    for (int64_t at = 1; at < 20; at++)
        pace_end(&paces, FLEX, PACE_REFUSED, at, at);
    CU_ASSERT_EQUAL(begin_all(&paces, FLEX), 1);
}

static void test_grows(void)
{
    struct paces paces = {.concurrency = 4};
    for (int64_t at = 1; at < 20; at++)
        pace_end(&paces, FLEX, PACE_REFUSED, at, at);
    pace_end(&paces, FLEX, PACE_ANSWERED, 30, 31);
    CU_ASSERT_EQUAL(begin_all(&paces, FLEX), 2);
    end_all(&paces, FLEX, 2);
    for (int i = 0; i < 100; i++)
        pace_end(&paces, FLEX, PACE_ANSWERED, 30, 31);
    CU_ASSERT_EQUAL(begin_all(&paces, FLEX), 4);
}

/* More tiers than there are rows share the last one, and none is lost. */
static void test_many_tiers(void)
{
    struct paces paces = {.concurrency = 2};
    char name[16];
    for (int i = 0; i < 2 * PACE_TIERS; i++) {
        snprintf(name, sizeof name, "tier%d", i);
        pace_end(&paces, text_of(name), PACE_OTHER, 0, 0);
    }
    CU_ASSERT_EQUAL(begin_all(&paces, TEXT("tier0")), 2);
    CU_ASSERT_EQUAL(begin_all(&paces, TEXT("tier40")), 2);
    CU_ASSERT_EQUAL(begin_all(&paces, TEXT("tier41")), 0);
}

UNIT_TESTS({"halved", test_halved}, {"one is left", test_one_is_left}, {"grows", test_grows},
           {"many tiers", test_many_tiers})
