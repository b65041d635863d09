/* base/number.h: numbers on their way from text to an integer; for value.c and number.c. */
#ifndef TIERWAY_BASE_NUMBER_H
#define TIERWAY_BASE_NUMBER_H

#include "base/text.h"

/* What became of reading a literal. */
enum reading { READ_WELL, MALFORMED, TOO_FINE, TOO_LARGE };

/* digits * 10^-decimals. Trailing zeros after the point are not counted. */
struct number {
    unsigned __int128 digits;
    size_t decimals;
    bool too_large; /* has more than any literal can need; `digits` is not all of it then */
    bool pointed;   /* a point was written */
};

/* These take something off the front of a text; they change *text even where they find nothing. */
struct text text_take(struct text *text, size_t length); /* length bytes, which it must have */
bool text_take_byte(struct text *text, char byte);
/* Digits, maybe none; where `separated`, with a single '_' between any two of them. */
struct text text_take_digits(struct text *text, bool separated);
/* "12", "1_200", "1.5". False where there is no such number. */
bool number_take(struct text *text, bool separated, struct number *number);

/* number * factor as an int64_t. factor is over 0 and at most 10^18. TOO_FINE where it is not
 * whole, TOO_LARGE where it does not fit; *value is not touched then. */
enum reading number_scale(const struct number *number, int64_t factor, bool negative,
                          int64_t *value);

#endif
