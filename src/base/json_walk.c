/* base/json_walk.c: members, elements, JSON pointers and integers of a checked document.
 *
 * Takes values that json_parse accepted and skips what nobody asked for by looking at quotes and
 * brackets only. Gives spans of the document; owns nothing. Searches stop at the end of the value
 * they were given, so that even bytes changed meanwhile are never read past. */
#include "base/json.h"

#include "base/json_bytes.h"

#include <string.h>

/* start: behind the opening quote. Gives the closing quote: the first one with an even number of
 * backslashes before it. */
static const char *closing_quote(const char *start, const char *end)
{
    for (const char *at = start;; at++) {
        at = json_next_quote(at, end);
        const char *before = at;
        while (before > start && before[-1] == '\\')
            before--;
        if (at == end || (at - before) % 2 == 0)
            return at;
    }
}

static const char *behind(const char *at, const char *end)
{
    return at < end ? at + 1 : end;
}

/* at: the opening bracket. Gives the byte behind the closing one. */
static const char *skip_container(const char *at, const char *end)
{
    size_t depth = 0;
    do {
        at = json_next_bracket(at, end);
        if (at == end)
            return end;
        char byte = *at++;
        if (byte == '"')
            at = behind(closing_quote(at, end), end);
        else if ((byte | 0x20) == '{')
            depth++;
        else
            depth--;
    } while (depth > 0);
    return at;
}

/* Of numbers, true, false and null. */
static const char *skip_word(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != ']' && *at != '}' && !json_is_space(*at))
        at++;
    return at;
}

/* The value that a checked text starts with; at < end. */
static struct json_value value_at(const char *at, const char *end)
{
    struct json_value value = {.kind = json_kind_of(*at), .raw = {at, 0}};
    const char *stop;
    if (value.kind == JSON_STRING)
        stop = behind(closing_quote(at + 1, end), end);
    else if (value.kind >= JSON_ARRAY)
        stop = skip_container(at, end);
    else
        stop = skip_word(at, end);
    value.raw.length = (size_t)(stop - at);
    return value;
}

static struct json_iterator begin(struct json_value container, enum json_kind kind)
{
    if (container.kind != kind || container.raw.length < 2)
        return (struct json_iterator){"", ""};
    const char *start = container.raw.data;
    return (struct json_iterator){start + 1, start + container.raw.length - 1};
}

struct json_iterator json_members_begin(struct json_value object)
{
    return begin(object, JSON_OBJECT);
}

struct json_iterator json_elements_begin(struct json_value array)
{
    return begin(array, JSON_ARRAY);
}

/* Moves to the next name or value; false at the end of the container. */
static bool more(struct json_iterator *iterator)
{
    const char *at = iterator->at, *end = iterator->end;
    while (at < end && (json_is_space(*at) || *at == ',' || *at == ':'))
        at++;
    iterator->at = at;
    return at < end && *at != ']' && *at != '}';
}

bool json_next_element(struct json_iterator *iterator, struct json_value *element)
{
    if (!more(iterator))
        return false;
    *element = value_at(iterator->at, iterator->end);
    iterator->at += element->raw.length;
    return true;
}

bool json_next_name(struct json_iterator *iterator, struct json_member *member)
{
    if (!more(iterator))
        return false;
    const char *name = iterator->at + 1;
    const char *close = closing_quote(name, iterator->end);
    member->name = (struct text){name, (size_t)(close - name)};
    member->escaped = memchr(name, '\\', member->name.length) != NULL;
    iterator->at = behind(close, iterator->end);
    return true;
}

bool json_next_member(struct json_iterator *iterator, struct json_member *member)
{
    return json_next_name(iterator, member) && json_next_element(iterator, &member->value);
}

bool json_next_is(struct json_iterator *iterator, enum json_kind kind)
{
    return more(iterator) && json_kind_of(*iterator->at) == kind;
}

struct json_iterator json_enter(const struct json_iterator *outer)
{
    return (struct json_iterator){behind(outer->at, outer->end), outer->end};
}

struct json_value json_leave(struct json_iterator *outer, const struct json_iterator *inner)
{
    const char *start = outer->at;
    outer->at = behind(inner->at, outer->end);
    return (struct json_value){json_kind_of(*start), {start, (size_t)(outer->at - start)}};
}

/* The members of this name. */
static size_t find(struct json_value object, struct text name, bool pointer,
                   struct json_value *value)
{
    size_t found = 0;
    struct json_member member;
    struct json_iterator iterator = json_members_begin(object);
    while (json_next_member(&iterator, &member))
        if (pointer || member.escaped ? json_name_equal(member.name, name, pointer)
                                      : text_equal(member.name, name)) {
            *value = member.value;
            found++;
        }
    return found;
}

