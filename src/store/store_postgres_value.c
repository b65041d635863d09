/* store/store_postgres_value.c: parameters and columns in PostgreSQL's binary form. Sources:
 * PostgreSQL's manual, "Binary Format" of libpq; src/backend/utils/adt/arrayfuncs.c, array_recv.
 *
 * PostgreSQL's texts cannot hold a NUL, ours may. So the characters U+0000 and U+0001 are stored as
 * U+0001 with a '0' or '1' behind it: every text can be stored, no two become alike, and their
 * order by bytes stays what it was. */
#include "store/store_postgres.h"

#include <endian.h>
#include <string.h>

enum { BYTES_MAX = 1 << 30, TEXTS_MAX = 1 << 30, ESCAPE = 1 };

void postgres_arguments_init(struct postgres_arguments *arguments)
{
    buffer_init(&arguments->bytes, BYTES_MAX);
    arguments->count = 0;
    arguments->elements = 0;
}

void postgres_arguments_free(struct postgres_arguments *arguments)
{
    buffer_free(&arguments->bytes);
}

/* Begins a value in the buffer. */
static void begin_value(struct postgres_arguments *arguments)
{
    if (arguments->count == POSTGRES_ARGUMENTS)
        arguments->bytes.status = TW_INTERNAL;
    else
        arguments->values[arguments->count].outside = NULL;
    if (arguments->bytes.status == TW_OK)
        arguments->values[arguments->count].at = arguments->bytes.length;
}

static void end_value(struct postgres_arguments *arguments)
{
    if (arguments->bytes.status != TW_OK)
        return;
    arguments->values[arguments->count].length =
        (int)(arguments->bytes.length - arguments->values[arguments->count].at);
    arguments->count++;
}

static void append_32(struct buffer *bytes, uint32_t number)
{
    uint32_t big = htobe32(number);
    buffer_append(bytes, &big, sizeof big);
}

static void append_64(struct buffer *bytes, int64_t number)
{
    uint64_t big = htobe64((uint64_t)number);
    buffer_append(bytes, &big, sizeof big);
}

void postgres_number(struct postgres_arguments *arguments, int64_t number)
{
    begin_value(arguments);
    append_64(&arguments->bytes, number);
    end_value(arguments);
}

void postgres_numbers(struct postgres_arguments *arguments, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        postgres_number(arguments, numbers[i]);
}

void postgres_null(struct postgres_arguments *arguments)
{
    begin_value(arguments);
    if (arguments->bytes.status == TW_OK)
        arguments->values[arguments->count++].length = -1;
}

static bool is_plain(struct text text)
{
    return text.length == 0 ||
           (!memchr(text.data, 0, text.length) && !memchr(text.data, ESCAPE, text.length));
}

static void append_escaped(struct buffer *bytes, struct text text)
{
    if (is_plain(text)) {
        buffer_text(bytes, text);
        return;
    }
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        buffer_byte(bytes, byte > ESCAPE ? (char)byte : ESCAPE);
        if (byte <= ESCAPE)
            buffer_byte(bytes, (char)('0' + byte));
    }
}

void postgres_text(struct postgres_arguments *arguments, struct text text)
{
    begin_value(arguments);
    append_escaped(&arguments->bytes, text);
    end_value(arguments);
}

void postgres_bytes(struct postgres_arguments *arguments, struct text bytes)
{
    begin_value(arguments);
    if (bytes.length > BYTES_MAX)
        arguments->bytes.status = TW_LIMIT;
    if (arguments->bytes.status != TW_OK)
        return;
    arguments->values[arguments->count].outside = bytes.length ? bytes.data : "";
    arguments->values[arguments->count++].length = (int)bytes.length;
}

/* --- arrays --- */

/* One dimension, from 1 on, that may have NULLs. The number of elements is filled in at the end. */
void postgres_array_begin(struct postgres_arguments *arguments, enum postgres_type type)
{
    begin_value(arguments);
    append_32(&arguments->bytes, 1);
    append_32(&arguments->bytes, 1);
    append_32(&arguments->bytes, type);
    append_32(&arguments->bytes, 0);
    append_32(&arguments->bytes, 1);
    arguments->elements = 0;
}

