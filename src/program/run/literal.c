/* program/run/literal.c: from a text to its class.
 *
 * Texts that the policy names are in an open-addressing hash table; what all others are like is
 * found by an automaton, or is one class. Allocates nothing; relies on what the verifier checked:
 * a place of each table is free, and every step is inside its automaton. */
#include "program/run/program.h"

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

static inline uint32_t hash_of(struct text text)
{
    uint64_t state = MIX_1 ^ text.length, first = 0, last = 0;
    const char *data = text.data;
    size_t left = text.length;
    for (; left > 16; left -= 16, data += 16)
        state = multiply_mix(read_8(data) ^ MIX_2, read_8(data + 8) ^ state);
    if (left)
        read_ends(data, left, &first, &last);
    return (uint32_t)multiply_mix(first ^ MIX_3, last ^ state);
}

uint32_t literal_hash(struct text text)
{
    return hash_of(text);
}

/* Most texts are short: compared as two numbers, without a call. */
static inline bool same_bytes(const char *a, const char *b, size_t length)
{
    uint64_t first_a, last_a, first_b, last_b;
    if (length > 16)
        return memcmp(a, b, length) == 0;
    if (length == 0)
        return true;
    read_ends(a, length, &first_a, &last_a);
    read_ends(b, length, &first_b, &last_b);
    return ((first_a ^ first_b) | (last_a ^ last_b)) == 0;
}

static int64_t automaton_class(const struct tw_policy *policy,
                               const struct image_automaton *automaton, struct text text)
{
    const uint32_t *steps = policy->section_AUTOMATON_STEPS + automaton->step_first;
    uint32_t state = 0;
    for (size_t i = 0; i < text.length; i++)
        state = steps[(size_t)state * automaton->symbol_count +
                      automaton->symbols[(unsigned char)text.data[i]]];
    return policy->section_AUTOMATON_CLASSES[automaton->class_first + state];
}

static int64_t class_of_others(const struct tw_policy *policy, const struct image_variable *row,
                               struct text text)
{
    if (row->automaton_and_one == 0)
        return row->other_class;
    return automaton_class(policy, &policy->section_AUTOMATA[row->automaton_and_one - 1], text);
}

int64_t text_class(const struct tw_policy *policy, uint32_t variable, struct text text)
{
    const struct image_variable *row = &policy->section_VARIABLES[variable];
    if (row->literal_capacity == 0)
        return class_of_others(policy, row, text);
    const struct image_literal *table = policy->section_LITERALS + row->literal_first;
    uint32_t hash = hash_of(text), mask = row->literal_capacity - 1;
    for (uint32_t at = hash & mask; table[at].text.offset != UINT32_MAX; at = (at + 1) & mask)
        if (table[at].hash == hash && table[at].text.length == text.length &&
            same_bytes(image_text(policy, table[at].text), text.data, text.length))
            return table[at].class;
    return class_of_others(policy, row, text);
}
