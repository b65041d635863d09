/* store/store_postgres_ledger.c: ledger rows as SQL. A batch of rows is one statement, with an
 * array for each column; all is read in parts, so that a ledger of any length needs little memory.
 *
 * What comes back is checked as if a stranger had written it. */
#include "store/store_postgres.h"

#include <stdlib.h>

enum { SQL_MAX = 8192, PART_ROWS = 1000 };

/* --- the two statements that are made of the members --- */

static void append_names(struct buffer *sql)
{
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++)
        buffer_format(sql, "%s\"%s\"", i ? ", " : "", ledger_members[i].name);
}

static enum tw_status keep(struct buffer *sql, char **kept, struct tw_error *error)
{
    if (sql->status != TW_OK) {
        enum tw_status status = sql->status;
        buffer_free(sql);
        return fail(error, status, "%s", tw_status_text(status));
    }
    *kept = sql->data;
    return TW_OK;
}

static enum tw_status make_add(struct postgres_store *postgres, struct tw_error *error)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    buffer_string(&sql, "INSERT INTO ledger (");
    append_names(&sql);
    buffer_string(&sql, ") SELECT * FROM unnest(");
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++)
        buffer_format(&sql, "%s$%zu::%s[]", i ? ", " : "", i + 1,
                      ledger_members[i].text ? "text" : "bigint");
    buffer_string(&sql, ")");
    return keep(&sql, &postgres->ledger_add, error);
}

/* Its columns are the members', then the row's number. */
static enum tw_status make_rows(struct postgres_store *postgres, struct tw_error *error)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    buffer_string(&sql, "SELECT ");
    append_names(&sql);
    buffer_string(&sql, ", number FROM ledger WHERE instant >= $1 AND instant < $2"
                        " AND number > $3 ORDER BY number LIMIT $4");
    return keep(&sql, &postgres->ledger_rows, error);
}

enum tw_status postgres_ledger_make_sql(struct postgres_store *postgres, struct tw_error *error)
{
    enum tw_status status = make_add(postgres, error);
    return status == TW_OK ? make_rows(postgres, error) : status;
}

/* --- rows of which it was not known whether they are there --- */

static uint64_t hash_row(const struct ledger_row *row)
{
    struct ledger_row copy = *row;
    uint64_t hash = 0;
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++) {
        const struct ledger_member *member = &ledger_members[i];
        struct text bytes =
            member->text ? *ledger_text(member, &copy)
                         : (struct text){(char *)ledger_number(member, &copy), sizeof(int64_t)};
        hash = text_hash(bytes, hash + bytes.length + i);
    }
    return hash;
}

/* Without memory the rows are not remembered: if they are sent again, they are there twice. */
static void remember(struct postgres_pending *pending, uint64_t hash)
{
    enum { ROWS_MAX = 1 << 20 };
    if (pending->count == pending->room) {
        size_t room = pending->room ? 2 * pending->room : 64;
        struct postgres_pending_row *rows =
            room <= ROWS_MAX ? realloc(pending->rows, room * sizeof *rows) : NULL;
        if (!rows)
            return;
        pending->rows = rows;
        pending->room = room;
    }
    pending->rows[pending->count++] = (struct postgres_pending_row){.hash = hash};
}

void postgres_pending_resolve(struct postgres_pending *pending, bool done)
{
    size_t kept = 0;
    for (size_t i = 0; i < pending->count; i++) {
        if (!pending->rows[i].committed && !done)
            continue;
        pending->rows[i].committed = true;
        pending->rows[kept++] = pending->rows[i];
    }
    pending->count = kept;
}

/* Whether the row is there already; each one that is remembered stands for one row. */
static bool is_there(struct postgres_pending *pending, uint64_t hash)
{
    for (size_t i = 0; i < pending->count; i++) {
        struct postgres_pending_row *row = &pending->rows[i];
        if (row->committed && !row->used && row->hash == hash)
            return row->used = true;
    }
    return false;
}

static void forget_used(struct postgres_pending *pending)
{
    size_t kept = 0;
    for (size_t i = 0; i < pending->count; i++)
        if (!pending->rows[i].used)
            pending->rows[kept++] = pending->rows[i];
    pending->count = kept;
}

/* --- writing --- */

static void add_member(struct postgres_arguments *arguments, const struct ledger_member *member,
                       const struct ledger_row *row)
{
    struct ledger_row copy = *row;
    struct text text = member->text ? *ledger_text(member, &copy) : TEXT("");
    int64_t number = member->text ? LEDGER_UNKNOWN : *ledger_number(member, &copy);
    if (text.length)
        postgres_array_text(arguments, text);
    else if (number != LEDGER_UNKNOWN)
        postgres_array_number(arguments, number);
    else
        postgres_array_null(arguments);
}

