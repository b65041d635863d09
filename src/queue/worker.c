/* queue/worker.c: see worker.h.
 *
 * The mutex guards what the threads share: the pace, the slots, the counts, the first failure. It
 * is not held while anything is sent or stored. Every thread uses a store of its own. */
#include "queue/worker.h"

#include "base/clock.h"
#include "queue/job_body.h"
#include "queue/pace.h"
#include "queue/verdict.h"
#include "runtime/router_parts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    IDLE_WAIT = 200, /* milliseconds between two looks into an empty queue */
    BEAT_WAIT = 100, /* between two looks at stop and leases */
    LAST_TRIES = 12, /* once it is to end, of a busy store; each waits by itself */
    ARENA_LIMIT = 64 << 20
};

struct pool;

/* One thread, and the job that it works on. */
struct slot {
    struct pool *pool;
    pthread_t thread;
    tw_router *router;
    struct store *store; /* the router's */
    struct random random;
    struct arena arena;
    struct buffer stored; /* the claimed job's body */
    struct buffer id;
    struct buffer line; /* its result */
    int64_t refusals, submitted;
    /* Under the mutex: */
    int64_t number, claim; /* number is 0 while it has none */
};

struct pool {
    const struct worker_options *options;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct pace pace;
    struct slot *slots;
    int started, active;
    int64_t next_look; /* nobody claims before; milliseconds since 1970 */
    bool ending;
    enum tw_status status; /* the first failure */
    struct tw_error failure;
    struct worker_counts counts;
};

static int64_t now_milliseconds(void)
{
    return clock_system() / 1000000;
}

/* Waits for a change, at most so long. The mutex is held. */
static void wait_a_while(struct pool *pool, int64_t milliseconds)
{
    int64_t until = clock_system() + milliseconds * 1000000;
    struct timespec at = {.tv_sec = (time_t)(until / 1000000000), .tv_nsec = until % 1000000000};
    pthread_cond_timedwait(&pool->changed, &pool->mutex, &at);
}

static void pool_fail(struct pool *pool, enum tw_status status, const struct tw_error *error)
{
    pthread_mutex_lock(&pool->mutex);
    if (pool->status == TW_OK) {
        pool->status = status;
        pool->failure = *error;
    }
    pool->ending = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
}

/* --- one job --- */

static enum tw_status keep_claim(void *context, const struct job *job)
{
    struct slot *slot = context;
    buffer_clear(&slot->stored);
    buffer_clear(&slot->id);
    buffer_text(&slot->stored, job->body);
    buffer_text(&slot->id, job->id);
    slot->refusals = job->refusals;
    slot->submitted = job->submitted;
    pthread_mutex_lock(&slot->pool->mutex);
    slot->number = job->number;
    slot->claim = job->claim;
    pthread_mutex_unlock(&slot->pool->mutex);
    return slot->stored.status ? slot->stored.status : slot->id.status;
}

/* A store that is locked by others is tried again as long as it takes: the answer is paid for. */
static enum tw_status store_ending(struct slot *slot, struct job_ending *ending,
                                   const struct ledger_row *rows, size_t row_count,
                                   int64_t reservation, struct tw_error *error)
{
    enum tw_status status = TW_BUSY;
    for (int last = 0; status == TW_BUSY && last < LAST_TRIES;
         last += atomic_load(slot->pool->options->stop))
        status = job_end(slot->store, ending, 1, rows, row_count, &reservation, 1, error);
    return status;
}

static void count_ending(struct slot *slot, const struct job_ending *ending)
{
    struct worker_counts *counts = &slot->pool->counts;
    pthread_mutex_lock(&slot->pool->mutex);
    int64_t *count = ending->lost                  ? &counts->lost
                     : ending->state == JOB_DONE   ? &counts->done
                     : ending->state == JOB_FAILED ? &counts->failed
                                                   : &counts->put_back;
    ++*count;
    pthread_mutex_unlock(&slot->pool->mutex);
}

