/* front/check_action.c: actions, and the examples and properties that speak of them. */
#include "front/check.h"

static int find_tier(const struct policy_tree *policy, struct text name)
{
    for (size_t i = 0; i < policy->tier_count; i++)
        if (text_equal(policy->tiers[i], name))
            return (int)i;
    return -1;
}

/* No provider has an alias that is one of its tiers. */
int policy_tier_find(const struct policy_tree *policy, struct text name)
{
    int index = find_tier(policy, name);
    return index >= 0 ? index : find_tier(policy, provider_tier_name(policy->provider, name));
}

static void report_tier(struct policy_tree *policy, const struct name *name)
{
    struct nearest nearest;
    if (policy->tiers_unknown || is_given_up(policy, name->text))
        return;
    nearest_init(&nearest, name->text);
    struct text list = {"", 0};
    for (size_t i = 0; i < policy->tier_count; i++) {
        nearest_offer(&nearest, policy->tiers[i]);
        list = arena_format(policy->arena, "%.*s%s%.*s", TEXT_ARGUMENTS(list), i ? ", " : "",
                            TEXT_ARGUMENTS(policy->tiers[i]));
    }
    const char *provider = policy->provider ? policy->provider->name : NULL;
    struct finding *finding =
        provider
            ? finding_add(policy->findings, FINDING_UNKNOWN_TIER, name->span,
                          "%s has no tier `%.*s`", provider, TEXT_ARGUMENTS(name->text))
            : finding_add(policy->findings, FINDING_UNKNOWN_TIER, name->span,
                          "`%.*s` is not one of this policy's tiers", TEXT_ARGUMENTS(name->text));
    if (nearest.best.length)
        finding_help(policy->findings, finding, "did you mean `%.*s`?",
                     TEXT_ARGUMENTS(nearest.best));
    else
        finding_help(policy->findings, finding, "its tiers are %.*s", TEXT_ARGUMENTS(list));
}

int check_tier(struct policy_tree *policy, const struct name *name)
{
    int index = policy_tier_find(policy, name->text);
    if (index < 0)
        report_tier(policy, name);
    return index;
}

static void resolve_step_tier(struct policy_tree *policy, struct step *step)
{
    step->tier_index = policy_tier_find(policy, step->tier->text);
    if (step->tier_index >= 0)
        return;
    struct attribute *attribute = map_get(&policy->attribute_names, step->tier->text);
    if (!attribute) {
        report_tier(policy, step->tier);
        return;
    }
    attribute->used = true;
    step->attribute = attribute;
    if (attribute->type != TW_TYPE_TIER)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_UNKNOWN_TIER, step->tier->span,
                                 "`%.*s` is an attribute, but not of type tier",
                                 TEXT_ARGUMENTS(step->tier->text)),
                     "an action names a tier, or an attribute such as `force_tier`");
}

static void check_timeout(struct policy_tree *policy, struct step *step)
{
    int64_t milliseconds;
    if (!resolve_constant(policy, TW_TYPE_DURATION, step->timeout, &milliseconds))
        return;
    step->timeout_milliseconds = milliseconds;
    if (milliseconds < 1 || milliseconds > LONGEST_TIMEOUT)
        finding_add(policy->findings, FINDING_BAD_OPTION, step->timeout->span,
                    "a timeout is from 1ms to 24h");
}

static void check_retry(struct policy_tree *policy, struct step *step)
{
    int64_t count;
    if (!resolve_constant(policy, TW_TYPE_INT, step->retry, &count))
        return;
    step->retry_count = (uint32_t)count;
    if (count < 0 || count > MOST_RETRIES)
        finding_add(policy->findings, FINDING_BAD_OPTION, step->retry->span,
                    "a step is tried again 0 to %d times", MOST_RETRIES);
}

static void check_step(struct policy_tree *policy, struct step *step, bool last)
{
    resolve_step_tier(policy, step);
    if (step->timeout)
        check_timeout(policy, step);
    if (step->retry)
        check_retry(policy, step);
    if (step->again)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_BAD_OPTION, step->again->span,
                                 "this option is given twice"),
                     "leave one of the two out");
    if (step->strict_again)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_BAD_OPTION, step->strict_span,
                                 "`strict` is given twice"),
                     "leave one of the two out");
    if (step->strict && !last)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_STRICT_ELSE, step->strict_span,
                                 "`strict` says that nothing follows, and an `else` does"),
                     "leave out one of the two");
}

void check_action(struct policy_tree *policy, struct action *action)
{
    size_t count = 0;
    for (struct step *step = action->steps; step; step = step->next) {
        check_step(policy, step, !step->next && !action->reject);
        if (++count == TW_MAX_STEPS + 1)
            finding_add(policy->findings, FINDING_LONG_CHAIN, step->span,
                        "an action has at most %d steps", TW_MAX_STEPS);
    }
}

