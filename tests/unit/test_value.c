/* tests/unit/test_value.c: literals, decimal numbers, civil days. */
#include "unit.h"

#include "base/value.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define UNTOUCHED 424242

struct good {
    enum tw_type type;
    const char *text;
    int64_t value;
    const char *printed; /* NULL: as text */
};

static const struct good goods[] = {
    {TW_TYPE_BOOL, "true", 1, NULL},
    {TW_TYPE_BOOL, "false", 0, NULL},
    {TW_TYPE_INT, "0", 0, NULL},
    {TW_TYPE_INT, "-0", 0, "0"},
    {TW_TYPE_INT, "007", 7, "7"},
    {TW_TYPE_INT, "-12", -12, NULL},
    {TW_TYPE_INT, "5_000", 5000, "5000"},
    {TW_TYPE_INT, "1_2_3", 123, "123"},
    {TW_TYPE_INT, "5k", 5000, "5000"},
    {TW_TYPE_INT, "-5k", -5000, "-5000"},
    {TW_TYPE_INT, "1.5M", 1500000, "1500000"},
    {TW_TYPE_INT, "1.250k", 1250, "1250"},
    {TW_TYPE_INT, "1.0000000000000000000000000000000000000000000000k", 1000, "1000"},
    {TW_TYPE_INT, "0.000_001M", 1, "1"},
    {TW_TYPE_INT, "00000000000000000000000000000000000000000000000012", 12, "12"},
    {TW_TYPE_INT, "9223372036854775807", INT64_MAX, NULL},
    {TW_TYPE_INT, "-9223372036854775808", INT64_MIN, NULL},
    {TW_TYPE_INT, "9_223_372_036_854.775807M", INT64_MAX, "9223372036854775807"},
    {TW_TYPE_PERCENT, "90%", 900000, NULL},
    {TW_TYPE_PERCENT, "12.5%", 125000, NULL},
    {TW_TYPE_PERCENT, "0.0001%", 1, NULL},
    {TW_TYPE_PERCENT, "12.34560%", 123456, "12.3456%"},
    {TW_TYPE_PERCENT, "250%", 2500000, NULL},
    {TW_TYPE_PERCENT, "0%", 0, NULL},
    {TW_TYPE_PERCENT, "922337203685477.5807%", INT64_MAX, NULL},
    {TW_TYPE_MONEY, "$0", 0, NULL},
    {TW_TYPE_MONEY, "$0.05", 50000000000, NULL},
    {TW_TYPE_MONEY, "$0.0500", 50000000000, "$0.05"},
    {TW_TYPE_MONEY, "$1_000", 1000 * MONEY_DOLLAR, "$1000"},
    {TW_TYPE_MONEY, "$5k", 5000 * MONEY_DOLLAR, "$5000"},
    {TW_TYPE_MONEY, "$1.5M", 1500000 * MONEY_DOLLAR, "$1500000"},
    {TW_TYPE_MONEY, "$0.000000000001", 1, NULL},
    {TW_TYPE_MONEY, "$0.000000000000000001M", 1, "$0.000000000001"},
    {TW_TYPE_MONEY, "$9223372.036854775807", INT64_MAX, NULL},
    {TW_TYPE_MONEY, "-$5", -5 * MONEY_DOLLAR, NULL},
    {TW_TYPE_MONEY, "-$0.5k", -500 * MONEY_DOLLAR, "-$500"},
    {TW_TYPE_DURATION, "0s", 0, NULL},
    {TW_TYPE_DURATION, "0d", 0, "0s"},
    {TW_TYPE_DURATION, "1ms", 1, NULL},
    {TW_TYPE_DURATION, "500ms", 500, NULL},
    {TW_TYPE_DURATION, "30s", 30000, NULL},
    {TW_TYPE_DURATION, "90s", 90000, NULL},
    {TW_TYPE_DURATION, "60s", 60000, "1m"},
    {TW_TYPE_DURATION, "900000ms", 900000, "15m"},
    {TW_TYPE_DURATION, "15m", 900000, NULL},
    {TW_TYPE_DURATION, "1.5h", 5400000, "90m"},
    {TW_TYPE_DURATION, "1h30m", 5400000, "90m"},
    {TW_TYPE_DURATION, "1d2h3m4s5ms", 93784005, "93784005ms"},
    {TW_TYPE_DURATION, "1.5h0.5s", 5400500, "5400500ms"},
    {TW_TYPE_DURATION, "24h", 86400000, "1d"},
    {TW_TYPE_DURATION, "7d", 604800000, NULL},
    {TW_TYPE_DURATION, "9223372036854775807ms", INT64_MAX, NULL},
    {TW_TYPE_TIME, "0:00", 0, "00:00"},
    {TW_TYPE_TIME, "6:00", 21600, "06:00"},
    {TW_TYPE_TIME, "06:00", 21600, NULL},
    {TW_TYPE_TIME, "22:00", 79200, NULL},
    {TW_TYPE_TIME, "22:00:30", 79230, NULL},
    {TW_TYPE_TIME, "22:00:00", 79200, "22:00"},
    {TW_TYPE_TIME, "23:59:59", 86399, NULL},
    {TW_TYPE_TIME, "24:00", 86400, NULL},
    {TW_TYPE_TIME, "24:00:00", 86400, "24:00"},
    {TW_TYPE_WEEKDAY, "mon", 0, NULL},
    {TW_TYPE_WEEKDAY, "sun", 6, NULL},
    {TW_TYPE_DATE, "1970-01-01", 0, NULL},
    {TW_TYPE_DATE, "2024-02-29", 19782, NULL},
    {TW_TYPE_DATE, "2026-12-25", 20812, NULL},
    {TW_TYPE_DATE, "9999-12-31", 2932896, NULL},
};

