/* store/store_sqlite_job_rows.c: the statements about jobs, and reading them.
 *
 * A job's state is 0 until it has ended; until then its stage is 0 where it waits for its due time,
 * 1 where it is ready, 2 where it is running. What each index is for, so that nothing here costs
 * more the more jobs there are:
 *   jobs_ready     by deadline: the next claim
 *   jobs_waiting   by due time: what a claim makes ready first
 *   jobs_lease     of what is running, by the end of its claim
 *   jobs_state, jobs_owner, jobs_batch: lists and counts; a claim leaves them as they are
 *   jobs_expired   jobs of which claims ran out
 *   jobs_callback  callbacks that are owed, by due time
 * Indexes are named in the statements: left to choose, SQLite takes others and sorts. The number is
 * the last column of each. Only what is running is sorted, for a list: that is as many as workers
 * hold. A claim is named by the job's number and by how often it was claimed: what a worker says
 * whose lease ran out changes no row. */
#include "store/store_sqlite.h"

#define COLUMNS(claim, lease, tries, state)                                                        \
    "SELECT number, " claim ", refusals, expired, submitted, due, deadline, " lease ", ended,"     \
    " " tries ", " state ", id, owner, batch, callback,"                                           \
    " (SELECT body FROM job_bodies WHERE job_bodies.number = jobs.number), result FROM jobs"
#define JOB COLUMNS("claim", "lease", "callback_tries", "CASE stage WHEN 2 THEN 1 ELSE state END")
#define RUNNING " INDEXED BY jobs_lease WHERE state = 0 AND stage = 2"
#define OF_OWNER " INDEXED BY jobs_owner WHERE owner = ?4 AND owner <> ''"
#define OF_BATCH " INDEXED BY jobs_batch WHERE batch = ?4 AND batch <> ''"
#define OF_STATE " AND state = ?1 AND stage <> 2"
#define PAGE " AND number > ?2 ORDER BY number LIMIT ?3"
/* Sorts numbers, not jobs with their bodies. */
#define AMONG_RUNNING(also)                                                                        \
    " WHERE number IN (SELECT number FROM jobs" RUNNING also PAGE ") ORDER BY number"
/* Rows of a number and what is to be added to the count that it names: the states, with those that
 * are running among those of state 0, then expired claims. */
#define COUNT(indexed, also)                                                                       \
    "SELECT state, COUNT(*) FROM jobs" indexed " GROUP BY state"                                   \
    " UNION ALL SELECT 1, COUNT(*) FROM jobs" RUNNING also                                         \
    " UNION ALL SELECT 5, SUM(expired) FROM jobs INDEXED BY jobs_expired WHERE expired > 0" also
/* A callback is owed from the end on. */
#define OWED(instant) " callback_due = CASE WHEN callback <> '' THEN " instant " END"
#define CLAIMED " WHERE number = ?1 AND claim = ?2 AND state = 0 AND stage = 2"

static const char *const statements[JOB_STATEMENTS] = {
    [JOB_SQL_SUBMIT] = "INSERT INTO jobs (submitted, due, deadline, stage, id, owner, batch,"
                       " callback) VALUES (?1, ?2, ?3, ?2 <= ?1, ?4, ?5, ?6, ?7)"
                       " ON CONFLICT (id) DO NOTHING",
    [JOB_SQL_ADD_BODY] = "INSERT INTO job_bodies VALUES (?1, ?2)",
    [JOB_SQL_LOOK] = "SELECT EXISTS (SELECT 1 FROM jobs" RUNNING " AND lease <= ?1),"
                     " EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_waiting"
                     "  WHERE state = 0 AND stage = 0 AND due <= ?1)",
    [JOB_SQL_RETURN_EXPIRED] = "UPDATE jobs INDEXED BY jobs_lease SET stage = 1,"
                               " expired = expired + 1"
                               " WHERE state = 0 AND stage = 2 AND lease <= ?1",
    [JOB_SQL_MAKE_READY] = "UPDATE jobs INDEXED BY jobs_waiting SET stage = 1"
                           " WHERE state = 0 AND stage = 0 AND due <= ?1",
    [JOB_SQL_NEXT] = COLUMNS("claim + 1", "?1", "callback_tries", "1") //
    " INDEXED BY jobs_ready WHERE state = 0 AND stage = 1 ORDER BY deadline, number LIMIT 1",
    [JOB_SQL_CLAIM] = "UPDATE jobs SET stage = 2, claim = claim + 1, lease = ?2 WHERE number = ?1",
    [JOB_SQL_END] =
        "UPDATE jobs SET state = ?3, stage = 0, ended = ?4, result = ?5," OWED("?4") CLAIMED,
    [JOB_SQL_PUT_BACK] = "UPDATE jobs SET stage = 0, due = ?3, refusals = refusals + ?4" CLAIMED,
    [JOB_SQL_EXTEND] = "UPDATE jobs SET lease = ?3" CLAIMED,
    [JOB_SQL_CANCEL] = "UPDATE jobs SET state = 4, stage = 0, ended = ?1," OWED(
        "?1") " WHERE id = ?2 AND state = 0",
    [JOB_SQL_CANCEL_BATCH] =
        "UPDATE jobs INDEXED BY jobs_batch SET state = 4, stage = 0,"
        " ended = ?1," OWED("?1") " WHERE batch = ?2 AND batch <> '' AND state = 0 AND stage <> 2",
    [JOB_SQL_RETRY] = "UPDATE jobs SET state = 0, stage = 1, due = ?1, deadline = ?2, refusals = 0,"
                      " ended = 0, result = x'', callback_due = NULL,"
                      " callback_tries = callback_tries + (callback <> '')"
                      " WHERE id = ?3 AND state IN (3, 4)",
    [JOB_SQL_NEXT_CALLBACK] = COLUMNS("claim", "lease", "callback_tries + 1", "state") //
    " INDEXED BY jobs_callback WHERE callback_due <= ?2 ORDER BY callback_due, number LIMIT 1",
    [JOB_SQL_CLAIM_CALLBACK] = "UPDATE jobs SET callback_due = ?2,"
                               " callback_tries = callback_tries + 1 WHERE number = ?1",
    [JOB_SQL_END_CALLBACK] = "UPDATE jobs SET callback_due = ?3 WHERE number = ?1"
                             " AND callback_tries = ?2 AND callback_due IS NOT NULL",
    [JOB_SQL_FIND] = JOB " WHERE id = ?1",
    [JOB_SQL_LIST] = JOB " INDEXED BY jobs_state WHERE 1" OF_STATE PAGE,
    [JOB_SQL_LIST_OWNER] = JOB OF_OWNER OF_STATE PAGE,
    [JOB_SQL_LIST_BATCH] = JOB OF_BATCH OF_STATE PAGE,
    [JOB_SQL_RUNNING] = JOB AMONG_RUNNING(""),
    [JOB_SQL_RUNNING_OWNER] = JOB AMONG_RUNNING(" AND owner = ?4"),
    [JOB_SQL_RUNNING_BATCH] = JOB AMONG_RUNNING(" AND batch = ?4"),
    [JOB_SQL_COUNT] = COUNT(" INDEXED BY jobs_state", ""),
    [JOB_SQL_COUNT_OWNER] = COUNT(OF_OWNER, " AND owner = ?4"),
    [JOB_SQL_COUNT_BATCH] = COUNT(OF_BATCH, " AND batch = ?4"),
    [JOB_SQL_VERSION] = "PRAGMA data_version",
};

