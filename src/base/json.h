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

/* Checks and walks a whole document in one pass, if it is a flat object: one to `room` members,
 * whose values are numbers without exponents, plain ASCII strings, true, false or null. False for
 * anything else, JSON or not: then json_parse has the answer. */
bool json_flat_members(struct text document, struct json_member *members, size_t room,
                       size_t *count);

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

/* The text of a string without escapes: a span of the document. False for strings with escapes and
 * for other kinds. */
bool json_string_plain(struct json_value string, struct text *text);
/* Appends the text of any string. TW_INVALID for other kinds, else the buffer's status. */
enum tw_status json_string_decode(struct json_value string, struct buffer *buffer);
/* How many code points the text of a string has; 0 for other kinds. */
size_t json_string_characters(struct json_value string);

/* Appends text as a JSON string with its quotes. Every byte that is not UTF-8 becomes U+FFFD. */
void json_write_string(struct buffer *buffer, struct text text);

#endif