static void check_print(enum tw_type type, int64_t value, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    value_print(&buffer, type, value);
    CU_ASSERT_EQUAL(buffer.status, TW_OK);
    CU_ASSERT_STRING_EQUAL(buffer_view(&buffer).data, expected);
    buffer_free(&buffer);
}

static void reads_and_prints(void)
{
    for (size_t i = 0; i < COUNT(goods); i++) {
        const struct good *good = &goods[i];
        int64_t value = UNTOUCHED;
        struct tw_error error = {TW_OK, ""};
        CU_ASSERT_EQUAL(value_parse(good->type, text_of(good->text), &value, &error), TW_OK);
        CU_ASSERT_EQUAL(value, good->value);
        CU_ASSERT_STRING_EQUAL(error.message, "");
        check_print(good->type, good->value, good->printed ? good->printed : good->text);
    }
}

struct bad {
    enum tw_type type;
    const char *texts; /* separated by single blanks; "~" stands for a blank */
    enum tw_status status;
    const char *message; /* after or before the quotation */
};

static const struct bad bads[] = {
    {TW_TYPE_BOOL, "True 1 yes tru true~", TW_INVALID, " is not a bool: write true or false"},
    {TW_TYPE_INT,
     "- + +5 --5 k 5K 5m 5kk 5_ _5 5__0 5_k 0x10 1e3 .5k 5.k 1._5k 1,000 ~5 5~ 1.5.0k ٣",
     TW_INVALID, " is not an int: write 5000, 5_000, 5k or 1.5M"},
    {TW_TYPE_INT, "1.5 1.0 1.0005k 0.0000001M 0.00000000000000000000000000000000000000001k",
     TW_LIMIT, "an int is whole once its k or M is applied, as in 1.5k: "},
    {TW_TYPE_INT,
     "9223372036854775808 -9223372036854775809 9223372036854775807k 18446744073709551616 "
     "99999999999999999999999999999999999999999999999 9_223_372_036_854.775808M "
     "340282366920938463463374607431768211456",
     TW_LIMIT, "an int is within 9_223_372_036_854_775_807 either way: "},
    {TW_TYPE_PERCENT, "90 -1% % 90%% 5k% .5% 5.% 90~%", TW_INVALID,
     " is not a percent: write 90% or 12.5%"},
    {TW_TYPE_PERCENT, "12.34567% 0.00001%", TW_LIMIT,
     "a percent has at most 4 decimals, as in 12.3456%: "},
    {TW_TYPE_PERCENT, "922337203685477.5808% 99999999999999999999999999999999%", TW_LIMIT,
     "a percent is at most 922_337_203_685_477.5807%: "},
    {TW_TYPE_MONEY, "5 $ -$ $-5 $.5 $5. 5$ $~5 $5m $1,000 $5k5 $$5", TW_INVALID,
     " is not money: write $0.05, $1_000, $5k or $1.5M"},
    {TW_TYPE_MONEY, "$0.0000000000001 $0.0000000000000000001M", TW_LIMIT,
     "money has at most 12 decimals of a dollar, as in $0.00000125: "},
    {TW_TYPE_MONEY, "$9223372.036854775808 $10M $99999999999999999999999999M", TW_LIMIT,
     "money is within $9_223_372.036854775807 either way: "},
    {TW_TYPE_DURATION, "5 s -5s 5S 5w 5min 5~s 30m1h 1h1h 1s1s 1h30 1h,30m .5h 5.s 1h~30m ms 5k",
     TW_INVALID, " is not a duration: write 500ms, 30s, 15m, 24h, 7d or 1h30m"},
    {TW_TYPE_DURATION, "0.5ms 1.0005s 1h0.5ms 0.00000001d", TW_LIMIT,
     "a duration is in whole milliseconds, as in 1.5s or 1500ms: "},
    {TW_TYPE_DURATION, "9223372036854775808ms 106751991168d 106751991167d24h", TW_LIMIT,
     "a duration is at most 106_751_991_167d: "},
    {TW_TYPE_TIME,
     "24:01 24:00:01 25:00 22:60 22:00:60 7:5 7 :30 7: 007:00 22:000 22:00: 22:00:5 22:00:000 "
     "-1:00 22.00 22:00am 22:00:00:00 99:99",
     TW_INVALID, " is not a time: write 22:00, 6:30 or 22:00:30, with 24:00 the last"},
    {TW_TYPE_WEEKDAY, "Mon monday mo mon~ 0 MON", TW_INVALID,
     " is not a weekday: write mon, tue, wed, thu, fri, sat or sun"},
    {TW_TYPE_DATE,
     "2026-02-29 2026-02-30 2026-13-01 2026-00-10 2026-01-00 2026-01-32 2026-04-31 2100-02-29 "
     "1969-12-31 0000-01-01 10000-01-01 2026-1-1 26-01-01 2026-12-25~ 2026/12/25 2026-12- -2026-12",
     TW_INVALID, " is not a date: write a day from 1970 to 9999 such as 2026-12-25"},
    {TW_TYPE_STRING, "x", TW_INVALID, " is not read as a literal of type string"},
    {TW_TYPE_TIER, "flex", TW_INVALID, " is not read as a literal of type tier"},
    {TW_TYPE_ENUM, "low", TW_INVALID, " is not read as a literal of type enum"},
    {TW_TYPE_NOW, "0", TW_INVALID, " is not read as a literal of type now"},
};

