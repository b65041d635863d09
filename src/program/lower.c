/* program/lower.c: what the plans share: the values of a test, and instructions that test them.
 *
 * What is made here lives in an arena that goes when lowering ends, but for the writer's sections.
 */
#include "program/lower.h"

#include <string.h>

void lower_fail(struct lowered *lowered, enum tw_status status)
{
    if (!lowered->status)
        lowered->status = status;
}

struct domain domain_of(const struct lowered *lowered, uint32_t variable)
{
    const struct variable *about = &lowered->policy->variables[variable];
    if (about->type == TW_TYPE_STRING)
        return (struct domain){0, (int64_t)lowered->texts[variable].class_count - 1,
                               about->can_be_unset};
    return (struct domain){about->low, about->high, about->can_be_unset};
}

/* What is stored under these bytes already, plus 1, or 0. */
static uint32_t shared_find(struct lowered *lowered, char kind, const void *bytes, size_t size,
                            struct text *key)
{
    char *copy = arena_alloc(lowered->arena, size + 1, 1);
    *key = (struct text){copy, size + 1};
    if (!copy) {
        lower_fail(lowered, TW_NO_MEMORY);
        return 0;
    }
    copy[0] = kind;
    if (size)
        memcpy(copy + 1, bytes, size);
    return (uint32_t)(uintptr_t)map_get(&lowered->shared, *key);
}

static uint32_t shared_keep(struct lowered *lowered, struct text key, uint32_t index)
{
    if (!map_set(&lowered->shared, key, (void *)((uintptr_t)index + 1)))
        lower_fail(lowered, TW_NO_MEMORY);
    return index;
}

uint32_t add_constants(struct lowered *lowered, const int64_t *constants, size_t count)
{
    struct text key;
    uint32_t known = shared_find(lowered, 'c', constants, count * sizeof *constants, &key);
    if (known || lowered->status)
        return known - 1;
    return shared_keep(lowered, key,
                       writer_add(&lowered->writer, SECTION_CONSTANTS, constants, count));
}

static uint32_t add_set(struct lowered *lowered, struct interval_set set)
{
    struct text key;
    uint32_t known = shared_find(lowered, 's', set.items, set.count * sizeof *set.items, &key);
    if (known || lowered->status)
        return known - 1;
    struct image_set record = {writer_count(&lowered->writer, SECTION_INTERVALS),
                               (uint32_t)set.count};
    for (size_t i = 0; i < set.count; i++) {
        struct image_interval interval = {set.items[i].low, set.items[i].high};
        WRITE(&lowered->writer, INTERVALS, interval);
    }
    return shared_keep(lowered, key, WRITE(&lowered->writer, SETS, record));
}

uint32_t add_pattern(struct lowered *lowered, struct text pattern)
{
    struct text key;
    uint32_t known = shared_find(lowered, 'p', pattern.data, pattern.length, &key);
    if (known || lowered->status)
        return known - 1;
    struct image_string string = writer_string(&lowered->writer, pattern);
    return shared_keep(lowered, key, WRITE(&lowered->writer, PATTERNS, string));
}

static struct interval_set set_room(struct lowered *lowered, size_t count)
{
    struct interval_set set = {ARENA_ARRAY(lowered->arena, struct interval, count + 1), 0};
    if (!set.items)
        lower_fail(lowered, TW_NO_MEMORY);
    return set;
}

static void set_add(struct interval_set *set, int64_t low, int64_t high)
{
    if (set->items)
        set->items[set->count++] = (struct interval){low, high};
}

/* The classes of a test of texts; the last class is "not set" where that can be. */
static struct interval_set values_of_classes(struct lowered *lowered, const struct formula *test)
{
    const struct classes *classes = &lowered->diagram.classes;
    uint32_t unset = classes->variables[test->variable].unset;
    struct class_set found = {0};
    if (!classes_of_test(classes, lowered->arena, test, &found)) {
        lower_fail(lowered, TW_NO_MEMORY);
        return (struct interval_set){0};
    }
    struct interval_set set = set_room(lowered, found.count + 1);
    for (size_t i = 0; i < found.count; i++) {
        struct class_span span = found.spans[i];
        bool with_unset = span.high == unset;
        if (!with_unset || span.low < span.high)
            set_add(&set, span.low, span.high - with_unset);
    }
    return set;
}

/* The same without classes: each text has a number of its own. */
static struct interval_set values_of_texts(struct lowered *lowered, const struct formula *test)
{
    const uint32_t *numbers = lowered->texts[test->variable].classes;
    struct interval_set set = set_room(lowered, test->text_count);
    for (size_t i = 0; i < test->text_count; i++) {
        int64_t number = numbers[test->places[i]];
        set_add(&set, number, number);
    }
    interval_set_normalize(&set);
    struct domain domain = domain_of(lowered, test->variable);
    domain.can_be_unset = false;
    return test->negated ? values_other(lowered, domain, set) : set;
}