static enum tw_status found_status(size_t found)
{
    return found == 0 ? TW_NOT_FOUND : found == 1 ? TW_OK : TW_INVALID;
}

enum tw_status json_find(struct json_value object, struct text name, struct json_value *value)
{
    return found_status(find(object, name, false, value));
}

/* "0", or digits that do not start with 0 (RFC 6901, section 4). */
static bool parse_index(struct text token, size_t *index)
{
    *index = 0;
    if (token.length == 0 || (token.data[0] == '0' && token.length > 1))
        return false;
    for (size_t i = 0; i < token.length; i++) {
        if (token.data[i] < '0' || token.data[i] > '9' ||
            __builtin_mul_overflow(*index, 10, index) ||
            __builtin_add_overflow(*index, (size_t)(token.data[i] - '0'), index))
            return false;
    }
    return true;
}

static enum tw_status element_at(struct json_value array, struct text token,
                                 struct json_value *value)
{
    size_t index;
    if (!parse_index(token, &index))
        return TW_NOT_FOUND;
    struct json_iterator iterator = json_elements_begin(array);
    while (json_next_element(&iterator, value))
        if (index-- == 0)
            return TW_OK;
    return TW_NOT_FOUND;
}

bool json_pointer_valid(struct text pointer)
{
    if (pointer.length > 0 && pointer.data[0] != '/')
        return false;
    for (size_t i = 0; i < pointer.length; i++)
        if (pointer.data[i] == '~' && (i + 1 == pointer.length || (pointer.data[i + 1] | 1) != '1'))
            return false;
    return true;
}

enum tw_status json_pointer(struct json_value root, struct text pointer, struct json_value *value)
{
    if (!json_pointer_valid(pointer))
        return TW_INVALID;
    enum tw_status status = TW_OK;
    struct json_value at = root;
    while (pointer.length > 0 && status == TW_OK) {
        struct text token = {pointer.data + 1, 0};
        while (token.length + 1 < pointer.length && token.data[token.length] != '/')
            token.length++;
        pointer.data += token.length + 1;
        pointer.length -= token.length + 1;
        struct json_value inner = at;
        status = at.kind == JSON_ARRAY ? element_at(at, token, &inner)
                                       : found_status(find(at, token, true, &inner));
        at = inner;
    }
    if (status == TW_OK)
        *value = at;
    return status;
}

/* coefficient * 10^exponent, without trailing zeros in the coefficient. */
struct decimal {
    uint64_t coefficient;
    bool overflow; /* of the coefficient */
    int64_t exponent;
};

static bool shift(uint64_t *coefficient, int64_t places)
{
    for (; places > 0 && *coefficient != 0; places--)
        if (__builtin_mul_overflow(*coefficient, 10, coefficient))
            return false;
    return true;
}

/* Digits with at most one point. */
static const char *read_digits(const char *at, const char *end, struct decimal *decimal)
{
    int64_t zeros = 0; /* not yet multiplied in: they may be the last ones */
    bool fraction = false;
    for (; at < end && ((*at >= '0' && *at <= '9') || *at == '.'); at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        decimal->exponent -= fraction;
        zeros++;
        if (*at == '0')
            continue;
        if (!shift(&decimal->coefficient, zeros) ||
            __builtin_add_overflow(decimal->coefficient, (uint64_t)(*at - '0'),
                                   &decimal->coefficient))
            decimal->overflow = true;
        zeros = 0;
    }
    decimal->exponent += zeros;
    return at;
}

/* at: behind the 'e'. An exponent beyond any number of digits stays at a limit. */
static int64_t read_exponent(const char *at, const char *end)
{
    const int64_t limit = INT64_MAX / 4;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    int64_t exponent = 0;
    for (; at < end; at++)
        exponent = exponent >= limit / 10 ? limit : exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

enum tw_status json_integer(struct json_value number, int64_t *value)
{
    if (number.kind != JSON_NUMBER)
        return TW_INVALID;
    const char *at = number.raw.data, *end = at + number.raw.length;
    bool negative = *at == '-';
    struct decimal decimal = {0};
    at = read_digits(at + negative, end, &decimal);
    if (at < end)
        decimal.exponent += read_exponent(at + 1, end);
    bool zero = decimal.coefficient == 0 && !decimal.overflow;
    if (!zero && decimal.exponent < 0)
        return TW_INVALID;
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    if (decimal.overflow || !shift(&decimal.coefficient, decimal.exponent) ||
        decimal.coefficient > limit)
        return TW_LIMIT;
    *value = (int64_t)(negative ? 0 - decimal.coefficient : decimal.coefficient);
    return TW_OK;
}
