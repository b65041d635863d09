/* front/check_condition.c: conditions: names, operators, types.
 *
 * Recursion is bounded by the parser's MAX_NESTING; `let`s are checked where they stand. */
#include "front/check_report.h"

static void mark_used(struct policy_tree *policy, struct attribute *attribute, struct span span)
{
    attribute->used = true;
    if (attribute->budget)
        attribute->budget->used = true;
    if (attribute->from == TW_FROM_CLOCK && !policy->reads_clock) {
        policy->reads_clock = true;
        policy->clock_span = span;
    }
}

const struct attribute *resolve_attribute(struct policy_tree *policy, const struct name *name)
{
    struct attribute *attribute = map_get(&policy->attribute_names, name->text);
    if (attribute) {
        mark_used(policy, attribute, name->span);
        return attribute;
    }
    struct statement *let = map_get(&policy->let_names, name->text);
    if (let) {
        let->used = true;
        struct finding *finding = finding_add(policy->findings, FINDING_UNKNOWN_NAME, name->span,
                                              "`%.*s` is a `let`, and an attribute is needed here",
                                              TEXT_ARGUMENTS(name->text));
        finding_help(policy->findings, finding,
                     let->condition ? "a condition stands alone: `%.*s` or `not %.*s`"
                                    : "compare an attribute with `%.*s`",
                     TEXT_ARGUMENTS(name->text), TEXT_ARGUMENTS(name->text));
        finding_relate(policy->findings, finding, let->name->span, "it is defined here");
        return NULL;
    }
    report_unknown(policy, name, false);
    return NULL;
}

static bool is_order(enum comparison comparison)
{
    return comparison != COMPARE_EQUAL && comparison != COMPARE_NOT_EQUAL;
}

static void check_compare(struct policy_tree *policy, struct condition *condition)
{
    const struct attribute *attribute = condition->attribute;
    if (attribute->type == TW_TYPE_NOW)
        report_operator(policy, condition, "`now in mon..fri 22:00..06:00`");
    else if (is_order(condition->comparison) && !type_ordered(attribute->type))
        report_operator(policy, condition,
                        attribute->type == TW_TYPE_WEEKDAY ? "`==` or `in mon..fri`"
                                                           : "`==`, `!=` or `in {a, b}`");
    else
        resolve_value(policy, attribute, condition->value, false, &condition->items,
                      &condition->item_count);
}

static void check_like(struct policy_tree *policy, struct condition *condition)
{
    if (condition->attribute->type != TW_TYPE_STRING)
        report_operator(policy, condition, "`==`, or `in {a, b}`");
    else
        resolve_value(policy, condition->attribute, condition->value, false, &condition->items,
                      &condition->item_count);
}

bool attribute_can_be_unset(const struct policy_tree *policy, const struct attribute *attribute)
{
    return policy->variables[attribute->variable].can_be_unset;
}

static void check_is_set(struct policy_tree *policy, struct condition *condition)
{
    const struct attribute *attribute = condition->attribute;
    if (attribute_can_be_unset(policy, attribute))
        return;
    struct finding *finding =
        finding_add(policy->findings, FINDING_ALWAYS_SET, condition->span,
                    "`%.*s` has a default, so it is always set", TEXT_ARGUMENTS(attribute->name));
    finding_help(policy->findings, finding, "compare its value instead");
}

bool let_is_alias(const struct statement *let)
{
    return let->condition && let->condition->kind == CONDITION_NAME && !let->condition->parentheses;
}

struct statement *let_alias_end(const struct policy_tree *policy, struct statement *let)
{
    for (int depth = 0; let_is_alias(let) && depth < MAX_LET_DEPTH; depth++) {
        struct text name = let->condition->operand->text;
        struct statement *next =
            map_get(&policy->attribute_names, name) ? NULL : map_get(&policy->let_names, name);
        if (!next)
            break;
        let = next;
    }
    return let;
}

static void check_name(struct policy_tree *policy, struct condition *condition);

static void check_let_condition(struct policy_tree *policy, struct condition *condition,
                                struct statement *let)
{
    let->used = true;
    struct statement *end = let_alias_end(policy, let);
    if (let_is_alias(end) && !map_get(&policy->let_names, end->condition->operand->text))
        check_name(policy, end->condition);
    if (!end->condition) {
        struct finding *finding =
            finding_add(policy->findings, FINDING_NOT_A_CONDITION, condition->operand->span,
                        "`%.*s` names a value, and a condition is needed here",
                        TEXT_ARGUMENTS(condition->operand->text));
        finding_help(policy->findings, finding, "compare an attribute with it");
        return;
    }
    condition->named = let;
}

