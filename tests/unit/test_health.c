/* How tiers do: shares, time that passes, several loops, more tiers than there is room for. */
#include "unit.h"

#include "runtime/health.h"

#include <stdlib.h>

#define START INT64_C(1767225600000)
#define MINUTE INT64_C(60000)

static int64_t of(struct health *health, const char *tier, int64_t instant)
{
    return health_refused(&health, 1, text_of(tier), instant);
}

static struct health *fresh(void)
{
    struct health *health = calloc(1, sizeof *health);
    if (!health)
        abort();
    return health;
}

static void test_shares(void)
{
    struct health *health = fresh();
    CU_ASSERT_EQUAL(of(health, "flex", START), 0);
    health_note(health, TEXT("flex"), true, START);
    CU_ASSERT_EQUAL(of(health, "flex", START), 1000000);
    CU_ASSERT_EQUAL(of(health, "default", START), 0);
    health_note(health, TEXT("flex"), false, START + 10);
    health_note(health, TEXT("flex"), false, START + 20);
    health_note(health, TEXT("default"), false, START + 20);
    CU_ASSERT_EQUAL(of(health, "flex", START + 20), 333333);
    CU_ASSERT_EQUAL(of(health, "default", START + 20), 0);
    free(health);
}

static void test_time(void)
{
    struct health *health = fresh();
    health_note(health, TEXT("flex"), true, START);
    CU_ASSERT_EQUAL(of(health, "flex", START + 5 * MINUTE), 1000000);
    CU_ASSERT_EQUAL(of(health, "flex", START + 5 * MINUTE + 30000), 0);
    health_note(health, TEXT("flex"), false, START + 6 * MINUTE);
    CU_ASSERT_EQUAL(of(health, "flex", START + 6 * MINUTE), 0);
    health_note(health, TEXT("flex"), true, START + 7 * MINUTE);
    CU_ASSERT_EQUAL(of(health, "flex", START + 7 * MINUTE), 500000);
    /* The bucket of the first note is in use again: what it held is gone. */
    health_note(health, TEXT("flex"), true, START + HEALTH_BUCKETS * INT64_C(30000));
    CU_ASSERT_EQUAL(of(health, "flex", START + HEALTH_BUCKETS * INT64_C(30000)), 1000000);
    /* A clock that goes back sees nothing of what is yet to come. */
    CU_ASSERT_EQUAL(of(health, "flex", START - MINUTE), 0);
    health_note(health, TEXT("flex"), true, -1);
    CU_ASSERT_EQUAL(of(health, "flex", START - MINUTE), 0);
    free(health);
}

static void test_many(void)
{
    struct health *all[3] = {fresh(), fresh(), fresh()};
    health_note(all[0], TEXT("flex"), true, START);
    health_note(all[2], TEXT("default"), true, START);
    health_note(all[2], TEXT("flex"), false, START);
    CU_ASSERT_EQUAL(health_refused(all, 3, TEXT("flex"), START), 500000);
    CU_ASSERT_EQUAL(health_refused(all, 3, TEXT("default"), START), 1000000);
    CU_ASSERT_EQUAL(health_refused(all, 3, TEXT("priority"), START), 0);
    CU_ASSERT_EQUAL(health_refused(all, 0, TEXT("flex"), START), 0);
    for (size_t i = 0; i < 3; i++)
        free(all[i]);
}

static void test_too_many_tiers(void)
{
    struct health *health = fresh();
    char name[16];
    for (int i = 0; i < HEALTH_TIERS + 5; i++) {
        snprintf(name, sizeof name, "tier%d", i);
        health_note(health, text_of(name), true, START);
    }
    CU_ASSERT_EQUAL(of(health, "tier0", START), 1000000);
    CU_ASSERT_EQUAL(of(health, "tier63", START), 1000000);
    CU_ASSERT_EQUAL(of(health, "tier64", START), 0);
    free(health);
}

UNIT_TESTS({"shares", test_shares}, {"time passes", test_time}, {"several loops", test_many},
           {"more tiers than there is room for", test_too_many_tiers})
