/* simulate/log_record.c: the facts of one request, from the texts of a log. Owns nothing. */
#include "simulate/log_record.h"

#include "base/clock.h"
#include "base/number.h"

#include <string.h>

static const struct {
    enum log_fact_kind kind;
    const char *meaning;
} facts[] = {
#define LOG_FACT(name, kind, meaning) {LOG_##kind, meaning},
#include "simulate/log_facts.def"
#undef LOG_FACT
};

void log_record_clear(struct log_record *record)
{
    for (int fact = 0; fact < LOG_FACT_COUNT; fact++) {
        record->numbers[fact] = LOG_UNKNOWN;
        record->texts[fact] = (struct text){"", 0};
    }
    record->value_count = 0;
    record->cells = false;
}

static int digits(const char *at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + at[i] - '0';
    }
    return value;
}

/* "2026-11-25T20:00:00" or with a blank, in milliseconds since 1970. */
static bool take_date_time(struct text *text, int64_t *instant)
{
    enum { LENGTH = sizeof "2026-11-25T20:00:00" - 1 };
    const char *at = text->data;
    if (text->length < LENGTH || at[4] != '-' || at[7] != '-' || at[13] != ':' || at[16] != ':' ||
        (at[10] != 'T' && at[10] != 't' && at[10] != ' '))
        return false;
    int year = digits(at, 4), month = digits(at + 5, 2), day = digits(at + 8, 2);
    int hour = digits(at + 11, 2), minute = digits(at + 14, 2), second = digits(at + 17, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    int64_t days = days_from_civil(year, (unsigned)month, (unsigned)day);
    *instant = (days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second) * 1000;
    text_take(text, LENGTH);
    return true;
}

/* Takes ".123456": milliseconds, further digits cut off. */
static bool take_fraction(struct text *text, int64_t *instant)
{
    if (!text_take_byte(text, '.'))
        return true;
    struct text fraction = text_take_digits(text, false);
    for (size_t i = 0, unit = 100; i < fraction.length && i < 3; i++, unit /= 10)
        *instant += (fraction.data[i] - '0') * (int64_t)unit;
    return fraction.length > 0;
}

/* Takes "Z", "+05:30", "+0530", "+05" or nothing, which is UTC. */
static bool take_offset(struct text *text, int64_t *instant)
{
    if (text->length == 0 || text_take_byte(text, 'Z') || text_take_byte(text, 'z'))
        return true;
    bool west = text_take_byte(text, '-');
    if (!west && !text_take_byte(text, '+'))
        return false;
    struct text hours = text_take_digits(text, false), minutes = {hours.data + 2, 0};
    if (hours.length == 4) {
        hours.length = 2;
        minutes.length = 2;
    } else if (text_take_byte(text, ':')) {
        minutes = text_take_digits(text, false);
    }
    if (hours.length != 2 || (minutes.length != 0 && minutes.length != 2))
        return false;
    int64_t offset = (digits(hours.data, 2) * 60 + digits(minutes.data, (int)minutes.length)) * 60;
    *instant -= (west ? -offset : offset) * 1000;
    return true;
}

/* Seconds since 1970, with decimals or without, or milliseconds: these have 12 digits and more. */
static bool parse_epoch(struct text text, int64_t *instant)
{
    const int64_t first_milliseconds = INT64_C(100000000000);
    struct text rest = text, whole = text_take_digits(&rest, false);
    int64_t value = 0;
    if (whole.length == 0 || whole.length > 15)
        return false;
    for (size_t i = 0; i < whole.length; i++)
        value = value * 10 + (whole.data[i] - '0');
    bool seconds = value < first_milliseconds;
    *instant = seconds ? value * 1000 : value;
    int64_t ignored = 0;
    return take_fraction(&rest, seconds ? instant : &ignored) && rest.length == 0;
}

bool log_instant_parse(struct text text, int64_t *instant)
{
    int64_t result;
    struct text rest = text;
    bool good = take_date_time(&rest, &result) ? take_fraction(&rest, &result) &&
                                                     take_offset(&rest, &result) && rest.length == 0
                                               : parse_epoch(text, &result);
    if (!good || result < 0 || result > INSTANT_LAST)
        return false;
    *instant = result;
    return true;
}

/* Whole numbers of few digits, as nearly all are; anything else takes the exact way. */
static bool parse_plain_count(struct text text, int64_t *count)
{
    if (text.length == 0 || text.length > 18)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *count = value;
    return true;
}

/* A cell of CSV stands for a number as well; a text of JSON does not. */
static bool parse_count(enum json_kind kind, struct text text, bool cell, int64_t *count)
{
    if (kind != JSON_NUMBER && !cell)
        return false;
    if (parse_plain_count(text, count))
        return true;
    if (cell)
        return decimal_parse(text, 0, count) == TW_OK && *count >= 0;
    return json_integer((struct json_value){kind, text}, count) == TW_OK && *count >= 0;
}

/* A number of milliseconds with decimals, cut off. */
static bool parse_milliseconds(struct text text, int64_t *milliseconds)
{
    struct text whole = text_take_digits(&text, false);
    if (!parse_plain_count(whole, milliseconds))
        return false;
    if (text_take_byte(&text, '.'))
        text_take_digits(&text, false);
    return text.length == 0;
}

static bool parse_number(enum log_fact_kind fact, enum json_kind kind, struct text text, bool cell,
                         int64_t *number)
{
    switch (fact) {
    case LOG_COUNT:
        return parse_count(kind, text, cell, number);
    case LOG_MILLISECONDS:
        return (kind == JSON_NUMBER || cell) && parse_milliseconds(text, number);
    case LOG_FLAG:
        *number = text_is(text, "true") || text_is(text, "True") || text_is(text, "t");
        return true;
    case LOG_INSTANT:
        return (kind == JSON_NUMBER || kind == JSON_STRING) && log_instant_parse(text, number);
    case LOG_TEXT:
        break;
    }
    return false;
}

bool log_record_set(struct log_record *record, enum log_fact fact, enum json_kind kind,
                    struct text text)
{
    if (record->cells && text.length == 0)
        return true;
    if (facts[fact].kind != LOG_TEXT)
        return parse_number(facts[fact].kind, kind, text, record->cells, &record->numbers[fact]);
    record->texts[fact] = text;
    return kind == JSON_STRING;
}

enum tw_status log_fact_fail(enum log_fact fact, struct text raw, struct tw_error *error)
{
    static const char *const wanted[] = {
        [LOG_TEXT] = "text",
        [LOG_COUNT] = "a whole number from 0 up",
        [LOG_INSTANT] = "an instant such as 2026-03-08T07:30:00Z",
        [LOG_MILLISECONDS] = "a number of milliseconds",
        [LOG_FLAG] = "true or false",
    };
    int shown = (int)(raw.length < 60 ? raw.length : 60);
    return fail(error, TW_INVALID, "%s is %s, not %.*s", facts[fact].meaning,
                wanted[facts[fact].kind], shown, raw.data);
}
