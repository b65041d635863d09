/* queue/job_watch.c: see job_watch.h. The lock guards the list and is held while one job is looked
 * at, never while a listener is told. */
#include "queue/job_watch.h"

#include "base/clock.h"
#include "base/quotation.h"
#include "queue/job_result.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STEP = 100,      /* milliseconds of one wait for a change, and between two looks at `closing` */
    PAUSE_SHARE = 20 /* a pause takes so many times as long as the looks before it */
};

/* A job that somebody waits for. */
struct watched_job {
    struct watched_job *next, *before;
    struct job_listener listener;
    bool waits;            /* belongs to a thread in job_watch_wait, on whose stack it lies */
    enum tw_status status; /* TW_BUSY until it is known: then TW_OK (it has ended) or an error */
    size_t length;
    char id[JOB_ID_MAX];
};

struct job_watch {
    struct store *store; /* the thread's */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct watched_job *first, *last;
    struct watched_job *next; /* of those that are looked at now */
    size_t begun;             /* jobs that were begun and whose listeners were not yet told */
    bool closing;
    enum tw_status status; /* why no wait can succeed any more */
    struct tw_error failure;
};

static int64_t now_milliseconds(void)
{
    return clock_system() / 1000000;
}

/* The lock is held. */
static void wait_until(struct job_watch *watch, int64_t instant)
{
    struct timespec at = {.tv_sec = (time_t)(instant / 1000),
                          .tv_nsec = (long)(instant % 1000) * 1000000};
    pthread_cond_timedwait(&watch->changed, &watch->lock, &at);
}

/* --- the list; the lock is held --- */

static void add(struct job_watch *watch, struct watched_job *job)
{
    job->next = NULL;
    job->before = watch->last;
    if (watch->last)
        watch->last->next = job;
    else
        watch->first = job;
    watch->last = job;
    pthread_cond_broadcast(&watch->changed);
}

static void take_out(struct job_watch *watch, struct watched_job *job)
{
    if (watch->next == job)
        watch->next = job->next;
    *(job->before ? &job->before->next : &watch->first) = job->next;
    *(job->next ? &job->next->before : &watch->last) = job->before;
}

static void fail_all(struct job_watch *watch, enum tw_status status, const struct tw_error *error)
{
    if (watch->status == TW_OK) {
        watch->status = status;
        watch->failure = *error;
    }
    pthread_cond_broadcast(&watch->changed);
}

/* --- looking --- */

/* What a look finds. */
struct look {
    struct watched_job *job;
    bool ended;
    struct tw_job_result *result; /* of one that has ended, where a listener wants it */
};

static enum tw_status visit(void *context, const struct job *job)
{
    struct look *look = context;
    look->ended = job->state != JOB_QUEUED && job->state != JOB_RUNNING;
    return look->ended && look->job->listener.on_end ? job_result_make(job, &look->result) : TW_OK;
}

/* Tells the listener, without the lock. */
static void tell(struct job_watch *watch, struct watched_job *job, struct tw_job_result *result)
{
    pthread_mutex_unlock(&watch->lock);
    if (result)
        job->listener.on_end(job->listener.context, result);
    tw_job_result_free(result);
    free(job);
    pthread_mutex_lock(&watch->lock);
    watch->begun--;
}

static void end(struct job_watch *watch, const struct look *look, enum tw_status status)
{
    struct watched_job *job = look->job;
    take_out(watch, job);
    job->status = status;
    if (!job->waits)
        tell(watch, job, look->result);
    pthread_cond_broadcast(&watch->changed);
}

/* Looks at one job. A store that is out of reach, or memory that is out, may be there later. */
static void look_at(struct job_watch *watch, struct watched_job *job)
{
    struct look look = {.job = job};
    struct tw_error error;
    struct text id = {job->id, job->length};
    enum tw_status status = job_find(watch->store, id, visit, &look, &error);
    if (status == TW_NOT_FOUND || (status == TW_OK && look.ended))
        end(watch, &look, status);
    else if (status != TW_OK && status != TW_BUSY && status != TW_NO_MEMORY)
        fail_all(watch, status, &error);
}

/* Looks at all; says how long it took, in milliseconds. */
static int64_t look_at_all(struct job_watch *watch)
{
    int64_t begun = clock_monotonic();
    watch->next = watch->first;
    while (watch->next && !watch->closing && watch->status == TW_OK) {
        struct watched_job *job = watch->next;
        watch->next = job->next;
        look_at(watch, job);
        pthread_mutex_unlock(&watch->lock); /* whoever waits for the lock has a turn */
        pthread_mutex_lock(&watch->lock);
    }
    watch->next = NULL;
    return (clock_monotonic() - begun) / 1000000;
}

static void pause_for(struct job_watch *watch, int64_t milliseconds)
{
    int64_t until = now_milliseconds() + milliseconds;
    for (int64_t now = now_milliseconds(); now < until && !watch->closing; now = now_milliseconds())
        wait_until(watch, until - now < STEP ? until : now + STEP);
}