/* The variable and the part of it that a given fixes: two givens for one are a contradiction. */
static bool same_part(const struct attribute *a, const struct attribute *b)
{
    if (a == b)
        return true;
    if (a->variable != b->variable)
        return false;
    bool day_and_time = (a->projection == PROJECT_WEEKDAY) != (b->projection == PROJECT_WEEKDAY);
    bool whole = a->projection == PROJECT_NOW || b->projection == PROJECT_NOW;
    return !(a->from == TW_FROM_CLOCK && day_and_time && !whole);
}

static bool both_clock(const struct attribute *a, const struct attribute *b)
{
    bool a_now = a->projection == PROJECT_NOW, b_now = b->projection == PROJECT_NOW;
    return a->from == TW_FROM_CLOCK && b->from == TW_FROM_CLOCK && (a_now || b_now);
}

static void check_contradiction(struct policy_tree *policy, const struct given *first,
                                const struct given *given)
{
    for (const struct given *before = first; before != given; before = before->next) {
        if (!before->attribute || !(same_part(before->attribute, given->attribute) ||
                                    both_clock(before->attribute, given->attribute)))
            continue;
        struct finding *finding =
            finding_add(policy->findings, FINDING_CONTRADICTION, given->span,
                        "`%.*s` is given already", TEXT_ARGUMENTS(given->attribute->name));
        finding_help(policy->findings, finding, "leave one of the two out");
        finding_relate(policy->findings, finding, before->span, "by this value");
        return;
    }
}

/* `date` and `weekday` are two views of one day: an example cannot have a Friday on a Monday. */
static void check_date(struct policy_tree *policy, const struct given *first)
{
    const struct given *date = NULL, *weekday = NULL;
    for (const struct given *at = first; at; at = at->next) {
        if (at->attribute && at->attribute->variable == VARIABLE_DATE)
            date = at;
        if (at->attribute && at->attribute->projection == PROJECT_WEEKDAY &&
            at->attribute->from == TW_FROM_CLOCK)
            weekday = at;
    }
    if (!date || !weekday || weekday_of_days(date->item.low) == weekday->item.low)
        return;
    const char *right = weekday_words[weekday_of_days(date->item.low)];
    finding_help(policy->findings,
                 finding_add(policy->findings, FINDING_CONTRADICTION, weekday->span,
                             "that day is a %s", right),
                 "write `weekday = %s`, or leave it out", right);
}

static bool resolve_given(struct policy_tree *policy, struct given *given)
{
    struct value *value = given->value;
    if (value->kind == VALUE_BAD)
        return false;
    if (given->attribute->type == TW_TYPE_NOW) {
        if (value->kind == VALUE_LITERAL && value->type == TW_TYPE_NOW) {
            given->item.low = value->number;
            return true;
        }
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_WRONG_TYPE, value->span,
                                 "`now` is given as an instant with its offset"),
                     "write it like 2026-03-08T02:30:00-05:00");
        return false;
    }
    struct item *items;
    uint32_t count;
    if (!resolve_value(policy, given->attribute, value, false, &items, &count))
        return false;
    given->item = items[0];
    return true;
}

/* Examples do not count as use: an attribute that only an example names does nothing. */
static const struct attribute *given_attribute(struct policy_tree *policy, struct given *given)
{
    struct attribute *attribute = map_get(&policy->attribute_names, given->attribute_name->text);
    if (attribute)
        return attribute;
    resolve_attribute(policy, given->attribute_name);
    return NULL;
}

static void report_label(struct policy_tree *policy, const struct name *label)
{
    struct nearest nearest;
    if (finding_dropped(policy->findings, FINDING_UNKNOWN_LABEL, label->span))
        return;
    nearest_init(&nearest, label->text);
    for (size_t i = 0; i < policy->rule_count; i++)
        if (policy->rules[i]->name)
            nearest_offer(&nearest, policy->rules[i]->name->text);
    struct finding *finding =
        finding_add(policy->findings, FINDING_UNKNOWN_LABEL, label->span,
                    "no rule has the label `%.*s`", TEXT_ARGUMENTS(label->text));
    if (nearest.best.length)
        finding_help(policy->findings, finding, "did you mean `%.*s`?",
                     TEXT_ARGUMENTS(nearest.best));
}

void check_expect(struct policy_tree *policy, struct statement *statement)
{
    statement->tier_index = statement->tier ? check_tier(policy, statement->tier) : -1;
    if (statement->by && !text_is(statement->by->text, "otherwise")) {
        statement->rule = map_get(&policy->labels, statement->by->text);
        if (statement->rule)
            statement->rule->used = true;
        else if (!is_given_up(policy, statement->by->text))
            report_label(policy, statement->by);
    }
    size_t count = 0;
    for (struct given *given = statement->givens; given; given = given->next) {
        if (count++ == MAX_GIVENS) {
            finding_add(policy->findings, FINDING_TOO_LARGE, given->span,
                        "an example gives at most %d values", MAX_GIVENS);
            return;
        }
        given->attribute = given_attribute(policy, given);
        if (!given->attribute)
            continue;
        check_contradiction(policy, statement->givens, given);
        if (!resolve_given(policy, given))
            given->attribute = NULL;
    }
    check_date(policy, statement->givens);
}
