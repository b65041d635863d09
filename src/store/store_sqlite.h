/* store/store_sqlite.h: what the files store_sqlite*.c share. */
#ifndef TIERWAY_STORE_STORE_SQLITE_H
#define TIERWAY_STORE_STORE_SQLITE_H

#include "store/store_internal.h"
#include "store/usual_output.h"

#include <sqlite3.h>

/* The statements of store_sqlite_budget.c. */
enum budget_statement {
    BUDGET_LAST_ROW,
    BUDGET_COUNT_ROWS,
    BUDGET_FIND_WINDOW,
    BUDGET_ADD_WINDOW,
    BUDGET_MOVE_WINDOW,
    BUDGET_SUM_ALL,
    BUDGET_SUM_NEW,
    BUDGET_ADD_SPENT,
    BUDGET_READ_SUM,
    BUDGET_ADD_RESERVED,
    BUDGET_ADD_RESERVATION,
    BUDGET_RETURN_RESERVED,
    BUDGET_DROP_RESERVATIONS,
    BUDGET_NEXT_OWNER,
    BUDGET_NEW_OUTPUTS,
    BUDGET_DROP_OLD_SUMS,
    BUDGET_DROP_OLD_WINDOWS,
    BUDGET_STATEMENTS
};

struct sqlite_budget {
    sqlite3_stmt *statements[BUDGET_STATEMENTS]; /* NULL: not needed yet */
    int64_t owner;                               /* of this store's reservations; 0: none yet */
    int64_t last_reservation;                    /* number */
    int64_t last_row;                            /* of the ledger, in this transaction */
    int64_t learnt_row;                          /* up to which `usual` has learnt */
    struct usual_output usual;
};

/* The statements of store_sqlite_jobs.c and store_sqlite_job_rows.c. */
enum job_statement {
    JOB_SQL_SUBMIT,
    JOB_SQL_ADD_BODY,
    JOB_SQL_LOOK,
    JOB_SQL_RETURN_EXPIRED,
    JOB_SQL_MAKE_READY,
    JOB_SQL_NEXT,
    JOB_SQL_CLAIM,
    JOB_SQL_END,
    JOB_SQL_PUT_BACK,
    JOB_SQL_EXTEND,
    JOB_SQL_CANCEL,
    JOB_SQL_CANCEL_BATCH,
    JOB_SQL_RETRY,
    JOB_SQL_NEXT_CALLBACK,
    JOB_SQL_CLAIM_CALLBACK,
    JOB_SQL_END_CALLBACK,
    JOB_SQL_FIND,
    JOB_SQL_LIST,
    JOB_SQL_LIST_OWNER,
    JOB_SQL_LIST_BATCH,
    JOB_SQL_RUNNING,
    JOB_SQL_RUNNING_OWNER,
    JOB_SQL_RUNNING_BATCH,
    JOB_SQL_COUNT,
    JOB_SQL_COUNT_OWNER,
    JOB_SQL_COUNT_BATCH,
    JOB_SQL_VERSION,
    JOB_STATEMENTS
};

/* The statements of store_sqlite_batches.c. */
enum batch_statement {
    FILE_SQL_ADD,
    FILE_SQL_FIND,
    FILE_SQL_FIND_CONTENT,
    FILE_SQL_LIST_UP,
    FILE_SQL_LIST_DOWN,
    FILE_SQL_LIST_OWNER_UP,
    FILE_SQL_LIST_OWNER_DOWN,
    FILE_SQL_DELETE,
    BATCH_SQL_ADD,
    BATCH_SQL_FIND,
    BATCH_SQL_LIST_UP,
    BATCH_SQL_LIST_DOWN,
    BATCH_SQL_LIST_OWNER_UP,
    BATCH_SQL_LIST_OWNER_DOWN,
    BATCH_SQL_LIST_STATE,
    BATCH_SQL_CHANGE,
    BATCH_STATEMENTS
};

struct sqlite_store {
    struct store store;
    sqlite3 *database;
    char *path;    /* as it was given; for messages */
    int lock;      /* descriptor of PATH-lock, see file_lock.h; -1 for a reader */
    int busy_wait; /* milliseconds */
    sqlite3_stmt *begin, *commit, *rollback; /* NULL for a reader */
    sqlite3_stmt *insert;                    /* likewise */
    sqlite3_stmt *select_rows, *select_groups;
    struct sqlite_budget budget;
    sqlite3_stmt *jobs[JOB_STATEMENTS];      /* NULL: not needed yet */
    sqlite3_stmt *batches[BATCH_STATEMENTS]; /* likewise */
    int64_t seen_version; /* of the database, when job_wait looked last; -1: it never did */
};

