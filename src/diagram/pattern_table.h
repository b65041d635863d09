/* diagram/pattern_table.h: the patterns that tests of one variable name, each once.
 *
 * A text is tried against those patterns only that begin, before their first `*` or `?`, as the
 * text does: ten thousand patterns `m17-*` cost a text one look-up, not ten thousand matches. */
#ifndef TIERWAY_DIAGRAM_PATTERN_TABLE_H
#define TIERWAY_DIAGRAM_PATTERN_TABLE_H

#include "base/map.h"

#define PATTERN_END UINT32_MAX

struct pattern_table {
    struct arena *arena;
    struct text *items;
    size_t count, capacity;
    struct map numbers;  /* a pattern to its number + 1 */
    struct map prefixes; /* what patterns begin with, to the number + 1 of the last that does */
    uint32_t *next;      /* of each pattern: another with the same prefix, or PATTERN_END */
    size_t next_capacity;
    size_t *lengths; /* of the prefixes, each once, in order of appearance */
    size_t length_count, length_capacity;
};

void pattern_table_init(struct pattern_table *table, struct arena *arena);
/* The number of a pattern; adds it where it is new. False when memory is out. */
bool pattern_table_add(struct pattern_table *table, struct text pattern, uint32_t *number);

/* Goes over the patterns that match a text, in no order that means anything:
 *     struct pattern_walk walk = pattern_walk(table, text);
 *     while ((number = pattern_walk_next(&walk)) != PATTERN_END) ... */
struct pattern_walk {
    const struct pattern_table *table;
    struct text text;
    size_t length_index;
    uint32_t candidate;
};

struct pattern_walk pattern_walk(const struct pattern_table *table, struct text text);
uint32_t pattern_walk_next(struct pattern_walk *walk);

#endif
