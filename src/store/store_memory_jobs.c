/* store/store_memory_jobs.c: jobs of a store in memory, in a list by number. A claim walks the
 * list; bytes of jobs that ended are kept until the store is closed. */
#include "store/store_memory.h"

#include <time.h>

static enum tw_status no_room(const struct memory_store *memory, struct tw_error *error)
{
    return memory->arena.over_limit ? fail(error, TW_FULL, "the store in memory is full")
                                    : fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
}

static struct memory_job *find_id(struct memory_store *memory, struct text id)
{
    struct memory_job *at = memory->jobs;
    while (at && !text_equal(at->job.id, id))
        at = at->next;
    return at;
}

static struct memory_job *find_claim(struct memory_store *memory, int64_t number, int64_t claim)
{
    struct memory_job *at = memory->jobs;
    while (at && at->job.number != number)
        at = at->next;
    return at && at->job.claim == claim && at->job.state == JOB_RUNNING ? at : NULL;
}

static bool add_job(struct memory_store *memory, const struct job_submission *submission,
                    int64_t now)
{
    struct arena *arena = &memory->arena;
    struct memory_job *added = ARENA_NEW(arena, struct memory_job);
    if (!added)
        return false;
    added->callback_due = -1;
    added->job = (struct job){.number = memory->last_job + 1,
                              .submitted = now,
                              .due = submission->due,
                              .deadline = submission->deadline,
                              .state = JOB_QUEUED,
                              .id = arena_text(arena, submission->id),
                              .owner = arena_text(arena, submission->owner),
                              .batch = arena_text(arena, submission->batch),
                              .callback = arena_text(arena, submission->callback),
                              .body = arena_text(arena, submission->body),
                              .result = TEXT("")};
    if (arena->failed)
        return false;
    *memory->jobs_end = added;
    memory->jobs_end = &added->next;
    memory->last_job++;
    return true;
}

enum tw_status memory_submit(struct store *store, struct job_submission *submissions, size_t count,
                             int64_t now, struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    struct memory_job **end = memory->jobs_end;
    int64_t last = memory->last_job;
    memory->arena.failed = memory->arena.over_limit = false;
    for (size_t i = 0; i < count; i++) {
        submissions[i].existed = find_id(memory, submissions[i].id) != NULL;
        if (submissions[i].existed || add_job(memory, &submissions[i], now))
            continue;
        *end = NULL;
        memory->jobs_end = end;
        memory->last_job = last;
        return no_room(memory, error);
    }
    return TW_OK;
}

static void return_expired(struct memory_store *memory, int64_t now)
{
    for (struct memory_job *at = memory->jobs; at; at = at->next)
        if (at->job.state == JOB_RUNNING && at->job.lease <= now) {
            at->job.state = JOB_QUEUED;
            at->job.expired++;
        }
}

static struct memory_job *nearest(struct memory_store *memory, int64_t now)
{
    struct memory_job *first = NULL;
    for (struct memory_job *at = memory->jobs; at; at = at->next)
        if (at->job.state == JOB_QUEUED && at->job.due <= now &&
            (!first || at->job.deadline < first->job.deadline))
            first = at;
    return first;
}

static void take_back(struct memory_job *claimed)
{
    for (; claimed; claimed = claimed->claimed_before) {
        claimed->job.state = JOB_QUEUED;
        claimed->job.claim--;
    }
}

enum tw_status memory_claim(struct store *store, int64_t now, int64_t until, size_t limit,
                            job_visitor visit, void *context, struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    struct memory_job *claimed = NULL, *next;
    enum tw_status status = TW_OK;
    (void)error;
    return_expired(memory, now);
    for (size_t i = 0; i < limit && status == TW_OK && (next = nearest(memory, now)); i++) {
        next->job.state = JOB_RUNNING;
        next->job.claim++;
        next->job.lease = until;
        next->claimed_before = claimed;
        claimed = next;
        status = visit(context, &next->job);
    }
    if (status != TW_OK)
        take_back(claimed);
    return status;
}

static void end_job(struct memory_job *job, enum job_state state, int64_t now)
{
    job->job.state = state;
    job->job.ended = now;
    if (job->job.callback.length)
        job->callback_due = now;
}

static void apply_ending(struct memory_store *memory, struct job_ending *ending, struct text result)
{
    struct memory_job *job = find_claim(memory, ending->number, ending->claim);
    ending->lost = !job;
    if (!job)
        return;
    job->job.result = result;
    if (ending->state != JOB_QUEUED) {
        end_job(job, ending->state, ending->ended);
        return;
    }
    job->job.state = JOB_QUEUED;
    job->job.due = ending->due;
    job->job.refusals += ending->refused;
}

/* What can fail comes before the first change. */
enum tw_status memory_end(struct store *store, struct job_ending *endings, size_t count,
                          const struct ledger_settlement *settlement, struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    memory->arena.failed = memory->arena.over_limit = false;
    struct text *results = ARENA_ARRAY(&memory->arena, struct text, count + 1);
    for (size_t i = 0; i < count && !memory->arena.failed; i++)
        results[i] = arena_text(&memory->arena, endings[i].result);
    if (memory->arena.failed)
        return no_room(memory, error);
    enum tw_status status =
        memory_settle(store, settlement->rows, settlement->row_count, settlement->reservations,
                      settlement->reservation_count, error);
    for (size_t i = 0; i < count && status == TW_OK; i++)
        apply_ending(memory, &endings[i], results[i]);
    return status;
}

