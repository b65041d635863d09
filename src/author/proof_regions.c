/* author/proof_regions.c: which rules take the requests of a region; see proofs.h.
 *
 * Some policies have no diagram of acceptable size though each of their rules meets few others. So
 * questions can also be asked by pieces: within one rule's requests, taking away one rule after
 * another. Every piece has a budget of edges, and all of them together a budget of work. Results
 * mean nothing once the diagram's status is set. */
#include "author/proofs.h"

#include <string.h>

enum { PIECE_EDGES = 200000, ALL_WORK = 20000000 };

void proof_by_pieces(struct proof *proof)
{
    struct policy_diagram *built = proof->built;
    diagram_release(&built->diagram, built->mark);
    built->root = DIAGRAM_NONE;
    proof->by_pieces = true;
    proof->work_left = ALL_WORK;
}

static void spend(struct proof *proof, size_t work)
{
    proof->work_left -= work < proof->work_left ? work : proof->work_left;
}

bool proof_begin_question(struct proof *proof)
{
    struct policy_diagram *built = proof->built;
    size_t used = built->diagram.edge_count - built->mark.edges;
    if (used > PIECE_EDGES || built->diagram.status) {
        spend(proof, used);
        diagram_release(&built->diagram, built->mark);
    }
    built->diagram.edge_limit = built->mark.edges + 2 * (size_t)PIECE_EDGES;
    return proof->work_left > 0 && !built->diagram.status;
}

diagram_ref proof_left_by_earlier(struct proof *proof, size_t rule, diagram_ref region)
{
    struct policy_diagram *built = proof->built;
    for (size_t i = 0; i < rule && region != DIAGRAM_NONE && !built->diagram.status; i++) {
        region = diagram_without(&built->diagram, built->conditions[i], region);
        spend(proof, 1);
    }
    return region;
}

/* The rule that decides the simplest request of a region: often it settles a question at once. */
static bool decide_simplest(struct proof *proof, diagram_ref region, struct assignment *assignment,
                            size_t *rule)
{
    struct valuation valuation;
    if (region == DIAGRAM_NONE || proof->built->diagram.status ||
        !diagram_nearest(proof->built, region, NULL, MOMENT_IN_PARTS, assignment) ||
        !witness_values(proof->built, assignment, NULL, &valuation))
        return false;
    *rule = reference_decide(proof->policy, &valuation);
    return true;
}

diagram_ref proof_left_by_all(struct proof *proof, diagram_ref region)
{
    struct assignment assignment;
    size_t rules = proof->policy->rule_count, decided;
    if (decide_simplest(proof, region, &assignment, &decided) && decided == rules)
        return diagram_of_classes(proof->built, assignment.classes);
    return proof_left_by_earlier(proof, rules, region);
}

diagram_ref proof_own_requests(struct proof *proof, size_t rule, diagram_ref condition)
{
    struct policy_diagram *built = proof->built;
    if (proof->by_pieces)
        return proof_left_by_earlier(proof, rule, condition);
    return diagram_select(built, diagram_guard(&built->diagram, condition, built->root),
                          (uint32_t)rule);
}

static bool is_earlier(void *context, uint32_t rule)
{
    const size_t *limit = context;
    return rule != DIAGRAM_NONE && rule < *limit;
}

bool proof_taken_before(struct proof *proof, size_t rule, diagram_ref region)
{
    struct policy_diagram *built = proof->built;
    diagram_ref possible = diagram_without(&built->diagram, built->impossible, region);
    if (!proof->by_pieces)
        return diagram_all(&built->diagram, possible, built->root, is_earlier, &rule);
    struct assignment assignment;
    size_t decided;
    if (decide_simplest(proof, possible, &assignment, &decided) && decided >= rule)
        return false;
    return proof_left_by_earlier(proof, rule, possible) == DIAGRAM_NONE && !built->diagram.status;
}

/* The rules behind one that take some of its requests. */
struct successors {
    const struct proof *proof;
    size_t rule;
    bool *marked; /* of each rule, and of otherwise: its action is written in another way */
    bool any;
};

static bool may_replace(void *context, uint32_t value)
{
    struct successors *successors = context;
    const struct proof *proof = successors->proof;
    size_t rule = value == DIAGRAM_NONE ? proof->policy->rule_count : value;
    if (proof->actions[rule] == proof->actions[successors->rule])
        return true;
    successors->marked[rule] = successors->any = true;
    return proof_may_do_the_same(proof, successors->rule, rule);
}

static bool same_action_by_pieces(struct proof *proof, size_t rule, diagram_ref own)
{
    struct policy_diagram *built = proof->built;
    size_t rules = proof->policy->rule_count;
    for (size_t i = rule + 1; i < rules && own != DIAGRAM_NONE; i++) {
        diagram_ref left = diagram_without(&built->diagram, built->conditions[i], own);
        if (built->diagram.status ||
            (left != own &&
             !proof_does_the_same(proof, rule, i,
                                  diagram_guard(&built->diagram, built->conditions[i], own))))
            return false;
        own = left;
        spend(proof, 1);
    }
    return proof_does_the_same(proof, rule, rules, own);
}

bool proof_same_action_after(struct proof *proof, size_t rule, diagram_ref own, diagram_ref after)
{
    struct policy_diagram *built = proof->built;
    size_t rules = proof->policy->rule_count;
    if (proof->by_pieces)
        return same_action_by_pieces(proof, rule, own);
    struct successors successors = {proof, rule, proof->replacing, false};
    memset(proof->replacing, 0, rules + 1);
    if (!diagram_all(&built->diagram, own, after, may_replace, &successors))
        return false;
    for (size_t i = rule + 1; i <= rules && successors.any; i++) {
        uint32_t value = i == rules ? DIAGRAM_NONE : (uint32_t)i;
        if (proof->replacing[i] &&
            !proof_does_the_same(
                proof, rule, i,
                diagram_guard(&built->diagram, own, diagram_select(built, after, value))))
            return false;
    }
    return !built->diagram.status;
}

static bool mark_taker(void *context, uint32_t rule)
{
    bool *marked = context;
    if (rule != DIAGRAM_NONE)
        marked[rule] = true;
    return true;
}

void proof_mark_takers(struct proof *proof, size_t rule, diagram_ref region, bool *marked)
{
    struct policy_diagram *built = proof->built;
    if (!proof->by_pieces) {
        diagram_all(&built->diagram, region, built->root, mark_taker, marked);
        return;
    }
    for (size_t i = 0; i < rule && region != DIAGRAM_NONE && !built->diagram.status; i++) {
        diagram_ref left = diagram_without(&built->diagram, built->conditions[i], region);
        marked[i] = left != region;
        region = left;
        spend(proof, 1);
    }
}

bool proof_is_everything(struct proof *proof, diagram_ref region)
{
    struct policy_diagram *built = proof->built;
    diagram_ref known = diagram_merge(&built->diagram, built->impossible, region);
    return diagram_without(&built->diagram, known, DIAGRAM_TRUE) == DIAGRAM_NONE &&
           !built->diagram.status;
}

bool proof_is_nothing(struct proof *proof, diagram_ref region)
{
    struct policy_diagram *built = proof->built;
    return diagram_without(&built->diagram, built->impossible, region) == DIAGRAM_NONE &&
           !built->diagram.status;
}
