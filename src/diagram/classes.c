/* diagram/classes.c: cutting the variables of a policy into classes.
 *
 * Numbers: every test is a set of intervals. Give each distinct test a random signature; sweep the
 * ends of all intervals in order, and toggle a test's signature into the sum where it begins and
 * ends: stretches with the same sum are told apart by no test. Signatures have 128 bits and come
 * from a fixed generator; whatever is concluded from classes is checked against the reference
 * evaluator before it is used, so a clash (about one in 10^30) could refuse a policy, not misroute.
 *
 * Texts: the same, with the texts that tests name in place of intervals; see glob_classes.c for
 * patterns. */
#include "diagram/classes.h"

#include <stdlib.h>
#include <string.h>

struct signature {
    uint64_t high, low;
};

struct event {
    int64_t at;
    struct signature signature;
};

struct cutting {
    struct classes *classes;
    struct arena *arena;
    struct tests *tests; /* of each variable */
    bool failed;
};

static struct signature signature_of(uint64_t number)
{
    struct text bytes = {(const char *)&number, sizeof number};
    return (struct signature){text_hash(bytes, 1), text_hash(bytes, 2)};
}

static struct signature toggled(struct signature sum, struct signature signature)
{
    return (struct signature){sum.high ^ signature.high, sum.low ^ signature.low};
}

static void collect(struct cutting *cutting, const struct formula *formula)
{
    for (const struct formula *part = formula->children; part; part = part->next)
        collect(cutting, part);
    if (formula->kind == FORMULA_AND || formula->kind == FORMULA_OR)
        return;
    struct tests *tests = &cutting->tests[formula->variable];
    cutting->classes->variables[formula->variable].used = true;
    const struct formula **items =
        arena_grow(cutting->arena, tests->items, tests->count, &tests->capacity, sizeof *items);
    if (!items) {
        cutting->failed = true;
        return;
    }
    tests->items = items;
    items[tests->count++] = formula;
}

static uint32_t number_of(struct numbering *numbering, struct signature signature)
{
    struct text key = {(const char *)&signature, sizeof signature};
    uint32_t known = (uint32_t)(uintptr_t)map_get(&numbering->known, key);
    if (known)
        return known - 1;
    key = arena_text(numbering->arena, key);
    if (!map_set(&numbering->known, key, (void *)(uintptr_t)(++numbering->count)))
        numbering->failed = true;
    return numbering->count - 1;
}

static int compare_events(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    return (a->at > b->at) - (a->at < b->at);
}

static size_t count_events(const struct tests *tests)
{
    size_t count = 0;
    for (size_t i = 0; i < tests->count; i++)
        if (tests->items[i]->kind == FORMULA_RANGES)
            count += 2 * tests->items[i]->set.count;
    return count;
}

/* Where tests begin and end. What ends with the domain needs no event. A set that several tests
 * share counts once: toggled twice, it would vanish. */
static size_t fill_events(struct cutting *cutting, const struct tests *tests, int64_t domain_high,
                          struct event *events)
{
    size_t count = 0;
    struct map seen;
    map_init(&seen, cutting->arena);
    for (size_t i = 0; i < tests->count; i++) {
        const struct formula *test = tests->items[i];
        struct text bytes = {(const char *)test->set.items,
                             test->set.count * sizeof *test->set.items};
        if (test->kind != FORMULA_RANGES || bytes.length == 0 || map_get(&seen, bytes))
            continue;
        cutting->failed |= !map_set(&seen, bytes, cutting);
        struct signature signature = signature_of(text_hash(bytes, 3));
        signature.high ^= text_hash(bytes, 4);
        for (size_t k = 0; k < test->set.count; k++) {
            events[count++] = (struct event){test->set.items[k].low, signature};
            if (test->set.items[k].high < domain_high)
                events[count++] = (struct event){test->set.items[k].high + 1, signature};
        }
    }
    qsort(events, count, sizeof *events, compare_events);
    return count;
}

static void add_run(struct variable_classes *variable, int64_t low, int64_t high, uint32_t class)
{
    struct class_run *last = variable->run_count ? &variable->runs[variable->run_count - 1] : NULL;
    if (last && last->class == class)
        last->high = high;
    else
        variable->runs[variable->run_count++] = (struct class_run){low, high, class};
}

static bool sweep(struct cutting *cutting, uint32_t index, const struct event *events, size_t count)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct variable *about = &cutting->classes->policy->variables[index];
    struct signature sum = {0, 0};
    int64_t from = about->low;
    for (size_t i = 0; i <= count; i++) {
        if (i < count && events[i].at <= from) {
            sum = toggled(sum, events[i].signature);
            continue;
        }
        int64_t to = i < count ? events[i].at - 1 : about->high;
        add_run(variable, from, to, number_of(&variable->numbering, sum));
        if (i < count) {
            from = events[i].at;
            sum = toggled(sum, events[i].signature);
        }
    }
    variable->count = variable->numbering.count;
    return !variable->numbering.failed;
}

