/* runtime/price_schedule.c: see price_schedule.h, and the instants of price files (price.h). Spans
 * are kept in the order in which they come; a window has a handful of them. */
#include "runtime/price_schedule.h"

#include "base/quotation.h"
#include "base/value.h"

#include <string.h>

enum { SPANS_MAX = 256, DAYS = 7, MILLISECONDS_PER_DAY = SECONDS_PER_DAY * 1000 };

/* first..last of days, start..end in seconds of the day. */
struct schedule {
    int64_t first, last, start, end;
};

/* "low..high", or "low" alone where `single`. */
static bool read_range(struct text text, enum tw_type type, bool single, int64_t *low,
                       int64_t *high)
{
    const char *dots = memmem(text.data, text.length, "..", 2);
    struct text ends[] = {text, text};
    if (dots) {
        ends[0].length = (size_t)(dots - text.data);
        ends[1].data = dots + 2;
        ends[1].length = text.length - ends[0].length - 2;
    }
    return (dots || single) && value_parse(type, text_trim(ends[0]), low, NULL) == TW_OK &&
           value_parse(type, text_trim(ends[1]), high, NULL) == TW_OK;
}

static bool read_days(struct text text, struct schedule *schedule)
{
    return read_range(text, TW_TYPE_WEEKDAY, true, &schedule->first, &schedule->last);
}

/* A window without length would be one of no time or of all: nobody can tell which was meant. */
static bool read_hours(struct text text, struct schedule *schedule)
{
    return read_range(text, TW_TYPE_TIME, false, &schedule->start, &schedule->end) &&
           schedule->start != schedule->end && schedule->start < SECONDS_PER_DAY;
}

/* DAYS HOURS, HOURS or DAYS. */
static bool read_schedule(struct text text, struct schedule *schedule)
{
    *schedule = (struct schedule){0, DAYS - 1, 0, SECONDS_PER_DAY};
    text = text_trim(text);
    const char *blank = memchr(text.data, ' ', text.length);
    if (!blank)
        return read_hours(text, schedule) || read_days(text, schedule);
    struct text days = {text.data, (size_t)(blank - text.data)};
    struct text hours = {blank, text.length - days.length};
    return read_days(days, schedule) && read_hours(text_trim(hours), schedule);
}

static enum tw_status add_span(struct price_window *window, int64_t start, int64_t end,
                               struct arena *arena, struct tw_error *error)
{
    if (window->span_count == SPANS_MAX)
        return fail(error, TW_LIMIT, "has more than %d pieces", SPANS_MAX);
    struct price_span *spans =
        arena_grow(arena, window->spans, window->span_count, &window->span_capacity, sizeof *spans);
    if (!spans)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    window->spans = spans;
    spans[window->span_count++] = (struct price_span){(int32_t)start, (int32_t)end};
    return TW_OK;
}

/* What runs past the end of the week goes on at its beginning. */
static enum tw_status add_day(struct price_window *window, int64_t start, int64_t end,
                              struct arena *arena, struct tw_error *error)
{
    int64_t first_end = end < SECONDS_PER_WEEK ? end : SECONDS_PER_WEEK;
    enum tw_status status = add_span(window, start, first_end, arena, error);
    if (status == TW_OK && end > SECONDS_PER_WEEK)
        status = add_span(window, 0, end - SECONDS_PER_WEEK, arena, error);
    return status;
}

enum tw_status price_schedule_add(struct price_window *window, struct text text,
                                  struct arena *arena, struct tw_error *error)
{
    struct schedule schedule;
    enum tw_status status = TW_OK;
    if (!read_schedule(text, &schedule))
        return fail(error, TW_INVALID,
                    "is no hours of the week: %s; write \"mon..fri 01:00..04:00\", "
                    "\"16:30..00:30\" or \"sat\"",
                    quote(text_trim(text)).text);
    int64_t length = schedule.end - schedule.start;
    length += length < 0 ? SECONDS_PER_DAY : 0;
    int64_t days = (schedule.last - schedule.first + DAYS) % DAYS;
    for (int64_t day = 0; day <= days && status == TW_OK; day++) {
        int64_t start = (schedule.first + day) % DAYS * SECONDS_PER_DAY + schedule.start;
        status = add_day(window, start, start + length, arena, error);
    }
    return status;
}

bool price_window_holds(const struct price_window *window, int64_t instant)
{
    struct local_time local = zone_local(window->zone, instant);
    int32_t second = local.weekday * SECONDS_PER_DAY + local.second;
    for (size_t i = 0; i < window->span_count; i++)
        if (second >= window->spans[i].start && second < window->spans[i].end)
            return true;
    return false;
}

bool price_windows_meet(const struct price_window *a, const struct price_window *b)
{
    for (size_t i = 0; i < a->span_count; i++)
        for (size_t j = 0; j < b->span_count; j++)
            if (a->spans[i].start < b->spans[j].end && b->spans[j].start < a->spans[i].end)
                return true;
    return false;
}

enum tw_status price_instant_parse(struct text text, int64_t *instant, struct tw_error *error)
{
    int64_t day;
    if (value_parse(TW_TYPE_DATE, text, &day, NULL) == TW_OK) {
        *instant = day * MILLISECONDS_PER_DAY;
        return TW_OK;
    }
    if (instant_parse(text, instant, NULL) == TW_OK)
        return TW_OK;
    return fail(error, TW_INVALID,
                "is no day or instant: %s; write 2026-08-16 (its start in UTC) or "
                "2026-08-16T16:00:00Z",
                quote(text).text);
}

void price_instant_print(struct buffer *buffer, int64_t instant)
{
    if (instant % MILLISECONDS_PER_DAY == 0)
        value_print(buffer, TW_TYPE_DATE, instant / MILLISECONDS_PER_DAY);
    else
        instant_print(buffer, instant);
}
