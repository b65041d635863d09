/* store/batches.c: what holds for files and batches in every kind of store that keeps them. */
#include "store/batches.h"

#include "store/store_internal.h"

static const char *const state_names[BATCH_STATE_COUNT] = {
    [BATCH_VALIDATING] = "validating",   [BATCH_FAILED] = "failed",
    [BATCH_IN_PROGRESS] = "in_progress", [BATCH_COMPLETED] = "completed",
    [BATCH_EXPIRED] = "expired",         [BATCH_CANCELLING] = "cancelling",
    [BATCH_CANCELLED] = "cancelled",
};

const char *batch_state_name(enum batch_state state)
{
    return state_names[state];
}

/* A kind of store keeps both or neither. */
static enum tw_status check_kept(const struct store *store, struct tw_error *error)
{
    return store->operations->file_add
               ? TW_OK
               : fail(error, TW_INVALID, "a store in memory keeps no files and no batches");
}

static enum tw_status check_change(const struct store *store, struct tw_error *error)
{
    enum tw_status status = check_kept(store, error);
    return status == TW_OK ? store_check_writable(store, error) : status;
}

/* What none was added with names none. */
static bool may_exist(struct text id)
{
    return id.length && store_check_text("", id, STORED_TEXT_MAX, NULL) == TW_OK;
}

struct named_text {
    const char *name;
    struct text text;
    size_t most;
};

static enum tw_status check_texts(const struct named_text *texts, size_t count,
                                  struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = store_check_text(texts[i].name, texts[i].text, texts[i].most, error);
    return status;
}
#define CHECK_TEXTS(texts, error) check_texts(texts, sizeof(texts) / sizeof(texts)[0], error)

/* --- files --- */

static enum tw_status check_file(const struct stored_file *file, struct tw_error *error)
{
    const struct named_text texts[] = {{"a file's id", file->id, STORED_TEXT_MAX},
                                       {"a file's owner", file->owner, STORED_TEXT_MAX},
                                       {"a file's purpose", file->purpose, STORED_TEXT_MAX},
                                       {"a file's name", file->name, STORED_TEXT_MAX}};
    if (file->id.length == 0)
        return fail(error, TW_INVALID, "a file without an id");
    if (file->content.length > STORED_FILE_BYTES_MAX)
        return fail(error, TW_LIMIT, "a file is over %d bytes", STORED_FILE_BYTES_MAX);
    return CHECK_TEXTS(texts, error);
}

enum tw_status stored_file_add(struct store *store, const struct stored_file *file,
                               struct tw_error *error)
{
    bool added = false;
    enum tw_status status = check_change(store, error);
    if (status == TW_OK)
        status = check_file(file, error);
    if (status == TW_OK)
        status = store->operations->file_add(store, file, &added, error);
    return status == TW_OK && !added ? fail(error, TW_INVALID, "a file of this id is there already")
                                     : status;
}

enum tw_status stored_file_find(struct store *store, struct text id, bool with_content,
                                stored_file_visitor visit, void *context, struct tw_error *error)
{
    bool found = false;
    enum tw_status status = check_kept(store, error);
    if (status == TW_OK && may_exist(id))
        status =
            store->operations->file_find(store, id, with_content, visit, context, &found, error);
    return status == TW_OK && !found ? fail(error, TW_NOT_FOUND, "there is no such file") : status;
}

static enum tw_status check_part(const struct store *store, const struct list_part *part,
                                 struct tw_error *error)
{
    enum tw_status status = check_kept(store, error);
    return status == TW_OK ? store_check_text("an owner", part->owner, STORED_TEXT_MAX, error)
                           : status;
}

enum tw_status stored_file_list(struct store *store, const struct list_part *part,
                                stored_file_visitor visit, void *context, struct tw_error *error)
{
    enum tw_status status = check_part(store, part, error);
    if (status != TW_OK || part->limit == 0)
        return status;
    return store->operations->file_list(store, part, visit, context, error);
}

enum tw_status stored_file_delete(struct store *store, struct text id, bool *deleted,
                                  struct tw_error *error)
{
    enum tw_status status = check_change(store, error);
    *deleted = false;
    return status == TW_OK && may_exist(id)
               ? store->operations->file_delete(store, id, deleted, error)
               : status;
}

/* --- batches --- */

static enum tw_status check_batch(const struct batch *batch, struct tw_error *error)
{
    const struct named_text texts[] = {{"a batch's id", batch->id, JOB_ID_MAX},
                                       {"a batch's owner", batch->owner, STORED_TEXT_MAX},
                                       {"a batch's input file", batch->input_file, STORED_TEXT_MAX},
                                       {"a batch's endpoint", batch->endpoint, STORED_TEXT_MAX},
                                       {"a batch's details", batch->details, BATCH_DETAILS_MAX}};
    if (batch->id.length == 0)
        return fail(error, TW_INVALID, "a batch without an id");
    if (batch->state >= BATCH_STATE_COUNT)
        return fail(error, TW_INVALID, "a batch is in no state");
    if (batch->total < 0)
        return fail(error, TW_INVALID, "a batch has less than no requests");
    return CHECK_TEXTS(texts, error);
}

enum tw_status batch_add(struct store *store, const struct batch *batch, struct tw_error *error)
{
    bool added = false;
    enum tw_status status = check_change(store, error);
    if (status == TW_OK)
        status = check_batch(batch, error);
    if (status == TW_OK)
        status = store->operations->batch_add(store, batch, &added, error);
    return status == TW_OK && !added
               ? fail(error, TW_INVALID, "a batch of this id is there already")
               : status;
}

enum tw_status batch_find(struct store *store, struct text id, batch_visitor visit, void *context,
                          struct tw_error *error)
{
    bool found = false;
    enum tw_status status = check_kept(store, error);
    if (status == TW_OK && may_exist(id))
        status = store->operations->batch_find(store, id, visit, context, &found, error);
    return status == TW_OK && !found ? fail(error, TW_NOT_FOUND, "there is no such batch") : status;
}

enum tw_status batch_list(struct store *store, const struct list_part *part, batch_visitor visit,
                          void *context, struct tw_error *error)
{
    enum tw_status status = check_part(store, part, error);
    if (status != TW_OK || part->limit == 0)
        return status;
    return store->operations->batch_list(store, part, visit, context, error);
}

enum tw_status batch_list_state(struct store *store, enum batch_state state, batch_visitor visit,
                                void *context, struct tw_error *error)
{
    enum tw_status status = check_kept(store, error);
    return status == TW_OK
               ? store->operations->batch_list_state(store, state, visit, context, error)
               : status;
}

enum tw_status batch_change(struct store *store, const struct batch *batch, enum batch_state from,
                            bool *changed, struct tw_error *error)
{
    enum tw_status status = check_change(store, error);
    *changed = false;
    if (status == TW_OK)
        status = check_batch(batch, error);
    return status == TW_OK ? store->operations->batch_change(store, batch, from, changed, error)
                           : status;
}
