/* SQLite's tables: jobs of an older file come along, and what the queue asks costs the same however
 * many jobs there are, by what SQLite says it would read. */
#include <sqlite3.h>

#include "job_probe.h"
#include "store/store_sqlite.h"

static void sql(const char *path, const char *text)
{
    sqlite3 *database;
    char *message = NULL;
    CU_ASSERT_EQUAL(sqlite3_open(path, &database), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(database, text, NULL, NULL, &message), SQLITE_OK);
    if (message)
        printf("\n%s\n", message);
    sqlite3_free(message);
    sqlite3_close(database);
}

/* --- an older file --- */

/* The third schema as it was released, without what has nothing to do with jobs, and a job of each
 * kind. */
static const char third_schema[] =
    "CREATE TABLE ledger (number INTEGER PRIMARY KEY, request_id TEXT NOT NULL,"
    " attempt INTEGER NOT NULL, instant INTEGER NOT NULL, model TEXT NOT NULL, requested_tier TEXT,"
    " chosen_tier TEXT, attempted_tier TEXT, served_tier TEXT, rule TEXT NOT NULL,"
    " policy_hash TEXT, input_tokens INTEGER, cached_tokens INTEGER, cache_write_tokens INTEGER,"
    " output_tokens INTEGER, reasoning_tokens INTEGER, price_table TEXT, price_row TEXT,"
    " cost INTEGER, default_cost INTEGER, latency INTEGER, delay_added INTEGER,"
    " http_status INTEGER, outcome INTEGER NOT NULL, user TEXT, hour INTEGER, attributes TEXT,"
    " estimate INTEGER) STRICT;"
    "CREATE TABLE jobs (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " claim INTEGER NOT NULL DEFAULT 0 CHECK (claim >= 0),"
    " refusals INTEGER NOT NULL DEFAULT 0 CHECK (refusals >= 0), submitted INTEGER NOT NULL,"
    " due INTEGER NOT NULL CHECK (due >= 0), lease INTEGER NOT NULL DEFAULT 0,"
    " state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 4), id TEXT NOT NULL UNIQUE,"
    " body BLOB NOT NULL, result BLOB NOT NULL DEFAULT x'') STRICT;"
    "CREATE INDEX jobs_due ON jobs (due, number) WHERE state = 0;"
    "CREATE INDEX jobs_lease ON jobs (lease) WHERE state = 1;"
    "CREATE INDEX jobs_state ON jobs (state, number);"
    "INSERT INTO jobs (claim, refusals, submitted, due, lease, state, id, body, result) VALUES"
    " (0, 0, 100, 100, 0, 0, 'queued', CAST('{\"deadline\": 5000, \"x\": 1}' AS BLOB), x''),"
    " (3, 2, 200, 4102444800000, 0, 0, 'waiting', CAST('{\"deadline\": 4000}' AS BLOB), x''),"
    " (1, 0, 300, 300, 900, 1, 'running', CAST('{\"deadline\": \"soon\"}' AS BLOB), x''),"
    " (1, 0, 400, 400, 900, 2, 'done', x'7bff7d', CAST('words' AS BLOB)),"
    " (1, 1, 500, 500, 900, 3, 'failed', CAST('{\"deadline\": 99999999999999999999}' AS BLOB),"
    "  CAST('why' AS BLOB)),"
    " (0, 0, 600, 600, 0, 4, 'cancelled', CAST('{}' AS BLOB), x'');"
    "PRAGMA application_id = 1416193394; PRAGMA user_version = 3;";

static void expect_job(struct store *store, const char *id, struct job expected, const char *result)
{
    struct seen seen = find(store, id);
    CU_ASSERT_EQUAL(seen.last.number, expected.number);
    CU_ASSERT_EQUAL(seen.last.claim, expected.claim);
    CU_ASSERT_EQUAL(seen.last.refusals, expected.refusals);
    CU_ASSERT_EQUAL(seen.last.submitted, expected.submitted);
    CU_ASSERT_EQUAL(seen.last.deadline, expected.deadline);
    CU_ASSERT_EQUAL(seen.last.state, expected.state);
    CU_ASSERT_EQUAL(seen.last.ended, expected.ended);
    CU_ASSERT_STRING_EQUAL(seen.result, result);
}

static void jobs_of_an_older_file(void)
{
    enum { DAY = 86400000 };
    struct store_place place = place_make();
    sql(place.path, third_schema);
    struct store *store = place_open(place.path);
    expect_job(store, "queued", (struct job){1, .submitted = 100, .deadline = 5000}, "");
    expect_job(store, "waiting",
               (struct job){2, .claim = 3, .refusals = 2, .submitted = 200, .deadline = 4000}, "");
    expect_job(
        store, "running",
        (struct job){3, .claim = 1, .submitted = 300, .deadline = 300 + DAY, .state = JOB_RUNNING},
        "");
    expect_job(store, "done",
               (struct job){4, .claim = 1, .submitted = 400, .deadline = 400 + DAY, .ended = 400,
                            .state = JOB_DONE},
               "words");
    expect_job(store, "failed",
               (struct job){5, .claim = 1, .refusals = 1, .submitted = 500, .deadline = 500 + DAY,
                            .ended = 500, .state = JOB_FAILED},
               "why");
    CU_ASSERT_STRING_EQUAL(find(store, "queued").body, "{\"deadline\": 50");
    CU_ASSERT_STRING_EQUAL(find(store, "cancelled").body, "{}");
    struct seen seen = claim(store, 899, 8);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "queued");
    seen = claim(store, 900, 8);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "running");
    CU_ASSERT_EQUAL(seen.last.expired, 1);
    CU_ASSERT_EQUAL(claim(store, 4102444800000, 8).count, 3);
    CU_ASSERT_TRUE(submit(store, "new", 0));
    CU_ASSERT_EQUAL(find(store, "new").last.number, 7);
    store_close(store);
    place_remove(&place);
}

