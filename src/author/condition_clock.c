/* author/condition_clock.c: see condition_internal.h. Seconds of the week as people write them:
 * `time in 22:00..06:00`, `weekday in sat..sun`, `now in mon..fri 22:00..06:00`; dates by weekday.
 */
#include "author/condition_internal.h"

#include <stdlib.h>

#define WHOLE_WEEK 0x7fu

/* The same window on several days: each begins at `from`; an end that is not later is the next
 * day's. */
struct window {
    int64_t from, to; /* seconds of the day */
    unsigned days;    /* a bit for each on which it begins */
};

/* Windows, as few as there can be with each beginning on its day; later a window for each item
 * that is written, whose days follow one another. */
struct schedule {
    struct window *items;
    size_t count, capacity;
    struct arena *arena;
};

static bool add_window(struct schedule *schedule, struct window window)
{
    struct window *items = arena_grow(schedule->arena, schedule->items, schedule->count,
                                      &schedule->capacity, sizeof *items);
    if (!items)
        return false;
    schedule->items = items;
    items[schedule->count++] = window;
    return true;
}

/* One stretch of seconds, which may reach into the next week: a window that begins on its day,
 * where it is shorter than a day, else one for each day that it touches. */
static bool add_stretch(struct schedule *schedule, int64_t from, int64_t end)
{
    bool good = true;
    bool whole = end - from < SECONDS_PER_DAY;
    while (good && from < end) {
        int64_t day = from / SECONDS_PER_DAY, midnight = (day + 1) * SECONDS_PER_DAY;
        int64_t to = end <= midnight || whole ? end : midnight;
        int64_t until = to - day * SECONDS_PER_DAY;
        good = add_window(schedule,
                          (struct window){from - day * SECONDS_PER_DAY,
                                          until > SECONDS_PER_DAY ? until - SECONDS_PER_DAY : until,
                                          1u << day % 7});
        from = to;
    }
    return good;
}

