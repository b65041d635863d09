/* store/store_sqlite_ledger.c: ledger rows as SQL.
 *
 * The statements are built from ledger_members once and kept prepared. Columns that are read are
 * checked as if a stranger had written them: the file may have been changed by hand. */
#include "store/store_sqlite.h"

#define SQL_MAX 4096

static void append_names(struct buffer *sql)
{
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++) {
        buffer_string(sql, i ? ", " : "");
        buffer_string(sql, ledger_members[i].name);
    }
}

static enum tw_status prepare_built(struct sqlite_store *sqlite, struct buffer *sql,
                                    sqlite3_stmt **statement, struct tw_error *error)
{
    enum tw_status status = sql->status == TW_OK
                                ? sqlite_prepare(sqlite, sql->data, statement, error)
                                : fail(error, sql->status, "%s", tw_status_text(sql->status));
    buffer_free(sql);
    return status;
}

/* The column of the model is NOT NULL, as the first schema had it. */
static enum tw_status prepare_insert(struct sqlite_store *sqlite, struct tw_error *error)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    buffer_string(&sql, "INSERT INTO ledger (");
    append_names(&sql);
    buffer_string(&sql, ") VALUES (?");
    for (size_t i = 1; i < LEDGER_MEMBER_COUNT; i++)
        buffer_string(&sql, i == LEDGER_MEMBER_model ? ", COALESCE(?, '')" : ", ?");
    buffer_string(&sql, ")");
    return prepare_built(sqlite, &sql, &sqlite->insert, error);
}

/* +instant keeps the planner off the index: rows are wanted in the order of appending. */
static enum tw_status prepare_rows(struct sqlite_store *sqlite, struct tw_error *error)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    buffer_string(&sql, "SELECT ");
    append_names(&sql);
    buffer_string(&sql, " FROM ledger WHERE +instant >= ?1 AND +instant < ?2 ORDER BY number");
    return prepare_built(sqlite, &sql, &sqlite->select_rows, error);
}

/* SUM is over 64 bits, and money may be more: each sum is two, of the upper and lower bits, which
 * have room for 2^31 rows. */
#define SPLIT_BITS 31
#define SUMS(column, condition)                                                                    \
    "SUM(" column " >> 31) FILTER (WHERE " condition "),"                                          \
    "SUM(" column " & 2147483647) FILTER (WHERE " condition ")"

static enum tw_status prepare_groups(struct sqlite_store *sqlite, struct tw_error *error)
{
    /* clang-format off */
    static const char sql[] =
        "SELECT served_tier, rule, outcome, COUNT(*), SUM(cost IS NULL),"
        " SUM(cost IS NOT NULL AND default_cost IS NULL),"
        " COALESCE(SUM(attempted_tier IS NOT chosen_tier) FILTER (WHERE attempted_tier <> ''), 0),"
        " COALESCE(SUM(delay_added > 0), 0), COALESCE(SUM(delay_added), 0),"
        SUMS("cost", "default_cost IS NOT NULL") ","
        SUMS("default_cost", "cost IS NOT NULL") ","
        SUMS("cost", "default_cost IS NULL")
        " FROM ledger WHERE instant >= ?1 AND instant < ?2"
        " GROUP BY served_tier, rule, outcome ORDER BY served_tier, rule, outcome";
    /* clang-format on */
    return sqlite_prepare(sqlite, sql, &sqlite->select_groups, error);
}

enum tw_status sqlite_ledger_prepare(struct sqlite_store *sqlite, bool writer,
                                     struct tw_error *error)
{
    enum tw_status status = prepare_rows(sqlite, error);
    if (status == TW_OK)
        status = prepare_groups(sqlite, error);
    if (status == TW_OK && writer)
        status = prepare_insert(sqlite, error);
    return status;
}

void sqlite_ledger_finalize(struct sqlite_store *sqlite)
{
    sqlite3_finalize(sqlite->insert);
    sqlite3_finalize(sqlite->select_rows);
    sqlite3_finalize(sqlite->select_groups);
}

/* Writing. */

static void bind_member(sqlite3_stmt *insert, int index, const struct ledger_member *member,
                        struct ledger_row *row)
{
    struct text text = member->text ? *ledger_text(member, row) : TEXT("");
    int64_t number = member->text ? LEDGER_UNKNOWN : *ledger_number(member, row);
    if (text.length)
        sqlite3_bind_text64(insert, index, text.data, text.length, SQLITE_STATIC, SQLITE_UTF8);
    else if (number != LEDGER_UNKNOWN)
        sqlite3_bind_int64(insert, index, number);
    else
        sqlite3_bind_null(insert, index);
}

static enum tw_status insert_row(struct sqlite_store *sqlite, const struct ledger_row *row,
                                 struct tw_error *error)
{
    struct ledger_row copy = *row;
    for (int i = 0; i < LEDGER_MEMBER_COUNT; i++)
        bind_member(sqlite->insert, i + 1, &ledger_members[i], &copy);
    enum tw_status status = sqlite_run(sqlite, sqlite->insert, error);
    sqlite3_clear_bindings(sqlite->insert); /* the texts are the caller's */
    return status;
}

