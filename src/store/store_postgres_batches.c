/* store/store_postgres_batches.c: files and batches. A file's content is read only where it is
 * asked for. */
#include "store/store_postgres.h"

/* One that reads rows and has a visitor; a file's or a batch's. */
struct reading {
    struct postgres_store *postgres;
    stored_file_visitor visit_file;
    batch_visitor visit_batch; /* where visit_file is NULL */
    void *context;
    int count;    /* out: of rows */
    int64_t last; /* out: the last one's number */
};

static enum tw_status visit_file(const struct reading *reading, struct postgres_rows *rows, int row)
{
    struct stored_file file = {.number = postgres_get_number(rows, row, 0),
                               .created = postgres_get_number(rows, row, 1),
                               .size = postgres_get_number(rows, row, 2),
                               .id = postgres_get_text(rows, row, 3),
                               .owner = postgres_get_text(rows, row, 4),
                               .purpose = postgres_get_text(rows, row, 5),
                               .name = postgres_get_text(rows, row, 6),
                               .content = postgres_get_bytes(rows, row, 7)};
    enum tw_status status = postgres_rows_status(rows, NULL);
    return status == TW_OK ? reading->visit_file(reading->context, &file) : status;
}

static enum tw_status visit_batch(const struct reading *reading, struct postgres_rows *rows,
                                  int row, struct tw_error *error)
{
    int64_t state = postgres_get_number(rows, row, 4);
    if (state < 0 || state >= BATCH_STATE_COUNT)
        return fail(error, TW_DAMAGED, "the store '%s' has a batch with a bad state",
                    reading->postgres->name);
    struct batch batch = {.number = postgres_get_number(rows, row, 0),
                          .created = postgres_get_number(rows, row, 1),
                          .expires = postgres_get_number(rows, row, 2),
                          .total = postgres_get_number(rows, row, 3),
                          .state = (enum batch_state)state,
                          .id = postgres_get_text(rows, row, 5),
                          .owner = postgres_get_text(rows, row, 6),
                          .input_file = postgres_get_text(rows, row, 7),
                          .endpoint = postgres_get_text(rows, row, 8),
                          .details = postgres_get_text(rows, row, 9)};
    enum tw_status status = postgres_rows_status(rows, error);
    return status == TW_OK ? reading->visit_batch(reading->context, &batch) : status;
}

static enum tw_status read_rows(struct reading *reading, enum postgres_statement which,
                                const struct postgres_arguments *arguments, struct tw_error *error)
{
    struct postgres_rows rows = {.result = NULL};
    enum tw_status status = postgres_repeat(
        reading->postgres,
        &(struct postgres_call){
            .statement = which, .arguments = arguments, .rows = &rows, .slow = true},
        1, error);
    reading->count = status == TW_OK ? rows.count : 0;
    for (int i = 0; status == TW_OK && i < rows.count; i++) {
        reading->last = postgres_get_number(&rows, i, 0);
        status = reading->visit_file ? visit_file(reading, &rows, i)
                                     : visit_batch(reading, &rows, i, error);
        postgres_forget_texts(&rows);
    }
    postgres_rows_free(&rows);
    return status;
}

static enum tw_status find(struct reading *reading, enum postgres_statement which, struct text id,
                           bool *found, struct tw_error *error)
{
    struct postgres_arguments arguments;
    postgres_arguments_init(&arguments);
    postgres_text(&arguments, id);
    enum tw_status status = read_rows(reading, which, &arguments, error);
    *found = reading->count > 0;
    postgres_arguments_free(&arguments);
    return status;
}

/* `up` is the first of four statements: all upwards, all downwards, then an owner's. */
static enum tw_status list(struct reading *reading, enum postgres_statement up,
                           const struct list_part *part, struct tw_error *error)
{
    struct postgres_arguments arguments;
    int which = (int)up + part->downwards + (part->any_owner ? 0 : 2);
    int64_t most = part->limit < INT64_MAX ? (int64_t)part->limit : INT64_MAX;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){part->after, most}, 2);
    if (!part->any_owner)
        postgres_text(&arguments, part->owner);
    enum tw_status status = read_rows(reading, (enum postgres_statement)which, &arguments, error);
    postgres_arguments_free(&arguments);
    return status;
}

/* One statement that changes at most one row; *changed: it did, or had done before its answer was
 * lost. */
