/* store/store_sqlite_budget.c: sums and reservations as SQL.
 *
 * The ledger is the truth. A sum in budget_sums is that of the ledger's rows up to the window's
 * `through`, and is brought up to date before it is read; so nothing can be counted twice or be
 * missed, whoever appended it. `reserved` is the total of the rows in `reservations`.
 *
 * An owner is one opened store. Its reservations are dropped by whoever comes next once the lock
 * that it holds on its number is gone (file_lock.h). */
#include "store/store_sqlite.h"

#include "store/file_lock.h"

#include <stdlib.h>

/* An attempt belongs to the window in which its request came, not the attempt itself began. */
#define CAME "(instant - COALESCE(delay_added, 0))"
#define CHARGE "COALESCE(cost, estimate, 0)"
/* ?3 is the attribute; "" for all requests together. */
#define VALUE                                                                                      \
    "COALESCE(CASE WHEN ?3 = '' THEN '' ELSE json_extract(attributes, '$.\"' || ?3 || '\"') END,"  \
    " CASE ?3 WHEN 'user' THEN user WHEN 'model' THEN model END, '')"
/* Sums may be over 64 bits, which SUM is not. */
#define SUMS                                                                                       \
    "SELECT " VALUE ", SUM(" CHARGE " >> 31), SUM(" CHARGE " & 2147483647) FROM ledger"            \
    " WHERE " CAME " >= ?1 AND " CAME " < ?2"
enum {
    SPLIT_BITS = 31,
    KEPT_DAYS = 40,
    STEP_ROWS = 20000 /* that one transaction adds to a window: others wait as long as that takes */
};

static const char *const statements[BUDGET_STATEMENTS] = {
    [BUDGET_LAST_ROW] = "SELECT COALESCE(MAX(number), 0) FROM ledger",
    [BUDGET_COUNT_ROWS] = "SELECT COUNT(*), (SELECT COALESCE(MIN(number), 1) - 1 FROM ledger)"
                          " FROM (SELECT 1 FROM ledger WHERE instant >= ?1 LIMIT ?2)",
    [BUDGET_FIND_WINDOW] = "SELECT number, through FROM budget_windows"
                           " WHERE start = ?1 AND finish = ?2 AND attribute = ?3",
    [BUDGET_ADD_WINDOW] = "INSERT INTO budget_windows (start, finish, attribute, through)"
                          " VALUES (?1, ?2, ?3, ?4)",
    [BUDGET_MOVE_WINDOW] = "UPDATE budget_windows SET through = ?2 WHERE number = ?1",
    /* A new window's rows are found by their instant, which is not before their request's. */
    [BUDGET_SUM_ALL] = SUMS " AND instant >= ?1 AND +number <= ?4 GROUP BY 1",
    [BUDGET_SUM_NEW] = SUMS " AND number <= ?4 AND number > ?5 GROUP BY 1",
    [BUDGET_ADD_SPENT] = "INSERT INTO budget_sums (window, value, spent) VALUES (?1, ?2, ?3)"
                         " ON CONFLICT DO UPDATE SET spent = excluded.spent",
    [BUDGET_READ_SUM] = "SELECT spent, reserved FROM budget_sums WHERE window = ?1 AND value = ?2",
    [BUDGET_ADD_RESERVED] = "INSERT INTO budget_sums (window, value, reserved) VALUES (?1, ?2, ?3)"
                            " ON CONFLICT DO UPDATE SET reserved = reserved + excluded.reserved",
    [BUDGET_ADD_RESERVATION] = "INSERT INTO reservations (owner, number, window, value, amount)"
                               " VALUES (?1, ?2, ?3, ?4, ?5)",
    [BUDGET_RETURN_RESERVED] =
        "UPDATE budget_sums SET reserved = MAX(reserved - gone.amount, 0) FROM"
        " (SELECT window, value, SUM(amount) AS amount FROM reservations"
        "  WHERE owner = ?1 AND number BETWEEN ?2 AND ?3 GROUP BY window, value) AS gone"
        " WHERE budget_sums.window = gone.window AND budget_sums.value = gone.value",
    [BUDGET_DROP_RESERVATIONS] =
        "DELETE FROM reservations WHERE owner = ?1 AND number BETWEEN ?2 AND ?3",
    [BUDGET_NEXT_OWNER] = "SELECT MIN(owner) FROM reservations WHERE owner > ?1",
    [BUDGET_NEW_OUTPUTS] = "SELECT model, output_tokens FROM ledger"
                           " WHERE number > ?1 AND output_tokens IS NOT NULL ORDER BY number",
    [BUDGET_DROP_OLD_SUMS] = "DELETE FROM budget_sums WHERE window IN (SELECT number"
                             " FROM budget_windows WHERE finish < ?1 AND number NOT IN"
                             " (SELECT window FROM reservations))",
    [BUDGET_DROP_OLD_WINDOWS] = "DELETE FROM budget_windows WHERE finish < ?1 AND number NOT IN"
                                " (SELECT window FROM reservations)",
};

