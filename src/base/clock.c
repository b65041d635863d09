/* base/clock.c: instants on the wall clocks of the world, and the system's clocks.
 *
 * Zones are GLib's GTimeZone, which reads the system's zone data; no other file names GLib. A zone
 * is looked up in GLib, without a table of our own: one look-up takes about 0.2 microseconds,
 * zone_open about 0.4 milliseconds, and UTC goes without GLib. Most instants are near the one
 * before, so each zone remembers the hour that was asked for last. A zone owns its
 * GTimeZone. GLib ends the process where it has no memory left.
 *
 * GLib follows the rule at the end of a zone's data (the TZ string of RFC 8536) past the last shift
 * that the data lists, usually that of 2037. Known fault of GLib 2.74: it takes a summer offset of
 * zero in that rule for none, which Europe/Dublin alone has, and so puts Dublin's winters after
 * 2038 at +02:00. Zone data made with `zic -b slim` lists no shift of Dublin's after 1996, so that
 * there all its winters are wrong; Debian's lists them. Europe/London keeps the same time. */
#include "base/clock.h"

#include "base/number.h"
#include "base/quotation.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#define ZONE_DATA "/usr/share/zoneinfo/"

enum { LONGEST_NAME = 64, MILLISECONDS = 1000 };

/* GLib's rules end near year 3000. The calendar, with its weekdays, repeats every 400 years, so a
 * year from 2400 on has the shifts of its like from 2400 to 2799. */
static const int64_t CALENDAR_CYCLE = INT64_C(146097) * SECONDS_PER_DAY;
static const int64_t YEAR_2400 = INT64_C(13569465600);

/* An hour since 1970 and the one offset of all its seconds, in one word for all threads. */
typedef atomic_uint_least64_t remembered_hour;

struct zone {
    GTimeZone *rules; /* NULL: UTC */
    remembered_hour *hour;
};

struct zone_memory {
    struct zone zone; /* the first: who frees it frees both */
    remembered_hour hour;
};

enum { SECONDS_PER_HOUR = 3600 };
#define NO_HOUR UINT64_MAX

/* IANA names begin with a capital letter. The other files beside them do not: `localtime`, which
 * means something else on each machine, or `right/`, which counts leap seconds. */
static bool is_zone_name(struct text name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-/";
    if (name.length == 0 || name.length > LONGEST_NAME || name.data[0] < 'A' || name.data[0] > 'Z')
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (!memchr(allowed, name.data[i], sizeof allowed - 1))
            return false;
    return true;
}

/* GLib complains on standard error about a file of another kind, so it never sees one. */
static bool is_zone_file(const char *path)
{
    char magic[4];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    bool found = read(file, magic, sizeof magic) == sizeof magic && !memcmp(magic, "TZif", 4);
    close(file);
    return found;
}

/* By absolute path: a bare name would make GLib read the environment (TZDIR), and read what is no
 * file as an offset or as a rule ("EST5"). */
static GTimeZone *open_rules(struct text name)
{
    char path[sizeof ZONE_DATA + LONGEST_NAME] = ZONE_DATA;
    if (!is_zone_name(name))
        return NULL;
    memcpy(path + sizeof ZONE_DATA - 1, name.data, name.length);
    return is_zone_file(path) ? g_time_zone_new_identifier(path) : NULL;
}

enum tw_status zone_open(struct text name, struct zone **zone)
{
    *zone = NULL;
    bool is_utc = text_is(name, "UTC");
    GTimeZone *rules = is_utc ? NULL : open_rules(name);
    if (!rules && !is_utc)
        return TW_NOT_FOUND;
    struct zone_memory *memory = malloc(sizeof *memory);
    if (!memory) {
        if (rules)
            g_time_zone_unref(rules);
        return TW_NO_MEMORY;
    }
    memory->zone = (struct zone){.rules = rules, .hour = &memory->hour};
    atomic_init(&memory->hour, NO_HOUR);
    *zone = &memory->zone;
    return TW_OK;
}

