/* author/lint_properties.c: `never TIER when C` and `always TIER when C`, proved or refuted.
 *
 * never: no request of C may be sent to the tier at any step of its action, `else` included.
 * always: every request of C goes to the tier first. Tier-valued attributes are followed: such a
 * step is at the tier for just those requests in which the attribute says so. */
#include "author/proofs.h"

#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

static const struct statement *rule_at(const struct proof *proof, size_t rule)
{
    return rule < proof->policy->rule_count ? proof->policy->rules[rule] : proof->policy->otherwise;
}

/* The requests for which a step is at the tier, among all. */
static diagram_ref step_at_tier(struct proof *proof, const struct step *step, uint32_t tier)
{
    if (step->attribute)
        return diagram_of_tier(proof->built, step->attribute->variable, tier);
    return step->tier_index == (int)tier ? DIAGRAM_TRUE : DIAGRAM_NONE;
}

/* The requests for which this rule's action breaks the property. */
static diagram_ref breaking(struct proof *proof, const struct statement *property,
                            const struct statement *rule)
{
    struct diagram *diagram = &proof->built->diagram;
    uint32_t tier = (uint32_t)property->tier_index;
    const struct step *first = rule ? rule->action->steps : NULL;
    if (property->kind == STATEMENT_ALWAYS) {
        diagram_ref good = rule ? first ? step_at_tier(proof, first, tier) : DIAGRAM_NONE
                                : (tier == 0 ? DIAGRAM_TRUE : DIAGRAM_NONE);
        return diagram_without(diagram, good, DIAGRAM_TRUE);
    }
    diagram_ref bad = !rule && tier == 0 ? DIAGRAM_TRUE : DIAGRAM_NONE;
    for (const struct step *step = first; step; step = step->next)
        bad = diagram_merge(diagram, bad, step_at_tier(proof, step, tier));
    return bad;
}

/* The requests that `rule` decides (rule_count: otherwise), cut down to the property's. */
static diagram_ref decided_by(struct proof *proof, diagram_ref within, size_t rule)
{
    struct policy_diagram *built = proof->built;
    if (rule < proof->policy->rule_count)
        return diagram_select(built, diagram_guard(&built->diagram, within, built->root),
                              (uint32_t)rule);
    diagram_ref taken = diagram_guard(&built->diagram, built->root, DIAGRAM_TRUE);
    return diagram_without(&built->diagram, taken, within);
}

static void report_broken(struct proof *proof, const struct statement *property, size_t rule,
                          diagram_ref region)
{
    bool never = property->kind == STATEMENT_NEVER;
    const struct statement *by = rule_at(proof, rule);
    struct text tier = proof->policy->tiers[property->tier_index];
    struct finding *finding =
        never ? finding_add(proof->findings, FINDING_BROKEN_NEVER, property->span,
                            "some request that this speaks of can be sent to `%.*s`",
                            TEXT_ARGUMENTS(tier))
              : finding_add(proof->findings, FINDING_BROKEN_ALWAYS, property->span,
                            "some request that this speaks of does not go to `%.*s` first",
                            TEXT_ARGUMENTS(tier));
    proof_witness(proof, finding, region);
    if (by)
        finding_relate(proof->findings, finding, by->span, "this rule decides it");
}

static size_t simplest_size(struct proof *proof, diagram_ref region)
{
    struct assignment assignment;
    return diagram_simplest(proof->built, region, &assignment) ? assignment.changed : SIZE_MAX;
}

static void check_property(struct proof *proof, const struct statement *property)
{
    struct policy_diagram *built = proof->built;
    diagram_ref all = diagram_of_formula(built, property_formula(built, property));
    diagram_ref within = diagram_without(&built->diagram, built->impossible, all);
    diagram_ref worst = DIAGRAM_NONE;
    size_t worst_rule = 0, best = SIZE_MAX;
    for (size_t rule = 0; rule <= proof->policy->rule_count && !built->diagram.status; rule++) {
        diagram_ref bad = breaking(proof, property, rule_at(proof, rule));
        if (bad == DIAGRAM_NONE)
            continue;
        diagram_ref decided = decided_by(proof, within, rule);
        diagram_ref region = diagram_guard(&built->diagram, decided, bad);
        size_t size = region == DIAGRAM_NONE ? SIZE_MAX : simplest_size(proof, region);
        if (region == DIAGRAM_NONE || (worst != DIAGRAM_NONE && size >= best))
            continue;
        worst = region;
        worst_rule = rule;
        best = size;
    }
    if (worst != DIAGRAM_NONE && !built->diagram.status)
        report_broken(proof, property, worst_rule, worst);
}

void lint_properties(struct proof *proof)
{
    for (const struct statement *at = proof->policy->statements; at; at = at->next)
        if (at->kind == STATEMENT_NEVER || at->kind == STATEMENT_ALWAYS)
            check_property(proof, at);
}
