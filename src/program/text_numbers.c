/* program/text_numbers.c: the numbers that stand for texts in a program.
 *
 * Where the classes of all texts are known, a text's number is its class. Where patterns are too
 * many for that, each text that a test names has a number of its own from 1, all others have 0, and
 * patterns are matched one by one. */
#include "program/lower.h"

/* The class of texts that no test names, where no pattern tells them apart. */
static uint32_t other_class(const struct variable_classes *variable)
{
    for (size_t class = 0; class < variable->sample_count; class ++)
        if (!map_get(&variable->text_places, variable->samples[class]))
            return (uint32_t) class;
    return 0;
}

static void number_by_class(struct lowered *lowered, const struct variable_classes *variable,
                            struct text_numbers *numbers)
{
    numbers->classes = variable->text_classes;
    numbers->class_count = variable->count - (variable->unset != UINT32_MAX);
    numbers->other = other_class(variable);
    if (variable->patterns.count == 0)
        return;
    numbers->automaton_and_one = add_automaton(lowered, variable);
    lowered->has_classes = numbers->automaton_and_one != 0;
}

static void number_each(struct lowered *lowered, const struct variable_classes *variable,
                        struct text_numbers *numbers)
{
    uint32_t *classes = ARENA_ARRAY(lowered->kept, uint32_t, variable->text_count + 1);
    if (!classes)
        lower_fail(lowered, TW_NO_MEMORY);
    for (uint32_t i = 0; classes && i < variable->text_count; i++)
        classes[i] = i + 1;
    *numbers = (struct text_numbers){.texts = variable->texts,
                                     .classes = classes,
                                     .count = variable->text_count,
                                     .class_count = (uint32_t)variable->text_count + 1};
}

void number_texts(struct lowered *lowered)
{
    const struct policy_tree *policy = lowered->policy;
    const struct variable_classes *variables = lowered->diagram.classes.variables;
    for (size_t i = 0; i < policy->variable_count && lowered->has_classes; i++) {
        lowered->texts[i].texts = variables[i].texts;
        lowered->texts[i].count = variables[i].text_count;
        if (policy->variables[i].type == TW_TYPE_STRING)
            number_by_class(lowered, &variables[i], &lowered->texts[i]);
    }
    for (size_t i = 0; i < policy->variable_count && !lowered->has_classes; i++)
        if (policy->variables[i].type == TW_TYPE_STRING)
            number_each(lowered, &variables[i], &lowered->texts[i]);
}
