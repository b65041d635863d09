/* diagram/classes.c: cutting the variables of a policy into classes.
 *
 * Numbers: every test is a set of intervals. Give each distinct test a random signature; sweep the
 * ends of all intervals in order, and toggle a test's signature into the sum where it begins and
 * ends: stretches with the same sum are told apart by no test. Signatures have 128 bits and come
 * from a fixed generator; whatever is concluded from classes is checked against the reference
 * evaluator before it is used, so a clash (about one in 10^30) could refuse a policy, not misroute.
 *
 * Texts: the same, with the texts that tests name in place of intervals; see glob_samples.c for
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

/* The tests of one variable. */
struct tests {
    struct formula **items;
    size_t count, capacity;
};

struct cutting {
    struct classes *classes;
    struct arena *arena;
    struct arena scratch; /* freed when all is cut */
    struct tests *tests;  /* of each variable */
    bool failed;
};

/* The end of MurmurHash3: every bit of the result depends on every bit of the word. */
static uint64_t scramble(uint64_t word)
{
    word = (word ^ (word >> 33)) * 0xff51afd7ed558ccdu;
    word = (word ^ (word >> 33)) * 0xc4ceb9fe1a85ec53u;
    return word ^ (word >> 33);
}

static struct signature extended(struct signature sum, uint64_t word)
{
    return (struct signature){scramble(sum.high ^ word), scramble(sum.low + (word << 1 | 1))};
}

static const struct signature signature_seed = {0x9e3779b97f4a7c15u, 0xd1b54a32d192ed03u};

static struct signature signature_of(uint64_t number)
{
    return extended(signature_seed, number);
}

static struct signature signature_of_set(struct interval_set set)
{
    struct signature sum = signature_of(set.count);
    for (size_t i = 0; i < set.count; i++) {
        sum = extended(sum, (uint64_t)set.items[i].low);
        sum = extended(sum, (uint64_t)set.items[i].high);
    }
    return sum;
}

static struct signature toggled(struct signature sum, struct signature signature)
{
    return (struct signature){sum.high ^ signature.high, sum.low ^ signature.low};
}

static void collect(struct cutting *cutting, struct formula *formula)
{
    for (struct formula *part = formula_parts(formula); part; part = part->next)
        collect(cutting, part);
    if (formula->kind == FORMULA_AND || formula->kind == FORMULA_OR)
        return;
    struct tests *tests = &cutting->tests[formula->variable];
    cutting->classes->variables[formula->variable].used = true;
    struct formula **items =
        arena_grow(&cutting->scratch, tests->items, tests->count, &tests->capacity, sizeof *items);
    if (!items) {
        cutting->failed = true;
        return;
    }
    tests->items = items;
    items[tests->count++] = formula;
}

/* Where the signature is in the table, or would be. */
static uint32_t *numbering_slot(const struct numbering *numbering, struct signature signature)
{
    size_t at = signature.low & (numbering->capacity - 1);
    for (; numbering->slots[at]; at = (at + 1) & (numbering->capacity - 1)) {
        const struct signature *item = &numbering->items[numbering->slots[at] - 1];
        if (item->low == signature.low && item->high == signature.high)
            break;
    }
    return &numbering->slots[at];
}

/* Makes room for `count` numbers, once. */
static bool numbering_reserve(struct numbering *numbering, size_t count)
{
    numbering->capacity = 16;
    while (numbering->capacity < 2 * count)
        numbering->capacity *= 2;
    numbering->items = ARENA_ARRAY(numbering->arena, struct signature, count);
    numbering->slots = ARENA_ARRAY(numbering->arena, uint32_t, numbering->capacity);
    return numbering->items && numbering->slots;
}

