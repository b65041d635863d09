/* gateway/background_batches.c: batches are created, shown, listed and cancelled. What moves them
 * on is in queue/batch_keeper.h. */
#include "gateway/background_internal.h"

#include "base/clock.h"
#include "base/json.h"
#include "queue/batch_details.h"
#include "queue/batch_line.h"

enum {
    LIST_DEFAULT = 20,
    LIST_MAX = 100,
    METADATA_MAX = 16, /* OpenAI's limits: pairs, and code points */
    METADATA_KEY = 64,
    METADATA_VALUE = 512,
    WORD_MAX = 1024,
    CANCEL_TRIES = 8 /* against others that move the batch on at the same time */
};

#define WINDOW_MIN INT64_C(1000) /* milliseconds */
#define WINDOW_MAX (30 * INT64_C(86400000))

static void answer_missing(struct task *task, struct text id)
{
    struct tw_error error;
    fail(&error, TW_NOT_FOUND, "No batch found with id '%.*s'.", TEXT_ARGUMENTS(id));
    task_error(task, 404, NULL, "id", error.message);
}

/* --- finding --- */

struct found_batch {
    struct arena *arena;
    struct batch *batch;
};

static enum tw_status keep_batch(void *context, const struct batch *batch)
{
    const struct found_batch *found = context;
    struct arena *arena = found->arena;
    *found->batch = *batch;
    found->batch->id = arena_text(arena, batch->id);
    found->batch->owner = arena_text(arena, batch->owner);
    found->batch->input_file = arena_text(arena, batch->input_file);
    found->batch->endpoint = arena_text(arena, batch->endpoint);
    found->batch->details = arena_text(arena, batch->details);
    return arena_status(arena);
}

bool find_batch(struct task *task, struct store *store, struct text id, struct batch *batch)
{
    struct found_batch found = {&task->arena, batch};
    struct tw_error error = {.message = "out of memory"};
    enum tw_status status = batch_find(store, id, keep_batch, &found, &error);
    if (status == TW_NOT_FOUND || (status == TW_OK && !task_may_see(task, batch->owner)))
        answer_missing(task, id);
    else if (status != TW_OK)
        task_store_error(task, status, &error);
    else
        return true;
    return false;
}

static enum tw_status print_batch(struct task *task, struct store *store, const struct batch *batch,
                                  struct tw_error *error)
{
    struct batch_view view;
    enum tw_status status = batch_view_open(store, batch, &view, error);
    return status == TW_OK ? batch_object_print(&task->out, &view, error) : status;
}

static void show(struct task *task, struct store *store, const struct batch *batch)
{
    struct tw_error error;
    enum tw_status status = print_batch(task, store, batch, &error);
    if (status != TW_OK)
        task_store_error(task, TW_IO, &error);
}

void batches_show(struct task *task, struct store *store)
{
    struct batch batch;
    if (find_batch(task, store, task->id, &batch))
        show(task, store, &batch);
}

/* --- creating --- */

/* What is asked for. Texts in the arena, or in the body. */
struct order {
    struct text input_file, endpoint, window;
    struct json_value metadata;
    int64_t milliseconds;
    struct tw_pair *attributes;
    size_t attribute_count;
};

static bool refuse(struct task *task, const char *param, const char *message)
{
    task_error(task, 400, "invalid_request", param, message);
    return false;
}

/* A member that has to be there once, and a string. */
static bool read_word(struct task *task, struct json_value root, const char *name,
                      struct text *word)
{
    struct json_value value;
    struct buffer decoded;
    struct tw_error error;
    buffer_init(&decoded, WORD_MAX);
    bool good = json_find(root, text_of(name), &value) == TW_OK &&
                json_string_decode(value, &decoded) == TW_OK;
    if (good)
        *word = arena_text(&task->arena, buffer_view(&decoded));
    buffer_free(&decoded);
    if (good && word->data)
        return true;
    fail(&error, TW_INVALID, "'%s' is needed, once, as a string.", name);
    return refuse(task, name, error.message);
}

static bool read_window(struct task *task, struct order *order)
{
    if (value_parse(TW_TYPE_DURATION, order->window, &order->milliseconds, NULL) == TW_OK &&
        order->milliseconds >= WINDOW_MIN && order->milliseconds <= WINDOW_MAX)
        return true;
    return refuse(task, "completion_window",
                  "The completion window is a time such as '24h', from 1s to 30d.");
}

