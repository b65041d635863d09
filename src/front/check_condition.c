/* front/check_condition.c: conditions: names, operators, types.
 *
 * Recursion is bounded by the parser's MAX_NESTING; `let`s are checked where they stand. */
#include "front/check.h"

#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

static void report_unknown(struct policy_tree *policy, const struct name *name, bool with_lets)
{
    struct nearest nearest;
    nearest_init(&nearest, name->text);
    for (size_t i = 0; i < policy->attribute_count; i++)
        nearest_offer(&nearest, policy->attributes[i]->name);
    for (const struct statement *at = policy->statements; with_lets && at; at = at->next)
        if (at->kind == STATEMENT_LET)
            nearest_offer(&nearest, at->name->text);
    struct finding *finding =
        finding_add(policy->findings, FINDING_UNKNOWN_NAME, name->span,
                    "there is no attribute `%.*s`", TEXT_ARGUMENTS(name->text));
    if (nearest.best.length)
        finding_help(policy->findings, finding, "did you mean `%.*s`?",
                     TEXT_ARGUMENTS(nearest.best));
    else
        finding_help(policy->findings, finding, "declare your own with `attribute %.*s : TYPE`",
                     TEXT_ARGUMENTS(name->text));
}

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
        finding_relate(policy->findings, finding, let->name->span, "it is defined here");
        return NULL;
    }
    report_unknown(policy, name, false);
    return NULL;
}

static void report_operator(struct policy_tree *policy, const struct condition *condition,
                            const char *operators)
{
    const struct attribute *attribute = condition->attribute;
    struct finding *finding =
        finding_add(policy->findings, FINDING_WRONG_OPERATOR,
                    condition->operator_span.end ? condition->operator_span : condition->span,
                    "`%.*s` is %s %s and has no such test", TEXT_ARGUMENTS(attribute->name),
                    attribute->type == TW_TYPE_INT || attribute->type == TW_TYPE_ENUM ? "an" : "a",
                    attribute->type == TW_TYPE_NOW ? "moment" : type_word(attribute->type));
    finding_help(policy->findings, finding, "use %s", operators);
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

static void check_let_condition(struct policy_tree *policy, struct condition *condition,
                                struct statement *let)
{
    let->used = true;
    if (!let->condition) {
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
    finding_help(policy->findings, finding, "compare it: `%.*s == ...`",
                 TEXT_ARGUMENTS(name->text));
}

static void check_test(struct policy_tree *policy, struct condition *condition)
{
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

void check_condition(struct policy_tree *policy, struct condition *condition)
{
    switch (condition->kind) {
    case CONDITION_OR:
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
