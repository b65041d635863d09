/* store/jobs.c: what holds for jobs in every kind of store: checks, and ids that are made. */
#include "store/store_internal.h"

#include <stdio.h>
#include <sys/random.h>

static const char *const state_names[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = "queued", [JOB_RUNNING] = "running",     [JOB_DONE] = "done",
    [JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(enum job_state state)
{
    return state_names[state];
}

static enum tw_status check_writable(const struct store *store, struct tw_error *error)
{
    return store->read_only ? fail(error, TW_READ_ONLY, "the store was opened for reading only")
                            : TW_OK;
}

static enum tw_status make_id(struct job_submission *submission, struct tw_error *error)
{
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return fail(error, TW_IO, "the system gives no random bytes");
    size_t length = (size_t)snprintf(submission->made, sizeof submission->made, "job-");
    for (size_t i = 0; i < sizeof random; i++, length += 2)
        snprintf(submission->made + length, sizeof submission->made - length, "%02x", random[i]);
    submission->id = (struct text){submission->made, length};
    return TW_OK;
}

static enum tw_status check_submission(struct job_submission *submission, struct tw_error *error)
{
    if (submission->id.length > JOB_ID_MAX)
        return fail(error, TW_LIMIT, "a job's id is over %d bytes", JOB_ID_MAX);
    if (utf8_valid_prefix(submission->id) != submission->id.length)
        return fail(error, TW_INVALID, "a job's id is not UTF-8");
    if (submission->body.length == 0)
        return fail(error, TW_INVALID, "a job without a body");
    if (submission->body.length > JOB_BYTES_MAX)
        return fail(error, TW_LIMIT, "a job's body is over %d bytes", JOB_BYTES_MAX);
    if (submission->due < 0)
        return fail(error, TW_INVALID, "a job is due before 1970");
    return submission->id.length ? TW_OK : make_id(submission, error);
}

enum tw_status job_submit(struct store *store, struct job_submission *submissions, size_t count,
                          int64_t now, struct tw_error *error)
{
    enum tw_status status = check_writable(store, error);
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = check_submission(&submissions[i], error);
    if (status != TW_OK || count == 0)
        return status;
    return store->operations->submit(store, submissions, count, now, error);
}

enum tw_status job_claim(struct store *store, int64_t now, int64_t lease, size_t limit,
                         job_visitor visit, void *context, struct tw_error *error)
{
    enum tw_status status = check_writable(store, error);
    if (status == TW_OK && lease <= 0)
        status = fail(error, TW_INVALID, "a lease of a job lasts no time");
    if (status != TW_OK || limit == 0)
        return status;
    return store->operations->claim(store, now, sum_of(now, lease), limit, visit, context, error);
}

static enum tw_status check_ending(const struct job_ending *ending, struct tw_error *error)
{
    if (ending->state != JOB_DONE && ending->state != JOB_FAILED && ending->state != JOB_QUEUED)
        return fail(error, TW_INVALID, "a claim does not end as '%s'",
                    job_state_name(ending->state));
    if (ending->result.length > JOB_BYTES_MAX)
        return fail(error, TW_LIMIT, "a job's result is over %d bytes", JOB_BYTES_MAX);
    if (ending->state == JOB_QUEUED && (ending->due < 0 || ending->result.length))
        return fail(error, TW_INVALID, "a job that is put back has a due time and no result");
    return TW_OK;
}

enum tw_status job_end(struct store *store, struct job_ending *endings, size_t count,
                       const struct ledger_row *rows, size_t row_count, const int64_t *reservations,
                       size_t reservation_count, struct tw_error *error)
{
    enum tw_status status = check_writable(store, error);
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = check_ending(&endings[i], error);
    for (size_t i = 0; i < row_count && status == TW_OK; i++)
        status = ledger_row_check(&rows[i], error);
    if (status != TW_OK)
        return status;
    return store->operations->end(
        store, endings, count,
        &(struct ledger_settlement){rows, row_count, reservations, reservation_count}, error);
}

enum tw_status job_extend(struct store *store, int64_t number, int64_t claim, int64_t lease,
                          bool *lost, struct tw_error *error)
{
    enum tw_status status = check_writable(store, error);
    return status == TW_OK ? store->operations->extend(store, number, claim, lease, lost, error)
                           : status;
}

enum tw_status job_cancel(struct store *store, struct text id, bool *cancelled,
                          struct tw_error *error)
{
    enum tw_status status = check_writable(store, error);
    return status == TW_OK ? store->operations->cancel(store, id, cancelled, error) : status;
}

enum tw_status job_find(struct store *store, struct text id, job_visitor visit, void *context,
                        struct tw_error *error)
{
    return store->operations->find(store, id, visit, context, error);
}

enum tw_status job_list(struct store *store, enum job_state state, int64_t after, size_t limit,
                        job_visitor visit, void *context, struct tw_error *error)
{
    return store->operations->list(store, state, after, limit, visit, context, error);
}

enum tw_status job_counts(struct store *store, int64_t counts[JOB_STATE_COUNT],
                          struct tw_error *error)
{
    return store->operations->counts(store, counts, error);
}
