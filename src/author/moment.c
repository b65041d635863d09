/* author/moment.c: see moment.h. Where the policy's zone cannot be had, every moment counts as
 * real.
 */
#include "author/moment.h"

#include <stdlib.h>

struct choosing {
    const struct variable_classes *clock, *dates;
    uint32_t clock_class, date_class;
    int64_t second, date; /* of the base: of the week, and the day */
};

/* The second of a day of the week that is in the clock's class, and nearest to the base's time of
 * day; VALUE_UNSET where none is. */
static int64_t second_on_day(const struct choosing *choosing, int64_t weekday)
{
    int64_t first = weekday * SECONDS_PER_DAY, last = first + SECONDS_PER_DAY - 1;
    int64_t wanted = first + choosing->second % SECONDS_PER_DAY, best = VALUE_UNSET;
    for (size_t i = 0; i < choosing->clock->run_count; i++) {
        const struct class_run *run = &choosing->clock->runs[i];
        if (run->class != choosing->clock_class || run->low > last || run->high < first)
            continue;
        int64_t low = run->low > first ? run->low : first;
        int64_t high = run->high < last ? run->high : last;
        int64_t value = wanted < low ? low : wanted > high ? high : wanted;
        if (best == VALUE_UNSET || llabs(value - wanted) < llabs(best - wanted))
            best = value;
    }
    return best;
}

/* On the base's own day if that can be, else at its time on another day, else whenever. */
static int64_t second_of_week(const struct choosing *choosing)
{
    int64_t found = second_on_day(choosing, choosing->second / SECONDS_PER_DAY);
    for (int64_t i = 1; i < 7 && found == VALUE_UNSET; i++) {
        int64_t second = (choosing->second + i * SECONDS_PER_DAY) % SECONDS_PER_WEEK;
        if (class_of_number(choosing->clock, second) == choosing->clock_class)
            found = second;
    }
    return found != VALUE_UNSET
               ? found
               : class_sample(choosing->clock, choosing->second, choosing->clock_class);
}

static bool is_real(const struct zone *zone, int64_t date, int64_t second)
{
    int64_t of_day = second % SECONDS_PER_DAY;
    struct local_time local = zone_local(zone, zone_instant(zone, date, (int32_t)of_day));
    return local.date == date && local.second == of_day;
}

/* Shifts are a few days of a year: among the dates of the class that are weeks away there is most
 * likely one without. */
static int64_t real_date(const struct choosing *choosing, const struct zone *zone, int64_t date,
                         int64_t second)
{
    enum { WEEKS = 60 };
    const struct class_run *last = &choosing->dates->runs[choosing->dates->run_count - 1];
    for (int64_t i = 2; i < 2 * WEEKS; i++) {
        int64_t other = date + (i % 2 ? -7 : 7) * (i / 2);
        if (other >= 0 && other <= last->high &&
            class_of_number(choosing->dates, other) == choosing->date_class &&
            is_real(zone, other, second))
            return other;
    }
    return date;
}

/* The end of a run of the class on the date's day, whichever is real. */
static int64_t real_second(const struct choosing *choosing, const struct zone *zone, int64_t date,
                           int64_t second)
{
    int64_t first = second - second % SECONDS_PER_DAY, last = first + SECONDS_PER_DAY - 1;
    for (size_t i = 0; i < choosing->clock->run_count; i++) {
        const struct class_run *run = &choosing->clock->runs[i];
        if (run->class != choosing->clock_class || run->low > last || run->high < first)
            continue;
        int64_t low = run->low > first ? run->low : first;
        int64_t high = run->high < last ? run->high : last;
        if (is_real(zone, date, low) || is_real(zone, date, high))
            return is_real(zone, date, low) ? low : high;
    }
    return second;
}

/* What is as in the base stays. */
static void make_real(const struct choosing *choosing, const struct zone *zone, int64_t *values)
{
    int64_t *second = &values[VARIABLE_CLOCK], *date = &values[VARIABLE_DATE];
    if (!is_real(zone, *date, *second) && *date != choosing->date)
        *date = real_date(choosing, zone, *date, *second);
    bool same_time = *second % SECONDS_PER_DAY == choosing->second % SECONDS_PER_DAY;
    if (!is_real(zone, *date, *second) && !same_time)
        *second = real_second(choosing, zone, *date, *second);
}

/* As a weekday that is given moves the date of a request. */
static int64_t day_of_same_week(int64_t date, int64_t second, const struct variable *about)
{
    int64_t day = date - weekday_of_days(date) + second / SECONDS_PER_DAY;
    return day < about->low ? day + 7 : day > about->high ? day - 7 : day;
}

void moment_choose(struct policy_diagram *built, const struct assignment *assignment,
                   const struct valuation *base, int64_t *values)
{
    const struct policy_tree *policy = built->policy;
    const struct variable_classes *all = built->classes.variables;
    const struct variable *variables = policy->variables;
    const uint32_t *classes = assignment->classes;
    struct choosing choosing = {&all[VARIABLE_CLOCK],
                                &all[VARIABLE_DATE],
                                classes[VARIABLE_CLOCK],
                                classes[VARIABLE_DATE],
                                variables[VARIABLE_CLOCK].initial,
                                variables[VARIABLE_DATE].initial};
    if (base && base->values[VARIABLE_CLOCK] != VALUE_UNSET)
        choosing.second = base->values[VARIABLE_CLOCK];
    if (base && base->values[VARIABLE_DATE] != VALUE_UNSET)
        choosing.date = base->values[VARIABLE_DATE];
    values[VARIABLE_DATE] = class_sample(choosing.dates, choosing.date, choosing.date_class);
    if (!choosing.dates->used) {
        values[VARIABLE_CLOCK] = second_of_week(&choosing);
        values[VARIABLE_DATE] =
            day_of_same_week(choosing.date, values[VARIABLE_CLOCK], &variables[VARIABLE_DATE]);
        return;
    }
    int64_t weekday = weekday_of_days(values[VARIABLE_DATE]);
    if (!choosing.clock->used) {
        values[VARIABLE_CLOCK] = weekday * SECONDS_PER_DAY + choosing.second % SECONDS_PER_DAY;
        return;
    }
    values[VARIABLE_CLOCK] = second_on_day(&choosing, weekday);
    if (built->zone || zone_open(policy->timezone, &built->zone) == TW_OK)
        make_real(&choosing, built->zone, values);
}
