/* Budgets as the policy reads them: windows in the policy's zone, sums from the ledger, and room
 * that is reserved. On each kind of store. */
#include "budget_fixture.h"

#include "store_place.h"

static const char policy_text[] =
    "timezone \"America/New_York\"\n"
    "attribute team: string from header \"x-team\"\n"
    "budget daily $1 per day\n"
    "budget weekly $1 per week\n"
    "budget mine $1 per month by user\n"
    "budget theirs $1 per month by team\n"
    "spent: when daily.left <= $0 or theirs.left <= $0 -> reject \"spent\"\n"
    "when daily.used > 50% or weekly.left < $0.25 or mine.spent > $0.75 -> flex strict\n"
    "otherwise -> default\n";

#define NOON "2026-03-04T17:00:00Z" /* a Wednesday */

/* --- windows --- */

static void windows_are_those_of_the_zone(void)
{
    static const struct {
        const char *window, *instant, *from, *until;
    } rows[] = {
        {"day", "2026-03-02T04:59:59Z", "2026-03-01T05:00:00Z", "2026-03-02T05:00:00Z"},
        {"day", "2026-03-02T05:00:00Z", "2026-03-02T05:00:00Z", "2026-03-03T05:00:00Z"},
        /* days of 23 and of 25 hours */
        {"day", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
        {"day", "2026-11-02T04:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
        {"week", "2026-03-08T12:00:00Z", "2026-03-02T05:00:00Z", "2026-03-09T04:00:00Z"},
        {"week", "2026-03-09T04:00:00Z", "2026-03-09T04:00:00Z", "2026-03-16T04:00:00Z"},
        {"month", "2026-03-31T23:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"},
        {"month", "2026-01-01T04:59:59Z", "2025-12-01T05:00:00Z", "2026-01-01T05:00:00Z"},
        {"month", "2028-02-29T12:00:00Z", "2028-02-01T05:00:00Z", "2028-03-01T05:00:00Z"},
    };
    struct zone *zone;
    CU_ASSERT_EQUAL_FATAL(zone_open(TEXT("America/New_York"), &zone), TW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct budget_window window =
            budget_window(zone, text_of(rows[i].window), at(rows[i].instant));
        CU_ASSERT_EQUAL(window.from, at(rows[i].from));
        CU_ASSERT_EQUAL(window.until, at(rows[i].until));
    }
    zone_free(zone);
}

/* --- on each kind of store --- */

static void on_each_kind(const char *policy, void (*test)(struct budget_fixture *fixture))
{
    for (size_t i = 0; i < STORE_KINDS; i++) {
        struct store_place place;
        struct budget_fixture fixture;
        unsigned failures = CU_get_number_of_failures();
        if (!store_kinds[i].make(&place))
            continue;
        budget_fixture_open(&fixture, policy, place.location);
        test(&fixture);
        budget_fixture_close(&fixture);
        store_kinds[i].remove(&place);
        say_kind(&store_kinds[i], failures);
    }
}

static void append(struct budget_fixture *fixture, const struct ledger_row *row)
{
    struct tw_error error = {0};
    CU_ASSERT_EQUAL(ledger_append(fixture->store, row, 1, &error), TW_OK);
    if (error.code)
        puts(error.message);
}

static void spend(struct budget_fixture *fixture, const char *instant, int64_t cents,
                  const char *user)
{
    struct ledger_row row = budget_row(at(instant), cents * CENT);
    row.user = text_of(user);
    append(fixture, &row);
}

/* What the policy sees, in cents. */
static int64_t seen(const struct budget_fixture *fixture, const char *attribute)
{
    int index = tw_policy_find_attribute(fixture->policy, attribute);
    uint32_t variable = fixture->policy->section_ATTRIBUTES[index].variable;
    return fixture->request->values[variable] / CENT;
}

static struct budget_question ask_as(struct budget_fixture *fixture, const char *user,
                                     const char *team, const char *instant, int64_t cents)
{
    tw_request_clear(fixture->request);
    if (user)
        CU_ASSERT_EQUAL(tw_request_set(fixture->request, "user", user, NULL), TW_OK);
    if (team)
        CU_ASSERT_EQUAL(tw_request_set(fixture->request, "team", team, NULL), TW_OK);
    return ask(fixture, at(instant), cents * 100);
}

static void release(struct budget_fixture *fixture, const struct budget_question *question)
{
    CU_ASSERT_EQUAL(ledger_settle(fixture->store, NULL, 0, &question->order.reservation, 1, NULL),
                    TW_OK);
}

static void check_ledger(struct budget_fixture *f)
{
    spend(f, "2026-03-01T20:00:00Z", 7, "ann");  /* the week before */
    spend(f, "2026-03-02T20:00:00Z", 20, "ann"); /* Monday */
    spend(f, "2026-03-03T20:00:00Z", 30, "bob");
    spend(f, "2026-03-04T05:00:00Z", 1, "ann"); /* the first instant of the day */
    ask_as(f, "ann", NULL, NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 1);
    CU_ASSERT_EQUAL(seen(f, "weekly.spent"), 51);
    CU_ASSERT_EQUAL(seen(f, "mine.spent"), 28);
    ask_as(f, "bob", NULL, "2026-03-05T17:00:00Z", 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 0);
    CU_ASSERT_EQUAL(seen(f, "mine.spent"), 30);
    /* What comes after a window was looked at first. */
    spend(f, "2026-03-04T06:00:00Z", 2, "ann");
    ask_as(f, "ann", NULL, NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 3);
    CU_ASSERT_EQUAL(seen(f, "mine.spent"), 30);
}

static void spending_is_read_from_the_ledger(void)
{
    on_each_kind(policy_text, check_ledger);
}

static void check_values(struct budget_fixture *f)
{
    struct ledger_row row = budget_row(at(NOON), 9 * CENT);
    static const char team[] = "a\"b";
    tw_request_clear(f->request);
    CU_ASSERT_EQUAL(tw_request_set(f->request, "team", team, NULL), TW_OK);
    CU_ASSERT_EQUAL(budget_attributes(f->request, &f->arena, &row.attributes, NULL), TW_OK);
    append(f, &row);
    row.attributes = TEXT("{\"team\":\"search\"}");
    row.cost = row.default_cost = 4 * CENT;
    append(f, &row);
    row.attributes = TEXT("");
    row.cost = row.default_cost = 2 * CENT;
    append(f, &row);
    ask_as(f, NULL, team, NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "theirs.spent"), 9);
    ask_as(f, NULL, "search", NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "theirs.spent"), 4);
    ask_as(f, NULL, NULL, NOON, 0); /* those without a team share a sum */
    CU_ASSERT_EQUAL(seen(f, "theirs.spent"), 2);
    ask_as(f, NULL, "other", NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "theirs.spent"), 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 15);
}

