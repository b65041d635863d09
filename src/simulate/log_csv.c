/* simulate/log_csv.c: rows of a CSV file (RFC 4180) as records.
 *
 * The first row has the names. Cells in quotes may hold commas, line ends and doubled quotes. */
#include "simulate/log_reader.h"

#include <string.h>

/* Takes a cell in quotes; doubled ones inside make a copy in the scratch. */
static bool take_quoted(struct log_reader *reader, struct text *row, struct text *cell)
{
    struct buffer *scratch = &reader->scratch;
    const char *end = row->data + row->length, *start = row->data + 1, *at = start;
    size_t kept = scratch->length;
    for (;;) {
        at = memchr(at, '"', (size_t)(end - at));
        if (!at)
            return false;
        if (at + 1 == end || at[1] != '"')
            break;
        buffer_append(scratch, start, (size_t)(at + 1 - start));
        at += 2;
        start = at;
    }
    *cell = (struct text){start, (size_t)(at - start)};
    if (scratch->length > kept) {
        buffer_text(scratch, *cell);
        *cell = (struct text){scratch->data + kept, scratch->length - kept};
    }
    *row = (struct text){at + 1, (size_t)(end - at - 1)};
    return scratch->status == TW_OK && (row->length == 0 || row->data[0] == ',');
}

static void take_bare(struct text *row, struct text *cell)
{
    const char *comma = memchr(row->data, ',', row->length);
    cell->data = row->data;
    cell->length = comma ? (size_t)(comma - row->data) : row->length;
    row->data += cell->length;
    row->length -= cell->length;
}

/* Takes the next cell and the comma behind it; *more says whether there was one. */
static bool take_cell(struct log_reader *reader, struct text *row, struct text *cell, bool *more)
{
    if (row->length && row->data[0] == '"') {
        if (!take_quoted(reader, row, cell))
            return false;
    } else {
        take_bare(row, cell);
    }
    *more = row->length > 0;
    if (*more) {
        row->data++;
        row->length--;
    }
    return true;
}

static enum tw_status bad_row(struct log_reader *reader, const char *what)
{
    struct tw_error why;
    fail(&why, TW_INVALID, "%s", what);
    return log_report(reader, &why);
}

/* Names of the header are kept as one text with a NUL behind each. */
static enum tw_status take_header(struct log_reader *reader, struct text row,
                                  struct tw_error *error)
{
    size_t counts[LOG_FORMAT_COUNT] = {0};
    struct text cell;
    bool more = true;
    while (more) {
        if (!take_cell(reader, &row, &cell, &more))
            return fail(error, TW_INVALID, "the first row of the CSV file has a broken cell");
        log_format_count(cell, counts);
        buffer_text(&reader->header, cell);
        buffer_byte(&reader->header, '\0');
    }
    if (reader->header.status)
        return fail(error, reader->header.status, "the first row of the CSV file is too long");
    log_settle(reader, counts);
    if (counts[reader->columns.format] == 0)
        return fail(error, TW_INVALID,
                    "the log is neither JSON nor CSV: no column of its first row has a known name");
    return TW_OK;
}

enum tw_status log_take_row(struct log_reader *reader, struct text frame, struct tw_error *error)
{
    if (!reader->settled)
        return take_header(reader, frame, error);
    struct text header = buffer_view(&reader->header), cell;
    struct tw_error why;
    bool more = true;
    reader->record.cells = true;
    for (size_t place = 0; more; place++) {
        if (header.length == 0)
            return bad_row(reader, "the row has more cells than the first row has names");
        if (!take_cell(reader, &frame, &cell, &more))
            return bad_row(reader, "a cell's quotes do not end");
        struct text name = text_of(header.data);
        header.data += name.length + 1;
        header.length -= name.length + 1;
        struct json_value value = {JSON_STRING, cell};
        const struct log_column *column = log_columns_find(&reader->columns, place, name);
        if (cell.length && log_take_value(reader, column, &value, &why) != TW_OK)
            return log_report(reader, &why);
    }
    if (header.length)
        return bad_row(reader, "the row has fewer cells than the first row has names");
    return reader->listener->record(reader->listener->context, &reader->record);
}
