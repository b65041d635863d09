/* program/lower_masks.c: the plan "masks": a bit for each conjunction.
 *
 * Conjunctions stand in groups. A group has an axis for each variable that it tests, cut into rows
 * at the ends of its conjunctions' sets; a row is the mask of the conjunctions that its values
 * allow. Early groups are small: most requests are decided there. No group is large, so that a row
 * costs a bounded number of words for each end of a set, and memory is linear in the policy. */
#include "program/conjunctions.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORD = 64,         /* conjunctions of a word */
    FIRST_WORDS = 2,   /* of the first group; each one after it has twice as many ... */
    LARGEST_WORDS = 16 /* ... up to this */
};

#define MOST_ROW_WORDS (16u << 20) /* of all rows together, 128 MB */

struct axis {
    uint32_t variable;
    struct domain domain;
    int64_t *keys; /* ascending; where by_value they are not used */
    size_t key_count;
    bool by_value;
    uint32_t row_count;
};

struct group {
    struct lowered *out;
    const struct conjunction *items;
    size_t count;
    uint32_t words;
    struct axis *axes;
    uint32_t axis_count;
    uint32_t *axis_of; /* of each variable, plus 1; all 0 between groups */
};

bool masks_plan(struct lowered *lowered, struct conjunctions **result)
{
    struct conjunctions *found = *result = ARENA_NEW(lowered->arena, struct conjunctions);
    if (!found) {
        lower_fail(lowered, TW_NO_MEMORY);
        return false;
    }
    if (!conjunctions_find(lowered, found))
        return false;
    size_t words = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (found->items[i].count > IMAGE_MOST_AXES)
            return false;
        for (uint32_t k = 0; k < found->items[i].count; k++)
            words += (2 * found->items[i].constraints[k].set.count + 1) * (LARGEST_WORDS + 1);
    }
    return words <= MOST_ROW_WORDS;
}

/* How many of the next conjunctions make a group: as many as there are bits, and not more axes than
 * an image may have. Numbers the axes. */
static void fill_group(struct group *group, const struct conjunctions *all, size_t first)
{
    size_t most = (size_t)group->words * WORD;
    group->items = all->items + first;
    group->count = group->axis_count = 0;
    while (group->count < most && first + group->count < all->count) {
        const struct conjunction *next = &group->items[group->count];
        uint32_t fresh = 0;
        for (uint32_t i = 0; i < next->count; i++)
            fresh += group->axis_of[next->constraints[i].variable] == 0;
        if (group->axis_count + fresh > IMAGE_MOST_AXES)
            break;
        for (uint32_t i = 0; i < next->count; i++) {
            uint32_t variable = next->constraints[i].variable;
            if (group->axis_of[variable])
                continue;
            group->axes[group->axis_count] = (struct axis){.variable = variable};
            group->axis_of[variable] = ++group->axis_count;
        }
        group->count++;
    }
    group->words = (uint32_t)((group->count + WORD - 1) / WORD);
}

static const struct constraint *constraint_on(const struct conjunction *item, uint32_t variable)
{
    for (uint32_t i = 0; i < item->count; i++)
        if (item->constraints[i].variable == variable)
            return &item->constraints[i];
    return NULL;
}

