/* program/lower_index.c: an index for keys, see run/key_index.h.
 *
 * Buckets as wide as can be with no more keys in one than are looked at in one go. Keys of which
 * many lie close together and others far away have no index: it would take too many buckets. */
#include "program/lower.h"
#include "program/run/key_index.h"

#include <string.h>

enum { BUCKETS_PER_KEY = 16, BUCKETS_AT_LEAST = 1024 };

/* The keys, and behind them what ends a look. */
static uint32_t write_keys(struct lowered *lowered, const int64_t *keys, size_t count)
{
    uint32_t first;
    int64_t *room = writer_room(&lowered->writer, SECTION_CONSTANTS, count + INDEX_PROBES, &first);
    if (!room)
        return 0;
    memcpy(room, keys, count * sizeof *keys);
    for (size_t i = 0; i < INDEX_PROBES; i++)
        room[count + i] = INT64_MAX;
    return first;
}

static uint64_t bucket_of(const struct image_index *index, int64_t key)
{
    return index_bucket(index->low, index->shift, key);
}

/* No bucket with more keys than are looked at? */
static bool fits(const struct image_index *index, const int64_t *keys)
{
    if (bucket_of(index, index->high) >=
        (uint64_t)index->key_count * BUCKETS_PER_KEY + BUCKETS_AT_LEAST)
        return false;
    for (uint32_t i = INDEX_PROBES; i < index->key_count; i++)
        if (bucket_of(index, keys[i]) == bucket_of(index, keys[i - INDEX_PROBES]))
            return false;
    return true;
}

static void write_buckets(struct lowered *lowered, struct image_index *index, const int64_t *keys)
{
    uint64_t count = bucket_of(index, index->high) + 1;
    uint16_t *buckets = writer_room(&lowered->writer, SECTION_BUCKETS, count, &index->bucket_first);
    uint32_t row = 0;
    for (uint64_t bucket = 0; buckets && bucket < count; bucket++) {
        buckets[bucket] = (uint16_t)row;
        while (row < index->key_count && bucket_of(index, keys[row]) == bucket)
            row++;
    }
}

bool make_index(struct lowered *lowered, const int64_t *keys, size_t count,
                struct image_index *index)
{
    *index = (struct image_index){
        .low = keys[0] - 1, .high = keys[count - 1], .key_count = (uint32_t)count, .shift = 63};
    if (count > UINT16_MAX || index->high == INT64_MAX)
        return false;
    while (index->shift > 0 && !fits(index, keys))
        index->shift--;
    if (!fits(index, keys))
        return false;
    index->key_first = write_keys(lowered, keys, count);
    write_buckets(lowered, index, keys);
    return true;
}
