/* author/proofs.h: between the parts of lint that ask the decision diagram. */
#ifndef TIERWAY_AUTHOR_PROOFS_H
#define TIERWAY_AUTHOR_PROOFS_H

#include "author/witness.h"
#include "front/front.h"

struct proof {
    const struct policy_tree *policy;
    struct findings *findings;
    struct policy_diagram *built;
    uint32_t *actions; /* of each rule and of otherwise: the same number for the same action */
    bool *dead;        /* of each rule: no request reaches it */
    bool *removable;   /* of each rule: without it every request gets the same action */
};

/* lint_properties.c: the `never` and `always` statements. */
void lint_properties(struct proof *proof);

#endif
