/* author/condition_values.c: see condition_internal.h. Sets of values, or of all but some. */
#include "author/condition_internal.h"

bool condition_gather(struct writing *writing, const struct chosen *chosen, enum mark mark,
                      struct interval_set *set)
{
    const struct variable_classes *classes = chosen->classes;
    set->items = ARENA_ARRAY(writing->built->arena, struct interval, classes->run_count + 1);
    set->count = 0;
    for (size_t i = 0; set->items && i < classes->run_count; i++) {
        const struct class_run *run = &classes->runs[i];
        if (run->class != classes->unset && chosen->marks[run->class] == mark)
            set->items[set->count++] = (struct interval){run->low, run->high};
    }
    if (set->items)
        interval_set_normalize(set);
    else
        writing->out->status = TW_NO_MEMORY;
    return set->items != NULL;
}

static bool has_words(const struct chosen *chosen)
{
    return chosen->about->type == TW_TYPE_ENUM || chosen->about->type == TW_TYPE_TIER ||
           chosen->about->type == TW_TYPE_WEEKDAY;
}

static void write_value(struct writing *writing, const struct chosen *chosen, int64_t value)
{
    const struct attribute *attribute = policy_whole_attribute(
        writing->built->policy, (uint32_t)(chosen->about - writing->built->policy->variables));
    if (attribute && attribute->word_count)
        buffer_text(writing->out, attribute->words[value]);
    else
        value_print(writing->out, chosen->about->type, value);
}

/* One item of `in {...}`: a range, or each value where there are no ranges. */
static void write_item(struct writing *writing, const struct chosen *chosen,
                       struct interval interval)
{
    if (has_words(chosen)) {
        for (int64_t value = interval.low; value <= interval.high; value++) {
            buffer_string(writing->out, value > interval.low ? ", " : "");
            write_value(writing, chosen, value);
        }
        return;
    }
    write_value(writing, chosen, interval.low);
    if (interval.low == interval.high && chosen->about->type != TW_TYPE_TIME)
        return;
    buffer_string(writing->out, "..");
    /* A range of times of day ends before its second time. */
    write_value(writing, chosen, interval.high + (chosen->about->type == TW_TYPE_TIME));
}

/* How many items a set has between its braces. */
static uint64_t item_count(const struct chosen *chosen, struct interval_set set)
{
    uint64_t count = set.count;
    for (size_t i = 0; has_words(chosen) && i < set.count; i++)
        count += (uint64_t)(set.items[i].high - set.items[i].low);
    return count;
}

static void write_comparison(struct writing *writing, const char *comparison,
                             const struct chosen *chosen, int64_t value)
{
    buffer_format(writing->out, "%.*s %s ", TEXT_ARGUMENTS(chosen->name), comparison);
    write_value(writing, chosen, value);
}

static void write_set(struct writing *writing, const struct chosen *chosen, bool negated,
                      struct interval_set set)
{
    bool braces = item_count(chosen, set) > 1 || set.count > 1;
    buffer_format(writing->out, "%.*s %s%s", TEXT_ARGUMENTS(chosen->name),
                  negated ? "not in " : "in ", braces ? "{" : "");
    for (size_t i = 0; i < set.count; i++) {
        buffer_string(writing->out, i ? ", " : "");
        write_item(writing, chosen, set.items[i]);
    }
    buffer_string(writing->out, braces ? "}" : "");
}

void condition_write_values(struct writing *writing, const struct chosen *chosen,
                            struct interval_set set, struct interval_set others)
{
    const struct variable *about = chosen->about;
    bool negated = others.count && item_count(chosen, others) < item_count(chosen, set);
    struct interval_set shown = negated ? others : set;
    struct interval only = shown.items[0];
    if (about->type == TW_TYPE_BOOL)
        buffer_format(writing->out, "%s%.*s", set.items[0].low == 1 ? "" : "not ",
                      TEXT_ARGUMENTS(chosen->name));
    else if (shown.count == 1 && only.low == only.high)
        write_comparison(writing, negated ? "!=" : "==", chosen, only.low);
    else if (shown.count == 1 && !negated && !has_words(chosen) && only.high == about->high)
        write_comparison(writing, ">=", chosen, only.low);
    else if (shown.count == 1 && !negated && !has_words(chosen) && only.low == about->low)
        write_comparison(writing, "<=", chosen, only.high);
    else
        write_set(writing, chosen, negated, shown);
}