static void learn_pace(struct slot *slot, const struct result *result, int64_t begun)
{
    struct pool *pool = slot->pool;
    enum meaning meaning = result->dispatch.meaning;
    pthread_mutex_lock(&pool->mutex);
    if (result->result.outcome == TW_ANSWERED)
        pace_answer(&pool->pace);
    else if (meaning == MEANING_REFUSED || meaning == MEANING_RATE_LIMITED)
        pace_refusal(&pool->pace, begun, now_milliseconds());
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
}

/* The request's attributes: those it was submitted with, and what only the queue knows. */
static enum tw_status make_attributes(struct slot *slot, const struct job_body *job, int64_t now,
                                      struct tw_chat *chat)
{
    struct arena *arena = &slot->arena;
    struct tw_pair *pairs = ARENA_ARRAY(arena, struct tw_pair, job->attribute_count + 3);
    int64_t waited = now > slot->submitted ? now - slot->submitted : 0;
    if (!pairs)
        return TW_NO_MEMORY;
    memcpy(pairs, job->attributes, job->attribute_count * sizeof *pairs);
    struct tw_pair *own = pairs + job->attribute_count;
    own[0] =
        (struct tw_pair){"attempt", arena_format(arena, "%lld", (long long)(slot->claim - 1)).data};
    own[1] = (struct tw_pair){"waited", arena_format(arena, "%lldms", (long long)waited).data};
    own[2] = (struct tw_pair){"deadline",
                              arena_format(arena, "%lldms", (long long)(job->deadline - now)).data};
    *chat = (struct tw_chat){.body = job->body.data,
                             .length = job->body.length,
                             .endpoint = job->endpoint,
                             .attributes = pairs,
                             .attribute_count = job->attribute_count + 3,
                             .instant = now};
    return arena_status(arena);
}

/* The job ends without having been sent. */
static enum tw_status fail_job(struct slot *slot, const struct verdict_facts *facts,
                               struct text code, struct text message, struct tw_error *error)
{
    struct job_ending ending;
    verdict_of_failure(facts, code, message, &slot->line, &ending);
    enum tw_status status = store_ending(slot, &ending, NULL, 0, 0, error);
    if (status == TW_OK)
        count_ending(slot, &ending);
    return status;
}

/* Nobody has to wait for the lease of a worker that gives up. Where this fails, somebody does. */
static void put_claim_back(struct slot *slot, const struct verdict_facts *facts)
{
    struct job_ending ending = {
        .number = facts->number, .claim = facts->claim, .state = JOB_QUEUED, .due = facts->now};
    store_ending(slot, &ending, NULL, 0, 0, NULL);
}

/* Stores what came of it. */
static enum tw_status settle(struct slot *slot, const struct unsettled *unsettled,
                             struct verdict_facts *facts, struct tw_error *error)
{
    struct result *result = unsettled->result;
    struct job_ending ending;
    int64_t begun = facts->now;
    facts->now = now_milliseconds();
    verdict_of_result(facts, result, &slot->line, &ending);
    enum tw_status status =
        store_ending(slot, &ending, result->dispatch.steps.rows, result->dispatch.steps.row_count,
                     unsettled->reservation, error);
    learn_pace(slot, result, begun);
    if (status == TW_OK)
        count_ending(slot, &ending);
    tw_result_free(&result->result);
    return status;
}

/* A request that can never be sent must not stop the others: it fails. A key or a machine that
 * cannot send any request stops the worker, and the job waits for a better one. */
static bool is_jobs_fault(enum tw_status status, const struct unsettled *unsettled)
{
    return !unsettled->prepared &&
           (status == TW_INVALID || status == TW_LIMIT || status == TW_NOT_FOUND);
}

