/* author/lint_properties.c: `never TIER when C` and `always TIER when C`, proved or refuted.
 *
 * never: no request of C may be sent to the tier at any step of its action, `else` included.
 * always: every request of C goes to the tier first. Tier-valued attributes are followed: such a
 * step is at the tier for just those requests in which the attribute says so. */
#include "author/proofs.h"

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

static void report_broken(struct proof *proof, const struct statement *property,
                          const struct assignment *request)
{
    struct text tier = proof->policy->tiers[property->tier_index];
    struct witness witness;
    struct finding *finding =
        property->kind == STATEMENT_NEVER
            ? finding_add(proof->findings, FINDING_BROKEN_NEVER, property->span,
                          "some request that this speaks of can be sent to `%.*s`",
                          TEXT_ARGUMENTS(tier))
            : finding_add(proof->findings, FINDING_BROKEN_ALWAYS, property->span,
                          "some request that this speaks of does not go to `%.*s` first",
                          TEXT_ARGUMENTS(tier));
    if (!finding || !witness_of(proof->built, request, &witness))
        return;
    finding->witness = witness.json;
    finding->example = witness.expect;
    if (rule_at(proof, witness.rule))
        finding_relate(proof->findings, finding, rule_at(proof, witness.rule)->span,
                       "this rule decides it");
}

/* Is there a request in the region, and a simpler one than `than` (NULL: any)? Then `found` is it.
 */
static bool simpler(struct proof *proof, diagram_ref region, const struct assignment *than,
                    struct assignment *found)
{
    return region != DIAGRAM_NONE && !proof->built->diagram.status &&
           diagram_nearest(proof->built, region, NULL, MOMENT_IN_PARTS, found) &&
           (!than || found->distance < than->distance);
}

/* Rules whose actions break a property for the same requests. */
struct alike {
    const diagram_ref *breaking; /* of each rule, and of otherwise */
    size_t rule_count;
    diagram_ref wanted;
};

static bool is_alike(void *context, uint32_t rule)
{
    const struct alike *alike = context;
    return alike->breaking[rule == DIAGRAM_NONE ? alike->rule_count : rule] == alike->wanted;
}

/* Most actions break a property always or never, a few where a tier-valued attribute says so: the
 * rules are taken together by what breaks it. */
static diagram_ref broken_requests(struct proof *proof, const struct statement *property,
                                   diagram_ref *breaking_of)
{
    struct policy_diagram *built = proof->built;
    size_t rules = proof->policy->rule_count;
    diagram_ref within =
        diagram_without(&built->diagram, built->impossible,
                        diagram_of_formula(built, property_formula(built, property)));
    diagram_ref broken = DIAGRAM_NONE;
    for (size_t i = 0; i <= rules; i++)
        breaking_of[i] = breaking(proof, property, rule_at(proof, i));
    for (size_t i = 0; i <= rules; i++) {
        struct alike alike = {breaking_of, rules, breaking_of[i]};
        bool known = breaking_of[i] == DIAGRAM_NONE;
        for (size_t before = 0; before < i && !known; before++)
            known = breaking_of[before] == breaking_of[i];
        if (known)
            continue;
        diagram_ref decided = diagram_where(built, built->root, is_alike, &alike);
        diagram_ref region = diagram_guard(&built->diagram, within, decided);
        broken = diagram_merge(&built->diagram, broken,
                               diagram_guard(&built->diagram, region, breaking_of[i]));
    }
    return broken;
}

/* By pieces, rule by rule, as far as the budget goes; rules whose own requests are no simpler than
 * one that was found are left out. The simplest request that breaks the property, if any. */
static bool broken_by_pieces(struct proof *proof, const struct statement *property,
                             struct assignment *simplest)
{
    struct policy_diagram *built = proof->built;
    struct diagram *diagram = &built->diagram;
    size_t rules = proof->policy->rule_count;
    diagram_ref within = diagram_without(
        diagram, built->impossible, diagram_of_formula(built, property_formula(built, property)));
    struct assignment found;
    bool any = false;
    for (size_t i = 0; i <= rules && !diagram->status; i++) {
        diagram_ref bad = breaking(proof, property, rule_at(proof, i));
        diagram_ref condition = i < rules ? built->conditions[i] : DIAGRAM_TRUE;
        diagram_ref region = diagram_guard(diagram, condition, diagram_guard(diagram, within, bad));
        if (!simpler(proof, region, any ? simplest : NULL, &found))
            continue;
        region = proof_left_by_earlier(proof, i, region);
        if (!simpler(proof, region, any ? simplest : NULL, &found))
            continue;
        *simplest = found;
        any = true;
    }
    return any;
}

static bool broken_at_once(struct proof *proof, const struct statement *property,
                           struct assignment *simplest)
{
    struct policy_diagram *built = proof->built;
    diagram_ref *breaking_of =
        ARENA_ARRAY(built->arena, diagram_ref, proof->policy->rule_count + 1);
    if (breaking_of)
        return simpler(proof, broken_requests(proof, property, breaking_of), NULL, simplest);
    built->diagram.status = TW_NO_MEMORY;
    return false;
}

/* False where it could not be settled. */
static bool check_property(struct proof *proof, const struct statement *property)
{
    struct assignment simplest;
    if (!proof->built->has_conditions || (proof->by_pieces && !proof_begin_question(proof)))
        return false;
    bool broken = proof->by_pieces ? broken_by_pieces(proof, property, &simplest)
                                   : broken_at_once(proof, property, &simplest);
    if (broken)
        report_broken(proof, property, &simplest);
    return broken || !proof->built->diagram.status;
}

static void settle_property(struct proof *proof, const struct statement *property)
{
    bool settled = check_property(proof, property);
    if (!settled && proof->built->has_conditions && !proof->by_pieces &&
        proof->built->diagram.status == TW_LIMIT) {
        proof_by_pieces(proof);
        settled = check_property(proof, property);
    }
    if (!settled)
        finding_add(proof->findings, FINDING_UNSETTLED, property->span,
                    "this property could not be settled: the diagram of what the rules decide is "
                    "too large");
}

void lint_properties(struct proof *proof)
{
    for (const struct statement *at = proof->policy->statements; at; at = at->next)
        if (at->kind == STATEMENT_NEVER || at->kind == STATEMENT_ALWAYS)
            settle_property(proof, at);
}
