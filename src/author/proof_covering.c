/* author/proof_covering.c: which rules a dead rule is dead for; see proofs.h.
 *
 * The set is minimal: without any one of its rules some request of the dead rule would be left. It
 * is found by halves (Junker 2004, QuickXplain): of the later half what the earlier one leaves
 * open, then of the earlier half what that leaves. */
#include "author/proofs.h"

/* The rules that may be needed, in order; those that are not are taken out of `marked`. */
struct covering {
    struct proof *proof;
    const uint32_t *rules;
    bool *marked;
};

/* What the marked rules among first..last - 1 take of the region. */
static diagram_ref taken_by(const struct covering *covering, size_t first, size_t last,
                            diagram_ref region)
{
    struct policy_diagram *built = covering->proof->built;
    if (built->diagram.status || first >= last)
        return DIAGRAM_NONE;
    if (last - first > 1) {
        size_t middle = first + (last - first) / 2;
        diagram_ref upper = taken_by(covering, first, middle, region);
        return diagram_merge(&built->diagram, upper, taken_by(covering, middle, last, region));
    }
    uint32_t rule = covering->rules[first];
    if (!covering->marked[rule])
        return DIAGRAM_NONE;
    return diagram_guard(&built->diagram, built->conditions[rule], region);
}

static diagram_ref left_by(const struct covering *covering, size_t first, size_t last,
                           diagram_ref region)
{
    struct diagram *diagram = &covering->proof->built->diagram;
    return diagram_without(diagram, taken_by(covering, first, last, region), region);
}

/* Leaves marks only on rules among first..last - 1 that the region, which they take, needs. */
static void keep_needed(const struct covering *covering, size_t first, size_t last,
                        diagram_ref region)
{
    if (covering->proof->built->diagram.status || first >= last)
        return;
    if (region == DIAGRAM_NONE) {
        for (size_t i = first; i < last; i++)
            covering->marked[covering->rules[i]] = false;
        return;
    }
    if (last - first == 1)
        return;
    size_t middle = first + (last - first) / 2;
    keep_needed(covering, middle, last, left_by(covering, first, middle, region));
    keep_needed(covering, first, middle, left_by(covering, middle, last, region));
}

bool proof_find_covering(struct proof *proof, size_t rule, bool *marked)
{
    struct policy_diagram *built = proof->built;
    diagram_ref requests =
        diagram_without(&built->diagram, built->impossible, built->conditions[rule]);
    uint32_t *rules = ARENA_ARRAY(built->arena, uint32_t, rule + 1);
    size_t count = 0;
    if (!rules)
        return false;
    proof_mark_takers(proof, rule, requests, marked);
    for (size_t i = 0; i < rule; i++)
        if (marked[i])
            rules[count++] = (uint32_t)i;
    struct covering covering = {proof, rules, marked};
    keep_needed(&covering, 0, count, requests);
    return !built->diagram.status;
}
