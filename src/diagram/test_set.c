/* diagram/test_set.c: from a test of an attribute to the set of its variable's values.
 *
 * `hour in 9..17` is seven intervals of seconds of the week, `daily.used > 90%` is one of amounts
 * spent: everything derived from one variable becomes a set over that variable, exactly. */
#include "diagram/formula.h"

/* The intervals of one test, before they are sorted. */
struct gather {
    const struct policy_tree *policy;
    const struct attribute *attribute;
    struct interval_set set;
    struct interval first; /* where the set begins: most tests are one interval */
    size_t capacity;
    bool failed;
};

static void gather_interval(struct gather *gather, __int128 low, __int128 high)
{
    const struct variable *variable = &gather->policy->variables[gather->attribute->variable];
    if (low < variable->low)
        low = variable->low;
    if (high > variable->high)
        high = variable->high;
    if (low > high || gather->failed)
        return;
    struct interval *items = arena_grow(gather->policy->arena, gather->set.items, gather->set.count,
                                        &gather->capacity, sizeof *items);
    if (!items) {
        gather->failed = true;
        return;
    }
    gather->set.items = items;
    items[gather->set.count++] = (struct interval){(int64_t)low, (int64_t)high};
}

/* The same seconds of every day. */
static void gather_each_day(struct gather *gather, int64_t low, int64_t high)
{
    for (int64_t day = 0; day < 7; day++)
        gather_interval(gather, day * SECONDS_PER_DAY + low, day * SECONDS_PER_DAY + high);
}

static __int128 divide_down(__int128 number, __int128 by)
{
    return number / by - (number % by < 0);
}

/* spent / limit in [low, high] parts per million, as amounts spent. */
static void gather_share(struct gather *gather, __int128 low, __int128 high)
{
    __int128 limit = gather->attribute->budget->limit;
    __int128 first = -divide_down(-low * limit, PERCENT_ALL);
    gather_interval(gather, first, divide_down(high * limit, PERCENT_ALL));
}

/* Values low..high of the attribute, low <= high, as values of its variable. */
static void gather_view(struct gather *gather, int64_t low, int64_t high)
{
    switch (gather->attribute->projection) {
    case PROJECT_WHOLE:
    case PROJECT_NOW:
        gather_interval(gather, low, high);
        return;
    case PROJECT_INTERACTIVE:
        if (high >= 1)
            gather_interval(gather, REQUEST_TYPE_INTERACTIVE, REQUEST_TYPE_INTERACTIVE);
        if (low <= 0)
            gather_interval(gather, REQUEST_TYPE_INTERACTIVE + 1, INT64_MAX);
        return;
    case PROJECT_TIME:
        gather_each_day(gather, low, high);
        return;
    case PROJECT_HOUR:
        gather_each_day(gather, low * 3600, high * 3600 + 3599);
        return;
    case PROJECT_WEEKDAY:
        gather_interval(gather, low * SECONDS_PER_DAY, (high + 1) * SECONDS_PER_DAY - 1);
        return;
    case PROJECT_LEFT:
        gather_interval(gather, (__int128)gather->attribute->budget->limit - high,
                        (__int128)gather->attribute->budget->limit - low);
        return;
    case PROJECT_USED:
        gather_share(gather, low, high);
        return;
    }
}

static void attribute_domain(const struct gather *gather, int64_t *low, int64_t *high)
{
    const struct attribute *attribute = gather->attribute;
    const struct variable *variable = &gather->policy->variables[attribute->variable];
    type_domain(attribute->type, attribute->projection, attribute->word_count, low, high);
    if (attribute->projection == PROJECT_WHOLE) {
        *low = variable->low;
        *high = variable->high;
    }
}

/* A share is a ratio, not a whole number of parts per million: "less than p" reaches up to the last
 * amount under p, which may be more than p - 1 millionths. */
