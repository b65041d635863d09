/* base/json_string.c: JSON strings to text and back.
 *
 * Reading takes strings that json_parse accepted, and cannot fail but for memory; writing takes any
 * bytes and always gives valid JSON. Owns nothing: what grows is the caller's buffer. */
#include "base/json.h"

#include "base/json_bytes.h"

#include <string.h>

#define REPLACEMENT 0xFFFD /* stands for what is no character */
enum { LONG_ESCAPE = 6 };  /* \uXXXX */

static size_t utf8_encode(uint32_t point, char utf8[4])
{
    if (point < 0x80) {
        utf8[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        utf8[i] = (char)(0x80 | (point & 0x3F));
    /* The first byte starts with as many ones as there are bytes. */
    utf8[0] = (char)((0xF00 >> length) | point);
    return length;
}

static uint32_t hexadecimal(const char *digits)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++) {
        char digit = digits[i];
        number = number * 16 + (uint32_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return number;
}

/* Whether a long escape for a code unit from `low` to `low` + 0x3FF stands here. */
static bool surrogate_at(const char *at, const char *end, uint32_t low, uint32_t *unit)
{
    if (end - at < LONG_ESCAPE || at[0] != '\\' || at[1] != 'u')
        return false;
    *unit = hexadecimal(at + 2);
    return *unit >= low && *unit < low + 0x400;
}

const char *json_escape_read(const char *at, const char *end, char utf8[4], size_t *length)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2 || (at[1] == 'u' && end - at < LONG_ESCAPE)) {
        *length = 0;
        return end;
    }
    if (at[1] != 'u') {
        const char *letter = memchr(letters, at[1], sizeof letters - 1);
        utf8[0] = letter ? meanings[letter - letters] : at[1];
        *length = 1;
        return at + 2;
    }
    uint32_t high, low, point;
    const char *next = at + LONG_ESCAPE;
    if (surrogate_at(at, end, 0xD800, &high) && surrogate_at(next, end, 0xDC00, &low)) {
        point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        next += LONG_ESCAPE;
    } else {
        point = hexadecimal(at + 2);
        if (point >= 0xD800 && point <= 0xDFFF)
            point = REPLACEMENT;
    }
    *length = utf8_encode(point, utf8);
    return next;
}

/* The bytes between the quotes. */
static struct text inside(struct json_value string)
{
    return (struct text){string.raw.data + 1, string.raw.length - 2};
}

enum tw_status json_string_decode(struct json_value string, struct buffer *buffer)
{
    if (string.kind != JSON_STRING)
        return TW_INVALID;
    struct text text = inside(string);
    const char *at = text.data, *end = text.data + text.length;
    buffer_append(buffer, "", 0); /* so that an empty text ends in a NUL too */
    while (at < end && buffer->status == TW_OK) {
        const char *escape = json_next_backslash(at, end);
        buffer_append(buffer, at, (size_t)(escape - at));
        at = escape;
        if (escape < end) {
            char utf8[4];
            size_t length;
            at = json_escape_read(escape, end, utf8, &length);
            buffer_append(buffer, utf8, length);
        }
    }
    return buffer->status;
}

/* How many bytes the escape takes, a surrogate pair being one. */
static size_t escape_length(const char *at, const char *end)
{
    uint32_t unit;
    if (end - at < 2 || at[1] != 'u')
        return end - at < 2 ? 1 : 2;
    bool pair =
        surrogate_at(at, end, 0xD800, &unit) && surrogate_at(at + LONG_ESCAPE, end, 0xDC00, &unit);
    return pair ? 2 * LONG_ESCAPE : LONG_ESCAPE;
}

size_t json_string_characters(struct json_value string)
{
    if (string.kind != JSON_STRING)
        return 0;
    struct text text = inside(string);
    const char *end = text.data + text.length;
    size_t count = json_count(text.data, end), length;
    /* Every byte of an escape was counted; together they are one character. */
    for (const char *at = text.data; (at = json_next_backslash(at, end)) < end; at += length) {
        length = escape_length(at, end);
        count -= length - 1;
    }
    return count;
}

/* The next byte of a name; ~0 and ~1 are read as one where it comes from a JSON pointer. */
static char name_byte(const char **at, const char *end, bool pointer)
{
    char byte = *(*at)++;
    if (!pointer || byte != '~' || *at == end)
        return byte;
    return *(*at)++ == '0' ? '~' : '/';
}

bool json_name_equal(struct text raw, struct text name, bool pointer)
{
    const char *at = raw.data, *end = at + raw.length;
    const char *wanted = name.data, *wanted_end = wanted + name.length;
    while (at < end) {
        char utf8[4] = {*at};
        size_t length = 1;
        at = *at == '\\' ? json_escape_read(at, end, utf8, &length) : at + 1;
        for (size_t i = 0; i < length; i++)
            if (wanted == wanted_end || name_byte(&wanted, wanted_end, pointer) != utf8[i])
                return false;
    }
    return wanted == wanted_end;
}

bool json_key_is(const struct json_member *member, struct text name)
{
    return member->escaped ? json_name_equal(member->name, name, false)
                           : text_equal(member->name, name);
}

/* Writes the byte at hand, which cannot stand in a string as it is; gives how many it took. */
static size_t write_special(struct buffer *buffer, const char *at, const char *end)
{
    static const char letters[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";
    unsigned char byte = (unsigned char)*at;
    if (byte >= 0x80) {
        size_t size = utf8_character(at, (size_t)(end - at));
        buffer_append(buffer, size ? at : "\xEF\xBF\xBD", size ? size : 3);
        return size ? size : 1;
    }
    const char *meaning = memchr(meanings, byte, sizeof meanings - 1);
    if (meaning) {
        buffer_byte(buffer, '\\');
        buffer_byte(buffer, letters[meaning - meanings]);
    } else {
        buffer_format(buffer, "\\u%04x", byte);
    }
    return 1;
}

void json_write_string(struct buffer *buffer, struct text text)
{
    const char *at = text.length ? text.data : "", *end = at + text.length;
    buffer_byte(buffer, '"');
    while (at < end && buffer->status == TW_OK) {
        const char *special = json_next_special(at, end);
        buffer_append(buffer, at, (size_t)(special - at));
        at = special < end ? special + write_special(buffer, special, end) : end;
    }
    buffer_byte(buffer, '"');
}
