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

struct text {
    const char *data;
    size_t length;
};

#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* Both arguments of a "%.*s". */
#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

struct text text_of(const char *string); /* NULL gives an empty text */
bool text_equal(struct text a, struct text b);
bool text_is(struct text a, const char *string);
int text_compare(struct text a, struct text b);   /* by bytes, shorter first on a tie */
struct text text_trim(struct text a);             /* without blanks and tabs at both ends */
uint64_t text_hash(struct text a, uint64_t seed); /* stable over machines and versions */

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
void buffer_clear(struct buffer *buffer); /* keeps the memory, forgets a failure */
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_text(struct buffer *buffer, struct text text);
void buffer_string(struct buffer *buffer, const char *string);
void buffer_byte(struct buffer *buffer, char byte);
void buffer_repeat(struct buffer *buffer, char byte, size_t times);
void buffer_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_number(struct buffer *buffer, int64_t number); /* faster than buffer_format */
/* Makes room for so many bytes at once; for exactly so many where that is more than twice the room
 * there is. */
bool buffer_reserve(struct buffer *buffer, size_t more);
struct text buffer_view(const struct buffer *buffer); /* until the next append */

#endif
