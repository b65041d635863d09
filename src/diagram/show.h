/* diagram/show.h: what the check and the lowering into sets make of a policy, for people who look
 * inside. */
#ifndef TIERWAY_DIAGRAM_SHOW_H
#define TIERWAY_DIAGRAM_SHOW_H

#include "diagram/formula.h"
#include "front/front.h"

/* Writes the attributes that the policy reads, the variables behind them, budgets, `let`s, and each
 * condition as tests "variable in set of values", with names written out and `not` pushed down.
 *
 * front  of a policy without errors
 * out    initialised by the caller; the text is appended
 * Returns TW_OK or TW_NO_MEMORY. */
enum tw_status show_check(struct front *front, struct buffer *out);

/* The diagram of the rules: its variables in order with their classes, and its nodes from the root
 * down; as text, or as a graph in the language of Graphviz. TW_LIMIT where it is too large. */
enum tw_status show_diagram(struct front *front, struct buffer *out);
enum tw_status show_diagram_dot(struct front *front, struct buffer *out);

#define SHOW_LABEL_LIMIT (64u << 20) /* bytes of one label of a graph */

/* Inside the stage: values low..high of a variable, in the words of the language. */
void show_interval(const struct policy_tree *policy, uint32_t variable, struct interval interval,
                   struct buffer *out);

#endif
