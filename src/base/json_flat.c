/* base/json_flat.c: flat objects in one pass, as the lines of logs nearly always are.
 *
 * json_parse reads every byte, and walking reads most of them again. Here the check and the walk
 * are one. What is not flat is left to them, so this need not know the whole grammar, only never
 * accept what is not JSON. Owns nothing. */
#include "base/json.h"

#include "base/json_bytes.h"

#include <string.h>

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

/* at: behind the opening quote. Behind the closing one, or NULL for a text with an escape, with a
 * control character, or not ASCII. */
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

/* RFC 8259, section 6, without exponents. */
static const char *skip_number(const char *at, const char *end)
{
    at += *at == '-';
    const char *start = at;
    at = skip_digits(at, end);
    if (!at || (*start == '0' && at > start + 1))
        return NULL;
    return at < end && *at == '.' ? skip_digits(at + 1, end) : at;
}

static const char *skip_word(const char *at, const char *end, struct text word)
{
    bool there = (size_t)(end - at) >= word.length && memcmp(at, word.data, word.length) == 0;
    return there ? at + word.length : NULL;
}

/* at is before end. Behind the value, or NULL where it is not one of the simple ones. */
static const char *skip_scalar(const char *at, const char *end, enum json_kind *kind)
{
    switch (*at) {
    case '"':
        *kind = JSON_STRING;
        return skip_plain(at + 1, end);
    case 't':
        *kind = JSON_TRUE;
        return skip_word(at, end, TEXT("true"));
    case 'f':
        *kind = JSON_FALSE;
        return skip_word(at, end, TEXT("false"));
    case 'n':
        *kind = JSON_NULL;
        return skip_word(at, end, TEXT("null"));
    default:
        *kind = JSON_NUMBER;
        return skip_number(at, end);
    }
}

/* Reads `"name": value`; at is where the name's quote has to be. Behind the value, or NULL. */
static const char *take_member(const char *at, const char *end, struct json_member *member)
{
    if (at == end || *at != '"')
        return NULL;
    const char *name = at + 1, *close = skip_plain(name, end);
    if (!close)
        return NULL;
    at = skip_space(close, end);
    if (at == end || *at != ':')
        return NULL;
    const char *value = skip_space(at + 1, end);
    if (value == end)
        return NULL;
    at = skip_scalar(value, end, &member->value.kind);
    if (!at)
        return NULL;
    member->name = (struct text){name, (size_t)(close - 1 - name)};
    member->escaped = false;
    member->value.raw = (struct text){value, (size_t)(at - value)};
    return at;
}

bool json_flat_members(struct text document, struct json_member *members, size_t room,
                       size_t *count)
{
    const char *end = document.data + document.length, *at = skip_space(document.data, end);
    *count = 0;
    if (at == end || *at++ != '{')
        return false;
    for (;;) {
        if (*count == room)
            return false;
        at = take_member(skip_space(at, end), end, &members[*count]);
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
