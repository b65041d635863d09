/* store/store_sqlite_jobs.c: jobs as SQL.
 *
 * A claim reads the partial index of queued jobs by due time and so costs the same however many are
 * queued. The index is named: left to choose, SQLite takes the one by state and sorts all that are
 * queued. A claim is named by the job's number and by how often it was claimed: what a worker says
 * whose lease ran out changes no row. */
#include "store/store_sqlite.h"

#define COLUMNS "number, claim, refusals, submitted, due, lease, state, id, body, result"

/* States are written as numbers, for the partial indexes: 0 queued, 1 running, 4 cancelled. */
static const char *const statements[JOB_STATEMENTS] = {
    [JOB_SQL_SUBMIT] = "INSERT INTO jobs (id, body, due, submitted) VALUES (?1, ?2, ?3, ?4)"
                       " ON CONFLICT (id) DO NOTHING",
    [JOB_SQL_RETURN_EXPIRED] = "UPDATE jobs INDEXED BY jobs_lease SET state = 0"
                               " WHERE state = 1 AND lease <= ?1",
    [JOB_SQL_CLAIM] = "UPDATE jobs SET state = 1, claim = claim + 1, lease = ?2 WHERE number ="
                      " (SELECT number FROM jobs INDEXED BY jobs_due WHERE state = 0 AND due <= ?1"
                      "  ORDER BY due, number LIMIT 1) RETURNING " COLUMNS,
    [JOB_SQL_END] = "UPDATE jobs SET state = ?3, due = COALESCE(?4, due),"
                    " refusals = refusals + ?5, result = ?6"
                    " WHERE number = ?1 AND claim = ?2 AND state = 1",
    [JOB_SQL_EXTEND] = "UPDATE jobs SET lease = ?3 WHERE number = ?1 AND claim = ?2 AND state = 1",
    [JOB_SQL_CANCEL] = "UPDATE jobs SET state = 4 WHERE id = ?1 AND state IN (0, 1)",
    [JOB_SQL_FIND] = "SELECT " COLUMNS " FROM jobs WHERE id = ?1",
    [JOB_SQL_LIST] = "SELECT " COLUMNS " FROM jobs WHERE state = ?1 AND number > ?2"
                     " ORDER BY number LIMIT ?3",
    [JOB_SQL_COUNT] = "SELECT state, COUNT(*) FROM jobs GROUP BY state",
};

/* The statement, made when it is needed first. */
static enum tw_status get(struct sqlite_store *sqlite, enum job_statement which,
                          sqlite3_stmt **statement, struct tw_error *error)
{
    sqlite3_stmt **kept = &sqlite->jobs[which];
    enum tw_status status = *kept ? TW_OK : sqlite_prepare(sqlite, statements[which], kept, error);
    *statement = *kept;
    return status;
}

static void bind_id(sqlite3_stmt *statement, struct text id)
{
    sqlite3_bind_text64(statement, 1, id.length ? id.data : "", id.length, SQLITE_STATIC,
                        SQLITE_UTF8);
}

static void bind_bytes(sqlite3_stmt *statement, int parameter, struct text bytes)
{
    sqlite3_bind_blob64(statement, parameter, bytes.length ? bytes.data : "", bytes.length,
                        SQLITE_STATIC);
}

/* Runs a change whose parameters are bound. The texts among them are the caller's. */
static enum tw_status change(struct sqlite_store *sqlite, sqlite3_stmt *statement, bool *changed,
                             struct tw_error *error)
{
    enum tw_status status = sqlite_run(sqlite, statement, error);
    sqlite3_clear_bindings(statement);
    *changed = status == TW_OK && sqlite3_changes(sqlite->database) > 0;
    return status;
}

static struct text column_bytes(sqlite3_stmt *row, int column)
{
    const char *data = sqlite3_column_blob(row, column);
    return (struct text){data ? data : "", (size_t)sqlite3_column_bytes(row, column)};
}

static enum tw_status visit_row(struct sqlite_store *sqlite, sqlite3_stmt *row, job_visitor visit,
                                void *context, struct tw_error *error)
{
    int64_t state = sqlite3_column_int64(row, 6);
    if (state < 0 || state >= JOB_STATE_COUNT)
        return fail(error, TW_DAMAGED, "the store '%s' has a job with a bad state", sqlite->path);
    struct job job = {.number = sqlite3_column_int64(row, 0),
                      .claim = sqlite3_column_int64(row, 1),
                      .refusals = sqlite3_column_int64(row, 2),
                      .submitted = sqlite3_column_int64(row, 3),
                      .due = sqlite3_column_int64(row, 4),
                      .lease = sqlite3_column_int64(row, 5),
                      .state = (enum job_state)state,
                      .id = column_bytes(row, 7),
                      .body = column_bytes(row, 8),
                      .result = column_bytes(row, 9)};
    return visit(context, &job);
}

