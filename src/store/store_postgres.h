/* store/store_postgres.h: what the files store_postgres*.c share. */
#ifndef TIERWAY_STORE_STORE_POSTGRES_H
#define TIERWAY_STORE_STORE_POSTGRES_H

#include "store/store_internal.h"
#include "store/store_postgres_library.h"
#include "store/usual_output.h"

enum postgres_statement {
#define POSTGRES_STATEMENT(name, sql) POSTGRES_##name,
#include "store/store_postgres_statements.def"
#undef POSTGRES_STATEMENT
    POSTGRES_LEDGER_ADD, /* these two are made from ledger.def */
    POSTGRES_LEDGER_ROWS,
    POSTGRES_STATEMENTS
};

/* Rows of writes of which it is not known, or known only now, that they were committed. Whoever got
 * no answer sends its rows again, perhaps with others: those that are here are passed over. */
struct postgres_pending {
    struct postgres_pending_row {
        uint64_t hash;
        bool committed;
        bool used; /* passed over in the write that is being made */
    } * rows;
    size_t count, room;
};

struct postgres_budget {
    int64_t last_reservation; /* number */
    int64_t unknown_from;     /* reservations from this number on may have been left; 0: none */
    int64_t learnt_row;       /* up to which `usual` has learnt */
    int64_t looked;           /* for dead sessions, milliseconds of clock_monotonic */
    struct usual_output usual;
};

struct postgres_store {
    struct store store;
    struct postgres_library library;
    char *address;                  /* as it was given, password and all */
    char *name;                     /* for messages: without user and password */
    int busy_wait;                  /* milliseconds */
    char *ledger_add, *ledger_rows; /* SQL */

    PGconn *connection;                 /* NULL: there is none */
    bool prepared[POSTGRES_STATEMENTS]; /* on this connection */
    bool listening;                     /* on this connection */
    bool notified;                      /* a notification of somebody else came */

    /* Of the last failure. */
    bool lost; /* the connection broke */
    char sqlstate[6];

    int64_t session; /* its number; 0: none yet, or a reader's */
    int64_t write;   /* the last transaction's mark */
    bool unknown;    /* whether that one was committed */
    struct postgres_pending pending;
    struct postgres_budget budget;
};

/* --- parameters and results (store_postgres_value.c) --- */

enum { POSTGRES_ARGUMENTS = 40 };

/* The parameters of one statement. A failed append is found out when they are sent. */
struct postgres_arguments {
    struct buffer bytes;
    struct {
        const char *outside; /* NULL: in bytes, from `at` on */
        size_t at;
        int length; /* -1: NULL */
    } values[POSTGRES_ARGUMENTS];
    int count;
    uint32_t elements; /* of the array that is being made */
};

enum postgres_type { POSTGRES_BYTEA = 17, POSTGRES_BIGINT = 20, POSTGRES_TEXT = 25 };

void postgres_arguments_init(struct postgres_arguments *arguments);
void postgres_arguments_free(struct postgres_arguments *arguments);
void postgres_number(struct postgres_arguments *arguments, int64_t number);
void postgres_numbers(struct postgres_arguments *arguments, const int64_t *numbers, size_t count);
void postgres_null(struct postgres_arguments *arguments);
void postgres_text(struct postgres_arguments *arguments, struct text text);
/* The bytes have to live until the statement has run. */
void postgres_bytes(struct postgres_arguments *arguments, struct text bytes);
/* An array: begin, one call for each element, end. */
void postgres_array_begin(struct postgres_arguments *arguments, enum postgres_type type);
void postgres_array_number(struct postgres_arguments *arguments, int64_t number);
void postgres_array_text(struct postgres_arguments *arguments, struct text text);
void postgres_array_bytes(struct postgres_arguments *arguments, struct text bytes);
void postgres_array_null(struct postgres_arguments *arguments);
void postgres_array_end(struct postgres_arguments *arguments);

/* The rows that a statement gave. `texts` owns those that had to be made. */
struct postgres_rows {
    struct postgres_store *postgres;
    PGresult *result;
    int count;
    struct arena texts;
    bool damaged; /* a column was not what it should be */
};

void postgres_rows_free(struct postgres_rows *rows);
bool postgres_is_null(const struct postgres_rows *rows, int row, int column);
int64_t postgres_get_number(struct postgres_rows *rows, int row, int column);
bool postgres_get_boolean(struct postgres_rows *rows, int row, int column);
struct text postgres_get_bytes(const struct postgres_rows *rows, int row, int column);
/* Lives until the rows are freed, or until postgres_forget_texts. NULL gives an empty text. */
struct text postgres_get_text(struct postgres_rows *rows, int row, int column);
void postgres_forget_texts(struct postgres_rows *rows);
/* Of a sum, which is printed as text; NULL gives 0. */
__int128 postgres_get_sum(struct postgres_rows *rows, int row, int column);
/* TW_DAMAGED or TW_NO_MEMORY where something could not be read. */
enum tw_status postgres_rows_status(const struct postgres_rows *rows, struct tw_error *error);

/* --- the connection (store_postgres_connection.c) --- */