static bool read_endpoint(struct task *task, struct order *order)
{
    const char *endpoint = batch_endpoint(order->endpoint);
    if (!endpoint)
        return refuse(task, "endpoint",
                      "The endpoint is '/v1/chat/completions' or '/v1/responses'.");
    order->endpoint = text_of(endpoint);
    return true;
}

static bool read_metadata(struct task *task, struct json_value root, struct order *order)
{
    enum tw_status status = json_find(root, TEXT("metadata"), &order->metadata);
    struct json_member member;
    size_t count = 0;
    if (status == TW_NOT_FOUND || (status == TW_OK && order->metadata.kind == JSON_NULL)) {
        order->metadata = (struct json_value){JSON_NULL, TEXT("")};
        return true;
    }
    if (status != TW_OK || order->metadata.kind != JSON_OBJECT)
        return refuse(task, "metadata", "'metadata' is an object of strings.");
    struct json_iterator all = json_members_begin(order->metadata);
    while (json_next_member(&all, &member))
        if (++count > METADATA_MAX || utf8_count(member.name) > METADATA_KEY ||
            member.value.kind != JSON_STRING ||
            json_string_characters(member.value) > METADATA_VALUE)
            return refuse(task, "metadata",
                          "'metadata' has 16 pairs at most, names of 64 characters and strings of "
                          "512.");
    return true;
}

static bool read_order(struct task *task, struct order *order)
{
    struct json_value root;
    struct tw_error error;
    *order = (struct order){.milliseconds = 0};
    if (json_parse(buffer_view(&task->body), &root, &error) != TW_OK)
        return refuse(task, NULL, error.message);
    return read_word(task, root, "input_file_id", &order->input_file) &&
           read_word(task, root, "endpoint", &order->endpoint) &&
           read_word(task, root, "completion_window", &order->window) &&
           read_endpoint(task, order) && read_window(task, order) &&
           read_metadata(task, root, order) &&
           read_attributes(task, &order->metadata, &order->attributes, &order->attribute_count);
}

/* The input file has to be there, the caller's own, and no batch's result. */
static enum tw_status check_file(void *context, const struct stored_file *file)
{
    const struct task *task = context;
    if (!task_may_see(task, file->owner))
        return TW_NOT_FOUND;
    return text_is(file->purpose, "batch") ? TW_OK : TW_INVALID;
}

static bool find_input(struct task *task, struct store *store, struct text id)
{
    struct tw_error error = {.message = "The input file has to be of the purpose 'batch'."};
    struct tw_error missing;
    enum tw_status status = stored_file_find(store, id, false, check_file, task, &error);
    if (status == TW_NOT_FOUND) {
        fail(&missing, status, "No such File object: %.*s", TEXT_ARGUMENTS(id));
        task_error(task, 404, NULL, "input_file_id", missing.message);
    } else if (status != TW_OK) {
        task_store_error(task, status, &error);
    }
    return status == TW_OK;
}

static void write_attributes(struct buffer *out, const struct order *order)
{
    buffer_byte(out, '{');
    for (size_t i = 0; i < order->attribute_count; i++) {
        buffer_string(out, i ? "," : "");
        json_write_string(out, text_of(order->attributes[i].name));
        buffer_byte(out, ':');
        json_write_string(out, text_of(order->attributes[i].value));
    }
    buffer_byte(out, '}');
}

static void write_details(struct buffer *out, struct buffer *scratch, const struct order *order)
{
    json_write_string(scratch, order->window);
    size_t window = scratch->length;
    write_attributes(scratch, order);
    const struct batch_details details = {
        .completion_window = {scratch->data, window},
        .metadata = order->metadata.raw,
        .attributes = {scratch->data + window, scratch->length - window}};
    if (scratch->status)
        out->status = scratch->status;
    batch_details_write(out, &details);
}

static void add_batch(struct task *task, struct store *store, const struct order *order)
{
    char id[MADE_ID_SIZE];
    struct buffer details, scratch;
    struct tw_error error = {.message = "The batch's metadata and attributes are too long."};
    int64_t now = clock_system() / 1000000;
    buffer_init(&details, BATCH_DETAILS_MAX);
    buffer_init(&scratch, BATCH_DETAILS_MAX);
    write_details(&details, &scratch, order);
    enum tw_status status = details.status;
    if (status == TW_OK)
        status = made_id(BATCH_PREFIX, id, &error);
    const struct batch batch = {.created = now,
                                .expires = now + order->milliseconds,
                                .state = BATCH_VALIDATING,
                                .id = text_of(id),
                                .owner = task->owner,
                                .input_file = order->input_file,
                                .endpoint = order->endpoint,
                                .details = buffer_view(&details)};
    if (status == TW_OK)
        status = batch_add(store, &batch, &error);
    if (status == TW_OK)
        status = print_batch(task, store, &batch, &error);
    if (status != TW_OK)
        task_store_error(task, status, &error);
    else
        background_poke(task->background);
    buffer_free(&details);
    buffer_free(&scratch);
}

