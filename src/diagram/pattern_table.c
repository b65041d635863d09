/* diagram/pattern_table.c: see pattern_table.h. Everything is in the arena; texts are not copied.
 */
#include "diagram/pattern_table.h"

void pattern_table_init(struct pattern_table *table, struct arena *arena)
{
    *table = (struct pattern_table){.arena = arena};
    map_init(&table->numbers, arena);
    map_init(&table->prefixes, arena);
}

static struct text prefix_of(struct text pattern)
{
    size_t length = 0;
    while (length < pattern.length && pattern.data[length] != '*' && pattern.data[length] != '?')
        length++;
    return (struct text){pattern.data, length};
}

static bool add_length(struct pattern_table *table, size_t length)
{
    for (size_t i = 0; i < table->length_count; i++)
        if (table->lengths[i] == length)
            return true;
    size_t *lengths = arena_grow(table->arena, table->lengths, table->length_count,
                                 &table->length_capacity, sizeof *lengths);
    if (!lengths)
        return false;
    table->lengths = lengths;
    lengths[table->length_count++] = length;
    return true;
}

static bool add_new(struct pattern_table *table, struct text pattern)
{
    struct text prefix = prefix_of(pattern);
    uint32_t before = (uint32_t)(uintptr_t)map_get(&table->prefixes, prefix);
    void *number = (void *)((uintptr_t)table->count + 1);
    struct text *items =
        arena_grow(table->arena, table->items, table->count, &table->capacity, sizeof *items);
    uint32_t *next =
        arena_grow(table->arena, table->next, table->count, &table->next_capacity, sizeof *next);
    if (!items || !next || !map_set(&table->numbers, pattern, number) ||
        !map_set(&table->prefixes, prefix, number) || !add_length(table, prefix.length))
        return false;
    table->items = items;
    table->next = next;
    next[table->count] = before ? before - 1 : PATTERN_END;
    items[table->count++] = pattern;
    return true;
}

bool pattern_table_add(struct pattern_table *table, struct text pattern, uint32_t *number)
{
    uint32_t known = (uint32_t)(uintptr_t)map_get(&table->numbers, pattern);
    *number = known ? known - 1 : (uint32_t)table->count;
    return known || add_new(table, pattern);
}

struct pattern_walk pattern_walk(const struct pattern_table *table, struct text text)
{
    return (struct pattern_walk){table, text, 0, PATTERN_END};
}

/* The patterns of the next prefix that the text begins with; false after the last. */
static bool next_prefix(struct pattern_walk *walk)
{
    const struct pattern_table *table = walk->table;
    while (walk->candidate == PATTERN_END && walk->length_index < table->length_count) {
        size_t length = table->lengths[walk->length_index++];
        if (length > walk->text.length)
            continue;
        struct text prefix = {walk->text.data, length};
        uint32_t last = (uint32_t)(uintptr_t)map_get(&table->prefixes, prefix);
        walk->candidate = last ? last - 1 : PATTERN_END;
    }
    return walk->candidate != PATTERN_END;
}

uint32_t pattern_walk_next(struct pattern_walk *walk)
{
    while (walk->candidate != PATTERN_END || next_prefix(walk)) {
        uint32_t number = walk->candidate;
        walk->candidate = walk->table->next[number];
        if (glob_matches(walk->table->items[number], walk->text))
            return number;
    }
    return PATTERN_END;
}
