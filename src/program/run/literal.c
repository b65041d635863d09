/* program/run/literal.c: from a text to its class.
 *
 * Texts that the policy names are in an open-addressing hash table; what all others are like is
 * found by an automaton, or is one class. Allocates nothing; relies on what the verifier checked:
 * a place of each table is free, and every step is inside its automaton. */
#include "program/run/mix.h"
#include "program/run/program.h"

uint32_t literal_hash(struct text text)
{
    return (uint32_t)mix_hash(text, 0);
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

/* Apart, so that a literal is found without the registers that this takes. */
static __attribute__((noinline)) int64_t
class_of_others(const struct tw_policy *policy, const struct image_variable *row, struct text text)
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
    uint32_t hash = (uint32_t)mix_hash(text, 0), mask = row->literal_capacity - 1;
    for (uint32_t at = hash & mask; table[at].text.offset != UINT32_MAX; at = (at + 1) & mask)
        if (table[at].hash == hash && table[at].text.length == text.length &&
            same_bytes(image_text(policy, table[at].text), text.data, text.length))
            return table[at].class;
    return class_of_others(policy, row, text);
}