/* An element begins with its length, which is known behind it. */
static void append_element(struct postgres_arguments *arguments, struct text bytes, bool text)
{
    struct buffer *all = &arguments->bytes;
    size_t at = all->length;
    append_32(all, 0);
    if (text)
        append_escaped(all, bytes);
    else
        buffer_text(all, bytes);
    arguments->elements++;
    if (all->status != TW_OK)
        return;
    uint32_t length = htobe32((uint32_t)(all->length - at - sizeof length));
    memcpy(all->data + at, &length, sizeof length);
}

void postgres_array_number(struct postgres_arguments *arguments, int64_t number)
{
    append_32(&arguments->bytes, sizeof number);
    append_64(&arguments->bytes, number);
    arguments->elements++;
}

void postgres_array_text(struct postgres_arguments *arguments, struct text text)
{
    append_element(arguments, text, true);
}

void postgres_array_bytes(struct postgres_arguments *arguments, struct text bytes)
{
    append_element(arguments, bytes, false);
}

void postgres_array_null(struct postgres_arguments *arguments)
{
    append_32(&arguments->bytes, UINT32_MAX);
    arguments->elements++;
}

void postgres_array_end(struct postgres_arguments *arguments)
{
    enum { ELEMENTS_AT = 12 };
    uint32_t elements = htobe32(arguments->elements);
    end_value(arguments);
    if (arguments->bytes.status == TW_OK)
        memcpy(arguments->bytes.data + arguments->values[arguments->count - 1].at + ELEMENTS_AT,
               &elements, sizeof elements);
}

/* --- results --- */

void postgres_rows_free(struct postgres_rows *rows)
{
    if (rows->result) {
        rows->postgres->library.clear(rows->result);
        arena_free(&rows->texts);
    }
    rows->result = NULL;
    rows->count = 0;
}

bool postgres_is_null(const struct postgres_rows *rows, int row, int column)
{
    return rows->postgres->library.getisnull(rows->result, row, column);
}

struct text postgres_get_bytes(const struct postgres_rows *rows, int row, int column)
{
    const struct postgres_library *library = &rows->postgres->library;
    return (struct text){library->getvalue(rows->result, row, column),
                         (size_t)library->getlength(rows->result, row, column)};
}

int64_t postgres_get_number(struct postgres_rows *rows, int row, int column)
{
    struct text bytes = postgres_get_bytes(rows, row, column);
    uint64_t big = 0;
    if (bytes.length == sizeof big)
        memcpy(&big, bytes.data, sizeof big);
    else if (!postgres_is_null(rows, row, column))
        rows->damaged = true;
    return (int64_t)be64toh(big);
}

bool postgres_get_boolean(struct postgres_rows *rows, int row, int column)
{
    struct text bytes = postgres_get_bytes(rows, row, column);
    return bytes.length == 1 && bytes.data[0] == 1;
}

struct text postgres_get_text(struct postgres_rows *rows, int row, int column)
{
    struct text stored = postgres_get_bytes(rows, row, column);
    if (stored.length == 0 || !memchr(stored.data, ESCAPE, stored.length))
        return stored;
    char *text = arena_alloc(&rows->texts, stored.length, 1);
    size_t length = 0;
    for (size_t i = 0; text && i < stored.length; i++) {
        bool escaped = stored.data[i] == ESCAPE && i + 1 < stored.length;
        text[length++] = escaped ? (char)(stored.data[++i] - '0') : stored.data[i];
    }
    return (struct text){text ? text : "", length};
}

void postgres_forget_texts(struct postgres_rows *rows)
{
    arena_clear(&rows->texts);
}

__int128 postgres_get_sum(struct postgres_rows *rows, int row, int column)
{
    enum { DIGITS_MAX = 38 };
    struct text printed = postgres_get_bytes(rows, row, column);
    __int128 sum = 0;
    bool negative = printed.length && printed.data[0] == '-';
    if (printed.length > DIGITS_MAX)
        rows->damaged = true;
    for (size_t i = negative; i < printed.length && !rows->damaged; i++) {
        if (printed.data[i] < '0' || printed.data[i] > '9')
            rows->damaged = true;
        sum = sum * 10 + (printed.data[i] - '0');
    }
    return negative ? -sum : sum;
}

enum tw_status postgres_rows_status(const struct postgres_rows *rows, struct tw_error *error)
{
    if (rows->damaged)
        return fail(error, TW_DAMAGED, "the store '%s' has a row that cannot be read",
                    rows->postgres->name);
    return rows->texts.failed ? fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY))
                              : TW_OK;
}
