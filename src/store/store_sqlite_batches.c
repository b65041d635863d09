/* store/store_sqlite_batches.c: files and batches as SQL. The content is a file's last column, so
 * that what is read without it costs nothing of its size. */
#include "store/store_sqlite.h"

#define FILE_COLUMNS "SELECT number, created, length(content), id, owner, purpose, name"
#define BATCH_COLUMNS                                                                              \
    "SELECT number, created, expires, total, state, id, owner, input_file, endpoint, details"      \
    " FROM batches"
/* Lists by number, which is the last column of each index. */
#define UP " number > ?1 ORDER BY number LIMIT ?2"
#define DOWN " number < ?1 ORDER BY number DESC LIMIT ?2"
#define OF_OWNER " WHERE owner = ?3 AND"

static const char *const statements[BATCH_STATEMENTS] = {
    [FILE_SQL_ADD] = "INSERT INTO files (created, id, owner, purpose, name, content)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
    [FILE_SQL_FIND] = FILE_COLUMNS ", x'' FROM files WHERE id = ?1",
    [FILE_SQL_FIND_CONTENT] = FILE_COLUMNS ", content FROM files WHERE id = ?1",
    [FILE_SQL_LIST_UP] = FILE_COLUMNS ", x'' FROM files WHERE" UP,
    [FILE_SQL_LIST_DOWN] = FILE_COLUMNS ", x'' FROM files WHERE" DOWN,
    [FILE_SQL_LIST_OWNER_UP] = FILE_COLUMNS ", x'' FROM files INDEXED BY files_owner" OF_OWNER UP,
    [FILE_SQL_LIST_OWNER_DOWN] =
        FILE_COLUMNS ", x'' FROM files INDEXED BY files_owner" OF_OWNER DOWN,
    [FILE_SQL_DELETE] = "DELETE FROM files WHERE id = ?1",
    [BATCH_SQL_ADD] = "INSERT INTO batches (created, expires, total, state, id, owner, input_file,"
                      " endpoint, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                      " ON CONFLICT (id) DO NOTHING",
    [BATCH_SQL_FIND] = BATCH_COLUMNS " WHERE id = ?1",
    [BATCH_SQL_LIST_UP] = BATCH_COLUMNS " WHERE" UP,
    [BATCH_SQL_LIST_DOWN] = BATCH_COLUMNS " WHERE" DOWN,
    [BATCH_SQL_LIST_OWNER_UP] = BATCH_COLUMNS " INDEXED BY batches_owner" OF_OWNER UP,
    [BATCH_SQL_LIST_OWNER_DOWN] = BATCH_COLUMNS " INDEXED BY batches_owner" OF_OWNER DOWN,
    [BATCH_SQL_LIST_STATE] =
        BATCH_COLUMNS " INDEXED BY batches_state WHERE state = ?1 ORDER BY number",
    [BATCH_SQL_CHANGE] = "UPDATE batches SET total = ?1, state = ?2, details = ?5"
                         " WHERE id = ?4 AND state = ?3",
};

static enum tw_status get(struct sqlite_store *sqlite, enum batch_statement which,
                          sqlite3_stmt **statement, struct tw_error *error)
{
    return sqlite_get(sqlite, &sqlite->batches[which], statements[which], statement, error);
}

void sqlite_batch_finalize(struct sqlite_store *sqlite)
{
    for (size_t i = 0; i < BATCH_STATEMENTS; i++)
        sqlite3_finalize(sqlite->batches[i]);
}

/* Binds texts from the parameter after `numbers` on. */
static void bind_texts(sqlite3_stmt *statement, int numbers, const struct text *texts, int count)
{
    for (int i = 0; i < count; i++)
        sqlite_bind_text(statement, numbers + 1 + i, texts[i]);
}

/* One that reads rows and has a visitor; a file's or a batch's. */
struct reading {
    struct sqlite_store *sqlite;
    stored_file_visitor visit_file;
    batch_visitor visit_batch; /* where visit_file is NULL */
    void *context;
    size_t count; /* out: of rows */
};

static enum tw_status visit_file(const struct reading *reading, sqlite3_stmt *row)
{
    struct stored_file file = {.number = sqlite3_column_int64(row, 0),
                               .created = sqlite3_column_int64(row, 1),
                               .size = sqlite3_column_int64(row, 2),
                               .id = sqlite_column_bytes(row, 3),
                               .owner = sqlite_column_bytes(row, 4),
                               .purpose = sqlite_column_bytes(row, 5),
                               .name = sqlite_column_bytes(row, 6),
                               .content = sqlite_column_bytes(row, 7)};
    return reading->visit_file(reading->context, &file);
}

static enum tw_status visit_batch(const struct reading *reading, sqlite3_stmt *row,
                                  struct tw_error *error)
{
    int64_t state = sqlite3_column_int64(row, 4);
    if (state < 0 || state >= BATCH_STATE_COUNT)
        return fail(error, TW_DAMAGED, "the store '%s' has a batch with a bad state",
                    reading->sqlite->path);
    struct batch batch = {.number = sqlite3_column_int64(row, 0),
                          .created = sqlite3_column_int64(row, 1),
                          .expires = sqlite3_column_int64(row, 2),
                          .total = sqlite3_column_int64(row, 3),
                          .state = (enum batch_state)state,
                          .id = sqlite_column_bytes(row, 5),
                          .owner = sqlite_column_bytes(row, 6),
                          .input_file = sqlite_column_bytes(row, 7),
                          .endpoint = sqlite_column_bytes(row, 8),
                          .details = sqlite_column_bytes(row, 9)};
    return reading->visit_batch(reading->context, &batch);
}

