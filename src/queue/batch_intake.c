/* queue/batch_intake.c: see batch_intake.h. Takes a file that nobody has checked. Owns a copy of it
 * and of the batch while it works. */
#include "queue/batch_intake.h"

#include "base/json.h"
#include "queue/batch_details.h"
#include "queue/batch_object.h"
#include "queue/submission.h"

#include <string.h>

enum {
    ARENA_LIMIT = 4 * BATCH_DETAILS_MAX,
    WORD_MAX = 64 << 10,
    LINE_MAX_BYTES = JOB_BYTES_MAX - BATCH_DETAILS_MAX /* so that its job finds room */
};

struct intake {
    struct store *store;
    const atomic_bool *stop;
    int64_t now;
    struct arena arena; /* owns the batch's texts */
    struct batch batch;
    struct batch_details details;
    struct buffer content; /* of the file */
    struct buffer errors;  /* an array's elements */
    size_t error_count;
    int64_t total;
    struct tw_pair *attributes;
    size_t attribute_count;
    struct tw_error *error;
};

static enum tw_status out_of_memory(const struct intake *intake)
{
    return fail(intake->error, TW_NO_MEMORY, "out of memory");
}

static enum tw_status keep_batch(void *context, const struct batch *batch)
{
    struct intake *intake = context;
    struct arena *arena = &intake->arena;
    intake->batch = *batch;
    intake->batch.id = arena_text(arena, batch->id);
    intake->batch.owner = arena_text(arena, batch->owner);
    intake->batch.input_file = arena_text(arena, batch->input_file);
    intake->batch.endpoint = arena_text(arena, batch->endpoint);
    intake->batch.details = arena_text(arena, batch->details);
    return arena_status(arena);
}

static enum tw_status keep_content(void *context, const struct stored_file *file)
{
    struct intake *intake = context;
    buffer_text(&intake->content, file->content);
    return intake->content.status;
}

/* What the policy gets of each request, as the batch was created with it. */
static enum tw_status read_attributes(struct intake *intake)
{
    struct arena *arena = &intake->arena;
    struct json_value root;
    struct json_member member;
    size_t room = intake->details.attributes.length / sizeof "\"a\":\"\"" + 1;
    intake->attributes = ARENA_ARRAY(arena, struct tw_pair, room);
    if (!intake->attributes)
        return out_of_memory(intake);
    if (json_parse(intake->details.attributes, &root, NULL) != TW_OK)
        return TW_OK;
    struct json_iterator all = json_members_begin(root);
    while (intake->attribute_count < room && json_next_member(&all, &member)) {
        struct buffer word;
        buffer_init(&word, WORD_MAX);
        json_string_decode(member.value, &word);
        intake->attributes[intake->attribute_count++] = (struct tw_pair){
            arena_text(arena, member.name).data, arena_text(arena, buffer_view(&word)).data};
        buffer_free(&word);
    }
    return arena->failed ? out_of_memory(intake) : TW_OK;
}

/* --- what is wrong --- */

/* `param` NULL and line 0 print as null. */
static void add_error(struct intake *intake, const char *code, size_t line, const char *message,
                      const char *param)
{
    struct buffer *out = &intake->errors;
    if (intake->error_count++ >= INTAKE_ERRORS_MAX)
        return;
    buffer_format(out, "%s{\"code\":\"%s\",\"line\":", out->length ? "," : "", code);
    if (line)
        buffer_format(out, "%zu,\"message\":", line);
    else
        buffer_string(out, "null,\"message\":");
    json_write_string(out, text_of(message));
    buffer_format(out, param ? ",\"param\":\"%s\"}" : ",\"param\":null}", param);
}

static void add_line_error(struct intake *intake, size_t line, const struct batch_request *request,
                           const struct tw_error *reason)
{
    if (!request->param)
        add_error(intake, "invalid_json_line", line, "This line is not parseable as valid JSON.",
                  NULL);
    else
        add_error(intake, request->missing ? "missing_required_parameter" : "invalid_request", line,
                  reason->message, request->param);
}

