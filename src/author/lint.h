/* author/lint.h: findings about a policy that compiles.
 *
 * What needs no proof: unused and hiding names, the clock without a zone, flex without a way on,
 * negated tests of what may be unset, weekdays with windows over midnight, windows that daylight
 * saving shifts in the year after `now`. */
#ifndef TIERWAY_AUTHOR_LINT_H
#define TIERWAY_AUTHOR_LINT_H

#include "front/front.h"

/* What a price table says of models and tiers, by their names. */
struct model_offers {
    const void *table;
    /* The name of the table's model at `index`; an empty text where there are no more. */
    struct text (*model)(const void *table, size_t index);
    /* Does the table price this tier for any model? */
    bool (*prices)(const void *table, struct text tier);
    /* Does the table have the model at other tiers only? False for what it does not know. */
    bool (*lacks)(const void *table, struct text model, struct text tier);
};

/* Adds warnings to front->findings, takes out those that `# lint: allow` silences, and sorts.
 * now: the instant at which the coming year starts. offers: NULL where nothing is known of models.
 * Does nothing but sort and silence where the policy has errors. TW_OK or TW_NO_MEMORY. */
enum tw_status lint_policy(struct front *front, int64_t now, const struct model_offers *offers);

/* lint_proofs.c: what the decision diagram proves. edge_limit bounds the diagram of all rules
 * (DIAGRAM_EDGES); past it, questions are asked by pieces, and those that stay open are findings.
 * TW_OK or TW_NO_MEMORY. */
enum tw_status lint_proofs(struct front *front, size_t edge_limit,
                           const struct model_offers *offers);
/* lint_conditions.c */
void lint_conditions(struct front *front);
/* lint_clock.c */
enum tw_status lint_clock(struct front *front, int64_t now);

#endif
