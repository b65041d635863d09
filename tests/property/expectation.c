/* tests/property/expectation.c: see expectation.h. The meaning of each finding, by enumeration. */
#include "expectation.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static const struct policy_tree *policy_of(const struct expectation *expectation)
{
    return expectation->space->policy;
}

static void expect(struct expectation *expectation, enum finding_name name, struct span span,
                   size_t rule, const struct request_set *region)
{
    expectation->items =
        must(arena_grow(expectation->space->arena, expectation->items, expectation->count,
                        &expectation->capacity, sizeof *expectation->items));
    expectation->items[expectation->count++] =
        (struct expected){.name = name, .span = span, .rule = rule, .witnessed = region != NULL};
    if (region)
        expectation->items[expectation->count - 1].region = *region;
}

/* Actions do the same when their steps are the same; `strict` says only that something is meant. */
static bool same_steps(const struct step *a, const struct step *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (a->tier_index != b->tier_index || a->attribute != b->attribute ||
            a->timeout_milliseconds != b->timeout_milliseconds || a->retry_count != b->retry_count)
            return false;
    return !a && !b;
}

static const struct action *action_of(const struct policy_tree *policy, size_t rule)
{
    static const struct step first = {.tier_index = 0, .timeout_milliseconds = -1};
    static const struct action implicit = {.steps = (struct step *)&first};
    const struct statement *statement =
        rule < policy->rule_count ? policy->rules[rule] : policy->otherwise;
    return statement ? statement->action : &implicit;
}

static bool same_action(const struct policy_tree *policy, size_t left, size_t right)
{
    const struct action *a = action_of(policy, left), *b = action_of(policy, right);
    return same_steps(a->steps, b->steps) && a->reject == b->reject &&
           (!a->reject || text_equal(a->reason, b->reason));
}

static void find_own(struct expectation *expectation)
{
    struct space *space = expectation->space;
    const struct policy_tree *policy = space->policy;
    expectation->holds = must(ARENA_ARRAY(space->arena, struct request_set, policy->rule_count));
    expectation->own = must(ARENA_ARRAY(space->arena, struct request_set, policy->rule_count));
    expectation->dead = must(ARENA_ARRAY(space->arena, bool, policy->rule_count + 1));
    expectation->removable = must(ARENA_ARRAY(space->arena, bool, policy->rule_count + 1));
    expectation->rest = set_new(space, true);
    for (size_t i = 0; i < policy->rule_count; i++) {
        expectation->holds[i] = space_truth(space, policy->rules[i]->condition, NULL).holds;
        expectation->own[i] = set_new(space, false);
        set_or(space, expectation->own[i], expectation->holds[i]);
        set_and(space, expectation->own[i], expectation->rest);
        set_minus(space, expectation->rest, expectation->holds[i]);
    }
}

static int64_t tier_of(const struct step *step, const struct valuation *valuation)
{
    if (!step->attribute)
        return step->tier_index;
    int64_t value = valuation->values[step->attribute->variable];
    return value == VALUE_UNSET ? 0 : value;
}

/* For this request; attributes that name tiers are looked up. */
static bool same_outcome(const struct expectation *expectation, size_t left, size_t right,
                         size_t request)
{
    const struct policy_tree *policy = policy_of(expectation);
    const struct action *one = action_of(policy, left), *two = action_of(policy, right);
    struct valuation valuation = space_request(expectation->space, request);
    const struct step *a = one->steps, *b = two->steps;
    for (; a && b; a = a->next, b = b->next)
        if (tier_of(a, &valuation) != tier_of(b, &valuation) ||
            a->timeout_milliseconds != b->timeout_milliseconds || a->retry_count != b->retry_count)
            return false;
    return !a && !b && one->reject == two->reject &&
           (!one->reject || text_equal(one->reason, two->reason));
}

/* Would every request of the rule get the same action if the rule were not there? */
static bool is_removable(const struct expectation *expectation, size_t rule)
{
    const struct policy_tree *policy = policy_of(expectation);
    for (size_t i = 0; i < expectation->space->count; i++) {
        if (!set_has(expectation->own[rule], i))
            continue;
        size_t behind = rule + 1;
        while (behind < policy->rule_count && !set_has(expectation->holds[behind], i))
            behind++;
        if (!same_outcome(expectation, rule, behind, i))
            return false;
    }
    return true;
}

enum { MOST_DROPPED = 200 };

/* The parts of one rule's condition, one after another. */
struct parts {
    struct expectation *expectation;
    size_t rule;
    const struct condition *dropped[MOST_DROPPED + 1];
    size_t count;
};

static bool is_dropped(const struct parts *parts, const struct condition *part)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->dropped[i] == part)
            return true;
    return false;
}

/* The last part that is left is never taken out: nothing would be left to write. */
static bool has_others(const struct parts *parts, const struct condition *list)
{
    size_t left = 0;
    for (const struct condition *part = condition_parts(list); part; part = part->next)
        left += !is_dropped(parts, part);
    return left > 1;
}

static bool decides_the_same(const struct parts *parts)
{
    struct space *space = parts->expectation->space;
    struct request_set taken = set_new(space, false), own = set_new(space, false);
    for (size_t i = 0; i < parts->rule; i++)
        set_or(space, taken, parts->expectation->holds[i]);
    const struct condition *condition = space->policy->rules[parts->rule]->condition;
    set_or(space, own, space_truth(space, condition, parts->dropped).holds);
    set_minus(space, own, taken);
    return set_equal(space, own, parts->expectation->own[parts->rule]);
}