static enum tw_status check_request(struct intake *intake, const struct batch_request *request,
                                    struct id_book *book, size_t line)
{
    struct text id = buffer_view(&request->custom_id);
    size_t first = 0;
    if (id.length == 0) {
        add_error(intake, "missing_required_parameter", line,
                  "Missing required parameter: 'custom_id'.", "custom_id");
        return TW_OK;
    }
    if (request->body.length > LINE_MAX_BYTES)
        add_error(intake, "request_too_large", line, "This request is too large.", "body");
    if (!text_is(intake->batch.endpoint, request->endpoint))
        add_error(intake, "url_mismatch", line,
                  "The URL of this request is not the endpoint of the batch.", "url");
    enum tw_status status = id_book_note(book, id, line, &first);
    if (status != TW_OK)
        return fail(intake->error, status, "%s", tw_status_text(status));
    if (first)
        add_error(intake, "duplicate_custom_id", line,
                  "The custom_id of this request is that of another request of the batch.",
                  "custom_id");
    return TW_OK;
}

static enum tw_status check_line(struct intake *intake, struct text line, size_t number,
                                 struct id_book *book)
{
    struct batch_request request;
    struct tw_error reason;
    enum tw_status status = batch_line_read(line, &request, &reason);
    if (status == TW_OK)
        status = check_request(intake, &request, book, number);
    else if (status == TW_NO_MEMORY)
        status = out_of_memory(intake);
    else
        add_line_error(intake, number, &request, &reason);
    if (status == TW_INVALID || status == TW_LIMIT)
        status = TW_OK;
    batch_request_free(&request);
    return status;
}

static bool is_stopped(const struct intake *intake)
{
    return intake->stop && atomic_load(intake->stop);
}

/* Reads all lines, and submits none. */
static enum tw_status check_lines(struct intake *intake)
{
    struct lines lines = {.rest = buffer_view(&intake->content)};
    struct id_book book;
    struct text line;
    enum tw_status status = TW_OK;
    id_book_init(&book);
    while (status == TW_OK && !is_stopped(intake) && lines_next(&lines, &line)) {
        status = check_line(intake, line, lines.number, &book);
        intake->total++;
    }
    if (status == TW_OK && intake->total == 0)
        add_error(intake, "empty_file", 0, "The input file has no requests.", "input_file_id");
    id_book_free(&book);
    return status;
}

/* --- submitting --- */

static enum tw_status visit_state(void *context, const struct batch *batch)
{
    *(enum batch_state *)context = batch->state;
    return TW_OK;
}

static enum tw_status submit_group(struct intake *intake, struct submission_group *group,
                                   const struct submission_terms *terms, bool *unwanted)
{
    enum batch_state state = BATCH_VALIDATING;
    enum tw_status status =
        submission_group_submit(group, intake->store, terms, NULL, NULL, intake->error);
    if (status == TW_OK)
        status = batch_find(intake->store, intake->batch.id, visit_state, &state, intake->error);
    *unwanted = state != BATCH_VALIDATING;
    return status;
}

static enum tw_status add_line(struct intake *intake, struct submission_group *group,
                               const struct submission_terms *terms, struct text line,
                               size_t number)
{
    struct batch_request request;
    struct buffer id;
    buffer_init(&id, JOB_ID_MAX);
    enum tw_status status = batch_line_read(line, &request, intake->error);
    batch_job_id(&id, intake->batch.id, number);
    if (status == TW_OK)
        status = submission_group_add(group, terms, &request, buffer_view(&id), intake->error);
    batch_request_free(&request);
    buffer_free(&id);
    return status;
}