static enum tw_status change(struct store *store, enum postgres_statement which,
                             struct postgres_arguments *arguments, bool *changed,
                             struct tw_error *error)
{
    bool before;
    int64_t rows = 0;
    const struct postgres_call call = {
        .statement = which, .arguments = arguments, .changed = &rows, .slow = true};
    enum tw_status status =
        postgres_write((struct postgres_store *)store, &call, 1, &before, error);
    *changed = status == TW_OK && (before || rows > 0);
    postgres_arguments_free(arguments);
    return status;
}

static void add_texts(struct postgres_arguments *arguments, const struct text *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        postgres_text(arguments, texts[i]);
}

/* --- files --- */

enum tw_status postgres_file_add(struct store *store, const struct stored_file *file, bool *added,
                                 struct tw_error *error)
{
    struct postgres_arguments arguments;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){file->created, (int64_t)file->content.length}, 2);
    add_texts(&arguments, (struct text[]){file->id, file->owner, file->purpose, file->name}, 4);
    postgres_bytes(&arguments, file->content);
    return change(store, POSTGRES_ADD_FILE, &arguments, added, error);
}

enum tw_status postgres_file_find(struct store *store, struct text id, bool with_content,
                                  stored_file_visitor visit, void *context, bool *found,
                                  struct tw_error *error)
{
    struct reading reading = {
        .postgres = (struct postgres_store *)store, .visit_file = visit, .context = context};
    return find(&reading, with_content ? POSTGRES_FIND_FILE_CONTENT : POSTGRES_FIND_FILE, id, found,
                error);
}

enum tw_status postgres_file_list(struct store *store, const struct list_part *part,
                                  stored_file_visitor visit, void *context, struct tw_error *error)
{
    struct reading reading = {
        .postgres = (struct postgres_store *)store, .visit_file = visit, .context = context};
    return list(&reading, POSTGRES_LIST_FILES_UP, part, error);
}

enum tw_status postgres_file_delete(struct store *store, struct text id, bool *deleted,
                                    struct tw_error *error)
{
    struct postgres_arguments arguments;
    postgres_arguments_init(&arguments);
    postgres_text(&arguments, id);
    return change(store, POSTGRES_DELETE_FILE, &arguments, deleted, error);
}

/* --- batches --- */

enum tw_status postgres_batch_add(struct store *store, const struct batch *batch, bool *added,
                                  struct tw_error *error)
{
    struct postgres_arguments arguments;
    const int64_t numbers[] = {batch->created, batch->expires, batch->total, batch->state};
    const struct text texts[] = {batch->id, batch->owner, batch->input_file, batch->endpoint,
                                 batch->details};
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, numbers, 4);
    add_texts(&arguments, texts, 5);
    return change(store, POSTGRES_ADD_BATCH, &arguments, added, error);
}

enum tw_status postgres_batch_find(struct store *store, struct text id, batch_visitor visit,
                                   void *context, bool *found, struct tw_error *error)
{
    struct reading reading = {
        .postgres = (struct postgres_store *)store, .visit_batch = visit, .context = context};
    return find(&reading, POSTGRES_FIND_BATCH, id, found, error);
}

enum tw_status postgres_batch_list(struct store *store, const struct list_part *part,
                                   batch_visitor visit, void *context, struct tw_error *error)
{
    struct reading reading = {
        .postgres = (struct postgres_store *)store, .visit_batch = visit, .context = context};
    return list(&reading, POSTGRES_LIST_BATCHES_UP, part, error);
}

/* In parts, since a batch's details may be large. */
enum tw_status postgres_batch_list_state(struct store *store, enum batch_state state,
                                         batch_visitor visit, void *context, struct tw_error *error)
{
    enum { PART = 64 };
    struct reading reading = {.postgres = (struct postgres_store *)store,
                              .visit_batch = visit,
                              .context = context,
                              .count = PART};
    enum tw_status status = TW_OK;
    while (status == TW_OK && reading.count == PART) {
        struct postgres_arguments arguments;
        postgres_arguments_init(&arguments);
        postgres_numbers(&arguments, (int64_t[]){state, reading.last, PART}, 3);
        status = read_rows(&reading, POSTGRES_LIST_BATCHES_STATE, &arguments, error);
        postgres_arguments_free(&arguments);
    }
    return status;
}

enum tw_status postgres_batch_change(struct store *store, const struct batch *batch,
                                     enum batch_state from, bool *changed, struct tw_error *error)
{
    struct postgres_arguments arguments;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){batch->total, batch->state, from}, 3);
    add_texts(&arguments, (struct text[]){batch->id, batch->details}, 2);
    return change(store, POSTGRES_CHANGE_BATCH, &arguments, changed, error);
}