static void check_bad(const struct bad *bad, const char *word, size_t length)
{
    char text[100];
    for (size_t i = 0; i < length; i++)
        text[i] = word[i] == '~' ? ' ' : word[i];
    int64_t value = UNTOUCHED;
    struct tw_error error = {TW_OK, ""};
    enum tw_status status = value_parse(bad->type, (struct text){text, length}, &value, &error);
    bool as_said = status == bad->status && error.code == status && value == UNTOUCHED &&
                   strstr(error.message, bad->message);
    if (!as_said)
        printf("\n    %.*s: %d %s", (int)length, text, status, error.message);
    CU_ASSERT(as_said);
    CU_ASSERT_EQUAL(value_parse(bad->type, (struct text){text, length}, &value, NULL), status);
}

static void refuses(void)
{
    for (size_t i = 0; i < COUNT(bads); i++) {
        const char *word = bads[i].texts;
        while (*word) {
            size_t length = strcspn(word, " ");
            check_bad(&bads[i], word, length);
            word += length + (word[length] == ' ');
        }
    }
}

static void refuses_empty_text(void)
{
    for (int type = TW_TYPE_BOOL; type <= TW_TYPE_NOW; type++) {
        int64_t value;
        CU_ASSERT_EQUAL(value_parse((enum tw_type)type, (struct text){NULL, 0}, &value, NULL),
                        TW_INVALID);
    }
}