static struct interval_set values_of_is_set(struct lowered *lowered, const struct formula *test)
{
    struct domain domain = domain_of(lowered, test->variable);
    struct interval_set set = set_room(lowered, 1);
    if (!test->negated)
        set_add(&set, domain.low, domain.high);
    else if (domain.can_be_unset)
        set_add(&set, VALUE_UNSET, VALUE_UNSET);
    return set;
}

struct interval_set values_of_test(struct lowered *lowered, const struct formula *test)
{
    if (test->kind == FORMULA_RANGES)
        return test->set;
    if (test->kind == FORMULA_IS_SET)
        return values_of_is_set(lowered, test);
    return lowered->has_classes ? values_of_classes(lowered, test) : values_of_texts(lowered, test);
}

/* Fills `other`, which has room for two more than `set` has. */
static void fill_other(struct domain domain, struct interval_set set, struct interval_set *other)
{
    int64_t from = domain.low;
    bool unset = false;
    size_t i = 0;
    if (set.count && set.items[0].low == VALUE_UNSET) {
        unset = true;
        if (set.items[0].high >= domain.low)
            from = set.items[0].high + 1;
        i++;
    }
    if (domain.can_be_unset && !unset)
        set_add(other, VALUE_UNSET, VALUE_UNSET);
    for (; i < set.count; i++) {
        if (set.items[i].low > from)
            set_add(other, from, set.items[i].low - 1);
        if (set.items[i].high >= domain.high)
            return;
        from = set.items[i].high + 1;
    }
    set_add(other, from, domain.high);
}

struct interval_set values_other(struct lowered *lowered, struct domain domain,
                                 struct interval_set set)
{
    struct interval_set other = set_room(lowered, set.count + 2);
    fill_other(domain, set, &other);
    return other;
}

struct interval_set set_again(struct lowered *lowered, struct interval_room *room, size_t count)
{
    if (count > room->capacity) {
        room->items = set_room(lowered, 2 * count).items;
        room->capacity = room->items ? 2 * count : 0;
    }
    return (struct interval_set){room->items, 0};
}

static bool fits_operand(int64_t value)
{
    return value >= 0 && value <= UINT32_MAX;
}

static bool holds_unset(struct interval_set set)
{
    return set.count && set.items[0].low == VALUE_UNSET;
}

/* The instructions that need no constants. */
static bool plain_test(struct domain domain, struct interval_set set,
                       struct image_instruction *instruction)
{
    if (set.count != 1 || holds_unset(set))
        return false;
    struct interval only = set.items[0];
    instruction->operand = (uint32_t)only.low;
    if (domain.can_be_unset && only.low == domain.low && only.high == domain.high) {
        instruction->op = OP_IS_SET;
        instruction->operand = 0;
    } else if (only.low == only.high && fits_operand(only.low)) {
        instruction->op = OP_EQUALS;
    } else if (only.high == domain.high && fits_operand(only.low)) {
        instruction->op = OP_AT_LEAST;
    } else {
        return false;
    }
    return true;
}

static int64_t bits_of(struct interval_set set)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < set.count; i++)
        for (int64_t bit = set.items[i].low; bit <= set.items[i].high; bit++)
            bits |= (uint64_t)1 << bit;
    return (int64_t)bits;
}

/* The instructions for any set without "not set". */
static bool set_test(struct lowered *lowered, struct interval_set set,
                     struct image_instruction *instruction)
{
    if (holds_unset(set))
        return false;
    if (set.count == 1) {
        const int64_t bounds[] = {set.items[0].low, set.items[0].high};
        instruction->op = OP_BETWEEN;
        instruction->operand = add_constants(lowered, bounds, 2);
    } else if (set.items[0].low >= 0 && set.items[set.count - 1].high < 64) {
        int64_t bits = bits_of(set);
        instruction->op = OP_BITS;
        instruction->operand = add_constants(lowered, &bits, 1);
    } else {
        instruction->op = OP_AMONG;
        instruction->operand = add_set(lowered, set);
    }
    return true;
}

/* A set, or what is not in it with the targets changed over: the first form that fits. One of the
 * two does not hold "not set". */
struct image_instruction test_of_values(struct lowered *lowered, uint32_t variable,
                                        struct interval_set set, uint32_t then, uint32_t otherwise)
{
    struct domain domain = domain_of(lowered, variable);
    struct interval_set other = set_again(lowered, &lowered->other, set.count + 2);
    fill_other(domain, set, &other);
    struct image_instruction test = {
        .variable = (uint16_t)variable, .then = then, .otherwise = otherwise};
    struct image_instruction opposite = {
        .variable = (uint16_t)variable, .then = otherwise, .otherwise = then};
    lowered->needed[variable] = true;
    if (lowered->status || plain_test(domain, set, &test))
        return test;
    if (plain_test(domain, other, &opposite))
        return opposite;
    bool shorter = set.count <= other.count || holds_unset(other);
    if (shorter && set_test(lowered, set, &test))
        return test;
    return set_test(lowered, other, &opposite) || !set_test(lowered, set, &test) ? opposite : test;
}
