/* program/run/search.h: searching keys without a branch that depends on the value. */
#ifndef TIERWAY_PROGRAM_SEARCH_H
#define TIERWAY_PROGRAM_SEARCH_H

#include <stdint.h>

/* How many of `count` ascending keys the value is at least; count > 0. The number of turns depends
 * on the count alone, and what a turn moves is a mask, which no compiler makes a branch of. */
static inline uint32_t keys_at_most(const int64_t *keys, uint32_t count, int64_t value)
{
    const int64_t *base = keys;
    while (count > 1) {
        uint32_t half = count / 2;
        base += half & (0u - (uint32_t)(base[half - 1] <= value));
        count -= half;
    }
    return (uint32_t)(base - keys) + (*base <= value);
}

#endif
