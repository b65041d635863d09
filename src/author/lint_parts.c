/* author/lint_parts.c: parts of a rule's condition that hold always or never, or can go.
 *
 * A part can go when all requests that the rule gains or loses without it are taken by earlier
 * rules anyway. A part that was found to go stays left out while the others are asked about. */
#include "author/proofs.h"

/* Does the rule decide the same requests when its condition is as its formula is now? The requests
 * that it gains or loses have to be taken by earlier rules, all of them. */
static bool decides_the_same(struct proof *proof, size_t rule)
{
    struct policy_diagram *built = proof->built;
    diagram_ref before = built->conditions[rule];
    diagram_ref now = diagram_of_formula(built, built->formulas[rule]);
    return proof_taken_before(proof, rule, diagram_without(&built->diagram, before, now)) &&
           proof_taken_before(proof, rule, diagram_without(&built->diagram, now, before));
}

static const char *const part_messages[] = {
    [FINDING_ALWAYS_TRUE] = "this part holds for every request",
    [FINDING_ALWAYS_FALSE] = "this part holds for no request",
    [FINDING_DROPPABLE] = "the rule decides the same requests without this part",
};

/* What can be said of a part under a `not` is said of its opposite, so it is only droppable. */
static enum finding_name name_part(struct proof *proof, const struct formula *part)
{
    diagram_ref alone = diagram_of_formula(proof->built, part);
    if (!part->inverted && proof_is_everything(proof, alone))
        return FINDING_ALWAYS_TRUE;
    return !part->inverted && proof_is_nothing(proof, alone) ? FINDING_ALWAYS_FALSE
                                                             : FINDING_DROPPABLE;
}

/* Finds out about one part of an `and` or an `or`; true where it can go, and was said. */
static bool examine_part(struct proof *proof, size_t rule, diagram_ref own, struct formula *part)
{
    part->dropped = true;
    bool can_go = decides_the_same(proof, rule);
    enum finding_name name = can_go ? name_part(proof, part) : FINDING_DROPPABLE;
    if (!can_go || proof->built->diagram.status) {
        part->dropped = false;
        return false;
    }
    diagram_ref region = name == FINDING_ALWAYS_FALSE ? DIAGRAM_NONE : own;
    finding_help(proof->findings,
                 proof_finding(proof, name, part->span, region, part_messages[name]),
                 "take it out");
    return true;
}

/* One part always stays: without any, nothing would be left to write. */
static void examine_parts(struct proof *proof, size_t rule, diagram_ref own,
                          struct formula *formula)
{
    size_t left = 0;
    for (const struct formula *part = formula_parts(formula); part; part = part->next)
        left += !part->dropped;
    for (struct formula *part = formula_parts(formula); part && !proof->built->diagram.status;
         part = part->next) {
        if (part->dropped)
            continue;
        if (left > 1 && examine_part(proof, rule, own, part))
            left--;
        else if (!part->named)
            examine_parts(proof, rule, own, part);
    }
}

void lint_parts(struct proof *proof, size_t rule, diagram_ref own)
{
    struct policy_diagram *built = proof->built;
    const struct condition *condition = proof->policy->rules[rule]->condition;
    if (proof_is_everything(proof, built->conditions[rule])) {
        finding_help(proof->findings,
                     proof_finding(proof, FINDING_ALWAYS_TRUE, condition->span, own,
                                   "this condition holds for every request"),
                     "write `otherwise`");
        return;
    }
    if (!built->formulas[rule]->named)
        examine_parts(proof, rule, own, built->formulas[rule]);
}
