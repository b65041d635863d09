/* base/text.h: text as pointer and length, and a buffer that grows up to a stated limit.
 *
 * A struct text owns nothing: whoever hands one out says how long its bytes live.
 * A struct buffer owns its bytes. After a failed append the buffer is marked as failed and every
 * further append does nothing, so that a caller checks once, at the end (buffer_failed). */
#ifndef TIERWAY_BASE_TEXT_H
#define TIERWAY_BASE_TEXT_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *data;
    size_t length;
};

#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* Both arguments of a "%.*s". */
#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

/* NULL gives an empty text. */
static inline struct text text_of(const char *string)
{
    return (struct text){string ? string : "", string ? strlen(string) : 0};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool text_is(struct text a, const char *string)
{
    return text_equal(a, text_of(string));
}

int text_compare(struct text a, struct text b);   /* by bytes, shorter first on a tie */
struct text text_trim(struct text a);             /* without blanks and tabs at both ends */
uint64_t text_hash(struct text a, uint64_t seed); /* stable over machines and versions */
uint64_t text_hash_here(struct text a); /* faster, for tables in memory: differs by machine */

/* The length of the UTF-8 character at data (1 to 4), 0 where the bytes are not UTF-8
 * (overlong forms, surrogates and values over U+10FFFF are not). length must be over 0. */
size_t utf8_character(const char *data, size_t length);
/* The offset of the first byte that is not UTF-8, or text.length. */
size_t utf8_valid_prefix(struct text text);
size_t utf8_count(struct text text); /* code points; each bad byte counts as one */

/* `*` in the pattern is any run of characters, `?` one character (a code point). */
bool glob_matches(struct text pattern, struct text text);

/* The candidate that `word` was likely meant to be (few edits for its length), or an empty text.
 * Call with best = NULL_TEXT first, once a candidate; see struct nearest. */
struct nearest {
    struct text word;
    struct text best;
    size_t distance;
};
void nearest_init(struct nearest *nearest, struct text word);
void nearest_offer(struct nearest *nearest, struct text candidate);

struct buffer {
    char *data; /* always ends in a NUL that length does not count, once anything was appended */
    size_t length;
    size_t capacity;
    size_t limit; /* the most that length may reach */
    enum tw_status status;
};

void buffer_init(struct buffer *buffer, size_t limit);
void buffer_free(struct buffer *buffer);
/* Makes room for so many bytes at once; for exactly so many where that is more than twice the room
 * there is. */
bool buffer_reserve(struct buffer *buffer, size_t more);

/* Keeps the memory, forgets a failure. */
static inline void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->status = TW_OK;
}

static inline void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    bool fits = !buffer->status && length < buffer->capacity - buffer->length;
    if (!fits && !buffer_reserve(buffer, length))
        return;
    if (length && buffer->data)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

static inline void buffer_text(struct buffer *buffer, struct text text)
{
    buffer_append(buffer, text.data, text.length);
}

static inline void buffer_string(struct buffer *buffer, const char *string)
{
    buffer_text(buffer, text_of(string));
}

static inline void buffer_byte(struct buffer *buffer, char byte)
{
    buffer_append(buffer, &byte, 1);
}

/* Until the next append. */
static inline struct text buffer_view(const struct buffer *buffer)
{
    return (struct text){buffer->data ? buffer->data : "", buffer->length};
}

void buffer_repeat(struct buffer *buffer, char byte, size_t times);
void buffer_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_number(struct buffer *buffer, int64_t number); /* faster than buffer_format */

#endif