static enum tw_status send_job(struct slot *slot, const struct job_body *job,
                               struct verdict_facts *facts, struct tw_error *error)
{
    struct tw_chat chat;
    struct unsettled unsettled;
    struct tw_error reason;
    enum tw_status status = make_attributes(slot, job, facts->now, &chat);
    if (status != TW_OK)
        return fail(error, status, "out of memory");
    status = router_chat_unsettled(slot->router, &chat, &unsettled, &reason);
    if (status == TW_OK)
        return settle(slot, &unsettled, facts, error);
    if (is_jobs_fault(status, &unsettled))
        return fail_job(slot, facts, TEXT("invalid_request"), text_of(reason.message), error);
    put_claim_back(slot, facts);
    return fail(error, status, "%s", reason.message);
}

static enum tw_status work_on(struct slot *slot, struct tw_error *error)
{
    struct job_body job;
    struct tw_error reason;
    arena_clear(&slot->arena);
    enum tw_status status = job_body_read(buffer_view(&slot->stored), &slot->arena, &job, &reason);
    struct verdict_facts facts = {.id = buffer_view(&slot->id),
                                  .custom_id = job.custom_id,
                                  .number = slot->number,
                                  .claim = slot->claim,
                                  .refusals = slot->refusals,
                                  .now = now_milliseconds(),
                                  .deadline = job.deadline,
                                  .random = &slot->random};
    if (status == TW_NO_MEMORY)
        return fail(error, status, "out of memory");
    if (status != TW_OK)
        return fail_job(slot, &facts, TEXT("invalid_job"), text_of(reason.message), error);
    if (facts.now >= job.deadline)
        return fail_job(slot, &facts, TEXT("batch_expired"),
                        TEXT("the deadline came before an answer"), error);
    return send_job(slot, &job, &facts, error);
}

/* --- the threads --- */

/* Waits until this thread may claim a job. False: no more are wanted. */
static bool may_claim(struct pool *pool)
{
    bool wanted = false;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->ending && !wanted) {
        int64_t now = now_milliseconds();
        wanted = pool->active * INT64_C(1000) < pool->pace.limit && now >= pool->next_look;
        if (!wanted)
            wait_a_while(pool, pool->next_look > now ? pool->next_look - now : IDLE_WAIT);
    }
    pool->active += wanted;
    pthread_mutex_unlock(&pool->mutex);
    return wanted;
}

static void claim_over(struct slot *slot, bool found)
{
    struct pool *pool = slot->pool;
    pthread_mutex_lock(&pool->mutex);
    pool->active--;
    slot->number = 0;
    if (!found)
        pool->next_look = now_milliseconds() + IDLE_WAIT;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
}

static void *run_slot(void *context)
{
    struct slot *slot = context;
    struct pool *pool = slot->pool;
    struct tw_error error;
    while (may_claim(pool)) {
        enum tw_status status = job_claim(slot->store, now_milliseconds(), pool->options->lease, 1,
                                          keep_claim, slot, &error);
        bool found = slot->number != 0 && status == TW_OK;
        if (found)
            status = work_on(slot, &error);
        claim_over(slot, found);
        if (status != TW_OK && status != TW_BUSY)
            pool_fail(pool, status, &error);
    }
    return NULL;
}

static enum tw_status slot_open(struct pool *pool, struct slot *slot, struct tw_error *error)
{
    slot->pool = pool;
    arena_init(&slot->arena, ARENA_LIMIT);
    buffer_init(&slot->stored, JOB_BYTES_MAX);
    buffer_init(&slot->id, JOB_ID_MAX);
    buffer_init(&slot->line, JOB_BYTES_MAX);
    if (getrandom(&slot->random.state, sizeof slot->random.state, 0) < 0)
        return fail(error, TW_IO, "the system gives no random numbers");
    enum tw_status status = tw_router_new(&pool->options->router, &slot->router, error);
    if (status != TW_OK)
        return status;
    slot->store = router_store(slot->router);
    return pthread_create(&slot->thread, NULL, run_slot, slot) == 0
               ? TW_OK
               : fail(error, TW_NO_MEMORY, "no thread could be started");
}