/* The status and the message for the database's last error. */
enum tw_status sqlite_failure(struct sqlite_store *sqlite, struct tw_error *error);
/* TW_DAMAGED where the statement does not fit the tables. */
enum tw_status sqlite_prepare(struct sqlite_store *sqlite, const char *sql,
                              sqlite3_stmt **statement, struct tw_error *error);
/* The statement kept there, made when it is needed first; its parameters are the last ones. */
enum tw_status sqlite_get(struct sqlite_store *sqlite, sqlite3_stmt **kept, const char *sql,
                          sqlite3_stmt **statement, struct tw_error *error);
/* The bytes have to live until the statement has run. */
void sqlite_bind_text(sqlite3_stmt *statement, int parameter, struct text text);
void sqlite_bind_bytes(sqlite3_stmt *statement, int parameter, struct text bytes);
/* Parameters from the first on. */
void sqlite_bind_numbers(sqlite3_stmt *statement, const int64_t *numbers, int count);
/* Of a text or bytes; empty for NULL. Lives until the statement is stepped or reset. */
struct text sqlite_column_bytes(sqlite3_stmt *row, int column);
/* Runs a statement that gives no rows, to its end, and resets it. */
enum tw_status sqlite_run(struct sqlite_store *sqlite, sqlite3_stmt *statement,
                          struct tw_error *error);
/* The same; then forgets the parameters, and says how many rows it changed. */
enum tw_status sqlite_change(struct sqlite_store *sqlite, sqlite3_stmt *statement, int64_t *changed,
                             struct tw_error *error);
/* The same in a transaction of its own. */
enum tw_status sqlite_change_alone(struct sqlite_store *sqlite, sqlite3_stmt *statement,
                                   int64_t *changed, struct tw_error *error);
/* For statements without parameters whose rows, if any, do not matter. */
enum tw_status sqlite_execute(struct sqlite_store *sqlite, const char *sql, struct tw_error *error);
/* A write transaction, its lock between processes included. sqlite_end commits where status is
 * TW_OK, otherwise takes all back; it returns status, or why the commit failed. */
enum tw_status sqlite_begin(struct sqlite_store *sqlite, struct tw_error *error);
enum tw_status sqlite_end(struct sqlite_store *sqlite, enum tw_status status,
                          struct tw_error *error);
/* The same for changes that a loss of power may undo: the commit does not wait for the disk. What
 * is committed the other way afterwards, by whatever process, is not kept without them. */
enum tw_status sqlite_begin_light(struct sqlite_store *sqlite, struct tw_error *error);
enum tw_status sqlite_end_light(struct sqlite_store *sqlite, enum tw_status status,
                                struct tw_error *error);

/* Makes a new database, or brings an older one up to date. For writers, inside their lock. */
enum tw_status sqlite_migrate(struct sqlite_store *sqlite, struct tw_error *error);
/* How many there are. */
int64_t sqlite_newest_version(void);
/* How many migrations the database has had, 0 for an empty one. TW_INVALID where it is another
 * program's, TW_NEWER where a newer version of this one made it. */
enum tw_status sqlite_version(struct sqlite_store *sqlite, int64_t *version,
                              struct tw_error *error);

enum tw_status sqlite_ledger_prepare(struct sqlite_store *sqlite, bool writer,
                                     struct tw_error *error);
void sqlite_ledger_finalize(struct sqlite_store *sqlite);
enum tw_status sqlite_ledger_settle(struct store *store, const struct ledger_row *rows,
                                    size_t count, const int64_t *reservations,
                                    size_t reservation_count, struct tw_error *error);
/* The same inside a transaction. */
enum tw_status sqlite_ledger_settle_within(struct sqlite_store *sqlite,
                                           const struct ledger_settlement *settlement,
                                           struct tw_error *error);
enum tw_status sqlite_ledger_each(struct store *store, struct ledger_range range,
                                  ledger_row_visitor visit, void *context, struct tw_error *error);
