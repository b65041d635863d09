/* program/run/key_index.h: finding a value's row among many keys in a fixed number of steps.
 *
 * Values between the ends of the keys fall into buckets of equal width, a power of two. What a
 * bucket knows is how many keys are below it; the few keys inside it are all compared. */
#ifndef TIERWAY_PROGRAM_KEY_INDEX_H
#define TIERWAY_PROGRAM_KEY_INDEX_H

#include "program/run/program.h"

/* The bucket of a value from `low` on. */
static inline uint64_t index_bucket(int64_t low, uint32_t shift, int64_t value)
{
    return ((uint64_t)value - (uint64_t)low) >> shift;
}

static inline struct ready_index ready_index(const struct tw_policy *policy,
                                             const struct image_index *index)
{
    return (struct ready_index){.keys = policy->section_CONSTANTS + index->key_first,
                                .buckets = policy->section_BUCKETS + index->bucket_first,
                                .low = index->low,
                                .high = index->high,
                                .shift = index->shift};
}

/* A value between the ends of the index: its row is that of the value itself. */
static inline int64_t index_clamp(const struct ready_index *index, int64_t value)
{
    int64_t bounded = value < index->high ? value : index->high;
    return bounded > index->low ? bounded : index->low;
}

/* How many keys are below the bucket of a clamped value. */
static inline uint32_t index_below(const struct ready_index *index, int64_t clamped)
{
    return index->buckets[index_bucket(index->low, index->shift, clamped)];
}

/* The row of a value: how many keys it is at least. */
static inline uint32_t index_row(const struct ready_index *index, int64_t value)
{
    int64_t clamped = index_clamp(index, value);
    uint32_t row = index_below(index, clamped);
    const int64_t *keys = index->keys + row;
    for (uint32_t i = 0; i < INDEX_PROBES; i++)
        row += keys[i] <= clamped;
    return row;
}

#endif
