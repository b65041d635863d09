/* tests/unit/test_clock.c: zones, shifts of the clock, RFC 3339. */
#include "unit.h"

#include "base/clock.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define UNTOUCHED 424242

static struct zone *open_zone(const char *name)
{
    struct zone *zone;
    CU_ASSERT_EQUAL_FATAL(zone_open(text_of(name), &zone), TW_OK);
    return zone;
}

static int64_t instant_of(const char *text)
{
    int64_t instant = -1;
    CU_ASSERT_EQUAL_FATAL(instant_parse(text_of(text), &instant, NULL), TW_OK);
    return instant;
}

static void opens_zones(void)
{
    static const char *const names[] = {"UTC",
                                        "America/New_York",
                                        "US/Eastern",
                                        "Etc/GMT+5",
                                        "Etc/GMT-14",
                                        "EST5EDT",
                                        "Asia/Kathmandu",
                                        "GMT0",
                                        "America/Argentina/ComodRivadavia",
                                        "W-SU"};
    for (size_t i = 0; i < COUNT(names); i++)
        zone_free(open_zone(names[i]));
    zone_free(NULL);
}

static void refuses_other_names(void)
{
    static const char *const names[] = {"",
                                        "+03:00",
                                        "+03",
                                        "-5",
                                        "Z",
                                        "EST5",
                                        "EST5EDT4,M3.2.0,M11.1.0",
                                        "EST5EDT4,M3",
                                        "ABC5",
                                        "<+03>-3",
                                        "Europe",
                                        "Europe/",
                                        "Mars/Base",
                                        "europe/london",
                                        "/etc/localtime",
                                        "/usr/share/zoneinfo/UTC",
                                        "Europe/../Europe/London",
                                        "../zoneinfo/UTC",
                                        "localtime",
                                        "posixrules",
                                        "right/UTC",
                                        "posix/UTC",
                                        "zone.tab",
                                        "leapseconds",
                                        "tzdata.zi",
                                        " UTC",
                                        "UTC ",
                                        "utc",
                                        ":UTC",
                                        "America/New York",
                                        "A",
                                        "Europe//London/"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zone *zone = (struct zone *)names;
        CU_ASSERT_EQUAL(zone_open(text_of(names[i]), &zone), TW_NOT_FOUND);
        CU_ASSERT_PTR_NULL(zone);
    }
    char lengthy[5000];
    memset(lengthy, 'A', sizeof lengthy);
    struct zone *zone;
    CU_ASSERT_EQUAL(zone_open((struct text){lengthy, sizeof lengthy}, &zone), TW_NOT_FOUND);
    CU_ASSERT_EQUAL(zone_open(TEXT("Europe/London\0/x"), &zone), TW_NOT_FOUND);
    CU_ASSERT_EQUAL(zone_open((struct text){NULL, 0}, &zone), TW_NOT_FOUND);
}

/* What the wall clock of a zone shows at an instant. */
struct shown {
    const char *zone;
    const char *instant;
    const char *date;
    const char *time;
    const char *weekday;
    int32_t offset;
};

