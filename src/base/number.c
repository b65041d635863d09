/* base/number.c: decimal numbers, exactly.
 *
 * A number is read as digits and a count of decimals, then scaled in 128 bits: what does not fit
 * exactly is found, never rounded. Takes any bytes, owns nothing, allocates nothing. */
#include "base/number.h"

#include "base/value.h"

enum { MOST_DECIMALS = 18 }; /* the largest scale is 10^18: millions of dollars in picodollars */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

struct text text_take(struct text *text, size_t length)
{
    struct text taken = {text->data, length};
    if (length) /* data may be NULL where there is none */
        *text = (struct text){text->data + length, text->length - length};
    return taken;
}

bool text_take_byte(struct text *text, char byte)
{
    if (text->length == 0 || text->data[0] != byte)
        return false;
    text_take(text, 1);
    return true;
}

struct text text_take_digits(struct text *text, bool separated)
{
    size_t length = 0;
    while (length < text->length) {
        bool between = separated && text->data[length] == '_' && length > 0 &&
                       text->data[length - 1] != '_' && length + 1 < text->length &&
                       is_digit(text->data[length + 1]);
        if (!between && !is_digit(text->data[length]))
            break;
        length++;
    }
    return text_take(text, length);
}

static void add_digits(struct number *number, struct text digits)
{
    const unsigned __int128 enough = (unsigned __int128)1 << 80; /* no literal needs more */
    for (size_t i = 0; i < digits.length; i++) {
        if (digits.data[i] == '_')
            continue;
        if (number->digits < enough)
            number->digits = number->digits * 10 + (unsigned)(digits.data[i] - '0');
        number->too_large = number->digits >= enough;
    }
}

static size_t count_digits(struct text digits)
{
    size_t count = 0;
    for (size_t i = 0; i < digits.length; i++)
        count += digits.data[i] != '_';
    return count;
}

bool number_take(struct text *text, bool separated, struct number *number)
{
    *number = (struct number){0};
    struct text whole = text_take_digits(text, separated);
    if (whole.length == 0)
        return false;
    add_digits(number, whole);
    number->pointed = text_take_byte(text, '.');
    if (!number->pointed)
        return true;
    struct text decimals = text_take_digits(text, separated);
    if (decimals.length == 0)
        return false;
    while (decimals.length && !(decimals.data[decimals.length - 1] > '0'))
        decimals.length--;
    add_digits(number, decimals);
    number->decimals = count_digits(decimals);
    return true;
}

static unsigned __int128 power_of_ten(size_t exponent)
{
    unsigned __int128 power = 1;
    while (exponent--)
        power *= 10;
    return power;
}

enum reading number_scale(const struct number *number, int64_t factor, bool negative,
                          int64_t *value)
{
    /* With its trailing zeros gone, no number of more decimals becomes whole by a factor that has
     * at most 18 twos and 18 fives. */
    if (number->decimals > MOST_DECIMALS)
        return TOO_FINE;
    if (number->too_large)
        return TOO_LARGE;
    unsigned __int128 scaled;
    if (__builtin_mul_overflow(number->digits, (uint64_t)factor, &scaled))
        return TOO_LARGE;
    unsigned __int128 divisor = power_of_ten(number->decimals);
    if (scaled % divisor)
        return TOO_FINE;
    scaled /= divisor;
    if (scaled > (uint64_t)INT64_MAX + negative)
        return TOO_LARGE;
    *value = negative ? (int64_t)(0 - (uint64_t)scaled) : (int64_t)scaled;
    return READ_WELL;
}

enum tw_status decimal_parse(struct text text, int places, int64_t *value)
{
    struct number number;
    bool negative = text_take_byte(&text, '-');
    if (!number_take(&text, false, &number) || text.length)
        return TW_INVALID;
    int64_t result;
    if (number_scale(&number, (int64_t)power_of_ten((size_t)places), negative, &result) !=
        READ_WELL)
        return TW_LIMIT;
    *value = result;
    return TW_OK;
}

static unsigned __int128 magnitude_of(__int128 value)
{
    return value < 0 ? 0 - (unsigned __int128)value : (unsigned __int128)value;
}

/* magnitude * 10^-places with at least `least` decimals and no zeros behind those. */
static void print_decimal(struct buffer *buffer, bool negative, unsigned __int128 magnitude,
                          int places, int least)
{
    char digits[48]; /* 128 bits have at most 39 digits */
    int at = sizeof digits, end = sizeof digits;
    for (int place = 0; magnitude || place <= places; place++) {
        digits[--at] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    }
    int point = end - places;
    while (end - point > least && digits[end - 1] == '0')
        end--;
    if (negative)
        buffer_byte(buffer, '-');
    buffer_append(buffer, digits + at, (size_t)(point - at));
    if (end > point)
        buffer_byte(buffer, '.');
    buffer_append(buffer, digits + point, (size_t)(end - point));
}

void decimal_print_wide(struct buffer *buffer, __int128 value, int places)
{
    print_decimal(buffer, value < 0, magnitude_of(value), places, 0);
}

void decimal_print(struct buffer *buffer, int64_t value, int places)
{
    decimal_print_wide(buffer, value, places);
}

void decimal_print_rounded(struct buffer *buffer, __int128 value, int places, int shown)
{
    unsigned __int128 divisor = power_of_ten((size_t)(places - shown));
    unsigned __int128 magnitude = magnitude_of(value), rest = magnitude % divisor;
    magnitude /= divisor;
    bool tie = rest * 2 == divisor;
    if (rest * 2 > divisor || (tie && magnitude % 2))
        magnitude++;
    print_decimal(buffer, value < 0 && magnitude, magnitude, shown, shown);
}
