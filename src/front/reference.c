/* front/reference.c: see reference.h. Allocates nothing.
 *
 * Truth is Kleene's: a test of an unset attribute is unknown, `not` leaves it unknown, and only
 * what is true decides. That is the language's rule (a test of what is not set does not hold, and
 * neither does its negation) in another form than the compiler's, which pushes `not` down. */
#include "front/reference.h"

static enum truth truth_of(bool holds)
{
    return holds ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth truth_not(enum truth truth)
{
    static const enum truth opposite[] = {TRUTH_TRUE, TRUTH_FALSE, TRUTH_UNKNOWN};
    return opposite[truth];
}

static bool compare(__int128 left, enum comparison comparison, __int128 right)
{
    switch (comparison) {
    case COMPARE_EQUAL:
        return left == right;
    case COMPARE_NOT_EQUAL:
        return left != right;
    case COMPARE_LESS:
        return left < right;
    case COMPARE_LESS_EQUAL:
        return left <= right;
    case COMPARE_GREATER:
        return left > right;
    case COMPARE_GREATER_EQUAL:
        return left >= right;
    }
    return false;
}

/* What is compared, and what with: a budget's share is compared crosswise, spent * 100 % against
 * value * limit, so that nothing is rounded. */
static __int128 left_side(const struct attribute *attribute, int64_t value)
{
    return attribute->projection == PROJECT_USED   ? (__int128)value * PERCENT_ALL
           : attribute->projection == PROJECT_LEFT ? (__int128)attribute->budget->limit - value
                                                   : attribute_view(attribute, value);
}

static __int128 right_side(const struct attribute *attribute, int64_t constant)
{
    return attribute->projection == PROJECT_USED ? (__int128)constant * attribute->budget->limit
                                                 : constant;
}

static bool in_round(int64_t value, int64_t low, int64_t high)
{
    return low <= high ? value >= low && value <= high : value >= low || value <= high;
}

static bool in_day(int64_t second, int64_t from, int64_t to)
{
    return from < to ? second >= from && second < to : second >= from || second < to;
}

/* A window over midnight belongs to the day on which it starts. */
static bool in_schedule(int64_t moment, const struct item *item)
{
    int64_t day = moment / SECONDS_PER_DAY, second = moment % SECONDS_PER_DAY;
    if (item->from >= item->to && second < item->to)
        day = (day + 6) % 7;
    return in_day(second, item->from, item->to) && in_round(day, item->low, item->high);
}

static bool in_item(const struct attribute *attribute, int64_t value, const struct item *item)
{
    if (attribute->type == TW_TYPE_NOW)
        return in_schedule(value, item);
    if (attribute->type == TW_TYPE_TIME && item->range)
        return in_day(attribute_view(attribute, value), item->low, item->high);
    if (attribute_wraps(attribute))
        return in_round(attribute_view(attribute, value), item->low, item->high);
    __int128 left = left_side(attribute, value);
    return left >= right_side(attribute, item->low) && left <= right_side(attribute, item->high);
}

static bool test_numbers(const struct condition *condition, int64_t value)
{
    if (condition->kind == CONDITION_COMPARE)
        return compare(left_side(condition->attribute, value), condition->comparison,
                       right_side(condition->attribute, condition->items[0].low));
    for (size_t i = 0; i < condition->item_count; i++)
        if (in_item(condition->attribute, value, &condition->items[i]))
            return true;
    return false;
}

static bool test_texts(const struct condition *condition, struct text text)
{
    if (condition->kind == CONDITION_LIKE)
        return glob_matches(condition->items[0].text, text);
    bool found = false;
    for (size_t i = 0; i < condition->item_count; i++)
        found = found || text_equal(condition->items[i].text, text);
    return condition->kind == CONDITION_COMPARE && condition->comparison == COMPARE_NOT_EQUAL
               ? !found
               : found;
}

static enum truth test(const struct condition *condition, const struct valuation *valuation)
{
    const struct attribute *attribute = condition->attribute;
    int64_t value = valuation->values[attribute->variable];
    if (condition->kind == CONDITION_IS_SET)
        return truth_of((value != VALUE_UNSET) != condition->negated);
    if (value == VALUE_UNSET)
        return TRUTH_UNKNOWN;
    if (condition->kind == CONDITION_NAME)
        return truth_of(attribute_view(attribute, value) != 0);
    bool holds = attribute->type == TW_TYPE_STRING
                     ? test_texts(condition, valuation->texts[attribute->variable])
                     : test_numbers(condition, value);
    return truth_of(holds != condition->negated);
}

enum truth reference_condition(const struct policy_tree *policy, const struct condition *condition,
                               const struct valuation *valuation)
{
    if (condition->named)
        return reference_condition(policy, condition->named->condition, valuation);
    if (condition->kind == CONDITION_NOT)
        return truth_not(reference_condition(policy, condition->children, valuation));
    if (condition->kind != CONDITION_AND && condition->kind != CONDITION_OR)
        return test(condition, valuation);
    /* `and` ends at the first false, `or` at the first true; an unknown on the way remains. */
    enum truth last = condition->kind == CONDITION_AND ? TRUTH_FALSE : TRUTH_TRUE;
    enum truth result = truth_not(last);
    for (const struct condition *child = condition->children; child; child = child->next) {
        enum truth truth = reference_condition(policy, child, valuation);
        if (truth == last)
            return last;
        if (truth == TRUTH_UNKNOWN)
            result = TRUTH_UNKNOWN;
    }
    return result;
}

size_t reference_decide(const struct policy_tree *policy, const struct valuation *valuation)
{
    size_t rule = 0;
    while (rule < policy->rule_count &&
           reference_condition(policy, policy->rules[rule]->condition, valuation) != TRUTH_TRUE)
        rule++;
    return rule;
}
