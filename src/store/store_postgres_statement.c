/* store/store_postgres_statement.c: sends statements, several in one go, and reads what they give.
 *
 * libpq's pipeline mode: all calls leave together, with one end mark behind them. Without a BEGIN
 * they are one transaction, which is committed when the mark is answered, and not before. */
#include "store/store_postgres.h"

#include <ctype.h>
#include <stdlib.h>

/* Keys of advisory locks: "Tier" and a number. */
#define POSTGRES_SESSION_LOCK "1416193394"
#define POSTGRES_BUDGETS_LOCK "6082503871217565697"
#define POSTGRES_APPENDING_LOCK "6082503871217565698"
#define POSTGRES_LISTENING_LOCK "6082503871217565699"
#define POSTGRES_GRACE "5 seconds"

/* Of a row, what an attribute's value can be found in; $3 is the attribute. */
#define POSTGRES_VALUE_COLUMNS                                                                     \
    "CASE WHEN $3 <> '' THEN attributes END, CASE WHEN $3 = 'user' THEN \"user\" END,"             \
    " CASE WHEN $3 = 'model' THEN model END"
#define POSTGRES_CHARGE "COALESCE(cost, estimate, 0)"
/* An attempt belongs to the window in which its request came, not the attempt itself began. */
#define POSTGRES_CAME                                                                              \
    "instant - COALESCE(delay_added, 0) >= $1 AND instant - COALESCE(delay_added, 0) < $2"

#define POSTGRES_JOB_COLUMNS                                                                       \
    "jobs.number, claim, refusals, expired, submitted, due, deadline, lease, ended,"               \
    " callback_tries, state::bigint, id, owner, batch, callback, body, result"                     \
    " FROM jobs JOIN job_requests USING (number)"
#define POSTGRES_JOB_PAGE " state = $1::bigint AND jobs.number > $2 ORDER BY jobs.number LIMIT $3"
#define POSTGRES_OF_OWNER " owner = $4 AND owner <> '' AND"
#define POSTGRES_OF_BATCH " batch = $4 AND batch <> '' AND"
/* A callback is owed from the end on. */
#define POSTGRES_OWED " callback_due = CASE WHEN callback <> '' THEN $1::bigint END"

#define POSTGRES_FILE_FACTS "SELECT number, created, size, id, owner, purpose, name"
#define POSTGRES_FILE_COLUMNS POSTGRES_FILE_FACTS ", ''::bytea FROM files"
#define POSTGRES_FILE_COLUMNS_CONTENT POSTGRES_FILE_FACTS ", content FROM files"
#define POSTGRES_BATCH_COLUMNS                                                                     \
    "SELECT number, created, expires, total, state::bigint, id, owner, input_file, endpoint,"      \
    " details FROM batches"
#define POSTGRES_UP " number > $1 ORDER BY number LIMIT $2"
#define POSTGRES_DOWN " number < $1 ORDER BY number DESC LIMIT $2"

static const struct {
    const char *name, *sql;
} statements[] = {
#define POSTGRES_STATEMENT(name, sql) {#name, sql},
#include "store/store_postgres_statements.def"
#undef POSTGRES_STATEMENT
    {"LEDGER_ADD", NULL},
    {"LEDGER_ROWS", NULL},
};

enum {
    PATIENCE = 20000,          /* milliseconds of silence */
    LONG_PATIENCE = 10 * 60000 /* where much is read */
};

static const char *sql_of(const struct postgres_store *postgres, enum postgres_statement which)
{
    if (which == POSTGRES_LEDGER_ADD)
        return postgres->ledger_add;
    return which == POSTGRES_LEDGER_ROWS ? postgres->ledger_rows : statements[which].sql;
}

/* --- errors --- */

static bool begins_with(const char *state, const char *prefix)
{
    return strncmp(state, prefix, strlen(prefix)) == 0;
}