static const struct shown shown[] = {
    {"UTC", "1970-01-01T00:00:00Z", "1970-01-01", "00:00", "thu", 0},
    {"UTC", "9999-12-31T23:59:59.999Z", "9999-12-31", "23:59:59", "fri", 0},
    {"UTC", "2026-12-25T12:34:56.789Z", "2026-12-25", "12:34:56", "fri", 0},
    {"America/New_York", "1970-01-01T00:00:00Z", "1969-12-31", "19:00", "wed", -18000},
    {"America/New_York", "2026-03-08T06:59:59.999Z", "2026-03-08", "01:59:59", "sun", -18000},
    {"America/New_York", "2026-03-08T07:00:00Z", "2026-03-08", "03:00", "sun", -14400},
    {"America/New_York", "2026-11-01T05:59:59Z", "2026-11-01", "01:59:59", "sun", -14400},
    {"America/New_York", "2026-11-01T06:00:00Z", "2026-11-01", "01:00", "sun", -18000},
    {"America/New_York", "2040-01-15T12:00:00Z", "2040-01-15", "07:00", "sun", -18000},
    {"America/New_York", "2040-07-15T12:00:00Z", "2040-07-15", "08:00", "sun", -14400},
    {"America/New_York", "2040-03-11T06:59:59Z", "2040-03-11", "01:59:59", "sun", -18000},
    {"America/New_York", "2040-03-11T07:00:00Z", "2040-03-11", "03:00", "sun", -14400},
    {"America/New_York", "2399-07-15T12:00:00Z", "2399-07-15", "08:00", "thu", -14400},
    {"America/New_York", "2400-01-15T12:00:00Z", "2400-01-15", "07:00", "sat", -18000},
    {"America/New_York", "9999-07-15T12:00:00Z", "9999-07-15", "08:00", "thu", -14400},
    {"America/New_York", "9999-03-14T06:59:59Z", "9999-03-14", "01:59:59", "sun", -18000},
    {"America/New_York", "9999-03-14T07:00:00Z", "9999-03-14", "03:00", "sun", -14400},
    {"Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01", "05:45", "thu", 20700},
    {"Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-04", "02:30", "sun", 39600},
    {"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29", "23:59:59", "thu", -36000},
    {"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31", "00:00", "sat", 50400},
    {"Etc/GMT+5", "2026-01-01T00:00:00Z", "2025-12-31", "19:00", "wed", -18000},
    {"Europe/Dublin", "2037-12-15T12:00:00Z", "2037-12-15", "12:00", "tue", 0},
    {"Africa/Casablanca", "2026-02-20T12:00:00Z", "2026-02-20", "12:00", "fri", 0},
    {"Africa/Casablanca", "2026-06-20T12:00:00Z", "2026-06-20", "13:00", "sat", 3600},
};

static void check_literal(enum tw_type type, int64_t value, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    value_print(&buffer, type, value);
    CU_ASSERT_STRING_EQUAL(buffer.data, expected);
    buffer_free(&buffer);
}

static void shows_local_time(void)
{
    for (size_t i = 0; i < COUNT(shown); i++) {
        struct zone *zone = open_zone(shown[i].zone);
        struct local_time local = zone_local(zone, instant_of(shown[i].instant));
        check_literal(TW_TYPE_DATE, local.date, shown[i].date);
        check_literal(TW_TYPE_TIME, local.second, shown[i].time);
        check_literal(TW_TYPE_WEEKDAY, local.weekday, shown[i].weekday);
        CU_ASSERT_EQUAL(local.offset, shown[i].offset);
        zone_free(zone);
    }
}

struct found {
    const char *zone;
    const char *date;
    const char *time;
    const char *instant;
};

static const struct found founds[] = {
    {"UTC", "2026-12-25", "12:30", "2026-12-25T12:30:00Z"},
    {"UTC", "2026-12-25", "24:00", "2026-12-26T00:00:00Z"},
    {"America/New_York", "2026-03-08", "00:00", "2026-03-08T00:00:00-05:00"},
    {"America/New_York", "2026-03-08", "01:59:59", "2026-03-08T01:59:59-05:00"},
    {"America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00:00Z"}, /* skipped */
    {"America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00:00Z"},
    {"America/New_York", "2026-03-08", "02:59:59", "2026-03-08T07:00:00Z"},
    {"America/New_York", "2026-03-08", "03:00", "2026-03-08T07:00:00Z"},
    {"America/New_York", "2026-03-09", "00:00", "2026-03-09T00:00:00-04:00"},
    {"America/New_York", "2026-11-01", "01:00", "2026-11-01T05:00:00Z"}, /* twice: the first */
    {"America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00Z"},
    {"America/New_York", "2026-11-01", "02:00", "2026-11-01T07:00:00Z"},
    {"America/New_York", "2040-03-11", "02:30", "2040-03-11T07:00:00Z"},
    {"Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00:00Z"}, /* a day without 00:00 */
    {"America/Havana", "2026-03-08", "00:00", "2026-03-08T05:00:00Z"},
    {"America/Havana", "2026-11-01", "00:00", "2026-11-01T04:00:00Z"},
    {"America/Sao_Paulo", "2018-11-04", "00:00", "2018-11-04T03:00:00Z"},
    {"Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30:00Z"},
    {"Pacific/Apia", "2011-12-30", "00:00", "2011-12-30T10:00:00Z"}, /* a day that never was */
    {"Pacific/Apia", "2011-12-30", "18:00", "2011-12-30T10:00:00Z"},
    {"Pacific/Apia", "2011-12-31", "00:00", "2011-12-30T10:00:00Z"},
};

