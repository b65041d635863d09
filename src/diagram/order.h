/* diagram/order.h: in which order a diagram tests its variables.
 *
 * The size of a diagram depends on the order, and the best one is hard to find. So: a first guess
 * that is right for most policies; where the diagram outgrows what is expected of a good order,
 * other guesses, each given the same room; of those that fit, the smallest is improved by
 * exchanging neighbours. What is tried, and how far, depends on the policy alone. */
#ifndef TIERWAY_DIAGRAM_ORDER_H
#define TIERWAY_DIAGRAM_ORDER_H

#include "diagram/build.h"

/* Edges that are expected of a good order: more than these, and other orders are tried. */
#define EXPECTED_EDGES 20000
#define EXPECTED_EDGES_A_RULE 64

/* Sets order and level_of to the first guess. False when memory is out. */
bool order_guess(struct policy_diagram *built);

/* Builds with the order at hand, and with others where that is too large. attempt: builds from
 * nothing in the order at hand with at most so many edges. Orders but the first together make at
 * most `edge_limit` edges, so that all of it ends after about twice the work of one diagram that
 * is too large. On TW_LIMIT what was attempted last is the first order with all of `edge_limit`. */
enum tw_status order_search(struct policy_diagram *built, size_t edge_limit,
                            enum tw_status (*attempt)(struct policy_diagram *built, size_t limit));

#endif