enum tw_status memory_extend(struct store *store, int64_t number, int64_t claim, int64_t lease,
                             bool *lost, struct tw_error *error)
{
    struct memory_job *job = find_claim((struct memory_store *)store, number, claim);
    (void)error;
    *lost = !job;
    if (job)
        job->job.lease = lease;
    return TW_OK;
}

enum tw_status memory_cancel(struct store *store, struct text id, int64_t now, bool *cancelled,
                             struct tw_error *error)
{
    struct memory_job *job = find_id((struct memory_store *)store, id);
    (void)error;
    *cancelled = job && (job->job.state == JOB_QUEUED || job->job.state == JOB_RUNNING);
    if (*cancelled)
        end_job(job, JOB_CANCELLED, now);
    return TW_OK;
}

enum tw_status memory_cancel_batch(struct store *store, struct text batch, int64_t now,
                                   int64_t *cancelled, struct tw_error *error)
{
    struct memory_job *at = ((struct memory_store *)store)->jobs;
    (void)error;
    for (; at; at = at->next)
        if (at->job.state == JOB_QUEUED && text_equal(at->job.batch, batch)) {
            end_job(at, JOB_CANCELLED, now);
            ++*cancelled;
        }
    return TW_OK;
}

enum tw_status memory_retry(struct store *store, struct text id, int64_t now, int64_t deadline,
                            bool *retried, struct tw_error *error)
{
    struct memory_job *found = find_id((struct memory_store *)store, id);
    (void)error;
    *retried = found && (found->job.state == JOB_FAILED || found->job.state == JOB_CANCELLED);
    if (!*retried)
        return TW_OK;
    struct job *job = &found->job;
    job->state = JOB_QUEUED;
    job->due = now;
    job->deadline = deadline;
    job->refusals = job->ended = 0;
    job->result = TEXT("");
    job->callback_tries += job->callback.length > 0;
    found->callback_due = -1;
    return TW_OK;
}

enum tw_status memory_find(struct store *store, struct text id, job_visitor visit, void *context,
                           bool *found, struct tw_error *error)
{
    struct memory_job *job = find_id((struct memory_store *)store, id);
    (void)error;
    *found = job != NULL;
    return job ? visit(context, &job->job) : TW_OK;
}

static bool is_of(const struct job *job, const struct job_filter *filter)
{
    return (filter->owner.length == 0 || text_equal(job->owner, filter->owner)) &&
           (filter->batch.length == 0 || text_equal(job->batch, filter->batch));
}

enum tw_status memory_list(struct store *store, const struct job_filter *filter,
                           enum job_state state, int64_t after, size_t limit, job_visitor visit,
                           void *context, struct tw_error *error)
{
    const struct memory_job *at = ((struct memory_store *)store)->jobs;
    enum tw_status status = TW_OK;
    (void)error;
    for (; at && limit && status == TW_OK; at = at->next) {
        if (at->job.state != state || at->job.number <= after || !is_of(&at->job, filter))
            continue;
        status = visit(context, &at->job);
        limit--;
    }
    return status;
}

enum tw_status memory_count(struct store *store, const struct job_filter *filter,
                            struct job_counts *counts, struct tw_error *error)
{
    const struct memory_job *at = ((struct memory_store *)store)->jobs;
    (void)error;
    for (; at; at = at->next) {
        if (!is_of(&at->job, filter))
            continue;
        counts->of_state[at->job.state]++;
        counts->expired += at->job.expired;
    }
    return TW_OK;
}

/* --- callbacks --- */

static struct memory_job *first_callback(struct memory_store *memory, int64_t now)
{
    struct memory_job *first = NULL;
    for (struct memory_job *at = memory->jobs; at; at = at->next)
        if (at->callback_due >= 0 && at->callback_due <= now &&
            (!first || at->callback_due < first->callback_due))
            first = at;
    return first;
}

enum tw_status memory_claim_callbacks(struct store *store, int64_t now, int64_t until, size_t limit,
                                      job_visitor visit, void *context, struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    struct memory_job *claimed = NULL, *next;
    enum tw_status status = TW_OK;
    (void)error;
    for (size_t i = 0; i < limit && status == TW_OK && (next = first_callback(memory, now)); i++) {
        next->due_before = next->callback_due;
        next->callback_due = until;
        next->job.callback_tries++;
        next->claimed_before = claimed;
        claimed = next;
        status = visit(context, &next->job);
    }
    for (; claimed && status != TW_OK; claimed = claimed->claimed_before) {
        claimed->callback_due = claimed->due_before;
        claimed->job.callback_tries--;
    }
    return status;
}

enum tw_status memory_end_callback(struct store *store, int64_t number, int64_t tries, int64_t due,
                                   struct tw_error *error)
{
    struct memory_job *at = ((struct memory_store *)store)->jobs;
    (void)error;
    while (at && at->job.number != number)
        at = at->next;
    if (at && at->callback_due >= 0 && at->job.callback_tries == tries)
        at->callback_due = due;
    return TW_OK;
}

/* Nobody else has this store. */
enum tw_status memory_wait(struct store *store, int64_t milliseconds, struct tw_error *error)
{
    struct timespec time = {.tv_sec = (time_t)(milliseconds / 1000),
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    (void)store;
    (void)error;
    nanosleep(&time, NULL);
    return TW_OK;
}
