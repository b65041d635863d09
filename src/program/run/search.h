/* program/run/search.h: searching keys without a branch that depends on the value. */
#ifndef TIERWAY_PROGRAM_SEARCH_H
#define TIERWAY_PROGRAM_SEARCH_H

#include <stddef.h>
#include <stdint.h>

/* `upper` where the key is at most the value, else `base`: one conditional move. Compilers see a
 * load behind it and prefer a branch, which real requests make them mispredict. */
static inline const int64_t *move_if_at_most(int64_t key, int64_t value, const int64_t *upper,
                                             const int64_t *base)
{
#if defined(__x86_64__)
    __asm__("cmpq %[key], %[value]\n\tcmovgeq %[upper], %[base]"
            : [base] "+r"(base)
            : [key] "r"(key), [value] "r"(value), [upper] "r"(upper)
            : "cc");
    return base;
#else
    return key <= value ? upper : base;
#endif
}

/* The lesser of two, likewise. */
static inline uint64_t lesser(uint64_t a, uint64_t b)
{
#if defined(__x86_64__)
    __asm__("cmpq %[b], %[a]\n\tcmovaq %[b], %[a]" : [a] "+r"(a) : [b] "r"(b) : "cc");
    return a;
#else
    return a < b ? a : b;
#endif
}

/* The share where the value is above the threshold, else 0; likewise. */
static inline int64_t share_above(int64_t value, int64_t threshold, int64_t share)
{
#if defined(__x86_64__)
    __asm__("cmpq %[threshold], %[value]\n\tcmovleq %[zero], %[share]"
            : [share] "+r"(share)
            : [threshold] "rm"(threshold), [value] "r"(value), [zero] "r"((int64_t)0)
            : "cc");
    return share;
#else
    return share & -(int64_t)(value > threshold);
#endif
}

/* How many of `count` ascending keys the value is at least; count > 0. The number of turns depends
 * on the count alone. */
static inline uint32_t keys_at_most(const int64_t *keys, size_t count, int64_t value)
{
    const int64_t *base = keys;
    for (size_t half; (half = count / 2) > 0; count -= half)
        base = move_if_at_most(base[half - 1], value, base + half, base);
    return (uint32_t)(base - keys) + (*base <= value);
}

#endif
