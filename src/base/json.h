/* base/json.h: JSON (RFC 8259) read where it stands, by spans, without allocating.
 *
 * json_parse checks a whole document once. Everything else walks what json_parse accepted and does
 * not check it again: hand it only values that come from json_parse, with their bytes unchanged.
 * Values own nothing; they live as long as the document's bytes.
 *
 * Accepted is exactly the grammar of RFC 8259 in valid UTF-8, without a byte order mark. An escape
 * that is half of a surrogate pair is good grammar, and reads as U+FFFD. Member names may repeat:
 * json_find and json_pointer say so, and whoever iterates has to look.
 *
 * Nothing here limits the size of a document; its owner does. Safe for all threads. */
#ifndef TIERWAY_BASE_JSON_H
#define TIERWAY_BASE_JSON_H

#include "base/text.h"

#include <string.h>

#define JSON_MAX_DEPTH 128 /* arrays and objects open at one place, the outermost included */

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_value {
    enum json_kind kind;
    struct text raw; /* its bytes, quotes or brackets included; data is NULL for no value */
};

/* The blanks that may stand between values. */
static inline bool json_is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* TW_INVALID where the document is not JSON, TW_LIMIT where it nests deeper than JSON_MAX_DEPTH;
 * error (may be NULL) then says at which byte, counted from 0, and what was expected there. */
enum tw_status json_parse(struct text document, struct json_value *root,
                          struct tw_error *error) MUST_USE;

struct json_member {
    struct text name; /* as written, between the quotes */
    bool escaped;     /* the name has a backslash */
    bool expected;    /* it is the shape's at its place (json_object_members) */
    struct json_value value;
};

struct json_iterator {
    const char *at;
    const char *end;
};

/* Of a value that is no object (no array), the iterator gives nothing. */
struct json_iterator json_members_begin(struct json_value object);
struct json_iterator json_elements_begin(struct json_value array);
bool json_next_member(struct json_iterator *iterator, struct json_member *member);
bool json_next_element(struct json_iterator *iterator, struct json_value *element);

/* The same walk for large documents, which skips only what is not entered (json_next_member finds
 * the end of every value, and whoever then walks into it reads it again):
 *
 *     while (json_next_name(&outer, &member))         // the value is not set, and comes next
 *         if (json_next_is(&outer, JSON_ARRAY)) {
 *             struct json_iterator inner = json_enter(&outer);
 *             ... until inner gives nothing more ...
 *             member.value = json_leave(&outer, &inner);
 *         } else
 *             json_next_element(&outer, &member.value);
 *
 * json_enter and json_leave ask for an array or object that json_next_is has found. */
bool json_next_name(struct json_iterator *iterator, struct json_member *member);
bool json_next_is(struct json_iterator *iterator, enum json_kind kind);
struct json_iterator json_enter(const struct json_iterator *outer);
struct json_value json_leave(struct json_iterator *outer, const struct json_iterator *inner);

/* The names of an object's members, each with its quotes, by place: what the next line of a log has
 * most likely as well. All zeros: no names. */
enum { JSON_SHAPE_PLACES = 64, JSON_SHAPE_ROOM = 39 /* bytes, quotes included */ };
struct json_shape {
    struct json_shape_name {
        uint8_t length; /* 0: none */
        char text[JSON_SHAPE_ROOM];
    } names[JSON_SHAPE_PLACES];
};

/* Puts the name of a member into the shape; none where it has escapes or is too long for it. */
void json_shape_keep(struct json_shape *shape, size_t place, const struct json_member *member);

/* Checks a whole document, as json_parse does, and walks it in the same pass, where it is an object
 * of up to `room` members. False for anything else, JSON or not: then json_parse has the answer.
 * shape: names to try first; it changes nothing but the time and each member's `expected`. room: up
 * to JSON_SHAPE_PLACES. */
bool json_object_members(struct text document, const struct json_shape *shape,
                         struct json_member *members, size_t room, size_t *count);

/* Whether the name, its escapes resolved, is this text. */
bool json_key_is(const struct json_member *member, struct text name);

/* The member of this name. TW_NOT_FOUND: there is none, or the value is no object. TW_INVALID: the
 * name stands there more than once; value is then the last one. */
enum tw_status json_find(struct json_value object, struct text name, struct json_value *value);

/* The value at a JSON pointer (RFC 6901): "" is root itself, "/metadata/team", "/input/0".
 * TW_NOT_FOUND where nothing stands there ("-" never exists); TW_INVALID for a text that is no JSON
 * pointer, and where a name on the way stands more than once in its object. */
enum tw_status json_pointer(struct json_value root, struct text pointer, struct json_value *value);

/* Whether the text is a JSON pointer. */
bool json_pointer_valid(struct text pointer);

/* A number that is exactly an integer; 1.0, 1e3 and 10e-1 are. TW_INVALID for anything else,
 * TW_LIMIT for an integer that int64_t cannot hold. value is set on success only. */
enum tw_status json_integer(struct json_value number, int64_t *value);

/* Whether a backslash is among the bytes. Texts are short, so this looks at 8 together in place: a
 * call would take longer. */
static inline bool json_has_backslash(const char *at, size_t length)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t found = 0, word;
    for (; length >= sizeof word; at += sizeof word, length -= sizeof word) {
        memcpy(&word, at, sizeof word);
        word ^= ones * '\\';
        found |= (word - ones) & ~word & ones << 7;
    }
    while (length > 0)
        found |= at[--length] == '\\';
    return found != 0;
}

/* The text of a string without escapes: a span of the document. False for strings with escapes and
 * for other kinds. */
static inline bool json_string_plain(struct json_value string, struct text *text)
{
    if (string.kind != JSON_STRING ||
        json_has_backslash(string.raw.data + 1, string.raw.length - 2))
        return false;
    *text = (struct text){string.raw.data + 1, string.raw.length - 2};
    return true;
}
/* Appends the text of any string. TW_INVALID for other kinds, else the buffer's status. */
enum tw_status json_string_decode(struct json_value string, struct buffer *buffer);
/* How many code points the text of a string has; 0 for other kinds. */
size_t json_string_characters(struct json_value string);

/* Appends text as a JSON string with its quotes. Every byte that is not UTF-8 becomes U+FFFD. */
void json_write_string(struct buffer *buffer, struct text text);

#endif