/* The store's name for messages, without anything secret. TW_INVALID: not an address; the message
 * says nothing of its text. *name to be freed. */
enum tw_status postgres_address_name(const struct postgres_library *library, const char *address,
                                     char **name, struct tw_error *error);
/* Connects once, within so many milliseconds; not yet in pipeline mode. TW_BUSY where the database
 * cannot be reached now, TW_INVALID where it lets nobody of this name in, TW_NOT_FOUND where there
 * is no such database. */
enum tw_status postgres_connect(struct postgres_store *postgres, int64_t milliseconds,
                                struct tw_error *error);
void postgres_disconnect(struct postgres_store *postgres);
/* Sends what is to be sent and waits for bytes; so many milliseconds of silence lose the
 * connection. */
enum tw_status postgres_await(struct postgres_store *postgres, int64_t milliseconds,
                              struct tw_error *error);
/* Marks the connection as lost and says so. */
enum tw_status postgres_lose(struct postgres_store *postgres, const char *why,
                             struct tw_error *error);
/* Notes the notifications that came; waits until one did, or the time is over. */
void postgres_take_notifications(struct postgres_store *postgres);
enum tw_status postgres_await_notification(struct postgres_store *postgres, int64_t milliseconds,
                                           struct tw_error *error);

/* --- statements (store_postgres_statement.c) --- */

struct postgres_call {
    enum postgres_statement statement;
    const struct postgres_arguments *arguments; /* NULL: none */
    struct postgres_rows *rows;                 /* out: what it gave; NULL: not wanted */
    int64_t *changed;                           /* out: how many rows it changed; NULL */
    bool slow;                                  /* may take minutes */
};
enum { POSTGRES_CALLS = 40 }; /* at once */

/* Sends all calls in one go and waits for their ends: one transaction, unless the calls begin one.
 * On failure no rows are given, postgres->lost and ->sqlstate say of what kind it is, and a lost
 * connection is closed. */
enum tw_status postgres_run(struct postgres_store *postgres, const struct postgres_call *calls,
                            size_t count, struct tw_error *error);
/* Statements without parameters, before the pipeline is entered. *number: the first column of the
 * last one that gave one row; NULL: not wanted. */
enum tw_status postgres_execute(struct postgres_store *postgres, const char *sql, int64_t *number,
                                struct tw_error *error);
/* Whether trying the transaction again may help: it was in the way of another one. */
bool postgres_is_conflict(const struct postgres_store *postgres);

/* --- transactions (store_postgres_transaction.c) --- */

/* Done again, with a new connection, when that is lost or another transaction was in the way, for
 * busy_wait milliseconds; then TW_BUSY. `attempt` may be called several times. */
typedef enum tw_status (*postgres_attempt)(struct postgres_store *postgres, void *context,
                                           struct tw_error *error);
enum tw_status postgres_try(struct postgres_store *postgres, postgres_attempt attempt,
                            void *context, struct tw_error *error);
/* For calls that may be done twice without harm. */
enum tw_status postgres_repeat(struct postgres_store *postgres, const struct postgres_call *calls,
                               size_t count, struct tw_error *error);
/* For calls that may not: one transaction, which is done exactly once where this gives TW_OK. Where
 * it gives TW_BUSY and postgres->unknown is set, it may have been done. *before (NULL: not wanted):
 * it was done, but its answer was lost, so that no rows are given and nothing is said to have
 * changed. */
enum tw_status postgres_write(struct postgres_store *postgres, const struct postgres_call *calls,
                              size_t count, bool *before, struct tw_error *error);
/* Finds out about the last write, where that is unknown, with a connection. *done: it is known now,
 * and was committed. */
enum tw_status postgres_resolve(struct postgres_store *postgres, bool *done,
                                struct tw_error *error);
/* Keeps what the last failure was. */
void postgres_rollback(struct postgres_store *postgres);

/* --- sessions (store_postgres_session.c) --- */

/* Begins this store's session, unless it has one. */
enum tw_status postgres_session_open(struct postgres_store *postgres, struct tw_error *error);
/* Takes it up again on a new connection. */
enum tw_status postgres_session_resume(struct postgres_store *postgres, struct tw_error *error);
void postgres_session_close(struct postgres_store *postgres);
/* Drops what dead sessions had reserved; looks at most once a second. */
enum tw_status postgres_session_reclaim(struct postgres_store *postgres, struct tw_error *error);

/* --- tables (store_postgres_schema.c) --- */

/* For writers: makes the tables, or brings them up to date. For readers: checks them. Then enters
 * the pipeline. */
enum tw_status postgres_migrate(struct postgres_store *postgres, struct tw_error *error);

/* --- the ledger, budgets, jobs, files, batches; see struct store_operations --- */

enum tw_status postgres_ledger_make_sql(struct postgres_store *postgres, struct tw_error *error);

/* What a settlement comes to, as calls of a transaction. Between open and close. */
struct postgres_settlement {
    struct postgres_arguments rows, reservations;
    struct postgres_call calls[3];
    size_t count; /* of calls */
};
/* Finds out about the write before this one first, where that is unknown. */
enum tw_status postgres_settlement_open(struct postgres_settlement *settlement,
                                        struct postgres_store *postgres,
                                        const struct ledger_settlement *given,
                                        struct tw_error *error);
