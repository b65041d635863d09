/* base/json_object.c: an object and its members in one pass, for the lines of logs.
 *
 * json_parse reads every byte, and walking reads most of them again. Here the check and the walk
 * are one: what lines nearly always have, short names, plain texts and plain numbers, is read here,
 * and everything else is left to the scanner of json.c, one value at a time. Owns nothing. */
#include "base/json.h"

#include "base/json_bytes.h"

#include <string.h>

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

/* at: behind the opening quote. Behind the closing one; NULL for what is no plain ASCII text. */
static const char *skip_plain(const char *at, const char *end)
{
    at = json_next_special(at, end);
    return at < end && *at == '"' ? at + 1 : NULL;
}

/* At least one digit, or NULL. */
static const char *skip_digits(const char *at, const char *end)
{
    const char *start = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at > start ? at : NULL;
}

/* at: a number's first byte. Behind a number without an exponent, else NULL. */
static const char *skip_plain_number(const char *at, const char *end)
{
    at += *at == '-';
    const char *start = at;
    at = skip_digits(at, end);
    if (!at || (*start == '0' && at > start + 1))
        return NULL;
    if (at < end && *at == '.')
        at = skip_digits(at + 1, end);
    return at && at < end && (*at | 0x20) == 'e' ? NULL : at;
}

/* at is before end. Behind the value, or NULL where there is none. */
static const char *skip_value(const char *at, const char *end)
{
    const char *behind = *at == '"'                                 ? skip_plain(at + 1, end)
                         : (*at >= '0' && *at <= '9') || *at == '-' ? skip_plain_number(at, end)
                                                                    : NULL;
    return behind ? behind : json_behind_value(at, end);
}

static uint64_t eight_bytes(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Whether the name that is expected stands here, quotes and all. A call of memcmp would cost more
 * than reading the name again. */
static bool is_expected(const char *at, const char *end, const struct json_shape_name *expected)
{
    size_t length = expected->length, done = 0;
    if (length == 0 || (size_t)(end - at) <= length)
        return false;
    for (; length - done >= sizeof(uint64_t); done += sizeof(uint64_t))
        if (eight_bytes(at + done) != eight_bytes(expected->text + done))
            return false;
    while (done < length && at[done] == expected->text[done])
        done++;
    return done == length;
}

/* at: a name's opening quote. Behind the closing one, or NULL. */
static const char *take_name(const char *at, const char *end,
                             const struct json_shape_name *expected, struct json_member *member)
{
    const char *close;
    member->escaped = false;
    member->expected = is_expected(at, end, expected);
    if (member->expected) {
        close = at + expected->length;
    } else if (!(close = skip_plain(at + 1, end))) {
        close = json_behind_value(at, end);
        member->escaped = close && memchr(at, '\\', (size_t)(close - at));
    }
    member->name = (struct text){at + 1, close ? (size_t)(close - at) - 2 : 0};
    return close;
}

/* Reads `"name": value`; at is where the name's quote has to be. Behind the value, or NULL. */
static const char *take_member(const char *at, const char *end,
                               const struct json_shape_name *expected, struct json_member *member)
{
    if (at == end || *at != '"')
        return NULL;
    at = take_name(at, end, expected, member);
    if (!at)
        return NULL;
    at = skip_space(at, end);
    if (at == end || *at != ':')
        return NULL;
    const char *value = skip_space(at + 1, end);
    at = value == end ? NULL : skip_value(value, end);
    if (at)
        member->value = (struct json_value){json_kind_of(*value), {value, (size_t)(at - value)}};
    return at;
}

bool json_object_members(struct text document, const struct json_shape *shape,
                         struct json_member *members, size_t room, size_t *count)
{
    const char *end = document.data + document.length, *at = skip_space(document.data, end);
    *count = 0;
    if (at == end || *at++ != '{')
        return false;
    at = skip_space(at, end);
    if (at < end && *at == '}')
        return skip_space(at + 1, end) == end;
    for (;;) {
        if (*count == room)
            return false;
        at = take_member(skip_space(at, end), end, &shape->names[*count], &members[*count]);
        if (!at)
            return false;
        ++*count;
        at = skip_space(at, end);
        if (at == end || (*at != ',' && *at != '}'))
            return false;
        if (*at++ == '}')
            return skip_space(at, end) == end;
    }
}

void json_shape_keep(struct json_shape *shape, size_t place, const struct json_member *member)
{
    struct json_shape_name *kept = &shape->names[place];
    size_t length = member->name.length + 2;
    kept->length = length <= JSON_SHAPE_ROOM && !member->escaped ? (uint8_t)length : 0;
    memcpy(kept->text, member->name.data - 1, kept->length);
}