/* Which rows are still to be written: *count of them, as an array to be freed. */
static const struct ledger_row **rows_to_write(struct postgres_store *postgres,
                                               const struct ledger_settlement *given, size_t *count)
{
    const struct ledger_row **rows = calloc(given->row_count + 1, sizeof(*rows));
    *count = 0;
    for (size_t i = 0; rows && i < given->row_count; i++)
        if (postgres->pending.count == 0 ||
            !is_there(&postgres->pending, hash_row(&given->rows[i])))
            rows[(*count)++] = &given->rows[i];
    return rows;
}

static void add_rows(struct postgres_settlement *settlement, const struct ledger_row **rows,
                     size_t count)
{
    struct postgres_arguments *arguments = &settlement->rows;
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++) {
        postgres_array_begin(arguments, ledger_members[i].text ? POSTGRES_TEXT : POSTGRES_BIGINT);
        for (size_t j = 0; j < count; j++)
            add_member(arguments, &ledger_members[i], rows[j]);
        postgres_array_end(arguments);
    }
    if (count == 0)
        return;
    settlement->calls[settlement->count++] =
        (struct postgres_call){.statement = POSTGRES_APPENDING};
    settlement->calls[settlement->count++] =
        (struct postgres_call){.statement = POSTGRES_LEDGER_ADD, .arguments = arguments};
}

static void add_releases(struct postgres_settlement *settlement, struct postgres_store *postgres,
                         const struct ledger_settlement *given)
{
    struct postgres_arguments *arguments = &settlement->reservations;
    bool any = false;
    postgres_number(arguments, postgres->session);
    postgres_array_begin(arguments, POSTGRES_BIGINT);
    for (size_t i = 0; i < given->reservation_count; i++)
        if (given->reservations[i] > 0) {
            postgres_array_number(arguments, given->reservations[i]);
            any = true;
        }
    postgres_array_end(arguments);
    if (any)
        settlement->calls[settlement->count++] =
            (struct postgres_call){.statement = POSTGRES_RELEASE, .arguments = arguments};
}

static enum tw_status resolve_once(struct postgres_store *postgres, void *context,
                                   struct tw_error *error)
{
    return postgres_resolve(postgres, context, error);
}

enum tw_status postgres_settlement_open(struct postgres_settlement *settlement,
                                        struct postgres_store *postgres,
                                        const struct ledger_settlement *given,
                                        struct tw_error *error)
{
    bool done;
    size_t count;
    settlement->count = 0;
    postgres_arguments_init(&settlement->rows);
    postgres_arguments_init(&settlement->reservations);
    enum tw_status status =
        postgres->unknown ? postgres_try(postgres, resolve_once, &done, error) : TW_OK;
    if (status != TW_OK)
        return status;
    const struct ledger_row **rows = rows_to_write(postgres, given, &count);
    if (!rows)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    add_rows(settlement, rows, count);
    add_releases(settlement, postgres, given);
    free(rows);
    return TW_OK;
}

void postgres_settlement_close(struct postgres_settlement *settlement,
                               struct postgres_store *postgres,
                               const struct ledger_settlement *given, enum tw_status status)
{
    struct postgres_pending *pending = &postgres->pending;
    bool wrote = settlement->count > 0;
    if (status == TW_OK && pending->count)
        forget_used(pending);
    size_t known = pending->count;
    for (size_t i = 0; i < known; i++)
        pending->rows[i].used = false;
    /* Rows that were passed over are remembered already. */
    for (size_t i = 0; wrote && status != TW_OK && postgres->unknown && i < given->row_count; i++) {
        uint64_t hash = hash_row(&given->rows[i]);
        if (!is_there(pending, hash))
            remember(pending, hash);
    }
    for (size_t i = 0; i < known; i++)
        pending->rows[i].used = false;
    postgres_arguments_free(&settlement->rows);
    postgres_arguments_free(&settlement->reservations);
}

enum tw_status postgres_ledger_settle(struct store *store, const struct ledger_row *rows,
                                      size_t count, const int64_t *reservations,
                                      size_t reservation_count, struct tw_error *error)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    struct ledger_settlement given = {rows, count, reservations, reservation_count};
    struct postgres_settlement settlement;
    enum tw_status status = postgres_settlement_open(&settlement, postgres, &given, error);
    if (status == TW_OK && settlement.count)
        status = postgres_write(postgres, settlement.calls, settlement.count, NULL, error);
    postgres_settlement_close(&settlement, postgres, &given, status);
    return status;
}

/* --- reading --- */

