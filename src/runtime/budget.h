/* runtime/budget.h: what was spent in a budget's window, for the policy to read.
 *
 * The window is the day, the week from Monday or the month of the instant, in the policy's zone, as
 * long as the wall clock makes it. What counts is the cost of every attempt in the ledger since the
 * window began; attempts without a known price count as nothing, and stats shows how many they are.
 */
#ifndef TIERWAY_RUNTIME_BUDGET_H
#define TIERWAY_RUNTIME_BUDGET_H

#include "program/run/program.h"
#include "store/store.h"

/* Sets NAME.spent of each budget that the policy reads and the caller did not give. A budget kept
 * `by` an attribute counts the rows of this request's user where that is `user`; by anything else
 * it stays at nothing, since the ledger does not hold other attributes yet. store NULL: nothing was
 * spent. TW_OK, or why the ledger could not be read. */
enum tw_status budget_fill(tw_request *request, const struct zone *zone, struct store *store,
                           int64_t instant, struct tw_error *error);

/* The first instant of the window ("day", "week", "month") that holds `instant`. */
int64_t budget_window_start(const struct zone *zone, struct text window, int64_t instant);

#endif