enum tw_status sqlite_ledger_groups(struct store *store, struct ledger_range range,
                                    ledger_group_visitor visit, void *context,
                                    struct tw_error *error);

enum tw_status sqlite_budget_reserve(struct store *store, struct budget_order *const *orders,
                                     size_t count, struct tw_error *error);
/* Inside a transaction. */
enum tw_status sqlite_budget_release(struct sqlite_store *sqlite, const int64_t *reservations,
                                     size_t count, struct tw_error *error);
void sqlite_budget_finalize(struct sqlite_store *sqlite);

enum tw_status sqlite_job_statement(struct sqlite_store *sqlite, enum job_statement which,
                                    sqlite3_stmt **statement, struct tw_error *error);
/* Visits all jobs that a statement gives, and resets it. */
enum tw_status sqlite_job_visit(struct sqlite_store *sqlite, sqlite3_stmt *rows, job_visitor visit,
                                void *context, size_t *count, struct tw_error *error);
void sqlite_job_finalize(struct sqlite_store *sqlite);
void sqlite_batch_finalize(struct sqlite_store *sqlite);

/* See struct store_operations. */
enum tw_status sqlite_job_submit(struct store *store, struct job_submission *submissions,
                                 size_t count, int64_t now, struct tw_error *error);
enum tw_status sqlite_job_claim(struct store *store, int64_t now, int64_t until, size_t limit,
                                job_visitor visit, void *context, struct tw_error *error);
enum tw_status sqlite_job_end(struct store *store, struct job_ending *endings, size_t count,
                              const struct ledger_settlement *settlement, struct tw_error *error);
enum tw_status sqlite_job_extend(struct store *store, int64_t number, int64_t claim, int64_t lease,
                                 bool *lost, struct tw_error *error);
enum tw_status sqlite_job_cancel(struct store *store, struct text id, int64_t now, bool *cancelled,
                                 struct tw_error *error);
enum tw_status sqlite_job_cancel_batch(struct store *store, struct text batch, int64_t now,
                                       int64_t *cancelled, struct tw_error *error);
enum tw_status sqlite_job_retry(struct store *store, struct text id, int64_t now, int64_t deadline,
                                bool *retried, struct tw_error *error);
enum tw_status sqlite_job_find(struct store *store, struct text id, job_visitor visit,
                               void *context, bool *found, struct tw_error *error);
enum tw_status sqlite_job_list(struct store *store, const struct job_filter *filter,
                               enum job_state state, int64_t after, size_t limit, job_visitor visit,
                               void *context, struct tw_error *error);
enum tw_status sqlite_job_count(struct store *store, const struct job_filter *filter,
                                struct job_counts *counts, struct tw_error *error);
enum tw_status sqlite_job_claim_callbacks(struct store *store, int64_t now, int64_t until,
                                          size_t limit, job_visitor visit, void *context,
                                          struct tw_error *error);
enum tw_status sqlite_job_end_callback(struct store *store, int64_t number, int64_t tries,
                                       int64_t due, struct tw_error *error);
enum tw_status sqlite_job_wait(struct store *store, int64_t milliseconds, struct tw_error *error);

enum tw_status sqlite_file_add(struct store *store, const struct stored_file *file, bool *added,
                               struct tw_error *error);
enum tw_status sqlite_file_find(struct store *store, struct text id, bool with_content,
                                stored_file_visitor visit, void *context, bool *found,
                                struct tw_error *error);
enum tw_status sqlite_file_list(struct store *store, const struct list_part *part,
                                stored_file_visitor visit, void *context, struct tw_error *error);
enum tw_status sqlite_file_delete(struct store *store, struct text id, bool *deleted,
                                  struct tw_error *error);
enum tw_status sqlite_batch_add(struct store *store, const struct batch *batch, bool *added,
                                struct tw_error *error);
enum tw_status sqlite_batch_find(struct store *store, struct text id, batch_visitor visit,
                                 void *context, bool *found, struct tw_error *error);
enum tw_status sqlite_batch_list(struct store *store, const struct list_part *part,
                                 batch_visitor visit, void *context, struct tw_error *error);
enum tw_status sqlite_batch_list_state(struct store *store, enum batch_state state,
                                       batch_visitor visit, void *context, struct tw_error *error);
enum tw_status sqlite_batch_change(struct store *store, const struct batch *batch,
                                   enum batch_state from, bool *changed, struct tw_error *error);

#endif
