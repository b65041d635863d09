/* base/value.c: the literals of the policy language, to text and back.
 *
 * Takes text from policies and requests and trusts none of it. Gives int64_t in the scale that
 * types.def states; a literal that does not fit is an error (number.h). Owns nothing and allocates
 * nothing but what the buffers it prints to allocate. */
#include "base/value.h"

#include "base/number.h"
#include "base/quotation.h"

const char *type_word(enum tw_type type)
{
    static const char *const words[] = {
#define TW_TYPE(name, word, ordered) [TW_TYPE_##name] = word,
#include "tierway/types.def"
#undef TW_TYPE
    };
    return words[type];
}

bool type_ordered(enum tw_type type)
{
    static const bool order[] = {
#define TW_TYPE(name, word, ordered) [TW_TYPE_##name] = ordered,
#include "tierway/types.def"
#undef TW_TYPE
    };
    return order[type];
}

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit *find_unit(struct text name, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_is(name, units[i].name))
            return &units[i];
    return NULL;
}

static enum reading read_bool(struct text text, int64_t *value)
{
    *value = text_is(text, "true");
    return *value || text_is(text, "false") ? READ_WELL : MALFORMED;
}

/* A number with an optional suffix; `one` is what the number 1 is worth. */
static enum reading read_amount(struct text text, bool negative, int64_t one, int64_t *value)
{
    static const struct unit suffixes[] = {{"", 1}, {"k", 1000}, {"M", 1000000}};
    struct number number;
    if (!number_take(&text, true, &number))
        return MALFORMED;
    const struct unit *suffix = find_unit(text, suffixes, sizeof suffixes / sizeof *suffixes);
    if (!suffix)
        return MALFORMED;
    if (number.pointed && one * suffix->factor == 1)
        return TOO_FINE;
    return number_scale(&number, one * suffix->factor, negative, value);
}

static enum reading read_int(struct text text, int64_t *value)
{
    bool negative = text_take_byte(&text, '-');
    return read_amount(text, negative, 1, value);
}

static enum reading read_money(struct text text, int64_t *value)
{
    bool negative = text_take_byte(&text, '-');
    return text_take_byte(&text, '$') ? read_amount(text, negative, MONEY_DOLLAR, value)
                                      : MALFORMED;
}

static enum reading read_percent(struct text text, int64_t *value)
{
    struct number number;
    if (!number_take(&text, true, &number) || !text_is(text, "%"))
        return MALFORMED;
    return number_scale(&number, PERCENT_ONE, false, value);
}

/* Largest first. */
static const struct unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
enum { DURATION_UNITS = sizeof duration_units / sizeof *duration_units };

static struct text take_letters(struct text *text)
{
    size_t length = 0;
    while (length < text->length && text->data[length] >= 'a' && text->data[length] <= 'z')
        length++;
    return text_take(text, length);
}

/* One or more parts, each of a smaller unit than the one before it: "90s", "1h30m". */
static enum reading read_duration(struct text text, int64_t *value)
{
    const struct unit *largest = duration_units, *end = duration_units + DURATION_UNITS;
    *value = 0;
    do {
        struct number number;
        if (!number_take(&text, true, &number))
            return MALFORMED;
        const struct unit *unit = find_unit(take_letters(&text), largest, (size_t)(end - largest));
        if (!unit)
            return MALFORMED;
        int64_t part;
        enum reading reading = number_scale(&number, unit->factor, false, &part);
        if (reading != READ_WELL)
            return reading;
        if (__builtin_add_overflow(*value, part, value))
            return TOO_LARGE;
        largest = unit + 1;
    } while (text.length);
    return READ_WELL;
}

/* Takes a number of `least` to `most` digits, at most 4, and no further digit behind it. */
static bool take_field(struct text *text, size_t least, size_t most, int *field)
{
    struct text digits = text_take_digits(text, false);
    if (digits.length < least || digits.length > most)
        return false;
    *field = 0;
    for (size_t i = 0; i < digits.length; i++)
        *field = *field * 10 + (digits.data[i] - '0');
    return true;
}

static enum reading read_time(struct text text, int64_t *value)
{
    int hour, minute, second = 0;
    if (!take_field(&text, 1, 2, &hour) || !text_take_byte(&text, ':') ||
        !take_field(&text, 2, 2, &minute))
        return MALFORMED;
    if (text_take_byte(&text, ':') && !take_field(&text, 2, 2, &second))
        return MALFORMED;
    *value = hour * 3600 + minute * 60 + second;
    bool sound = text.length == 0 && minute < 60 && second < 60 && *value <= SECONDS_PER_DAY;
    return sound ? READ_WELL : MALFORMED;
}

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
enum { WEEKDAYS = sizeof weekdays / sizeof *weekdays };

static enum reading read_weekday(struct text text, int64_t *value)
{
    for (*value = 0; *value < WEEKDAYS; (*value)++)
        if (text_is(text, weekdays[*value]))
            return READ_WELL;
    return MALFORMED;
}

/* Only days of the calendar come back as they went: 02-30 would come back as 03-02. */
static bool is_civil(int year, int month, int day)
{
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    int64_t same_year;
    unsigned same_month, same_day;
    civil_from_days(days_from_civil(year, (unsigned)month, (unsigned)day), &same_year, &same_month,
                    &same_day);
    return same_day == (unsigned)day;
}

static enum reading read_date(struct text text, int64_t *value)
{
    int year, month, day;
    if (!take_field(&text, 4, 4, &year) || !text_take_byte(&text, '-') ||
        !take_field(&text, 2, 2, &month) || !text_take_byte(&text, '-') ||
        !take_field(&text, 2, 2, &day) || text.length)
        return MALFORMED;
    if (year < 1970 || !is_civil(year, month, day))
        return MALFORMED;
    *value = days_from_civil(year, (unsigned)month, (unsigned)day);
    return READ_WELL;
}