/* `status`: of the transaction. */
void postgres_settlement_close(struct postgres_settlement *settlement,
                               struct postgres_store *postgres,
                               const struct ledger_settlement *given, enum tw_status status);
void postgres_pending_resolve(struct postgres_pending *pending, bool done);

enum tw_status postgres_ledger_settle(struct store *store, const struct ledger_row *rows,
                                      size_t count, const int64_t *reservations,
                                      size_t reservation_count, struct tw_error *error);
enum tw_status postgres_ledger_each(struct store *store, struct ledger_range range,
                                    ledger_row_visitor visit, void *context,
                                    struct tw_error *error);
enum tw_status postgres_ledger_groups(struct store *store, struct ledger_range range,
                                      ledger_group_visitor visit, void *context,
                                      struct tw_error *error);

enum tw_status postgres_budget_reserve(struct store *store, struct budget_order *const *orders,
                                       size_t count, struct tw_error *error);
/* Makes the bucket's window, or brings it up to date; in a transaction that holds the lock of
 * budgets. */
enum tw_status postgres_window_update(struct postgres_store *postgres,
                                      const struct budget_bucket *bucket, struct tw_error *error);
/* The value that a row of VALUE_COLUMNS, from `column` on, has of an attribute. */
struct text postgres_window_value(struct postgres_rows *rows, int row, int column,
                                  struct text attribute);

enum tw_status postgres_job_submit(struct store *store, struct job_submission *submissions,
                                   size_t count, int64_t now, struct tw_error *error);
enum tw_status postgres_job_claim(struct store *store, int64_t now, int64_t until, size_t limit,
                                  job_visitor visit, void *context, struct tw_error *error);
enum tw_status postgres_job_end(struct store *store, struct job_ending *endings, size_t count,
                                const struct ledger_settlement *settlement, struct tw_error *error);
enum tw_status postgres_job_extend(struct store *store, int64_t number, int64_t claim,
                                   int64_t lease, bool *lost, struct tw_error *error);
enum tw_status postgres_job_cancel(struct store *store, struct text id, int64_t now,
                                   bool *cancelled, struct tw_error *error);
enum tw_status postgres_job_cancel_batch(struct store *store, struct text batch, int64_t now,
                                         int64_t *cancelled, struct tw_error *error);
enum tw_status postgres_job_retry(struct store *store, struct text id, int64_t now,
                                  int64_t deadline, bool *retried, struct tw_error *error);
enum tw_status postgres_job_claim_callbacks(struct store *store, int64_t now, int64_t until,
                                            size_t limit, job_visitor visit, void *context,
                                            struct tw_error *error);
enum tw_status postgres_job_end_callback(struct store *store, int64_t number, int64_t tries,
                                         int64_t due, struct tw_error *error);
enum tw_status postgres_job_wait(struct store *store, int64_t milliseconds, struct tw_error *error);
/* Reading jobs (store_postgres_job_rows.c). Visits all rows of JOB_COLUMNS. */
enum tw_status postgres_job_visit(struct postgres_rows *rows, job_visitor visit, void *context,
                                  struct tw_error *error);
enum tw_status postgres_job_find(struct store *store, struct text id, job_visitor visit,
                                 void *context, bool *found, struct tw_error *error);
enum tw_status postgres_job_list(struct store *store, const struct job_filter *filter,
                                 enum job_state state, int64_t after, size_t limit,
                                 job_visitor visit, void *context, struct tw_error *error);
enum tw_status postgres_job_count(struct store *store, const struct job_filter *filter,
                                  struct job_counts *counts, struct tw_error *error);

enum tw_status postgres_file_add(struct store *store, const struct stored_file *file, bool *added,
                                 struct tw_error *error);
enum tw_status postgres_file_find(struct store *store, struct text id, bool with_content,
                                  stored_file_visitor visit, void *context, bool *found,
                                  struct tw_error *error);
enum tw_status postgres_file_list(struct store *store, const struct list_part *part,
                                  stored_file_visitor visit, void *context, struct tw_error *error);
enum tw_status postgres_file_delete(struct store *store, struct text id, bool *deleted,
                                    struct tw_error *error);
enum tw_status postgres_batch_add(struct store *store, const struct batch *batch, bool *added,
                                  struct tw_error *error);
enum tw_status postgres_batch_find(struct store *store, struct text id, batch_visitor visit,
                                   void *context, bool *found, struct tw_error *error);
enum tw_status postgres_batch_list(struct store *store, const struct list_part *part,
                                   batch_visitor visit, void *context, struct tw_error *error);
enum tw_status postgres_batch_list_state(struct store *store, enum batch_state state,
                                         batch_visitor visit, void *context,
                                         struct tw_error *error);
enum tw_status postgres_batch_change(struct store *store, const struct batch *batch,
                                     enum batch_state from, bool *changed, struct tw_error *error);

#endif