static void gather_share_compare(struct gather *gather, enum comparison comparison, int64_t value)
{
    __int128 exact = (__int128)value * gather->attribute->budget->limit;
    __int128 floor = divide_down(exact, PERCENT_ALL), ceiling = -divide_down(-exact, PERCENT_ALL);
    switch (comparison) {
    case COMPARE_EQUAL:
    case COMPARE_NOT_EQUAL:
        gather_interval(gather, ceiling, floor);
        return;
    case COMPARE_LESS:
        gather_interval(gather, 0, ceiling - 1);
        return;
    case COMPARE_LESS_EQUAL:
        gather_interval(gather, 0, floor);
        return;
    case COMPARE_GREATER:
        gather_interval(gather, floor + 1, INT64_MAX);
        return;
    case COMPARE_GREATER_EQUAL:
        gather_interval(gather, ceiling, INT64_MAX);
        return;
    }
}

/* NOT_EQUAL gathers what is equal; the caller takes the complement. */
static void gather_compare(struct gather *gather, enum comparison comparison, int64_t value)
{
    int64_t low, high;
    if (gather->attribute->projection == PROJECT_USED) {
        gather_share_compare(gather, comparison, value);
        return;
    }
    attribute_domain(gather, &low, &high);
    switch (comparison) {
    case COMPARE_EQUAL:
    case COMPARE_NOT_EQUAL:
        gather_view(gather, value, value);
        return;
    case COMPARE_LESS:
        if (value > low)
            gather_view(gather, low, value - 1);
        return;
    case COMPARE_LESS_EQUAL:
        gather_view(gather, low, value);
        return;
    case COMPARE_GREATER:
        if (value < high)
            gather_view(gather, value + 1, high);
        return;
    case COMPARE_GREATER_EQUAL:
        gather_view(gather, value, high);
        return;
    }
}

/* A window that starts on `day`; over midnight it reaches into the next one, Sunday's into Monday.
 */
static void gather_window(struct gather *gather, int64_t day, const struct item *item)
{
    int64_t start = day * SECONDS_PER_DAY + item->from;
    int64_t end = day * SECONDS_PER_DAY + item->to + (item->from < item->to ? 0 : SECONDS_PER_DAY);
    gather_interval(gather, start, end - 1);
    if (end > SECONDS_PER_WEEK)
        gather_interval(gather, 0, end - SECONDS_PER_WEEK - 1);
}

static void gather_schedule(struct gather *gather, const struct item *item)
{
    int64_t days = (item->high - item->low + 7) % 7 + 1;
    for (int64_t i = 0; i < days; i++)
        gather_window(gather, (item->low + i) % 7, item);
}

static void gather_item(struct gather *gather, const struct item *item)
{
    const struct attribute *attribute = gather->attribute;
    bool half_open = attribute->type == TW_TYPE_TIME && item->range;
    int64_t high = item->high - half_open, low, last;
    if (attribute->type == TW_TYPE_NOW) {
        gather_schedule(gather, item);
    } else if (half_open ? item->low < item->high : item->low <= item->high) {
        gather_view(gather, item->low, high);
    } else {
        attribute_domain(gather, &low, &last);
        gather_view(gather, item->low, last);
        if (high >= low)
            gather_view(gather, low, high);
    }
}

/* Moves a set that never grew into the arena. */
static bool keep_first(struct gather *gather)
{
    if (gather->set.items != &gather->first)
        return true;
    gather->set.items = ARENA_NEW(gather->policy->arena, struct interval);
    if (gather->set.items)
        *gather->set.items = gather->first;
    return gather->set.items != NULL;
}

bool interval_set_of_test(const struct policy_tree *policy, const struct condition *test,
                          struct interval_set *set)
{
    struct gather gather = {.policy = policy, .attribute = test->attribute, .capacity = 1};
    gather.set.items = &gather.first;
    const struct variable *variable = &policy->variables[test->attribute->variable];
    bool complement = test->negated;
    if (test->kind == CONDITION_NAME) {
        gather_view(&gather, 1, 1);
    } else if (test->kind == CONDITION_COMPARE) {
        gather_compare(&gather, test->comparison, test->items[0].low);
        complement ^= test->comparison == COMPARE_NOT_EQUAL;
    } else {
        for (size_t i = 0; i < test->item_count; i++)
            gather_item(&gather, &test->items[i]);
    }
    if (gather.failed || !keep_first(&gather))
        return false;
    interval_set_normalize(&gather.set);
    *set = gather.set;
    return !complement ||
           interval_set_complement(policy->arena, gather.set, variable->low, variable->high, set);
}