/* Visits all rows of a statement, and resets it. */
static enum tw_status visit_rows(struct sqlite_store *sqlite, sqlite3_stmt *rows, job_visitor visit,
                                 void *context, size_t *count, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    int code = SQLITE_DONE;
    *count = 0;
    while (status == TW_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        status = visit_row(sqlite, rows, visit, context, error);
        ++*count;
    }
    if (status == TW_OK && code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(rows);
    sqlite3_clear_bindings(rows);
    return status;
}

static enum tw_status submit_one(struct sqlite_store *sqlite, struct job_submission *submission,
                                 int64_t now, struct tw_error *error)
{
    sqlite3_stmt *insert;
    bool added;
    enum tw_status status = get(sqlite, JOB_SQL_SUBMIT, &insert, error);
    if (status != TW_OK)
        return status;
    bind_id(insert, submission->id);
    bind_bytes(insert, 2, submission->body);
    sqlite3_bind_int64(insert, 3, submission->due);
    sqlite3_bind_int64(insert, 4, now);
    status = change(sqlite, insert, &added, error);
    submission->existed = !added;
    return status;
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

static enum tw_status return_expired(struct sqlite_store *sqlite, int64_t now,
                                     struct tw_error *error)
{
    sqlite3_stmt *statement;
    bool changed;
    enum tw_status status = get(sqlite, JOB_SQL_RETURN_EXPIRED, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, now);
    return change(sqlite, statement, &changed, error);
}

enum tw_status sqlite_job_claim(struct store *store, int64_t now, int64_t until, size_t limit,
                                job_visitor visit, void *context, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *claim;
    size_t claimed = 1;
    enum tw_status status = sqlite_begin(sqlite, error);
    if (status != TW_OK)
        return status;
    status = return_expired(sqlite, now, error);
    if (status == TW_OK)
        status = get(sqlite, JOB_SQL_CLAIM, &claim, error);
    for (size_t i = 0; i < limit && claimed && status == TW_OK; i++) {
        sqlite3_bind_int64(claim, 1, now);
        sqlite3_bind_int64(claim, 2, until);
        status = visit_rows(sqlite, claim, visit, context, &claimed, error);
    }
    return sqlite_end(sqlite, status, error);
}

static enum tw_status end_one(struct sqlite_store *sqlite, struct job_ending *ending,
                              struct tw_error *error)
{
    sqlite3_stmt *statement;
    bool changed, back = ending->state == JOB_QUEUED;
    enum tw_status status = get(sqlite, JOB_SQL_END, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, ending->number);
    sqlite3_bind_int64(statement, 2, ending->claim);
    sqlite3_bind_int64(statement, 3, ending->state);
    if (back)
        sqlite3_bind_int64(statement, 4, ending->due);
    sqlite3_bind_int64(statement, 5, back && ending->refused);
    bind_bytes(statement, 6, ending->result);
    status = change(sqlite, statement, &changed, error);
    ending->lost = !changed;
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

/* Runs one bound change in a transaction of its own. */
static enum tw_status change_alone(struct sqlite_store *sqlite, sqlite3_stmt *statement,
                                   bool *changed, struct tw_error *error)
{
    enum tw_status status = sqlite_begin(sqlite, error);
    if (status != TW_OK)
        return status;
    return sqlite_end(sqlite, change(sqlite, statement, changed, error), error);
}

enum tw_status sqlite_job_extend(struct store *store, int64_t number, int64_t claim, int64_t lease,
                                 bool *lost, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    bool changed = false;
    enum tw_status status = get(sqlite, JOB_SQL_EXTEND, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, claim);
    sqlite3_bind_int64(statement, 3, lease);
    status = change_alone(sqlite, statement, &changed, error);
    *lost = !changed;
    return status;
}

enum tw_status sqlite_job_cancel(struct store *store, struct text id, bool *cancelled,
                                 struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    enum tw_status status = get(sqlite, JOB_SQL_CANCEL, &statement, error);
    *cancelled = false;
    if (status != TW_OK)
        return status;
    bind_id(statement, id);
    return change_alone(sqlite, statement, cancelled, error);
}

enum tw_status sqlite_job_find(struct store *store, struct text id, job_visitor visit,
                               void *context, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    size_t count;
    enum tw_status status = get(sqlite, JOB_SQL_FIND, &statement, error);
    if (status != TW_OK)
        return status;
    bind_id(statement, id);
    status = visit_rows(sqlite, statement, visit, context, &count, error);
    if (status == TW_OK && count == 0)
        return fail(error, TW_NOT_FOUND, "there is no such job");
    return status;
}

enum tw_status sqlite_job_list(struct store *store, enum job_state state, int64_t after,
                               size_t limit, job_visitor visit, void *context,
                               struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    size_t count;
    enum tw_status status = get(sqlite, JOB_SQL_LIST, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, state);
    sqlite3_bind_int64(statement, 2, after);
    sqlite3_bind_int64(statement, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
    return visit_rows(sqlite, statement, visit, context, &count, error);
}

enum tw_status sqlite_job_counts(struct store *store, int64_t counts[JOB_STATE_COUNT],
                                 struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *rows;
    int code;
    enum tw_status status = get(sqlite, JOB_SQL_COUNT, &rows, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < JOB_STATE_COUNT; i++)
        counts[i] = 0;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        int64_t state = sqlite3_column_int64(rows, 0);
        if (state >= 0 && state < JOB_STATE_COUNT)
            counts[state] = sqlite3_column_int64(rows, 1);
    }
    if (code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(rows);
    return status;
}

void sqlite_job_finalize(struct sqlite_store *sqlite)
{
    for (size_t i = 0; i < JOB_STATEMENTS; i++)
        sqlite3_finalize(sqlite->jobs[i]);
}
