/* base/value.h: literals of the policy language, text to int64_t and back, exactly.
 *
 * types.def in include/tierway states each type's scale. A literal that does not fit its scale is
 * an error and never rounded. Used by the scanner, by requests, by price tables and by reports. */
#ifndef TIERWAY_BASE_VALUE_H
#define TIERWAY_BASE_VALUE_H

#include "base/text.h"

#define PERCENT_ONE 10000          /* 1 % in parts per million */
#define PERCENT_ALL 1000000        /* 100 % */
#define MONEY_DOLLAR 1000000000000 /* one USD in picodollars */
#define MONEY_PLACES 12            /* decimals of a dollar in a picodollar */
#define SECONDS_PER_DAY 86400
#define SECONDS_PER_WEEK (7 * SECONDS_PER_DAY)

/* From types.def: the type's name in the language, "money", and whether `<` holds for it. */
const char *type_word(enum tw_type type);
bool type_ordered(enum tw_type type);

/* Reads a whole text as a literal of the type:
 *   bool      true, false
 *   int       "-12", "5_000", "5k", "1.5M": '_' between two digits, decimals only with k or M
 *   percent   "90%", "12.5%", also over 100%; never negative
 *   money     "$0.05", "$1_000", "$5k", "$1.5M", "-$5" (a budget that is overdrawn)
 *   duration  a number and ms, s, m, h or d: "1.5h"; also parts, larger unit first: "1h30m"
 *   time      "6:00", "22:00", "22:00:30", up to "24:00"
 *   weekday   mon, tue, wed, thu, fri, sat, sun
 *   date      a day of the calendar from 1970-01-01 to 9999-12-31
 * There is no blank in any of them; leading zeros are allowed in numbers. TW_INVALID where it is
 * no such literal or the type has none, TW_LIMIT where it is finer than the type's scale or does
 * not fit; *value is not touched then. error (NULL allowed) gets one clause without a full stop
 * that quotes the text and shows a good value; long or unprintable text is cut or replaced. */
enum tw_status value_parse(enum tw_type type, struct text text, int64_t *value,
                           struct tw_error *error);
/* A decimal number, digits with at most one point and digits on both its sides, as an integer of
 * units of 10^-places (0 to 18): decimal_parse("0.05", 12) is 50,000,000,000. A leading '-' is
 * read; '+', '_', exponents and blanks are not. TW_LIMIT where a digit would be lost or the number
 * does not fit, TW_INVALID where it is no such number; *value is not touched then. */
enum tw_status decimal_parse(struct text text, int places, int64_t *value);

/* Writes a value as the language would, in the one form that value_parse gives back unchanged:
 * "$0.05", "90%", "23:30", "fri", "2026-12-25", and a duration in the largest unit that divides it
 * ("15m", "90s", "1d", "0s"). A value that no literal has (weekday 9) gives some text, never
 * trouble. Types without literals are written as the number. */
void value_print(struct buffer *buffer, enum tw_type type, int64_t value);
/* Writes a text as a string of the language, in its quotes. */
void value_quote(struct buffer *buffer, struct text text);
/* value * 10^-places (0 to 38) as decimal text without trailing zeros: "0.00625", "12", "-0.5". */
void decimal_print(struct buffer *buffer, int64_t value, int places);
/* The same for a sum that may be over 64 bits. */
void decimal_print_wide(struct buffer *buffer, __int128 value, int places);
/* The same with exactly `shown` decimals (0 to places). What is cut off is rounded to the nearest,
 * and a tie to the even digit, as Python's round does with a Decimal: for people, and for the
 * seed's round(x, 4). Zero has no sign. */
void decimal_print_rounded(struct buffer *buffer, __int128 value, int places, int shown);

/* Civil days: the proleptic Gregorian calendar, day 0 is 1970-01-01. Month 1 to 12, day 1 to 31;
 * a day past its month's end counts on into the next month. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);
unsigned weekday_of_days(int64_t days); /* 0 is Monday */

#endif
