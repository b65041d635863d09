/* author/proof_actions.c: for which requests two actions do the same; see proofs.h.
 *
 * A step at a tier-valued attribute does what a step at a tier does, for just those requests in
 * which the attribute says so. */
#include "author/proofs.h"

static const struct action *action_of(const struct proof *proof, size_t rule)
{
    static const struct step first = {.timeout_milliseconds = -1};
    static const struct action implicit = {.steps = (struct step *)&first};
    const struct policy_tree *policy = proof->policy;
    const struct statement *statement =
        rule < policy->rule_count ? policy->rules[rule] : policy->otherwise;
    return statement ? statement->action : &implicit;
}

static bool may_meet(const struct step *a, const struct step *b)
{
    return a->timeout_milliseconds == b->timeout_milliseconds && a->retry_count == b->retry_count &&
           (a->attribute || b->attribute || a->tier_index == b->tier_index);
}

bool proof_may_do_the_same(const struct proof *proof, size_t left, size_t right)
{
    const struct action *a = action_of(proof, left), *b = action_of(proof, right);
    const struct step *step = a->steps, *other = b->steps;
    for (; step && other; step = step->next, other = other->next)
        if (!may_meet(step, other))
            return false;
    return !step && !other && a->reject == b->reject &&
           (!a->reject || text_equal(a->reason, b->reason));
}

static diagram_ref requests_at(struct proof *proof, const struct step *step, uint32_t tier)
{
    if (step->attribute)
        return diagram_of_tier(proof->built, step->attribute->variable, tier);
    return step->tier_index == (int)tier ? DIAGRAM_TRUE : DIAGRAM_NONE;
}

static diagram_ref where_steps_meet(struct proof *proof, const struct step *a, const struct step *b)
{
    struct diagram *diagram = &proof->built->diagram;
    diagram_ref region = DIAGRAM_NONE;
    if (a->attribute == b->attribute && (a->attribute || a->tier_index == b->tier_index))
        return DIAGRAM_TRUE;
    for (uint32_t tier = 0; tier < proof->policy->tier_count; tier++)
        region = diagram_merge(
            diagram, region,
            diagram_guard(diagram, requests_at(proof, a, tier), requests_at(proof, b, tier)));
    return region;
}

bool proof_does_the_same(struct proof *proof, size_t left, size_t right, diagram_ref region)
{
    struct diagram *diagram = &proof->built->diagram;
    if (proof->actions[left] == proof->actions[right] || region == DIAGRAM_NONE)
        return true;
    if (!proof_may_do_the_same(proof, left, right))
        return false;
    const struct step *a = action_of(proof, left)->steps, *b = action_of(proof, right)->steps;
    for (; a && b; a = a->next, b = b->next)
        if (diagram_without(diagram, where_steps_meet(proof, a, b), region) != DIAGRAM_NONE)
            return false;
    return !diagram->status;
}
