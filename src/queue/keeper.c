/* queue/keeper.c: see keeper.h: what other threads call, and the threads of the keeper itself.
 *
 * An errand, a wish for a job or for a callback belongs to the keeper's thread from being handed in
 * until its thread is told. The lock is not held while the store is asked. A second connection only
 * waits for changes by others, so that the first one never sleeps with something to do. */
#include "queue/keeper_internal.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    STOP_LOOK = 100,  /* milliseconds between two looks at `stop` */
    WATCH_WAIT = 500, /* of one wait for a change */
    BUSY_WAIT = 1000, /* for others that hold the store */
    LINE_SIZE = 1024
};

int64_t keeper_now(void)
{
    return clock_system() / 1000000;
}

void errand_list_init(struct errand_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

void errand_list_add(struct errand_list *list, struct errand *errand)
{
    errand->next = NULL;
    *list->end = errand;
    list->end = &errand->next;
}

/* Waits on a condition until an instant at most. The lock is held. */
static void wait_until(struct keeper *keeper, pthread_cond_t *condition, int64_t instant)
{
    struct timespec at = {.tv_sec = (time_t)(instant / 1000),
                          .tv_nsec = (long)(instant % 1000) * 1000000};
    pthread_cond_timedwait(condition, &keeper->lock, &at);
}

/* --- the keeper's own threads --- */

static bool is_over(const struct keeper *keeper)
{
    for (int kind = 0; kind < ERRAND_KINDS; kind++)
        if (keeper->errands[kind].first)
            return false;
    return keeper->closing;
}

/* Nobody waits for a job or a callback any more. The lock is held. */
static void turn_away(struct keeper *keeper)
{
    for (struct held_job *job = keeper->wishes; job; job = job->next) {
        job->waiting = false;
        pthread_cond_signal(&job->told);
    }
    keeper->wishes = NULL;
    keeper->wishes_end = &keeper->wishes;
    for (struct held_callback *held = keeper->callback_wishes; held; held = held->next) {
        held->waiting = false;
        pthread_cond_signal(&held->told);
    }
    keeper->callback_wishes = NULL;
}

static void *run(void *context)
{
    struct keeper *keeper = context;
    pthread_mutex_lock(&keeper->lock);
    while (!is_over(keeper)) {
        int64_t now = keeper_now(), look = now + STOP_LOOK;
        keeper->ending = keeper->ending || atomic_load(keeper->options.stop);
        if (keeper->ending)
            turn_away(keeper);
        if (keeper_has_work(keeper, now, &look))
            keeper_round(keeper);
        else
            wait_until(keeper, &keeper->work, look);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* Waits for changes by others, while the keeper has nothing to do. */
static void *run_watcher(void *context)
{
    struct keeper *keeper = context;
    struct tw_error error;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->closing) {
        if (!keeper->idle || keeper->ending || keeper->changed) {
            wait_until(keeper, &keeper->watch, keeper_now() + WATCH_WAIT);
            continue;
        }
        pthread_mutex_unlock(&keeper->lock);
        enum tw_status status = job_wait(keeper->watched, WATCH_WAIT, &error);
        pthread_mutex_lock(&keeper->lock);
        if (status != TW_OK) /* the keeper's own connection will say more of it */
            wait_until(keeper, &keeper->watch, keeper_now() + WATCH_WAIT);
        keeper->changed = true;
        pthread_cond_signal(&keeper->work);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

static enum tw_status start(struct keeper *keeper, struct tw_error *error)
{
    const struct store_options writing = {.busy_wait = BUSY_WAIT};
    const struct store_options reading = {.read_only = true, .busy_wait = BUSY_WAIT};
    enum tw_status status = store_open(keeper->options.store, &writing, &keeper->store, error);
    if (status == TW_OK)
        status = store_open(keeper->options.store, &reading, &keeper->watched, error);
    if (status != TW_OK)
        return status;
    keeper->started = pthread_create(&keeper->thread, NULL, run, keeper) == 0;
    keeper->watcher_started = pthread_create(&keeper->watcher, NULL, run_watcher, keeper) == 0;
    return keeper->started && keeper->watcher_started
               ? TW_OK
               : fail(error, TW_NO_MEMORY, "no thread could be started");
}

enum tw_status keeper_open(const struct keeper_options *options, struct keeper **result,
                           struct tw_error *error)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    *result = NULL;
    if (!keeper)
        return fail(error, TW_NO_MEMORY, "out of memory");
    keeper->options = *options;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->work, NULL);
    pthread_cond_init(&keeper->watch, NULL);
    for (int kind = 0; kind < ERRAND_KINDS; kind++)
        errand_list_init(&keeper->errands[kind]);
    keeper->wishes_end = &keeper->wishes;
    enum tw_status status = start(keeper, error);
    if (status == TW_OK)
        *result = keeper;
    else
        keeper_close(keeper, NULL, NULL);
    return status;
}

enum tw_status keeper_close(struct keeper *keeper, struct worker_counts *counts,
                            struct tw_error *error)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->ending = keeper->closing = true;
    pthread_cond_signal(&keeper->work);
    pthread_cond_signal(&keeper->watch);
    pthread_mutex_unlock(&keeper->lock);
    if (keeper->started)
        pthread_join(keeper->thread, NULL);
    if (keeper->watcher_started)
        pthread_join(keeper->watcher, NULL);
    store_close(keeper->store);
    store_close(keeper->watched);
    enum tw_status status = keeper->status;
    if (counts)
        *counts = keeper->counts;
    if (error && status != TW_OK)
        *error = keeper->failure;
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->work);
    pthread_cond_destroy(&keeper->watch);
    free(keeper);
    return status;
}

/* --- for the threads that work --- */

