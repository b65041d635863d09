/* store/store_sqlite_jobs.c: what changes jobs, each call one transaction; the SQL is in
 * store_sqlite_job_rows.c.
 *
 * Claims and longer leases do not wait for the disk: a loss of power ends whoever holds them, too.
 * What submits or ends a job does. */
#include "store/store_sqlite.h"

#include <time.h>

static enum tw_status add_body(struct sqlite_store *sqlite, struct text body,
                               struct tw_error *error)
{
    sqlite3_stmt *insert;
    int64_t added;
    enum tw_status status = sqlite_job_statement(sqlite, JOB_SQL_ADD_BODY, &insert, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(insert, 1, sqlite3_last_insert_rowid(sqlite->database));
    sqlite_bind_bytes(insert, 2, body);
    return sqlite_change(sqlite, insert, &added, error);
}

static enum tw_status submit_one(struct sqlite_store *sqlite, struct job_submission *submission,
                                 int64_t now, struct tw_error *error)
{
    sqlite3_stmt *insert;
    int64_t added;
    enum tw_status status = sqlite_job_statement(sqlite, JOB_SQL_SUBMIT, &insert, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(insert, (int64_t[]){now, submission->due, submission->deadline}, 3);
    sqlite_bind_text(insert, 4, submission->id);
    sqlite_bind_text(insert, 5, submission->owner);
    sqlite_bind_text(insert, 6, submission->batch);
    sqlite_bind_text(insert, 7, submission->callback);
    status = sqlite_change(sqlite, insert, &added, error);
    submission->existed = added == 0;
    return added ? add_body(sqlite, submission->body, error) : status;
}

enum tw_status sqlite_job_submit(struct store *store, struct job_submission *submissions,
                                 size_t count, int64_t now, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    enum tw_status status = sqlite_begin(sqlite, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = submit_one(sqlite, &submissions[i], now, error);
    return sqlite_end(sqlite, status, error);
}

/* Runs a statement whose only parameter is an instant. */
static enum tw_status change_at(struct sqlite_store *sqlite, enum job_statement which, int64_t now,
                                struct tw_error *error)
{
    sqlite3_stmt *statement;
    int64_t changed;
    enum tw_status status = sqlite_job_statement(sqlite, which, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, now);
    return sqlite_change(sqlite, statement, &changed, error);
}

/* Jobs whose claim ran out, and those whose due time has come, become ready. Looking first is
 * cheaper than changes that find nothing to change. */
static enum tw_status make_ready(struct sqlite_store *sqlite, int64_t now, struct tw_error *error)
{
    sqlite3_stmt *look;
    bool expired = false, due = false;
    enum tw_status status = sqlite_job_statement(sqlite, JOB_SQL_LOOK, &look, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(look, 1, now);
    if (sqlite3_step(look) == SQLITE_ROW) {
        expired = sqlite3_column_int64(look, 0);
        due = sqlite3_column_int64(look, 1);
    } else {
        status = sqlite_failure(sqlite, error);
    }
    sqlite3_reset(look);
    if (expired)
        status = change_at(sqlite, JOB_SQL_RETURN_EXPIRED, now, error);
    return due && status == TW_OK ? change_at(sqlite, JOB_SQL_MAKE_READY, now, error) : status;
}

/* One kind of claim. */
struct claiming {
    enum job_statement next, claim;
    int64_t until, now;
    job_visitor visit;
    void *context;
    int64_t number; /* out: of the last job that was visited */
};

static enum tw_status visit_claimed(void *context, const struct job *job)
{
    struct claiming *claiming = context;
    claiming->number = job->number;
    return claiming->visit(claiming->context, job);
}

/* Visits the next one as it will be, then claims it. *found is 0 where there is none. */
static enum tw_status claim_one(struct sqlite_store *sqlite, struct claiming *claiming,
                                size_t *found, struct tw_error *error)
{
    sqlite3_stmt *next, *claim;
    int64_t changed, numbers[] = {claiming->until, claiming->now};
    enum tw_status status = sqlite_job_statement(sqlite, claiming->next, &next, error);
    if (status == TW_OK)
        status = sqlite_job_statement(sqlite, claiming->claim, &claim, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(next, numbers, sqlite3_bind_parameter_count(next));
    status = sqlite_job_visit(sqlite, next, visit_claimed, claiming, found, error);
    if (status != TW_OK || *found == 0)
        return status;
    sqlite_bind_numbers(claim, (int64_t[]){claiming->number, claiming->until}, 2);
    return sqlite_change(sqlite, claim, &changed, error);
}

static enum tw_status claim_each(struct sqlite_store *sqlite, struct claiming *claiming,
                                 size_t limit, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    size_t found = 1;
    for (size_t i = 0; i < limit && found && status == TW_OK; i++)
        status = claim_one(sqlite, claiming, &found, error);
    return status;
}

enum tw_status sqlite_job_claim(struct store *store, int64_t now, int64_t until, size_t limit,
                                job_visitor visit, void *context, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    struct claiming claiming = {JOB_SQL_NEXT, JOB_SQL_CLAIM, until, now, visit, context, 0};
    enum tw_status status = sqlite_begin_light(sqlite, error);
    if (status != TW_OK)
        return status;
    status = make_ready(sqlite, now, error);
    if (status == TW_OK)
        status = claim_each(sqlite, &claiming, limit, error);
    return sqlite_end_light(sqlite, status, error);
}

static enum tw_status end_one(struct sqlite_store *sqlite, struct job_ending *ending,
                              struct tw_error *error)
{
    sqlite3_stmt *statement;
    int64_t changed;
    bool back = ending->state == JOB_QUEUED;
    enum tw_status status =
        sqlite_job_statement(sqlite, back ? JOB_SQL_PUT_BACK : JOB_SQL_END, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(statement,
                        (int64_t[]){ending->number, ending->claim,
                                    back ? ending->due : (int64_t)ending->state,
                                    back ? ending->refused : ending->ended},
                        4);
    if (!back)
        sqlite_bind_bytes(statement, 5, ending->result);
    status = sqlite_change(sqlite, statement, &changed, error);
    ending->lost = changed == 0;
    return status;
}

enum tw_status sqlite_job_end(struct store *store, struct job_ending *endings, size_t count,
                              const struct ledger_settlement *settlement, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    enum tw_status status = sqlite_begin(sqlite, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = end_one(sqlite, &endings[i], error);
    if (status == TW_OK)
        status = sqlite_ledger_settle_within(sqlite, settlement, error);
    return sqlite_end(sqlite, status, error);
}

/* Runs a statement with some numbers and then, unless it is empty, a text, in a transaction of its
 * own. */
static enum tw_status change_one(struct store *store, enum job_statement which,
                                 const int64_t *numbers, int count, struct text text,
                                 int64_t *changed, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    enum tw_status status = sqlite_job_statement(sqlite, which, &statement, error);
    *changed = 0;
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(statement, numbers, count);
    if (text.length)
        sqlite_bind_text(statement, count + 1, text);
    return sqlite_change_alone(sqlite, statement, changed, error);
}

enum tw_status sqlite_job_extend(struct store *store, int64_t number, int64_t claim, int64_t lease,
                                 bool *lost, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    int64_t changed = 0;
    enum tw_status status = sqlite_job_statement(sqlite, JOB_SQL_EXTEND, &statement, error);
    if (status == TW_OK)
        status = sqlite_begin_light(sqlite, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(statement, (int64_t[]){number, claim, lease}, 3);
    status = sqlite_end_light(sqlite, sqlite_change(sqlite, statement, &changed, error), error);
    *lost = changed == 0;
    return status;
}

enum tw_status sqlite_job_cancel(struct store *store, struct text id, int64_t now, bool *cancelled,
                                 struct tw_error *error)
{
    int64_t changed;
    enum tw_status status = change_one(store, JOB_SQL_CANCEL, &now, 1, id, &changed, error);
    *cancelled = changed > 0;
    return status;
}

enum tw_status sqlite_job_cancel_batch(struct store *store, struct text batch, int64_t now,
                                       int64_t *cancelled, struct tw_error *error)
{
    return change_one(store, JOB_SQL_CANCEL_BATCH, &now, 1, batch, cancelled, error);
}

enum tw_status sqlite_job_retry(struct store *store, struct text id, int64_t now, int64_t deadline,
                                bool *retried, struct tw_error *error)
{
    int64_t changed;
    enum tw_status status =
        change_one(store, JOB_SQL_RETRY, (int64_t[]){now, deadline}, 2, id, &changed, error);
    *retried = changed > 0;
    return status;
}

/* --- callbacks --- */

enum tw_status sqlite_job_claim_callbacks(struct store *store, int64_t now, int64_t until,
                                          size_t limit, job_visitor visit, void *context,
                                          struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    struct claiming claiming = {
        JOB_SQL_NEXT_CALLBACK, JOB_SQL_CLAIM_CALLBACK, until, now, visit, context, 0};
    enum tw_status status = sqlite_begin_light(sqlite, error);
    if (status != TW_OK)
        return status;
    return sqlite_end_light(sqlite, claim_each(sqlite, &claiming, limit, error), error);
}

/* A due time that is not bound is NULL: nothing is owed any more. */
enum tw_status sqlite_job_end_callback(struct store *store, int64_t number, int64_t tries,
                                       int64_t due, struct tw_error *error)
{
    int64_t changed, numbers[] = {number, tries, due};
    return change_one(store, JOB_SQL_END_CALLBACK, numbers, due < 0 ? 2 : 3, TEXT(""), &changed,
                      error);
}

/* --- waiting --- */

/* Changes with each commit of another connection, in whatever process. */
static enum tw_status read_version(struct sqlite_store *sqlite, int64_t *version,
                                   struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = sqlite_job_statement(sqlite, JOB_SQL_VERSION, &statement, error);
    if (status != TW_OK)
        return status;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *version = sqlite3_column_int64(statement, 0);
    else
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(statement);
    return status;
}

/* Looks at the version, which reads no page, in steps that get longer. What was committed since the
 * last wait ends this one at once, even if it has been seen meanwhile. */
enum tw_status sqlite_job_wait(struct store *store, int64_t milliseconds, struct tw_error *error)
{
    enum { LONGEST_STEP = 16 }; /* milliseconds */
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    int64_t version = -1, step = 1;
    enum tw_status status = read_version(sqlite, &version, error);
    while (status == TW_OK && version == sqlite->seen_version && milliseconds > 0) {
        step = step < milliseconds ? step : milliseconds;
        nanosleep(&(struct timespec){.tv_nsec = (long)step * 1000000}, NULL);
        milliseconds -= step;
        step = 2 * step < LONGEST_STEP ? 2 * step : LONGEST_STEP;
        status = read_version(sqlite, &version, error);
    }
    if (status == TW_OK)
        sqlite->seen_version = version;
    return status;
}
