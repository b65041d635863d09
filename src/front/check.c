/* front/check.c: the order of the check, and what belongs to no single statement. */
#include "front/check.h"

bool attribute_wraps(const struct attribute *attribute)
{
    return attribute->type == TW_TYPE_TIME || attribute->type == TW_TYPE_WEEKDAY ||
           attribute->projection == PROJECT_HOUR;
}

int64_t attribute_view(const struct attribute *attribute, int64_t value)
{
    return projection_view(attribute->projection, value,
                           attribute->budget ? attribute->budget->limit : 1);
}

/* `let`s are checked where they stand, so that one that nothing uses is checked too. */
static void check_let(struct policy_tree *policy, struct statement *let)
{
    /* A name alone may stand for a value: it is checked where it is used. */
    if (!let->condition || let->condition->kind == CONDITION_NAME)
        return;
    let->checking = true;
    check_condition(policy, let->condition);
    let->checking = false;
}

static void check_let_name(struct policy_tree *policy, struct statement *let)
{
    if (!let->condition || let->condition->kind != CONDITION_NAME)
        return;
    const struct name *name = let->condition->operand;
    const struct attribute *attribute = map_get(&policy->attribute_names, name->text);
    struct statement *target = map_get(&policy->let_names, name->text);
    if ((attribute && attribute->type == TW_TYPE_BOOL) || (target && target->condition))
        check_condition(policy, let->condition);
}

/* Measures what a condition is once every name in it is written out, and finds `let`s that are
 * defined by themselves on the way. A `let` is measured once, however often it is used: without
 * that, thirty that each use the one before twice would take a day. */
static uint64_t measure(struct policy_tree *policy, const struct condition *condition,
                        unsigned depth);

static uint64_t measure_let(struct policy_tree *policy, struct statement *let, unsigned depth)
{
    if (let->checking) {
        finding_add(policy->findings, FINDING_NAME_CYCLE, let->name->span,
                    "`%.*s` is defined by itself", (int)let->name->text.length,
                    let->name->text.data);
        return 1;
    }
    if (let->size)
        return let->size;
    if (depth > MAX_LET_DEPTH) {
        finding_add(policy->findings, FINDING_TOO_LARGE, let->name->span,
                    "`let`s stand for one another more than %d deep here", MAX_LET_DEPTH);
        return 1;
    }
    let->checking = true;
    let->size = let->condition ? measure(policy, let->condition, depth + 1) : 1;
    let->checking = false;
    return let->size;
}

static uint64_t measure(struct policy_tree *policy, const struct condition *condition,
                        unsigned depth)
{
    uint64_t size = 1;
    if (condition->named)
        return measure_let(policy, condition->named, depth);
    for (const struct condition *child = condition->children; child; child = child->next)
        size += measure(policy, child, depth);
    return size < MAX_CONDITION_SIZE ? size : MAX_CONDITION_SIZE;
}

static void check_size(struct policy_tree *policy, const struct statement *statement)
{
    if (statement->condition && measure(policy, statement->condition, 0) >= MAX_CONDITION_SIZE)
        finding_add(policy->findings, FINDING_TOO_LARGE, statement->condition->span,
                    "with its `let`s written out this condition has over %d tests",
                    MAX_CONDITION_SIZE);
}

static void check_statement(struct policy_tree *policy, struct statement *statement)
{
    switch (statement->kind) {
    case STATEMENT_RULE:
        check_condition(policy, statement->condition);
        check_action(policy, statement->action);
        return;
    case STATEMENT_OTHERWISE:
        check_action(policy, statement->action);
        return;
    case STATEMENT_NEVER:
    case STATEMENT_ALWAYS:
        statement->tier_index = check_tier(policy, statement->tier);
        check_condition(policy, statement->condition);
        return;
    case STATEMENT_EXPECT:
        check_expect(policy, statement);
        return;
    case STATEMENT_LET:
        check_let(policy, statement);
        return;
    case STATEMENT_EDITION:
    case STATEMENT_PROVIDER:
    case STATEMENT_TIERS:
    case STATEMENT_TIMEZONE:
    case STATEMENT_INCLUDE:
    case STATEMENT_ATTRIBUTE:
    case STATEMENT_BUDGET:
    case STATEMENT_GIVEN_UP:
        return;
    }
}

enum tw_status check_policy(struct policy_tree *policy, struct arena *arena,
                            struct sources *sources, struct findings *findings,
                            struct statement *statements)
{
    *policy = (struct policy_tree){.arena = arena,
                                   .sources = sources,
                                   .findings = findings,
                                   .statements = statements,
                                   .timezone = TEXT("UTC")};
    map_init(&policy->attribute_names, arena);
    map_init(&policy->let_names, arena);
    map_init(&policy->labels, arena);
    map_init(&policy->given_up, arena);
    enum tw_status status = declare_all(policy);
    if (status)
        return status;
    for (struct statement *at = statements; at; at = at->next)
        check_statement(policy, at);
    for (struct statement *at = statements; at; at = at->next)
        if (at->kind == STATEMENT_LET)
            check_let_name(policy, at);
    for (struct statement *at = statements; at; at = at->next)
        if (at->kind == STATEMENT_LET)
            measure_let(policy, at, 0);
        else
            check_size(policy, at);
    if (policy->rule_count == 0 && !policy->otherwise && findings->error_count == 0)
        finding_help(findings,
                     finding_add(findings, FINDING_NO_RULES, (struct span){0, 0, 0},
                                 "the policy has no rules"),
                     "the smallest policy is one rule: when priority == low -> flex");
    return arena->failed ? TW_NO_MEMORY : TW_OK;
}