enum tw_status sqlite_job_statement(struct sqlite_store *sqlite, enum job_statement which,
                                    sqlite3_stmt **statement, struct tw_error *error)
{
    return sqlite_get(sqlite, &sqlite->jobs[which], statements[which], statement, error);
}

void sqlite_job_finalize(struct sqlite_store *sqlite)
{
    for (size_t i = 0; i < JOB_STATEMENTS; i++)
        sqlite3_finalize(sqlite->jobs[i]);
}

static enum tw_status visit_row(struct sqlite_store *sqlite, sqlite3_stmt *row, job_visitor visit,
                                void *context, struct tw_error *error)
{
    struct job job;
    int column = 0;
    int64_t *const numbers[] = {&job.number,    &job.claim,         &job.refusals, &job.expired,
                                &job.submitted, &job.due,           &job.deadline, &job.lease,
                                &job.ended,     &job.callback_tries};
    struct text *const texts[] = {&job.id,       &job.owner, &job.batch,
                                  &job.callback, &job.body,  &job.result};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = sqlite3_column_int64(row, column++);
    int64_t state = sqlite3_column_int64(row, column++);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = sqlite_column_bytes(row, column++);
    if (state < 0 || state >= JOB_STATE_COUNT)
        return fail(error, TW_DAMAGED, "the store '%s' has a job with a bad state", sqlite->path);
    job.state = (enum job_state)state;
    return visit(context, &job);
}

enum tw_status sqlite_job_visit(struct sqlite_store *sqlite, sqlite3_stmt *rows, job_visitor visit,
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

enum tw_status sqlite_job_find(struct store *store, struct text id, job_visitor visit,
                               void *context, bool *found, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    size_t count;
    enum tw_status status = sqlite_job_statement(sqlite, JOB_SQL_FIND, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_text(statement, 1, id);
    status = sqlite_job_visit(sqlite, statement, visit, context, &count, error);
    *found = count > 0;
    return status;
}

/* The one of three statements that a filter asks for, with the filter's text bound. Their order is
 * all, by owner, by batch. */
static enum tw_status filtered(struct sqlite_store *sqlite, enum job_statement all,
                               const struct job_filter *filter, sqlite3_stmt **statement,
                               struct tw_error *error)
{
    int which = (int)all + (filter->owner.length ? 1 : filter->batch.length ? 2 : 0);
    enum tw_status status =
        sqlite_job_statement(sqlite, (enum job_statement)which, statement, error);
    if (status == TW_OK && which != (int)all)
        sqlite_bind_text(*statement, 4, filter->owner.length ? filter->owner : filter->batch);
    return status;
}

enum tw_status sqlite_job_list(struct store *store, const struct job_filter *filter,
                               enum job_state state, int64_t after, size_t limit, job_visitor visit,
                               void *context, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    size_t count;
    enum tw_status status = filtered(sqlite, state == JOB_RUNNING ? JOB_SQL_RUNNING : JOB_SQL_LIST,
                                     filter, &statement, error);
    if (status != TW_OK)
        return status;
    int64_t most = limit < INT64_MAX ? (int64_t)limit : INT64_MAX;
    sqlite_bind_numbers(statement, (int64_t[]){state, after, most}, 3);
    return sqlite_job_visit(sqlite, statement, visit, context, &count, error);
}

enum tw_status sqlite_job_count(struct store *store, const struct job_filter *filter,
                                struct job_counts *counts, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *rows;
    int code;
    enum tw_status status = filtered(sqlite, JOB_SQL_COUNT, filter, &rows, error);
    if (status != TW_OK)
        return status;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        int64_t which = sqlite3_column_int64(rows, 0), count = sqlite3_column_int64(rows, 1);
        if (which >= 0 && which < JOB_STATE_COUNT)
            counts->of_state[which] += count;
        else
            counts->expired += count;
    }
    counts->of_state[JOB_QUEUED] -= counts->of_state[JOB_RUNNING];
    if (code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(rows);
    sqlite3_clear_bindings(rows);
    return status;
}
