/* queue/batch_keeper.c: see batch_keeper.h.
 *
 * A batch that ends gets an entry for each of its files, so that they are listed and may be
 * deleted; the entry's content says how long the file is, and not what is in it. Entries come
 * before the state, so that a keeper that is killed in between leaves nothing that the next one
 * cannot do again. */
#include "queue/batch_keeper.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "queue/batch_details.h"
#include "queue/batch_intake.h"
#include "queue/batch_object.h"
#include "queue/batch_output.h"

#include <string.h>

enum { ARENA_LIMIT = 256 << 20, CONTENT_MAX = 64 };

/* Batches of one state, copied. */
struct gathered {
    struct arena arena;
    struct batch *items;
    size_t count, capacity;
};

struct keeping {
    struct store *store;
    const atomic_bool *stop;
    size_t open;
    enum tw_status status;  /* the first trouble */
    struct tw_error *first; /* what it was */
    struct tw_error *error; /* of the step that is being made */
};

/* What the results of a batch come to. */
struct batch_sums {
    int64_t bytes[BATCH_FILE_COUNT];
    int64_t expired; /* requests that the time was too short for */
    int64_t input, cached, output, reasoning;
};

static int64_t now_milliseconds(void)
{
    return clock_system() / 1000000;
}

static enum tw_status gather(void *context, const struct batch *batch)
{
    struct gathered *all = context;
    struct arena *arena = &all->arena;
    struct batch *items =
        arena_grow(arena, all->items, all->count, &all->capacity, sizeof *all->items);
    if (!items)
        return TW_NO_MEMORY;
    all->items = items;
    struct batch *copy = &items[all->count++];
    *copy = *batch;
    copy->id = arena_text(arena, batch->id);
    copy->owner = arena_text(arena, batch->owner);
    copy->details = arena_text(arena, batch->details);
    copy->input_file = arena_text(arena, batch->input_file);
    copy->endpoint = arena_text(arena, batch->endpoint);
    return arena_status(arena);
}

/* --- what it came to --- */

static void add_tokens(struct json_value line, const char *const pointers[2], int64_t *sum)
{
    struct json_value value;
    int64_t tokens;
    for (size_t i = 0; i < 2; i++)
        if (json_pointer(line, text_of(pointers[i]), &value) == TW_OK &&
            json_integer(value, &tokens) == TW_OK && tokens > 0)
            __builtin_add_overflow(*sum, tokens, sum);
}

#define USAGE "/response/body/usage/"

static void add_usage(struct json_value line, struct batch_sums *sums)
{
    static const char *const input[] = {USAGE "prompt_tokens", USAGE "input_tokens"};
    static const char *const cached[] = {USAGE "prompt_tokens_details/cached_tokens",
                                         USAGE "input_tokens_details/cached_tokens"};
    static const char *const output[] = {USAGE "completion_tokens", USAGE "output_tokens"};
    static const char *const reasoning[] = {USAGE "completion_tokens_details/reasoning_tokens",
                                            USAGE "output_tokens_details/reasoning_tokens"};
    add_tokens(line, input, &sums->input);
    add_tokens(line, cached, &sums->cached);
    add_tokens(line, output, &sums->output);
    add_tokens(line, reasoning, &sums->reasoning);
}

static void add_line(struct text text, struct batch_sums *sums)
{
    struct json_value line, code;
    struct text word;
    if (json_parse(text, &line, NULL) != TW_OK)
        return;
    add_usage(line, sums);
    sums->expired += json_pointer(line, TEXT("/error/code"), &code) == TW_OK &&
                     json_string_plain(code, &word) && text_is(word, "batch_expired");
}

static void add_page(struct text page, enum batch_file file, struct batch_sums *sums)
{
    sums->bytes[file] += (int64_t)page.length;
    while (page.length) {
        const char *end = memchr(page.data, '\n', page.length);
        size_t length = end ? (size_t)(end - page.data) : page.length;
        add_line((struct text){page.data, length}, sums);
        length += end != NULL;
        page = (struct text){page.data + length, page.length - length};
    }
}

