/* gateway/stand_in_numbers.c: numbers that look random and follow from the seed. Pure functions;
 * nothing can fail. */
#include "gateway/stand_in_internal.h"

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t scramble(uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

uint64_t numbers_mix(uint64_t seed, uint64_t a, uint64_t b)
{
    return scramble(scramble(scramble(seed) ^ a) ^ b);
}

bool numbers_draw(uint64_t seed, uint64_t ordinal, uint64_t purpose, uint32_t share)
{
    return numbers_mix(seed, ordinal, purpose) % SHARE_ALL < share;
}

void numbers_name(char *name, size_t digits, uint64_t seed, uint64_t a, uint64_t purpose)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < digits; i++, bits >>= 4) {
        if (i % 16 == 0)
            bits = numbers_mix(seed, a, purpose + i);
        name[i] = "0123456789abcdef"[bits & 15];
    }
    name[digits] = '\0';
}
