/* author/proofs.h: between the parts of lint that ask the decision diagram. */
#ifndef TIERWAY_AUTHOR_PROOFS_H
#define TIERWAY_AUTHOR_PROOFS_H

#include "author/lint.h"
#include "author/witness.h"
#include "front/front.h"

/* What could not be settled about a rule. */
enum open_question { OPEN_NOTHING, OPEN_PARTS, OPEN_RULE };

struct proof {
    const struct policy_tree *policy;
    struct findings *findings;
    struct policy_diagram *built;
    uint32_t *actions; /* of each rule and of otherwise: the same number for the same action */
    bool *dead;        /* of each rule: no request reaches it */
    bool *removable;   /* of each rule: without it every request gets the same action */
    bool *replacing;   /* of each rule, and of otherwise: for one question at a time */
    enum open_question *open; /* of each rule */
    bool by_pieces;           /* there is no diagram of all rules: they are asked one by one */
    size_t work_left;         /* by pieces: edges and steps that may still be spent */
};

/* proof_regions.c: which rules take the requests of a region. Where all rules are one diagram it
 * is asked; by pieces, rules are taken away from the region one after another. */

/* Is the region every request that can be? Is none of it a request that can be? */
bool proof_is_everything(struct proof *proof, diagram_ref region);
bool proof_is_nothing(struct proof *proof, diagram_ref region);
/* Goes on by pieces: forgets the diagram of all rules and that the budget ran out. */
void proof_by_pieces(struct proof *proof);
/* Before each question that is asked by pieces: makes room. False once all work is spent. */
bool proof_begin_question(struct proof *proof);
/* What of the region the rules before `rule` leave. Only by pieces. */
diagram_ref proof_left_by_earlier(struct proof *proof, size_t rule, diagram_ref region);
/* What of the region no rule takes, or a part of that. NONE only where there is nothing. */
diagram_ref proof_left_by_all(struct proof *proof, diagram_ref region);
/* The requests that the rule decides; condition: where it holds. */
diagram_ref proof_own_requests(struct proof *proof, size_t rule, diagram_ref condition);
/* Do rules before `rule` take all of the region? */
bool proof_taken_before(struct proof *proof, size_t rule, diagram_ref region);
/* Do all requests of `own` get the action of `rule` from the rules behind it? after: these rules as
 * a diagram, on `own` at least; not looked at by pieces. */
bool proof_same_action_after(struct proof *proof, size_t rule, diagram_ref own, diagram_ref after);
/* Marks every rule that takes some request of the region, among those before `rule`. */
void proof_mark_takers(struct proof *proof, size_t rule, diagram_ref region, bool *marked);

/* proof_actions.c: may the actions of two rules (rule_count: otherwise) do the same for some
 * request? Do they for all requests of the region? False also where that could not be settled. */
bool proof_may_do_the_same(const struct proof *proof, size_t left, size_t right);
bool proof_does_the_same(struct proof *proof, size_t left, size_t right, diagram_ref region);

/* proof_covering.c: marks rules before a dead one that together take all its requests, and of which
 * none can be left out. marked: of each rule, false at first. False where it could not be settled,
 * or memory is out. */
bool proof_find_covering(struct proof *proof, size_t rule, bool *marked);

/* lint_proofs.c: adds a finding, with the simplest request of the region as its witness where it
 * has any; the second gives a finding such a witness. */
struct finding *proof_finding(struct proof *proof, enum finding_name name, struct span span,
                              diagram_ref region, const char *message);
void proof_add_witness(struct proof *proof, struct finding *finding, diagram_ref region);
/* lint_parts.c: parts of a rule's condition that hold always or never, or can go. own: the requests
 * that the rule decides. */
void lint_parts(struct proof *proof, size_t rule, diagram_ref own);
/* lint_offers.c: models that reach a tier at which the price table does not have them. */
void lint_offers(struct proof *proof, const struct model_offers *offers);
/* lint_properties.c: the `never` and `always` statements. */
void lint_properties(struct proof *proof);

#endif
