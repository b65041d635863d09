/* tests/property/request_space.c: see request_space.h. Memory is never short here: the arena's
 * limit is far away, and a test may end where it is. */
#include "request_space.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void gather_tests(struct space *space, const struct condition *condition)
{
    if (condition->named) {
        gather_tests(space, condition->named->condition);
        return;
    }
    for (const struct condition *child = condition_parts(condition); child; child = child->next)
        gather_tests(space, child);
    if (condition_parts(condition))
        return;
    space->tests = must(arena_grow(space->arena, space->tests, space->test_count,
                                   &space->test_capacity, sizeof *space->tests));
    space->tests[space->test_count++] = condition;
}

static bool is_read(const struct space *space, uint32_t variable)
{
    const struct policy_tree *policy = space->policy;
    for (size_t i = 0; i < space->test_count; i++)
        if (space->tests[i]->attribute->variable == variable)
            return true;
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (policy->attributes[i]->type == TW_TYPE_TIER && policy->attributes[i]->used &&
            policy->attributes[i]->variable == variable)
            return true;
    return false;
}

/* How many attributes have to be given for the point: a date brings its weekday, and a moment
 * without a date is a weekday and a time of day. */
static size_t count_changed(const struct space *space, const struct axis *axis,
                            const struct point *point)
{
    uint32_t variable = axis->variables[0];
    const struct variable *about = &space->policy->variables[variable];
    int64_t value = point->values[0], base = space->base.values[variable];
    if (about->type == TW_TYPE_STRING && value != VALUE_UNSET && base != VALUE_UNSET)
        return !text_equal(point->text, space->base.texts[variable]);
    if (variable != VARIABLE_CLOCK)
        return value != base;
    bool other_time = value % SECONDS_PER_DAY != base % SECONDS_PER_DAY;
    bool other_day = axis->variable_count == 2
                         ? point->values[1] != space->base.values[VARIABLE_DATE]
                         : value / SECONDS_PER_DAY != base / SECONDS_PER_DAY;
    return (size_t)other_time + other_day;
}

static bool on_axis(const struct axis *axis, uint32_t variable)
{
    for (size_t i = 0; i < axis->variable_count; i++)
        if (axis->variables[i] == variable)
            return true;
    return false;
}

static char *judge_point(struct space *space, const struct axis *axis, const struct point *point)
{
    char *judged = must(arena_alloc(space->arena, space->test_count + 1, 1));
    struct valuation valuation = {space->values, space->texts};
    for (size_t i = 0; i < axis->variable_count; i++) {
        space->values[axis->variables[i]] = point->values[i];
        space->texts[axis->variables[i]] = point->text;
    }
    for (size_t i = 0; i < space->test_count; i++)
        if (on_axis(axis, space->tests[i]->attribute->variable))
            judged[i] =
                (char)('0' + reference_condition(space->policy, space->tests[i], &valuation));
        else
            judged[i] = '-';
    return judged;
}

/* Adds a point; of points that the tests judge the same, only the one with the fewest changes.
 * Tiers are all told apart: actions read them too. */
static void offer(struct space *space, struct axis *axis, struct point point)
{
    bool tier = space->policy->variables[axis->variables[0]].type == TW_TYPE_TIER;
    point.judged = judge_point(space, axis, &point);
    point.changed = count_changed(space, axis, &point);
    for (size_t i = 0; i < axis->count; i++) {
        struct point *other = &axis->points[i];
        if (tier ? other->values[0] != point.values[0]
                 : memcmp(other->judged, point.judged, space->test_count) != 0)
            continue;
        if (point.changed < other->changed)
            *other = point;
        return;
    }
    axis->points = must(
        arena_grow(space->arena, axis->points, axis->count, &axis->capacity, sizeof *axis->points));
    axis->points[axis->count++] = point;
}