static bool cut_numbers(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    size_t most = count_events(tests);
    struct event *events = ARENA_ARRAY(cutting->arena, struct event, most + 1);
    variable->runs = ARENA_ARRAY(cutting->arena, struct class_run, most + 1);
    if (!events || !variable->runs)
        return false;
    int64_t high = cutting->classes->policy->variables[index].high;
    return sweep(cutting, index, events, fill_events(cutting, tests, high, events));
}

/* The texts that tests name, once each, in order. */
static bool gather_texts(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    size_t capacity = 0;
    for (size_t i = 0; i < tests->count; i++) {
        for (size_t k = 0;
             tests->items[i]->kind == FORMULA_TEXTS && k < tests->items[i]->text_count; k++) {
            struct text text = tests->items[i]->texts[k];
            if (map_get(&variable->text_places, text))
                continue;
            struct text *texts = arena_grow(cutting->arena, variable->texts, variable->text_count,
                                            &capacity, sizeof *texts);
            if (!texts || !map_set(&variable->text_places, text, variable))
                return false;
            variable->texts = texts;
            texts[variable->text_count++] = text;
        }
    }
    /* Only now do the texts stay where they are. */
    for (size_t i = 0; i < variable->text_count; i++)
        if (!map_set(&variable->text_places, variable->texts[i], &variable->texts[i]))
            return false;
    return true;
}

/* The signature of each text: the tests that name it, and the patterns that it matches. */
static struct signature *sign_texts(struct cutting *cutting, uint32_t index)
{
    const struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    struct signature *signatures =
        ARENA_ARRAY(cutting->arena, struct signature, variable->text_count + 1);
    for (size_t i = 0; signatures && i < tests->count; i++) {
        const struct formula *test = tests->items[i];
        for (size_t k = 0; test->kind == FORMULA_TEXTS && k < test->text_count; k++) {
            struct text *named = map_get(&variable->text_places, test->texts[k]);
            struct signature *place = &signatures[named - variable->texts];
            *place = toggled(*place, signature_of(2 * i));
        }
        for (size_t k = 0; test->kind == FORMULA_LIKE && k < variable->text_count; k++)
            if (glob_matches(test->texts[0], variable->texts[k]))
                signatures[k] = toggled(signatures[k], signature_of(2 * i));
    }
    return signatures;
}

/* The signature of a text that no test names. */
static struct signature sign_other(const struct tests *tests, struct text text)
{
    struct signature sum = {0, 0};
    for (size_t i = 0; i < tests->count; i++)
        if (tests->items[i]->kind == FORMULA_LIKE && glob_matches(tests->items[i]->texts[0], text))
            sum = toggled(sum, signature_of(2 * i));
    return sum;
}

/* Each pattern once. */
static struct text *gather_patterns(struct cutting *cutting, const struct tests *tests,
                                    size_t *count)
{
    struct text *patterns = ARENA_ARRAY(cutting->arena, struct text, tests->count + 1);
    *count = 0;
    for (size_t i = 0; patterns && i < tests->count; i++) {
        bool known = tests->items[i]->kind != FORMULA_LIKE;
        for (size_t k = 0; k < *count && !known; k++)
            known = text_equal(patterns[k], tests->items[i]->texts[0]);
        if (!known)
            patterns[(*count)++] = tests->items[i]->texts[0];
    }
    return patterns;
}

static bool keep_sample(struct cutting *cutting, struct variable_classes *variable,
                        size_t *capacity, uint32_t class, struct text sample)
{
    if (class < variable->sample_count)
        return true;
    struct text *samples = arena_grow(cutting->arena, variable->samples, variable->sample_count,
                                      capacity, sizeof *samples);
    if (!samples)
        return false;
    variable->samples = samples;
    samples[variable->sample_count++] = sample;
    return true;
}

