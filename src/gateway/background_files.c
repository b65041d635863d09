/* gateway/background_files.c: files that were kept, and the results of batches as files.
 *
 * A batch's results are files as soon as there are any. Once the batch has ended they stand in the
 * store's list, too, where they may be deleted; what is in them is made from its jobs either way.
 */
#include "gateway/background_internal.h"

#include "queue/batch_keeper.h"

#include <string.h>

enum { LIST_MAX = 10000, LIST_PAGE = 1000, SLICE_BYTES = 16 << 20 };

static void answer_missing(struct task *task)
{
    struct tw_error error;
    fail(&error, TW_NOT_FOUND, "No such File object: %.*s", TEXT_ARGUMENTS(task->id));
    task_error(task, 404, NULL, "id", error.message);
}

/* --- one file --- */

/* What is known of a file, in the task's arena; without content. */
struct found_file {
    struct task *task;
    struct stored_file file;
    int64_t bytes; /* of a batch's results, those of the whole */
};

static enum tw_status keep_file(void *context, const struct stored_file *file)
{
    struct found_file *found = context;
    struct arena *arena = &found->task->arena;
    enum batch_file kind;
    char batch[MADE_ID_SIZE];
    found->file = *file;
    found->file.id = arena_text(arena, file->id);
    found->file.owner = arena_text(arena, file->owner);
    found->file.purpose = arena_text(arena, file->purpose);
    found->file.name = arena_text(arena, file->name);
    found->file.content = TEXT("");
    found->bytes =
        batch_file_find(file->id, &kind, batch) ? batch_file_bytes(file->content) : file->size;
    return arena_status(arena);
}

/* A file that stands in the list, and that the caller may see. False, and answered, if not. */
static bool find_listed(struct task *task, struct store *store, struct found_file *found)
{
    struct tw_error error;
    enum batch_file kind;
    char batch[MADE_ID_SIZE];
    *found = (struct found_file){.task = task};
    bool results = batch_file_find(task->id, &kind, batch);
    enum tw_status status = stored_file_find(store, task->id, results, keep_file, found, &error);
    if (status == TW_NOT_FOUND || (status == TW_OK && !task_may_see(task, found->file.owner)))
        answer_missing(task);
    else if (status != TW_OK)
        task_store_error(task, status, &error);
    else
        return true;
    return false;
}

static bool is_over(enum batch_state state)
{
    return state == BATCH_COMPLETED || state == BATCH_EXPIRED || state == BATCH_CANCELLED;
}

/* Where a file is. */
enum place {
    PLACE_LIST,   /* in the store's list, if anywhere */
    PLACE_BATCH,  /* results of a batch that goes on: not listed yet */
    PLACE_NOWHERE /* the answer says so */
};

/* An id of results belongs to a batch that the caller may see. */
static enum place place_of(struct task *task, struct store *store, struct batch *batch)
{
    enum batch_file kind;
    char id[MADE_ID_SIZE];
    struct batch_view view;
    struct tw_error error;
    if (!batch_file_find(task->id, &kind, id))
        return PLACE_LIST;
    if (!find_batch(task, store, text_of(id), batch)) {
        answer_missing(task);
        return PLACE_NOWHERE;
    }
    if (is_over(batch->state))
        return PLACE_LIST;
    enum tw_status status = batch_view_open(store, batch, &view, &error);
    if (status == TW_OK && batch_has_file(&view, kind))
        return PLACE_BATCH;
    if (status == TW_OK)
        answer_missing(task);
    else
        task_store_error(task, status, &error);
    return PLACE_NOWHERE;
}

static enum tw_status count_bytes(struct task *task, struct store *store, struct batch *batch,
                                  int64_t *bytes, struct tw_error *error)
{
    struct output_cursor cursor = {.file = task->cursor.file};
    enum tw_status status = TW_OK;
    *bytes = 0;
    while (status == TW_OK && !cursor.over) {
        buffer_clear(&task->out);
        status = batch_output_page(store, batch, &cursor, &task->out, error);
        *bytes += (int64_t)task->out.length;
    }
    buffer_clear(&task->out);
    return status;
}