static void offer_number(struct space *space, struct axis *axis, int64_t value)
{
    const struct variable *about = &space->policy->variables[axis->variables[0]];
    if (value >= about->low && value <= about->high)
        offer(space, axis, (struct point){.values = {value}});
}

static void offer_text(struct space *space, struct axis *axis, struct text text)
{
    offer(space, axis, (struct point){.text = text});
}

/* All texts of up to four letters of which the generator's patterns use two. */
static void offer_texts(struct space *space, struct axis *axis)
{
    static const char letters[] = "abz";
    for (size_t length = 0, count = 1; length <= 4; length++, count *= 3)
        for (size_t number = 0; number < count; number++) {
            char *text = must(arena_alloc(space->arena, length + 1, 1));
            for (size_t i = 0, rest = number; i < length; i++, rest /= 3)
                text[i] = letters[rest % 3];
            offer_text(space, axis, (struct text){text, length});
        }
}

/* The generator's schedules begin and end at full and half hours. */
static const int64_t minutes[] = {0, 1, 29, 30, 31, 59};

static void offer_clock(struct space *space, struct axis *axis)
{
    for (int64_t hour = 0; hour < 7 * 24; hour++)
        for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++)
            offer_number(space, axis, hour * 3600 + minutes[i] * 60);
}

/* Dates near the generator's, which are in the first half of January 2024. */
static void offer_dates(struct space *space, struct axis *axis)
{
    for (int64_t day = -9; day <= 24; day++)
        offer_number(space, axis, CLOCK_DEFAULT_DATE + day);
}

static void offer_moments(struct space *space, struct axis *axis)
{
    for (int64_t day = -9; day <= 24; day++)
        for (int64_t half = 0; half < 48; half++) {
            int64_t date = CLOCK_DEFAULT_DATE + day;
            int64_t moment = weekday_of_days(date) * (int64_t)SECONDS_PER_DAY + half * 1800;
            offer(space, axis, (struct point){.values = {moment, date}});
        }
}

static void offer_base(struct space *space, struct axis *axis)
{
    struct point base = {.text = space->base.texts[axis->variables[0]]};
    for (size_t i = 0; i < axis->variable_count; i++)
        base.values[i] = space->base.values[axis->variables[i]];
    offer(space, axis, base);
}

static void fill_axis(struct space *space, struct axis *axis)
{
    const struct variable *about = &space->policy->variables[axis->variables[0]];
    offer_base(space, axis);
    if (axis->variable_count == 2) {
        offer_moments(space, axis);
        return;
    }
    if (about->can_be_unset)
        offer(space, axis, (struct point){.values = {VALUE_UNSET}});
    if (about->type == TW_TYPE_STRING)
        offer_texts(space, axis);
    else if (axis->variables[0] == VARIABLE_CLOCK)
        offer_clock(space, axis);
    else if (axis->variables[0] == VARIABLE_DATE)
        offer_dates(space, axis);
    else
        for (int64_t value = -2; value <= 20; value++)
            offer_number(space, axis, value);
}

static void add_axis(struct space *space, uint32_t first, uint32_t second, size_t count)
{
    struct axis *axis = &space->axes[space->axis_count++];
    *axis = (struct axis){.variables = {first, second}, .variable_count = count};
    fill_axis(space, axis);
    space->count *= axis->count;
}

static void set_base(struct space *space)
{
    for (size_t i = 0; i < space->policy->variable_count; i++) {
        space->values[i] = space->base.values[i];
        space->texts[i] = space->base.texts[i];
    }
}

/* A request with nothing given. */
static struct valuation defaults_of(const struct policy_tree *policy)
{
    int64_t *values = must(ARENA_ARRAY(policy->arena, int64_t, policy->variable_count));
    struct text *texts = must(ARENA_ARRAY(policy->arena, struct text, policy->variable_count));
    for (size_t i = 0; i < policy->variable_count; i++) {
        const struct variable *about = &policy->variables[i];
        values[i] = about->can_be_unset             ? VALUE_UNSET
                    : about->type == TW_TYPE_STRING ? 0
                                                    : about->initial;
        texts[i] = about->initial_text;
    }
    return (struct valuation){values, texts};
}