static void finds_instants(void)
{
    for (size_t i = 0; i < COUNT(founds); i++) {
        int64_t date, second;
        CU_ASSERT_EQUAL(value_parse(TW_TYPE_DATE, text_of(founds[i].date), &date, NULL), TW_OK);
        CU_ASSERT_EQUAL(value_parse(TW_TYPE_TIME, text_of(founds[i].time), &second, NULL), TW_OK);
        struct zone *zone = open_zone(founds[i].zone);
        int64_t instant = zone_instant(zone, date, (int32_t)second);
        CU_ASSERT_EQUAL(instant, instant_of(founds[i].instant));
        zone_free(zone);
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int64_t wall_at(const struct zone *zone, int64_t instant)
{
    struct local_time local = zone_local(zone, instant);
    return local.date * SECONDS_PER_DAY + local.second;
}

/* True where `found` is the first instant that shows `wall`, or the shift that skips it. Looks at
 * every instant that could show it: offsets are multiples of 15 minutes in the years tested. */
static bool is_first(const struct zone *zone, int64_t wall, int64_t found)
{
    for (int offset = 16 * 3600; offset >= -16 * 3600; offset -= 900) {
        int64_t instant = (wall - offset) * 1000;
        if (wall_at(zone, instant) == wall)
            return instant == found;
    }
    return wall_at(zone, found) > wall && wall_at(zone, found - 1000) < wall;
}

/* Some second of 2000 to 2037; half of them within two hours of a shift, where there is one. */
static int64_t random_wall(const struct zone *zone, uint64_t *state)
{
    int64_t second = 946684800 + (int64_t)(next_random(state) % 1167609600);
    if (next_random(state) % 2)
        return second;
    int32_t offset = zone_local(zone, second * 1000).offset;
    for (int hour = 0; hour < 24 * 365; hour++) {
        second += 3600;
        if (zone_local(zone, second * 1000).offset != offset)
            break;
    }
    return second + offset - 7200 + (int64_t)(next_random(state) % 14400);
}

static const char *const shifting[] = {
    "America/New_York",  "Europe/London",  "Australia/Lord_Howe", "America/St_Johns",
    "Africa/Casablanca", "America/Havana", "Africa/Cairo",        "Antarctica/Troll",
    "Pacific/Apia",      "Asia/Gaza",      "America/Caracas",     "Asia/Pyongyang"};

static void finds_the_first_instant(void)
{
    uint64_t state = 20261225;
    size_t wrong = 0;
    for (size_t i = 0; i < COUNT(shifting); i++) {
        struct zone *zone = open_zone(shifting[i]);
        for (int n = 0; n < 60; n++) {
            int64_t wall = random_wall(zone, &state);
            int64_t date = wall / SECONDS_PER_DAY;
            wrong +=
                !is_first(zone, wall, zone_instant(zone, date, (int32_t)(wall % SECONDS_PER_DAY)));
        }
        zone_free(zone);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void check_instant(const char *text, const char *printed)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    instant_print(&buffer, instant_of(text));
    CU_ASSERT_STRING_EQUAL(buffer.data, printed);
    buffer_free(&buffer);
}

static void reads_instants(void)
{
    CU_ASSERT_EQUAL(instant_of("1970-01-01T00:00:00Z"), 0);
    CU_ASSERT_EQUAL(instant_of("9999-12-31T23:59:59.999Z"), INSTANT_LAST);
    CU_ASSERT_EQUAL(instant_of("2026-03-08T02:30:00-05:00"), 1772955000000);
    check_instant("2026-03-08T02:30:00-05:00", "2026-03-08T07:30:00.000Z");
    check_instant("2026-03-08t07:30:00z", "2026-03-08T07:30:00.000Z");
    check_instant("2026-03-08T07:30:00.5Z", "2026-03-08T07:30:00.500Z");
    check_instant("2026-03-08T07:30:00.05Z", "2026-03-08T07:30:00.050Z");
    check_instant("2026-03-08T07:30:00.007Z", "2026-03-08T07:30:00.007Z");
    check_instant("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z");
    check_instant("2026-01-01T00:00:00+05:45", "2025-12-31T18:15:00.000Z");
    check_instant("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.000Z");
    check_instant("2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00.000Z");
    check_instant("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z");
    check_instant("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
}

struct refused {
    const char *text;
    enum tw_status status;
    const char *message;
};

#define NO_INSTANT " is not an instant: write 2026-03-08T02:30:00-05:00 or 2026-03-08T07:30:00.125Z"
#define NO_OFFSET "an instant ends in Z or in its offset such as -05:00: "
#define LEAP "leap seconds are not counted, write second 59: "
#define RANGE "an instant is from year 1970 to 9999 in UTC: "

static const struct refused refusals[] = {
    {"", TW_INVALID, NO_INSTANT},
    {"now", TW_INVALID, NO_INSTANT},
    {"2026-03-08", TW_INVALID, NO_INSTANT},
    {"2026-03-08T", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08 02:30:00Z", TW_INVALID, NO_INSTANT},
    {"2026-3-8T02:30:00Z", TW_INVALID, NO_INSTANT},
    {"2026-02-30T02:30:00Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T2:30:00Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T2:30:00ZZ", TW_INVALID, NO_INSTANT},
    {"2026-03-08T24:00:00Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T25:00:00Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:60:00Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:61Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00.Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00.1234Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00.1230Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00,5Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00Z ", TW_INVALID, NO_INSTANT},
    {" 2026-03-08T02:30:00Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00ZZ", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00+0500", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00+05", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00+5:00", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00+24:00", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00+05:60", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00+05:00Z", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00 -05:00", TW_INVALID, NO_INSTANT},
    {"2026-03-08T02:30:00", TW_INVALID, NO_OFFSET},
    {"2026-03-08T02:30:00.5", TW_INVALID, NO_OFFSET},
    {"2016-12-31T23:59:60Z", TW_INVALID, LEAP},
    {"2016-12-31T23:59:60.5+00:00", TW_INVALID, LEAP},
    {"1969-12-31T23:59:59Z", TW_INVALID, NO_INSTANT},
    {"1970-01-01T00:00:00+00:01", TW_LIMIT, RANGE},
    {"9999-12-31T23:59:59-00:01", TW_LIMIT, RANGE},
};

static void refuses_other_instants(void)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct text text = text_of(refusals[i].text);
        int64_t instant = UNTOUCHED;
        struct tw_error error = {TW_OK, ""};
        enum tw_status status = instant_parse(text, &instant, &error);
        bool as_said = status == refusals[i].status && instant == UNTOUCHED &&
                       error.code == status && strstr(error.message, refusals[i].message);
        if (!as_said)
            printf("\n    %s: %d %s", text.data, status, error.message);
        CU_ASSERT(as_said);
    }
    int64_t instant;
    CU_ASSERT_EQUAL(instant_parse((struct text){NULL, 0}, &instant, NULL), TW_INVALID);
}

/* Each text cut short anywhere, without a NUL behind it: an error, and no byte past the end. */
static void reads_no_further_than_the_text(void)
{
    static const char whole[] = "2026-03-08T02:30:00.125-05:00";
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        char *text = malloc(length ? length : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        memcpy(text, whole, length);
        int64_t instant;
        CU_ASSERT_EQUAL(instant_parse((struct text){text, length}, &instant, NULL), TW_INVALID);
        free(text);
    }
}

static void instants_come_back(void)
{
    uint64_t state = 7;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    size_t wrong = 0;
    for (int i = 0; i < 50000; i++) {
        int64_t instant = (int64_t)(next_random(&state) % (INSTANT_LAST + UINT64_C(1)));
        int64_t back = -1;
        buffer_clear(&buffer);
        instant_print(&buffer, instant);
        wrong += instant_parse(buffer_view(&buffer), &back, NULL) != TW_OK || back != instant;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    buffer_free(&buffer);
}

static void clocks_go_forward(void)
{
    int64_t before = clock_monotonic();
    CU_ASSERT(clock_monotonic() >= before);
    CU_ASSERT(clock_system() > INT64_C(1700000000) * 1000000000);
    CU_ASSERT(clock_system() < INT64_C(9000000000) * 1000000000);
}

UNIT_TESTS({"zones open by their IANA names", opens_zones},
           {"what is no zone is not found", refuses_other_names},
           {"local time around shifts and far away", shows_local_time},
           {"instants of wall times", finds_instants},
           {"the first instant, near shifts", finds_the_first_instant},
           {"instants are read", reads_instants},
           {"what is no instant is refused with a reason", refuses_other_instants},
           {"a text cut short", reads_no_further_than_the_text},
           {"what is printed reads back the same", instants_come_back},
           {"the system's clocks", clocks_go_forward})
