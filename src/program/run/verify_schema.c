/* program/run/verify_schema.c: what requests and descriptions rely on: texts, variables with their
 * literals and automata, attributes, budgets. See verify.c. */
#include "program/run/verify.h"

bool string_good(const struct tw_policy *policy, struct image_string string)
{
    return string.offset < policy->count_STRINGS &&
           string.length < policy->count_STRINGS - string.offset &&
           policy->section_STRINGS[string.offset + string.length] == '\0';
}

static bool strings_good(const struct tw_policy *policy, const struct image_string *strings,
                         uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!string_good(policy, strings[i]))
            return false;
    return true;
}

/* A search in the table ends only if a place is free. */
static bool literals_good(struct checker *checker, const struct image_variable *variable)
{
    const struct tw_policy *policy = checker->policy;
    uint32_t capacity = variable->literal_capacity, used = 0;
    if (capacity == 0)
        return variable->literal_count == 0;
    if ((capacity & (capacity - 1)) != 0 ||
        !range_good(variable->literal_first, capacity, policy->count_LITERALS) ||
        !spend(checker, capacity))
        return false;
    const struct image_literal *literals = policy->section_LITERALS + variable->literal_first;
    for (uint32_t i = 0; i < capacity; i++) {
        if (literals[i].text.offset == UINT32_MAX)
            continue;
        used++;
        if (literals[i].class >= variable->class_count || !string_good(policy, literals[i].text))
            return false;
    }
    return used == variable->literal_count && used < capacity;
}

static bool all_below(const uint32_t *numbers, uint64_t count, uint32_t bound)
{
    for (uint64_t i = 0; i < count; i++)
        if (numbers[i] >= bound)
            return false;
    return true;
}

/* Every step leads to a state, every state has a class of the variable. */
static bool automaton_good(struct checker *checker, const struct image_variable *variable)
{
    const struct tw_policy *policy = checker->policy;
    if (variable->automaton_and_one == 0)
        return true;
    if (variable->automaton_and_one > policy->count_AUTOMATA)
        return false;
    const struct image_automaton *automaton =
        &policy->section_AUTOMATA[variable->automaton_and_one - 1];
    uint64_t states = automaton->state_count, steps = states * automaton->symbol_count;
    if (states == 0 || !range_good(automaton->step_first, steps, policy->count_AUTOMATON_STEPS) ||
        !range_good(automaton->class_first, states, policy->count_AUTOMATON_CLASSES) ||
        !spend(checker, states + steps))
        return false;
    for (size_t byte = 0; byte < sizeof automaton->symbols; byte++)
        if (automaton->symbols[byte] >= automaton->symbol_count)
            return false;
    return all_below(policy->section_AUTOMATON_STEPS + automaton->step_first, steps,
                     automaton->state_count) &&
           all_below(policy->section_AUTOMATON_CLASSES + automaton->class_first, states,
                     variable->class_count);
}

/* Strings are held by their class, which all ways to one stay below. */
static bool classes_good(struct checker *checker, const struct image_variable *variable)
{
    if (variable->type != TW_TYPE_STRING)
        return variable->literal_capacity == 0 && variable->literal_count == 0 &&
               variable->class_count == 0 && variable->other_class == 0 &&
               variable->automaton_and_one == 0;
    return variable->other_class < variable->class_count && literals_good(checker, variable) &&
           automaton_good(checker, variable);
}

static bool variable_good(struct checker *checker, const struct image_variable *variable)
{
    bool initial = variable->can_be_unset || variable->type == TW_TYPE_STRING ||
                   (variable->initial >= variable->low && variable->initial <= variable->high);
    return variable->type <= TW_TYPE_NOW && variable->low > VALUE_UNSET &&
           variable->low <= variable->high && initial &&
           string_good(checker->policy, variable->initial_text) && classes_good(checker, variable);
}

/* Which projections may look at a variable of which type: request_set and request_print rely on it.
 */
static bool projection_good(const struct tw_policy *policy, const struct image_attribute *attribute)
{
    static const enum tw_type types[] = {
        [PROJECT_INTERACTIVE] = TW_TYPE_BOOL, [PROJECT_TIME] = TW_TYPE_TIME,
        [PROJECT_HOUR] = TW_TYPE_INT,         [PROJECT_WEEKDAY] = TW_TYPE_WEEKDAY,
        [PROJECT_NOW] = TW_TYPE_NOW,          [PROJECT_LEFT] = TW_TYPE_MONEY,
        [PROJECT_USED] = TW_TYPE_PERCENT,
    };
    const struct image_variable *variable = &policy->section_VARIABLES[attribute->variable];
    if (attribute->projection == PROJECT_WHOLE)
        return attribute->type == variable->type && attribute->type != TW_TYPE_NOW;
    if (attribute->type != types[attribute->projection])
        return false;
    if (attribute->projection == PROJECT_INTERACTIVE)
        return attribute->variable == VARIABLE_REQUEST_TYPE;
    if (attribute->projection == PROJECT_LEFT || attribute->projection == PROJECT_USED)
        return variable->type == TW_TYPE_MONEY && variable->low == 0 && !variable->can_be_unset &&
               attribute->budget_and_one != 0;
    return attribute->variable == VARIABLE_CLOCK;
}

