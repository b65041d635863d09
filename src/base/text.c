/* base/text.c: slices, UTF-8, edit distance, and the growing buffer.
 *
 * Takes bytes from anywhere and trusts none of them. Only buffers own memory. */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int text_compare(struct text a, struct text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

struct text text_trim(struct text a)
{
    while (a.length && (a.data[0] == ' ' || a.data[0] == '\t'))
        a.data++, a.length--;
    while (a.length && (a.data[a.length - 1] == ' ' || a.data[a.length - 1] == '\t'))
        a.length--;
    return a;
}

/* FNV-1a with a final mix (from MurmurHash3's finalizer): short keys, no dependency, and the same
 * on every machine, which the image format and `sample` rely on. */
uint64_t text_hash(struct text a, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < a.length; i++)
        hash = (hash ^ (unsigned char)a.data[i]) * 0x100000001b3u;
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 33);
}

static uint64_t load(const char *at, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, at, length);
    return word;
}

/* Both halves of the product, so that each bit of the word reaches the low bits, by which a table's
 * place is chosen: names that differ in their last digits must not land side by side. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(hash ^ word) * 0x9e3779b97f4a7c15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* 8 bytes at a time. The last ones may be read twice, so that their number need not be constant. */
uint64_t text_hash_here(struct text a)
{
    uint64_t hash = a.length * 0xff51afd7ed558ccdu;
    const char *at = a.data, *end = a.data + a.length;
    for (; end - at > 8; at += 8)
        hash = mix(hash, load(at, 8));
    if (a.length >= 8)
        return mix(hash, load(end - 8, 8));
    if (a.length >= 4)
        return mix(hash, load(at, 4) | load(end - 4, 4) << 32);
    for (; at < end; at++)
        hash = mix(hash, (unsigned char)*at);
    return hash;
}

/* Table 3-7 of the Unicode standard: the second byte's range depends on the first. */
size_t utf8_character(const char *data, size_t length)
{
    const unsigned char *byte = (const unsigned char *)data;
    if (byte[0] < 0x80)
        return 1;
    size_t size = byte[0] < 0xC2   ? 0
                  : byte[0] < 0xE0 ? 2
                  : byte[0] < 0xF0 ? 3
                  : byte[0] < 0xF5 ? 4
                                   : 0;
    if (size == 0 || size > length)
        return 0;
    unsigned char low = byte[0] == 0xE0 ? 0xA0 : byte[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = byte[0] == 0xED ? 0x9F : byte[0] == 0xF4 ? 0x8F : 0xBF;
    if (byte[1] < low || byte[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((byte[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

/* Most text is ASCII: eight bytes are looked at in one go. */
static bool eight_ascii(struct text text, size_t at)
{
    uint64_t bytes;
    if (text.length - at < sizeof bytes)
        return false;
    memcpy(&bytes, text.data + at, sizeof bytes);
    return (bytes & 0x8080808080808080u) == 0;
}

size_t utf8_valid_prefix(struct text text)
{
    size_t at = 0;
    while (at < text.length) {
        if (eight_ascii(text, at)) {
            at += 8;
            continue;
        }
        size_t size = utf8_character(text.data + at, text.length - at);
        if (size == 0)
            return at;
        at += size;
    }
    return at;
}

size_t utf8_count(struct text text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.length; count++) {
        size_t size = utf8_character(text.data + at, text.length - at);
        at += size ? size : 1;
    }
    return count;
}

enum { LONGEST_WORD = 64 }; /* longer names get no suggestion: the table below stays small */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance: insert, delete, replace, swap neighbours, each one edit. */
static size_t edit_distance(struct text a, struct text b)
{
    size_t rows[3][LONGEST_WORD + 1];
    for (size_t j = 0; j <= b.length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t replace = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            row[j] = smaller(replace, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.length % 3][b.length];
}

void nearest_init(struct nearest *nearest, struct text word)
{
    *nearest = (struct nearest){word, {"", 0}, 0};
    /* One edit for a short word, about a third of a longer one: beyond that it is a guess. */
    nearest->distance = word.length < 6 ? 2 : word.length / 3 + 2;
}

void nearest_offer(struct nearest *nearest, struct text candidate)
{
    if (nearest->word.length > LONGEST_WORD || candidate.length > LONGEST_WORD)
        return;
    size_t longer =
        nearest->word.length > candidate.length ? nearest->word.length : candidate.length;
    if (2 * longer - nearest->word.length - candidate.length >= nearest->distance)
        return; /* that many letters have to be added or taken away */
    size_t distance = edit_distance(nearest->word, candidate);
    if (distance < nearest->distance && distance < candidate.length) {
        nearest->distance = distance;
        nearest->best = candidate;
    }
}

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.limit = limit};
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit);
}

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->status)
        return false;
    if (more > buffer->limit || buffer->length > buffer->limit - more) {
        buffer->status = TW_LIMIT;
        return false;
    }
    size_t needed = buffer->length + more + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 64;
    if (capacity < needed)
        capacity = needed;
    if (capacity > buffer->limit)
        capacity = buffer->limit + 1; /* so that what fits the room is within the limit */
    char *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->status = TW_NO_MEMORY;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_repeat(struct buffer *buffer, char byte, size_t times)
{
    if (!buffer_reserve(buffer, times))
        return;
    memset(buffer->data + buffer->length, byte, times);
    buffer->length += times;
    buffer->data[buffer->length] = '\0';
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        buffer->status = buffer->status ? buffer->status : TW_INVALID;
    else if (buffer_reserve(buffer, (size_t)length)) {
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void buffer_number(struct buffer *buffer, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        digits[--at] = '-';
    buffer_append(buffer, digits + at, sizeof digits - at);
}
