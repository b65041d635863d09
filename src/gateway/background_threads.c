/* gateway/background_threads.c: two threads: one moves batches on, one works on jobs.
 *
 * What goes wrong there is reported, and tried again after a while: nobody waits for an answer, and
 * the store may come back. */
#include "gateway/background_internal.h"

#include "base/clock.h"
#include "queue/batch_keeper.h"
#include "queue/worker.h"

#include <signal.h>
#include <string.h>

enum {
    LOOK_WAIT = 200,     /* milliseconds between two looks at batches, while some go on */
    IDLE_WAIT = 2000,    /* while none does: another gateway may have made one */
    TROUBLE_WAIT = 5000, /* after a failure */
    LOOK_SHARE = 20      /* a look may take one part of so many of the time */
};

/* Waits so long, for a poke or for the end. The guard is held. */
static void wait_a_while(struct background *background, int64_t milliseconds)
{
    int64_t until = clock_system() + milliseconds * 1000000;
    struct timespec at = {.tv_sec = (time_t)(until / 1000000000), .tv_nsec = until % 1000000000};
    int result = 0;
    while (result == 0 && !background->poked && !atomic_load(&background->stop))
        result = pthread_cond_timedwait(&background->changed, &background->guard, &at);
    background->poked = false;
}

static void report(const struct background *background, const char *message)
{
    if (background->options.report)
        background->options.report(message);
}

/* --- batches --- */

/* One look, and how long until the next one. */
static int64_t look(struct background *background, struct store **store)
{
    const struct store_options options = STORE_DEFAULTS;
    struct tw_error error;
    size_t open = 0;
    int64_t begun = clock_monotonic();
    enum tw_status status =
        *store ? TW_OK : store_open(background->options.store, &options, store, &error);
    if (status == TW_OK)
        status = batches_keep(*store, &background->stop, &open, &error);
    if (status != TW_OK && status != TW_BUSY)
        report(background, error.message);
    if (status != TW_OK)
        return TROUBLE_WAIT;
    int64_t took = (clock_monotonic() - begun) / 1000000 * LOOK_SHARE;
    return open == 0 ? IDLE_WAIT : took > LOOK_WAIT ? took : LOOK_WAIT;
}

static void *keep_batches(void *context)
{
    struct background *background = context;
    struct store *store = NULL;
    while (!atomic_load(&background->stop)) {
        int64_t wait = look(background, &store);
        pthread_mutex_lock(&background->guard);
        wait_a_while(background, wait);
        pthread_mutex_unlock(&background->guard);
    }
    store_close(store);
    return NULL;
}

void background_poke(struct background *background)
{
    pthread_mutex_lock(&background->guard);
    background->poked = true;
    pthread_cond_broadcast(&background->changed);
    pthread_mutex_unlock(&background->guard);
}

/* --- jobs --- */

/* The live policy. What was taken last is kept, so that its address means nothing else meanwhile.
 */
static const tw_policy *take_policy(void *context, uint64_t *version, bool *named_tiers_only,
                                    void **hold)
{
    struct background *background = context;
    struct snapshot *live = policy_acquire(background->options.policies);
    pthread_mutex_lock(&background->guard);
    if (!background->policy || background->policy->policy != live->policy) {
        snapshot_release(background->policy);
        background->policy = snapshot_hold(live);
        background->policy_version++;
    }
    *version = background->policy_version;
    pthread_mutex_unlock(&background->guard);
    *named_tiers_only = policy_loaded(live, PART_POLICY)->named_tiers_only;
    *hold = live;
    return live->policy;
}

static void let_go_of_policy(void *context, void *hold)
{
    (void)context;
    snapshot_release(hold);
}

static void note(void *context, const char *line)
{
    report(context, line);
}

static void *work_on_jobs(void *context)
{
    struct background *background = context;
    const struct background_options *options = &background->options;
    const struct worker_options worker = {.router = {.base_url = options->upstream,
                                                     .api_key = options->upstream_key,
                                                     .prices = options->prices,
                                                     .store = options->store},
                                          .policies = {take_policy, let_go_of_policy, background},
                                          .concurrency = options->concurrency,
                                          .lease = options->lease,
                                          .usual_time = WORKER_USUAL_TIME,
                                          .stop = &background->stop,
                                          .break_off = &background->break_off,
                                          .note = note,
                                          .note_context = background};
    struct worker_counts counts;
    struct tw_error error;
    while (!atomic_load(&background->stop)) {
        bool failed = queue_work(&worker, &counts, &error) != TW_OK;
        if (failed)
            report(background, error.message);
        pthread_mutex_lock(&background->guard);
        if (failed)
            wait_a_while(background, TROUBLE_WAIT);
        pthread_mutex_unlock(&background->guard);
    }
    pthread_mutex_lock(&background->guard);
    background->worker_over = true;
    pthread_cond_broadcast(&background->changed);
    pthread_mutex_unlock(&background->guard);
    return NULL;
}

/* --- starting and ending --- */

enum tw_status background_start_threads(struct background *background, struct tw_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the thread that opened us */
    background->keeper_started =
        pthread_create(&background->keeper, NULL, keep_batches, background) == 0;
    background->worker_started =
        background->options.concurrency &&
        pthread_create(&background->worker, NULL, work_on_jobs, background) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    bool good = background->keeper_started &&
                (background->worker_started || !background->options.concurrency);
    return good ? TW_OK : fail(error, TW_IO, "a thread cannot be started");
}

void background_end_threads(struct background *background, uint32_t drain_ms)
{
    int64_t until = clock_system() + (int64_t)drain_ms * 1000000;
    struct timespec at = {.tv_sec = (time_t)(until / 1000000000), .tv_nsec = until % 1000000000};
    int result = 0;
    pthread_mutex_lock(&background->guard);
    while (result == 0 && background->worker_started && !background->worker_over)
        result = pthread_cond_timedwait(&background->changed, &background->guard, &at);
    pthread_mutex_unlock(&background->guard);
    atomic_store(&background->break_off, true);
    if (background->worker_started)
        pthread_join(background->worker, NULL);
    if (background->keeper_started)
        pthread_join(background->keeper, NULL);
    snapshot_release(background->policy);
}
