/* front/scan_literal.c: the value of a literal, and what one was most likely meant to be.
 *
 * A literal that is none becomes BAD, which fits everywhere, so that nothing is said twice. */
#include "front/scan.h"

#include "base/clock.h"
#include "front/tier.tab.h"

#include <string.h>

/* Which literal a number with letters behind it is meant to be. */
static int number_kind(struct text text)
{
    char last = text.data[text.length - 1];
    if (last == '%')
        return TIER_PERCENT;
    if (last == 'k' || last == 'M' || (last >= '0' && last <= '9'))
        return TIER_INT;
    return TIER_DURATION;
}

static enum tw_type literal_type(int kind)
{
    switch (kind) {
    case TIER_BOOL:
        return TW_TYPE_BOOL;
    case TIER_PERCENT:
        return TW_TYPE_PERCENT;
    case TIER_MONEY:
        return TW_TYPE_MONEY;
    case TIER_DURATION:
        return TW_TYPE_DURATION;
    case TIER_TIME:
        return TW_TYPE_TIME;
    case TIER_DATE:
        return TW_TYPE_DATE;
    case TIER_INSTANT:
        return TW_TYPE_NOW;
    default:
        return TW_TYPE_INT;
    }
}

static bool is_literal(int kind)
{
    return kind == TIER_INT || literal_type(kind) != TW_TYPE_INT;
}

/* Units as people write them, and the language's own. */
static const struct {
    const char *found, *own;
} units[] = {
    {"K", "k"},     {"thousand", "k"}, {"million", "M"}, {"mio", "M"}, {"sec", "s"},
    {"secs", "s"},  {"second", "s"},   {"seconds", "s"}, {"S", "s"},   {"min", "m"},
    {"mins", "m"},  {"minute", "m"},   {"minutes", "m"}, {"hr", "h"},  {"hrs", "h"},
    {"hour", "h"},  {"hours", "h"},    {"H", "h"},       {"day", "d"}, {"days", "d"},
    {"D", "d"},     {"msec", "ms"},    {"millis", "ms"}, {"pct", "%"}, {"percent", "%"},
    {"week", "7d"}, {"tokens", ""},    {"tok", ""},
};

static struct text take_number(struct text *text)
{
    size_t length = text->length && text->data[0] == '-';
    while (length < text->length && text->data[length] &&
           strchr("0123456789_.:", text->data[length]))
        length++;
    struct text number = {text->data, length};
    text->data += length;
    text->length -= length;
    return number;
}

/* 9pm and 10:30pm as times of a day of 24 hours. */
static bool help_half_day(struct findings *findings, struct finding *finding, struct text number,
                          struct text suffix)
{
    bool am = text_is(suffix, "am") || text_is(suffix, "AM");
    bool pm = text_is(suffix, "pm") || text_is(suffix, "PM");
    int hour = 0;
    size_t digits = 0;
    while (digits < number.length && digits < 2 && number.data[digits] != ':')
        hour = hour * 10 + (number.data[digits++] - '0');
    if ((!am && !pm) || hour < 1 || hour > 12)
        return false;
    struct text minutes = {number.data + digits, number.length - digits};
    finding_help(findings, finding, "write `%02d%.*s`", hour % 12 + (pm ? 12 : 0),
                 TEXT_ARGUMENTS(minutes.length ? minutes : TEXT(":00")));
    return true;
}

static void help_unit(struct findings *findings, struct finding *finding, struct text number,
                      struct text suffix)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!text_is(suffix, units[i].found))
            continue;
        finding_help(findings, finding, "write `%.*s%s`", TEXT_ARGUMENTS(number), units[i].own);
        return;
    }
    finding_help(findings, finding, "units are ms, s, m, h, d for durations, k and M for numbers");
}

/* A number with letters that are no unit. */
static bool report_unit(struct scan *scan, struct text text)
{
    struct findings *findings = scan->parse->findings;
    struct text suffix = text, number = take_number(&suffix);
    if (suffix.length == 0 || text_is(suffix, "%"))
        return false;
    for (size_t i = 0; i < suffix.length; i++)
        if (suffix.data[i] >= '0' && suffix.data[i] <= '9')
            return false; /* 1h30x */
    bool half_day = text_is(suffix, "am") || text_is(suffix, "AM") || text_is(suffix, "pm") ||
                    text_is(suffix, "PM");
    struct finding *finding =
        finding_add(findings, FINDING_BAD_LITERAL, scan->span,
                    half_day ? "a day has 24 hours here, without `%.*s`" : "`%.*s` is not a unit",
                    TEXT_ARGUMENTS(suffix));
    if (!help_half_day(findings, finding, number, suffix))
        help_unit(findings, finding, number, suffix);
    return true;
}

/* 0.9 where a share, money or a whole number is meant. */
static bool report_decimals(struct scan *scan, struct text text)
{
    struct findings *findings = scan->parse->findings;
    struct buffer share;
    int64_t millionths;
    if (!memchr(text.data, '.', text.length) || decimal_parse(text, 6, &millionths) != TW_OK)
        return false;
    struct finding *finding =
        finding_add(findings, FINDING_BAD_LITERAL, scan->span, "a plain number has no decimals");
    buffer_init(&share, 64);
    value_print(&share, TW_TYPE_PERCENT, millionths);
    if (millionths % PERCENT_ALL == 0)
        finding_help(findings, finding, "write `%lld`", (long long)(millionths / PERCENT_ALL));
    else if (millionths >= 0 && millionths < PERCENT_ALL && share.length)
        finding_help(findings, finding, "a share is written `%s`, money `$%.*s`", share.data,
                     TEXT_ARGUMENTS(text));
    else
        finding_help(findings, finding,
                     "write a whole number; shares and money take decimals: `12.5%%`, `$0.05`");
    buffer_free(&share);
    return true;
}

static int report_literal(struct scan *scan, int kind, struct text text, const char *message)
{
    if ((kind == TIER_DURATION || kind == TIER_TIME) && report_unit(scan, text))
        return TIER_BAD;
    if (kind == TIER_INT && report_decimals(scan, text))
        return TIER_BAD;
    finding_add(scan->parse->findings, FINDING_BAD_LITERAL, scan->span, "%s", message);
    return TIER_BAD;
}

static int read_literal(struct scan *scan, int kind, struct text written, int64_t *number)
{
    struct tw_error error = {0};
    enum tw_type type = literal_type(kind);
    struct text text = scan->foreign ? text_of(scan->foreign) : written;
    enum tw_status status = type == TW_TYPE_NOW ? instant_parse(text, number, &error)
                                                : value_parse(type, text, number, &error);
    return status == TW_OK ? kind : report_literal(scan, kind, text, error.message);
}

int scan_literal(struct scan *scan, int kind, struct text written, int64_t *number)
{
    if (kind == SCAN_NUMBER)
        kind = number_kind(written);
    return is_literal(kind) ? read_literal(scan, kind, written, number) : kind;
}