/* The number of a signature, for which there is room. */
static uint32_t number_of(struct numbering *numbering, struct signature signature)
{
    uint32_t *slot = numbering_slot(numbering, signature);
    if (*slot == 0) {
        numbering->items[numbering->count] = signature;
        *slot = ++numbering->count;
    }
    return *slot - 1;
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

/* Most policies write their numbers in order, which is seen faster than they are sorted. */
static void sort_events(struct event *events, size_t count)
{
    size_t i = 1;
    while (i < count && events[i - 1].at <= events[i].at)
        i++;
    if (i < count)
        qsort(events, count, sizeof *events, compare_events);
}

/* Where tests begin and end. What ends with the domain needs no event. A set that several tests
 * share counts once: toggled twice, it would vanish. */
static size_t fill_events(struct cutting *cutting, const struct tests *tests, int64_t domain_high,
                          struct event *events)
{
    size_t count = 0;
    struct numbering seen = {.arena = &cutting->scratch};
    cutting->failed |= !numbering_reserve(&seen, tests->count);
    for (size_t i = 0; i < tests->count && !cutting->failed; i++) {
        const struct formula *test = tests->items[i];
        if (test->kind != FORMULA_RANGES || test->set.count == 0)
            continue;
        struct signature signature = signature_of_set(test->set);
        uint32_t known = seen.count;
        if (number_of(&seen, signature) < known)
            continue;
        for (size_t k = 0; k < test->set.count; k++) {
            events[count++] = (struct event){test->set.items[k].low, signature};
            if (test->set.items[k].high < domain_high)
                events[count++] = (struct event){test->set.items[k].high + 1, signature};
        }
    }
    sort_events(events, count);
    return count;
}

static void add_run(struct variable_classes *variable, int64_t low, int64_t high, uint32_t class)
{
    struct class_run *last = variable->run_count ? &variable->runs[variable->run_count - 1] : NULL;
    if (last && last->class == class)
        last->high = high;
    else
        variable->runs[variable->run_count++] = (struct class_run){low, high, class, 0};
}

static void find_straight(struct variable_classes *variable)
{
    for (size_t i = variable->run_count; i-- > 0;) {
        struct class_run *run = &variable->runs[i];
        bool goes_on = i + 1 < variable->run_count && run[1].class == run->class + 1;
        run->straight = goes_on ? run[1].straight : (uint32_t)i;
    }
}

/* numbering: has room for a number more than there are events. */
static void sweep(struct cutting *cutting, uint32_t index, const struct event *events, size_t count,
                  struct numbering *numbering)
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
        add_run(variable, from, to, number_of(numbering, sum));
        if (i < count) {
            from = events[i].at;
            sum = toggled(sum, events[i].signature);
        }
    }
    find_straight(variable);
    variable->count = numbering->count;
}

static bool cut_numbers(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    struct event *events = ARENA_ARRAY(&cutting->scratch, struct event, count_events(tests) + 1);
    int64_t high = cutting->classes->policy->variables[index].high;
    size_t count = events ? fill_events(cutting, tests, high, events) : 0;
    variable->runs = ARENA_ARRAY(cutting->arena, struct class_run, count + 1);
    struct numbering numbering = {.arena = &cutting->scratch};
    if (!events || !variable->runs || cutting->failed || !numbering_reserve(&numbering, count + 1))
        return false;
    sweep(cutting, index, events, count, &numbering);
    return true;
}

/* The place of a named text; adds it where it is new. There is room for it. */
static bool name_text(struct variable_classes *variable, struct text text, uint32_t *place)
{
    *place = (uint32_t)(uintptr_t)map_get(&variable->text_places, text);
    if ((*place)--)
        return true;
    *place = (uint32_t)variable->text_count;
    variable->texts[variable->text_count++] = text;
    return map_set(&variable->text_places, text, (void *)((uintptr_t)*place + 1));
}

/* Makes room for the texts that tests name, as if each came once. */
static bool reserve_texts(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    size_t count = 0;
    for (size_t i = 0; i < tests->count; i++)
        if (tests->items[i]->kind == FORMULA_TEXTS)
            count += tests->items[i]->text_count;
    variable->texts = ARENA_ARRAY(cutting->arena, struct text, count + 1);
    return variable->texts && map_reserve(&variable->text_places, count);
}

/* The texts and the patterns that tests name, once each, in order. */
static bool gather_texts(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    if (!reserve_texts(cutting, index))
        return false;
    for (size_t i = 0; i < tests->count; i++) {
        struct formula *test = tests->items[i];
        if (test->kind == FORMULA_IS_SET)
            continue;
        test->places = ARENA_ARRAY(cutting->arena, uint32_t, test->text_count);
        if (!test->places)
            return false;
        if (test->kind == FORMULA_LIKE) {
            if (!pattern_table_add(&variable->patterns, test->texts[0], test->places))
                return false;
            continue;
        }
        for (size_t k = 0; k < test->text_count; k++)
            if (!name_text(variable, test->texts[k], &test->places[k]))
                return false;
    }
    return true;
}

/* The signature of a text that no test names: of the patterns that it matches. Even numbers are
 * for patterns, odd ones for tests that name texts. */
static struct signature sign_other(const struct variable_classes *variable, struct text text)
{
    struct signature sum = {0, 0};
    uint32_t number;
    struct pattern_walk walk = pattern_walk(&variable->patterns, text);
    while ((number = pattern_walk_next(&walk)) != PATTERN_END)
        sum = toggled(sum, signature_of(2 * (uint64_t)number));
    return sum;
}

