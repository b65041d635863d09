/* simulate/ledger_log.c: see ledger_log.h. Owns one record, which is used again for every row. */
#include "simulate/ledger_log.h"

#include "simulate/log_columns.h"

#include <stdlib.h>

static enum tw_status count_attempt(void *context, const struct ledger_row *row)
{
    struct ledger_attempts *attempts = context;
    if (row->attempted_tier.length == 0 ||
        (row->outcome != LEDGER_ANSWERED && row->outcome != LEDGER_REFUSED))
        return TW_OK;
    size_t at = 0;
    while (at < attempts->count && !text_equal(attempts->lines[at].tier, row->attempted_tier))
        at++;
    if (at == LEDGER_TIERS_MAX)
        return TW_OK;
    if (at == attempts->count) {
        attempts->lines[at].tier = arena_text(attempts->arena, row->attempted_tier);
        attempts->lines[at].answered = attempts->lines[at].refused = 0;
        attempts->count++;
    }
    attempts->lines[at].answered += row->outcome == LEDGER_ANSWERED;
    attempts->lines[at].refused += row->outcome == LEDGER_REFUSED;
    return arena_status(attempts->arena);
}

enum tw_status ledger_measure(struct store *store, struct arena *arena,
                              struct ledger_attempts *attempts, struct tw_error *error)
{
    attempts->count = 0;
    attempts->arena = arena;
    return ledger_each(store, LEDGER_ALL, count_attempt, attempts, error);
}

struct ledger_reader {
    const tw_policy *const *policies;
    const struct log_listener *listener;
    struct log_record record;
    struct buffer scratch; /* has its full capacity from the start: texts in it do not move */
    int64_t row;
};

/* The text of a string, which may be in the scratch. */
static bool text_in(struct ledger_reader *reader, struct json_value string, struct text *text)
{
    size_t start = reader->scratch.length;
    if (json_string_plain(string, text))
        return true;
    if (json_string_decode(string, &reader->scratch) != TW_OK)
        return false;
    *text = (struct text){reader->scratch.data + start, reader->scratch.length - start};
    return true;
}

/* One attribute that was kept with the row, for each policy that has it and reads it. */
static void take_attribute(struct ledger_reader *reader, const struct json_member *member)
{
    struct log_record *record = &reader->record;
    struct log_value value = {.json.kind = JSON_STRING, .attribute = {-1, -1}};
    for (int side = 0; side < LOG_SIDES; side++) {
        const tw_policy *policy = reader->policies[side];
        int attribute = policy ? attribute_find(policy, member->name) : -1;
        if (attribute >= 0 && log_attribute_wanted(policy, attribute))
            value.attribute[side] = attribute;
    }
    bool wanted = value.attribute[0] >= 0 || value.attribute[1] >= 0;
    if (wanted && record->value_count < LOG_VALUES_MAX &&
        text_in(reader, member->value, &value.json.raw))
        record->values[record->value_count++] = value;
}

/* They are texts, as the language writes them, whatever their type. */
static void take_attributes(struct ledger_reader *reader, struct text attributes)
{
    struct json_value object;
    struct json_member member;
    reader->record.cells = true;
    buffer_clear(&reader->scratch);
    if (attributes.length == 0 || json_parse(attributes, &object, NULL) != TW_OK)
        return;
    struct json_iterator members = json_members_begin(object);
    while (json_next_member(&members, &member))
        take_attribute(reader, &member);
}

/* The policy decided before the waits and the attempts that came first. */
static int64_t decided_at(const struct ledger_row *row)
{
    return row->delay_added > 0 && row->delay_added <= row->instant
               ? row->instant - row->delay_added
               : row->instant;
}

static void fill_record(struct log_record *record, const struct ledger_row *row)
{
    log_record_clear(record);
    record->numbers[LOG_FACT_INSTANT] = decided_at(row);
    record->numbers[LOG_FACT_INPUT] = row->input_tokens;
    record->numbers[LOG_FACT_CACHED] = row->cached_tokens;
    record->numbers[LOG_FACT_CACHE_WRITE] = row->cache_write_tokens;
    record->numbers[LOG_FACT_OUTPUT] = row->output_tokens;
    record->numbers[LOG_FACT_LATENCY] = row->latency;
    record->texts[LOG_FACT_REQUEST_ID] = row->request_id;
    record->texts[LOG_FACT_MODEL] = row->model;
    record->texts[LOG_FACT_USER] = row->user;
    record->texts[LOG_FACT_REQUESTED] = row->requested_tier;
    record->texts[LOG_FACT_SERVED] = row->served_tier;
}

static enum tw_status take_row(void *context, const struct ledger_row *row)
{
    struct ledger_reader *reader = context;
    const struct log_listener *listener = reader->listener;
    enum tw_status status = TW_OK;
    reader->record.line = ++reader->row;
    if (row->outcome == LEDGER_ANSWERED || row->outcome == LEDGER_REJECTED) {
        fill_record(&reader->record, row);
        take_attributes(reader, row->attributes);
        status = listener->record(listener->context, &reader->record);
    }
    if (status == TW_OK && listener->progress)
        status = listener->progress(listener->context, reader->row);
    return status;
}

enum tw_status ledger_read(struct store *store, const tw_policy *const policies[LOG_SIDES],
                           const struct log_listener *listener, struct tw_error *error)
{
    struct ledger_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    reader->policies = policies;
    reader->listener = listener;
    buffer_init(&reader->scratch, LEDGER_TEXT_MAX + 1);
    enum tw_status status = buffer_reserve(&reader->scratch, LEDGER_TEXT_MAX)
                                ? ledger_each(store, LEDGER_ALL, take_row, reader, error)
                                : fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    buffer_free(&reader->scratch);
    free(reader);
    return status;
}