static void each_value_has_its_sum(void)
{
    on_each_kind(policy_text, check_values);
}

static void check_windows_of_attempts(struct budget_fixture *f)
{
    struct ledger_row row = budget_row(at("2026-03-05T05:00:10Z"), 5 * CENT);
    row.delay_added = 11000; /* its request came on the day before */
    append(f, &row);
    ask_as(f, NULL, NULL, NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 5);
    ask_as(f, NULL, NULL, "2026-03-05T17:00:00Z", 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 0);
    row.delay_added = 10000;
    append(f, &row);
    ask_as(f, NULL, NULL, "2026-03-05T17:00:00Z", 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 5);
}

static void an_attempt_counts_when_its_request_came(void)
{
    on_each_kind(policy_text, check_windows_of_attempts);
}

static void check_unknown_cost(struct budget_fixture *f)
{
    struct ledger_row row = budget_row(at(NOON), LEDGER_UNKNOWN);
    row.estimate = 12 * CENT;
    append(f, &row);
    row.estimate = LEDGER_UNKNOWN;
    append(f, &row);
    row.cost = CENT;
    row.estimate = 50 * CENT;
    append(f, &row);
    ask_as(f, NULL, NULL, NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 13);
}

static void unknown_costs_count_as_estimated(void)
{
    on_each_kind(policy_text, check_unknown_cost);
}

/* --- room --- */