/* The signature of each named text: the patterns that it matches, and the tests that name it. */
static struct signature *sign_texts(struct cutting *cutting, uint32_t index)
{
    const struct variable_classes *variable = &cutting->classes->variables[index];
    const struct tests *tests = &cutting->tests[index];
    struct signature *signatures =
        ARENA_ARRAY(&cutting->scratch, struct signature, variable->text_count + 1);
    for (size_t i = 0; signatures && i < variable->text_count; i++)
        signatures[i] = sign_other(variable, variable->texts[i]);
    for (size_t i = 0; signatures && i < tests->count; i++) {
        const struct formula *test = tests->items[i];
        for (size_t k = 0; test->kind == FORMULA_TEXTS && k < test->text_count; k++) {
            struct signature *place = &signatures[test->places[k]];
            *place = toggled(*place, signature_of(2 * i + 1));
        }
    }
    return signatures;
}

static bool add_span(struct class_set *set, struct arena *arena, uint32_t low, uint32_t high)
{
    struct class_span *spans =
        arena_grow(arena, set->spans, set->count, &set->capacity, sizeof *spans);
    if (!spans)
        return false;
    set->spans = spans;
    spans[set->count++] = (struct class_span){low, high};
    return true;
}

/* Enters a class, which comes after all that were entered, under the patterns that its texts match.
 */
static bool enter_class(struct cutting *cutting, struct variable_classes *variable, uint32_t class,
                        struct text sample)
{
    uint32_t number;
    struct pattern_walk walk = pattern_walk(&variable->patterns, sample);
    while ((number = pattern_walk_next(&walk)) != PATTERN_END) {
        struct class_set *set = &variable->pattern_classes[number];
        struct class_span *last = set->count ? &set->spans[set->count - 1] : NULL;
        if (last && last->high + 1 == class)
            last->high = class;
        else if (!add_span(set, cutting->arena, class, class))
            return false;
    }
    return true;
}

/* Keeps a text of a class where it is the first one. There is room for it. */
static bool keep_sample(struct cutting *cutting, struct variable_classes *variable, uint32_t class,
                        struct text sample)
{
    if (class < variable->sample_count)
        return true;
    variable->samples[variable->sample_count++] = sample;
    return enter_class(cutting, variable, class, sample);
}

/* Some texts that stand for all others. Without patterns one will do. */
static bool sample_others(struct cutting *cutting, uint32_t index, struct glob_samples *others)
{
    const struct variable_classes *variable = &cutting->classes->variables[index];
    const struct pattern_table *patterns = &variable->patterns;
    if (patterns->count || map_get(&variable->text_places, TEXT("")))
        return glob_samples_find(others, cutting->arena, patterns->items, patterns->count,
                                 variable->texts, variable->text_count);
    others->texts = ARENA_NEW(cutting->arena, struct text);
    if (others->texts)
        others->texts[others->count++] = TEXT("");
    return others->texts != NULL;
}

/* Makes room for as many classes as there can be texts. */
static bool reserve_classes(struct cutting *cutting, struct variable_classes *variable,
                            size_t others)
{
    size_t most = variable->text_count + others;
    variable->text_classes = ARENA_ARRAY(cutting->arena, uint32_t, variable->text_count + 1);
    variable->pattern_classes =
        ARENA_ARRAY(cutting->arena, struct class_set, variable->patterns.count + 1);
    variable->samples = ARENA_ARRAY(cutting->arena, struct text, most + 1);
    return variable->text_classes && variable->pattern_classes && variable->samples &&
           numbering_reserve(&variable->numbering, most);
}

/* Texts that tests name have classes by their signatures, all others by the patterns they match. */
static bool cut_texts(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    struct numbering *numbering = &variable->numbering;
    struct glob_samples others = {0};
    numbering->arena = cutting->arena;
    struct signature *signatures = gather_texts(cutting, index) ? sign_texts(cutting, index) : NULL;
    bool good = signatures && sample_others(cutting, index, &others) &&
                reserve_classes(cutting, variable, others.count);
    for (size_t i = 0; i < variable->text_count && good; i++) {
        variable->text_classes[i] = number_of(numbering, signatures[i]);
        good = keep_sample(cutting, variable, variable->text_classes[i], variable->texts[i]);
    }
    for (size_t i = 0; i < others.count && good; i++)
        good = keep_sample(cutting, variable,
                           number_of(numbering, sign_other(variable, others.texts[i])),
                           others.texts[i]);
    cutting->classes->too_large |= others.too_large;
    variable->count = numbering->count;
    return good;
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
    uint32_t named = (uint32_t)(uintptr_t)map_get(&variable->text_places, text);
    if (named)
        return variable->text_classes[named - 1];
    uint32_t known = *numbering_slot(&variable->numbering, sign_other(variable, text));
    return known ? known - 1 : 0;
}