static void check_message(struct text text, const char *message)
{
    int64_t value;
    struct tw_error error;
    CU_ASSERT_EQUAL(value_parse(TW_TYPE_BOOL, text, &value, &error), TW_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, message);
}

static void quotes_safely(void)
{
    check_message(TEXT("a\0\x1b[2J\x7f\xff"
                       "b"),
                  "\"a??[2J??b\" is not a bool: write true or false");
    check_message(TEXT("Z\xc3\xbcrich"), "\"Z\xc3\xbcrich\" is not a bool: write true or false");
    char lengthy[1000];
    memset(lengthy, 'x', sizeof lengthy);
    lengthy[0] = 'y';
    check_message((struct text){lengthy, sizeof lengthy},
                  "\"yxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""
                  " is not a bool: write true or false");
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Of any size: a value with 1 to 63 significant bits. */
static int64_t random_value(uint64_t *state)
{
    return (int64_t)(next_random(state) >> (1 + next_random(state) % 63));
}

/* The values that a type's literals can have: from 0 to this. */
static const int64_t last_values[] = {
    [TW_TYPE_BOOL] = 1,          [TW_TYPE_INT] = INT64_MAX,      [TW_TYPE_PERCENT] = INT64_MAX,
    [TW_TYPE_MONEY] = INT64_MAX, [TW_TYPE_DURATION] = INT64_MAX, [TW_TYPE_TIME] = 86400,
    [TW_TYPE_WEEKDAY] = 6,       [TW_TYPE_DATE] = 2932896,
};

static bool comes_back(struct buffer *buffer, enum tw_type type, int64_t value)
{
    int64_t back = ~value;
    buffer_clear(buffer);
    value_print(buffer, type, value);
    return value_parse(type, buffer_view(buffer), &back, NULL) == TW_OK && back == value;
}

static void printing_comes_back(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    uint64_t state = 88172645463325252u;
    size_t wrong = 0;
    for (size_t type = 0; type < COUNT(last_values); type++)
        for (int i = 0; i < 20000; i++) {
            int64_t value = random_value(&state);
            if (value > last_values[type])
                value %= last_values[type] + 1;
            wrong += !comes_back(&buffer, (enum tw_type)type, value);
            wrong += type == TW_TYPE_INT && !comes_back(&buffer, TW_TYPE_INT, -value - 1);
        }
    CU_ASSERT_EQUAL(wrong, 0);
    buffer_free(&buffer);
}

/* Random bytes from the alphabet of literals: no crash, and what is read prints and reads alike. */
static void any_bytes(void)
{
    static const char alphabet[] = "0123456789012345...__--::$%kMdhms ";
    struct buffer buffer;
    buffer_init(&buffer, 100);
    uint64_t state = 42;
    size_t wrong = 0, read = 0;
    for (int i = 0; i < 200000; i++) {
        char bytes[24];
        size_t length = next_random(&state) % sizeof bytes;
        for (size_t at = 0; at < length; at++)
            bytes[at] = alphabet[next_random(&state) % (sizeof alphabet - 1)];
        for (size_t type = 0; type < COUNT(last_values); type++) {
            int64_t value;
            if (value_parse((enum tw_type)type, (struct text){bytes, length}, &value, NULL))
                continue;
            read++;
            wrong += !comes_back(&buffer, (enum tw_type)type, value);
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(read > 1000);
    buffer_free(&buffer);
}

static void prints_values_without_literal(void)
{
    check_print(TW_TYPE_WEEKDAY, 9, "9");
    check_print(TW_TYPE_WEEKDAY, -1, "-1");
    check_print(TW_TYPE_MONEY, -50000000000, "-$0.05");
    check_print(TW_TYPE_MONEY, INT64_MIN, "-$9223372.036854775808");
    check_print(TW_TYPE_PERCENT, INT64_MIN, "-922337203685477.5808%");
    check_print(TW_TYPE_DURATION, -90000, "-90s");
    check_print(TW_TYPE_DATE, -1, "1969-12-31");
    check_print(TW_TYPE_DATE, INT64_MAX, "9223372036854775807");
    check_print(TW_TYPE_DATE, INT64_MIN, "-9223372036854775808");
    check_print(TW_TYPE_TIER, 3, "3");
    check_print(TW_TYPE_NOW, 604799, "604799");
}

static void check_decimal(const char *text, int places, enum tw_status status, int64_t expected)
{
    int64_t value = UNTOUCHED;
    CU_ASSERT_EQUAL(decimal_parse(text_of(text), places, &value), status);
    CU_ASSERT_EQUAL(value, status ? UNTOUCHED : expected);
}

static void parses_decimals(void)
{
    check_decimal("0.05", 12, TW_OK, 50000000000);
    check_decimal("-0.5", 4, TW_OK, -5000);
    check_decimal("12", 0, TW_OK, 12);
    check_decimal("12.000", 0, TW_OK, 12);
    check_decimal("0.00000000000000000000000000", 3, TW_OK, 0);
    check_decimal("9.223372036854775807", 18, TW_OK, INT64_MAX);
    check_decimal("-9.223372036854775808", 18, TW_OK, INT64_MIN);
    check_decimal("9.223372036854775808", 18, TW_LIMIT, 0);
    check_decimal("0.0000000000000000001", 18, TW_LIMIT, 0);
    check_decimal("12.5", 0, TW_LIMIT, 0);
    check_decimal("0.0000000000001", 12, TW_LIMIT, 0);
    check_decimal("1000000000000000000000000", 0, TW_LIMIT, 0);
    static const char *const malformed[] = {"",    "-",     ".",   ".5", "5.", "+5",  "1e3",
                                            "1_0", "1.2.3", "--5", " 5", "5 ", "0x1", "nan"};
    for (size_t i = 0; i < COUNT(malformed); i++)
        check_decimal(malformed[i], 6, TW_INVALID, 0);
}

static void check_wide(__int128 value, int places, int shown, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    if (shown < 0)
        decimal_print_wide(&buffer, value, places);
    else
        decimal_print_rounded(&buffer, value, places, shown);
    CU_ASSERT_STRING_EQUAL(buffer_view(&buffer).data, expected);
    buffer_free(&buffer);
}

static void prints_decimals(void)
{
    const __int128 most = (__int128)(~(unsigned __int128)0 >> 1);
    check_wide(0, 0, -1, "0");
    check_wide(0, 12, -1, "0");
    check_wide(12, 0, -1, "12");
    check_wide(100, 0, -1, "100");
    check_wide(6250000000, 12, -1, "0.00625");
    check_wide(-5000, 4, -1, "-0.5");
    check_wide(INT64_MIN, 18, -1, "-9.223372036854775808");
    check_wide(most, 12, -1, "170141183460469231731687303.715884105727");
    check_wide(-most - 1, 0, -1, "-170141183460469231731687303715884105728");
    check_wide(-most - 1, 38, -1, "-1.70141183460469231731687303715884105728");
    struct buffer buffer;
    buffer_init(&buffer, 100);
    decimal_print(&buffer, INT64_MIN, 12);
    CU_ASSERT_STRING_EQUAL(buffer.data, "-9223372.036854775808");
    buffer_free(&buffer);
}

/* The expected texts are those of Python's format(round(Decimal(...), shown), "f"), but for "-0".
 */
static void prints_rounded(void)
{
    check_wide(123450, 6, 4, "0.1234");
    check_wide(123550, 6, 4, "0.1236");
    check_wide(123451, 6, 4, "0.1235");
    check_wide(123449, 6, 4, "0.1234");
    check_wide(-123450, 6, 4, "-0.1234");
    check_wide(-123550, 6, 4, "-0.1236");
    check_wide(999950, 6, 4, "1.0000");
    check_wide(999950, 6, 0, "1");
    check_wide(5, 1, 0, "0");
    check_wide(15, 1, 0, "2");
    check_wide(25, 1, 0, "2");
    check_wide(-5, 1, 0, "0");
    check_wide(-49, 6, 4, "0.0000");
    check_wide(-51, 6, 4, "-0.0001");
    check_wide(1000000, 6, 2, "1.00");
    check_wide(1234, 4, 4, "0.1234");
    check_wide(0, 12, 4, "0.0000");
    check_wide((__int128)MONEY_DOLLAR * MONEY_DOLLAR * 1000, 12, 2, "1000000000000000.00");
    check_wide((__int128)(~(unsigned __int128)0 >> 1), 38, 0, "2");
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Counts every day of 1968 to 10001 and compares. */
static void counts_every_day(void)
{
    int64_t days = days_from_civil(1968, 1, 1), year = 1968;
    CU_ASSERT_EQUAL(days, -731);
    size_t wrong = 0;
    for (unsigned month = 1, day = 1; year < 10001; days++) {
        int64_t found_year;
        unsigned found_month, found_day;
        civil_from_days(days, &found_year, &found_month, &found_day);
        wrong += found_year != year || found_month != month || found_day != day;
        wrong += days_from_civil(year, month, day) != days;
        wrong += weekday_of_days(days) != (unsigned)((days + 731) % 7); /* 1968 began on a Monday */
        if (++day > days_in_month(year, month)) {
            day = 1;
            year += month == 12;
            month = month % 12 + 1;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(days_from_civil(0, 3, 1), -719468);
    CU_ASSERT_EQUAL(days_from_civil(-400, 3, 1), -719468 - 146097);
    CU_ASSERT_EQUAL(days_from_civil(2026, 2, 29), days_from_civil(2026, 3, 1));
}

static void names_types(void)
{
    CU_ASSERT_STRING_EQUAL(type_word(TW_TYPE_MONEY), "money");
    CU_ASSERT_STRING_EQUAL(type_word(TW_TYPE_NOW), "now");
    CU_ASSERT_TRUE(type_ordered(TW_TYPE_DATE));
    CU_ASSERT_FALSE(type_ordered(TW_TYPE_WEEKDAY));
}

UNIT_TESTS({"literals are read and printed", reads_and_prints},
           {"what is no literal is refused with a reason", refuses},
           {"an empty text is no literal", refuses_empty_text},
           {"messages quote any bytes safely", quotes_safely},
           {"what is printed reads back the same", printing_comes_back}, {"any bytes", any_bytes},
           {"values that no literal has are printed", prints_values_without_literal},
           {"decimal numbers are parsed exactly", parses_decimals},
           {"decimal numbers are printed exactly", prints_decimals},
           {"rounding is half to even", prints_rounded}, {"every civil day", counts_every_day},
           {"types have names", names_types})