/* Texts that tests name have classes by their signatures, all others by the patterns they match. */
static bool cut_texts(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    struct numbering *numbering = &variable->numbering;
    size_t pattern_count, capacity = 0;
    struct glob_samples others = {0};
    struct signature *signatures = gather_texts(cutting, index) ? sign_texts(cutting, index) : NULL;
    struct text *patterns = gather_patterns(cutting, tests, &pattern_count);
    variable->text_classes = ARENA_ARRAY(cutting->arena, uint32_t, variable->text_count + 1);
    if (!signatures || !patterns || !variable->text_classes ||
        !glob_samples_find(&others, cutting->arena, patterns, pattern_count, variable->texts,
                           variable->text_count))
        return false;
    bool good = true;
    for (size_t i = 0; i < variable->text_count && good; i++) {
        variable->text_classes[i] = number_of(numbering, signatures[i]);
        good = keep_sample(cutting, variable, &capacity, variable->text_classes[i],
                           variable->texts[i]);
    }
    for (size_t i = 0; i < others.count && good; i++)
        good =
            keep_sample(cutting, variable, &capacity,
                        number_of(numbering, sign_other(tests, others.texts[i])), others.texts[i]);
    cutting->classes->too_large |= others.too_large;
    variable->count = numbering->count;
    return good && !numbering->failed;
}

