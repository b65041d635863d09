/* queue/submission.c: see submission.h. Takes text that nobody has checked; owns the jobs of a
 * group until they are submitted. */
#include "queue/submission.h"

#include "base/quotation.h"
#include "queue/job_body.h"

#include <string.h>

enum { ARENA_LIMIT = 1 << 30 };

static bool is_blank(struct text line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

bool lines_next(struct lines *lines, struct text *line)
{
    struct text *rest = &lines->rest;
    while (rest->length) {
        const char *end = memchr(rest->data, '\n', rest->length);
        size_t length = end ? (size_t)(end - rest->data) : rest->length;
        *line = (struct text){rest->data, length};
        rest->data += length + (end != NULL);
        rest->length -= length + (end != NULL);
        lines->number++;
        if (!is_blank(*line))
            return true;
    }
    return false;
}

void id_book_init(struct id_book *book)
{
    arena_init(&book->arena, ARENA_LIMIT);
    map_init(&book->lines, &book->arena);
}

void id_book_free(struct id_book *book)
{
    arena_free(&book->arena);
}

enum tw_status id_book_note(struct id_book *book, struct text id, size_t line, size_t *first)
{
    const size_t *noted = map_get(&book->lines, id);
    *first = noted ? *noted : 0;
    if (noted)
        return TW_OK;
    struct text kept = arena_text(&book->arena, id);
    size_t *value = ARENA_ARRAY(&book->arena, size_t, 1);
    if (value)
        *value = line;
    if (!value || !kept.data || !map_set(&book->lines, kept, value))
        return book->arena.over_limit ? TW_LIMIT : TW_NO_MEMORY;
    return TW_OK;
}

/* --- groups --- */

void submission_group_init(struct submission_group *group)
{
    group->count = group->bytes = 0;
    for (size_t i = 0; i < SUBMISSION_GROUP; i++) {
        buffer_init(&group->jobs[i].id, JOB_ID_MAX);
        buffer_init(&group->jobs[i].body, JOB_BYTES_MAX);
    }
}

void submission_group_free(struct submission_group *group)
{
    for (size_t i = 0; i < SUBMISSION_GROUP; i++) {
        buffer_free(&group->jobs[i].id);
        buffer_free(&group->jobs[i].body);
    }
}

enum tw_status submission_group_add(struct submission_group *group,
                                    const struct submission_terms *terms,
                                    const struct batch_request *request, struct text id,
                                    struct tw_error *error)
{
    struct ready_job *ready = &group->jobs[group->count];
    const struct job_body job = {.custom_id = buffer_view(&request->custom_id),
                                 .endpoint = request->endpoint,
                                 .attributes = (struct tw_pair *)terms->attributes,
                                 .attribute_count = terms->attribute_count,
                                 .body = request->body};
    buffer_clear(&ready->id);
    buffer_clear(&ready->body);
    buffer_text(&ready->id, id.length ? id : job.custom_id);
    job_body_write(&ready->body, &job);
    enum tw_status status = ready->body.status ? ready->body.status : ready->id.status;
    if (status == TW_LIMIT)
        return fail(error, status, "the request is over %d bytes, or its id over %d", JOB_BYTES_MAX,
                    JOB_ID_MAX);
    if (status != TW_OK)
        return fail(error, status, "out of memory");
    group->count++;
    group->bytes += ready->body.length;
    return TW_OK;
}

bool submission_group_full(const struct submission_group *group)
{
    return group->count == SUBMISSION_GROUP || group->bytes >= SUBMISSION_GROUP_BYTES;
}

/* A job that is there, beside the one that was to be submitted. */
struct comparison {
    const struct job_submission *submission;
    bool differs;
};

static enum tw_status visit_existing(void *context, const struct job *job)
{
    struct comparison *comparison = context;
    struct job_body theirs, ours;
    struct arena arena;
    arena_init(&arena, ARENA_LIMIT);
    comparison->differs = !text_equal(job->owner, comparison->submission->owner) ||
                          job_body_read(job->body, &arena, &theirs, NULL) != TW_OK ||
                          job_body_read(comparison->submission->body, &arena, &ours, NULL) ||
                          theirs.endpoint != ours.endpoint || !text_equal(theirs.body, ours.body);
    arena_free(&arena);
    return TW_OK;
}

static enum tw_status tell_outcome(struct store *store, const struct job_submission *submission,
                                   submission_visitor visit, void *context, struct tw_error *error)
{
    struct comparison comparison = {.submission = submission};
    enum tw_status status = TW_OK;
    if (submission->existed)
        status = job_find(store, submission->id, visit_existing, &comparison, error);
    if (status != TW_OK)
        return status;
    const struct submission_outcome outcome = {submission->id, submission->existed,
                                               comparison.differs};
    visit(context, &outcome);
    return TW_OK;
}

enum tw_status submission_group_submit(struct submission_group *group, struct store *store,
                                       const struct submission_terms *terms,
                                       submission_visitor visit, void *context,
                                       struct tw_error *error)
{
    struct job_submission submissions[SUBMISSION_GROUP];
    size_t count = group->count;
    group->count = group->bytes = 0;
    for (size_t i = 0; i < count; i++)
        submissions[i] = (struct job_submission){.id = buffer_view(&group->jobs[i].id),
                                                 .owner = terms->owner,
                                                 .batch = terms->batch,
                                                 .callback = terms->callback,
                                                 .body = buffer_view(&group->jobs[i].body),
                                                 .due = terms->now,
                                                 .deadline = terms->deadline};
    enum tw_status status = job_submit(store, submissions, count, terms->now, error);
    for (size_t i = 0; i < count && status == TW_OK && visit; i++)
        status = tell_outcome(store, &submissions[i], visit, context, error);
    return status;
}

/* --- a whole text --- */

static enum tw_status check_id(struct id_book *book, struct text id, size_t line,
                               struct tw_error *error)
{
    size_t first = 0;
    enum tw_status status = id.length ? id_book_note(book, id, line, &first) : TW_OK;
    if (status != TW_OK)
        return fail(error, status, "%s", tw_status_text(status));
    return first == 0 ? TW_OK
                      : fail(error, TW_INVALID, "line %zu: the id %s is that of line %zu too", line,
                             quote(id).text, first);
}

static enum tw_status check_line(struct text line, size_t number, struct id_book *book,
                                 struct tw_error *error)
{
    struct batch_request request;
    struct tw_error reason;
    enum tw_status status = batch_line_read(line, &request, &reason);
    if (status != TW_OK)
        fail(error, status, "line %zu: %s", number, reason.message);
    else
        status = check_id(book, buffer_view(&request.custom_id), number, error);
    batch_request_free(&request);
    return status;
}

enum tw_status submission_check(struct text text, bool single, struct tw_error *error)
{
    struct lines lines = {.rest = text};
    struct id_book book;
    struct text line;
    enum tw_status status = TW_OK;
    size_t count = 0;
    id_book_init(&book);
    for (; status == TW_OK && lines_next(&lines, &line); count++)
        status = single && count
                     ? fail(error, TW_INVALID,
                            "line %zu: the id names one request, and this is another", lines.number)
                     : check_line(line, lines.number, &book, error);
    id_book_free(&book);
    return status == TW_OK && count == 0 ? fail(error, TW_INVALID, "there is no request") : status;
}

static enum tw_status add_line(struct submission_group *group, const struct submission_terms *terms,
                               struct text line, struct text id, struct tw_error *error)
{
    struct batch_request request;
    enum tw_status status = batch_line_read(line, &request, error);
    if (status == TW_OK)
        status = submission_group_add(group, terms, &request, id, error);
    batch_request_free(&request);
    return status;
}

enum tw_status submission_submit(struct store *store, struct text text,
                                 const struct submission_terms *terms, struct text id,
                                 submission_visitor visit, void *context, struct tw_error *error)
{
    struct submission_group group;
    struct lines lines = {.rest = text};
    struct text line;
    struct tw_error reason;
    enum tw_status status = TW_OK;
    submission_group_init(&group);
    while (status == TW_OK && lines_next(&lines, &line)) {
        status = add_line(&group, terms, line, id, &reason);
        if (status != TW_OK)
            fail(error, status, "line %zu: %s", lines.number, reason.message);
        else if (submission_group_full(&group))
            status = submission_group_submit(&group, store, terms, visit, context, error);
    }
    if (status == TW_OK && group.count)
        status = submission_group_submit(&group, store, terms, visit, context, error);
    submission_group_free(&group);
    return status;
}