/* Visits all rows of a statement whose parameters are bound, and resets it. */
static enum tw_status read_rows(struct reading *reading, sqlite3_stmt *rows, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    int code = SQLITE_DONE;
    while (status == TW_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        status =
            reading->visit_file ? visit_file(reading, rows) : visit_batch(reading, rows, error);
        reading->count++;
    }
    if (status == TW_OK && code != SQLITE_DONE)
        status = sqlite_failure(reading->sqlite, error);
    sqlite3_reset(rows);
    sqlite3_clear_bindings(rows);
    return status;
}

static enum tw_status find(struct reading *reading, enum batch_statement which, struct text id,
                           bool *found, struct tw_error *error)
{
    sqlite3_stmt *statement;
    enum tw_status status = get(reading->sqlite, which, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_text(statement, 1, id);
    status = read_rows(reading, statement, error);
    *found = reading->count > 0;
    return status;
}

/* `up` is the first of four statements: all upwards, all downwards, then an owner's. */
static enum tw_status list(struct reading *reading, enum batch_statement up,
                           const struct list_part *part, struct tw_error *error)
{
    sqlite3_stmt *statement;
    int which = (int)up + part->downwards + (part->any_owner ? 0 : 2);
    int64_t most = part->limit < INT64_MAX ? (int64_t)part->limit : INT64_MAX;
    enum tw_status status = get(reading->sqlite, (enum batch_statement)which, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(statement, (int64_t[]){part->after, most}, 2);
    if (!part->any_owner)
        sqlite_bind_text(statement, 3, part->owner);
    return read_rows(reading, statement, error);
}

/* --- files --- */

enum tw_status sqlite_file_add(struct store *store, const struct stored_file *file, bool *added,
                               struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *insert;
    int64_t changed;
    enum tw_status status = get(sqlite, FILE_SQL_ADD, &insert, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(insert, 1, file->created);
    bind_texts(insert, 1, (struct text[]){file->id, file->owner, file->purpose, file->name}, 4);
    sqlite_bind_bytes(insert, 6, file->content);
    status = sqlite_change_alone(sqlite, insert, &changed, error);
    *added = changed > 0;
    return status;
}

enum tw_status sqlite_file_find(struct store *store, struct text id, bool with_content,
                                stored_file_visitor visit, void *context, bool *found,
                                struct tw_error *error)
{
    struct reading reading = {
        .sqlite = (struct sqlite_store *)store, .visit_file = visit, .context = context};
    return find(&reading, with_content ? FILE_SQL_FIND_CONTENT : FILE_SQL_FIND, id, found, error);
}

enum tw_status sqlite_file_list(struct store *store, const struct list_part *part,
                                stored_file_visitor visit, void *context, struct tw_error *error)
{
    struct reading reading = {
        .sqlite = (struct sqlite_store *)store, .visit_file = visit, .context = context};
    return list(&reading, FILE_SQL_LIST_UP, part, error);
}

enum tw_status sqlite_file_delete(struct store *store, struct text id, bool *deleted,
                                  struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    int64_t changed;
    enum tw_status status = get(sqlite, FILE_SQL_DELETE, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_text(statement, 1, id);
    status = sqlite_change_alone(sqlite, statement, &changed, error);
    *deleted = changed > 0;
    return status;
}

/* --- batches --- */

enum tw_status sqlite_batch_add(struct store *store, const struct batch *batch, bool *added,
                                struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *insert;
    int64_t changed, numbers[] = {batch->created, batch->expires, batch->total, batch->state};
    const struct text texts[] = {batch->id, batch->owner, batch->input_file, batch->endpoint,
                                 batch->details};
    enum tw_status status = get(sqlite, BATCH_SQL_ADD, &insert, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(insert, numbers, 4);
    bind_texts(insert, 4, texts, 5);
    status = sqlite_change_alone(sqlite, insert, &changed, error);
    *added = changed > 0;
    return status;
}

enum tw_status sqlite_batch_find(struct store *store, struct text id, batch_visitor visit,
                                 void *context, bool *found, struct tw_error *error)
{
    struct reading reading = {
        .sqlite = (struct sqlite_store *)store, .visit_batch = visit, .context = context};
    return find(&reading, BATCH_SQL_FIND, id, found, error);
}

enum tw_status sqlite_batch_list(struct store *store, const struct list_part *part,
                                 batch_visitor visit, void *context, struct tw_error *error)
{
    struct reading reading = {
        .sqlite = (struct sqlite_store *)store, .visit_batch = visit, .context = context};
    return list(&reading, BATCH_SQL_LIST_UP, part, error);
}

enum tw_status sqlite_batch_list_state(struct store *store, enum batch_state state,
                                       batch_visitor visit, void *context, struct tw_error *error)
{
    struct reading reading = {
        .sqlite = (struct sqlite_store *)store, .visit_batch = visit, .context = context};
    sqlite3_stmt *statement;
    enum tw_status status = get(reading.sqlite, BATCH_SQL_LIST_STATE, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite3_bind_int64(statement, 1, state);
    return read_rows(&reading, statement, error);
}

enum tw_status sqlite_batch_change(struct store *store, const struct batch *batch,
                                   enum batch_state from, bool *changed, struct tw_error *error)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    sqlite3_stmt *statement;
    int64_t rows;
    enum tw_status status = get(sqlite, BATCH_SQL_CHANGE, &statement, error);
    if (status != TW_OK)
        return status;
    sqlite_bind_numbers(statement, (int64_t[]){batch->total, batch->state, from}, 3);
    bind_texts(statement, 3, (struct text[]){batch->id, batch->details}, 2);
    status = sqlite_change_alone(sqlite, statement, &rows, error);
    *changed = rows > 0;
    return status;
}