static void check_room(struct budget_fixture *f)
{
    spend(f, "2026-03-04T06:00:00Z", 20, "bob");
    struct budget_question first = ask_as(f, NULL, NULL, NOON, 40);
    CU_ASSERT_EQUAL(first.amount, 40 * CENT);
    CU_ASSERT_NOT_EQUAL(first.order.reservation, 0);
    CU_ASSERT_FALSE(first.no_room);
    struct budget_question second = ask_as(f, NULL, NULL, NOON, 80); /* sees 60: flex at half */
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 60);
    CU_ASSERT_STRING_EQUAL(second.action.steps[0].name, "flex");
    CU_ASSERT_EQUAL(second.amount, 40 * CENT); /* exactly all there is */
    struct budget_question third = ask_as(f, NULL, NULL, NOON, 1);
    CU_ASSERT_EQUAL(third.action.step_count, 0);
    CU_ASSERT_EQUAL(third.order.reservation, 0);
    release(f, &second);
    third = ask_as(f, NULL, NULL, NOON, 82); /* a cent too much at flex */
    CU_ASSERT_TRUE(third.no_room);
    CU_ASSERT_EQUAL(third.action.step_count, 0);
    release(f, &first);
    release(f, &first); /* letting go twice means nothing */
    third = ask_as(f, NULL, NULL, NOON, 80);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 20);
    CU_ASSERT_EQUAL(third.amount, 80 * CENT);
    release(f, &third);
}

static void what_is_reserved_is_not_to_be_had(void)
{
    on_each_kind(policy_text, check_room);
}

static void check_settle(struct budget_fixture *f)
{
    struct budget_question question = ask_as(f, NULL, NULL, NOON, 80);
    struct ledger_row row = budget_row(at(NOON), 30 * CENT);
    CU_ASSERT_EQUAL(ledger_settle(f->store, &row, 1, &question.order.reservation, 1, NULL), TW_OK);
    question = ask_as(f, NULL, NULL, NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 30);
    /* A row that no store may hold: nothing is let go either. */
    question = ask_as(f, NULL, NULL, NOON, 60);
    row.cost = -2;
    CU_ASSERT_EQUAL(ledger_settle(f->store, &row, 1, &question.order.reservation, 1, NULL),
                    TW_INVALID);
    question = ask_as(f, NULL, NULL, NOON, 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 90);
}

static void settling_counts_the_cost_instead(void)
{
    on_each_kind(policy_text, check_settle);
}

static const char spending_on[] = "budget daily $1 per day\n"
                                  "when daily.used >= 100% -> flex else default\n"
                                  "otherwise -> default\n";

static void check_policys_word(struct budget_fixture *f)
{
    spend(f, NOON, 90, "ann");
    tw_request_clear(f->request);
    struct budget_question question = ask(f, at(NOON), 2000);
    CU_ASSERT_TRUE(question.no_room);
    CU_ASSERT_STRING_EQUAL(question.action.steps[0].name, "flex");
    CU_ASSERT_EQUAL(question.amount, 20 * CENT); /* the dearest step's */
    question = ask(f, at(NOON), 0);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), 110);
}

static void a_policy_may_spend_on(void)
{
    on_each_kind(spending_on, check_policys_word);
}

static void check_usual_output(struct budget_fixture *f)
{
    struct ledger_row row = budget_row(at(NOON), 0);
    tw_request_clear(f->request);
    struct budget_question question = ask(f, at("2026-04-01T00:00:00Z"), -1);
    CU_ASSERT_EQUAL(question.amount, USUAL_OUTPUT_UNKNOWN * (CENT / 100));
    row.output_tokens = 160;
    append(f, &row);
    row.output_tokens = 1;
    append(f, &row);
    row.output_tokens = LEDGER_UNKNOWN;
    append(f, &row);
    question = ask(f, at("2026-05-01T00:00:00Z"), -1);
    CU_ASSERT_EQUAL(question.amount, 150 * (CENT / 100));
    CU_ASSERT_EQUAL(question.order.usual_output, 150);
}

static void output_is_estimated_from_the_ledger(void)
{
    on_each_kind("budget daily $100 per day\nwhen daily.left <= $0 -> reject\notherwise -> default",
                 check_usual_output);
}

/* --- a ledger with more rows than one transaction adds up --- */

static int64_t reserve_nothing(void *context)
{
    (void)context;
    return 0;
}