static enum finding_name name_of_part(struct parts *parts, const struct condition *part,
                                      bool inverted)
{
    struct space *space = parts->expectation->space;
    const struct condition *none[] = {NULL};
    struct request_set holds = space_truth(space, part, none).holds;
    if (inverted)
        return FINDING_DROPPABLE;
    return set_full(space, holds)    ? FINDING_ALWAYS_TRUE
           : set_empty(space, holds) ? FINDING_ALWAYS_FALSE
                                     : FINDING_DROPPABLE;
}

static bool can_go(struct parts *parts, const struct condition *list, const struct condition *part)
{
    if (!has_others(parts, list) || parts->count == MOST_DROPPED)
        return false;
    parts->dropped[parts->count++] = part;
    if (decides_the_same(parts))
        return true;
    parts->dropped[--parts->count] = NULL;
    return false;
}

/* inverted: an odd number of `not` stands outside. */
static void judge_parts(struct parts *parts, const struct condition *list, bool inverted)
{
    for (; !list->named && list->kind == CONDITION_NOT; list = list->children)
        inverted = !inverted;
    if (list->named)
        return;
    for (const struct condition *part = condition_parts(list); part; part = part->next) {
        if (!can_go(parts, list, part)) {
            judge_parts(parts, part, inverted);
            continue;
        }
        enum finding_name name = name_of_part(parts, part, inverted);
        expect(parts->expectation, name, part->span, parts->rule,
               name == FINDING_ALWAYS_FALSE ? NULL : &parts->expectation->own[parts->rule]);
    }
}

static void judge_rule(struct expectation *expectation, size_t rule)
{
    struct space *space = expectation->space;
    const struct statement *statement = space->policy->rules[rule];
    struct request_set *own = &expectation->own[rule];
    if (set_empty(space, expectation->holds[rule])) {
        expect(expectation, FINDING_ALWAYS_FALSE, statement->condition->span, rule, NULL);
        expectation->dead[rule] = true;
    } else if (set_empty(space, *own)) {
        expect(expectation, FINDING_DEAD_RULE, statement->span, rule, NULL);
        expectation->dead[rule] = true;
    } else if (is_removable(expectation, rule)) {
        expect(expectation, FINDING_REMOVABLE_RULE, statement->span, rule, own);
        expectation->removable[rule] = true;
    } else if (set_full(space, expectation->holds[rule])) {
        expect(expectation, FINDING_ALWAYS_TRUE, statement->condition->span, rule, own);
    } else {
        struct parts parts = {.expectation = expectation, .rule = rule};
        judge_parts(&parts, statement->condition, false);
    }
}

static void judge_neighbours(struct expectation *expectation)
{
    const struct policy_tree *policy = policy_of(expectation);
    const bool *dead = expectation->dead, *removable = expectation->removable;
    for (size_t i = 0; i + 1 < policy->rule_count; i++)
        if (same_action(policy, i, i + 1) && !dead[i] && !dead[i + 1] && !removable[i] &&
            !removable[i + 1] && !(policy->rules[i]->name && policy->rules[i + 1]->name))
            expect(expectation, FINDING_MERGEABLE, policy->rules[i + 1]->span, i + 1, NULL);
}

static void judge_otherwise(struct expectation *expectation)
{
    const struct policy_tree *policy = policy_of(expectation);
    bool none = set_empty(expectation->space, expectation->rest);
    if (policy->otherwise && none)
        expect(expectation, FINDING_DEAD_OTHERWISE, policy->otherwise->span, policy->rule_count,
               NULL);
    if (!policy->otherwise && !none)
        expect(expectation, FINDING_NO_OTHERWISE, policy->rules[policy->rule_count - 1]->span,
               policy->rule_count, &expectation->rest);
}

static bool is_at_tier(const struct step *step, const struct valuation *valuation, int tier)
{
    if (!step->attribute)
        return step->tier_index == tier;
    int64_t value = valuation->values[step->attribute->variable];
    return (value == VALUE_UNSET ? 0 : value) == tier;
}

static bool breaks(const struct policy_tree *policy, const struct statement *property,
                   const struct valuation *valuation)
{
    const struct step *step = action_of(policy, reference_decide(policy, valuation))->steps;
    if (property->kind == STATEMENT_ALWAYS)
        return !step || !is_at_tier(step, valuation, property->tier_index);
    for (; step; step = step->next)
        if (is_at_tier(step, valuation, property->tier_index))
            return true;
    return false;
}

static void judge_property(struct expectation *expectation, const struct statement *property)
{
    struct space *space = expectation->space;
    struct request_set within = space_truth(space, property->condition, NULL).holds;
    struct request_set broken = set_new(space, false);
    for (size_t i = 0; i < space->count; i++) {
        struct valuation valuation = space_request(space, i);
        if (set_has(within, i) && breaks(space->policy, property, &valuation))
            set_add(broken, i);
    }
    if (!set_empty(space, broken))
        expect(expectation,
               property->kind == STATEMENT_NEVER ? FINDING_BROKEN_NEVER : FINDING_BROKEN_ALWAYS,
               property->span, space->policy->rule_count, &broken);
}

void expectation_make(struct expectation *expectation, struct space *space)
{
    *expectation = (struct expectation){.space = space};
    find_own(expectation);
    for (size_t i = 0; i < space->policy->rule_count; i++)
        judge_rule(expectation, i);
    judge_neighbours(expectation);
    judge_otherwise(expectation);
    for (const struct statement *at = space->policy->statements; at; at = at->next)
        if (at->kind == STATEMENT_NEVER || at->kind == STATEMENT_ALWAYS)
            judge_property(expectation, at);
}