static uint32_t place_of_number(const struct variable_classes *variable, int64_t value)
{
    uint32_t low = 0, high = (uint32_t)variable->run_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (variable->runs[middle].high < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t class_of_number(const struct variable_classes *variable, int64_t value)
{
    if (value == VALUE_UNSET)
        return variable->unset;
    uint32_t class = variable->runs[place_of_number(variable, value)].class;
    return variable->by_weekday ? class * 7 + weekday_of_days(value) : class;
}

uint32_t class_of_text(const struct variable_classes *variable, struct text text)
{
    struct text *named = map_get(&variable->text_places, text);
    if (named)
        return variable->text_classes[named - variable->texts];
    struct signature signature = sign_other(variable->tests, text);
    struct text key = {(const char *)&signature, sizeof signature};
    uint32_t known = (uint32_t)(uintptr_t)map_get(&variable->numbering.known, key);
    return known ? known - 1 : 0;
}

static bool cut_variable(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct variable *about = &cutting->classes->policy->variables[index];
    map_init(&variable->numbering.known, cutting->arena);
    map_init(&variable->text_places, cutting->arena);
    variable->numbering.arena = cutting->arena;
    variable->tests = &cutting->tests[index];
    bool is_text = about->type == TW_TYPE_STRING;
    if (is_text ? !cut_texts(cutting, index) : !cut_numbers(cutting, index))
        return false;
    variable->unset = UINT32_MAX;
    if (about->can_be_unset)
        variable->unset = variable->count++;
    variable->initial = about->can_be_unset ? variable->unset
                        : is_text           ? class_of_text(variable, about->initial_text)
                                            : class_of_number(variable, about->initial);
    return true;
}

enum tw_status classes_make(struct classes *classes, struct arena *arena,
                            const struct policy_tree *policy, struct formula *const *formulas,
                            size_t count)
{
    struct cutting cutting = {.classes = classes, .arena = arena};
    *classes = (struct classes){.policy = policy};
    classes->variables = ARENA_ARRAY(arena, struct variable_classes, policy->variable_count);
    cutting.tests = ARENA_ARRAY(arena, struct tests, policy->variable_count);
    if (!classes->variables || !cutting.tests)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        collect(&cutting, formulas[i]);
    for (uint32_t i = 0; i < policy->variable_count && !cutting.failed; i++)
        cutting.failed = !cut_variable(&cutting, i);
    return cutting.failed ? TW_NO_MEMORY : TW_OK;
}

void classes_cut_dates(struct classes *classes)
{
    struct variable_classes *date = &classes->variables[VARIABLE_DATE];
    if (!date->used || !classes->variables[VARIABLE_CLOCK].used)
        return;
    date->by_weekday = true;
    date->count *= 7;
    date->initial = class_of_number(date, classes->policy->variables[VARIABLE_DATE].initial);
}

static int compare_classes(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Most tests name their classes in order, which is seen faster than it is sorted. */
static void sort_classes(uint32_t *numbers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (numbers[i - 1] <= numbers[i])
            continue;
        qsort(numbers, count, sizeof *numbers, compare_classes);
        return;
    }
}

/* Class numbers, in any order and more than once, as spans. */
static bool spans_of(struct arena *arena, uint32_t *numbers, size_t count, struct class_set *set)
{
    set->spans = ARENA_ARRAY(arena, struct class_span, count + 1);
    set->count = 0;
    if (!set->spans)
        return false;
    sort_classes(numbers, count);
    for (size_t i = 0; i < count; i++) {
        struct class_span *last = set->count ? &set->spans[set->count - 1] : NULL;
        if (last && numbers[i] <= last->high + 1)
            last->high = numbers[i];
        else
            set->spans[set->count++] = (struct class_span){numbers[i], numbers[i]};
    }
    return true;
}

/* Every class of the variable for which the test holds: asked of a sample of each. */
static bool spans_of_samples(const struct classes *classes, struct arena *arena,
                             const struct formula *test, struct class_set *set)
{
    const struct variable_classes *variable = &classes->variables[test->variable];
    uint32_t *numbers = ARENA_ARRAY(arena, uint32_t, variable->count + 1);
    size_t count = 0;
    for (uint32_t class = 0; numbers && class < variable->count; class ++) {
        bool unset = class == variable->unset;
        bool holds =
            test->kind == FORMULA_IS_SET
                ? unset == test->negated
                : !unset && glob_matches(test->texts[0], variable->samples[class]) != test->negated;
        if (holds)
            numbers[count++] = class;
    }
    return numbers && spans_of(arena, numbers, count, set);
}

static bool spans_of_ranges(const struct variable_classes *variable, struct arena *arena,
                            const struct formula *test, struct class_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < test->set.count; i++)
        count += place_of_number(variable, test->set.items[i].high) -
                 place_of_number(variable, test->set.items[i].low) + 1;
    uint32_t *numbers = ARENA_ARRAY(arena, uint32_t, count + 1);
    count = 0;
    for (size_t i = 0; numbers && i < test->set.count; i++)
        for (uint32_t at = place_of_number(variable, test->set.items[i].low);
             at <= place_of_number(variable, test->set.items[i].high); at++)
            numbers[count++] = variable->runs[at].class;
    if (!numbers || !spans_of(arena, numbers, count, set))
        return false;
    for (size_t i = 0; variable->by_weekday && i < set->count; i++)
        set->spans[i] = (struct class_span){set->spans[i].low * 7, set->spans[i].high * 7 + 6};
    return true;
}

static bool spans_of_texts(const struct variable_classes *variable, struct arena *arena,
                           const struct formula *test, struct class_set *set)
{
    uint32_t *numbers = ARENA_ARRAY(arena, uint32_t, test->text_count + 1);
    for (size_t i = 0; numbers && i < test->text_count; i++)
        numbers[i] = class_of_text(variable, test->texts[i]);
    if (!numbers || !spans_of(arena, numbers, test->text_count, set))
        return false;
    if (!test->negated)
        return true;
    /* All other classes, but for "not set", which is the last one where there is one. */
    uint32_t end = variable->unset != UINT32_MAX ? variable->unset : variable->count, next = 0;
    struct class_set inside = *set;
    set->spans = ARENA_ARRAY(arena, struct class_span, inside.count + 1);
    set->count = 0;
    for (size_t i = 0; set->spans && i < inside.count; i++) {
        if (inside.spans[i].low > next)
            set->spans[set->count++] = (struct class_span){next, inside.spans[i].low - 1};
        next = inside.spans[i].high + 1;
    }
    if (set->spans && next < end)
        set->spans[set->count++] = (struct class_span){next, end - 1};
    return set->spans != NULL;
}

bool classes_of_test(const struct classes *classes, struct arena *arena, const struct formula *test,
                     struct class_set *set)
{
    const struct variable_classes *variable = &classes->variables[test->variable];
    if (test->kind == FORMULA_RANGES)
        return spans_of_ranges(variable, arena, test, set);
    if (test->kind == FORMULA_TEXTS)
        return spans_of_texts(variable, arena, test, set);
    return spans_of_samples(classes, arena, test, set);
}

/* The value of low..high nearest to `wanted` that falls on a weekday; VALUE_UNSET where none does.
 */
static int64_t nearest_on_weekday(int64_t low, int64_t high, int64_t wanted, uint32_t weekday)
{
    for (int64_t distance = 0; distance < 7; distance++) {
        if (wanted + distance <= high && weekday_of_days(wanted + distance) == weekday)
            return wanted + distance;
        if (wanted - distance >= low && weekday_of_days(wanted - distance) == weekday)
            return wanted - distance;
    }
    return VALUE_UNSET;
}

int64_t class_sample(const struct variable_classes *variable, int64_t wanted, uint32_t class)
{
    int64_t best = VALUE_UNSET;
    unsigned __int128 best_distance = 0;
    if (class == variable->unset)
        return VALUE_UNSET;
    for (size_t i = 0; i < variable->run_count; i++) {
        const struct class_run *run = &variable->runs[i];
        if (run->class != (variable->by_weekday ? class / 7 : class))
            continue;
        int64_t value = wanted < run->low ? run->low : wanted > run->high ? run->high : wanted;
        if (variable->by_weekday)
            value = nearest_on_weekday(run->low, run->high, value, class % 7);
        if (value == VALUE_UNSET)
            continue;
        __int128 difference = (__int128)value - wanted;
        unsigned __int128 distance = (unsigned __int128)(difference < 0 ? -difference : difference);
        if (best == VALUE_UNSET || distance < best_distance) {
            best = value;
            best_distance = distance;
        }
    }
    return best;
}