bool postgres_is_conflict(const struct postgres_store *postgres)
{
    static const char *const states[] = {"40", "55P03", "57014", "53300"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (begins_with(postgres->sqlstate, states[i]))
            return true;
    return false;
}

/* The server ends the connection, or is not up yet. */
static bool ends_connection(const char *state)
{
    return begins_with(state, "57P") || begins_with(state, "08") || begins_with(state, "25P03");
}

static enum tw_status status_of(const char *state)
{
    static const struct {
        const char *prefix;
        enum tw_status status;
    } known[] = {{"53100", TW_FULL},      {"53200", TW_IO},   {"25006", TW_READ_ONLY},
                 {"42501", TW_READ_ONLY}, {"42", TW_DAMAGED}, {"3F", TW_DAMAGED},
                 {"22", TW_DAMAGED},      {"23", TW_DAMAGED}, {"XX001", TW_DAMAGED},
                 {"XX002", TW_DAMAGED},   {"54", TW_LIMIT},   {"40", TW_BUSY},
                 {"55P03", TW_BUSY},      {"57014", TW_BUSY}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (begins_with(state, known[i].prefix))
            return known[i].status;
    return TW_IO;
}

static enum tw_status failure(struct postgres_store *postgres, const PGresult *result,
                              struct tw_error *error)
{
    const struct postgres_library *library = &postgres->library;
    const char *state = library->resultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = library->resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!message)
        message = library->errorMessage(postgres->connection);
    if (!state || ends_connection(state))
        return postgres_lose(postgres, message, error);
    memcpy(postgres->sqlstate, state, strnlen(state, sizeof postgres->sqlstate - 1) + 1);
    return fail(error, status_of(state), "the store '%s': %s", postgres->name, message);
}

/* --- results --- */

/* The next one; *result is NULL behind the last one of a statement. */
static enum tw_status next_result(struct postgres_store *postgres, int64_t patience,
                                  PGresult **result, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    *result = NULL;
    while (status == TW_OK && postgres->library.isBusy(postgres->connection))
        status = postgres_await(postgres, patience, error);
    if (status == TW_OK)
        *result = postgres->library.getResult(postgres->connection);
    return status;
}

static bool is_good(const struct postgres_store *postgres, const PGresult *result)
{
    ExecStatusType status = postgres->library.resultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Waits for what libpq has queued. Reads one statement's result and the NULL behind it. *good:
 * whether it ran; where it did not, `first` is the status of the first failure of all. */
static enum tw_status read_statement(struct postgres_store *postgres, int64_t patience,
                                     PGresult **result, enum tw_status *first,
                                     struct tw_error *error)
{
    PGresult *end;
    enum tw_status status = next_result(postgres, patience, result, error);
    if (status == TW_OK && !*result)
        status = postgres_lose(postgres, "an answer is missing", error);
    if (status != TW_OK)
        return status;
    bool aborted = postgres->library.resultStatus(*result) == PGRES_PIPELINE_ABORTED;
    if (!is_good(postgres, *result) && !aborted && *first == TW_OK)
        *first = failure(postgres, *result, error);
    status = postgres->lost ? *first : next_result(postgres, patience, &end, error);
    return status;
}

static enum tw_status read_preparation(struct postgres_store *postgres,
                                       enum postgres_statement which, enum tw_status *first,
                                       struct tw_error *error)
{
    PGresult *result = NULL;
    enum tw_status status = read_statement(postgres, PATIENCE, &result, first, error);
    if (status == TW_OK)
        postgres->prepared[which] = is_good(postgres, result);
    postgres->library.clear(result);
    return status;
}

static void keep_result(struct postgres_store *postgres, const struct postgres_call *call,
                        PGresult *result)
{
    if (call->changed)
        *call->changed = strtoll(postgres->library.cmdTuples(result), NULL, 10);
    if (!call->rows) {
        postgres->library.clear(result);
        return;
    }
    *call->rows = (struct postgres_rows){
        .postgres = postgres, .result = result, .count = postgres->library.ntuples(result)};
    arena_init(&call->rows->texts, 1 << 30);
}

static enum tw_status read_call(struct postgres_store *postgres, const struct postgres_call *call,
                                enum tw_status *first, struct tw_error *error)
{
    PGresult *result = NULL;
    int64_t patience = call->slow ? LONG_PATIENCE : PATIENCE;
    enum tw_status status = read_statement(postgres, patience, &result, first, error);
    if (status == TW_OK && is_good(postgres, result))
        keep_result(postgres, call, result);
    else
        postgres->library.clear(result);
    return status;
}

/* --- sending --- */

static bool send_call(struct postgres_store *postgres, const struct postgres_call *call)
{
    const struct postgres_arguments *arguments = call->arguments;
    const char *values[POSTGRES_ARGUMENTS];
    int lengths[POSTGRES_ARGUMENTS], formats[POSTGRES_ARGUMENTS];
    int count = arguments ? arguments->count : 0;
    for (int i = 0; i < count; i++) {
        bool is_null = arguments->values[i].length < 0;
        const char *inside = arguments->bytes.data + arguments->values[i].at;
        values[i] = arguments->values[i].outside ? arguments->values[i].outside : inside;
        values[i] = is_null ? NULL : values[i];
        lengths[i] = is_null ? 0 : arguments->values[i].length;
        formats[i] = 1;
    }
    return postgres->library.sendQueryPrepared(
        postgres->connection, statements[call->statement].name, count, values, lengths, formats, 1);
}

/* Which of the calls need their statement prepared first: the first ones that use it. */
static bool needs_preparation(const struct postgres_store *postgres,
                              const struct postgres_call *calls, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (calls[i].statement == calls[at].statement)
            return false;
    return !postgres->prepared[calls[at].statement];
}

static enum tw_status send_all(struct postgres_store *postgres, const struct postgres_call *calls,
                               const bool *prepare, size_t count, struct tw_error *error)
{
    const struct postgres_library *library = &postgres->library;
    bool sent = true;
    for (size_t i = 0; i < count && sent; i++) {
        enum postgres_statement which = calls[i].statement;
        if (prepare[i])
            sent = library->sendPrepare(postgres->connection, statements[which].name,
                                        sql_of(postgres, which), 0, NULL);
        sent = sent && send_call(postgres, &calls[i]);
    }
    sent = sent && library->pipelineSync(postgres->connection);
    return sent ? TW_OK
                : postgres_lose(postgres, library->errorMessage(postgres->connection), error);
}

static enum tw_status read_all(struct postgres_store *postgres, const struct postgres_call *calls,
                               const bool *prepare, size_t count, struct tw_error *error)
{
    enum tw_status first = TW_OK, status = TW_OK;
    PGresult *result = NULL;
    for (size_t i = 0; i < count && status == TW_OK; i++) {
        if (prepare[i])
            status = read_preparation(postgres, calls[i].statement, &first, error);
        if (status == TW_OK)
            status = read_call(postgres, &calls[i], &first, error);
    }
    if (status == TW_OK)
        status = next_result(postgres, PATIENCE, &result, error);
    if (status == TW_OK &&
        (!result || postgres->library.resultStatus(result) != PGRES_PIPELINE_SYNC))
        status = result ? failure(postgres, result, error)
                        : postgres_lose(postgres, "an answer is missing", error);
    postgres->library.clear(result);
    return status == TW_OK ? first : status;
}

static enum tw_status check_arguments(const struct postgres_call *calls, size_t count,
                                      struct tw_error *error)
{
    for (size_t i = 0; i < count; i++) {
        enum tw_status status = calls[i].arguments ? calls[i].arguments->bytes.status : TW_OK;
        if (status != TW_OK)
            return fail(error, status, "%s", tw_status_text(status));
    }
    return TW_OK;
}

static void forget_results(const struct postgres_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (calls[i].rows)
            postgres_rows_free(calls[i].rows);
        if (calls[i].changed)
            *calls[i].changed = 0;
    }
}

enum tw_status postgres_run(struct postgres_store *postgres, const struct postgres_call *calls,
                            size_t count, struct tw_error *error)
{
    bool prepare[POSTGRES_CALLS];
    postgres->lost = false;
    postgres->sqlstate[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (calls[i].rows)
            calls[i].rows->result = NULL;
    if (count > POSTGRES_CALLS)
        return fail(error, TW_INTERNAL, "too many calls at once");
    for (size_t i = 0; i < count; i++)
        prepare[i] = needs_preparation(postgres, calls, i);
    enum tw_status status = check_arguments(calls, count, error);
    if (status != TW_OK)
        return status;
    if (!postgres->connection)
        return postgres_lose(postgres, "it is not connected", error);
    status = send_all(postgres, calls, prepare, count, error);
    if (status == TW_OK)
        status = read_all(postgres, calls, prepare, count, error);
    if (status != TW_OK)
        forget_results(calls, count);
    if (postgres->lost)
        postgres_disconnect(postgres);
    else
        postgres_take_notifications(postgres);
    return status;
}

/* --- the simple way, before the pipeline is entered --- */

enum tw_status postgres_execute(struct postgres_store *postgres, const char *sql, int64_t *number,
                                struct tw_error *error)
{
    const struct postgres_library *library = &postgres->library;
    PGresult *result = NULL;
    enum tw_status first = TW_OK;
    postgres->lost = false;
    postgres->sqlstate[0] = '\0';
    if (!library->sendQuery(postgres->connection, sql))
        return postgres_lose(postgres, library->errorMessage(postgres->connection), error);
    enum tw_status status = next_result(postgres, LONG_PATIENCE, &result, error);
    while (status == TW_OK && result) {
        bool good = is_good(postgres, result);
        if (!good && first == TW_OK)
            first = failure(postgres, result, error);
        if (good && number && library->ntuples(result) == 1)
            *number = strtoll(library->getvalue(result, 0, 0), NULL, 10);
        library->clear(result);
        result = NULL;
        status = postgres->lost ? first : next_result(postgres, LONG_PATIENCE, &result, error);
    }
    library->clear(result);
    return status == TW_OK ? first : status;
}
