/* front/check.c: the order of the check, and what belongs to no single statement. */
#include "front/check.h"

bool attribute_wraps(const struct attribute *attribute)
{
    return attribute->type == TW_TYPE_TIME || attribute->type == TW_TYPE_WEEKDAY ||
           attribute->projection == PROJECT_HOUR;
}

const struct attribute *policy_whole_attribute(const struct policy_tree *policy, uint32_t variable)
{
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (policy->attributes[i]->variable == variable &&
            policy->attributes[i]->projection == PROJECT_WHOLE)
            return policy->attributes[i];
    return NULL;
}

int64_t attribute_view(const struct attribute *attribute, int64_t value)
{
    return projection_view(attribute->projection, value,
                           attribute->budget ? attribute->budget->limit : 1);
}

/* `let`s are checked where they stand, so that one that nothing uses is checked too. */
static void check_let(struct policy_tree *policy, struct statement *let)
{
    /* A name alone may stand for a value: see check_alias. */
    if (!let->condition || let_is_alias(let))
        return;
    let->checking = true;
    check_condition(policy, let->condition);
    let->checking = false;
}

/* An alias of a condition is a condition too; one of a value is checked where it is used. */
static void check_alias(struct policy_tree *policy, struct statement *let)
{
    if (!let_is_alias(let))
        return;
    const struct statement *end = let_alias_end(policy, let);
    const struct name *name = end->condition ? end->condition->operand : NULL;
    bool is_condition = end->condition != NULL;
    if (let_is_alias(end)) {
        const struct attribute *attribute = map_get(&policy->attribute_names, name->text);
        is_condition = attribute ? attribute->type == TW_TYPE_BOOL
                                 : map_get(&policy->let_names, name->text) != NULL;
    }
    if (is_condition)
        check_condition(policy, let->condition);
}

/* Measures what a condition is once every name in it is written out, and finds `let`s that are
 * defined by themselves on the way. A `let` is measured once, however often it is used: without
 * that, thirty that each use the one before twice would take a day. `around` is what the condition
 * stands in: its height and its names. */
static struct measure measure(struct policy_tree *policy, const struct condition *condition,
                              struct measure around);

static struct measure measure_let(struct policy_tree *policy, struct statement *let,
                                  struct measure around)
{
    struct measure inside = {.size = 1};
    if (let->checking) {
        finding_add(policy->findings, FINDING_NAME_CYCLE, let->name->span,
                    "`%.*s` is defined by itself", (int)let->name->text.length,
                    let->name->text.data);
        return inside;
    }
    if (around.lets + (let->measure.size ? let->measure.lets : 1) > MAX_LET_DEPTH) {
        finding_add(policy->findings, FINDING_TOO_LARGE, let->name->span,
                    "`let`s stand for one another more than %d deep here", MAX_LET_DEPTH);
        return inside;
    }
    if (let->measure.size)
        return let->measure;
    around.lets++;
    let->checking = true;
    if (let->condition)
        inside = measure(policy, let->condition, around);
    let->checking = false;
    inside.lets++;
    let->measure = inside;
    return inside;
}

static unsigned larger(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static void report_height(struct policy_tree *policy, const struct condition *condition)
{
    finding_add(policy->findings, FINDING_TOO_LARGE, condition->span,
                "with its `let`s written out this condition is nested more than %d deep",
                MAX_CONDITION_HEIGHT);
}

static struct measure measure(struct policy_tree *policy, const struct condition *condition,
                              struct measure around)
{
    struct measure whole = {.size = 1};
    if (++around.height > MAX_CONDITION_HEIGHT) {
        report_height(policy, condition);
        return whole;
    }
    if (condition->named)
        whole = measure_let(policy, condition->named, around);
    for (const struct condition *child = condition_parts(condition); child; child = child->next) {
        struct measure part = measure(policy, child, around);
        whole.size += part.size;
        whole.height = larger(whole.height, part.height);
        whole.lets = larger(whole.lets, part.lets);
    }
    if (whole.size > MAX_CONDITION_SIZE)
        whole.size = MAX_CONDITION_SIZE + 1;
    whole.height++;
    return whole;
}

static void check_size(struct policy_tree *policy, const struct statement *statement)
{
    if (!statement->condition)
        return;
    struct measure whole = measure(policy, statement->condition, (struct measure){0});
    struct span span = statement->condition->span;
    if (whole.size > MAX_CONDITION_SIZE)
        finding_add(policy->findings, FINDING_TOO_LARGE, span,
                    "with its `let`s written out this condition has over %d parts",
                    MAX_CONDITION_SIZE);
    else if (whole.height > MAX_CONDITION_HEIGHT)
        report_height(policy, statement->condition);
    else if (policy->size <= MAX_POLICY_SIZE && policy->size + whole.size > MAX_POLICY_SIZE)
        finding_add(policy->findings, FINDING_TOO_LARGE, span,
                    "with all `let`s written out the policy has over %d parts up to here",
                    MAX_POLICY_SIZE);
    policy->size += whole.size;
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
            check_alias(policy, at);
    for (struct statement *at = statements; at; at = at->next)
        if (at->kind == STATEMENT_LET)
            measure_let(policy, at, (struct measure){0});
        else
            check_size(policy, at);
    if (policy->rule_count == 0 && !policy->otherwise && findings->error_count == 0)
        finding_help(findings,
                     finding_add(findings, FINDING_NO_RULES, (struct span){0, 0, 0},
                                 "the policy has no rules"),
                     "the smallest policy is one rule: when priority == low -> flex");
    return arena->failed ? TW_NO_MEMORY : TW_OK;
}
