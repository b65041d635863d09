/* base/map.h: text to pointer, open addressing, in an arena. Keys are not copied. */
#ifndef TIERWAY_BASE_MAP_H
#define TIERWAY_BASE_MAP_H

#include "base/arena.h"

struct map_entry {
    struct text key;
    void *value;
};

struct map {
    struct arena *arena;
    struct map_entry *entries;
    size_t count, capacity; /* a power of two, or 0 */
};

void map_init(struct map *map, struct arena *arena);
void *map_get(const struct map *map, struct text key); /* NULL where there is none */
/* Makes room for `count` keys in all, so that the map need not grow. False when memory is out. */
bool map_reserve(struct map *map, size_t count);
/* Sets or replaces. False when memory is out. value must not be NULL. */
bool map_set(struct map *map, struct text key, void *value);

#endif