/* Every third row came before the window, and clocks go backwards all the time. */
static void append_many(struct budget_fixture *f, int64_t from, int64_t first, int64_t count)
{
    static struct ledger_row rows[500];
    for (int64_t number = first; number < first + count; number++) {
        struct ledger_row *row = &rows[(number - first) % 500];
        int64_t second = number * 7919 % 40000;
        *row = budget_row(number % 3 == 0 ? from - 1 - second : from + second * 1000, number);
        row->user = number % 2 ? TEXT("ann") : TEXT("bob");
        if ((number - first) % 500 == 499)
            CU_ASSERT_EQUAL(ledger_append(f->store, rows, 500, NULL), TW_OK);
    }
}

static void check_many(struct budget_fixture *f, int64_t from, int64_t rows)
{
    struct budget_bucket buckets[] = {
        {.from = from, .until = from + 86400000, .attribute = TEXT(""), .value = TEXT("")},
        {.from = from, .until = from + 86400000, .attribute = TEXT("user"), .value = TEXT("ann")}};
    struct budget_order order = {.buckets = buckets, .count = 2, .choose = reserve_nothing};
    struct budget_order *const orders[] = {&order};
    int64_t all = 0, odd = 0;
    for (int64_t number = 0; number < rows; number++) {
        all += number % 3 ? number : 0;
        odd += number % 3 && number % 2 ? number : 0;
    }
    CU_ASSERT_EQUAL(budget_reserve(f->store, orders, 1, NULL), TW_OK);
    CU_ASSERT_EQUAL(buckets[0].spent, all);
    CU_ASSERT_EQUAL(buckets[1].spent, odd);
}

static void check_large_ledger(struct budget_fixture *f)
{
    int64_t from = at("2026-03-05T00:00:00Z");
    append_many(f, from, 0, 65000);
    check_many(f, from, 65000);
    check_many(f, from, 65000);
    append_many(f, from, 65000, 25000); /* by somebody who reads no budget */
    check_many(f, from, 90000);
}

static void a_large_ledger_is_added_up_in_steps(void)
{
    on_each_kind("otherwise -> default", check_large_ledger);
}

/* --- what the caller says --- */

static void belief(struct budget_fixture *f, bool believe, int64_t expected)
{
    tw_request_clear(f->request);
    CU_ASSERT_EQUAL(tw_request_set(f->request, "daily.used", "10%", NULL), TW_OK);
    struct budget_question question = question_of(f, at(NOON), 0);
    question.believe = believe;
    CU_ASSERT_EQUAL(budget_question_open(&question, &f->arena, NULL), TW_OK);
    CU_ASSERT_EQUAL(budget_decide(&question, f->store, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen(f, "daily.spent"), expected);
}

static void check_given(struct budget_fixture *f)
{
    spend(f, NOON, 90, "ann");
    belief(f, true, 10);
    belief(f, false, 90);
}

static void what_is_given_stands_where_it_is_believed(void)
{
    on_each_kind(policy_text, check_given);
}

static void without_a_store_nothing_is_spent(void)
{
    struct budget_fixture f;
    budget_fixture_open(&f, policy_text, NULL);
    struct budget_question question = ask_as(&f, NULL, NULL, NOON, 99);
    CU_ASSERT_EQUAL(seen(&f, "daily.spent"), 0);
    CU_ASSERT_EQUAL(question.order.reservation, 0);
    CU_ASSERT_STRING_EQUAL(question.action.steps[0].name, "default");
    question = ask_as(&f, NULL, NULL, NOON, 101); /* more than the whole budget */
    CU_ASSERT_EQUAL(question.action.step_count, 0);
    budget_fixture_close(&f);
}

UNIT_TESTS({"windows are those of the policy's zone", windows_are_those_of_the_zone},
           {"spending is read from the ledger", spending_is_read_from_the_ledger},
           {"each value has its sum", each_value_has_its_sum},
           {"an attempt counts when its request came", an_attempt_counts_when_its_request_came},
           {"unknown costs count as estimated", unknown_costs_count_as_estimated},
           {"what is reserved is not to be had", what_is_reserved_is_not_to_be_had},
           {"settling counts the cost instead", settling_counts_the_cost_instead},
           {"a policy may spend on", a_policy_may_spend_on},
           {"a large ledger is added up in steps", a_large_ledger_is_added_up_in_steps},
           {"output is estimated from the ledger", output_is_estimated_from_the_ledger},
           {"what is given stands where it is believed", what_is_given_stands_where_it_is_believed},
           {"without a store nothing is spent", without_a_store_nothing_is_spent})
