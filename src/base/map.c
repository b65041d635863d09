/* base/map.c: see map.h. At most three quarters full, so that a search ends at a free entry. */
#include "base/map.h"

void map_init(struct map *map, struct arena *arena)
{
    *map = (struct map){.arena = arena};
}

static struct map_entry *find(const struct map *map, struct text key)
{
    size_t at = text_hash_here(key) & (map->capacity - 1);
    while (map->entries[at].value && !text_equal(map->entries[at].key, key))
        at = (at + 1) & (map->capacity - 1);
    return &map->entries[at];
}

void *map_get(const struct map *map, struct text key)
{
    return map->capacity ? find(map, key)->value : NULL;
}

static size_t most_at(size_t capacity)
{
    return capacity / 4 * 3;
}

bool map_reserve(struct map *map, size_t count)
{
    struct map old = *map;
    size_t capacity = old.capacity ? old.capacity : 32;
    while (most_at(capacity) < count)
        capacity *= 2;
    if (capacity == old.capacity)
        return true;
    struct map_entry *entries = ARENA_ARRAY(map->arena, struct map_entry, capacity);
    if (!entries)
        return false;
    map->entries = entries;
    map->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.entries[i].value)
            *find(map, old.entries[i].key) = old.entries[i];
    return true;
}

bool map_set(struct map *map, struct text key, void *value)
{
    if (!map_reserve(map, map->count + 1))
        return false;
    struct map_entry *entry = find(map, key);
    map->count += !entry->value;
    *entry = (struct map_entry){key, value};
    return true;
}