static void slot_close(struct slot *slot)
{
    tw_router_free(slot->router);
    arena_free(&slot->arena);
    buffer_free(&slot->stored);
    buffer_free(&slot->id);
    buffer_free(&slot->line);
}

/* --- the calling thread --- */

/* Lengthens the leases of all jobs that run. A claim that is lost is found out at its end. */
static enum tw_status extend_leases(struct pool *pool, struct store *store, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    int64_t lease = now_milliseconds() + pool->options->lease;
    for (int i = 0; i < pool->started && status == TW_OK; i++) {
        bool lost;
        pthread_mutex_lock(&pool->mutex);
        int64_t number = pool->slots[i].number, claim = pool->slots[i].claim;
        pthread_mutex_unlock(&pool->mutex);
        if (number)
            status = job_extend(store, number, claim, lease, &lost, error);
    }
    return status == TW_BUSY ? TW_OK : status;
}

static enum tw_status is_empty(struct store *store, bool *empty, struct tw_error *error)
{
    int64_t counts[JOB_STATE_COUNT];
    enum tw_status status = job_counts(store, counts, error);
    *empty = status == TW_OK && counts[JOB_QUEUED] + counts[JOB_RUNNING] == 0;
    return status == TW_BUSY ? TW_OK : status;
}

/* Looks after leases until all is done, or it is told to stop. */
static void keep_watch(struct pool *pool, struct store *store)
{
    const struct worker_options *options = pool->options;
    int64_t beat = now_milliseconds(), look = beat;
    struct tw_error error;
    bool over = false, quiet = false;
    while (!over) {
        enum tw_status status = TW_OK;
        bool empty = false;
        int64_t now = now_milliseconds();
        if (now - beat >= options->lease / 3) {
            beat = now;
            status = extend_leases(pool, store, &error);
        }
        if (status == TW_OK && options->until_empty && quiet && now - look >= BEAT_WAIT) {
            look = now;
            status = is_empty(store, &empty, &error);
        }
        if (status != TW_OK)
            pool_fail(pool, status, &error);
        pthread_mutex_lock(&pool->mutex);
        pool->ending = pool->ending || empty || atomic_load(options->stop);
        quiet = pool->active == 0;
        over = pool->ending && quiet;
        if (!over)
            wait_a_while(pool, BEAT_WAIT);
        pthread_mutex_unlock(&pool->mutex);
    }
}

static void run_pool(struct pool *pool, struct store *store)
{
    struct tw_error error;
    enum tw_status status = TW_OK;
    for (int i = 0; i < pool->options->concurrency && status == TW_OK; i++) {
        status = slot_open(pool, &pool->slots[i], &error);
        if (status == TW_OK)
            pool->started++;
        else
            slot_close(&pool->slots[i]);
    }
    if (status != TW_OK)
        pool_fail(pool, status, &error);
    keep_watch(pool, store);
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->started; i++) {
        pthread_join(pool->slots[i].thread, NULL);
        slot_close(&pool->slots[i]);
    }
}

enum tw_status queue_work(const struct worker_options *options, struct worker_counts *counts,
                          struct tw_error *error)
{
    const struct store_options store_options = STORE_DEFAULTS;
    struct pool pool = {.options = options,
                        .mutex = PTHREAD_MUTEX_INITIALIZER,
                        .changed = PTHREAD_COND_INITIALIZER};
    struct store *store;
    *counts = (struct worker_counts){0};
    pool.slots = calloc((size_t)options->concurrency, sizeof *pool.slots);
    if (!pool.slots)
        return fail(error, TW_NO_MEMORY, "out of memory");
    enum tw_status status = store_open(options->router.store, &store_options, &store, error);
    if (status == TW_OK) {
        pace_init(&pool.pace, options->concurrency);
        run_pool(&pool, store);
        status = pool.status;
        if (status != TW_OK && error)
            *error = pool.failure;
        *counts = pool.counts;
    }
    store_close(store);
    free(pool.slots);
    return status;
}
