/* author/lint.h: findings about a policy that compiles.
 *
 * What needs no proof: unused and hiding names, the clock without a zone, flex without a way on,
 * negated tests of what may be unset, weekdays with windows over midnight, windows that daylight
 * saving shifts in the year after `now`. */
#ifndef TIERWAY_AUTHOR_LINT_H
#define TIERWAY_AUTHOR_LINT_H

#include "front/front.h"

/* Adds warnings to front->findings, takes out those that `# lint: allow` silences, and sorts.
 * now: the instant at which the coming year starts. Does nothing but sort and silence where the
 * policy has errors. TW_OK or TW_NO_MEMORY. */
enum tw_status lint_policy(struct front *front, int64_t now);

/* lint_proofs.c: what the decision diagram proves. edge_limit bounds the diagram of all rules
 * (DIAGRAM_EDGES); past it, questions are asked by pieces, and those that stay open are findings.
 * TW_OK or TW_NO_MEMORY. */
enum tw_status lint_proofs(struct front *front, size_t edge_limit);
/* lint_conditions.c */
void lint_conditions(struct front *front);
/* lint_clock.c */
enum tw_status lint_clock(struct front *front, int64_t now);

#endif
