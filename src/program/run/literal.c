/* program/run/literal.c: from a text to its class.
 *
 * Texts that the policy names are in an open-addressing hash table; what all others are like is
 * found by an automaton, or is one class. Allocates nothing; relies on what the verifier checked:
 * a place of each table is free, and every step is inside its automaton. */
#include "program/run/literal.h"

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

int64_t text_class(const struct tw_policy *policy, uint32_t variable, struct text text)
{
    const struct image_variable *row = &policy->section_VARIABLES[variable];
    const struct image_literal *literal = literal_find(policy, row, text);
    if (literal)
        return literal->class;
    if (row->automaton_and_one == 0)
        return row->other_class;
    return automaton_class(policy, &policy->section_AUTOMATA[row->automaton_and_one - 1], text);
}