static enum tw_status get(struct sqlite_store *sqlite, enum budget_statement which,
                          sqlite3_stmt **statement, struct tw_error *error)
{
    return sqlite_get(sqlite, &sqlite->budget.statements[which], statements[which], statement,
                      error);
}

/* A statement whose parameters are all numbers, and that gives no rows. */
static enum tw_status change(struct sqlite_store *sqlite, enum budget_statement which,
                             const int64_t *numbers, int count, struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = get(sqlite, which, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(statement, numbers, count);
    return sqlite_run(sqlite, statement, error);
}

/* The columns of the only row; zeros where there is none. Resets the statement. */
static enum tw_status read_one(struct sqlite_store *sqlite, sqlite3_stmt *statement,
                               int64_t *columns, int count, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    int code = sqlite3_step(statement);
    for (int i = 0; i < count; i++)
        columns[i] = code == SQLITE_ROW ? sqlite3_column_int64(statement, i) : 0;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(statement);
    return status;
}

/* --- sums --- */

/* One window while it is brought up to date. */
struct window {
    int64_t number; /* 0: there is none yet */
    int64_t through;
};

static enum tw_status read_sum(struct sqlite_store *sqlite, int64_t window, struct text value,
                               int64_t sum[2], struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = get(sqlite, BUDGET_READ_SUM, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, window);
    sqlite_bind_text(statement, 2, value);
    return read_one(sqlite, statement, sum, 2, error);
}

static int64_t column_money(sqlite3_stmt *statement, int column)
{
    __int128 upper = sqlite3_column_int64(statement, column);
    __int128 sum =
        upper * ((__int128)1 << SPLIT_BITS) + sqlite3_column_int64(statement, column + 1);
    return sum < INT64_MAX ? (int64_t)sum : INT64_MAX;
}

/* The current row of BUDGET_SUM_ALL or BUDGET_SUM_NEW goes to its value's sum. */
static enum tw_status add_spent(struct sqlite_store *sqlite, int64_t window, sqlite3_stmt *row,
                                struct tw_error *error)
{
    const char *data = (const char *)sqlite3_column_text(row, 0);
    struct text value = {data ? data : "", (size_t)sqlite3_column_bytes(row, 0)};
    int64_t sum[2];
    sqlite3_stmt *statement;
    enum tw_status status = read_sum(sqlite, window, value, sum, error);
    if (status == TW_OK)
        status = get(sqlite, BUDGET_ADD_SPENT, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, window);
    sqlite_bind_text(statement, 2, value);
    sqlite3_bind_int64(statement, 3, sum_of(sum[0], column_money(row, 1)));
    return sqlite_run(sqlite, statement, error);
}

static void bind_window(sqlite3_stmt *statement, const struct budget_bucket *bucket)
{
    sqlite3_bind_int64(statement, 1, bucket->from);
    sqlite3_bind_int64(statement, 2, bucket->until);
    sqlite_bind_text(statement, 3, bucket->attribute);
}

/* Adds what the ledger got since, up to the row `last`. `all`: the window is new. */
static enum tw_status add_rows(struct sqlite_store *sqlite, const struct budget_bucket *bucket,
                               const struct window *window, int64_t last, bool all,
                               struct tw_error *error)
{
    sqlite3_stmt *rows;
    enum tw_status status = get(sqlite, all ? BUDGET_SUM_ALL : BUDGET_SUM_NEW, &rows, error);
    if (status != TW_OK)
        return status;
    int code = SQLITE_DONE;
    bind_window(rows, bucket);
    sqlite3_bind_int64(rows, 4, last);
    if (!all)
        sqlite3_bind_int64(rows, 5, window->through);
    while (status == TW_OK && (code = sqlite3_step(rows)) == SQLITE_ROW)
        status = add_spent(sqlite, window->number, rows, error);
    if (status == TW_OK && code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(rows);
    return status;
}

static enum tw_status drop_old(struct sqlite_store *sqlite, int64_t start, struct tw_error *error)
{
    int64_t oldest = start - (int64_t)KEPT_DAYS * 86400 * 1000;
    enum tw_status status = change(sqlite, BUDGET_DROP_OLD_SUMS, &oldest, 1, error);
    return status == TW_OK ? change(sqlite, BUDGET_DROP_OLD_WINDOWS, &oldest, 1, error) : status;
}

/* A window that has what the ledger's rows up to window->through came to: nothing yet. */
static enum tw_status insert_window(struct sqlite_store *sqlite, const struct budget_bucket *bucket,
                                    struct window *window, struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = drop_old(sqlite, bucket->from, error);
    if (status == TW_OK)
        status = get(sqlite, BUDGET_ADD_WINDOW, &statement, error);
    if (status != TW_OK)
        return status;
    bind_window(statement, bucket);
    sqlite3_bind_int64(statement, 4, window->through);
    status = sqlite_run(sqlite, statement, error);
    window->number = sqlite3_last_insert_rowid(sqlite->database);
    return status;
}

static enum tw_status find_window(struct sqlite_store *sqlite, const struct budget_bucket *bucket,
                                  struct window *window, struct tw_error *error)
{
    sqlite3_stmt *statement;
    int64_t found[2] = {0, 0};
    enum tw_status status = get(sqlite, BUDGET_FIND_WINDOW, &statement, error);
    if (status != TW_OK)
        return status;
    bind_window(statement, bucket);
    status = read_one(sqlite, statement, found, 2, error);
    *window = (struct window){found[0], found[1]};
    return status;
}

static enum tw_status move_window(struct sqlite_store *sqlite, const struct budget_bucket *bucket,
                                  struct window *window, int64_t last, struct tw_error *error)
{
    enum tw_status status = add_rows(sqlite, bucket, window, last, false, error);
    int64_t moved[] = {window->number, last};
    window->through = last;
    return status == TW_OK ? change(sqlite, BUDGET_MOVE_WINDOW, moved, 2, error) : status;
}

/* Makes a window whose rows are more than one transaction should add; one with fewer is left. */
static enum tw_status begin_large_window(struct sqlite_store *sqlite,
                                         const struct budget_bucket *bucket, struct window *window,
                                         struct tw_error *error)
{
    sqlite3_stmt *count;
    int64_t found[2];
    enum tw_status status = get(sqlite, BUDGET_COUNT_ROWS, &count, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(count, 1, bucket->from);
    sqlite3_bind_int64(count, 2, STEP_ROWS + 1);
    status = read_one(sqlite, count, found, 2, error);
    window->through = found[1];
    return status == TW_OK && found[0] > STEP_ROWS ? insert_window(sqlite, bucket, window, error)
                                                   : status;
}

/* Where a window has more rows to add than one transaction should, adds some of them, and sets
 * *behind: the transaction is to end, so that others have their turn, and then to begin anew. */
static enum tw_status step_window(struct sqlite_store *sqlite, const struct budget_bucket *bucket,
                                  bool *behind, struct tw_error *error)
{
    struct window window;
    enum tw_status status = find_window(sqlite, bucket, &window, error);
    if (status == TW_OK && window.number == 0)
        status = begin_large_window(sqlite, bucket, &window, error);
    if (status != TW_OK || window.number == 0 ||
        sqlite->budget.last_row - window.through <= STEP_ROWS)
        return status;
    *behind = true;
    return move_window(sqlite, bucket, &window, window.through + STEP_ROWS, error);
}

/* Finds or makes the window, and brings its sums up to the ledger's last row. */
static enum tw_status open_window(struct sqlite_store *sqlite, const struct budget_bucket *bucket,
                                  struct window *window, struct tw_error *error)
{
    int64_t last = sqlite->budget.last_row;
    enum tw_status status = find_window(sqlite, bucket, window, error);
    if (status != TW_OK || (window->number != 0 && window->through >= last))
        return status;
    if (window->number != 0)
        return move_window(sqlite, bucket, window, last, error);
    window->through = last;
    status = insert_window(sqlite, bucket, window, error);
    return status == TW_OK ? add_rows(sqlite, bucket, window, last, true, error) : status;
}

/* --- reservations --- */

static enum tw_status drop_reservations(struct sqlite_store *sqlite, int64_t owner, int64_t first,
                                        int64_t last, struct tw_error *error)
{
    int64_t numbers[] = {owner, first, last};
    enum tw_status status = change(sqlite, BUDGET_RETURN_RESERVED, numbers, 3, error);
    return status == TW_OK ? change(sqlite, BUDGET_DROP_RESERVATIONS, numbers, 3, error) : status;
}

enum tw_status sqlite_budget_release(struct sqlite_store *sqlite, const int64_t *reservations,
                                     size_t count, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        if (reservations[i] > 0)
            status = drop_reservations(sqlite, sqlite->budget.owner, reservations[i],
                                       reservations[i], error);
    return status;
}

static enum tw_status next_owner(struct sqlite_store *sqlite, int64_t *owner,
                                 struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = get(sqlite, BUDGET_NEXT_OWNER, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, *owner);
    return read_one(sqlite, statement, owner, 1, error);
}

/* Drops what closed stores and ended processes had reserved. */
static enum tw_status reclaim(struct sqlite_store *sqlite, struct tw_error *error)
{
    int64_t owner = 0;
    enum tw_status status = next_owner(sqlite, &owner, error);
    while (status == TW_OK && owner > 0) {
        if (owner != sqlite->budget.owner && !file_lock_is_claimed(sqlite->lock, owner))
            status = drop_reservations(sqlite, owner, 1, INT64_MAX, error);
        if (status == TW_OK)
            status = next_owner(sqlite, &owner, error);
    }
    return status;
}

/* One bucket's share of a reservation. */
static enum tw_status reserve_bucket(struct sqlite_store *sqlite, int64_t number, int64_t window,
                                     struct text value, int64_t amount, struct tw_error *error)
{
    sqlite3_stmt *reservation, *sum;
    enum tw_status status = get(sqlite, BUDGET_ADD_RESERVATION, &reservation, error);
    if (status == TW_OK)
        status = get(sqlite, BUDGET_ADD_RESERVED, &sum, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(reservation, (int64_t[]){sqlite->budget.owner, number, window}, 3);
    sqlite_bind_text(reservation, 4, value);
    sqlite3_bind_int64(reservation, 5, amount);
    status = sqlite_run(sqlite, reservation, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(sum, 1, window);
    sqlite_bind_text(sum, 2, value);
    sqlite3_bind_int64(sum, 3, amount);
    return sqlite_run(sqlite, sum, error);
}

/* windows: of each bucket. A sum that would be over 64 bits is refused. */
static enum tw_status reserve_amount(struct sqlite_store *sqlite, struct budget_order *order,
                                     const int64_t *windows, int64_t amount, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    order->reservation = ++sqlite->budget.last_reservation;
    for (size_t i = 0; i < order->count && status == TW_OK; i++) {
        const struct budget_bucket *bucket = &order->buckets[i];
        status = amount > INT64_MAX / 2 - bucket->spent / 2
                     ? fail(error, TW_LIMIT, "what is reserved of a budget is over 64 bits")
                     : reserve_bucket(sqlite, order->reservation, windows[i], bucket->value, amount,
                                      error);
    }
    return status;
}

/* --- what answers usually are --- */

static enum tw_status learn_outputs(struct sqlite_store *sqlite, struct tw_error *error)
{
    struct sqlite_budget *budget = &sqlite->budget;
    sqlite3_stmt *rows;
    if (budget->learnt_row == budget->last_row)
        return TW_OK;
    if (budget->learnt_row < budget->last_row - USUAL_OUTPUT_ROWS)
        budget->learnt_row = budget->last_row - USUAL_OUTPUT_ROWS;
    enum tw_status status = get(sqlite, BUDGET_NEW_OUTPUTS, &rows, error);
    if (status != TW_OK)
        return status;
    int code;
    sqlite3_bind_int64(rows, 1, budget->learnt_row);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *model = (const char *)sqlite3_column_text(rows, 0);
        usual_output_learn(&budget->usual,
                           (struct text){model ? model : "", (size_t)sqlite3_column_bytes(rows, 0)},
                           sqlite3_column_int64(rows, 1));
    }
    if (code != SQLITE_DONE)
        status = sqlite_failure(sqlite, error);
    sqlite3_reset(rows);
    budget->learnt_row = budget->last_row;
    return status;
}

/* --- orders --- */

static enum tw_status fill_order(struct sqlite_store *sqlite, struct budget_order *order,
                                 int64_t *windows, struct tw_error *error)
{
    enum tw_status status = order->model.length ? learn_outputs(sqlite, error) : TW_OK;
    if (order->model.length)
        order->usual_output = usual_output_of(&sqlite->budget.usual, order->model);
    for (size_t i = 0; i < order->count && status == TW_OK; i++) {
        struct budget_bucket *bucket = &order->buckets[i];
        struct window window;
        int64_t sum[2];
        status = open_window(sqlite, bucket, &window, error);
        if (status == TW_OK)
            status = read_sum(sqlite, window.number, bucket->value, sum, error);
        if (status != TW_OK)
            break;
        windows[i] = window.number;
        bucket->spent = sum_of(sum[0], sum[1]);
    }
    return status;
}

static enum tw_status take_order(struct sqlite_store *sqlite, struct budget_order *order,
                                 struct tw_error *error)
{
    int64_t *windows = calloc(order->count + 1, sizeof *windows);
    if (!windows)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    enum tw_status status = fill_order(sqlite, order, windows, error);
    int64_t amount = status == TW_OK ? order->choose(order->context) : 0;
    if (amount > 0)
        status = reserve_amount(sqlite, order, windows, amount, error);
    free(windows);
    return status;
}

static enum tw_status step_windows(struct sqlite_store *sqlite, const struct budget_order *order,
                                   bool *behind, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < order->count && status == TW_OK && !*behind; i++)
        status = step_window(sqlite, &order->buckets[i], behind, error);
    return status;
}

/* Takes all orders; or none, where some window is *behind. */
static enum tw_status take_orders(struct sqlite_store *sqlite, struct budget_order *const *orders,
                                  size_t count, bool *behind, struct tw_error *error)
{
    sqlite3_stmt *last;
    enum tw_status status = get(sqlite, BUDGET_LAST_ROW, &last, error);
    if (status == TW_OK)
        status = read_one(sqlite, last, &sqlite->budget.last_row, 1, error);
    if (status == TW_OK)
        status = reclaim(sqlite, error);
    if (sqlite->budget.last_row > STEP_ROWS)
        for (size_t i = 0; i < count && status == TW_OK && !*behind; i++)
            status = step_windows(sqlite, orders[i], behind, error);
    for (size_t i = 0; i < count && status == TW_OK && !*behind; i++)
        status = take_order(sqlite, orders[i], error);
    return status;
}

/* Reservations end with the process, so they need not survive a loss of power: without a flush, a
 * reservation costs a fifth. What is flushed later includes them. */
enum tw_status sqlite_budget_reserve(struct store *store, struct budget_order *const *orders,
                                     size_t count, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    enum tw_status status = TW_OK;
    bool behind = false;
    if (sqlite->budget.owner == 0)
        status = file_lock_claim(sqlite->lock, &sqlite->budget.owner, error);
    do {
        if (behind)
            file_lock_give_way();
        behind = false;
        if (status == TW_OK)
            status = sqlite_begin_light(sqlite, error);
        if (status != TW_OK)
            return status;
        status =
            sqlite_end_light(sqlite, take_orders(sqlite, orders, count, &behind, error), error);
    } while (status == TW_OK && behind);
    return status;
}

void sqlite_budget_finalize(struct sqlite_store *sqlite)
{
    for (size_t i = 0; i < BUDGET_STATEMENTS; i++)
        sqlite3_finalize(sqlite->budget.statements[i]);
    usual_output_free(&sqlite->budget.usual);
}
