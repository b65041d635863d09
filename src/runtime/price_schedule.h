/* runtime/price_schedule.h: the hours of the week in which a window of prices holds. */
#ifndef TIERWAY_RUNTIME_PRICE_SCHEDULE_H
#define TIERWAY_RUNTIME_PRICE_SCHEDULE_H

#include "runtime/price.h"

/* Seconds of the week, from Monday 00:00, up to and without `end`; end is at most one week. */
struct price_span {
    int32_t start, end;
};

/* Adds what `text` says to the window's spans: "mon..fri 01:00..04:00", "16:30..00:30" (every day)
 * or "sat" (all day), as the policy language writes schedules. The days are those on which the
 * hours begin. TW_INVALID with one clause in error, TW_LIMIT, TW_NO_MEMORY. */
enum tw_status price_schedule_add(struct price_window *window, struct text text,
                                  struct arena *arena, struct tw_error *error);
/* Whether the window holds at an instant. */
bool price_window_holds(const struct price_window *window, int64_t instant);
/* Whether two windows of one zone have a second of the week in common. */
bool price_windows_meet(const struct price_window *a, const struct price_window *b);

#endif
