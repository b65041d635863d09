/* gateway/background_task.c: one request on its way: read on its loop's thread, worked on by
 * libuv's pool, answered on its loop's thread again; a long answer goes back and forth, a piece
 * each time, as fast as its caller takes it.
 *
 * A task may outlive its exchange: whoever ends one takes it out of the task. Both happen on the
 * loop's thread; the list of tasks is shared by all loops. */
#include "gateway/background_internal.h"

#include "base/json.h"
#include "gateway/api_error.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECE_BYTES = 64 * 1024,   /* written at once */
    PENDING_BYTES = 256 * 1024 /* that wait for a slow caller; then the answer waits */
};

#define ATTRIBUTE_PREFIX "x-tierway-"

/* --- stores, one for each thread that works --- */

static struct store *take_store(struct background *background, struct tw_error *error)
{
    const struct store_options options = STORE_DEFAULTS;
    struct store *store = NULL;
    pthread_mutex_lock(&background->guard);
    while (background->idle_count == 0 && background->open_stores == BACKGROUND_STORES)
        pthread_cond_wait(&background->changed, &background->guard);
    bool idle = background->idle_count > 0;
    if (idle)
        store = background->idle[--background->idle_count];
    background->open_stores += !idle;
    pthread_mutex_unlock(&background->guard);
    if (idle || store_open(background->options.store, &options, &store, error) == TW_OK)
        return store;
    pthread_mutex_lock(&background->guard);
    background->open_stores--;
    pthread_cond_broadcast(&background->changed);
    pthread_mutex_unlock(&background->guard);
    return NULL;
}

static void put_store(struct background *background, struct store *store)
{
    pthread_mutex_lock(&background->guard);
    background->idle[background->idle_count++] = store;
    pthread_cond_broadcast(&background->changed);
    pthread_mutex_unlock(&background->guard);
}

/* --- the list of tasks --- */

/* False: there are too many. */
static bool link_task(struct task *task)
{
    struct background *background = task->background;
    pthread_mutex_lock(&background->guard);
    bool room = background->task_count < BACKGROUND_TASKS;
    if (room) {
        background->task_count++;
        task->next = background->tasks;
        if (task->next)
            task->next->previous = task;
        background->tasks = task;
    }
    pthread_mutex_unlock(&background->guard);
    return room;
}

static void unlink_task(struct task *task)
{
    struct background *background = task->background;
    pthread_mutex_lock(&background->guard);
    background->task_count--;
    if (task->previous)
        task->previous->next = task->next;
    else
        background->tasks = task->next;
    if (task->next)
        task->next->previous = task->previous;
    pthread_mutex_unlock(&background->guard);
}

static struct task *find_task(struct background *background, const struct exchange *exchange)
{
    pthread_mutex_lock(&background->guard);
    struct task *task = background->tasks;
    while (task && task->exchange != exchange)
        task = task->next;
    pthread_mutex_unlock(&background->guard);
    return task;
}

/* --- reading a request --- */

static void keep_headers(struct task *task, const struct http_request *request)
{
    const size_t prefix = strlen(ATTRIBUTE_PREFIX);
    struct arena *arena = &task->arena;
    task->headers = ARENA_ARRAY(arena, struct http_header, request->header_count + 1);
    for (size_t i = 0; i < request->header_count && task->headers; i++) {
        const struct http_header *header = &request->headers[i];
        if (header->name.length > prefix &&
            http_name_is((struct text){header->name.data, prefix}, ATTRIBUTE_PREFIX))
            task->headers[task->header_count++] = (struct http_header){
                arena_text(arena, header->name), arena_text(arena, header->value)};
    }
}

static void free_task(struct task *task)
{
    snapshot_release(task->snapshot);
    arena_free(&task->arena);
    buffer_free(&task->body);
    buffer_free(&task->out);
    free(task);
}

struct task *task_new(struct background *background, struct exchange *exchange)
{
    const struct http_request *request = exchange_request(exchange);
    struct task *task = calloc(1, sizeof *task);
    if (!task)
        return NULL;
    task->background = background;
    task->exchange = exchange;
    task->snapshot = policy_acquire(background->options.policies);
    task->work.data = task;
    task->status = 200;
    task->type_out = "application/json";
    task->length = LENGTH_UNKNOWN;
    arena_init(&task->arena, TASK_ARENA_MAX);
    buffer_init(&task->body, 0);
    buffer_init(&task->out, TASK_OUT_MAX);
    task->query = arena_text(&task->arena, request->query);
    task->type = arena_text(&task->arena, http_header_value(request, "content-type"));
    keep_headers(task, request);
    if (!task->arena.failed && link_task(task))
        return task;
    free_task(task);
    return NULL;
}

void task_free(struct task *task)
{
    unlink_task(task);
    caller_leave(task->caller);
    free_task(task);
}

/* --- errors --- */

void task_error(struct task *task, int status, const char *code, const char *param,
                const char *message)
{
    const struct api_error error = {.type = status < 500 ? "invalid_request_error" : "server_error",
                                    .code = code,
                                    .param = param,
                                    .message = message};
    task->status = status;
    task->source = NULL;
    buffer_clear(&task->out);
    api_error_print(&task->out, &error);
}

