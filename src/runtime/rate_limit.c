/* runtime/rate_limit.c: see rate_limit.h. Takes bytes from the network; allocates nothing. */
#include "runtime/rate_limit.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DAY INT64_C(86400000)            /* milliseconds */
#define COUNT_MAX INT64_C(1000000000000) /* of requests or tokens: no real limit is larger */
#define PREFIX "x-ratelimit-"

static const struct {
    const char *name; /* behind the prefix */
    size_t offset;
    bool duration;
} members[] = {
    {"limit-requests", offsetof(struct rate_limits, requests.limit), false},
    {"remaining-requests", offsetof(struct rate_limits, requests.remaining), false},
    {"reset-requests", offsetof(struct rate_limits, requests.reset), true},
    {"limit-tokens", offsetof(struct rate_limits, tokens.limit), false},
    {"remaining-tokens", offsetof(struct rate_limits, tokens.remaining), false},
    {"reset-tokens", offsetof(struct rate_limits, tokens.reset), true},
};

/* Takes the digits off the front; false where there are none, or too many. */
static bool take_digits(struct text *text, int64_t *number)
{
    size_t taken = 0;
    for (*number = 0; taken < text->length; taken++) {
        char byte = text->data[taken];
        if (byte < '0' || byte > '9')
            break;
        if (*number > COUNT_MAX)
            return false;
        *number = *number * 10 + (byte - '0');
    }
    *text = (struct text){text->data + taken, text->length - taken};
    return taken > 0;
}

/* Microseconds of the unit at the front, which is taken off; 0 where there is none. No unit at all
 * is seconds. */
static int64_t take_unit(struct text *text)
{
    static const struct {
        const char *word;
        int64_t microseconds;
    } units[] = {{"ms", 1000},    {"us", 1},      {"h", 3600000000},
                 {"m", 60000000}, {"s", 1000000}, {"d", 86400000000}};
    if (text->length == 0)
        return 1000000;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].word);
        if (text->length < length || memcmp(text->data, units[i].word, length) != 0)
            continue;
        *text = (struct text){text->data + length, text->length - length};
        return units[i].microseconds;
    }
    return 0;
}

/* What stands behind the point, in millionths; digits beyond the sixth count for nothing. */
static bool take_fraction(struct text *text, int64_t *millionths)
{
    int64_t scale = 100000;
    size_t taken = 1;
    *millionths = 0;
    if (text->length == 0 || text->data[0] != '.')
        return true;
    for (; taken < text->length && text->data[taken] >= '0' && text->data[taken] <= '9'; taken++) {
        *millionths += (text->data[taken] - '0') * scale;
        scale /= 10;
    }
    *text = (struct text){text->data + taken, text->length - taken};
    return taken > 1;
}

int64_t rate_limit_duration(struct text text)
{
    int64_t total = 0;
    if (text.length == 0)
        return -1;
    while (text.length > 0) {
        int64_t whole, millionths;
        if (!take_digits(&text, &whole) || !take_fraction(&text, &millionths))
            return -1;
        int64_t unit = take_unit(&text);
        if (unit == 0)
            return -1;
        whole = whole * unit > DAY * 1000 || whole > DAY ? DAY * 1000 : whole * unit;
        total += whole + millionths * unit / 1000000;
        total = total < DAY * 1000 ? total : DAY * 1000;
    }
    return (total + 999) / 1000;
}

void rate_limits_header(struct rate_limits *limits, struct text name, struct text value)
{
    const size_t prefix = strlen(PREFIX);
    if (name.length <= prefix || strncasecmp(name.data, PREFIX, prefix) != 0)
        return;
    name = (struct text){name.data + prefix, name.length - prefix};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        int64_t number;
        if (name.length != strlen(members[i].name) ||
            strncasecmp(name.data, members[i].name, name.length) != 0)
            continue;
        if (members[i].duration)
            number = rate_limit_duration(value);
        else if (!take_digits(&value, &number) || value.length)
            return;
        if (number >= 0)
            memcpy((char *)limits + members[i].offset, &number, sizeof number);
    }
}
