/* simulate/money.h: what a decided request costs on each side; for this folder only. */
#ifndef TIERWAY_SIMULATE_MONEY_H
#define TIERWAY_SIMULATE_MONEY_H

#include "simulate/simulation.h"

/* Prices one record and adds it to every sum. courses: of each side, NULL where the side has none.
 * TW_OK, or what the arena says. A sum that overflows is found by money_finish. */
enum tw_status money_take(struct simulation *simulation, const struct log_record *record,
                          int64_t requests, struct course *const courses[SIDES]);
/* Sorts the sums. TW_LIMIT where one is over 127 bits. */
enum tw_status money_finish(struct simulation *simulation, struct tw_error *error);

#endif
