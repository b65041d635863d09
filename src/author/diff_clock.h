/* author/diff_clock.h: how far the clocks of two zones are from each other, and when. */
#ifndef TIERWAY_AUTHOR_DIFF_CLOCK_H
#define TIERWAY_AUTHOR_DIFF_CLOCK_H

#include "base/clock.h"
#include "diagram/formula.h"

enum {
    MOST_DISTANCES = 64,
    QUARTERS = SECONDS_PER_WEEK / 900 /* of an hour, in a week */
};

/* Of one distance and one span of dates: in which quarters of the week. */
struct clock_quarters {
    bool seen[QUARTERS];
};

/* The clocks of two zones, from 1970 to 2100. Zones shift by quarters of an hour at most often;
 * where they do not, a quarter counts as a whole. */
struct clocks {
    struct zone *old, *new;
    int64_t distances[MOST_DISTANCES]; /* seconds by which the new clock is ahead */
    size_t count;
    const int64_t *starts; /* of each span of dates on the old clock; the first one is the first day
                              that there is */
    size_t span_count;
    struct clock_quarters *quarters; /* span_count for each distance */
};

/* Finds the distances. TW_OK; TW_LIMIT for more than fit; TW_NOT_FOUND, TW_NO_MEMORY. clocks_close
 * either way. */
enum tw_status clocks_open(struct clocks *clocks, struct text old, struct text new);
void clocks_close(struct clocks *clocks);
/* Notes when the clocks have which distance, for each span of dates. starts: at least one,
 * ascending; has to stay. False when memory is out. */
bool clocks_note(struct clocks *clocks, struct arena *arena, const int64_t *starts, size_t count);
/* When the clocks have a distance within a span of dates, in seconds of the old one's week; empty
 * for never. False when memory is out. */
bool clocks_seen(const struct clocks *clocks, size_t index, size_t span, struct arena *arena,
                 struct interval_set *set);
/* An instant at which the old clock shows a second of the week of one of these sets and a date of
 * the other one, and the clocks have the distance, the first from 2024 on where there is one; -1
 * where there is none. `wanted`, a second of the set, is taken where it can be. */
int64_t clocks_instant(const struct clocks *clocks, size_t index, struct interval_set seconds,
                       struct interval_set dates, int64_t wanted);

#endif
