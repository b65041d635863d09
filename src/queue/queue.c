/* queue/queue.c: the queue of tierway/router.h: a store for its callers, a thread that works with
 * many more (worker.h), and one that tells of ends (job_watch.h).
 *
 * Owns copies of the options' texts. `store_lock` is for the store of whoever calls, `lock` for
 * what the working thread says at its end; neither is held while the other is taken. */
#include "base/arena.h"
#include "base/clock.h"
#include "queue/job_result.h"
#include "queue/job_watch.h"
#include "queue/submission.h"
#include "queue/worker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY INT64_C(86400000) /* milliseconds */
#define LEASE INT64_C(60000)  /* milliseconds */
#define TEXT_LIMIT (1 << 20)  /* bytes of all texts of the options */

struct tw_queue {
    struct arena arena; /* of the options' texts */
    struct worker_options worker;
    atomic_bool stop, break_off;
    struct job_watch *watch;
    pthread_mutex_t store_lock; /* guards the store */
    struct store *store;
    pthread_t thread;
    bool works;           /* the thread was started */
    pthread_mutex_t lock; /* guards `ended` */
    pthread_cond_t changed;
    bool ended; /* the thread has come to its end */
};

static int64_t now_milliseconds(void)
{
    return clock_system() / 1000000;
}

/* --- opening --- */

static void *work(void *context)
{
    tw_queue *queue = context;
    struct worker_counts counts;
    struct tw_error error;
    enum tw_status status = queue_work(&queue->worker, &counts, &error);
    if (status != TW_OK)
        job_watch_fail(queue->watch, status, &error);
    pthread_mutex_lock(&queue->lock);
    queue->ended = true;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static const char *copy(tw_queue *queue, const char *text)
{
    return text ? arena_text(&queue->arena, text_of(text)).data : NULL;
}

/* An image says nothing of its properties: a job steps up to what the policy names, and no further.
 */
static enum tw_status take_options(tw_queue *queue, const struct tw_queue_options *options,
                                   struct tw_error *error)
{
    const struct tw_router_options *router = &options->router;
    queue->worker = (struct worker_options){
        .router = {.policy = router->policy,
                   .base_url = copy(queue, router->base_url),
                   .api_key = copy(queue, router->api_key),
                   .prices = copy(queue, router->prices),
                   .store = copy(queue, router->store),
                   .seed = router->seed},
        .named_tiers_only = true,
        .concurrency = options->concurrency,
        .lease = options->lease ? options->lease : LEASE,
        .usual_time = WORKER_USUAL_TIME,
        .stop = &queue->stop,
        .break_off = &queue->break_off,
        .note = options->on_note,
        .note_context = options->note_context,
    };
    return queue->arena.failed ? fail(error, TW_NO_MEMORY, "out of memory") : TW_OK;
}

static enum tw_status check_options(const struct tw_queue_options *options, struct tw_error *error)
{
    const struct tw_router_options *router = &options->router;
    if (!router->store || strcmp(router->store, "memory:") == 0)
        return fail(error, TW_INVALID, "a queue needs a store that outlives the process");
    if (options->concurrency < 0 || options->concurrency > WORKER_CONCURRENCY_MAX)
        return fail(error, TW_INVALID, "concurrency is 0 to %d", WORKER_CONCURRENCY_MAX);
    if (options->lease && (options->lease < WORKER_LEASE_MIN || options->lease > DAY))
        return fail(error, TW_INVALID, "a lease is %d milliseconds to a day", WORKER_LEASE_MIN);
    if (options->concurrency && (!router->policy || !router->base_url))
        return fail(error, TW_INVALID, "who works needs a policy and a base_url");
    return TW_OK;
}

/* Whether what works would be able to: URL, prices, this machine's libcurl. */
static enum tw_status try_router(const struct worker_options *worker, struct tw_error *error)
{
    struct tw_router_options options = worker->router;
    tw_router *router;
    options.store = NULL;
    enum tw_status status = tw_router_new(&options, &router, error);
    if (status == TW_OK)
        tw_router_free(router);
    return status;
}

static enum tw_status open_parts(tw_queue *queue, const struct tw_queue_options *options,
                                 struct tw_error *error)
{
    enum tw_status status = take_options(queue, options, error);
    if (status == TW_OK && options->concurrency)
        status = try_router(&queue->worker, error);
    if (status == TW_OK)
        status = store_open(queue->worker.router.store, &STORE_DEFAULTS, &queue->store, error);
    if (status == TW_OK)
        status = job_watch_open(queue->worker.router.store, &queue->watch, error);
    if (status != TW_OK || !options->concurrency)
        return status;
    queue->works = pthread_create(&queue->thread, NULL, work, queue) == 0;
    return queue->works ? TW_OK : fail(error, TW_NO_MEMORY, "no thread could be started");
}

enum tw_status tw_queue_open(const struct tw_queue_options *options, tw_queue **result,
                             struct tw_error *error)
{
    *result = NULL;
    enum tw_status status = check_options(options, error);
    if (status != TW_OK)
        return status;
    tw_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return fail(error, TW_NO_MEMORY, "out of memory");
    arena_init(&queue->arena, TEXT_LIMIT);
    pthread_mutex_init(&queue->store_lock, NULL);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    status = open_parts(queue, options, error);
    if (status == TW_OK)
        *result = queue;
    else
        tw_queue_close(queue, 0);
    return status;
}

/* --- closing --- */

/* Gives what runs its time. */
static void drain_work(tw_queue *queue, int64_t drain)
{
    int64_t until = now_milliseconds() + drain;
    struct timespec at = {.tv_sec = (time_t)(until / 1000),
                          .tv_nsec = (long)(until % 1000) * 1000000};
    int waited = 0;
    pthread_mutex_lock(&queue->lock);
    while (!queue->ended && waited == 0)
        waited = drain < 0 ? pthread_cond_wait(&queue->changed, &queue->lock)
                           : pthread_cond_timedwait(&queue->changed, &queue->lock, &at);
    pthread_mutex_unlock(&queue->lock);
}

void tw_queue_close(tw_queue *queue, int64_t drain)
{
    if (!queue)
        return;
    atomic_store(&queue->stop, true);
    if (queue->works) {
        drain_work(queue, drain < DAY ? drain : DAY);
        atomic_store(&queue->break_off, true);
        pthread_join(queue->thread, NULL);
    }
    job_watch_close(queue->watch);
    store_close(queue->store);
    pthread_mutex_destroy(&queue->store_lock);
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->changed);
    arena_free(&queue->arena);
    free(queue);
}