/* Results that are not listed yet, as if they were. */
static void show_coming(struct task *task, struct store *store, struct batch *batch)
{
    static const char *const endings[BATCH_FILE_COUNT] = {"output", "error"};
    char id[MADE_ID_SIZE];
    struct tw_error error;
    int64_t bytes;
    batch_file_find(task->id, &task->cursor.file, id);
    enum tw_status status = count_bytes(task, store, batch, &bytes, &error);
    const struct stored_file file = {.created = batch->created,
                                     .id = task->id,
                                     .purpose = TEXT("batch_output"),
                                     .name = arena_format(&task->arena, "%.*s_%s.jsonl",
                                                          TEXT_ARGUMENTS(batch->id),
                                                          endings[task->cursor.file])};
    if (status != TW_OK)
        task_store_error(task, status, &error);
    else
        file_object_print(&task->out, &file, bytes);
}

void files_show(struct task *task, struct store *store)
{
    struct found_file found;
    struct batch batch;
    enum place place = place_of(task, store, &batch);
    if (place == PLACE_BATCH)
        show_coming(task, store, &batch);
    else if (place == PLACE_LIST && find_listed(task, store, &found))
        file_object_print(&task->out, &found.file, found.bytes);
}

void files_delete(struct task *task, struct store *store)
{
    struct found_file found;
    struct tw_error error;
    struct batch batch;
    bool deleted = false;
    enum place place = place_of(task, store, &batch);
    if (place == PLACE_BATCH)
        task_error(task, 409, "batch_in_progress", "id",
                   "The batch whose results these are has not ended.");
    if (place != PLACE_LIST || !find_listed(task, store, &found))
        return;
    enum tw_status status = stored_file_delete(store, task->id, &deleted, &error);
    if (status != TW_OK)
        task_store_error(task, status, &error);
    else if (!deleted)
        answer_missing(task);
    else
        buffer_format(&task->out, "{\"id\":\"%.*s\",\"object\":\"file\",\"deleted\":true}",
                      TEXT_ARGUMENTS(task->id));
}

/* --- content --- */

static enum tw_status take_slice(void *context, const struct stored_file *file)
{
    struct task *task = context;
    if (task->offset > file->content.length)
        return TW_DAMAGED;
    size_t left = file->content.length - task->offset;
    size_t length = left < SLICE_BYTES ? left : SLICE_BYTES;
    buffer_append(&task->out, file->content.data + task->offset, length);
    task->offset += length;
    task->over = length == left;
    return task->out.status;
}

/* A file is read from the store again for each slice, so that a slow caller holds one slice. */
static enum tw_status next_slice(struct task *task, struct store *store, struct tw_error *error)
{
    return stored_file_find(store, task->id, true, take_slice, task, error);
}

static enum tw_status keep_state(void *context, const struct batch *batch)
{
    struct batch *kept = context;
    kept->state = batch->state;
    kept->expires = batch->expires;
    return TW_OK;
}

static enum tw_status next_results(struct task *task, struct store *store, struct tw_error *error)
{
    struct batch batch = {.id = task->batch};
    enum tw_status status = batch_find(store, task->batch, keep_state, &batch, error);
    if (status == TW_OK)
        status = batch_output_page(store, &batch, &task->cursor, &task->out, error);
    task->over = task->cursor.over;
    return status;
}

void files_content(struct task *task, struct store *store)
{
    struct found_file found = {.task = task};
    struct batch batch;
    char id[MADE_ID_SIZE];
    enum place place = place_of(task, store, &batch);
    if (place == PLACE_NOWHERE || (place == PLACE_LIST && !find_listed(task, store, &found)))
        return;
    task->type_out = "application/octet-stream";
    if (batch_file_find(task->id, &task->cursor.file, id)) {
        task->batch = arena_text(&task->arena, text_of(id));
        task->source = next_results;
    } else {
        task->length = found.bytes;
        task->source = next_slice;
    }
}