static int compare_keys(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* The first value after an interval; false where there is none. */
static bool value_after(const struct axis *axis, struct interval interval, int64_t *value)
{
    if (interval.high >= axis->domain.high)
        return false;
    *value = interval.high == VALUE_UNSET ? axis->domain.low : interval.high + 1;
    return true;
}

static void add_keys(struct axis *axis, struct interval_set set)
{
    int64_t least = axis->domain.can_be_unset ? VALUE_UNSET : axis->domain.low, after;
    for (size_t i = 0; i < set.count; i++) {
        if (set.items[i].low > least)
            axis->keys[axis->key_count++] = set.items[i].low;
        if (value_after(axis, set.items[i], &after))
            axis->keys[axis->key_count++] = after;
    }
}

/* The values at which a row begins, once each. */
static bool find_keys(const struct group *group, struct axis *axis)
{
    size_t most = 0;
    for (size_t i = 0; i < group->count; i++) {
        const struct constraint *constraint = constraint_on(&group->items[i], axis->variable);
        most += constraint ? 2 * constraint->set.count : 0;
    }
    axis->keys = ARENA_ARRAY(group->out->arena, int64_t, most + 1);
    axis->key_count = 0;
    if (!axis->keys)
        return false;
    for (size_t i = 0; i < group->count; i++) {
        const struct constraint *constraint = constraint_on(&group->items[i], axis->variable);
        if (constraint)
            add_keys(axis, constraint->set);
    }
    qsort(axis->keys, axis->key_count, sizeof *axis->keys, compare_keys);
    size_t count = 0;
    for (size_t i = 0; i < axis->key_count; i++)
        if (count == 0 || axis->keys[count - 1] != axis->keys[i])
            axis->keys[count++] = axis->keys[i];
    axis->key_count = count;
    return true;
}

/* A row for each value where that takes about as many, else one for each key and one below. */
static bool make_axis(const struct group *group, struct axis *axis)
{
    axis->domain = domain_of(group->out, axis->variable);
    if (!find_keys(group, axis))
        return false;
    uint64_t values = (uint64_t)axis->domain.high + 1u + axis->domain.can_be_unset;
    axis->by_value = axis->domain.low >= 0 && values <= 2 * axis->key_count + 16;
    axis->row_count = (uint32_t)(axis->by_value ? values : axis->key_count + 1);
    group->out->needed[axis->variable] = true;
    return true;
}

/* The row that begins with a value. */
static size_t row_of(const struct axis *axis, int64_t value)
{
    size_t low = 0, high = axis->key_count;
    if (axis->by_value)
        return value == VALUE_UNSET ? axis->row_count - 1u : (size_t)value;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (axis->keys[middle] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Changes a conjunction's bit over at a row and all after it. */
static void toggle(uint64_t *rows, const struct group *group, size_t row, size_t bit)
{
    rows[row * group->words + bit / WORD] ^= (uint64_t)1 << bit % WORD;
}

/* Where the bit of one conjunction changes from row to row. */
static void toggle_set(uint64_t *rows, const struct group *group, const struct axis *axis,
                       struct interval_set set, size_t bit)
{
    for (size_t i = 0; i < set.count; i++) {
        struct interval interval = set.items[i];
        int64_t after;
        toggle(rows, group, row_of(axis, interval.low), bit);
        if (axis->by_value) {
            size_t end = row_of(axis, interval.high) + 1;
            if (end < axis->row_count)
                toggle(rows, group, end, bit);
        } else if (value_after(axis, interval, &after)) {
            toggle(rows, group, row_of(axis, after), bit);
        }
    }
}

static void fill_rows(uint64_t *rows, const struct group *group, const struct axis *axis)
{
    for (size_t bit = 0; bit < group->count; bit++) {
        const struct constraint *constraint = constraint_on(&group->items[bit], axis->variable);
        if (constraint)
            toggle_set(rows, group, axis, constraint->set, bit);
        else
            toggle(rows, group, 0, bit);
    }
    for (size_t i = group->words; i < (size_t)axis->row_count * group->words; i++)
        rows[i] ^= rows[i - group->words];
}

/* For each row, which of its words are not 0. */
static uint32_t write_summary(const struct group *group, const struct axis *axis,
                              uint32_t word_first)
{
    struct writer *writer = &group->out->writer;
    uint32_t first;
    if (group->words == 1)
        return 0;
    uint64_t *summary = writer_room(writer, SECTION_MASKS, axis->row_count, &first);
    const uint64_t *rows =
        (const uint64_t *)(const void *)writer->sections[SECTION_MASKS].data + word_first;
    for (uint32_t row = 0; summary && row < axis->row_count; row++)
        for (uint32_t word = 0; word < group->words; word++)
            summary[row] |= (uint64_t)(rows[(size_t)row * group->words + word] != 0) << word;
    return first;
}

static void write_axis(const struct group *group, const struct axis *axis)
{
    struct writer *writer = &group->out->writer;
    struct image_axis record = {.variable = axis->variable, .row_count = axis->row_count};
    if (!axis->by_value) {
        record.key_count = (uint32_t)axis->key_count;
        record.key_first = writer_add(writer, SECTION_CONSTANTS, axis->keys, axis->key_count);
    }
    uint64_t *rows = writer_room(writer, SECTION_MASKS, (size_t)axis->row_count * group->words,
                                 &record.word_first);
    if (!rows)
        return;
    fill_rows(rows, group, axis);
    record.summary_first = write_summary(group, axis, record.word_first);
    WRITE(writer, AXES, record);
}

static void write_owners(const struct group *group, struct image_masks *record)
{
    uint32_t *owners = writer_room(&group->out->writer, SECTION_OWNERS, (size_t)group->words * WORD,
                                   &record->owner_first);
    for (size_t i = 0; owners && i < group->count; i++)
        owners[i] = group->items[i].rule;
}

static void write_group(struct group *group, uint32_t otherwise)
{
    struct writer *writer = &group->out->writer;
    struct image_masks record = {.axis_first = writer_count(writer, SECTION_AXES),
                                 .axis_count = group->axis_count,
                                 .word_count = group->words};
    struct image_instruction instruction = {.op = OP_MASKS, .otherwise = otherwise};
    for (uint32_t i = 0; i < group->axis_count; i++) {
        if (!make_axis(group, &group->axes[i])) {
            lower_fail(group->out, TW_NO_MEMORY);
            return;
        }
        write_axis(group, &group->axes[i]);
        group->axis_of[group->axes[i].variable] = 0;
    }
    write_owners(group, &record);
    instruction.operand = WRITE(writer, GROUPS, record);
    WRITE(writer, CODE, instruction);
    group->out->facts.groups++;
    group->out->facts.words += group->words;
}

void lower_masks(struct lowered *lowered, struct conjunctions *conjunctions)
{
    struct group group = {
        .out = lowered,
        .axes = ARENA_ARRAY(lowered->arena, struct axis, IMAGE_MOST_AXES),
        .axis_of = ARENA_ARRAY(lowered->arena, uint32_t, lowered->policy->variable_count)};
    uint32_t words = FIRST_WORDS;
    lowered->start = conjunctions->count ? 0 : conjunctions->otherwise;
    if (!group.axes || !group.axis_of)
        lower_fail(lowered, TW_NO_MEMORY);
    for (size_t first = 0; first < conjunctions->count && !lowered->status;) {
        group.words = words;
        fill_group(&group, conjunctions, first);
        first += group.count;
        write_group(&group, first < conjunctions->count
                                ? writer_count(&lowered->writer, SECTION_CODE) + 1
                                : conjunctions->otherwise);
        words = words < LARGEST_WORDS ? words * 2 : words;
    }
}
