/* queue/batch_output.c: see batch_output.h. What the store has as a job's result is a line already;
 * a job that was cancelled gets one here. */
#include "queue/batch_output.h"

#include "queue/batch_line.h"
#include "queue/job_body.h"

enum { PAGE_JOBS = 256, ARENA_LIMIT = 64 << 20 };

/* The states whose jobs are in a file, in their order. */
static const struct {
    enum job_state states[2];
    size_t count;
} parts[BATCH_FILE_COUNT] = {{{JOB_DONE}, 1}, {{JOB_FAILED, JOB_CANCELLED}, 2}};

struct page {
    const struct batch *batch;
    struct output_cursor *cursor;
    struct buffer *out;
    size_t begun; /* bytes that were in `out` before */
    size_t jobs;
    bool full;
};

/* Why a request was not begun: nobody wanted it any more, or the batch's time was up. */
static void write_cancelled(struct buffer *out, const struct batch *batch, const struct job *job)
{
    struct job_body body = {.custom_id = TEXT("")};
    struct arena arena;
    bool cancelled = batch->state == BATCH_CANCELLING || batch->state == BATCH_CANCELLED;
    struct batch_answer answer = {.number = job->number};
    arena_init(&arena, ARENA_LIMIT);
    job_body_read(job->body, &arena, &body, NULL);
    answer.custom_id = body.custom_id;
    answer.code =
        cancelled || job->ended < batch->expires ? TEXT("batch_cancelled") : TEXT("batch_expired");
    answer.message = text_is(answer.code, "batch_cancelled")
                         ? TEXT("This request was cancelled before it was executed.")
                         : TEXT("This request could not be executed before the completion window "
                                "expired.");
    batch_line_write(out, &answer);
    arena_free(&arena);
}

static enum tw_status visit_job(void *context, const struct job *job)
{
    struct page *page = context;
    page->full = page->out->length - page->begun >= OUTPUT_PAGE_BYTES;
    if (page->full)
        return TW_LIMIT; /* ends the visit; the next page begins with this job */
    if (job->result.length)
        buffer_text(page->out, job->result);
    else
        write_cancelled(page->out, page->batch, job);
    buffer_byte(page->out, '\n');
    page->cursor->after = job->number;
    page->jobs++;
    return page->out->status;
}

enum tw_status batch_output_page(struct store *store, const struct batch *batch,
                                 struct output_cursor *cursor, struct buffer *out,
                                 struct tw_error *error)
{
    const struct job_filter filter = {.batch = batch->id};
    struct page page = {.batch = batch, .cursor = cursor, .out = out, .begun = out->length};
    cursor->over = batch->state == BATCH_VALIDATING;
    while (!cursor->over && !page.full) {
        page.jobs = 0;
        enum tw_status status = job_list(store, &filter, parts[cursor->file].states[cursor->part],
                                         cursor->after, PAGE_JOBS, visit_job, &page, error);
        if (status != TW_OK && !page.full)
            return out->status ? fail(error, out->status, "the results cannot be built") : status;
        if (page.full || page.jobs == PAGE_JOBS)
            continue;
        cursor->part++;
        cursor->after = 0;
        cursor->over = cursor->part == parts[cursor->file].count;
    }
    return TW_OK;
}
