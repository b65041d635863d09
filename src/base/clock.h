/* base/clock.h: instants, and time zones from the system's zone data.
 *
 * An instant is milliseconds since 1970-01-01T00:00:00Z. Nothing here reads the time of day but
 * clock_system: everything else takes the instant it is given, so that tests and replays set it.
 * Zones are read through GLib's GTimeZone (docs/dependencies.md says why); one file names GLib. */
#ifndef TIERWAY_BASE_CLOCK_H
#define TIERWAY_BASE_CLOCK_H

#include "base/value.h"

#define INSTANT_LAST 253402300799999 /* 9999-12-31T23:59:59.999Z */

struct zone; /* immutable, safe for all threads */

/* Opens a zone by its IANA name ("America/New_York", "US/Eastern", "Etc/GMT+5"), from
 * /usr/share/zoneinfo; "UTC" needs no zone data. TW_NOT_FOUND for any other text, offsets and TZ
 * strings included ("+03:00", "EST5"), TW_NO_MEMORY; *zone is NULL then. Free with zone_free. */
enum tw_status zone_open(struct text name, struct zone **zone);
void zone_free(struct zone *zone); /* NULL: nothing to do */

/* An instant on the wall clock of a zone. */
struct local_time {
    int64_t date;    /* days since 1970-01-01 */
    int32_t second;  /* of the day, 0 to 86399 */
    int32_t weekday; /* 0 is Monday */
    int32_t offset;  /* seconds east of UTC */
};

/* instant: from 0 to INSTANT_LAST. Any thread. */
struct local_time zone_local(const struct zone *zone, int64_t instant);
/* The first instant at which the zone's wall clock shows this date and second or, where a shift
 * skips that, the instant of the shift. For the starts of days, weeks and months. date: a day of
 * the years 1970 to 9999; second: 0 to 86399, or 86400 for the end of the day. The result is before
 * 1970 for the first hours of 1970-01-01 in a zone east of UTC. */
int64_t zone_instant(const struct zone *zone, int64_t date, int32_t second);

/* RFC 3339: "2026-03-08T02:30:00-05:00", "...Z", fractions of a second to the millisecond
 * (further digits are an error). The offset must be there; `t` and `z` may be small; second 60 is
 * refused. TW_INVALID with a reason otherwise, TW_LIMIT where the instant is not from 0 to
 * INSTANT_LAST; *instant is not touched then. error may be NULL. */
enum tw_status instant_parse(struct text text, int64_t *instant, struct tw_error *error);
void instant_print(struct buffer *buffer, int64_t instant); /* in UTC, with milliseconds */

/* The system's clock now: real time, and time that only goes forward, both in nanoseconds. */
int64_t clock_system(void);
int64_t clock_monotonic(void);

#endif
