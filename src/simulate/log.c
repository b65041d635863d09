/* simulate/log.c: from frames to records.
 *
 * A reader owns its blocks, its table of names and one record. A frame that cannot be read is told
 * to the listener, and the rest goes on. */
#include "simulate/log_reader.h"

#include <stdlib.h>
#include <string.h>

const char *log_format_name(enum log_format format)
{
    static const char *const names[] = {
        [LOG_NATIVE] = "jsonl", [LOG_LITELLM] = "litellm", [LOG_OPENAI_USAGE] = "openai-usage"};
    return names[format];
}

enum tw_status log_report(struct log_reader *reader, const struct tw_error *why)
{
    return reader->listener->broken(reader->listener->context, reader->frames.line, why);
}

void log_settle(struct log_reader *reader, const size_t counts[LOG_FORMAT_COUNT])
{
    enum log_format format =
        reader->options->detect ? log_format_best(counts) : reader->options->format;
    log_columns_init(&reader->columns, format, reader->options->policies);
    reader->settled = true;
}

/* The text of a string with escapes, in the scratch. */
static bool decode(struct log_reader *reader, struct json_value string, struct text *text)
{
    size_t start = reader->scratch.length;
    if (json_string_decode(string, &reader->scratch) != TW_OK)
        return false;
    *text = (struct text){reader->scratch.data + start, reader->scratch.length - start};
    return true;
}

static enum tw_status take_fact(struct log_reader *reader, enum log_fact fact,
                                const struct json_value *value, struct tw_error *error)
{
    struct text text = value->raw;
    if (fact == LOG_FACT_NOTHING || value->kind == JSON_NULL)
        return TW_OK;
    if (value->kind == JSON_STRING && !reader->record.cells && !json_string_plain(*value, &text) &&
        !decode(reader, *value, &text))
        return fail(error, TW_LIMIT, "more than 1 MB of texts with escapes");
    return log_record_set(&reader->record, fact, value->kind, text)
               ? TW_OK
               : log_fact_fail(fact, value->raw, error);
}

/* A member that pointers lead through, and what of it was found. */
struct pointed {
    struct text name;
    struct json_value value;
    size_t found;
};

/* Finds the first names of all pointers in one walk. */
static void find_pointed(const struct json_value *object, const struct log_column *column,
                         struct pointed pointed[COLUMN_MEMBERS_MAX])
{
    struct json_iterator members = json_members_begin(*object);
    struct json_member member;
    for (size_t i = 0; i < column->member_count; i++)
        pointed[i] = (struct pointed){.name = column->first_names[i]};
    while (json_next_member(&members, &member))
        for (size_t i = 0; i < column->member_count; i++)
            if (json_key_is(&member, pointed[i].name)) {
                pointed[i].value = member.value;
                pointed[i].found++;
            }
}

/* The members that the column's pointers lead to. One that is not there, or that stands there
 * twice, gives nothing, as json_pointer has it. */
static enum tw_status take_pointed(struct log_reader *reader, const struct log_column *column,
                                   const struct json_value *object, struct tw_error *error)
{
    struct pointed pointed[COLUMN_MEMBERS_MAX];
    enum tw_status status = TW_OK;
    find_pointed(object, column, pointed);
    for (size_t i = 0; i < column->member_count && status == TW_OK; i++) {
        const struct log_member *member = &column->members[i];
        struct text rest = text_of(member->pointer + 1 + pointed[i].name.length);
        struct json_value value;
        if (pointed[i].found == 1 && json_pointer(pointed[i].value, rest, &value) == TW_OK)
            status = take_fact(reader, member->fact, &value, error);
    }
    return status;
}

static bool column_is_read(const struct log_column *column)
{
    return column->attribute[0] >= 0 || column->attribute[1] >= 0;
}

static enum tw_status take_attribute(struct log_reader *reader, const struct log_column *column,
                                     const struct json_value *value, struct tw_error *error)
{
    struct log_record *record = &reader->record;
    if (!column_is_read(column))
        return TW_OK;
    if (record->value_count == LOG_VALUES_MAX)
        return fail(error, TW_LIMIT, "more than %d attributes", LOG_VALUES_MAX);
    struct log_value *slot = &record->values[record->value_count++];
    slot->json = *value;
    memcpy(slot->attribute, column->attribute, sizeof slot->attribute);
    return TW_OK;
}

enum tw_status log_take_value(struct log_reader *reader, const struct log_column *column,
                              const struct json_value *value, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    switch (column->meaning) {
    case COLUMN_ATTRIBUTE:
        break;
    case COLUMN_FACT:
        return take_fact(reader, column->members->fact, value, error);
    case COLUMN_FACT_OR_ATTRIBUTE:
        status = take_fact(reader, column->members->fact, value, error);
        if (status == TW_OK || !column_is_read(column))
            return status;
        break;
    case COLUMN_POINTERS: /* a cell of CSV has nothing inside */
        return reader->record.cells ? TW_OK : take_pointed(reader, column, value, error);
    }
    return take_attribute(reader, column, value, error);
}

static enum tw_status take_frame(struct log_reader *reader, struct text frame,
                                 struct tw_error *error)
{
    buffer_clear(&reader->scratch);
    log_record_clear(&reader->record);
    reader->record.line = reader->frames.line;
    return reader->frames.framing == FRAME_ROWS ? log_take_row(reader, frame, error)
                                                : log_take_json(reader, frame, error);
}

static enum tw_status read_all(struct log_reader *reader, struct tw_error *error)
{
    const struct log_listener *listener = reader->listener;
    enum tw_status status = TW_OK;
    int64_t told = 0;
    while (status == TW_OK) {
        struct text frame;
        struct tw_error why;
        switch (log_frames_next(&reader->frames, &frame, error)) {
        case FRAME_READ:
            status = take_frame(reader, frame, error);
            break;
        case FRAME_TOO_LONG:
            fail(&why, TW_LIMIT, "longer than %d MB", LOG_LINE_MAX >> 20);
            status = log_report(reader, &why);
            break;
        case FRAME_END:
            return TW_OK;
        case FRAME_FAILED:
            return error->code;
        }
        if (status == TW_OK && listener->progress && reader->frames.bytes_read != told) {
            told = reader->frames.bytes_read;
            status = listener->progress(listener->context, told);
        }
    }
    return status;
}

enum tw_status log_read(int descriptor, const struct log_options *options,
                        const struct log_listener *listener, struct tw_error *error)
{
    struct tw_error unused;
    error = error ? error : &unused;
    struct log_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    reader->options = options;
    reader->listener = listener;
    log_frames_init(&reader->frames, descriptor);
    buffer_init(&reader->scratch, LOG_SCRATCH);
    buffer_init(&reader->header, LOG_SCRATCH);
    enum tw_status status = TW_OK;
    if (buffer_reserve(&reader->scratch, LOG_SCRATCH))
        status = read_all(reader, error);
    else
        status = fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    buffer_free(&reader->header);
    buffer_free(&reader->scratch);
    log_frames_free(&reader->frames);
    free(reader);
    return status;
}