static bool cut_variable(struct cutting *cutting, uint32_t index)
{
    struct variable_classes *variable = &cutting->classes->variables[index];
    const struct variable *about = &cutting->classes->policy->variables[index];
    map_init(&variable->text_places, cutting->arena);
    pattern_table_init(&variable->patterns, cutting->arena);
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
    arena_init(&cutting.scratch, arena->limit);
    classes->variables = ARENA_ARRAY(arena, struct variable_classes, policy->variable_count);
    cutting.tests = ARENA_ARRAY(&cutting.scratch, struct tests, policy->variable_count);
    cutting.failed = !classes->variables || !cutting.tests;
    for (size_t i = 0; i < count && !cutting.failed; i++)
        collect(&cutting, formulas[i]);
    for (uint32_t i = 0; i < policy->variable_count && !cutting.failed; i++)
        cutting.failed = !cut_variable(&cutting, i);
    arena_free(&cutting.scratch);
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

static int compare_spans(const void *left, const void *right)
{
    const struct class_span *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

/* Sorts spans and joins those that touch or overlap. */
static void normalize_spans(struct class_set *set)
{
    size_t count = 0, i = 1;
    while (i < set->count && set->spans[i - 1].low <= set->spans[i].low)
        i++;
    if (i < set->count)
        qsort(set->spans, set->count, sizeof *set->spans, compare_spans);
    for (i = 0; i < set->count; i++) {
        struct class_span *last = count ? &set->spans[count - 1] : NULL;
        if (!last || set->spans[i].low > last->high + 1)
            set->spans[count++] = set->spans[i];
        else if (set->spans[i].high > last->high)
            last->high = set->spans[i].high;
    }
    set->count = count;
}

/* All classes but "not set", which is the last one where there is one. */
static uint32_t set_classes(const struct variable_classes *variable)
{
    return variable->unset != UINT32_MAX ? variable->unset : variable->count;
}

/* What the variable has besides, "not set" left out. What is written never runs ahead of what is
 * read. */
static bool complement_spans(const struct variable_classes *variable, struct arena *arena,
                             struct class_set *set)
{
    uint32_t next = 0, end = set_classes(variable);
    size_t count = set->count;
    set->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct class_span inside = set->spans[i];
        if (inside.low > next)
            set->spans[set->count++] = (struct class_span){next, inside.low - 1};
        next = inside.high + 1;
    }
    return next >= end || add_span(set, arena, next, end - 1);
}

static bool spans_of_is_set(const struct variable_classes *variable, struct arena *arena,
                            const struct formula *test, struct class_set *set)
{
    uint32_t end = set_classes(variable);
    if (test->negated)
        return variable->unset == UINT32_MAX || add_span(set, arena, end, end);
    return end == 0 || add_span(set, arena, 0, end - 1);
}

static bool spans_of_pattern(const struct variable_classes *variable, struct arena *arena,
                             const struct formula *test, struct class_set *set)
{
    const struct class_set *matched = &variable->pattern_classes[test->places[0]];
    for (size_t i = 0; i < matched->count; i++)
        if (!add_span(set, arena, matched->spans[i].low, matched->spans[i].high))
            return false;
    return !test->negated || complement_spans(variable, arena, set);
}

static bool spans_of_ranges(const struct variable_classes *variable, struct arena *arena,
                            const struct formula *test, struct class_set *set)
{
    const struct class_run *runs = variable->runs;
    for (size_t i = 0; i < test->set.count; i++) {
        uint32_t last = place_of_number(variable, test->set.items[i].high), next;
        for (uint32_t at = place_of_number(variable, test->set.items[i].low); at <= last;
             at = next + 1) {
            next = runs[at].straight < last ? runs[at].straight : last;
            if (!add_span(set, arena, runs[at].class, runs[next].class))
                return false;
        }
    }
    normalize_spans(set);
    for (size_t i = 0; variable->by_weekday && i < set->count; i++)
        set->spans[i] = (struct class_span){set->spans[i].low * 7, set->spans[i].high * 7 + 6};
    return true;
}

static bool spans_of_texts(const struct variable_classes *variable, struct arena *arena,
                           const struct formula *test, struct class_set *set)
{
    for (size_t i = 0; i < test->text_count; i++) {
        uint32_t class = variable->text_classes[test->places[i]];
        if (!add_span(set, arena, class, class))
            return false;
    }
    normalize_spans(set);
    return !test->negated || complement_spans(variable, arena, set);
}

bool classes_of_test(const struct classes *classes, struct arena *arena, const struct formula *test,
                     struct class_set *set)
{
    const struct variable_classes *variable = &classes->variables[test->variable];
    set->count = 0;
    switch (test->kind) {
    case FORMULA_RANGES:
        return spans_of_ranges(variable, arena, test, set);
    case FORMULA_TEXTS:
        return spans_of_texts(variable, arena, test, set);
    case FORMULA_LIKE:
        return spans_of_pattern(variable, arena, test, set);
    case FORMULA_IS_SET:
        return spans_of_is_set(variable, arena, test, set);
    case FORMULA_AND:
    case FORMULA_OR:
        break;
    }
    return false;
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
