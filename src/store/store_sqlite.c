/* store/store_sqlite.c: opening and closing an SQLite file, its transactions, its errors.
 *
 * WAL with synchronous=FULL: what was committed survives a loss of power. Writers of different
 * processes take turns by a lock on PATH-lock, which they hold for a whole transaction, the
 * checkpoint at its end included: SQLite before 3.51.3 can lose data when two connections write or
 * checkpoint in the same instant ("WAL-reset bug"). Readers never checkpoint. */
#include "store/store_sqlite.h"

#include "store/file_lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a cause in the operating system means, where SQLite says only that I/O failed. */
static enum tw_status system_status(int cause)
{
    static const struct {
        int cause;
        enum tw_status status;
    } known[] = {{ENOENT, TW_NOT_FOUND}, {ENOTDIR, TW_NOT_FOUND}, {EROFS, TW_READ_ONLY},
                 {ENOSPC, TW_FULL},      {EDQUOT, TW_FULL},       {EFBIG, TW_FULL},
                 {ENOMEM, TW_NO_MEMORY}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].cause == cause)
            return known[i].status;
    return TW_IO;
}

static enum tw_status status_of(int code, int cause)
{
    static const struct {
        int code;
        enum tw_status status;
    } known[] = {{SQLITE_BUSY, TW_BUSY},          {SQLITE_LOCKED, TW_BUSY},
                 {SQLITE_CORRUPT, TW_DAMAGED},    {SQLITE_NOTADB, TW_DAMAGED},
                 {SQLITE_CONSTRAINT, TW_DAMAGED}, {SQLITE_MISMATCH, TW_DAMAGED},
                 {SQLITE_READONLY, TW_READ_ONLY}, {SQLITE_PERM, TW_READ_ONLY},
                 {SQLITE_FULL, TW_FULL},          {SQLITE_NOMEM, TW_NO_MEMORY},
                 {SQLITE_TOOBIG, TW_LIMIT}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].code == (code & 0xff))
            return known[i].status;
    return cause ? system_status(cause) : TW_IO;
}

/* The errno behind an I/O error, 0 where there is none. SQLite does not record it for a COMMIT that
 * failed; the write-ahead log's file still knows it. */
static int system_cause(sqlite3 *database)
{
    int cause = sqlite3_system_errno(database);
    sqlite3_file *log = NULL;
    if (cause)
        return cause;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &cause);
    return cause;
}

enum tw_status sqlite_failure(struct sqlite_store *sqlite, struct tw_error *error)
{
    int code = sqlite3_extended_errcode(sqlite->database);
    int primary = code & 0xff;
    bool system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
    int cause = system ? system_cause(sqlite->database) : 0;
    return fail(error, status_of(code, cause), "the store '%s': %s%s%s", sqlite->path,
                sqlite3_errmsg(sqlite->database), cause ? ": " : "", cause ? strerror(cause) : "");
}

