/* gateway/background.c: which path is asked, who may ask it, and what is not ours after all.
 *
 * Owns the background itself and its stores; everything else belongs to whoever opened it. */
#include "gateway/background_internal.h"

#include "base/json.h"
#include "gateway/local_host.h"

#include <stdlib.h>
#include <string.h>

enum { PEEK_MAX = 1 << 20 /* bytes of a batch's request, which is small */ };

enum collection { FILES, BATCHES, JOBS, COLLECTION_COUNT };

static const struct {
    const char *path;
    const char *made; /* what ids begin with; NULL: any id is ours, and so is every method */
} collections[COLLECTION_COUNT] = {
    {BACKGROUND_UPLOAD_PATH, FILE_PREFIX}, {"/v1/batches", BATCH_PREFIX}, {"/tierway/jobs", NULL}};

struct route {
    enum collection collection;
    const char *method;
    bool item;          /* the path has an id */
    const char *action; /* behind the id; "": nothing */
    task_work run;
};

/* A path taken apart. */
struct place {
    enum collection collection;
    struct text id, action; /* as sent; an empty id: the collection as a whole */
};

static bool take_prefix(struct text *text, const char *prefix)
{
    size_t length = strlen(prefix);
    if (text->length < length || memcmp(text->data, prefix, length) != 0)
        return false;
    *text = (struct text){text->data + length, text->length - length};
    return true;
}

static bool find_place(struct text path, struct place *place)
{
    for (int i = 0; i < COLLECTION_COUNT; i++) {
        struct text rest = path;
        if (!take_prefix(&rest, collections[i].path))
            continue;
        *place = (struct place){(enum collection)i, TEXT(""), TEXT("")};
        if (rest.length == 0)
            return true;
        if (!take_prefix(&rest, "/") || rest.length == 0)
            continue;
        const char *slash = memchr(rest.data, '/', rest.length);
        place->id = (struct text){rest.data, slash ? (size_t)(slash - rest.data) : rest.length};
        if (slash)
            place->action = (struct text){slash + 1, rest.length - place->id.length - 1};
        return true;
    }
    return false;
}