/* --- the list --- */

struct listing {
    struct task *task;
    struct text purpose;        /* empty: all */
    int64_t after, limit, seen; /* seen: on this page of the store's */
    bool more;
    struct found_file *items;
    size_t count, capacity;
};

static enum tw_status list_file(void *context, const struct stored_file *file)
{
    struct listing *listing = context;
    listing->after = file->number;
    listing->seen++;
    if (listing->purpose.length && !text_equal(listing->purpose, file->purpose))
        return TW_OK;
    listing->more = (int64_t)listing->count == listing->limit;
    if (listing->more)
        return TW_LIMIT; /* ends the visit */
    struct found_file *items = arena_grow(&listing->task->arena, listing->items, listing->count,
                                          &listing->capacity, sizeof *items);
    if (!items)
        return TW_NO_MEMORY;
    listing->items = items;
    items[listing->count] = (struct found_file){.task = listing->task};
    return keep_file(&items[listing->count++], file);
}

static enum tw_status list_files(struct listing *listing, struct store *store, bool downwards,
                                 struct tw_error *error)
{
    const struct task *task = listing->task;
    enum tw_status status = TW_OK;
    do {
        const struct list_part part = {.owner = task->owner,
                                       .any_owner = task->everything,
                                       .downwards = downwards,
                                       .after = listing->after,
                                       .limit = LIST_PAGE};
        listing->seen = 0;
        status = stored_file_list(store, &part, list_file, listing, error);
    } while (status == TW_OK && listing->seen == LIST_PAGE);
    return listing->more ? TW_OK : status;
}

/* The list has no content, which says how long results are. */
static enum tw_status print_files(struct listing *listing, struct store *store,
                                  struct tw_error *error)
{
    struct buffer *out = &listing->task->out;
    enum batch_file kind;
    char batch[MADE_ID_SIZE];
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < listing->count && status == TW_OK; i++) {
        struct found_file *found = &listing->items[i];
        if (batch_file_find(found->file.id, &kind, batch))
            status = stored_file_find(store, found->file.id, true, keep_file, found, error);
        buffer_string(out, i ? "," : "");
        file_object_print(out, &found->file, found->bytes);
    }
    return status == TW_NOT_FOUND ? TW_OK : status; /* deleted meanwhile */
}

/* Where the list begins: behind the file that `after` names. False, and answered, where there is
 * none. */
static bool read_after(struct task *task, struct store *store, int64_t *after)
{
    struct found_file found;
    if (!query_text(task, "after", &task->id))
        return true;
    if (!find_listed(task, store, &found))
        return false;
    *after = found.file.number;
    return true;
}

void files_list(struct task *task, struct store *store)
{
    struct listing listing = {.task = task, .limit = LIST_MAX};
    struct text order = TEXT("desc");
    struct tw_error error = {.message = "out of memory"};
    query_text(task, "order", &order);
    query_text(task, "purpose", &listing.purpose);
    bool upwards = text_is(order, "asc");
    listing.after = upwards ? 0 : INT64_MAX;
    if (!query_number(task, "limit", 1, LIST_MAX, &listing.limit) ||
        !read_after(task, store, &listing.after))
        return;
    buffer_string(&task->out, "{\"object\":\"list\",\"data\":[");
    enum tw_status status = list_files(&listing, store, !upwards, &error);
    if (status == TW_OK)
        status = print_files(&listing, store, &error);
    list_end(task, status, &error, listing.more,
             listing.count ? listing.items[0].file.id : TEXT(""),
             listing.count ? listing.items[listing.count - 1].file.id : TEXT(""));
}