/* Ends before the last line where the batch is not wanted any more. */
static enum tw_status submit_lines(struct intake *intake)
{
    const struct submission_terms terms = {.now = intake->now,
                                           .deadline = intake->batch.expires,
                                           .attributes = intake->attributes,
                                           .attribute_count = intake->attribute_count,
                                           .owner = intake->batch.owner,
                                           .batch = intake->batch.id};
    struct submission_group group;
    struct lines lines = {.rest = buffer_view(&intake->content)};
    struct text line;
    bool unwanted = false;
    enum tw_status status = TW_OK;
    submission_group_init(&group);
    while (status == TW_OK && !unwanted && !is_stopped(intake) && lines_next(&lines, &line)) {
        status = add_line(intake, &group, &terms, line, lines.number);
        if (status == TW_OK && submission_group_full(&group))
            status = submit_group(intake, &group, &terms, &unwanted);
    }
    if (status == TW_OK && !unwanted && group.count)
        status = submit_group(intake, &group, &terms, &unwanted);
    submission_group_free(&group);
    return status;
}

/* Gives the batch its next state, unless somebody else has done so. */
static enum tw_status move_batch(struct intake *intake, enum batch_state state, bool *changed)
{
    struct buffer details;
    buffer_init(&details, BATCH_DETAILS_MAX);
    batch_details_write(&details, &intake->details);
    intake->batch.state = state;
    intake->batch.details = buffer_view(&details);
    enum tw_status status =
        details.status
            ? fail(intake->error, details.status, "the batch is too large")
            : batch_change(intake->store, &intake->batch, BATCH_VALIDATING, changed, intake->error);
    buffer_free(&details);
    return status;
}

static enum tw_status fail_batch(struct intake *intake)
{
    bool changed;
    struct buffer all;
    buffer_init(&all, BATCH_DETAILS_MAX);
    buffer_byte(&all, '[');
    buffer_text(&all, buffer_view(&intake->errors));
    buffer_byte(&all, ']');
    intake->details.errors = buffer_view(&all);
    intake->details.failed_at = intake->now;
    enum tw_status status =
        all.status ? out_of_memory(intake) : move_batch(intake, BATCH_FAILED, &changed);
    buffer_free(&all);
    return status;
}

static enum tw_status begin_batch(struct intake *intake)
{
    bool changed = false;
    int64_t cancelled;
    enum tw_status status = submit_lines(intake);
    if (status != TW_OK || is_stopped(intake))
        return status;
    intake->batch.total = intake->total;
    intake->details.in_progress_at = intake->now;
    status = move_batch(intake, BATCH_IN_PROGRESS, &changed);
    if (status != TW_OK || changed)
        return status;
    return job_cancel_batch(intake->store, intake->batch.id, intake->now, &cancelled,
                            intake->error);
}

static enum tw_status take_in(struct intake *intake, struct text id)
{
    enum tw_status status = batch_find(intake->store, id, keep_batch, intake, intake->error);
    if (status != TW_OK || intake->batch.state != BATCH_VALIDATING)
        return status;
    status = batch_details_read(intake->batch.details, &intake->details, intake->error);
    if (status == TW_OK)
        status = read_attributes(intake);
    if (status == TW_OK)
        status = stored_file_find(intake->store, intake->batch.input_file, true, keep_content,
                                  intake, intake->error);
    if (status == TW_NOT_FOUND)
        add_error(intake, "file_not_found", 0, "The input file was deleted.", "input_file_id");
    else if (status == TW_OK)
        status = check_lines(intake);
    if ((status != TW_OK && status != TW_NOT_FOUND) || is_stopped(intake))
        return status;
    return intake->error_count ? fail_batch(intake) : begin_batch(intake);
}

enum tw_status batch_intake(struct store *store, struct text id, int64_t now,
                            const atomic_bool *stop, struct tw_error *error)
{
    struct intake intake = {.store = store, .stop = stop, .now = now, .error = error};
    arena_init(&intake.arena, ARENA_LIMIT);
    buffer_init(&intake.content, STORED_FILE_BYTES_MAX);
    buffer_init(&intake.errors, BATCH_DETAILS_MAX);
    enum tw_status status = take_in(&intake, id);
    arena_free(&intake.arena);
    buffer_free(&intake.content);
    buffer_free(&intake.errors);
    return status;
}
