/* store/store_memory_jobs.c: jobs of a store in memory, in a list by number. A claim walks the
 * list; bytes of jobs that ended are kept until the store is closed. */
#include "store/store_memory.h"

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
    struct memory_job *added = ARENA_NEW(&memory->arena, struct memory_job);
    if (!added)
        return false;
    added->job = (struct job){.number = memory->last_job + 1,
                              .submitted = now,
                              .due = submission->due,
                              .state = JOB_QUEUED,
                              .id = arena_text(&memory->arena, submission->id),
                              .body = arena_text(&memory->arena, submission->body),
                              .result = TEXT("")};
    if (memory->arena.failed)
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
        if (at->job.state == JOB_RUNNING && at->job.lease <= now)
            at->job.state = JOB_QUEUED;
}

static struct memory_job *first_due(struct memory_store *memory, int64_t now)
{
    struct memory_job *first = NULL;
    for (struct memory_job *at = memory->jobs; at; at = at->next)
        if (at->job.state == JOB_QUEUED && at->job.due <= now &&
            (!first || at->job.due < first->job.due))
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
    for (size_t i = 0; i < limit && status == TW_OK && (next = first_due(memory, now)); i++) {
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

static void apply_ending(struct memory_store *memory, struct job_ending *ending, struct text result)
{
    struct memory_job *job = find_claim(memory, ending->number, ending->claim);
    ending->lost = !job;
    if (!job)
        return;
    job->job.state = ending->state;
    job->job.result = result;
    if (ending->state == JOB_QUEUED) {
        job->job.due = ending->due;
        job->job.refusals += ending->refused;
    }
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

enum tw_status memory_cancel(struct store *store, struct text id, bool *cancelled,
                             struct tw_error *error)
{
    struct memory_job *job = find_id((struct memory_store *)store, id);
    (void)error;
    *cancelled = job && (job->job.state == JOB_QUEUED || job->job.state == JOB_RUNNING);
    if (*cancelled)
        job->job.state = JOB_CANCELLED;
    return TW_OK;
}

enum tw_status memory_find(struct store *store, struct text id, job_visitor visit, void *context,
                           struct tw_error *error)
{
    struct memory_job *job = find_id((struct memory_store *)store, id);
    return job ? visit(context, &job->job) : fail(error, TW_NOT_FOUND, "there is no such job");
}

enum tw_status memory_list(struct store *store, enum job_state state, int64_t after, size_t limit,
                           job_visitor visit, void *context, struct tw_error *error)
{
    const struct memory_job *at = ((struct memory_store *)store)->jobs;
    enum tw_status status = TW_OK;
    (void)error;
    for (; at && limit && status == TW_OK; at = at->next) {
        if (at->job.state != state || at->job.number <= after)
            continue;
        status = visit(context, &at->job);
        limit--;
    }
    return status;
}

enum tw_status memory_counts(struct store *store, int64_t counts[JOB_STATE_COUNT],
                             struct tw_error *error)
{
    const struct memory_job *at = ((struct memory_store *)store)->jobs;
    (void)error;
    for (size_t i = 0; i < JOB_STATE_COUNT; i++)
        counts[i] = 0;
    for (; at; at = at->next)
        counts[at->job.state]++;
    return TW_OK;
}
