/* author/lint_conditions.c: conditions that likely do not mean what they seem to.
 *
 * Walks each condition as written. Recursion is bounded by the parser's MAX_NESTING. */
#include "author/lint.h"

struct walk {
    struct front *front;
    const struct condition *whole; /* the rule's condition */
};

static bool is_negated_test(const struct condition *condition, bool inside_not)
{
    bool negated = condition->negated || (condition->kind == CONDITION_COMPARE &&
                                          condition->comparison == COMPARE_NOT_EQUAL);
    return negated != inside_not;
}

/* Is there an `X is set` or `X is not set` anywhere in the condition? Then its author thought of
 * it. */
static bool mentions_set(const struct condition *condition, const struct attribute *attribute)
{
    if (condition->named)
        return mentions_set(condition->named->condition, attribute);
    if (condition->kind == CONDITION_IS_SET)
        return condition->attribute == attribute;
    for (const struct condition *part = condition_parts(condition); part; part = part->next)
        if (mentions_set(part, attribute))
            return true;
    return false;
}

static void report_negated(struct walk *walk, const struct condition *test)
{
    struct text name = test->attribute->name;
    finding_help(&walk->front->findings,
                 finding_add(&walk->front->findings, FINDING_NEGATED_UNSET, test->span,
                             "where `%.*s` is not set, this does not hold either",
                             TEXT_ARGUMENTS(name)),
                 "add `%.*s is set and`, or `%.*s is not set or`, to say what is meant",
                 TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(name));
}

static void find_negated(struct walk *walk, const struct condition *condition, bool inside_not)
{
    if (condition->named)
        return; /* looked at where the name is defined */
    if (condition->kind == CONDITION_NOT)
        inside_not = !inside_not;
    for (const struct condition *part = condition_parts(condition); part; part = part->next)
        find_negated(walk, part, inside_not);
    if (condition->attribute && condition->kind != CONDITION_IS_SET &&
        attribute_can_be_unset(&walk->front->policy, condition->attribute) &&
        is_negated_test(condition, inside_not) && !mentions_set(walk->whole, condition->attribute))
        report_negated(walk, condition);
}

static const struct condition *bare(const struct condition *condition)
{
    while (condition->named)
        condition = condition->named->condition;
    return condition;
}

static bool tests_weekday(const struct condition *condition)
{
    return condition->attribute && condition->attribute->projection == PROJECT_WEEKDAY &&
           condition->attribute->from == TW_FROM_CLOCK;
}

static bool tests_overnight(const struct condition *condition)
{
    const struct attribute *attribute = condition->attribute;
    if (!attribute || attribute->from != TW_FROM_CLOCK || condition->kind != CONDITION_IN ||
        (attribute->projection != PROJECT_TIME && attribute->projection != PROJECT_HOUR))
        return false;
    for (size_t i = 0; i < condition->item_count; i++)
        if (condition->items[i].low > condition->items[i].high && condition->items[i].high > 0)
            return true;
    return false;
}

static void report_overnight(struct walk *walk, const struct condition *weekday,
                             const struct condition *window, const struct condition *place)
{
    struct sources *sources = &walk->front->sources;
    struct text days = weekday->value ? span_text(sources, weekday->value->span) : TEXT("DAYS");
    struct text times = span_text(sources, window->value->span);
    struct finding *finding =
        finding_add(&walk->front->findings, FINDING_OVERNIGHT_WEEKDAY, place->span,
                    "the hours after midnight are tested against the next day's name");
    if (window->attribute->projection == PROJECT_TIME)
        finding_help(&walk->front->findings, finding,
                     "`now in %.*s %.*s` names the day on which the window starts",
                     TEXT_ARGUMENTS(days), TEXT_ARGUMENTS(times));
    else
        finding_help(&walk->front->findings, finding,
                     "`now in DAYS TIMES` names the day on which the window starts");
}

/* A weekday and a window over midnight in one `and`. */
static void find_overnight(struct walk *walk, const struct condition *condition)
{
    const struct condition *weekday = NULL, *window = NULL;
    for (const struct condition *part = condition_parts(condition); part; part = part->next) {
        find_overnight(walk, part);
        if (tests_weekday(bare(part)))
            weekday = bare(part);
        if (tests_overnight(bare(part)))
            window = bare(part);
    }
    if (condition->kind == CONDITION_AND && weekday && window)
        report_overnight(walk, weekday, window, condition);
}

static struct text text_of_condition(const struct walk *walk, const struct condition *condition)
{
    return span_text(&walk->front->sources, condition->span);
}

/* `a or b and c`: not everybody knows that `and` binds closer. */
static void find_mixed(struct walk *walk, const struct condition *condition)
{
    for (const struct condition *part = condition_parts(condition); part; part = part->next) {
        find_mixed(walk, part);
        if (condition->kind != CONDITION_OR || part->kind != CONDITION_AND || part->parentheses)
            continue;
        struct finding *finding = finding_add(&walk->front->findings, FINDING_MIXED_AND_OR,
                                              condition->span, "`and` binds closer than `or` here");
        finding_help(&walk->front->findings, finding, "write `(%.*s)` to say that this is meant",
                     TEXT_ARGUMENTS(text_of_condition(walk, part)));
    }
}

void lint_conditions(struct front *front)
{
    for (const struct statement *at = front->statements; at; at = at->next) {
        if (!at->condition)
            continue;
        struct walk walk = {front, at->condition};
        find_negated(&walk, at->condition, false);
        find_overnight(&walk, at->condition);
        find_mixed(&walk, at->condition);
    }
}