/* --- submitting --- */

static enum tw_status read_endpoint(const char *endpoint, struct batch_request *request,
                                    struct tw_error *error)
{
    struct buffer url;
    if (!endpoint)
        return TW_OK;
    buffer_init(&url, 100);
    buffer_format(&url, "/v1%s", endpoint);
    request->endpoint = batch_endpoint(buffer_view(&url));
    buffer_free(&url);
    return request->endpoint
               ? TW_OK
               : fail(error, TW_INVALID, "an endpoint is \"/chat/completions\" or \"/responses\"");
}

/* What became of the one job of a group. */
struct noted {
    char id[JOB_ID_MAX];
    size_t length;
    bool differs;
};

static void note_outcome(void *context, const struct submission_outcome *outcome)
{
    struct noted *noted = context;
    noted->length = outcome->id.length;
    memcpy(noted->id, outcome->id.data, outcome->id.length);
    noted->differs = outcome->differs;
}

static enum tw_status store_job(tw_queue *queue, struct submission_group *group,
                                const struct submission_terms *terms, struct watched_job *watched,
                                char *id, struct tw_error *error)
{
    struct noted noted;
    pthread_mutex_lock(&queue->store_lock);
    enum tw_status status =
        submission_group_submit(group, queue->store, terms, note_outcome, &noted, error);
    pthread_mutex_unlock(&queue->store_lock);
    if (status == TW_OK && noted.differs)
        status = fail(error, TW_INVALID, "another request has this id");
    if (status != TW_OK)
        return status;
    job_watch_begin(queue->watch, watched, (struct text){noted.id, noted.length});
    if (id) {
        memcpy(id, noted.id, noted.length);
        id[noted.length] = '\0';
    }
    return TW_OK;
}

