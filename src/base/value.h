/* base/value.h: literals of the policy language, text to int64_t and back, exactly.
 *
 * types.def in include/tierway states each type's scale. A literal that does not fit its scale is
 * an error and never rounded. Used by the scanner, by requests, by price tables and by reports. */
#ifndef TIERWAY_BASE_VALUE_H
#define TIERWAY_BASE_VALUE_H

#include "base/text.h"

#define PERCENT_ONE 10000               /* 1 % in parts per million */
#define PERCENT_ALL 1000000             /* 100 % */
#define MONEY_DOLLAR 1000000000000      /* one USD in picodollars */
#define SECONDS_PER_DAY 86400
#define SECONDS_PER_WEEK (7 * SECONDS_PER_DAY)

const char *type_word(enum tw_type type); /* "money" */
bool type_ordered(enum tw_type type);

/* Reads a whole text as a literal of the type: bool, int, percent, money, duration, time (24:00
 * included), weekday, date. Other types: TW_INVALID. error says what is wrong, in one sentence
 * without a full stop, and what a good value looks like. */
enum tw_status value_parse(enum tw_type type, struct text text, int64_t *value,
                           struct tw_error *error);
/* A decimal number, digits with at most one point, as an integer of units of 10^-places:
 * decimal_parse("0.05", 12) is 50,000,000,000. TW_LIMIT where a digit would be lost or the number
 * does not fit, TW_INVALID where it is no such number. A leading '-' is read where allowed. */
enum tw_status decimal_parse(struct text text, int places, int64_t *value);

/* Writes a value as the language would: "$0.05", "90%", "23:30", "fri", "2026-12-25", "15m". */
void value_print(struct buffer *buffer, enum tw_type type, int64_t value);
/* value * 10^-places as decimal text without trailing zeros ("0.00625", "12", "-0.5"). */
void decimal_print(struct buffer *buffer, int64_t value, int places);
/* The same for a sum that may be over 64 bits. */
void decimal_print_wide(struct buffer *buffer, __int128 value, int places);
/* With exactly `shown` decimals, rounded half to even away from nothing lost before: money for
 * people and the seed's round(x, 4). shown <= places. */
void decimal_print_rounded(struct buffer *buffer, __int128 value, int places, int shown);

/* Civil days: the proleptic Gregorian calendar, day 0 is 1970-01-01. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);
unsigned weekday_of_days(int64_t days); /* 0 is Monday */

#endif