static void gather_all_tests(struct space *space)
{
    for (const struct statement *at = space->policy->statements; at; at = at->next)
        if (at->kind == STATEMENT_RULE || at->kind == STATEMENT_NEVER ||
            at->kind == STATEMENT_ALWAYS)
            gather_tests(space, at->condition);
}

bool space_make_near(struct space *space, const struct policy_tree *policy, struct valuation base)
{
    *space = (struct space){.policy = policy, .arena = policy->arena, .base = base, .count = 1};
    space->axes = must(ARENA_ARRAY(space->arena, struct axis, policy->variable_count));
    space->values = must(ARENA_ARRAY(space->arena, int64_t, policy->variable_count));
    space->texts = must(ARENA_ARRAY(space->arena, struct text, policy->variable_count));
    set_base(space);
    gather_all_tests(space);
    space->clock_follows_date = is_read(space, VARIABLE_CLOCK) && is_read(space, VARIABLE_DATE);
    if (space->clock_follows_date)
        add_axis(space, VARIABLE_CLOCK, VARIABLE_DATE, 2);
    for (uint32_t i = 0; i < policy->variable_count && space->count <= MOST_REQUESTS; i++)
        if (is_read(space, i) &&
            !(space->clock_follows_date && (i == VARIABLE_CLOCK || i == VARIABLE_DATE)))
            add_axis(space, i, 0, 1);
    set_base(space);
    return space->count <= MOST_REQUESTS;
}

bool space_make(struct space *space, const struct policy_tree *policy)
{
    return space_make_near(space, policy, defaults_of(policy));
}

static const struct point *point_of(const struct space *space, size_t axis, size_t *number)
{
    const struct axis *at = &space->axes[axis];
    const struct point *point = &at->points[*number % at->count];
    *number /= at->count;
    return point;
}

struct valuation space_request(struct space *space, size_t number)
{
    for (size_t i = 0; i < space->axis_count; i++) {
        const struct axis *axis = &space->axes[i];
        const struct point *point = point_of(space, i, &number);
        for (size_t k = 0; k < axis->variable_count; k++) {
            space->values[axis->variables[k]] = point->values[k];
            space->texts[axis->variables[k]] = point->text;
        }
    }
    return (struct valuation){space->values, space->texts};
}

static bool is_at(const struct space *space, const struct axis *axis, const struct point *point,
                  const struct point *wanted)
{
    if (space->policy->variables[axis->variables[0]].type == TW_TYPE_TIER)
        return point->values[0] == wanted->values[0];
    return memcmp(point->judged, wanted->judged, space->test_count) == 0;
}

size_t space_find(struct space *space, const struct valuation *valuation)
{
    size_t number = 0, stride = 1;
    for (size_t i = 0; i < space->axis_count; i++) {
        const struct axis *axis = &space->axes[i];
        struct point wanted = {.text = valuation->texts[axis->variables[0]]};
        for (size_t k = 0; k < axis->variable_count; k++)
            wanted.values[k] = valuation->values[axis->variables[k]];
        wanted.judged = judge_point(space, axis, &wanted);
        size_t at = 0;
        while (at < axis->count && !is_at(space, axis, &axis->points[at], &wanted))
            at++;
        if (at == axis->count)
            return SIZE_MAX;
        number += at * stride;
        stride *= axis->count;
    }
    return number;
}

size_t space_changed(const struct space *space, size_t number)
{
    size_t changed = 0;
    for (size_t i = 0; i < space->axis_count; i++)
        changed += point_of(space, i, &number)->changed;
    return changed;
}

static size_t word_count(const struct space *space)
{
    return (space->count + 63) / 64;
}

