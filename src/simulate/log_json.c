/* simulate/log_json.c: JSON objects of a log as records.
 *
 * An object is a request, but for the pages of OpenAI's usage API: a page has `data`, its buckets,
 * and a bucket has `results`, each of which counts as many requests as it says. */
#include "simulate/log_reader.h"

static enum tw_status take_members(struct log_reader *reader, struct json_value object,
                                   struct tw_error *error)
{
    struct json_iterator members = json_members_begin(object);
    struct json_member member;
    for (size_t place = 0; json_next_member(&members, &member); place++) {
        if (member.escaped || member.value.kind == JSON_NULL)
            continue; /* no name that means anything has an escape */
        const struct log_column *column = log_columns_find(&reader->columns, place, member.name);
        enum tw_status status = log_take_value(reader, column, &member.value, error);
        if (status)
            return status;
    }
    return TW_OK;
}

/* A name that stood at this place of the last line as well needs no looking up. */
static const struct log_column *column_of(struct log_reader *reader, size_t place,
                                          const struct json_member *member)
{
    struct log_column *column = &reader->shape_columns[place];
    if (!member->expected) {
        *column = *log_columns_find(&reader->columns, place, member->name);
        json_shape_keep(&reader->shape, place, member);
    }
    return column;
}

/* The same for a line whose members are known already. */
static enum tw_status take_known(struct log_reader *reader, const struct json_member *members,
                                 size_t count)
{
    struct tw_error why;
    enum tw_status status = TW_OK;
    for (size_t place = 0; place < count && status == TW_OK; place++)
        if (!members[place].escaped && members[place].value.kind != JSON_NULL)
            status = log_take_value(reader, column_of(reader, place, &members[place]),
                                    &members[place].value, &why);
    if (status)
        return log_report(reader, &why);
    return reader->listener->record(reader->listener->context, &reader->record);
}

static void settle(struct log_reader *reader, struct json_value object)
{
    size_t counts[LOG_FORMAT_COUNT] = {0};
    struct json_iterator members = json_members_begin(object);
    struct json_member member;
    while (json_next_member(&members, &member))
        log_format_count(member.name, counts);
    log_settle(reader, counts);
}

/* bucket: the object that holds this one, or NULL; its members come first. */
static enum tw_status take_request(struct log_reader *reader, struct json_value object,
                                   const struct json_value *bucket)
{
    struct tw_error why;
    enum tw_status status = TW_OK;
    if (!reader->settled)
        settle(reader, bucket ? *bucket : object);
    log_record_clear(&reader->record);
    if (bucket)
        status = take_members(reader, *bucket, &why);
    if (status == TW_OK)
        status = take_members(reader, object, &why);
    if (status)
        return log_report(reader, &why);
    return reader->listener->record(reader->listener->context, &reader->record);
}

static enum tw_status take_bucket(struct log_reader *reader, struct json_value bucket)
{
    struct json_value results, result;
    if (json_find(bucket, TEXT("results"), &results) != TW_OK || results.kind != JSON_ARRAY)
        return take_request(reader, bucket, NULL);
    struct json_iterator elements = json_elements_begin(results);
    enum tw_status status = TW_OK;
    while (status == TW_OK && json_next_element(&elements, &result))
        status = take_request(reader, result, &bucket);
    return status;
}

/* Only the usage API's pages are looked into, so other logs are not searched for these names. */
static bool is_page(struct json_value object, struct json_value *data)
{
    struct json_value kind;
    return json_find(object, TEXT("object"), &kind) == TW_OK && text_is(kind.raw, "\"page\"") &&
           json_find(object, TEXT("data"), data) == TW_OK && data->kind == JSON_ARRAY;
}

static bool may_have_pages(const struct log_reader *reader)
{
    return !reader->settled || reader->columns.format == LOG_OPENAI_USAGE;
}

static enum tw_status take_object(struct log_reader *reader, struct json_value object)
{
    struct json_value data, bucket;
    if (!may_have_pages(reader))
        return take_request(reader, object, NULL);
    if (!is_page(object, &data))
        return take_bucket(reader, object);
    struct json_iterator buckets = json_elements_begin(data);
    enum tw_status status = TW_OK;
    while (status == TW_OK && json_next_element(&buckets, &bucket))
        status = take_bucket(reader, bucket);
    return status;
}

enum tw_status log_take_json(struct log_reader *reader, struct text frame, struct tw_error *error)
{
    struct json_member members[JSON_SHAPE_PLACES];
    struct json_value root;
    struct tw_error why;
    size_t count;
    (void)error;
    if (!may_have_pages(reader) &&
        json_object_members(frame, &reader->shape, members, JSON_SHAPE_PLACES, &count))
        return take_known(reader, members, count);
    enum tw_status status = json_parse(frame, &root, &why);
    if (status == TW_OK && root.kind != JSON_OBJECT)
        status = fail(&why, TW_INVALID, "a request is one JSON object");
    return status ? log_report(reader, &why) : take_object(reader, root);
}
