/* base/json_bytes.h: the searches for the next byte that matters, shared by json*.c alone.
 *
 * Each search takes [at, end) and gives the first byte of its kind, or end. It never reads outside
 * of that range. With SSE2 16 bytes are looked at together; the _scalar form gives the same answer
 * on every machine, and the tests hold one against the other. */
#ifndef TIERWAY_BASE_JSON_BYTES_H
#define TIERWAY_BASE_JSON_BYTES_H

#include "base/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A byte that a string cannot simply go on after: quote, backslash, control, not ASCII. */
static inline bool json_is_special(unsigned char byte)
{
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

static inline bool json_is_quote(unsigned char byte)
{
    return byte == '"';
}

static inline bool json_is_backslash(unsigned char byte)
{
    return byte == '\\';
}

/* '[' and '{', ']' and '}' differ in one bit. */
static inline bool json_is_bracket(unsigned char byte)
{
    return byte == '"' || (byte | 0x20) == '{' || (byte | 0x20) == '}';
}

typedef bool json_byte_test(unsigned char byte);

static inline __attribute__((always_inline)) const char *
json_search_scalar(const char *at, const char *end, json_byte_test *test)
{
    while (at < end && !test((unsigned char)*at))
        at++;
    return at;
}

#ifdef __SSE2__

/* One bit for each of the 16 bytes that is of the kind. */
typedef unsigned json_block_test(__m128i block);

static inline unsigned json_block_special(__m128i block)
{
    /* The comparison is signed, so that it takes control characters and bytes over 0x7F alike. */
    __m128i stop = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    return (unsigned)_mm_movemask_epi8(stop);
}

static inline unsigned json_block_quote(__m128i block)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
}

static inline unsigned json_block_backslash(__m128i block)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
}

static inline unsigned json_block_bracket(__m128i block)
{
    __m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20));
    __m128i stop = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(folded, _mm_set1_epi8('{')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    return (unsigned)_mm_movemask_epi8(stop);
}

static inline __attribute__((always_inline)) const char *
json_search(const char *at, const char *end, json_block_test *block_test, json_byte_test *test)
{
    for (; end - at >= 16; at += 16) {
        unsigned found = block_test(_mm_loadu_si128((const __m128i *)(const void *)at));
        if (found)
            return at + __builtin_ctz(found);
    }
    return json_search_scalar(at, end, test);
}

#define JSON_SEARCH(at, end, kind) json_search((at), (end), json_block_##kind, json_is_##kind)
#else
#define JSON_SEARCH(at, end, kind) json_search_scalar((at), (end), json_is_##kind)
#endif

static inline const char *json_next_special(const char *at, const char *end)
{
    return JSON_SEARCH(at, end, special);
}

static inline const char *json_next_quote(const char *at, const char *end)
{
    return JSON_SEARCH(at, end, quote);
}

static inline const char *json_next_backslash(const char *at, const char *end)
{
    return JSON_SEARCH(at, end, backslash);
}

static inline const char *json_next_bracket(const char *at, const char *end)
{
    return JSON_SEARCH(at, end, bracket);
}

/* How many bytes do not continue a UTF-8 character: the code points of valid UTF-8. */
static inline size_t json_count_scalar(const char *at, const char *end)
{
    size_t count = 0;
    for (; at < end; at++)
        count += ((unsigned char)*at & 0xC0) != 0x80;
    return count;
}

static inline size_t json_count(const char *at, const char *end)
{
    size_t count = 0;
#ifdef __SSE2__
    const __m128i zero = _mm_setzero_si128();
    __m128i sum = zero;
    for (; end - at >= 16; at += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* 0x80 to 0xBF are -128 to -65; a comparison that holds is -1. */
        __m128i starts = _mm_sub_epi8(zero, _mm_cmpgt_epi8(block, _mm_set1_epi8(-65)));
        sum = _mm_add_epi64(sum, _mm_sad_epu8(starts, zero));
    }
    uint64_t halves[2];
    _mm_storeu_si128((__m128i *)(void *)halves, sum);
    count = halves[0] + halves[1];
#endif
    return count + json_count_scalar(at, end);
}

/* Of the checked value that begins with this byte. */
static inline enum json_kind json_kind_of(char first)
{
    switch (first) {
    case '"':
        return JSON_STRING;
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

/* Checks the value that is a member of the document's own object, blanks before it included: the
 * byte behind it, or NULL where it is no value or is nested too deep. */
const char *json_behind_value(const char *at, const char *end);

/* One escape of a checked string, a surrogate pair counting as one: at points to the backslash.
 * Writes its text to utf8 and the length of that to *length; gives the first byte behind it. */
const char *json_escape_read(const char *at, const char *end, char utf8[4], size_t *length);

/* Whether raw, its escapes resolved, is name. In a pointer's name ~1 stands for / and ~0 for ~. */
bool json_name_equal(struct text raw, struct text name, bool pointer);

#endif