/* A name alone: a bool attribute, or a `let` that names a condition. */
static void check_name(struct policy_tree *policy, struct condition *condition)
{
    const struct name *name = condition->operand;
    struct attribute *attribute = map_get(&policy->attribute_names, name->text);
    struct statement *let = map_get(&policy->let_names, name->text);
    if (!attribute && let) {
        check_let_condition(policy, condition, let);
        return;
    }
    if (!attribute) {
        report_unknown(policy, name, true);
        return;
    }
    mark_used(policy, attribute, name->span);
    condition->attribute = attribute;
    if (attribute->type == TW_TYPE_BOOL)
        return;
    condition->attribute = NULL;
    struct finding *finding = finding_add(policy->findings, FINDING_NOT_A_CONDITION, name->span,
                                          "`%.*s` is not a bool, so it is no condition by itself",
                                          TEXT_ARGUMENTS(name->text));
    if (attribute_can_be_unset(policy, attribute))
        finding_help(policy->findings, finding, "write `%.*s is set`, or compare it",
                     TEXT_ARGUMENTS(name->text));
    else
        finding_help(policy->findings, finding, "compare it: `%.*s == ...`",
                     TEXT_ARGUMENTS(name->text));
}

/* `low == priority`, where the word on the left is no attribute and the one on the right is. */
static bool report_turned(struct policy_tree *policy, const struct condition *condition)
{
    const struct value *value = condition->value;
    struct text left = condition->operand->text;
    if (condition->kind != CONDITION_COMPARE || value->kind != VALUE_WORD ||
        map_get(&policy->attribute_names, left) || map_get(&policy->let_names, left))
        return false;
    struct attribute *attribute = map_get(&policy->attribute_names, value->text);
    if (!attribute)
        return false;
    mark_used(policy, attribute, value->span);
    struct text sign = span_text(policy->sources, condition->operator_span);
    struct finding *finding = finding_add(policy->findings, FINDING_VALUE_FIRST, condition->span,
                                          "the attribute comes first in a comparison");
    finding_help(policy->findings, finding, "write `%.*s %.*s %.*s`", TEXT_ARGUMENTS(value->text),
                 TEXT_ARGUMENTS(sign), TEXT_ARGUMENTS(left));
    return true;
}

static void check_test(struct policy_tree *policy, struct condition *condition)
{
    if (report_turned(policy, condition))
        return;
    condition->attribute = resolve_attribute(policy, condition->operand);
    if (!condition->attribute)
        return;
    if (condition->kind == CONDITION_COMPARE)
        check_compare(policy, condition);
    else if (condition->kind == CONDITION_LIKE)
        check_like(policy, condition);
    else if (condition->kind == CONDITION_IS_SET)
        check_is_set(policy, condition);
    else
        resolve_value(policy, condition->attribute, condition->value, true, &condition->items,
                      &condition->item_count);
}

/* `priority == low or normal`: is this name alone a word of the attribute tested before it? */
static bool report_word_alone(struct policy_tree *policy, const struct condition *before,
                              const struct condition *alone)
{
    const struct name *name = alone->operand;
    if (alone->kind != CONDITION_NAME || !before || before->kind != CONDITION_COMPARE ||
        !before->attribute || map_get(&policy->attribute_names, name->text) ||
        map_get(&policy->let_names, name->text))
        return false;
    for (size_t i = 0; i < before->attribute->word_count; i++) {
        if (!text_equal(before->attribute->words[i], name->text))
            continue;
        struct text first = span_text(policy->sources, before->value->span);
        struct finding *finding = finding_add(policy->findings, FINDING_NOT_A_CONDITION, name->span,
                                              "`%.*s` is a value, and no condition by itself",
                                              TEXT_ARGUMENTS(name->text));
        finding_help(policy->findings, finding, "write `%.*s in {%.*s, %.*s}`",
                     TEXT_ARGUMENTS(before->attribute->name), TEXT_ARGUMENTS(first),
                     TEXT_ARGUMENTS(name->text));
        return true;
    }
    return false;
}

static void check_alternatives(struct policy_tree *policy, struct condition *condition)
{
    const struct condition *before = NULL;
    for (struct condition *child = condition->children; child; before = child, child = child->next)
        if (!report_word_alone(policy, before, child))
            check_condition(policy, child);
}

void check_condition(struct policy_tree *policy, struct condition *condition)
{
    switch (condition->kind) {
    case CONDITION_OR:
        check_alternatives(policy, condition);
        return;
    case CONDITION_AND:
    case CONDITION_NOT:
        for (struct condition *child = condition->children; child; child = child->next)
            check_condition(policy, child);
        return;
    case CONDITION_NAME:
        check_name(policy, condition);
        return;
    case CONDITION_COMPARE:
    case CONDITION_IN:
    case CONDITION_LIKE:
    case CONDITION_IS_SET:
        check_test(policy, condition);
        return;
    }
}
