/* author/diff_clock.h: how far the clocks of two zones are from each other, and when. */
#ifndef TIERWAY_AUTHOR_DIFF_CLOCK_H
#define TIERWAY_AUTHOR_DIFF_CLOCK_H

#include "base/clock.h"
#include "diagram/formula.h"

enum {
    MOST_DISTANCES = 64,
    QUARTERS = SECONDS_PER_WEEK / 900 /* of an hour, in a week */
};

/* The clocks of two zones, from 1970 to 2100. Zones shift by quarters of an hour at most often;
 * where they do not, a quarter counts as a whole. */
struct clocks {
    struct zone *old, *new;
    int64_t distances[MOST_DISTANCES];   /* seconds by which the new clock is ahead; 0 to a week */
    bool seen[MOST_DISTANCES][QUARTERS]; /* on the old clock: when they have this distance */
    size_t count;
};

/* TW_OK; TW_LIMIT for more distances than fit; TW_NOT_FOUND, TW_NO_MEMORY. clocks_close either
 * way. */
enum tw_status clocks_open(struct clocks *clocks, struct text old, struct text new);
void clocks_close(struct clocks *clocks);
/* When the clocks have a distance, in seconds of the old one's week. False when memory is out. */
bool clocks_seen(const struct clocks *clocks, size_t index, struct arena *arena,
                 struct interval_set *set);
/* An instant at which the old clock shows this second of the week and the clocks have the
 * distance, the first from 2024 on where there is one; -1 where there is none. */
int64_t clocks_instant(const struct clocks *clocks, size_t index, int64_t second);

#endif
