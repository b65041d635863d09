/* store/store_sqlite_schema.c: which tables a database has, and how an older one is brought up to
 * date.
 *
 * application_id says that a database is ours, user_version how many migrations it has had. A
 * migration that was released is never changed; further ones are added at the end. */
#include "store/store_sqlite.h"

enum { APPLICATION_ID = 0x54696572 }; /* "Tier" */

static const char *const migrations[] = {
    /* 1: the ledger */
    "CREATE TABLE ledger ("
    " number INTEGER PRIMARY KEY,"
    " request_id TEXT NOT NULL,"
    " attempt INTEGER NOT NULL CHECK (attempt >= 0),"
    " instant INTEGER NOT NULL CHECK (instant >= 0),"
    " model TEXT NOT NULL,"
    " requested_tier TEXT,"
    " chosen_tier TEXT,"
    " attempted_tier TEXT,"
    " served_tier TEXT,"
    " rule TEXT NOT NULL,"
    " policy_hash TEXT,"
    " input_tokens INTEGER CHECK (input_tokens >= 0),"
    " cached_tokens INTEGER CHECK (cached_tokens >= 0),"
    " cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0),"
    " output_tokens INTEGER CHECK (output_tokens >= 0),"
    " reasoning_tokens INTEGER CHECK (reasoning_tokens >= 0),"
    " price_table TEXT,"
    " price_row TEXT,"
    " cost INTEGER CHECK (cost >= 0),"
    " default_cost INTEGER CHECK (default_cost >= 0),"
    " latency INTEGER CHECK (latency >= 0),"
    " delay_added INTEGER CHECK (delay_added >= 0),"
    " http_status INTEGER CHECK (http_status >= 0),"
    " outcome INTEGER NOT NULL CHECK (outcome >= 0),"
    " user TEXT,"
    " hour INTEGER CHECK (hour BETWEEN 0 AND 23)"
    ") STRICT;"
    "CREATE INDEX ledger_instant ON ledger (instant);",
    /* 2: budgets. Sums are the ledger's up to the row `through`, and can be made again from it. */
    "ALTER TABLE ledger ADD COLUMN attributes TEXT;"
    "ALTER TABLE ledger ADD COLUMN estimate INTEGER CHECK (estimate >= 0);"
    "CREATE TABLE budget_windows ("
    " number INTEGER PRIMARY KEY,"
    " start INTEGER NOT NULL,"
    " finish INTEGER NOT NULL,"
    " attribute TEXT NOT NULL,"
    " through INTEGER NOT NULL,"
    " UNIQUE (start, finish, attribute)"
    ") STRICT;"
    "CREATE TABLE budget_sums ("
    " window INTEGER NOT NULL,"
    " value TEXT NOT NULL,"
    " spent INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),"
    " reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),"
    " PRIMARY KEY (window, value)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE reservations ("
    " owner INTEGER NOT NULL,"
    " number INTEGER NOT NULL,"
    " window INTEGER NOT NULL,"
    " value TEXT NOT NULL,"
    " amount INTEGER NOT NULL CHECK (amount > 0),"
    " PRIMARY KEY (owner, number, window, value)"
    ") STRICT, WITHOUT ROWID;",
    /* 3: jobs. The states are those of enum job_state. */
    "CREATE TABLE jobs ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " claim INTEGER NOT NULL DEFAULT 0 CHECK (claim >= 0),"
    " refusals INTEGER NOT NULL DEFAULT 0 CHECK (refusals >= 0),"
    " submitted INTEGER NOT NULL,"
    " due INTEGER NOT NULL CHECK (due >= 0),"
    " lease INTEGER NOT NULL DEFAULT 0,"
    " state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 4),"
    " id TEXT NOT NULL UNIQUE,"
    " body BLOB NOT NULL,"
    " result BLOB NOT NULL DEFAULT x''"
    ") STRICT;"
    "CREATE INDEX jobs_due ON jobs (due, number) WHERE state = 0;"
    "CREATE INDEX jobs_lease ON jobs (lease) WHERE state = 1;"
    "CREATE INDEX jobs_state ON jobs (state, number);",
    /* 4: deadlines, owners, batches, callbacks. Bodies get a table of their own, so that a claim
     * does not write them again. The state is 0 until the job has ended, so that
     * a claim does not move it in the indexes of all jobs; until then the stage says whether it
     * waits for its due time (0), is ready (1) or is running (2). When older jobs ended is not
     * known: their submission stands for it. No CHECKs: seven of them cost a third of an insert.
     * What the indexes are for is said in store_sqlite_job_rows.c. */
    "CREATE TABLE job_bodies (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"
    "INSERT INTO job_bodies SELECT number, body FROM jobs;"
    "CREATE TABLE new_jobs ("
    " number INTEGER PRIMARY KEY,"
    " state INTEGER NOT NULL DEFAULT 0,"
    " stage INTEGER NOT NULL DEFAULT 0,"
    " claim INTEGER NOT NULL DEFAULT 0,"
    " refusals INTEGER NOT NULL DEFAULT 0,"
    " expired INTEGER NOT NULL DEFAULT 0,"
    " submitted INTEGER NOT NULL,"
    " due INTEGER NOT NULL,"
    " deadline INTEGER NOT NULL,"
    " lease INTEGER NOT NULL DEFAULT 0,"
    " ended INTEGER NOT NULL DEFAULT 0,"
    " callback_due INTEGER,"
    " callback_tries INTEGER NOT NULL DEFAULT 0,"
    " id TEXT NOT NULL UNIQUE,"
    " owner TEXT NOT NULL DEFAULT '',"
    " batch TEXT NOT NULL DEFAULT '',"
    " callback TEXT NOT NULL DEFAULT '',"
    " result BLOB NOT NULL DEFAULT x''"
    ") STRICT;"
    "INSERT INTO new_jobs (number, state, stage, claim, refusals, submitted, due, deadline, lease,"
    " ended, id, result)"
    " SELECT number, CASE WHEN state >= 2 THEN state ELSE 0 END,"
    "  CASE state WHEN 0 THEN due <= CAST(strftime('%s', 'now') AS INTEGER) * 1000"
    "   WHEN 1 THEN 2 ELSE 0 END,"
    "  claim, refusals, submitted, due,"
    "  CASE WHEN typeof(deadline) = 'integer' AND deadline >= 0 THEN deadline"
    "   ELSE MAX(submitted + 86400000, 0) END,"
    "  lease, CASE WHEN state >= 2 THEN MAX(submitted, 1) ELSE 0 END, id, result"
    " FROM (SELECT *, CASE WHEN json_valid(CAST(body AS TEXT))"
    "  THEN json_extract(CAST(body AS TEXT), '$.deadline') END AS deadline FROM jobs);"
    "DROP TABLE jobs;"
    "ALTER TABLE new_jobs RENAME TO jobs;"
    "CREATE INDEX jobs_ready ON jobs (deadline) WHERE state = 0 AND stage = 1;"
    "CREATE INDEX jobs_waiting ON jobs (due) WHERE state = 0 AND stage = 0;"
    "CREATE INDEX jobs_lease ON jobs (lease) WHERE state = 0 AND stage = 2;"
    "CREATE INDEX jobs_state ON jobs (state);"
    "CREATE INDEX jobs_owner ON jobs (owner, state) WHERE owner <> '';"
    "CREATE INDEX jobs_batch ON jobs (batch, state) WHERE batch <> '';"
    "CREATE INDEX jobs_expired ON jobs (owner, batch, expired) WHERE expired > 0;"
    "CREATE INDEX jobs_callback ON jobs (callback_due) WHERE callback_due IS NOT NULL;"
    "CREATE TABLE files ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " created INTEGER NOT NULL,"
    " id TEXT NOT NULL UNIQUE,"
    " owner TEXT NOT NULL,"
    " purpose TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " content BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX files_owner ON files (owner);"
    "CREATE TABLE batches ("
    " number INTEGER PRIMARY KEY,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 6),"
    " created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL,"
    " total INTEGER NOT NULL CHECK (total >= 0),"
    " id TEXT NOT NULL UNIQUE,"
    " owner TEXT NOT NULL,"
    " input_file TEXT NOT NULL,"
    " endpoint TEXT NOT NULL,"
    " details TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX batches_owner ON batches (owner);"
    "CREATE INDEX batches_state ON batches (state);"
    "ALTER TABLE ledger ADD COLUMN caller TEXT;",
};

