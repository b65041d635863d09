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

/* Do both clocks run through the day without a shift? */
static bool is_even(const struct clocks *clocks, int64_t start)
{
    int64_t end = start + DAY_MILLISECONDS;
    return zone_local(clocks->old, start).offset == zone_local(clocks->old, end).offset &&
           zone_local(clocks->new, start).offset == zone_local(clocks->new, end).offset;
}

/* visit: told of an instant from which on the clocks have one distance for so many quarters. */
typedef bool (*quarters_visitor)(struct clocks *clocks, size_t distance, int64_t instant,
                                 int count);

/* A day without a shift is visited at once; in one with a shift each quarter counts for itself. */
static bool visit_day(struct clocks *clocks, int64_t day, quarters_visitor visit)
{
    int64_t start = day * DAY_MILLISECONDS, end = start + DAY_MILLISECONDS;
    int count = is_even(clocks, start) ? SECONDS_PER_DAY / QUARTER : 1;
    for (int64_t at = start; at < end; at += (int64_t)count * QUARTER * 1000) {
        size_t index = find_distance(clocks, distance_at(clocks, at));
        if (index == MOST_DISTANCES || !visit(clocks, index, at, count))
            return false;
    }
    return true;
}

static bool visit_days(struct clocks *clocks, quarters_visitor visit)
{
    bool good = true;
    for (int64_t day = 0; day <= LAST_DAY && good; day++)
        good = visit_day(clocks, day, visit);
    return good;
}

static bool visit_nothing(struct clocks *clocks, size_t distance, int64_t instant, int count)
{
    (void)clocks, (void)distance, (void)instant, (void)count;
    return true;
}

enum tw_status clocks_open(struct clocks *clocks, struct text old, struct text new)
{
    *clocks = (struct clocks){0};
    enum tw_status status = zone_open(old, &clocks->old);
    if (!status)
        status = zone_open(new, &clocks->new);
    if (!status && !visit_days(clocks, visit_nothing))
        status = TW_LIMIT;
    return status;
}

void clocks_close(struct clocks *clocks)
{
    zone_free(clocks->old);
    zone_free(clocks->new);
}

/* The last span that begins on this day or before. */
static size_t span_of(const struct clocks *clocks, int64_t date)
{
    size_t low = 0, high = clocks->span_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (clocks->starts[middle] <= date)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The old clock goes on evenly for so many quarters, over midnight perhaps. */
static bool note_quarters(struct clocks *clocks, size_t distance, int64_t instant, int count)
{
    struct local_time local = zone_local(clocks->old, instant);
    int64_t first = local.second, end = first + (int64_t)count * QUARTER;
    for (int64_t second = first - first % QUARTER; second < end; second += QUARTER) {
        int64_t day = second / SECONDS_PER_DAY;
        int64_t quarter = (local.weekday * SECONDS_PER_DAY + second) / QUARTER % QUARTERS;
        size_t span = span_of(clocks, local.date + day);
        clocks->quarters[distance * clocks->span_count + span].seen[quarter] = true;
    }
    return true;
}

bool clocks_note(struct clocks *clocks, struct arena *arena, const int64_t *starts, size_t count)
{
    clocks->starts = starts;
    clocks->span_count = count;
    clocks->quarters = ARENA_ARRAY(arena, struct clock_quarters, clocks->count * count);
    return clocks->quarters && visit_days(clocks, note_quarters);
}

bool clocks_seen(const struct clocks *clocks, size_t index, size_t span, struct arena *arena,
                 struct interval_set *set)
{
    const struct clock_quarters *quarters = &clocks->quarters[index * clocks->span_count + span];
    *set = (struct interval_set){.items = ARENA_ARRAY(arena, struct interval, QUARTERS)};
    for (int64_t quarter = 0; set->items && quarter < QUARTERS; quarter++)
        if (quarters->seen[quarter])
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

/* What is looked for: a second of a week, on one of some dates. */
struct moment_search {
    const struct clocks *clocks;
    size_t index; /* of the distance */
    struct interval_set seconds, dates;
};

static bool meets(struct interval_set set, struct interval with)
{
    bool meet = false;
    for (size_t i = 0; i < set.count && !meet; i++)
        meet = set.items[i].low <= with.high && set.items[i].high >= with.low;
    return meet;
}

static int64_t search_second(const struct moment_search *search, int64_t day, int64_t second)
{
    int64_t instant = instant_on_day(search->clocks, search->index, day, second);
    if (instant < 0)
        return -1;
    int64_t date = zone_local(search->clocks->old, instant).date;
    return interval_set_holds(search->dates, date) ? instant : -1;
}

/* The first second of each quarter that is in the set. */
static int64_t search_quarters(const struct moment_search *search, int64_t day)
{
    int64_t instant = -1;
    for (size_t i = 0; i < search->seconds.count && instant < 0; i++) {
        struct interval run = search->seconds.items[i];
        for (int64_t at = run.low; at <= run.high && instant < 0; at += QUARTER - at % QUARTER)
            instant = search_second(search, day, at);
    }
    return instant;
}

int64_t clocks_instant(const struct clocks *clocks, size_t index, struct interval_set seconds,
                       struct interval_set dates, int64_t wanted)
{
    const struct moment_search search = {clocks, index, seconds, dates};
    int64_t instant = -1;
    for (int64_t i = 0; i <= LAST_DAY && instant < 0; i++)
        instant = search_second(&search, (DAY_2024 + i) % (LAST_DAY + 1), wanted);
    for (int64_t i = 0; i <= LAST_DAY && instant < 0; i++) {
        int64_t day = (DAY_2024 + i) % (LAST_DAY + 1);
        struct interval near = {day - 1, day + 1};
        if (meets(search.dates, near))
            instant = search_quarters(&search, day);
    }
    return instant;
}