struct request_set set_new(const struct space *space, bool full)
{
    struct request_set set = {must(ARENA_ARRAY(space->arena, uint64_t, word_count(space)))};
    for (size_t i = 0; full && i < space->count; i++)
        set_add(set, i);
    return set;
}

void set_and(const struct space *space, struct request_set to, struct request_set other)
{
    for (size_t i = 0; i < word_count(space); i++)
        to.words[i] &= other.words[i];
}

void set_or(const struct space *space, struct request_set to, struct request_set other)
{
    for (size_t i = 0; i < word_count(space); i++)
        to.words[i] |= other.words[i];
}

void set_minus(const struct space *space, struct request_set to, struct request_set other)
{
    for (size_t i = 0; i < word_count(space); i++)
        to.words[i] &= ~other.words[i];
}

bool set_equal(const struct space *space, struct request_set a, struct request_set b)
{
    return memcmp(a.words, b.words, word_count(space) * sizeof *a.words) == 0;
}

bool set_empty(const struct space *space, struct request_set set)
{
    for (size_t i = 0; i < word_count(space); i++)
        if (set.words[i])
            return false;
    return true;
}

bool set_full(const struct space *space, struct request_set set)
{
    for (size_t i = 0; i < space->count; i++)
        if (!set_has(set, i))
            return false;
    return true;
}

bool set_has(struct request_set set, size_t number)
{
    return set.words[number / 64] >> (number % 64) & 1;
}

void set_add(struct request_set set, size_t number)
{
    set.words[number / 64] |= (uint64_t)1 << (number % 64);
}

static struct truth_sets judge_test(struct space *space, size_t index)
{
    struct truth_sets truth = {set_new(space, false), set_new(space, false)};
    const struct condition *test = space->tests[index];
    size_t axis = 0, stride = 1;
    for (; !on_axis(&space->axes[axis], test->attribute->variable); axis++)
        stride *= space->axes[axis].count;
    for (size_t i = 0; i < space->count; i++) {
        const struct axis *at = &space->axes[axis];
        char judged = at->points[i / stride % at->count].judged[index];
        if (judged == '0' + TRUTH_TRUE)
            set_add(truth.holds, i);
        else if (judged == '0' + TRUTH_FALSE)
            set_add(truth.fails, i);
    }
    return truth;
}

/* Each test is judged once: the sets must not be changed. */
static struct truth_sets truth_of_test(struct space *space, const struct condition *test)
{
    size_t index = 0;
    while (space->tests[index] != test)
        index++;
    if (!space->truths)
        space->truths = must(ARENA_ARRAY(space->arena, struct truth_sets, space->test_count));
    if (!space->truths[index].holds.words)
        space->truths[index] = judge_test(space, index);
    return space->truths[index];
}

static bool is_dropped(const struct condition *part, const struct condition *const *dropped)
{
    for (; dropped && *dropped; dropped++)
        if (*dropped == part)
            return true;
    return false;
}

struct truth_sets space_truth(struct space *space, const struct condition *condition,
                              const struct condition *const *dropped)
{
    if (condition->named)
        return space_truth(space, condition->named->condition, NULL);
    if (condition->kind == CONDITION_NOT) {
        struct truth_sets inner = space_truth(space, condition->children, dropped);
        return (struct truth_sets){inner.fails, inner.holds};
    }
    if (!condition_parts(condition))
        return truth_of_test(space, condition);
    bool is_and = condition->kind == CONDITION_AND;
    struct truth_sets truth = {set_new(space, is_and), set_new(space, !is_and)};
    for (const struct condition *part = condition_parts(condition); part; part = part->next) {
        if (is_dropped(part, dropped))
            continue;
        struct truth_sets inner = space_truth(space, part, dropped);
        (is_and ? set_and : set_or)(space, truth.holds, inner.holds);
        (is_and ? set_or : set_and)(space, truth.fails, inner.fails);
    }
    return truth;
}