static enum tw_status submit_request(tw_queue *queue, const struct tw_job *job,
                                     const struct batch_request *request,
                                     struct watched_job *watched, char *id, struct tw_error *error)
{
    int64_t now = now_milliseconds();
    const struct submission_terms terms = {.now = now,
                                           .deadline = now + (job->within ? job->within : DAY),
                                           .attributes = job->attributes,
                                           .attribute_count = job->attribute_count};
    struct submission_group *group = malloc(sizeof *group);
    if (!group)
        return fail(error, TW_NO_MEMORY, "out of memory");
    submission_group_init(group);
    enum tw_status status =
        submission_group_add(group, &terms, request, text_of(job->id ? job->id : ""), error);
    if (status == TW_OK)
        status = store_job(queue, group, &terms, watched, id, error);
    submission_group_free(group);
    free(group);
    return status;
}

static enum tw_status check_job(const struct tw_job *job, struct tw_error *error)
{
    if (!job->body)
        return fail(error, TW_INVALID, "a job needs a body");
    if (job->id && !job->id[0])
        return fail(error, TW_INVALID, "an id is not empty");
    if (job->id && strlen(job->id) > JOB_ID_MAX)
        return fail(error, TW_LIMIT, "an id has at most %d bytes", JOB_ID_MAX);
    if (job->within < 0 || job->within > INT64_MAX / 4)
        return fail(error, TW_INVALID, "`within` is a number of milliseconds over 0");
    return TW_OK;
}

enum tw_status tw_queue_submit(tw_queue *queue, const struct tw_job *job, char id[TW_JOB_ID_SIZE],
                               struct tw_error *error)
{
    struct batch_request request;
    enum tw_status status = check_job(job, error);
    if (status != TW_OK)
        return status;
    struct watched_job *watched =
        job_watch_prepare((struct job_listener){job->on_end, job->context});
    if (!watched)
        return fail(error, TW_NO_MEMORY, "out of memory");
    status = batch_body_read((struct text){job->body, job->length}, &request, error);
    if (status == TW_OK)
        status = read_endpoint(job->endpoint, &request, error);
    if (status == TW_OK)
        status = submit_request(queue, job, &request, watched, id, error);
    if (status != TW_OK)
        job_watch_forget(watched);
    batch_request_free(&request);
    return status;
}

/* --- asking --- */

enum tw_status tw_queue_wait(tw_queue *queue, const char *id, int64_t timeout,
                             struct tw_error *error)
{
    if (id && (!id[0] || strlen(id) > JOB_ID_MAX))
        return fail(error, TW_NOT_FOUND, "there is no job of this id");
    return job_watch_wait(queue->watch, text_of(id ? id : ""), timeout, error);
}

static enum tw_status make_result(void *context, const struct job *job)
{
    return job_result_make(job, context);
}

enum tw_status tw_queue_result(tw_queue *queue, const char *id, struct tw_job_result **result,
                               struct tw_error *error)
{
    *result = NULL;
    pthread_mutex_lock(&queue->store_lock);
    enum tw_status status = job_find(queue->store, text_of(id), make_result, result, error);
    pthread_mutex_unlock(&queue->store_lock);
    if (status == TW_NOT_FOUND || status == TW_NO_MEMORY)
        fail(error, status,
             status == TW_NOT_FOUND ? "there is no job of this id" : "out of memory");
    return status;
}

enum tw_status tw_queue_cancel(tw_queue *queue, const char *id, bool *cancelled,
                               struct tw_error *error)
{
    pthread_mutex_lock(&queue->store_lock);
    enum tw_status status =
        job_cancel(queue->store, text_of(id), now_milliseconds(), cancelled, error);
    pthread_mutex_unlock(&queue->store_lock);
    return status;
}