static enum tw_status sum_batch(struct keeping *keeping, const struct batch *batch,
                                struct batch_sums *sums)
{
    enum tw_status status = TW_OK;
    struct buffer page;
    *sums = (struct batch_sums){.expired = 0};
    buffer_init(&page, OUTPUT_PAGE_MAX);
    for (int file = 0; file < BATCH_FILE_COUNT && status == TW_OK; file++) {
        struct output_cursor cursor = {.file = (enum batch_file)file};
        while (status == TW_OK && !cursor.over) {
            buffer_clear(&page);
            status = batch_output_page(keeping->store, batch, &cursor, &page, keeping->error);
            add_page(buffer_view(&page), cursor.file, sums);
        }
    }
    buffer_free(&page);
    return status;
}

static void print_usage(struct buffer *out, const struct batch_sums *sums)
{
    buffer_format(out,
                  "{\"input_tokens\":%lld,\"input_tokens_details\":{\"cached_tokens\":%lld},"
                  "\"output_tokens\":%lld,\"output_tokens_details\":{\"reasoning_tokens\":%lld},"
                  "\"total_tokens\":%lld}",
                  (long long)sums->input, (long long)sums->cached, (long long)sums->output,
                  (long long)sums->reasoning, (long long)(sums->input + sums->output));
}

/* --- files --- */

int64_t batch_file_bytes(struct text content)
{
    struct json_value root, bytes;
    int64_t number;
    if (json_parse(content, &root, NULL) == TW_OK &&
        json_find(root, TEXT("bytes"), &bytes) == TW_OK && json_integer(bytes, &number) == TW_OK)
        return number;
    return 0;
}

static enum tw_status add_file(struct keeping *keeping, const struct batch *batch,
                               enum batch_file file, int64_t bytes)
{
    static const char *const endings[BATCH_FILE_COUNT] = {"output", "error"};
    struct buffer content, name;
    char id[MADE_ID_SIZE];
    batch_file_id(batch->id, file, id);
    buffer_init(&content, CONTENT_MAX);
    buffer_init(&name, STORED_TEXT_MAX);
    buffer_format(&content, "{\"bytes\":%lld}", (long long)bytes);
    buffer_text(&name, batch->id);
    buffer_format(&name, "_%s.jsonl", endings[file]);
    const struct stored_file entry = {.created = now_milliseconds(),
                                      .id = text_of(id),
                                      .owner = batch->owner,
                                      .purpose = TEXT("batch_output"),
                                      .name = buffer_view(&name),
                                      .content = buffer_view(&content)};
    enum tw_status status = stored_file_add(keeping->store, &entry, keeping->error);
    buffer_free(&content);
    buffer_free(&name);
    return status == TW_INVALID ? TW_OK : status; /* it is there already */
}

static enum tw_status add_files(struct keeping *keeping, const struct batch_view *view,
                                const struct batch_sums *sums)
{
    enum tw_status status = TW_OK;
    for (int file = 0; file < BATCH_FILE_COUNT && status == TW_OK; file++)
        if (batch_has_file(view, (enum batch_file)file))
            status = add_file(keeping, view->batch, (enum batch_file)file, sums->bytes[file]);
    return status;
}

/* --- one batch --- */

static enum tw_status change(struct keeping *keeping, const struct batch *batch,
                             enum batch_state state, struct batch_details *details,
                             const struct batch_sums *sums)
{
    struct buffer written, usage;
    struct batch next = *batch;
    bool changed;
    buffer_init(&written, BATCH_DETAILS_MAX);
    buffer_init(&usage, BATCH_DETAILS_MAX);
    print_usage(&usage, sums);
    details->usage = buffer_view(&usage);
    batch_details_write(&written, details);
    next.state = state;
    next.details = buffer_view(&written);
    enum tw_status status =
        written.status
            ? fail(keeping->error, written.status, "the batch is too large")
            : batch_change(keeping->store, &next, batch->state, &changed, keeping->error);
    buffer_free(&written);
    buffer_free(&usage);
    return status;
}