enum tw_status held_job_init(struct held_job *job)
{
    *job = (struct held_job){.number = 0};
    buffer_init(&job->id, JOB_ID_MAX);
    buffer_init(&job->owner, JOB_ID_MAX);
    buffer_init(&job->body, JOB_BYTES_MAX);
    return pthread_cond_init(&job->told, NULL) == 0 ? TW_OK : TW_NO_MEMORY;
}

void held_job_free(struct held_job *job)
{
    buffer_free(&job->id);
    buffer_free(&job->owner);
    buffer_free(&job->body);
    pthread_cond_destroy(&job->told);
}

enum tw_status held_callback_init(struct held_callback *held)
{
    *held = (struct held_callback){.number = 0};
    buffer_init(&held->id, JOB_ID_MAX);
    buffer_init(&held->batch, JOB_ID_MAX);
    buffer_init(&held->callback, JOB_CALLBACK_MAX);
    buffer_init(&held->result, JOB_BYTES_MAX);
    return pthread_cond_init(&held->told, NULL) == 0 ? TW_OK : TW_NO_MEMORY;
}

void held_callback_free(struct held_callback *held)
{
    buffer_free(&held->id);
    buffer_free(&held->batch);
    buffer_free(&held->callback);
    buffer_free(&held->result);
    pthread_cond_destroy(&held->told);
}

/* Puts the thread among those that wait for a job. The lock is held. */
static void wish(struct keeper *keeper, struct held_job *job)
{
    job->waiting = !keeper->ending;
    job->next = NULL;
    if (!job->waiting)
        return;
    *keeper->wishes_end = job;
    keeper->wishes_end = &job->next;
}

bool keeper_take(struct keeper *keeper, struct held_job *job)
{
    pthread_mutex_lock(&keeper->lock);
    if (!job->waiting && job->number == 0) {
        wish(keeper, job);
        pthread_cond_signal(&keeper->work);
    }
    while (job->waiting)
        pthread_cond_wait(&job->told, &keeper->lock);
    pthread_mutex_unlock(&keeper->lock);
    return job->number != 0;
}

bool keeper_take_callback(struct keeper *keeper, struct held_callback *held)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->callbacks_held -= held->number != 0;
    held->number = 0;
    held->waiting = !keeper->ending;
    held->next = keeper->callback_wishes;
    if (held->waiting)
        keeper->callback_wishes = held;
    pthread_cond_signal(&keeper->work);
    while (held->waiting)
        pthread_cond_wait(&held->told, &keeper->lock);
    pthread_mutex_unlock(&keeper->lock);
    return held->number != 0;
}

/* Waits for an errand that was handed in. The lock is held. */
static enum tw_status wait_for(struct keeper *keeper, struct errand *errand, struct tw_error *error)
{
    errand->open = true;
    errand_list_add(&keeper->errands[errand->kind], errand);
    pthread_cond_signal(&keeper->work);
    while (errand->open)
        pthread_cond_wait(errand->told, &keeper->lock);
    if (errand->status != TW_OK && error)
        *error = errand->error;
    return errand->status;
}

/* No longer one of those whose leases are looked after. The lock is held. */
static void let_go(struct keeper *keeper, struct held_job *job)
{
    for (int i = 0; i < keeper->held_count; i++)
        if (keeper->held[i] == job) {
            keeper->held[i] = keeper->held[--keeper->held_count];
            break;
        }
    job->number = 0;
}

enum tw_status keeper_end(struct keeper *keeper, struct held_job *job, struct errand *errand,
                          struct tw_error *error)
{
    pthread_mutex_lock(&keeper->lock);
    errand->kind = ERRAND_END;
    errand->told = &job->told;
    errand->expired = job->expired;
    errand->has_callback = job->has_callback;
    errand->ending.number = job->number;
    errand->ending.claim = job->claim;
    let_go(keeper, job);
    wish(keeper, job);
    enum tw_status status = wait_for(keeper, errand, error);
    pthread_mutex_unlock(&keeper->lock);
    return status;
}

enum tw_status keeper_do(struct keeper *keeper, struct errand *errand, struct tw_error *error)
{
    pthread_mutex_lock(&keeper->lock);
    enum tw_status status = wait_for(keeper, errand, error);
    pthread_mutex_unlock(&keeper->lock);
    return status;
}

bool keeper_still_ours(struct keeper *keeper, const struct held_job *job, int64_t now)
{
    pthread_mutex_lock(&keeper->lock);
    bool ours = !job->lost && now < job->lease;
    pthread_mutex_unlock(&keeper->lock);
    return ours;
}

void keeper_rest(struct keeper *keeper, int64_t milliseconds)
{
    pthread_mutex_lock(&keeper->lock);
    int64_t until = keeper_now() + milliseconds;
    keeper->next_claim = keeper->next_claim > until ? keeper->next_claim : until;
    pthread_mutex_unlock(&keeper->lock);
}

void keeper_fail_locked(struct keeper *keeper, enum tw_status status, const struct tw_error *error)
{
    if (keeper->status == TW_OK) {
        keeper->status = status;
        keeper->failure = *error;
    }
    keeper->ending = true;
}

void keeper_fail(struct keeper *keeper, enum tw_status status, const struct tw_error *error)
{
    pthread_mutex_lock(&keeper->lock);
    keeper_fail_locked(keeper, status, error);
    pthread_cond_signal(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
}

bool keeper_is_ending(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool ending = keeper->ending || atomic_load(keeper->options.stop);
    pthread_mutex_unlock(&keeper->lock);
    return ending;
}

void keeper_note(struct keeper *keeper, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    if (!keeper->options.note)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    keeper->options.note(keeper->options.note_context, line);
}