/* Waits for a change without the lock. */
static void wait_for_change(struct job_watch *watch)
{
    struct tw_error error;
    pthread_mutex_unlock(&watch->lock);
    enum tw_status status = job_wait(watch->store, STEP, &error);
    pthread_mutex_lock(&watch->lock);
    if (status == TW_BUSY)
        pause_for(watch, STEP);
    else if (status != TW_OK)
        fail_all(watch, status, &error);
}

static void *run(void *context)
{
    struct job_watch *watch = context;
    pthread_mutex_lock(&watch->lock);
    while (!watch->closing) {
        if (!watch->first || watch->status != TW_OK) {
            wait_until(watch, now_milliseconds() + STEP);
            continue;
        }
        pause_for(watch, PAUSE_SHARE * look_at_all(watch));
        if (watch->first && !watch->closing && watch->status == TW_OK)
            wait_for_change(watch);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

enum tw_status job_watch_open(const char *store, struct job_watch **result, struct tw_error *error)
{
    const struct store_options reading = {.read_only = true, .busy_wait = STEP};
    struct job_watch *watch = calloc(1, sizeof *watch);
    *result = NULL;
    if (!watch)
        return fail(error, TW_NO_MEMORY, "out of memory");
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->changed, NULL);
    enum tw_status status = store_open(store, &reading, &watch->store, error);
    if (status == TW_OK) {
        watch->started = pthread_create(&watch->thread, NULL, run, watch) == 0;
        if (!watch->started)
            status = fail(error, TW_NO_MEMORY, "no thread could be started");
    }
    if (status == TW_OK)
        *result = watch;
    else
        job_watch_close(watch);
    return status;
}

void job_watch_close(struct job_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->closing = true;
    pthread_cond_broadcast(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    if (watch->started)
        pthread_join(watch->thread, NULL);
    for (struct watched_job *job = watch->first; job;) {
        struct watched_job *next = job->next;
        free(job);
        job = next;
    }
    store_close(watch->store);
    pthread_mutex_destroy(&watch->lock);
    pthread_cond_destroy(&watch->changed);
    free(watch);
}

/* --- for other threads --- */

struct watched_job *job_watch_prepare(struct job_listener listener)
{
    struct watched_job *job = calloc(1, sizeof *job);
    if (job)
        job->listener = listener;
    return job;
}

static void name(struct watched_job *job, struct text id)
{
    job->status = TW_BUSY;
    job->length = id.length;
    memcpy(job->id, id.data, id.length);
}

void job_watch_begin(struct job_watch *watch, struct watched_job *job, struct text id)
{
    name(job, id);
    pthread_mutex_lock(&watch->lock);
    watch->begun++;
    add(watch, job);
    pthread_mutex_unlock(&watch->lock);
}

void job_watch_forget(struct watched_job *job)
{
    free(job);
}

/* Waits for the lock's condition until the instant; false once it is over. */
static bool wait_more(struct job_watch *watch, int64_t until)
{
    int64_t now = now_milliseconds();
    if (now >= until)
        return false;
    wait_until(watch, until - now < STEP ? until : now + STEP);
    return true;
}

static enum tw_status tell_failure(const struct job_watch *watch, struct tw_error *error)
{
    if (error)
        *error = watch->failure;
    return watch->status;
}

static enum tw_status wait_for_all(struct job_watch *watch, int64_t until, struct tw_error *error)
{
    while (watch->begun) {
        if (watch->status != TW_OK)
            return tell_failure(watch, error);
        if (!wait_more(watch, until))
            return fail(error, TW_TIMEOUT, "%zu jobs have not ended yet", watch->begun);
    }
    return TW_OK;
}

static enum tw_status wait_for_one(struct job_watch *watch, struct watched_job *job, int64_t until,
                                   struct tw_error *error)
{
    bool in_time = true;
    add(watch, job);
    while (job->status == TW_BUSY && watch->status == TW_OK && in_time)
        in_time = wait_more(watch, until);
    if (job->status != TW_BUSY) /* then it is not in the list any more */
        return job->status == TW_OK ? TW_OK
                                    : fail(error, job->status, "there is no job %s",
                                           quote((struct text){job->id, job->length}).text);
    take_out(watch, job);
    return watch->status != TW_OK ? tell_failure(watch, error)
                                  : fail(error, TW_TIMEOUT, "the job has not ended yet");
}

enum tw_status job_watch_wait(struct job_watch *watch, struct text id, int64_t timeout,
                              struct tw_error *error)
{
    struct watched_job job = {.waits = true};
    int64_t now = now_milliseconds();
    int64_t until = timeout < 0 || timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
    name(&job, id);
    pthread_mutex_lock(&watch->lock);
    enum tw_status status =
        id.length ? wait_for_one(watch, &job, until, error) : wait_for_all(watch, until, error);
    pthread_mutex_unlock(&watch->lock);
    return status;
}

void job_watch_fail(struct job_watch *watch, enum tw_status status, const struct tw_error *error)
{
    pthread_mutex_lock(&watch->lock);
    fail_all(watch, status, error);
    pthread_mutex_unlock(&watch->lock);
}
