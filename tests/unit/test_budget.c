/* Budgets as the policy reads them: windows in the policy's zone, and sums from the ledger. */
#include "unit.h"

#include "program/compile.h"
#include "runtime/budget.h"

static const char policy_text[] =
    "timezone \"America/New_York\"\n"
    "budget daily $1 per day\n"
    "budget weekly $1 per week\n"
    "budget mine $1 per month by user\n"
    "when daily.used > 50% or weekly.left < $0.25 or mine.spent > $0.75 -> flex strict\n"
    "otherwise -> default\n";

struct fixture {
    tw_policy *policy;
    tw_request *request;
    struct zone *zone;
    struct store *store;
};

static int64_t at(const char *text)
{
    int64_t instant = 0;
    CU_ASSERT_EQUAL(instant_parse(text_of(text), &instant, NULL), TW_OK);
    return instant;
}

static void fixture_open(struct fixture *fixture)
{
    const struct store_options options = STORE_DEFAULTS;
    CU_ASSERT_EQUAL_FATAL(
        tw_policy_compile("test.tier", policy_text, sizeof policy_text - 1, &fixture->policy, NULL),
        TW_OK);
    CU_ASSERT_EQUAL_FATAL(tw_request_new(fixture->policy, &fixture->request), TW_OK);
    CU_ASSERT_EQUAL_FATAL(zone_open(TEXT("America/New_York"), &fixture->zone), TW_OK);
    CU_ASSERT_EQUAL_FATAL(store_open("memory:", &options, &fixture->store, NULL), TW_OK);
}

static void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store);
    zone_free(fixture->zone);
    tw_request_free(fixture->request);
    tw_policy_free(fixture->policy);
}

static void spend(struct fixture *fixture, const char *instant, int64_t cents, const char *user)
{
    struct ledger_row row;
    struct tw_error error = {0};
    ledger_row_init(&row);
    row.request_id = TEXT("r");
    row.attempt = 1;
    row.instant = at(instant);
    row.model = TEXT("m");
    row.chosen_tier = row.attempted_tier = row.served_tier = TEXT("default");
    row.rule = TEXT("otherwise");
    row.policy_hash = TEXT("0");
    row.user = text_of(user);
    row.cost = row.default_cost = cents * (MONEY_DOLLAR / 100);
    row.outcome = LEDGER_ANSWERED;
    CU_ASSERT_EQUAL(ledger_append(fixture->store, &row, 1, &error), TW_OK);
    if (error.code)
        puts(error.message);
}

static int64_t spent(struct fixture *fixture, const char *attribute, const char *instant)
{
    tw_request_clear(fixture->request);
    CU_ASSERT_EQUAL(tw_request_set(fixture->request, "user", "ann", NULL), TW_OK);
    CU_ASSERT_EQUAL(budget_fill(fixture->request, fixture->zone, fixture->store, at(instant), NULL),
                    TW_OK);
    int index = tw_policy_find_attribute(fixture->policy, attribute);
    uint32_t variable = fixture->policy->section_ATTRIBUTES[index].variable;
    return fixture->request->values[variable] / (MONEY_DOLLAR / 100);
}

static void windows_begin_in_the_zone(void)
{
    struct fixture f;
    fixture_open(&f);
    static const struct {
        const char *window, *instant, *start;
    } rows[] = {
        {"day", "2026-03-02T04:59:59Z", "2026-03-01T05:00:00Z"},
        {"day", "2026-03-02T05:00:00Z", "2026-03-02T05:00:00Z"},
        {"day", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z"}, /* a day of 23 hours */
        {"day", "2026-11-02T04:59:59Z", "2026-11-01T04:00:00Z"}, /* a day of 25 hours */
        {"week", "2026-03-08T12:00:00Z", "2026-03-02T05:00:00Z"},
        {"week", "2026-03-09T04:00:00Z", "2026-03-09T04:00:00Z"},
        {"month", "2026-03-31T23:00:00Z", "2026-03-01T05:00:00Z"},
        {"month", "2026-01-01T04:59:59Z", "2025-12-01T05:00:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_EQUAL(budget_window_start(f.zone, text_of(rows[i].window), at(rows[i].instant)),
                        at(rows[i].start));
    fixture_close(&f);
}

static void spending_is_read_from_the_ledger(void)
{
    struct fixture f;
    fixture_open(&f);
    spend(&f, "2026-03-01T20:00:00Z", 7, "ann");  /* the week before */
    spend(&f, "2026-03-02T20:00:00Z", 20, "ann"); /* Monday */
    spend(&f, "2026-03-03T20:00:00Z", 30, "bob");
    spend(&f, "2026-03-04T05:00:00Z", 1, "ann"); /* the first instant of the day */
    CU_ASSERT_EQUAL(spent(&f, "daily.spent", "2026-03-04T12:00:00Z"), 1);
    CU_ASSERT_EQUAL(spent(&f, "weekly.spent", "2026-03-04T12:00:00Z"), 51);
    CU_ASSERT_EQUAL(spent(&f, "mine.spent", "2026-03-04T12:00:00Z"), 28);
    CU_ASSERT_EQUAL(spent(&f, "daily.spent", "2026-03-05T12:00:00Z"), 0);
    fixture_close(&f);
}

static void what_the_caller_gives_stands(void)
{
    struct fixture f;
    fixture_open(&f);
    spend(&f, "2026-03-04T20:00:00Z", 90, "ann");
    tw_request_clear(f.request);
    CU_ASSERT_EQUAL(tw_request_set(f.request, "daily.used", "10%", NULL), TW_OK);
    CU_ASSERT_EQUAL(budget_fill(f.request, f.zone, f.store, at("2026-03-04T21:00:00Z"), NULL),
                    TW_OK);
    int index = tw_policy_find_attribute(f.policy, "daily.spent");
    uint32_t variable = f.policy->section_ATTRIBUTES[index].variable;
    CU_ASSERT_EQUAL(f.request->values[variable], MONEY_DOLLAR / 10);
    fixture_close(&f);
}

UNIT_TESTS({"windows begin in the policy's zone", windows_begin_in_the_zone},
           {"spending is read from the ledger", spending_is_read_from_the_ledger},
           {"what the caller gives stands", what_the_caller_gives_stands})
