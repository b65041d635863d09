/* queue/batch_object.c: see batch_object.h. */
#include "queue/batch_object.h"

#include "base/json.h"
#include "queue/batch_details.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { RANDOM_DIGITS = 32 };

static const struct {
    const char *id_prefix;
} file_kinds[BATCH_FILE_COUNT] = {{FILE_PREFIX "-output-"}, {FILE_PREFIX "-errors-"}};

enum tw_status made_id(const char *prefix, char id[MADE_ID_SIZE], struct tw_error *error)
{
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return fail(error, TW_IO, "the system gives no random numbers");
    snprintf(id, MADE_ID_SIZE, "%s%016llx%016llx", prefix, (unsigned long long)random[0],
             (unsigned long long)random[1]);
    return TW_OK;
}

bool id_is_made(struct text id, const char *prefix)
{
    size_t length = strlen(prefix);
    return id.length > length && memcmp(id.data, prefix, length) == 0;
}

void batch_file_id(struct text batch, enum batch_file file, char id[MADE_ID_SIZE])
{
    const size_t prefix = strlen(BATCH_PREFIX);
    snprintf(id, MADE_ID_SIZE, "%s%.*s", file_kinds[file].id_prefix, (int)(batch.length - prefix),
             batch.data + prefix);
}

bool batch_file_find(struct text id, enum batch_file *file, char batch[MADE_ID_SIZE])
{
    for (int kind = 0; kind < BATCH_FILE_COUNT; kind++) {
        size_t prefix = strlen(file_kinds[kind].id_prefix);
        if (!id_is_made(id, file_kinds[kind].id_prefix) || id.length - prefix != RANDOM_DIGITS)
            continue;
        *file = (enum batch_file)kind;
        snprintf(batch, MADE_ID_SIZE, "%s%.*s", BATCH_PREFIX, RANDOM_DIGITS, id.data + prefix);
        return true;
    }
    return false;
}

void batch_job_id(struct buffer *id, struct text batch, size_t line)
{
    buffer_clear(id);
    buffer_text(id, batch);
    buffer_format(id, "-%zu", line);
}

enum tw_status batch_view_open(struct store *store, const struct batch *batch,
                               struct batch_view *view, struct tw_error *error)
{
    const struct job_filter filter = {.batch = batch->id};
    *view = (struct batch_view){.batch = batch};
    if (batch->state == BATCH_VALIDATING || batch->state == BATCH_FAILED)
        return TW_OK;
    return job_count(store, &filter, &view->counts, error);
}

int64_t batch_open_requests(const struct batch_view *view)
{
    return view->counts.of_state[JOB_QUEUED] + view->counts.of_state[JOB_RUNNING];
}

bool batch_has_file(const struct batch_view *view, enum batch_file file)
{
    const int64_t *counts = view->counts.of_state;
    return (file == BATCH_OUTPUT ? counts[JOB_DONE] : counts[JOB_FAILED] + counts[JOB_CANCELLED]) >
           0;
}

/* A request that is cancelled has failed, but for those of a batch that is cancelled whole. */
static int64_t failed_requests(const struct batch_view *view)
{
    const int64_t *counts = view->counts.of_state;
    enum batch_state state = view->batch->state;
    bool cancelled = state == BATCH_CANCELLING || state == BATCH_CANCELLED;
    return counts[JOB_FAILED] + (cancelled ? 0 : counts[JOB_CANCELLED]);
}

/* --- JSON --- */

static void print_text(struct buffer *out, const char *name, struct text text)
{
    buffer_format(out, "\"%s\":", name);
    json_write_string(out, text);
    buffer_byte(out, ',');
}

static void print_value(struct buffer *out, const char *name, struct text json)
{
    buffer_format(out, "\"%s\":", name);
    buffer_text(out, json.length ? json : TEXT("null"));
    buffer_byte(out, ',');
}

/* Seconds, as OpenAI has them; 0 milliseconds print as null. */
static void print_instant(struct buffer *out, const char *name, int64_t instant)
{
    if (instant)
        buffer_format(out, "\"%s\":%lld,", name, (long long)(instant / 1000));
    else
        print_value(out, name, TEXT(""));
}

static void print_file_id(struct buffer *out, const char *name, const struct batch_view *view,
                          enum batch_file file)
{
    char id[MADE_ID_SIZE];
    batch_file_id(view->batch->id, file, id);
    if (batch_has_file(view, file))
        print_text(out, name, text_of(id));
    else
        print_value(out, name, TEXT(""));
}

/* A batch whose requests have all ended is at its results until these can be listed. */
static const char *state_shown(const struct batch_view *view)
{
    enum batch_state state = view->batch->state;
    return state == BATCH_IN_PROGRESS && batch_open_requests(view) == 0 ? "finalizing"
                                                                        : batch_state_name(state);
}

static void print_life(struct buffer *out, const struct batch *batch,
                       const struct batch_details *details)
{
    print_instant(out, "created_at", batch->created);
    print_instant(out, "expires_at", batch->expires);
#define INSTANT(name) print_instant(out, #name, details->name);
    BATCH_INSTANTS(INSTANT)
#undef INSTANT
}

static void print_errors(struct buffer *out, struct text errors)
{
    if (errors.length == 0) {
        print_value(out, "errors", TEXT(""));
        return;
    }
    buffer_string(out, "\"errors\":{\"object\":\"list\",\"data\":");
    buffer_text(out, errors);
    buffer_string(out, "},");
}

enum tw_status batch_object_print(struct buffer *out, const struct batch_view *view,
                                  struct tw_error *error)
{
    const struct batch *batch = view->batch;
    struct batch_details details;
    enum tw_status status = batch_details_read(batch->details, &details, error);
    if (status != TW_OK)
        return status;
    buffer_byte(out, '{');
    print_text(out, "id", batch->id);
    buffer_string(out, "\"object\":\"batch\",\"endpoint\":");
    buffer_format(out, "\"/v1%.*s\",", TEXT_ARGUMENTS(batch->endpoint));
    print_errors(out, details.errors);
    print_text(out, "input_file_id", batch->input_file);
    print_value(out, "completion_window", details.completion_window);
    print_text(out, "status", text_of(state_shown(view)));
    print_file_id(out, "output_file_id", view, BATCH_OUTPUT);
    print_file_id(out, "error_file_id", view, BATCH_ERRORS);
    print_life(out, batch, &details);
    buffer_format(out, "\"request_counts\":{\"total\":%lld,\"completed\":%lld,\"failed\":%lld},",
                  (long long)batch->total, (long long)view->counts.of_state[JOB_DONE],
                  (long long)failed_requests(view));
    if (details.usage.length)
        print_value(out, "usage", details.usage);
    buffer_string(out, "\"metadata\":");
    buffer_text(out, details.metadata.length ? details.metadata : TEXT("null"));
    buffer_byte(out, '}');
    return TW_OK;
}

void file_object_print(struct buffer *out, const struct stored_file *file, int64_t size)
{
    buffer_byte(out, '{');
    print_text(out, "id", file->id);
    buffer_format(out, "\"object\":\"file\",\"bytes\":%lld,", (long long)size);
    print_instant(out, "created_at", file->created);
    print_text(out, "filename", file->name);
    print_text(out, "purpose", file->purpose);
    buffer_string(out, "\"status\":\"processed\",\"status_details\":null}");
}
