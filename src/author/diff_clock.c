/* author/diff_clock.c: see diff_clock.h. Owns the two zones; walks the days from 1970 to 2100. */
#include "author/diff_clock.h"

#define QUARTER 900
#define DAY_MILLISECONDS ((int64_t)SECONDS_PER_DAY * 1000)

enum { LAST_DAY = 47847, DAY_2024 = 19723 }; /* 2100-12-31, and 2024-01-01 */

static int64_t second_of_week(struct local_time local)
{
    return (int64_t)local.weekday * SECONDS_PER_DAY + local.second;
}

static int64_t distance_at(const struct clocks *clocks, int64_t instant)
{
    return zone_local(clocks->new, instant).offset - zone_local(clocks->old, instant).offset;
}

/* The place of a distance; MOST_DISTANCES where there is no room for it. */
static size_t find_distance(struct clocks *clocks, int64_t distance)
{
    for (size_t i = 0; i < clocks->count; i++)
        if (clocks->distances[i] == distance)
            return i;
    if (clocks->count < MOST_DISTANCES)
        clocks->distances[clocks->count++] = distance;
    return clocks->distances[clocks->count - 1] == distance ? clocks->count - 1 : MOST_DISTANCES;
}

/* Notes the quarters that the old clock shows from an instant on, for so many quarters. */
static bool note_quarters(struct clocks *clocks, int64_t instant, int count)
{
    size_t index = find_distance(clocks, distance_at(clocks, instant));
    if (index == MOST_DISTANCES)
        return false;
    int64_t second = second_of_week(zone_local(clocks->old, instant));
    int64_t first = second / QUARTER, last = (second + (int64_t)count * QUARTER - 1) / QUARTER;
    for (int64_t quarter = first; quarter <= last; quarter++)
        clocks->seen[index][quarter % QUARTERS] = true;
    return true;
}

/* Do both clocks run through the day without a shift? */
static bool is_even(const struct clocks *clocks, int64_t start)
{
    int64_t end = start + DAY_MILLISECONDS;
    return zone_local(clocks->old, start).offset == zone_local(clocks->old, end).offset &&
           zone_local(clocks->new, start).offset == zone_local(clocks->new, end).offset;
}

/* A day without a shift is noted at once; in one with a shift each quarter counts for itself. */
static bool note_day(struct clocks *clocks, int64_t day)
{
    int64_t start = day * DAY_MILLISECONDS, end = start + DAY_MILLISECONDS;
    if (is_even(clocks, start))
        return note_quarters(clocks, start, SECONDS_PER_DAY / QUARTER);
    for (int64_t at = start; at < end; at += QUARTER * 1000)
        if (!note_quarters(clocks, at, 1))
            return false;
    return true;
}

enum tw_status clocks_open(struct clocks *clocks, struct text old, struct text new)
{
    *clocks = (struct clocks){0};
    enum tw_status status = zone_open(old, &clocks->old);
    if (!status)
        status = zone_open(new, &clocks->new);
    for (int64_t day = 0; day <= LAST_DAY && !status; day++)
        if (!note_day(clocks, day))
            status = TW_LIMIT;
    return status;
}

void clocks_close(struct clocks *clocks)
{
    zone_free(clocks->old);
    zone_free(clocks->new);
}

bool clocks_seen(const struct clocks *clocks, size_t index, struct arena *arena,
                 struct interval_set *set)
{
    *set = (struct interval_set){.items = ARENA_ARRAY(arena, struct interval, QUARTERS)};
    for (int64_t quarter = 0; set->items && quarter < QUARTERS; quarter++)
        if (clocks->seen[index][quarter])
            set->items[set->count++] =
                (struct interval){quarter * QUARTER, (quarter + 1) * QUARTER - 1};
    if (set->items)
        interval_set_normalize(set);
    return set->items != NULL;
}

/* The instant less than `within` seconds from `at` on at which the old clock shows the second, if
 * it goes on evenly; -1 where it does not, or the clocks have another distance. */
static int64_t instant_from(const struct clocks *clocks, size_t index, int64_t at, int64_t within,
                            int64_t second)
{
    int64_t ahead = second - second_of_week(zone_local(clocks->old, at));
    ahead = (ahead + SECONDS_PER_WEEK) % SECONDS_PER_WEEK;
    int64_t instant = at + ahead * 1000;
    bool found = ahead < within && second_of_week(zone_local(clocks->old, instant)) == second &&
                 distance_at(clocks, instant) == clocks->distances[index];
    return found ? instant : -1;
}

/* The instant of a day, in UTC, at which the old clock shows the second; -1 where none does. */
static int64_t instant_on_day(const struct clocks *clocks, size_t index, int64_t day,
                              int64_t second)
{
    int64_t start = day * DAY_MILLISECONDS;
    int64_t instant = instant_from(clocks, index, start, SECONDS_PER_DAY, second);
    if (instant >= 0 || is_even(clocks, start))
        return instant;
    for (int64_t at = start; at < start + DAY_MILLISECONDS && instant < 0; at += QUARTER * 1000)
        instant = instant_from(clocks, index, at, QUARTER, second);
    return instant;
}

int64_t clocks_instant(const struct clocks *clocks, size_t index, int64_t second)
{
    for (int64_t i = 0; i <= LAST_DAY; i++) {
        int64_t instant = instant_on_day(clocks, index, (DAY_2024 + i) % (LAST_DAY + 1), second);
        if (instant >= 0)
            return instant;
    }
    return -1;
}