void batches_create(struct task *task, struct store *store)
{
    struct order order;
    if (read_order(task, &order) && find_input(task, store, order.input_file))
        add_batch(task, store, &order);
}

/* --- the list --- */

struct listing {
    struct task *task;
    struct batch *items;
    size_t count, capacity;
};

static enum tw_status list_batch(void *context, const struct batch *batch)
{
    struct listing *listing = context;
    struct batch *items = arena_grow(&listing->task->arena, listing->items, listing->count,
                                     &listing->capacity, sizeof *items);
    if (!items)
        return TW_NO_MEMORY;
    listing->items = items;
    struct found_batch found = {&listing->task->arena, &items[listing->count++]};
    return keep_batch(&found, batch);
}

void batches_list(struct task *task, struct store *store)
{
    struct listing listing = {.task = task};
    struct tw_error error = {.message = "out of memory"};
    struct batch after = {.number = INT64_MAX};
    struct text id;
    int64_t limit = LIST_DEFAULT;
    if (!query_number(task, "limit", 1, LIST_MAX, &limit) ||
        (query_text(task, "after", &id) && !find_batch(task, store, id, &after)))
        return;
    const struct list_part part = {.owner = task->owner,
                                   .any_owner = task->everything,
                                   .downwards = true,
                                   .after = after.number,
                                   .limit = (size_t)limit + 1};
    enum tw_status status = batch_list(store, &part, list_batch, &listing, &error);
    bool more = listing.count > (size_t)limit;
    size_t count = more ? (size_t)limit : listing.count;
    buffer_string(&task->out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < count && status == TW_OK; i++) {
        buffer_string(&task->out, i ? "," : "");
        status = print_batch(task, store, &listing.items[i], &error);
    }
    list_end(task, status, &error, more, count ? listing.items[0].id : TEXT(""),
             count ? listing.items[count - 1].id : TEXT(""));
}

/* --- cancelling --- */

static enum tw_status begin_cancelling(struct task *task, struct store *store, struct batch *batch,
                                       bool *changed, struct tw_error *error)
{
    struct batch_details details;
    struct buffer written;
    enum batch_state before = batch->state;
    enum tw_status status = batch_details_read(batch->details, &details, error);
    if (status != TW_OK)
        return status;
    details.cancelling_at = clock_system() / 1000000;
    buffer_init(&written, BATCH_DETAILS_MAX);
    batch_details_write(&written, &details);
    batch->state = BATCH_CANCELLING;
    batch->details = arena_text(&task->arena, buffer_view(&written));
    status = written.status ? written.status : arena_status(&task->arena);
    buffer_free(&written);
    if (status != TW_OK)
        return fail(error, status, "%s", tw_status_text(status));
    return batch_change(store, batch, before, changed, error);
}

/* Its queued jobs are cancelled at once; what runs ends. False, and answered, where it cannot be.
 */
static bool cancel(struct task *task, struct store *store, struct batch *batch)
{
    struct tw_error error;
    int64_t cancelled;
    bool changed = false;
    enum tw_status status = begin_cancelling(task, store, batch, &changed, &error);
    if (status == TW_OK && changed)
        status = job_cancel_batch(store, batch->id, clock_system() / 1000000, &cancelled, &error);
    if (status != TW_OK)
        task_store_error(task, TW_IO, &error);
    background_poke(task->background);
    return status == TW_OK && changed;
}

void batches_cancel(struct task *task, struct store *store)
{
    struct tw_error error;
    struct batch batch;
    for (int i = 0; i < CANCEL_TRIES && find_batch(task, store, task->id, &batch); i++) {
        bool open = batch.state == BATCH_VALIDATING || batch.state == BATCH_IN_PROGRESS;
        if (!open && batch.state != BATCH_CANCELLING) {
            fail(&error, TW_INVALID, "Cannot cancel a batch with status '%s'.",
                 batch_state_name(batch.state));
            task_error(task, 409, NULL, NULL, error.message);
            return;
        }
        if (!open || cancel(task, store, &batch)) {
            show(task, store, &batch);
            return;
        }
        if (task->status != 200)
            return;
    }
    if (task->out.length == 0)
        task_error(task, 409, NULL, NULL, "The batch is being moved on; try again.");
}