/* False where the column holds what no row of ours can hold. */
static bool read_member(struct postgres_rows *rows, int at, int column,
                        const struct ledger_member *member, struct ledger_row *row)
{
    if (postgres_is_null(rows, at, column))
        return !member->required;
    if (member->text)
        *ledger_text(member, row) = postgres_get_text(rows, at, column);
    else
        *ledger_number(member, row) = postgres_get_number(rows, at, column);
    return !rows->damaged;
}

static enum tw_status read_row(struct postgres_rows *rows, int at, struct ledger_row *row,
                               struct tw_error *error)
{
    struct tw_error reason;
    const char *name = rows->postgres->name;
    ledger_row_init(row);
    for (int i = 0; i < LEDGER_MEMBER_COUNT; i++)
        if (!read_member(rows, at, i, &ledger_members[i], row))
            return fail(error, TW_DAMAGED, "the store '%s' has a ledger row with a bad %s", name,
                        ledger_members[i].name);
    if (ledger_row_check(row, &reason) != TW_OK)
        return fail(error, TW_DAMAGED, "the store '%s' is damaged: %s", name, reason.message);
    return postgres_rows_status(rows, error);
}

static enum tw_status visit_rows(struct postgres_rows *rows, ledger_row_visitor visit,
                                 void *context, int64_t *last, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    struct ledger_row row;
    for (int i = 0; i < rows->count && status == TW_OK; i++) {
        status = read_row(rows, i, &row, error);
        if (status == TW_OK)
            status = visit(context, &row);
        *last = postgres_get_number(rows, i, LEDGER_MEMBER_COUNT);
        postgres_forget_texts(rows);
    }
    return status;
}

enum tw_status postgres_ledger_each(struct store *store, struct ledger_range range,
                                    ledger_row_visitor visit, void *context, struct tw_error *error)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.count = PART_ROWS};
    int64_t last = 0;
    enum tw_status status = TW_OK;
    while (status == TW_OK && rows.count == PART_ROWS) {
        postgres_arguments_init(&arguments);
        postgres_numbers(&arguments, (int64_t[]){range.from, range.until, last, PART_ROWS}, 4);
        status = postgres_repeat(postgres,
                                 &(struct postgres_call){.statement = POSTGRES_LEDGER_ROWS,
                                                         .arguments = &arguments,
                                                         .rows = &rows,
                                                         .slow = true},
                                 1, error);
        int count = status == TW_OK ? rows.count : 0;
        if (status == TW_OK)
            status = visit_rows(&rows, visit, context, &last, error);
        postgres_rows_free(&rows);
        postgres_arguments_free(&arguments);
        rows.count = count;
    }
    return status;
}

static enum tw_status read_group(struct postgres_rows *rows, int at, struct ledger_group *group,
                                 struct tw_error *error)
{
    int64_t outcome = postgres_get_number(rows, at, 2);
    if (outcome < 0 || outcome >= LEDGER_OUTCOME_COUNT)
        return fail(error, TW_DAMAGED, "the store '%s' has a ledger row with a bad outcome",
                    rows->postgres->name);
    *group = (struct ledger_group){
        .served_tier = postgres_get_text(rows, at, 0),
        .rule = postgres_get_text(rows, at, 1),
        .outcome = (enum ledger_outcome)outcome,
        .attempts = postgres_get_number(rows, at, 3),
        .unpriced = postgres_get_number(rows, at, 4),
        .uncompared = postgres_get_number(rows, at, 5),
        .stepped_down = postgres_get_number(rows, at, 6),
        .delayed = postgres_get_number(rows, at, 7),
        .delay = (int64_t)postgres_get_sum(rows, at, 8),
        .cost = postgres_get_sum(rows, at, 9),
        .default_cost = postgres_get_sum(rows, at, 10),
        .uncompared_cost = postgres_get_sum(rows, at, 11),
    };
    return postgres_rows_status(rows, error);
}

enum tw_status postgres_ledger_groups(struct store *store, struct ledger_range range,
                                      ledger_group_visitor visit, void *context,
                                      struct tw_error *error)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    struct ledger_group group;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){range.from, range.until}, 2);
    const struct postgres_call calls[] = {{.statement = POSTGRES_SCANNING},
                                          {.statement = POSTGRES_LEDGER_GROUPS,
                                           .arguments = &arguments,
                                           .rows = &rows,
                                           .slow = true}};
    enum tw_status status = postgres_repeat(postgres, calls, 2, error);
    for (int i = 0; status == TW_OK && i < rows.count; i++) {
        status = read_group(&rows, i, &group, error);
        if (status == TW_OK)
            status = visit(context, &group);
    }
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    return status;
}
