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

/* The milliseconds and 80 random bits: what was made later stands later in an index, so that many
 * of them are written to few of its pages. */
static enum tw_status make_id(struct job_submission *submission, int64_t now,
                              struct tw_error *error)
{
    unsigned char random[10];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return fail(error, TW_IO, "the system gives no random bytes");
    size_t length = (size_t)snprintf(submission->made, sizeof submission->made, "job-%012llx",
                                     (unsigned long long)now & 0xffffffffffff);
    for (size_t i = 0; i < sizeof random; i++, length += 2)
        snprintf(submission->made + length, sizeof submission->made - length, "%02x", random[i]);
    submission->id = (struct text){submission->made, length};
    return TW_OK;
}

static enum tw_status check_texts(const struct job_submission *submission, struct tw_error *error)
{
    const struct {
        const char *name;
        struct text text;
        size_t most;
    } texts[] = {{"a job's id", submission->id, JOB_ID_MAX},
                 {"a job's owner", submission->owner, JOB_ID_MAX},
                 {"a job's batch", submission->batch, JOB_ID_MAX},
                 {"a job's callback", submission->callback, JOB_CALLBACK_MAX}};
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == TW_OK; i++)
        status = store_check_text(texts[i].name, texts[i].text, texts[i].most, error);
    return status;
}

static enum tw_status check_submission(struct job_submission *submission, int64_t now,
                                       struct tw_error *error)
{
    enum tw_status status = check_texts(submission, error);
    if (status != TW_OK)
        return status;
    if (submission->body.length == 0)
        return fail(error, TW_INVALID, "a job without a body");
    if (submission->body.length > JOB_BYTES_MAX)
        return fail(error, TW_LIMIT, "a job's body is over %d bytes", JOB_BYTES_MAX);
    if (submission->due < 0 || submission->deadline < 0)
        return fail(error, TW_INVALID, "a job is due, or to be answered, before 1970");
    return submission->id.length ? TW_OK : make_id(submission, now, error);
}

enum tw_status job_submit(struct store *store, struct job_submission *submissions, size_t count,
                          int64_t now, struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = check_submission(&submissions[i], now, error);
    if (status != TW_OK || count == 0)
        return status;
    return store->operations->submit(store, submissions, count, now, error);
}

enum tw_status job_claim(struct store *store, int64_t now, int64_t lease, size_t limit,
                         job_visitor visit, void *context, struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
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
    if (ending->state != JOB_QUEUED && ending->ended <= 0)
        return fail(error, TW_INVALID, "a job ends at no instant");
    return TW_OK;
}

enum tw_status job_end(struct store *store, struct job_ending *endings, size_t count,
                       const struct ledger_row *rows, size_t row_count, const int64_t *reservations,
                       size_t reservation_count, struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
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
    enum tw_status status = store_check_writable(store, error);
    return status == TW_OK ? store->operations->extend(store, number, claim, lease, lost, error)
                           : status;
}

/* What no job was submitted with names no job. */
static bool may_exist(struct text id)
{
    return id.length && store_check_text("", id, JOB_ID_MAX, NULL) == TW_OK;
}

enum tw_status job_cancel(struct store *store, struct text id, int64_t now, bool *cancelled,
                          struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    *cancelled = false;
    return status == TW_OK && may_exist(id)
               ? store->operations->cancel(store, id, now, cancelled, error)
               : status;
}

enum tw_status job_cancel_batch(struct store *store, struct text batch, int64_t now,
                                int64_t *cancelled, struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    *cancelled = 0;
    return status == TW_OK && may_exist(batch)
               ? store->operations->cancel_batch(store, batch, now, cancelled, error)
               : status;
}

enum tw_status job_retry(struct store *store, struct text id, int64_t now, int64_t deadline,
                         bool *retried, struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    *retried = false;
    if (status == TW_OK && (now < 0 || deadline < 0))
        return fail(error, TW_INVALID, "a job is due, or to be answered, before 1970");
    return status == TW_OK && may_exist(id)
               ? store->operations->retry(store, id, now, deadline, retried, error)
               : status;
}

enum tw_status job_find(struct store *store, struct text id, job_visitor visit, void *context,
                        struct tw_error *error)
{
    bool found = false;
    enum tw_status status =
        may_exist(id) ? store->operations->find(store, id, visit, context, &found, error) : TW_OK;
    return status == TW_OK && !found ? fail(error, TW_NOT_FOUND, "there is no such job") : status;
}

static enum tw_status check_filter(const struct job_filter *filter, struct tw_error *error)
{
    if (filter->owner.length && filter->batch.length)
        return fail(error, TW_INVALID, "jobs are listed by owner or by batch, not by both");
    enum tw_status status = store_check_text("an owner", filter->owner, JOB_ID_MAX, error);
    return status == TW_OK ? store_check_text("a batch's id", filter->batch, JOB_ID_MAX, error)
                           : status;
}

enum tw_status job_list(struct store *store, const struct job_filter *filter, enum job_state state,
                        int64_t after, size_t limit, job_visitor visit, void *context,
                        struct tw_error *error)
{
    enum tw_status status = check_filter(filter, error);
    if (status != TW_OK || limit == 0)
        return status;
    return store->operations->list(store, filter, state, after, limit, visit, context, error);
}

enum tw_status job_count(struct store *store, const struct job_filter *filter,
                         struct job_counts *counts, struct tw_error *error)
{
    enum tw_status status = check_filter(filter, error);
    *counts = (struct job_counts){.expired = 0};
    return status == TW_OK ? store->operations->count(store, filter, counts, error) : status;
}

enum tw_status job_claim_callbacks(struct store *store, int64_t now, int64_t lease, size_t limit,
                                   job_visitor visit, void *context, struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    if (status == TW_OK && lease <= 0)
        status = fail(error, TW_INVALID, "a claim of a callback lasts no time");
    if (status != TW_OK || limit == 0)
        return status;
    return store->operations->claim_callbacks(store, now, sum_of(now, lease), limit, visit, context,
                                              error);
}

enum tw_status job_end_callback(struct store *store, int64_t number, int64_t tries, int64_t due,
                                struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    if (status == TW_OK && due < -1)
        status = fail(error, TW_INVALID, "a callback is due before 1970");
    return status == TW_OK ? store->operations->end_callback(store, number, tries, due, error)
                           : status;
}

enum tw_status job_wait(struct store *store, int64_t milliseconds, struct tw_error *error)
{
    return milliseconds > 0 ? store->operations->wait(store, milliseconds, error) : TW_OK;
}