static bool words_good(const struct tw_policy *policy, const struct image_attribute *attribute)
{
    const struct image_variable *variable = &policy->section_VARIABLES[attribute->variable];
    if (!range_good(attribute->word_first, attribute->word_count, policy->count_WORDS))
        return false;
    if (attribute->type != TW_TYPE_ENUM && attribute->type != TW_TYPE_TIER)
        return attribute->word_count == 0;
    return variable->low == 0 && attribute->word_count > 0 &&
           variable->high == (int64_t)attribute->word_count - 1 &&
           (attribute->type != TW_TYPE_TIER || attribute->word_count == policy->count_TIERS);
}

static bool attribute_good(const struct tw_policy *policy, const struct image_attribute *attribute)
{
    return string_good(policy, attribute->name) && attribute->name.length > 0 &&
           string_good(policy, attribute->source) &&
           attribute->variable < policy->count_VARIABLES && attribute->type <= TW_TYPE_NOW &&
           attribute->projection <= PROJECT_USED && attribute->from <= TW_FROM_HEALTH &&
           attribute->budget_and_one <= policy->count_BUDGETS &&
           (attribute->has_default != 0) !=
               (policy->section_VARIABLES[attribute->variable].can_be_unset != 0) &&
           words_good(policy, attribute) && projection_good(policy, attribute);
}

/* The clock and the request type have places of their own, which requests rely on. */
static bool builtins_good(const struct tw_policy *policy)
{
    const struct image_variable *variables = policy->section_VARIABLES;
    return policy->count_VARIABLES >= VARIABLE_BUILTIN_COUNT &&
           policy->count_ATTRIBUTES >= VARIABLE_BUILTIN_COUNT &&
           variables[VARIABLE_CLOCK].type == TW_TYPE_NOW && variables[VARIABLE_CLOCK].low == 0 &&
           variables[VARIABLE_CLOCK].high == SECONDS_PER_WEEK - 1 &&
           !variables[VARIABLE_CLOCK].can_be_unset &&
           variables[VARIABLE_DATE].type == TW_TYPE_DATE &&
           !variables[VARIABLE_DATE].can_be_unset &&
           variables[VARIABLE_REQUEST_TYPE].type == TW_TYPE_ENUM &&
           variables[VARIABLE_REQUEST_TYPE].high == REQUEST_TYPE_BACKGROUND &&
           !variables[VARIABLE_REQUEST_TYPE].can_be_unset &&
           variables[VARIABLE_USER].type == TW_TYPE_STRING &&
           variables[VARIABLE_SAMPLE].type == TW_TYPE_PERCENT;
}

enum tw_status verify_schema(struct checker *checker, struct tw_error *error)
{
    const struct tw_policy *policy = checker->policy;
    if (policy->count_INFO != 1 || policy->count_TIERS == 0)
        return DAMAGED("no info, or no tiers");
    const struct image_info *info = policy->section_INFO;
    if (info->plan >= PLAN_COUNT)
        return DAMAGED("plan %u", info->plan);
    if (!string_good(policy, info->name) || !string_good(policy, info->timezone) ||
        !string_good(policy, info->provider) ||
        !strings_good(policy, policy->section_TIERS, policy->count_TIERS) ||
        !strings_good(policy, policy->section_WORDS, policy->count_WORDS) ||
        !strings_good(policy, policy->section_PATTERNS, policy->count_PATTERNS))
        return DAMAGED("a string is out of range");
    for (uint32_t i = 0; i < policy->count_VARIABLES; i++)
        if (!variable_good(checker, &policy->section_VARIABLES[i]))
            return DAMAGED("variable %u", i);
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (!attribute_good(policy, &policy->section_ATTRIBUTES[i]))
            return DAMAGED("attribute %u", i);
    for (uint32_t i = 0; i < policy->count_BUDGETS; i++) {
        const struct image_budget *budget = &policy->section_BUDGETS[i];
        if (!string_good(policy, budget->name) || !string_good(policy, budget->window) ||
            budget->limit <= 0 || budget->by_and_one > policy->count_ATTRIBUTES)
            return DAMAGED("budget %u", i);
    }
    return builtins_good(policy) ? TW_OK : DAMAGED("the built-in attributes are not in place");
}