/* --- plans --- */

static enum tw_status ignore_file(void *context, const struct stored_file *file)
{
    (void)context;
    (void)file;
    return TW_OK;
}

static enum tw_status ignore_batch(void *context, const struct batch *batch)
{
    (void)context;
    (void)batch;
    return TW_OK;
}

/* Asks everything about jobs once, so that each statement is there. */
static void use_jobs(struct store *store)
{
    const struct job_filter filters[] = {all_jobs, {.owner = TEXT("o")}, {.batch = TEXT("b")}};
    struct seen seen = {.give = TW_OK};
    struct job_counts counts;
    int64_t number;
    bool done;
    submit(store, "a", 0);
    struct job a = claim(store, 0, 1).last;
    CU_ASSERT_TRUE(end(store, &a, JOB_QUEUED, 5));
    a = claim(store, 5, 1).last;
    CU_ASSERT_EQUAL(job_extend(store, a.number, a.claim, 500, &done, NULL), TW_OK);
    a = claim(store, 500, 1).last;
    CU_ASSERT_TRUE(end(store, &a, JOB_FAILED, 0));
    CU_ASSERT_EQUAL(job_retry(store, TEXT("a"), 0, 0, &done, NULL), TW_OK);
    CU_ASSERT_EQUAL(job_cancel(store, TEXT("a"), 0, &done, NULL), TW_OK);
    CU_ASSERT_EQUAL(job_cancel_batch(store, TEXT("b"), 0, &number, NULL), TW_OK);
    CU_ASSERT_EQUAL(job_claim_callbacks(store, 0, 1, 1, see, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.count, 0);
    CU_ASSERT_EQUAL(job_end_callback(store, 1, 1, 1, NULL), TW_OK);
    CU_ASSERT_EQUAL(job_wait(store, 1, NULL), TW_OK);
    find(store, "a");
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(job_list(store, &filters[i], JOB_DONE, 0, 1, see, &seen, NULL), TW_OK);
        CU_ASSERT_EQUAL(job_list(store, &filters[i], JOB_RUNNING, 0, 1, see, &seen, NULL), TW_OK);
        CU_ASSERT_EQUAL(job_count(store, &filters[i], &counts, NULL), TW_OK);
    }
}

static void use_batches(struct store *store)
{
    struct stored_file file = {.id = TEXT("f")};
    struct batch batch = {.id = TEXT("b")};
    bool done;
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_OK);
    CU_ASSERT_EQUAL(batch_add(store, &batch, NULL), TW_OK);
    for (int i = 0; i < 4; i++) {
        struct list_part part = {.any_owner = i & 1, .downwards = i & 2, .limit = 1};
        CU_ASSERT_EQUAL(stored_file_list(store, &part, ignore_file, NULL, NULL), TW_OK);
        CU_ASSERT_EQUAL(batch_list(store, &part, ignore_batch, NULL, NULL), TW_OK);
    }
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(stored_file_find(store, file.id, i, ignore_file, NULL, NULL), TW_OK);
    CU_ASSERT_EQUAL(batch_find(store, batch.id, ignore_batch, NULL, NULL), TW_OK);
    CU_ASSERT_EQUAL(batch_list_state(store, BATCH_FAILED, ignore_batch, NULL, NULL), TW_OK);
    CU_ASSERT_EQUAL(batch_change(store, &batch, BATCH_FAILED, &done, NULL), TW_OK);
    CU_ASSERT_EQUAL(stored_file_delete(store, file.id, &done, NULL), TW_OK);
}

/* Whether a step of a plan costs the more, the more jobs there are. Of an index that holds nothing
 * but what is ready the first entry is taken, and what is running is sorted, as many as workers
 * hold. A count reads one index: that is what its header says. */
static bool grows(const char *step, const char *text)
{
    bool counts = strstr(text, "COUNT(*)") && strstr(step, "SCAN jobs USING COVERING INDEX");
    bool first = strstr(step, "SCAN jobs USING INDEX jobs_ready");
    bool running = strstr(text, "INDEXED BY jobs_lease") || counts;
    return (strstr(step, "SCAN") && !strstr(step, "CONSTANT ROW") && !counts && !first &&
            !strstr(step, "jobs_lease")) ||
           (strstr(step, "TEMP B-TREE") && !running);
}

static void expect_plan(sqlite3 *database, const char *text)
{
    sqlite3_stmt *plan;
    char explain[4096];
    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", text);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(database, explain, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        if (grows(step, text))
            printf("\n%s\n  %s\n", text, step);
        CU_ASSERT_FALSE(grows(step, text));
    }
    sqlite3_finalize(plan);
}

static void expect_plans(sqlite3 *database, sqlite3_stmt *const *statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!statements[i])
            printf("\nno statement %zu\n", i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(statements[i]);
        expect_plan(database, sqlite3_sql(statements[i]));
    }
}

static void nothing_is_scanned(void)
{
    struct store_place place = place_make();
    struct store *store = place_open(place.path);
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    use_jobs(store);
    use_batches(store);
    expect_plans(sqlite->database, sqlite->jobs, JOB_STATEMENTS);
    expect_plans(sqlite->database, sqlite->batches, BATCH_STATEMENTS);
    store_close(store);
    place_remove(&place);
}

UNIT_TESTS({"jobs of an older file", jobs_of_an_older_file},
           {"nothing is scanned", nothing_is_scanned})