static int compare_times(const void *left, const void *right)
{
    const struct window *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

/* Joins the windows of the same times. */
static void join_days(struct schedule *schedule)
{
    size_t kept = 0;
    if (schedule->count)
        qsort(schedule->items, schedule->count, sizeof *schedule->items, compare_times);
    for (size_t i = 0; i < schedule->count; i++) {
        struct window window = schedule->items[i];
        if (kept && compare_times(&schedule->items[kept - 1], &window) == 0)
            schedule->items[kept - 1].days |= window.days;
        else
            schedule->items[kept++] = window;
    }
    schedule->count = kept;
}

static bool has_day(unsigned days, int64_t day)
{
    return (days >> (day + 7) % 7 & 1u) != 0;
}

/* The first of days that follow one another: the one whose day before is not there. */
static int64_t first_day(unsigned days)
{
    int64_t day = 0;
    while (days != WHOLE_WEEK && !(has_day(days, day) && !has_day(days, day - 1)))
        day++;
    return day;
}

/* Cuts windows so that the days of each follow one another. */
static bool cut_days(struct schedule *schedule)
{
    bool good = true;
    for (size_t i = 0; good && i < schedule->count; i++) {
        struct window *window = &schedule->items[i];
        unsigned run = 0;
        int64_t first = first_day(window->days);
        for (int64_t day = first; day < first + 7 && has_day(window->days, day); day++)
            run |= 1u << day % 7;
        struct window rest = {window->from, window->to, window->days & ~run};
        window->days = run;
        good = rest.days == 0 || add_window(schedule, rest);
    }
    return good;
}

static int compare_days(const void *left, const void *right)
{
    const struct window *a = left, *b = right;
    int64_t day_a = first_day(a->days), day_b = first_day(b->days);
    if (day_a != day_b)
        return day_a < day_b ? -1 : 1;
    return compare_times(left, right);
}

/* A set of seconds of the week, in order of their first days. */
static bool make_schedule(struct schedule *schedule, struct interval_set set)
{
    bool good = true, joined = set.count > 1 && set.items[0].low == 0 &&
                               set.items[set.count - 1].high == SECONDS_PER_WEEK - 1;
    for (size_t i = joined; good && i < set.count; i++) {
        bool last = joined && i == set.count - 1;
        good = add_stretch(schedule, set.items[i].low,
                           set.items[i].high + 1 + (last ? set.items[0].high + 1 : 0));
    }
    join_days(schedule);
    good = good && cut_days(schedule);
    if (schedule->count)
        qsort(schedule->items, schedule->count, sizeof *schedule->items, compare_days);
    return good;
}

static bool is_whole_day(const struct window *window)
{
    return window->from == 0 && window->to == SECONDS_PER_DAY;
}

static bool is_one_day(unsigned days)
{
    return (days & (days - 1)) == 0;
}

/* How much there is to read: an item with a range of days more than one with a day. */
static size_t reading_cost(const struct schedule *schedule)
{
    size_t cost = 2 * schedule->count;
    for (size_t i = 0; i < schedule->count; i++)
        cost += !is_one_day(schedule->items[i].days);
    return cost;
}

static void write_days(struct buffer *out, unsigned days)
{
    int64_t first = first_day(days), last = first;
    while (last < first + 6 && has_day(days, last + 1))
        last++;
    buffer_string(out, weekday_words[first]);
    if (last > first)
        buffer_format(out, "..%s", weekday_words[last % 7]);
}

static void write_times(struct buffer *out, const struct window *window)
{
    value_print(out, TW_TYPE_TIME, window->from);
    buffer_string(out, "..");
    value_print(out, TW_TYPE_TIME, window->to);
}

/* What a schedule speaks of: `time` where every day has the same windows, `weekday` where they are
 * whole days. */
static const char *subject(const struct schedule *schedule)
{
    bool daily = true, whole = true;
    for (size_t i = 0; i < schedule->count; i++) {
        daily &= schedule->items[i].days == WHOLE_WEEK;
        whole &= is_whole_day(&schedule->items[i]);
    }
    return daily ? "time" : whole ? "weekday" : "now";
}

static void write_schedule(struct buffer *out, const struct schedule *schedule, bool negated)
{
    const char *name = subject(schedule);
    bool braces = schedule->count > 1;
    bool one_day = !braces && name[0] == 'w' && is_one_day(schedule->items[0].days);
    const char *relation = one_day ? (negated ? "!=" : "==") : negated ? "not in" : "in";
    buffer_format(out, "%s %s %s", name, relation, braces ? "{" : "");
    for (size_t i = 0; i < schedule->count; i++) {
        const struct window *window = &schedule->items[i];
        buffer_string(out, i ? ", " : "");
        if (name[0] != 't')
            write_days(out, window->days);
        if (!is_whole_day(window)) {
            buffer_string(out, name[0] != 't' ? " " : "");
            write_times(out, window);
        }
    }
    buffer_string(out, braces ? "}" : "");
}

/* A set and all that may or may not be in it. */
static bool gather_both(struct writing *writing, const struct chosen *chosen, enum mark mark,
                        struct interval_set *set)
{
    struct interval_set free;
    if (!condition_gather(writing, chosen, mark, set) ||
        !condition_gather(writing, chosen, IMPOSSIBLE, &free))
        return false;
    size_t count = set->count + free.count;
    struct interval *items = ARENA_ARRAY(writing->built->arena, struct interval, count + 1);
    if (!items)
        return false;
    memcpy(items, set->items, set->count * sizeof *items);
    memcpy(items + set->count, free.items, free.count * sizeof *items);
    *set = (struct interval_set){items, count};
    interval_set_normalize(set);
    return true;
}

/* The shortest of: the wanted, with or without what cannot be, or all but the others, likewise. */
size_t condition_write_moments(struct writing *writing, const struct chosen *chosen)
{
    struct schedule shortest = {0};
    bool good = true, negated = false;
    for (int way = 0; good && way < 4; way++) {
        enum mark mark = way % 2 ? LEFT_OUT : WANTED;
        struct schedule schedule = {.arena = writing->built->arena};
        struct interval_set set;
        good = (way < 2 ? condition_gather(writing, chosen, mark, &set)
                        : gather_both(writing, chosen, mark, &set)) &&
               make_schedule(&schedule, set);
        if (!good || schedule.count == 0 ||
            (shortest.count && reading_cost(&shortest) <= reading_cost(&schedule)))
            continue;
        shortest = schedule;
        negated = way % 2;
    }
    if (good)
        write_schedule(writing->out, &shortest, negated);
    else
        writing->out->status = TW_NO_MEMORY;
    return 1;
}

/* Is some day of the run on this weekday? */
static bool run_has_weekday(const struct class_run *run, int64_t weekday)
{
    int64_t first = weekday_of_days(run->low), length = run->high - run->low;
    return (weekday - first + 7) % 7 <= length;
}

/* Weekdays on which the same dates are wanted. */
struct day_group {
    unsigned days;
    enum mark *marks; /* of each run of dates */
};

struct day_groups {
    const struct chosen *chosen;
    struct day_group items[7];
    size_t count;
};

static enum mark mark_of(const struct chosen *chosen, size_t run, int64_t weekday)
{
    const struct class_run *at = &chosen->classes->runs[run];
    return run_has_weekday(at, weekday) ? chosen->marks[at->class * 7 + weekday] : IMPOSSIBLE;
}

static bool fits(const struct day_groups *groups, const struct day_group *group, int64_t weekday)
{
    for (size_t run = 0; run < groups->chosen->classes->run_count; run++) {
        enum mark here = mark_of(groups->chosen, run, weekday), there = group->marks[run];
        if (here != there && here != IMPOSSIBLE && there != IMPOSSIBLE)
            return false;
    }
    return true;
}

/* Puts each weekday into the first group that it fits. False when memory is out. */
static bool group_days(struct day_groups *groups, struct arena *arena)
{
    size_t runs = groups->chosen->classes->run_count;
    for (int64_t weekday = 0; weekday < 7; weekday++) {
        size_t at = 0;
        while (at < groups->count && !fits(groups, &groups->items[at], weekday))
            at++;
        struct day_group *group = &groups->items[at];
        if (at == groups->count) {
            group->marks = ARENA_ARRAY(arena, enum mark, runs + 1);
            groups->count++;
            for (size_t run = 0; group->marks && run < runs; run++)
                group->marks[run] = IMPOSSIBLE;
        }
        if (!group->marks)
            return false;
        group->days |= 1u << weekday;
        for (size_t run = 0; run < runs; run++)
            if (mark_of(groups->chosen, run, weekday) != IMPOSSIBLE)
                group->marks[run] = mark_of(groups->chosen, run, weekday);
    }
    return true;
}

/* Is some day of the group's dates left out, because it is another weekday? */
static bool needs_days(const struct day_groups *groups, const struct day_group *group)
{
    for (size_t run = 0; run < groups->chosen->classes->run_count; run++)
        for (int64_t weekday = 0; group->marks[run] == WANTED && weekday < 7; weekday++)
            if (!has_day(group->days, weekday) && mark_of(groups->chosen, run, weekday) == LEFT_OUT)
                return true;
    return false;
}

static bool gather_dates(struct writing *writing, const struct day_groups *groups,
                         const struct day_group *group, enum mark mark, struct interval_set *set)
{
    const struct variable_classes *classes = groups->chosen->classes;
    *set = (struct interval_set){
        ARENA_ARRAY(writing->built->arena, struct interval, classes->run_count + 1), 0};
    for (size_t run = 0; set->items && run < classes->run_count; run++)
        if (group->marks[run] == mark)
            set->items[set->count++] =
                (struct interval){classes->runs[run].low, classes->runs[run].high};
    if (set->items)
        interval_set_normalize(set);
    return set->items != NULL;
}

static bool write_weekdays(struct writing *writing, unsigned days)
{
    struct schedule schedule = {.arena = writing->built->arena};
    bool good =
        add_window(&schedule, (struct window){0, SECONDS_PER_DAY, days}) && cut_days(&schedule);
    if (good)
        write_schedule(writing->out, &schedule, false);
    return good;
}

/* The test of one group: its dates, its weekdays or both. False when memory is out. */
static bool write_group(struct writing *writing, const struct day_groups *groups,
                        const struct day_group *group, const char **between)
{
    struct interval_set dates, others;
    if (!gather_dates(writing, groups, group, WANTED, &dates) ||
        !gather_dates(writing, groups, group, LEFT_OUT, &others))
        return false;
    if (dates.count == 0)
        return true;
    bool days = needs_days(groups, group) || others.count == 0;
    buffer_string(writing->out, *between);
    *between = " or ";
    if (days && !write_weekdays(writing, group->days))
        return false;
    buffer_string(writing->out, days && others.count ? " and " : "");
    if (others.count)
        condition_write_values(writing, groups->chosen, dates, others);
    return true;
}

size_t condition_write_dates(struct writing *writing, const struct chosen *chosen)
{
    struct day_groups groups = {.chosen = chosen};
    const char *between = "";
    size_t parts = 0;
    bool good = group_days(&groups, writing->built->arena);
    for (size_t i = 0; good && i < groups.count; i++) {
        size_t start = writing->out->length;
        good = write_group(writing, &groups, &groups.items[i], &between);
        parts += writing->out->length > start;
    }
    if (!good)
        writing->out->status = TW_NO_MEMORY;
    return parts;
}
