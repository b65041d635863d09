/* program/run/mix.h: a fast hash of bytes, eight at a time, by multiplication. After the idea of
 * wyhash: the two halves of a product of 64-bit numbers, put together, depend on every bit. */
#ifndef TIERWAY_PROGRAM_MIX_H
#define TIERWAY_PROGRAM_MIX_H

#include "base/text.h"

#include <string.h>

static inline uint64_t read_8(const char *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t read_4(const char *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* The upper half of a product depends on all bits of both factors, the lower half keeps the rest.
 */
static inline uint64_t multiply_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Digits of pi, the last one odd. */
#define MIX_1 0x243f6a8885a308d3u
#define MIX_2 0x13198a2e03707345u
#define MIX_3 0xa4093822299f31d1u

/* The first and last bytes as two numbers; they overlap unless there are 16. length: 1 to 16 */
static inline void read_ends(const char *data, size_t length, uint64_t *first, uint64_t *last)
{
    if (length >= 8) {
        *first = read_8(data);
        *last = read_8(data + length - 8);
    } else if (length >= 4) {
        *first = read_4(data);
        *last = read_4(data + length - 4);
    } else {
        *first = (uint64_t)(unsigned char)data[0] << 8 | (unsigned char)data[length / 2];
        *last = (unsigned char)data[length - 1];
    }
}

/* The hash of image checksums and literal tables: a part of the format, the same on every machine.
 * Sixteen bytes a turn, the last one to sixteen at the end. */
static inline uint64_t mix_hash(struct text text, uint64_t seed)
{
    uint64_t state = MIX_1 ^ seed ^ text.length, first = 0, last = 0;
    const char *data = text.data;
    size_t left = text.length;
    for (; left > 16; left -= 16, data += 16)
        state = multiply_mix(read_8(data) ^ MIX_2, read_8(data + 8) ^ state);
    if (left)
        read_ends(data, left, &first, &last);
    return multiply_mix(first ^ MIX_3, last ^ state);
}

#endif
