/* diagram/show.h: what the check and the lowering into sets make of a policy, for people who look
 * inside. */
#ifndef TIERWAY_DIAGRAM_SHOW_H
#define TIERWAY_DIAGRAM_SHOW_H

#include "front/front.h"

/* Writes the attributes that the policy reads, the variables behind them, budgets, `let`s, and each
 * condition as tests "variable in set of values", with names written out and `not` pushed down.
 *
 * front  of a policy without errors
 * out    initialised by the caller; the text is appended
 * Returns TW_OK or TW_NO_MEMORY. */
enum tw_status show_check(struct front *front, struct buffer *out);

#endif