enum tw_status sqlite_prepare(struct sqlite_store *sqlite, const char *sql,
                              sqlite3_stmt **statement, struct tw_error *error)
{
    int code =
        sqlite3_prepare_v3(sqlite->database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    if (code == SQLITE_OK)
        return TW_OK;
    if (code == SQLITE_ERROR)
        return fail(error, TW_DAMAGED, "the store '%s' has not the tables it should have: %s",
                    sqlite->path, sqlite3_errmsg(sqlite->database));
    return sqlite_failure(sqlite, error);
}

enum tw_status sqlite_get(struct sqlite_store *sqlite, sqlite3_stmt **kept, const char *sql,
                          sqlite3_stmt **statement, struct tw_error *error)
{
    enum tw_status status = *kept ? TW_OK : sqlite_prepare(sqlite, sql, kept, error);
    *statement = *kept;
    return status;
}

void sqlite_bind_text(sqlite3_stmt *statement, int parameter, struct text text)
{
    sqlite3_bind_text64(statement, parameter, text.length ? text.data : "", text.length,
                        SQLITE_STATIC, SQLITE_UTF8);
}

void sqlite_bind_bytes(sqlite3_stmt *statement, int parameter, struct text bytes)
{
    sqlite3_bind_blob64(statement, parameter, bytes.length ? bytes.data : "", bytes.length,
                        SQLITE_STATIC);
}

void sqlite_bind_numbers(sqlite3_stmt *statement, const int64_t *numbers, int count)
{
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(statement, i + 1, numbers[i]);
}

struct text sqlite_column_bytes(sqlite3_stmt *row, int column)
{
    const char *data = sqlite3_column_blob(row, column);
    return (struct text){data ? data : "", (size_t)sqlite3_column_bytes(row, column)};
}

enum tw_status sqlite_run(struct sqlite_store *sqlite, sqlite3_stmt *statement,
                          struct tw_error *error)
{
    int code = sqlite3_step(statement);
    enum tw_status status = code == SQLITE_DONE ? TW_OK : sqlite_failure(sqlite, error);
    sqlite3_reset(statement);
    return status;
}

enum tw_status sqlite_change(struct sqlite_store *sqlite, sqlite3_stmt *statement, int64_t *changed,
                             struct tw_error *error)
{
    enum tw_status status = sqlite_run(sqlite, statement, error);
    sqlite3_clear_bindings(statement);
    *changed = status == TW_OK ? sqlite3_changes64(sqlite->database) : 0;
    return status;
}

enum tw_status sqlite_change_alone(struct sqlite_store *sqlite, sqlite3_stmt *statement,
                                   int64_t *changed, struct tw_error *error)
{
    enum tw_status status = sqlite_begin(sqlite, error);
    *changed = 0;
    if (status == TW_OK)
        status = sqlite_end(sqlite, sqlite_change(sqlite, statement, changed, error), error);
    return status;
}

enum tw_status sqlite_execute(struct sqlite_store *sqlite, const char *sql, struct tw_error *error)
{
    int code = sqlite3_exec(sqlite->database, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? TW_OK : sqlite_failure(sqlite, error);
}

enum tw_status sqlite_begin(struct sqlite_store *sqlite, struct tw_error *error)
{
    enum tw_status status = file_lock_take(sqlite->lock, sqlite->busy_wait, error);
    if (status != TW_OK)
        return status;
    status = sqlite_run(sqlite, sqlite->begin, error);
    if (status != TW_OK)
        file_lock_release(sqlite->lock);
    return status;
}

enum tw_status sqlite_end(struct sqlite_store *sqlite, enum tw_status status,
                          struct tw_error *error)
{
    if (status == TW_OK)
        status = sqlite_run(sqlite, sqlite->commit, error);
    /* Some errors have taken the transaction back already; then there is none to end. */
    if (!sqlite3_get_autocommit(sqlite->database))
        sqlite_run(sqlite, sqlite->rollback, NULL);
    file_lock_release(sqlite->lock);
    return status;
}

enum tw_status sqlite_begin_light(struct sqlite_store *sqlite, struct tw_error *error)
{
    enum tw_status status = sqlite_execute(sqlite, "PRAGMA synchronous = NORMAL", error);
    if (status != TW_OK)
        return status;
    status = sqlite_begin(sqlite, error);
    if (status != TW_OK)
        sqlite_execute(sqlite, "PRAGMA synchronous = FULL", NULL);
    return status;
}

enum tw_status sqlite_end_light(struct sqlite_store *sqlite, enum tw_status status,
                                struct tw_error *error)
{
    status = sqlite_end(sqlite, status, error);
    enum tw_status back = sqlite_execute(sqlite, "PRAGMA synchronous = FULL", error);
    return status == TW_OK ? back : status;
}

/* Opening. */

static enum tw_status open_database(struct sqlite_store *sqlite, bool read_only,
                                    struct tw_error *error)
{
    int flags = SQLITE_OPEN_NOMUTEX;
    flags |= read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(sqlite->path, &sqlite->database, flags, NULL);
    if (!sqlite->database)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    if (code != SQLITE_OK)
        return sqlite_failure(sqlite, error);
    sqlite3_extended_result_codes(sqlite->database, 1);
    sqlite3_busy_timeout(sqlite->database, sqlite->busy_wait);
    sqlite3_db_config(sqlite->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (!read_only && sqlite3_db_readonly(sqlite->database, "main") == 1)
        return fail(error, TW_READ_ONLY, "the store '%s' may not be written", sqlite->path);
    return TW_OK;
}

/* Some file systems have no WAL; SQLite then keeps the mode that the file has. */
static enum tw_status switch_to_wal(struct sqlite_store *sqlite, struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = sqlite_prepare(sqlite, "PRAGMA journal_mode = WAL", &statement, error);
    if (status != TW_OK)
        return status;
    if (sqlite3_step(statement) != SQLITE_ROW)
        status = sqlite_failure(sqlite, error);
    else if (strcmp((const char *)sqlite3_column_text(statement, 0), "wal") != 0)
        status = fail(error, TW_INVALID, "the store '%s' cannot be kept in SQLite's WAL mode there",
                      sqlite->path);
    sqlite3_finalize(statement);
    return status;
}

static enum tw_status prepare_transactions(struct sqlite_store *sqlite, struct tw_error *error)
{
    enum tw_status status = sqlite_prepare(sqlite, "BEGIN IMMEDIATE", &sqlite->begin, error);
    if (status == TW_OK)
        status = sqlite_prepare(sqlite, "COMMIT", &sqlite->commit, error);
    if (status == TW_OK)
        status = sqlite_prepare(sqlite, "ROLLBACK", &sqlite->rollback, error);
    return status;
}

/* Inside the lock. The journal mode is kept in the file, so a database that is no ledger must have
 * been refused before. */
static enum tw_status set_up_locked(struct sqlite_store *sqlite, struct tw_error *error)
{
    int64_t version;
    enum tw_status status = sqlite_version(sqlite, &version, error);
    if (status == TW_OK)
        status = switch_to_wal(sqlite, error);
    if (status == TW_OK)
        status = sqlite_execute(sqlite, "PRAGMA synchronous = FULL", error);
    if (status == TW_OK)
        status = sqlite_migrate(sqlite, error);
    return status;
}

static enum tw_status open_lock(struct sqlite_store *sqlite, struct tw_error *error)
{
    char *path = sqlite3_mprintf("%s-lock", sqlite->path);
    if (!path)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    enum tw_status status = file_lock_open(path, &sqlite->lock, error);
    sqlite3_free(path);
    return status;
}

static enum tw_status set_up_writer(struct sqlite_store *sqlite, struct tw_error *error)
{
    enum tw_status status = file_lock_take(sqlite->lock, sqlite->busy_wait, error);
    if (status != TW_OK)
        return status;
    status = set_up_locked(sqlite, error);
    file_lock_release(sqlite->lock);
    return status == TW_OK ? prepare_transactions(sqlite, error) : status;
}

static enum tw_status set_up_reader(struct sqlite_store *sqlite, struct tw_error *error)
{
    sqlite3_db_config(sqlite->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int64_t version;
    enum tw_status status =
        sqlite_execute(sqlite, "PRAGMA query_only = 1; PRAGMA wal_autocheckpoint = 0", error);
    if (status == TW_OK)
        status = sqlite_version(sqlite, &version, error);
    if (status == TW_OK && version == 0)
        return fail(error, TW_NOT_FOUND, "the store '%s' is empty", sqlite->path);
    if (status == TW_OK && version < sqlite_newest_version())
        return fail(error, TW_INVALID,
                    "the store '%s' is an older version's; what writes to it (chat, serve) brings "
                    "it up to date",
                    sqlite->path);
    return status;
}

/* The last connection checkpoints as it closes, which has to wait for its turn like any write. If
 * its turn does not come, whoever opens the file next does it. */
static void sqlite_close(struct store *store)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    bool writer = sqlite->database && sqlite->lock >= 0;
    if (writer && file_lock_take(sqlite->lock, sqlite->busy_wait, NULL) != TW_OK)
        sqlite3_db_config(sqlite->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite_ledger_finalize(sqlite);
    sqlite_budget_finalize(sqlite);
    sqlite_job_finalize(sqlite);
    sqlite_batch_finalize(sqlite);
    sqlite3_finalize(sqlite->begin);
    sqlite3_finalize(sqlite->commit);
    sqlite3_finalize(sqlite->rollback);
    sqlite3_close(sqlite->database);
    file_lock_close(sqlite->lock);
    free(sqlite->path);
    free(sqlite);
}

static const struct store_operations operations = {
    .settle = sqlite_ledger_settle,
    .reserve = sqlite_budget_reserve,
    .each = sqlite_ledger_each,
    .groups = sqlite_ledger_groups,
    .submit = sqlite_job_submit,
    .claim = sqlite_job_claim,
    .end = sqlite_job_end,
    .extend = sqlite_job_extend,
    .cancel = sqlite_job_cancel,
    .cancel_batch = sqlite_job_cancel_batch,
    .retry = sqlite_job_retry,
    .find = sqlite_job_find,
    .list = sqlite_job_list,
    .count = sqlite_job_count,
    .claim_callbacks = sqlite_job_claim_callbacks,
    .end_callback = sqlite_job_end_callback,
    .wait = sqlite_job_wait,
    .file_add = sqlite_file_add,
    .file_find = sqlite_file_find,
    .file_list = sqlite_file_list,
    .file_delete = sqlite_file_delete,
    .batch_add = sqlite_batch_add,
    .batch_find = sqlite_batch_find,
    .batch_list = sqlite_batch_list,
    .batch_list_state = sqlite_batch_list_state,
    .batch_change = sqlite_batch_change,
    .close = sqlite_close,
};

enum tw_status store_sqlite_open(const char *path, const struct store_options *options,
                                 struct store **store, struct tw_error *error)
{
    struct sqlite_store *sqlite = calloc(1, sizeof *sqlite);
    if (!sqlite)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    sqlite->store.operations = &operations;
    sqlite->lock = -1;
    sqlite->seen_version = -1;
    sqlite->busy_wait = options->busy_wait;
    sqlite->path = strdup(path);
    usual_output_init(&sqlite->budget.usual);
    enum tw_status status = TW_OK;
    if (!sqlite->path)
        status = fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    if (status == TW_OK && !options->read_only)
        status = open_lock(sqlite, error);
    if (status == TW_OK)
        status = open_database(sqlite, options->read_only, error);
    if (status == TW_OK)
        status = options->read_only ? set_up_reader(sqlite, error) : set_up_writer(sqlite, error);
    if (status == TW_OK)
        status = sqlite_ledger_prepare(sqlite, !options->read_only, error);
    if (status == TW_OK)
        *store = &sqlite->store;
    else
        sqlite_close(&sqlite->store);
    return status;
}
