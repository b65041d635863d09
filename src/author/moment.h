/* author/moment.h: a moment of given classes of clock and date. */
#ifndef TIERWAY_AUTHOR_MOMENT_H
#define TIERWAY_AUTHOR_MOMENT_H

#include "diagram/nearest.h"

/* Sets the clock and the date of `values` to a moment of the assignment's classes: as in `base`
 * (NULL: as by default) where that can be, with as few as there can be of weekday, date and time
 * away from it, then the nearest. The two are of one day. Where the policy reads both, it is a
 * moment that the policy's zone has, not one that daylight saving skips, if there is any such
 * moment. */
void moment_choose(struct policy_diagram *built, const struct assignment *assignment,
                   const struct valuation *base, int64_t *values);

#endif