enum { NEWEST = sizeof migrations / sizeof migrations[0] };

int64_t sqlite_newest_version(void)
{
    return NEWEST;
}

/* The first column of a statement's only row. */
static enum tw_status read_number(struct sqlite_store *sqlite, const char *sql, int64_t *number,
                                  struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = sqlite_prepare(sqlite, sql, &statement, error);
    if (status != TW_OK)
        return status;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    else
        status = sqlite_failure(sqlite, error);
    sqlite3_finalize(statement);
    return status;
}

enum tw_status sqlite_version(struct sqlite_store *sqlite, int64_t *version, struct tw_error *error)
{
    int64_t application = 0, tables = 0;
    enum tw_status status =
        read_number(sqlite, "SELECT count(*) FROM sqlite_schema", &tables, error);
    if (status == TW_OK)
        status = read_number(sqlite, "PRAGMA application_id", &application, error);
    if (status == TW_OK)
        status = read_number(sqlite, "PRAGMA user_version", version, error);
    if (status != TW_OK)
        return status;
    bool empty = application == 0 && *version == 0 && tables == 0;
    if (application != APPLICATION_ID && !empty)
        return fail(error, TW_INVALID, "'%s' is the database of another program", sqlite->path);
    if (*version < 0)
        return fail(error, TW_DAMAGED, "the store '%s' has the schema %lld", sqlite->path,
                    (long long)*version);
    if (*version > NEWEST)
        return fail(error, TW_NEWER,
                    "the store '%s' has the schema %lld; this version knows up to %d", sqlite->path,
                    (long long)*version, NEWEST);
    return TW_OK;
}

static enum tw_status migrate_once(struct sqlite_store *sqlite, int64_t version,
                                   struct tw_error *error)
{
    char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d;"
                                "PRAGMA user_version = %d; COMMIT",
                                migrations[version], APPLICATION_ID, (int)version + 1);
    if (!sql)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    enum tw_status status = TW_OK;
    if (sqlite3_exec(sqlite->database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        status = sqlite_failure(sqlite, error);
        sqlite3_exec(sqlite->database, "ROLLBACK", NULL, NULL, NULL);
    }
    sqlite3_free(sql);
    return status;
}

enum tw_status sqlite_migrate(struct sqlite_store *sqlite, struct tw_error *error)
{
    int64_t version;
    enum tw_status status = sqlite_version(sqlite, &version, error);
    for (; status == TW_OK && version < NEWEST; version++)
        status = migrate_once(sqlite, version, error);
    return status;
}