static enum tw_status finish_batch(struct keeping *keeping, const struct batch_view *view)
{
    const struct batch *batch = view->batch;
    struct batch_details details;
    struct batch_sums sums;
    int64_t now = now_milliseconds();
    enum tw_status status = batch_details_read(batch->details, &details, keeping->error);
    if (status == TW_OK)
        status = sum_batch(keeping, batch, &sums);
    if (status == TW_OK)
        status = add_files(keeping, view, &sums);
    if (status != TW_OK)
        return status;
    details.finalizing_at = now;
    if (batch->state == BATCH_CANCELLING) {
        details.cancelled_at = now;
        return change(keeping, batch, BATCH_CANCELLED, &details, &sums);
    }
    *(sums.expired ? &details.expired_at : &details.completed_at) = now;
    return change(keeping, batch, sums.expired ? BATCH_EXPIRED : BATCH_COMPLETED, &details, &sums);
}

/* One that is in progress, or being cancelled. */
static enum tw_status look_at(struct keeping *keeping, const struct batch *batch)
{
    int64_t now = now_milliseconds(), cancelled = 0;
    struct batch_view view;
    bool unwanted = batch->state == BATCH_CANCELLING || now >= batch->expires;
    enum tw_status status = batch_view_open(keeping->store, batch, &view, keeping->error);
    if (status == TW_OK && unwanted && view.counts.of_state[JOB_QUEUED]) {
        status = job_cancel_batch(keeping->store, batch->id, now, &cancelled, keeping->error);
        if (status == TW_OK)
            status = batch_view_open(keeping->store, batch, &view, keeping->error);
    }
    if (status == TW_OK && batch_open_requests(&view) == 0)
        return finish_batch(keeping, &view);
    keeping->open++;
    return status;
}

static enum tw_status take_in(struct keeping *keeping, const struct batch *batch)
{
    keeping->open++;
    return batch_intake(keeping->store, batch->id, now_milliseconds(), keeping->stop,
                        keeping->error);
}

/* --- all of them --- */

static bool is_stopped(const struct keeping *keeping)
{
    return keeping->stop && atomic_load(keeping->stop);
}

static void note_trouble(struct keeping *keeping, enum tw_status status,
                         const struct tw_error *reason)
{
    if (status == TW_OK || keeping->status != TW_OK)
        return;
    keeping->status = status;
    fail(keeping->first, status, "%s", reason->message);
}

static void keep_state(struct keeping *keeping, enum batch_state state,
                       enum tw_status (*step)(struct keeping *, const struct batch *))
{
    struct gathered all = {.count = 0};
    struct tw_error reason = {.message = "out of memory"};
    arena_init(&all.arena, ARENA_LIMIT);
    keeping->error = &reason;
    note_trouble(keeping, batch_list_state(keeping->store, state, gather, &all, &reason), &reason);
    for (size_t i = 0; i < all.count && !is_stopped(keeping); i++)
        note_trouble(keeping, step(keeping, &all.items[i]), &reason);
    arena_free(&all.arena);
    keeping->error = NULL;
}

enum tw_status batches_keep(struct store *store, const atomic_bool *stop, size_t *open,
                            struct tw_error *error)
{
    struct keeping keeping = {.store = store, .stop = stop, .first = error};
    keep_state(&keeping, BATCH_VALIDATING, take_in);
    keep_state(&keeping, BATCH_IN_PROGRESS, look_at);
    keep_state(&keeping, BATCH_CANCELLING, look_at);
    *open = keeping.open;
    return keeping.status;
}
