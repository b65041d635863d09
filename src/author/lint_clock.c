/* author/lint_clock.c: the clock without a zone, and windows that daylight saving shifts. */
#include "author/lint.h"

#include "base/clock.h"
#include "diagram/formula.h"

#define DAY_MILLISECONDS ((int64_t)SECONDS_PER_DAY * 1000)

/* A jump of the wall clock: on `date`, from second `from` of the day to second `to`. */
struct shift {
    int64_t date;
    int32_t from, to;
};

enum { MOST_SHIFTS = 16 };

static struct shift find_shift(const struct zone *zone, int64_t start, int64_t end)
{
    int32_t offset = zone_local(zone, start).offset;
    while (end - start > 1000) {
        int64_t middle = start + (end - start) / 2;
        if (zone_local(zone, middle).offset == offset)
            start = middle;
        else
            end = middle;
    }
    struct local_time before = zone_local(zone, start), after = zone_local(zone, end);
    int32_t from = before.second + 1;
    return (struct shift){before.date, from, from + after.offset - before.offset};
}

static size_t find_shifts(const struct zone *zone, int64_t now, struct shift *shifts)
{
    size_t count = 0;
    int64_t start = now / 1000 * 1000;
    for (int day = 0; day < 366 && count < MOST_SHIFTS; day++, start += DAY_MILLISECONDS)
        if (zone_local(zone, start).offset != zone_local(zone, start + DAY_MILLISECONDS).offset)
            shifts[count++] = find_shift(zone, start, start + DAY_MILLISECONDS);
    return count;
}

/* Seconds of from..to (of a day) that the windows of the day cover. */
static int64_t covered(struct interval_set set, int64_t day_start, int64_t from, int64_t to)
{
    int64_t seconds = 0;
    for (int64_t second = from; second < to; second += 60)
        if (interval_set_holds(set, (day_start + second + SECONDS_PER_WEEK) % SECONDS_PER_WEEK))
            seconds += 60;
    return seconds;
}

/* A window is hit where the skipped or repeated part of the day lies in it, whole or in part, and
 * is not there all day anyway. Writes how: "60 minutes shorter on 2026-03-29". */
static void describe_shift(struct interval_set set, const struct shift *shift, struct buffer *out)
{
    bool skipped = shift->from < shift->to;
    int32_t low = skipped ? shift->from : shift->to, high = skipped ? shift->to : shift->from;
    int64_t day_start = (int64_t)weekday_of_days(shift->date) * SECONDS_PER_DAY;
    int64_t seconds = covered(set, day_start, low, high);
    int64_t all_day = covered(set, day_start, 0, SECONDS_PER_DAY);
    if (seconds == 0 || all_day == SECONDS_PER_DAY)
        return;
    buffer_string(out, out->length ? " and " : "");
    if (skipped && seconds == all_day)
        buffer_string(out, "missing on ");
    else
        buffer_format(out, "%lld minutes %s on ", (long long)(seconds / 60),
                      skipped ? "shorter" : "longer");
    value_print(out, TW_TYPE_DATE, shift->date);
}

static void report_shifts(struct front *front, const struct condition *test,
                          const struct buffer *shifts)
{
    struct finding *finding = finding_add(&front->findings, FINDING_SHIFTED_WINDOW, test->span,
                                          "daylight saving makes this window %s", shifts->data);
    finding_help(&front->findings, finding,
                 "the wall clock rules; `timezone \"UTC\"` has no shifts");
}

struct search {
    struct front *front;
    const struct shift *shifts;
    size_t shift_count;
};

static bool tests_time(const struct condition *condition)
{
    return condition->attribute && condition->attribute->from == TW_FROM_CLOCK &&
           condition->attribute->variable == VARIABLE_CLOCK && condition->item_count > 0 &&
           condition->attribute->projection != PROJECT_WEEKDAY;
}

static bool search_windows(const struct search *search, const struct condition *condition)
{
    struct interval_set set;
    for (const struct condition *part = condition_parts(condition); part; part = part->next)
        if (!search_windows(search, part))
            return false;
    if (!tests_time(condition))
        return true;
    if (!interval_set_of_test(&search->front->policy, condition, &set))
        return false;
    struct buffer shifts;
    buffer_init(&shifts, 200); /* a message is cut where there are more than that */
    for (size_t i = 0; i < search->shift_count; i++)
        describe_shift(set, &search->shifts[i], &shifts);
    if (shifts.length)
        report_shifts(search->front, condition, &shifts);
    buffer_free(&shifts);
    return true;
}

static enum tw_status lint_shifts(struct front *front, int64_t now)
{
    struct shift shifts[MOST_SHIFTS];
    struct zone *zone;
    enum tw_status status = zone_open(front->policy.timezone, &zone);
    if (status)
        return status == TW_NO_MEMORY ? status : TW_OK;
    struct search search = {front, shifts, find_shifts(zone, now, shifts)};
    zone_free(zone);
    for (const struct statement *at = front->statements; at && search.shift_count; at = at->next)
        if (at->condition && !search_windows(&search, at->condition))
            return TW_NO_MEMORY;
    return TW_OK;
}

enum tw_status lint_clock(struct front *front, int64_t now)
{
    const struct policy_tree *policy = &front->policy;
    if (!policy->reads_clock)
        return TW_OK;
    if (policy->timezone_named)
        return lint_shifts(front, now);
    finding_help(&front->findings,
                 finding_add(&front->findings, FINDING_CLOCK_WITHOUT_ZONE, policy->clock_span,
                             "the policy reads the clock and names no time zone, so UTC holds"),
                 "add `timezone \"Europe/Berlin\"`, or `timezone \"UTC\"` to say so");
    return TW_OK;
}