enum tw_status sqlite_ledger_settle_within(struct sqlite_store *sqlite,
                                           const struct ledger_settlement *settlement,
                                           struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < settlement->row_count && status == TW_OK; i++)
        status = insert_row(sqlite, &settlement->rows[i], error);
    return status == TW_OK ? sqlite_budget_release(sqlite, settlement->reservations,
                                                   settlement->reservation_count, error)
                           : status;
}

enum tw_status sqlite_ledger_settle(struct store *store, const struct ledger_row *rows,
                                    size_t count, const int64_t *reservations,
                                    size_t reservation_count, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    struct ledger_settlement settlement = {rows, count, reservations, reservation_count};
    enum tw_status status = sqlite_begin(sqlite, error);
    if (status != TW_OK)
        return status;
    return sqlite_end(sqlite, sqlite_ledger_settle_within(sqlite, &settlement, error), error);
}

/* Reading. */

static struct text column_text(sqlite3_stmt *statement, int column)
{
    const char *data = (const char *)sqlite3_column_text(statement, column);
    return (struct text){data ? data : "", (size_t)sqlite3_column_bytes(statement, column)};
}

/* False where the column holds what no row of ours can hold. */
static bool read_member(sqlite3_stmt *select, int column, const struct ledger_member *member,
                        struct ledger_row *row)
{
    int type = sqlite3_column_type(select, column);
    if (type == SQLITE_NULL)
        return !member->required;
    if (type != (member->text ? SQLITE_TEXT : SQLITE_INTEGER))
        return false;
    if (member->text)
        *ledger_text(member, row) = column_text(select, column);
    else
        *ledger_number(member, row) = sqlite3_column_int64(select, column);
    return true;
}

static enum tw_status read_row(struct sqlite_store *sqlite, struct ledger_row *row,
                               struct tw_error *error)
{
    ledger_row_init(row);
    for (int i = 0; i < LEDGER_MEMBER_COUNT; i++)
        if (!read_member(sqlite->select_rows, i, &ledger_members[i], row))
            return fail(error, TW_DAMAGED, "the store '%s' has a ledger row with a bad %s",
                        sqlite->path, ledger_members[i].name);
    struct tw_error reason;
    if (ledger_row_check(row, &reason) != TW_OK)
        return fail(error, TW_DAMAGED, "the store '%s' is damaged: %s", sqlite->path,
                    reason.message);
    return TW_OK;
}

static void bind_range(sqlite3_stmt *select, struct ledger_range range)
{
    sqlite3_bind_int64(select, 1, range.from);
    sqlite3_bind_int64(select, 2, range.until);
}

enum tw_status sqlite_ledger_each(struct store *store, struct ledger_range range,
                                  ledger_row_visitor visit, void *context, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    struct ledger_row row;
    enum tw_status status = TW_OK;
    int code = SQLITE_DONE;
    bind_range(sqlite->select_rows, range);
    while (status == TW_OK && (code = sqlite3_step(sqlite->select_rows)) == SQLITE_ROW) {
        status = read_row(sqlite, &row, error);
        if (status == TW_OK)
            status = visit(context, &row);
    }
    if (status == TW_OK && code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(sqlite->select_rows);
    return status;
}

/* A sum that was split in SQL, from its two columns. */
static __int128 column_sum(sqlite3_stmt *select, int column)
{
    __int128 upper = sqlite3_column_int64(select, column);
    return upper * ((__int128)1 << SPLIT_BITS) + sqlite3_column_int64(select, column + 1);
}

static enum tw_status read_group(struct sqlite_store *sqlite, struct ledger_group *group,
                                 struct tw_error *error)
{
    sqlite3_stmt *select = sqlite->select_groups;
    int64_t outcome = sqlite3_column_int64(select, 2);
    if (outcome < 0 || outcome >= LEDGER_OUTCOME_COUNT)
        return fail(error, TW_DAMAGED, "the store '%s' has a ledger row with a bad outcome",
                    sqlite->path);
    *group = (struct ledger_group){
        .served_tier = column_text(select, 0),
        .rule = column_text(select, 1),
        .outcome = (enum ledger_outcome)outcome,
        .attempts = sqlite3_column_int64(select, 3),
        .unpriced = sqlite3_column_int64(select, 4),
        .uncompared = sqlite3_column_int64(select, 5),
        .stepped_down = sqlite3_column_int64(select, 6),
        .delayed = sqlite3_column_int64(select, 7),
        .delay = sqlite3_column_int64(select, 8),
        .cost = column_sum(select, 9),
        .default_cost = column_sum(select, 11),
        .uncompared_cost = column_sum(select, 13),
    };
    return TW_OK;
}

enum tw_status sqlite_ledger_groups(struct store *store, struct ledger_range range,
                                    ledger_group_visitor visit, void *context,
                                    struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    struct ledger_group group;
    enum tw_status status = TW_OK;
    int code = SQLITE_DONE;
    bind_range(sqlite->select_groups, range);
    while (status == TW_OK && (code = sqlite3_step(sqlite->select_groups)) == SQLITE_ROW) {
        status = read_group(sqlite, &group, error);
        if (status == TW_OK)
            status = visit(context, &group);
    }
    if (status == TW_OK && code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(sqlite->select_groups);
    return status;
}