static const struct route *find_route(const struct place *place, struct text method)
{
    static const struct route routes[] = {
        {FILES, "POST", false, "", files_upload},
        {FILES, "GET", false, "", files_list},
        {FILES, "GET", true, "", files_show},
        {FILES, "DELETE", true, "", files_delete},
        {FILES, "GET", true, "content", files_content},
        {BATCHES, "POST", false, "", batches_create},
        {BATCHES, "GET", false, "", batches_list},
        {BATCHES, "GET", true, "", batches_show},
        {BATCHES, "POST", true, "cancel", batches_cancel},
        {JOBS, "POST", false, "", jobs_submit_lines},
        {JOBS, "GET", false, "", jobs_list_all},
        {JOBS, "GET", true, "", jobs_show_one},
        {JOBS, "GET", true, "result", jobs_show_result},
        {JOBS, "POST", true, "cancel", jobs_cancel_one},
        {JOBS, "POST", true, "retry", jobs_retry_one},
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (routes[i].collection == place->collection && routes[i].item == (place->id.length > 0) &&
            text_is(place->action, routes[i].action) && text_is(method, routes[i].method))
            return &routes[i];
    return NULL;
}

/* --- what is the provider's --- */

/* A batch that is made from a file of the provider's. What names no file is ours to refuse. */
static bool names_other_file(struct text body)
{
    struct json_value root, file;
    struct text id;
    if (body.length > PEEK_MAX || json_parse(body, &root, NULL) != TW_OK ||
        json_find(root, TEXT("input_file_id"), &file) != TW_OK)
        return false;
    return json_string_plain(file, &id) && id.length > 0 && !id_is_made(id, FILE_PREFIX);
}

/* A list of other files than those that are kept here. */
static bool asks_other_purpose(struct text query)
{
    while (query.length) {
        const char *end = memchr(query.data, '&', query.length);
        size_t length = end ? (size_t)(end - query.data) : query.length;
        struct text one = {query.data, length};
        if (take_prefix(&one, "purpose="))
            return one.length && !text_is(one, "batch") && !text_is(one, "batch_output");
        length += end != NULL;
        query = (struct text){query.data + length, query.length - length};
    }
    return false;
}

static bool is_ours(const struct place *place, const struct route *route,
                    const struct http_request *request)
{
    const char *made = collections[place->collection].made;
    if (!made)
        return true;
    if (place->id.length)
        return id_is_made(place->id, made);
    if (route && route->run == batches_create)
        return !names_other_file(request->body);
    if (route && route->run == files_list)
        return !asks_other_purpose(request->query);
    if (route && route->run == files_upload)
        return true; /* which is found out when it is read */
    return route != NULL;
}

/* --- who asks --- */

/* False, and the task says why. */
static bool admit(struct task *task, const struct http_request *request, const struct place *place)
{
    const struct background_options *options = &task->background->options;
    const struct callers *callers = task->snapshot->callers;
    if (!callers_required(callers)) {
        task->everything = true;
        if (place->collection != JOBS || !options->local ||
            is_local_host(http_header_value(request, "host")))
            return true;
        task_error(task, 403, "host_not_allowed", NULL,
                   "These paths answer to 127.0.0.1 and localhost only.");
        return false;
    }
    struct key_hasher *hasher = key_hasher_new();
    struct caller *caller = callers_find(callers, hasher, request);
    key_hasher_free(hasher);
    if (!caller) {
        task_error(task, 401, "invalid_api_key", NULL,
                   "This gateway needs a key of its own, as `Authorization: Bearer KEY`.");
        return false;
    }
    if (!caller_enter(caller)) {
        task_error(task, 429, "too_many_requests", NULL,
                   "This key has too many requests under way.");
        return false;
    }
    task->caller = caller;
    task->owner = text_of(caller_name(caller));
    task->everything = caller_is_admin(caller);
    return true;
}

static void refuse_path(struct task *task, const struct place *place)
{
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    bool known = false;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        known |= find_route(place, text_of(methods[i])) != NULL;
    if (known)
        task_error(task, 405, "method_not_supported", NULL,
                   "This path is not asked with this method.");
    else
        task_error(task, 404, "not_found", NULL, "There is no such path of the gateway.");
}

static void answer_busy(struct exchange *exchange)
{
    static const struct http_header type = {{"content-type", 12}, {"application/json", 16}};
    static const char body[] =
        "{\"error\":{\"message\":\"The gateway has too many such requests under way.\","
        "\"type\":\"server_error\",\"param\":null,\"code\":\"too_many_requests\"}}";
    if (exchange_answer(exchange, 503, &type, 1, text_of(body)))
        exchange_reset(exchange);
}

bool background_own_path(struct exchange *exchange, void *context)
{
    struct background *background = context;
    const struct http_request *request = exchange_request(exchange);
    struct place place;
    if (!find_place(request->path, &place))
        return false;
    const struct route *route = find_route(&place, request->method);
    if (!is_ours(&place, route, request))
        return false;
    struct task *task = task_new(background, exchange);
    if (!task) {
        answer_busy(exchange);
        return true;
    }
    task->id = decode_percent(task, place.id, false);
    if (!admit(task, request, &place)) {
        task_answer_now(task);
    } else if (!route) {
        refuse_path(task, &place);
        task_answer_now(task);
    } else {
        task_start(task, route->run);
    }
    return true;
}

/* --- opening and closing --- */

static enum tw_status open_store(struct background *background, struct tw_error *error)
{
    const struct store_options options = STORE_DEFAULTS;
    enum tw_status status =
        store_open(background->options.store, &options, &background->idle[0], error);
    background->idle_count = background->open_stores = status == TW_OK;
    return status;
}

enum tw_status background_open(const struct background_options *options, struct background **result,
                               struct tw_error *error)
{
    struct background *background = calloc(1, sizeof *background);
    *result = NULL;
    if (!background)
        return fail(error, TW_NO_MEMORY, "out of memory");
    background->options = *options;
    pthread_mutex_init(&background->guard, NULL);
    pthread_cond_init(&background->changed, NULL);
    enum tw_status status = open_store(background, error);
    if (status == TW_OK)
        status = background_start_threads(background, error);
    if (status == TW_OK)
        *result = background;
    else
        background_close(background, 0);
    return status;
}

void background_stop(struct background *background)
{
    if (!background)
        return;
    pthread_mutex_lock(&background->guard);
    atomic_store(&background->stop, true);
    pthread_cond_broadcast(&background->changed);
    pthread_mutex_unlock(&background->guard);
}

void background_close(struct background *background, uint32_t drain_ms)
{
    if (!background)
        return;
    background_stop(background);
    background_end_threads(background, drain_ms);
    while (background->idle_count)
        store_close(background->idle[--background->idle_count]);
    pthread_cond_destroy(&background->changed);
    pthread_mutex_destroy(&background->guard);
    free(background);
}