static void print_bool(struct buffer *buffer, int64_t value)
{
    buffer_string(buffer, value ? "true" : "false");
}

static void print_percent(struct buffer *buffer, int64_t value)
{
    decimal_print(buffer, value, 4);
    buffer_byte(buffer, '%');
}

static void print_money(struct buffer *buffer, int64_t value)
{
    if (value < 0)
        buffer_byte(buffer, '-');
    buffer_byte(buffer, '$');
    decimal_print_wide(buffer, value < 0 ? -(__int128)value : value, MONEY_PLACES);
}

static void print_duration(struct buffer *buffer, int64_t value)
{
    if (value == 0) {
        buffer_string(buffer, "0s");
        return;
    }
    const struct unit *unit = duration_units;
    while (value % unit->factor) /* ends at 1 ms */
        unit++;
    buffer_number(buffer, value / unit->factor);
    buffer_string(buffer, unit->name);
}

static void print_time(struct buffer *buffer, int64_t value)
{
    buffer_format(buffer, "%02d:%02d", (int)(value / 3600), (int)(value / 60 % 60));
    if (value % 60)
        buffer_format(buffer, ":%02d", (int)(value % 60));
}

static void print_weekday(struct buffer *buffer, int64_t value)
{
    if (value >= 0 && value < WEEKDAYS)
        buffer_string(buffer, weekdays[value]);
    else
        buffer_number(buffer, value);
}

static void print_date(struct buffer *buffer, int64_t value)
{
    if (value != (int32_t)value) { /* millions of years away: no date that anything here made */
        buffer_number(buffer, value);
        return;
    }
    int64_t year;
    unsigned month, day;
    civil_from_days(value, &year, &month, &day);
    buffer_format(buffer, "%04d-%02u-%02u", (int)year, month, day);
}

/* How a type's literals are read and written, and the words for what is wrong with one. A type
 * without literals has an empty row. */
struct literal {
    enum reading (*read)(struct text text, int64_t *value);
    void (*print)(struct buffer *buffer, int64_t value);
    const char *name;
    const char *examples; /* after "write" */
    const char *finest;   /* after the name; of the types that have a scale */
    const char *largest;  /* likewise */
};

static const struct literal literals[TW_TYPE_NOW + 1] = {
    [TW_TYPE_BOOL] = {read_bool, print_bool, "a bool", "true or false", "", ""},
    [TW_TYPE_INT] = {read_int, buffer_number, "an int", "5000, 5_000, 5k or 1.5M",
                     "is whole once its k or M is applied, as in 1.5k",
                     "is within 9_223_372_036_854_775_807 either way"},
    [TW_TYPE_PERCENT] = {read_percent, print_percent, "a percent", "90% or 12.5%",
                         "has at most 4 decimals, as in 12.3456%",
                         "is at most 922_337_203_685_477.5807%"},
    [TW_TYPE_MONEY] = {read_money, print_money, "money", "$0.05, $1_000, $5k or $1.5M",
                       "has at most 12 decimals of a dollar, as in $0.00000125",
                       "is within $9_223_372.036854775807 either way"},
    [TW_TYPE_DURATION] = {read_duration, print_duration, "a duration",
                          "500ms, 30s, 15m, 24h, 7d or 1h30m",
                          "is in whole milliseconds, as in 1.5s or 1500ms",
                          "is at most 106_751_991_167d"},
    [TW_TYPE_TIME] = {read_time, print_time, "a time",
                      "22:00, 6:30 or 22:00:30, with 24:00 the last", "", ""},
    [TW_TYPE_WEEKDAY] = {read_weekday, print_weekday, "a weekday",
                         "mon, tue, wed, thu, fri, sat or sun", "", ""},
    [TW_TYPE_DATE] = {read_date, print_date, "a date", "a day from 1970 to 9999 such as 2026-12-25",
                      "", ""},
};

static enum tw_status complain(enum reading reading, enum tw_type type, struct text text,
                               struct tw_error *error)
{
    const struct literal *literal = &literals[type];
    const struct quotation quoted = quote(text);
    switch (reading) {
    case READ_WELL:
        break;
    case MALFORMED:
        return fail(error, TW_INVALID, "%s is not %s: write %s", quoted.text, literal->name,
                    literal->examples);
    case TOO_FINE:
        return fail(error, TW_LIMIT, "%s %s: %s", literal->name, literal->finest, quoted.text);
    case TOO_LARGE:
        return fail(error, TW_LIMIT, "%s %s: %s", literal->name, literal->largest, quoted.text);
    }
    return TW_INVALID;
}

enum tw_status value_parse(enum tw_type type, struct text text, int64_t *value,
                           struct tw_error *error)
{
    if (!literals[type].read)
        return fail(error, TW_INVALID, "%s is not read as a literal of type %s", quote(text).text,
                    type_word(type));
    int64_t result;
    enum reading reading = literals[type].read(text, &result);
    if (reading != READ_WELL)
        return complain(reading, type, text, error);
    *value = result;
    return TW_OK;
}

void value_print(struct buffer *buffer, enum tw_type type, int64_t value)
{
    if (literals[type].print)
        literals[type].print(buffer, value);
    else
        buffer_number(buffer, value);
}

void value_quote(struct buffer *buffer, struct text text)
{
    buffer_byte(buffer, '"');
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (byte == '"' || byte == '\\' || byte == '\n' || byte == '\t')
            buffer_byte(buffer, '\\');
        buffer_byte(buffer, byte == '\n' ? 'n' : byte == '\t' ? 't' : byte);
    }
    buffer_byte(buffer, '"');
}
