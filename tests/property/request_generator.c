/* tests/property/request_generator.c: random requests, likely to stand at a policy's boundaries. */
#include "policy_generator.h"

#include <string.h>

static bool add_value(struct boundaries *boundaries, struct arena *arena, uint32_t variable,
                      __int128 value)
{
    const struct variable *row = &boundaries->policy->variables[variable];
    if (value < row->low || value > row->high)
        return true;
    int64_t *values =
        arena_grow(arena, boundaries->values[variable], boundaries->value_counts[variable],
                   &boundaries->value_capacities[variable], sizeof *values);
    if (!values)
        return false;
    boundaries->values[variable] = values;
    values[boundaries->value_counts[variable]++] = (int64_t)value;
    return true;
}

static bool add_text(struct boundaries *boundaries, struct arena *arena, uint32_t variable,
                     struct text text)
{
    struct text *texts =
        arena_grow(arena, boundaries->texts[variable], boundaries->text_counts[variable],
                   &boundaries->text_capacities[variable], sizeof *texts);
    if (!texts)
        return false;
    boundaries->texts[variable] = texts;
    texts[boundaries->text_counts[variable]++] = text;
    return true;
}

/* A value of the attribute as one of its variable's: some day for a time, the amount for a share.
 */
static __int128 variable_value(const struct attribute *attribute, int64_t value)
{
    switch (attribute->projection) {
    case PROJECT_WHOLE:
    case PROJECT_INTERACTIVE:
    case PROJECT_NOW:
        return value;
    case PROJECT_TIME:
        return (__int128)value + (value % 7) * SECONDS_PER_DAY;
    case PROJECT_HOUR:
        return (__int128)value * 3600 + (value % 7) * SECONDS_PER_DAY;
    case PROJECT_WEEKDAY:
        return (__int128)value * SECONDS_PER_DAY;
    case PROJECT_LEFT:
        return (__int128)attribute->budget->limit - value;
    case PROJECT_USED:
        return (__int128)attribute->budget->limit * value / PERCENT_ALL;
    }
    return value;
}

static bool add_around(struct boundaries *boundaries, struct arena *arena, uint32_t variable,
                       __int128 value)
{
    return add_value(boundaries, arena, variable, value - 1) &&
           add_value(boundaries, arena, variable, value) &&
           add_value(boundaries, arena, variable, value + 1);
}

static bool add_item(struct boundaries *boundaries, struct arena *arena,
                     const struct attribute *attribute, const struct item *item)
{
    uint32_t variable = attribute->variable;
    if (attribute->type == TW_TYPE_STRING)
        return add_text(boundaries, arena, variable, item->text);
    if (attribute->type != TW_TYPE_NOW)
        return add_around(boundaries, arena, variable, variable_value(attribute, item->low)) &&
               add_around(boundaries, arena, variable, variable_value(attribute, item->high));
    for (int64_t day = item->low; day <= item->low + 1; day++)
        if (!add_around(boundaries, arena, variable, day % 7 * SECONDS_PER_DAY + item->from) ||
            !add_around(boundaries, arena, variable, day % 7 * SECONDS_PER_DAY + item->to))
            return false;
    return true;
}

static bool add_condition(struct boundaries *boundaries, struct arena *arena,
                          const struct condition *condition)
{
    for (const struct condition *part = condition_parts(condition); part; part = part->next)
        if (!add_condition(boundaries, arena, part))
            return false;
    for (size_t i = 0; i < condition->item_count; i++)
        if (!add_item(boundaries, arena, condition->attribute, &condition->items[i]))
            return false;
    return true;
}

static bool add_domain(struct boundaries *boundaries, struct arena *arena, uint32_t variable)
{
    const struct variable *row = &boundaries->policy->variables[variable];
    return add_around(boundaries, arena, variable, row->low) &&
           add_around(boundaries, arena, variable, row->high) &&
           add_value(boundaries, arena, variable, row->initial);
}

bool boundaries_find(struct boundaries *boundaries, struct arena *arena, struct policy_tree *policy)
{
    size_t count = policy->variable_count;
    *boundaries = (struct boundaries){.policy = policy,
                                      .values = ARENA_ARRAY(arena, int64_t *, count),
                                      .texts = ARENA_ARRAY(arena, struct text *, count),
                                      .value_counts = ARENA_ARRAY(arena, size_t, count),
                                      .text_counts = ARENA_ARRAY(arena, size_t, count),
                                      .value_capacities = ARENA_ARRAY(arena, size_t, count),
                                      .text_capacities = ARENA_ARRAY(arena, size_t, count)};
    if (arena->failed)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!add_domain(boundaries, arena, i))
            return false;
    for (const struct statement *at = policy->statements; at; at = at->next)
        if (at->condition && !add_condition(boundaries, arena, at->condition))
            return false;
    return true;
}

/* A text that a pattern may match, or just not: its wild cards become something. */
static struct text vary(struct random *random, struct arena *arena, struct text from)
{
    static const char *const fillings[] = {"", "a", "日", "ab", "*", "é-mini"};
    struct text text = {"", 0};
    for (size_t i = 0; i < from.length; i++) {
        bool wild = from.data[i] == '*' || from.data[i] == '?';
        const char *filling =
            wild || random_chance(random, 3) ? fillings[random_below(random, 6)] : NULL;
        struct text piece = filling ? text_of(filling) : (struct text){from.data + i, 1};
        text = arena_format(arena, "%.*s%.*s", (int)text.length, text.data, (int)piece.length,
                            piece.data);
    }
    return text;
}

static struct text draw_text(const struct boundaries *boundaries, struct random *random,
                             struct arena *arena, uint32_t variable)
{
    static const char *const common[] = {"", "a", "ab", "gpt-4o", "日", "naïve"};
    size_t known = boundaries->text_counts[variable];
    if (known == 0 || random_chance(random, 15))
        return text_of(common[random_below(random, 6)]);
    struct text text = boundaries->texts[variable][random_below(random, known)];
    return random_chance(random, 40) ? text : vary(random, arena, text);
}

static int64_t draw_value(const struct boundaries *boundaries, struct random *random,
                          uint32_t variable)
{
    const struct variable *row = &boundaries->policy->variables[variable];
    if (random_chance(random, 20))
        return random_between(random, row->low, row->high);
    return boundaries->values[variable][random_below(random, boundaries->value_counts[variable])];
}

void valuation_generate(const struct boundaries *boundaries, struct random *random,
                        struct arena *arena, int64_t *values, struct text *texts)
{
    const struct policy_tree *policy = boundaries->policy;
    for (uint32_t i = 0; i < policy->variable_count; i++) {
        const struct variable *row = &policy->variables[i];
        bool unset = row->can_be_unset && random_chance(random, 25);
        texts[i] = (struct text){"", 0};
        values[i] = unset ? VALUE_UNSET : 0;
        if (!unset && row->type == TW_TYPE_STRING)
            texts[i] = draw_text(boundaries, random, arena, i);
        else if (!unset)
            values[i] = draw_value(boundaries, random, i);
    }
}
