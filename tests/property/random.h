/* tests/property/random.h: a small seeded source of random numbers (splitmix64), the same on every
 * machine, so that a seed names a test case for good. */
#ifndef TIERWAY_TESTS_RANDOM_H
#define TIERWAY_TESTS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* 0 to count - 1; count is over 0. */
static inline size_t random_below(struct random *random, size_t count)
{
    return (size_t)(random_next(random) % count);
}

static inline bool random_chance(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}

/* low to high, both included. */
static inline int64_t random_between(struct random *random, int64_t low, int64_t high)
{
    uint64_t width = (uint64_t)high - (uint64_t)low + 1;
    uint64_t offset = width ? random_next(random) % width : random_next(random);
    return (int64_t)((uint64_t)low + offset);
}

#endif