void zone_free(struct zone *zone)
{
    if (zone && zone->rules)
        g_time_zone_unref(zone->rules);
    free(zone);
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int32_t look_up(const struct zone *zone, int64_t second)
{
    if (second >= YEAR_2400)
        second = YEAR_2400 + (second - YEAR_2400) % CALENDAR_CYCLE;
    int interval = g_time_zone_find_interval(zone->rules, G_TIME_TYPE_UNIVERSAL, second);
    return g_time_zone_get_offset(zone->rules, interval);
}

/* An hour with a shift in it is not remembered; none has two. */
static int32_t look_up_hour(const struct zone *zone, int64_t hour, int64_t second)
{
    int64_t first = hour * SECONDS_PER_HOUR, last = first + SECONDS_PER_HOUR - 1;
    int32_t offset = look_up(zone, second);
    if (look_up(zone, first) == offset && look_up(zone, last) == offset)
        atomic_store_explicit(zone->hour, (uint64_t)hour << 32 | (uint32_t)offset,
                              memory_order_relaxed);
    return offset;
}

/* Seconds east of UTC, at a second since 1970. */
static int32_t offset_at(const struct zone *zone, int64_t second)
{
    if (!zone->rules)
        return 0;
    if (second < 0)
        return look_up(zone, second);
    int64_t hour = second / SECONDS_PER_HOUR;
    uint64_t remembered = atomic_load_explicit(zone->hour, memory_order_relaxed);
    if (remembered >> 32 == (uint64_t)hour)
        return (int32_t)(uint32_t)remembered;
    return look_up_hour(zone, hour, second);
}

struct local_time zone_local(const struct zone *zone, int64_t instant)
{
    int64_t second = floor_divide(instant, MILLISECONDS);
    int32_t offset = offset_at(zone, second);
    int64_t date = floor_divide(second + offset, SECONDS_PER_DAY);
    return (struct local_time){
        .date = date,
        .second = (int32_t)(second + offset - date * SECONDS_PER_DAY),
        .weekday = (int32_t)weekday_of_days(date),
        .offset = offset,
    };
}

/* The first second after `low` with another offset than low's; `high` is such a second. */
static int64_t find_shift(const struct zone *zone, int64_t low, int64_t high)
{
    const int32_t offset = offset_at(zone, low);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (offset_at(zone, middle) == offset)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* No clock is a whole day off UTC, and none was shifted twice within two days since 1970: so the
 * offset is that of a day before or that of a day after. The one before comes first where both
 * fit, as the hour that a shift repeats shows twice. */
int64_t zone_instant(const struct zone *zone, int64_t date, int32_t second)
{
    int64_t wall = date * SECONDS_PER_DAY + second;
    int32_t before = offset_at(zone, wall - SECONDS_PER_DAY);
    int32_t after = offset_at(zone, wall + SECONDS_PER_DAY);
    int64_t found = wall - before;
    if (offset_at(zone, found) != before) {
        found = wall - after;
        if (offset_at(zone, found) != after)
            found = find_shift(zone, found, wall - before);
    }
    return found * MILLISECONDS;
}

/* Takes `length` bytes that are a literal of the type. 24:00 is no time of an instant. */
static bool take_literal(struct text *text, size_t length, enum tw_type type, int64_t *value)
{
    if (text->length < length || value_parse(type, text_take(text, length), value, NULL))
        return false;
    return type != TW_TYPE_TIME || *value < SECONDS_PER_DAY;
}

/* Takes ".5", ".25" or ".125", if it is there. */
static bool take_milliseconds(struct text *text, int64_t *milliseconds)
{
    *milliseconds = 0;
    if (!text_take_byte(text, '.'))
        return true;
    struct text digits = text_take_digits(text, false);
    for (size_t i = 0; i < 3; i++)
        *milliseconds = *milliseconds * 10 + (i < digits.length ? digits.data[i] - '0' : 0);
    return digits.length >= 1 && digits.length <= 3;
}

/* Takes "Z", "+05:30" or "-05:00". */
static bool take_offset(struct text *text, int64_t *offset)
{
    *offset = 0;
    if (text_take_byte(text, 'Z') || text_take_byte(text, 'z'))
        return true;
    bool west = text_take_byte(text, '-');
    if (!west && !text_take_byte(text, '+'))
        return false;
    bool found = take_literal(text, sizeof "00:00" - 1, TW_TYPE_TIME, offset);
    *offset = west ? -*offset : *offset;
    return found;
}

static bool is_leap_second(struct text time)
{
    return time.length >= 8 && memcmp(time.data + 5, ":60", 3) == 0;
}

enum tw_status instant_parse(struct text text, int64_t *instant, struct tw_error *error)
{
    struct text rest = text;
    int64_t date, second, milliseconds, offset;
    if (!take_literal(&rest, sizeof "2026-03-08" - 1, TW_TYPE_DATE, &date) ||
        (!text_take_byte(&rest, 'T') && !text_take_byte(&rest, 't')))
        goto malformed;
    if (is_leap_second(rest))
        return fail(error, TW_INVALID, "leap seconds are not counted, write second 59: %s",
                    quote(text).text);
    if (!take_literal(&rest, sizeof "02:30:00" - 1, TW_TYPE_TIME, &second) ||
        !take_milliseconds(&rest, &milliseconds))
        goto malformed;
    if (rest.length == 0)
        return fail(error, TW_INVALID, "an instant ends in Z or in its offset such as -05:00: %s",
                    quote(text).text);
    if (!take_offset(&rest, &offset) || rest.length)
        goto malformed;
    int64_t result = (date * SECONDS_PER_DAY + second - offset) * MILLISECONDS + milliseconds;
    if (result < 0 || result > INSTANT_LAST)
        return fail(error, TW_LIMIT, "an instant is from year 1970 to 9999 in UTC: %s",
                    quote(text).text);
    *instant = result;
    return TW_OK;
malformed:
    return fail(error, TW_INVALID,
                "%s is not an instant: write 2026-03-08T02:30:00-05:00 or 2026-03-08T07:30:00.125Z",
                quote(text).text);
}

void instant_print(struct buffer *buffer, int64_t instant)
{
    int64_t second = floor_divide(instant, MILLISECONDS);
    int64_t date = floor_divide(second, SECONDS_PER_DAY);
    int of_day = (int)(second - date * SECONDS_PER_DAY);
    value_print(buffer, TW_TYPE_DATE, date);
    buffer_format(buffer, "T%02d:%02d:%02d.%03dZ", of_day / 3600, of_day / 60 % 60, of_day % 60,
                  (int)(instant - second * MILLISECONDS));
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now); /* cannot fail for the clocks below */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_system(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