void task_store_error(struct task *task, enum tw_status status, const struct tw_error *error)
{
    bool asked_for = status == TW_INVALID || status == TW_LIMIT;
    task_error(task, asked_for ? 400 : 503, asked_for ? "invalid_request" : "store_unavailable",
               NULL, error->message);
}

static void print_id(struct buffer *out, const char *name, struct text id)
{
    buffer_format(out, ",\"%s\":", name);
    if (id.length)
        json_write_string(out, id);
    else
        buffer_string(out, "null");
}

void list_end(struct task *task, enum tw_status status, const struct tw_error *error, bool more,
              struct text first, struct text last)
{
    struct buffer *out = &task->out;
    if (status != TW_OK) {
        task_store_error(task, status, error);
        return;
    }
    buffer_format(out, "],\"has_more\":%s", more ? "true" : "false");
    print_id(out, "first_id", first);
    print_id(out, "last_id", last);
    buffer_byte(out, '}');
}

/* --- answering --- */

static void start_work(struct task *task);

static bool start_answer(struct task *task)
{
    const struct http_header headers[] = {{TEXT("content-type"), text_of(task->type_out)},
                                          {TEXT("cache-control"), TEXT("no-store")}};
    task->begun = true;
    return exchange_start(task->exchange, task->status, headers, 2, task->length) == TW_OK;
}

/* Writes what the caller takes. False: the exchange cannot be written to. */
static bool write_pieces(struct task *task)
{
    while (task->sent < task->out.length && exchange_pending(task->exchange) <= PENDING_BYTES) {
        size_t length = task->out.length - task->sent;
        struct text piece = {task->out.data + task->sent,
                             length < PIECE_BYTES ? length : PIECE_BYTES};
        if (exchange_write(task->exchange, piece) != TW_OK)
            return false;
        task->sent += piece.length;
    }
    return true;
}

/* Goes on with an answer in pieces, until the caller has to catch up. */
static void pump(struct task *task)
{
    if (task->broken || (!task->begun && !start_answer(task)) || !write_pieces(task)) {
        exchange_reset(task->exchange);
        return;
    }
    if (task->sent < task->out.length)
        return;
    if (task->over)
        exchange_finish(task->exchange);
    else
        start_work(task);
}

void task_answer_now(struct task *task)
{
    const struct http_header headers[] = {{TEXT("content-type"), text_of(task->type_out)},
                                          {TEXT("cache-control"), TEXT("no-store")}};
    struct exchange *exchange = task->exchange;
    if (task->out.status == TW_LIMIT)
        task_error(task, 503, "too_large", NULL, "The answer is too large to be built.");
    if (task->out.status ||
        exchange_answer(exchange, task->status, headers, 2, buffer_view(&task->out)))
        exchange_reset(exchange);
    task_free(task);
}

static void give_to_provider(struct task *task)
{
    struct exchange *exchange = task->exchange;
    exchange_return_body(exchange, &task->body);
    task_free(task);
    gateway_pass(exchange);
}

/* --- the pool --- */

static void run_work(uv_work_t *work)
{
    struct task *task = work->data;
    struct tw_error error = {.message = "out of memory"};
    struct store *store = take_store(task->background, &error);
    if (task->begun)
        buffer_clear(&task->out);
    task->sent = 0;
    if (!store) {
        task->broken = task->begun;
        task_store_error(task, TW_IO, &error);
        return;
    }
    if (task->run) {
        task->run(task, store);
        task->run = NULL;
    }
    if (task->source && task->source(task, store, &error) != TW_OK) {
        task->broken = task->begun;
        if (!task->begun)
            task_store_error(task, TW_IO, &error);
    }
    put_store(task->background, store);
}

static void on_done(uv_work_t *work, int status)
{
    struct task *task = work->data;
    (void)status;
    task->working = false;
    if (!task->exchange)
        task_free(task);
    else if (task->pass)
        give_to_provider(task);
    else if (task->source || task->begun)
        pump(task);
    else
        task_answer_now(task);
}

static void start_work(struct task *task)
{
    task->working = true;
    if (uv_queue_work(exchange_loop(task->exchange), &task->work, run_work, on_done) == 0)
        return;
    task->working = false;
    exchange_reset(task->exchange);
}

void task_start(struct task *task, task_work run)
{
    task->run = run;
    exchange_take_body(task->exchange, &task->body);
    start_work(task);
}

void background_own_drained(struct exchange *exchange, void *context)
{
    struct task *task = find_task(context, exchange);
    if (task && task->begun && !task->working)
        pump(task);
}

bool background_own_ended(struct exchange *exchange, void *context)
{
    struct task *task = find_task(context, exchange);
    if (!task)
        return false;
    pthread_mutex_lock(&task->background->guard); /* other loops look for theirs */
    task->exchange = NULL;
    pthread_mutex_unlock(&task->background->guard);
    if (!task->working)
        task_free(task);
    return true;
}
