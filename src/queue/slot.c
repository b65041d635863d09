/* queue/slot.c: see slot.h. A job's way from its claim to its end, which the keeper stores.
 *
 * Owns its router and the job's texts. Everything that can go wrong with one job alone ends that
 * job; what would go wrong with all of them ends the worker, and the job goes back. */
#include "queue/slot.h"

#include "base/clock.h"
#include "queue/job_body.h"
#include "queue/urgency.h"
#include "queue/verdict.h"
#include "runtime/router_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    ARENA_LIMIT = 64 << 20,
    LONGEST_HOLD = 10000, /* milliseconds that a claimed job waits for a rate limit */
    HOLD_STEP = 200,      /* between two looks at whether the worker ends */
    JOIN_WAIT = 100,      /* between two looks at whether what runs is to be broken off */
    LONGEST_REST = 1000   /* of claims, once a job has waited too long */
};

struct slot {
    struct worker *worker;
    pthread_t thread;
    bool started;
    tw_router *router;
    struct random random;
    struct arena arena;
    struct held_job job;
    struct buffer line; /* its result */

    const tw_policy *policy; /* that decides about the job */
    uint64_t policy_version; /* that the router has */
    bool named_tiers_only;

    /* Of the attempt that runs. */
    struct text body;
    int64_t begun;  /* milliseconds since 1970 */
    int64_t tokens; /* that it is taken to need */
    bool under_way; /* counts as such in the allowances */
    struct text model, tier;
    bool may_step_up;   /* another tier follows this one */
    int64_t last_begin; /* when another one has to begin, to be in time */
    int64_t held_until; /* no attempt was made, and none is to be before; 0: it was */
};

static int64_t monotonic_milliseconds(void *context)
{
    (void)context;
    return clock_monotonic() / 1000000;
}

static int64_t now_milliseconds(void)
{
    return clock_system() / 1000000;
}

/* --- what the router asks --- */

static enum tw_status reserve(void *context, struct budget_order *order, struct tw_error *error)
{
    struct slot *slot = context;
    struct errand errand = {.kind = ERRAND_RESERVE, .told = &slot->job.told, .order = order};
    return keeper_do(slot->worker->keeper, &errand, error);
}

static struct urgency urgency_of(const struct slot *slot, struct text model)
{
    return (struct urgency){.latencies = &slot->worker->latencies,
                            .policy = slot->policy,
                            .model = model,
                            .left = slot->job.deadline - now_milliseconds(),
                            .unseen = slot->worker->options->usual_time,
                            .named_tiers_only = slot->named_tiers_only};
}

static bool adjust(void *context, struct text model, struct tw_action *action)
{
    struct slot *slot = context;
    const struct urgency urgency = urgency_of(slot, model);
    pthread_mutex_lock(&slot->worker->lock);
    bool stepped_up = urgency_step_up(&urgency, action);
    pthread_mutex_unlock(&slot->worker->lock);
    return stepped_up;
}

/* Waits so long, or for a change. The lock is held. */
static void wait_a_while(struct worker *worker, int64_t milliseconds)
{
    int64_t until = clock_system() + milliseconds * 1000000;
    struct timespec at = {.tv_sec = (time_t)(until / 1000000000), .tv_nsec = until % 1000000000};
    pthread_cond_timedwait(&worker->changed, &worker->lock, &at);
}

/* Whether the tier's pace and the provider's limits let this request go now. Milliseconds to wait
 * otherwise, for which it has waited a little. */
static int64_t ask_limits(struct slot *slot, int64_t now)
{
    struct worker *worker = slot->worker;
    int64_t wait = HOLD_STEP;
    pthread_mutex_lock(&worker->lock);
    if (pace_begin(&worker->paces, slot->tier)) {
        wait = allowance_ask(&worker->allowances, slot->model, slot->tokens, now);
        if (wait)
            pace_end(&worker->paces, slot->tier, PACE_OTHER, now, now);
    }
    if (wait && wait <= LONGEST_HOLD)
        wait_a_while(worker, wait < HOLD_STEP ? wait : HOLD_STEP);
    pthread_mutex_unlock(&worker->lock);
    return wait;
}

/* Waits until the request may be sent. False: it is not to be, or not now: then the job goes back,
 * to be decided again where it is near its deadline by then. */
static bool pass_limits(struct slot *slot)
{
    struct keeper *keeper = slot->worker->keeper;
    int64_t now = now_milliseconds(), wait = 0, latest = now + LONGEST_HOLD;
    if (slot->may_step_up && slot->last_begin < latest)
        latest = slot->last_begin;
    do {
        now = now_milliseconds();
        if (!keeper_still_ours(keeper, &slot->job, now))
            return false;
        wait = ask_limits(slot, now);
    } while (wait && now + wait <= latest && !keeper_is_ending(keeper));
    if (!wait)
        return true;
    slot->held_until = now + wait;
    if (wait > HOLD_STEP)
        keeper_rest(keeper, wait < LONGEST_REST ? wait : LONGEST_REST);
    return false;
}

/* What is to be known of the attempt before it. The most that it may take, in milliseconds. */
static int64_t look_ahead(struct slot *slot, const struct steps *steps)
{
    struct worker *worker = slot->worker;
    slot->model = steps->account->model;
    slot->tier = text_of(steps_current(steps)->name);
    const struct urgency urgency = urgency_of(slot, slot->model);
    pthread_mutex_lock(&worker->lock);
    slot->tokens = (int64_t)slot->body.length / 4 +
                   latency_tokens(&worker->latencies, slot->tier, slot->model);
    int64_t most = urgency_timeout(&urgency, steps->action, steps->step);
    slot->last_begin = now_milliseconds() + urgency_slack(&urgency, steps->action, steps->step);
    pthread_mutex_unlock(&worker->lock);
    slot->may_step_up = most != INT64_MAX;
    return most;
}

static bool before_attempt(void *context, const struct steps *steps, int64_t *timeout)
{
    struct slot *slot = context;
    look_ahead(slot, steps);
    if (!pass_limits(slot))
        return false;
    int64_t most = look_ahead(slot, steps);
    *timeout = most < *timeout ? most : *timeout;
    slot->begun = now_milliseconds();
    slot->under_way = true;
    return true;
}

static enum pace_end pace_end_of(enum meaning meaning)
{
    if (meaning == MEANING_SERVED)
        return PACE_ANSWERED;
    bool refused = meaning == MEANING_REFUSED || meaning == MEANING_RATE_LIMITED;
    return refused ? PACE_REFUSED : PACE_OTHER;
}

/* What the attempt tells of the tier and of the limits. */
static void after_attempt(void *context, const struct steps *steps, const struct attempt *attempt,
                          enum meaning meaning)
{
    struct slot *slot = context;
    struct worker *worker = slot->worker;
    const struct ledger_row *row = &steps->rows[steps->row_count - 1];
    int64_t now = now_milliseconds();
    pthread_mutex_lock(&worker->lock);
    if (meaning == MEANING_SERVED)
        latency_answered(&worker->latencies, row->attempted_tier, slot->model, row->latency,
                         row->output_tokens);
    allowance_answer(&worker->allowances, slot->model, slot->tokens, &attempt->limits, now);
    if (meaning == MEANING_RATE_LIMITED && attempt->wait > 0)
        allowance_block(&worker->allowances, slot->model, attempt->wait, now);
    pace_end(&worker->paces, slot->tier, pace_end_of(meaning), slot->begun, now);
    slot->under_way = false;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

/* An attempt that could not be made after all is not under way. */
static void forget_attempt(struct slot *slot)
{
    const struct rate_limits unknown = RATE_LIMITS_UNKNOWN;
    if (!slot->under_way)
        return;
    pthread_mutex_lock(&slot->worker->lock);
    int64_t now = now_milliseconds();
    allowance_answer(&slot->worker->allowances, slot->model, slot->tokens, &unknown, now);
    pace_end(&slot->worker->paces, slot->tier, PACE_OTHER, now, now);
    pthread_mutex_unlock(&slot->worker->lock);
    slot->under_way = false;
}

/* --- one job --- */

/* The request's attributes: those it was submitted with, and what only the queue knows. */
static enum tw_status make_attributes(struct slot *slot, const struct job_body *job, int64_t now,
                                      struct tw_chat *chat)
{
    struct arena *arena = &slot->arena;
    const struct held_job *held = &slot->job;
    struct tw_pair *pairs = ARENA_ARRAY(arena, struct tw_pair, job->attribute_count + 3);
    int64_t waited = now > held->submitted ? now - held->submitted : 0;
    if (!pairs)
        return TW_NO_MEMORY;
    memcpy(pairs, job->attributes, job->attribute_count * sizeof *pairs);
    struct tw_pair *own = pairs + job->attribute_count;
    own[0] =
        (struct tw_pair){"attempt", arena_format(arena, "%lld", (long long)(held->claim - 1)).data};
    own[1] = (struct tw_pair){"waited", arena_format(arena, "%lldms", (long long)waited).data};
    own[2] = (struct tw_pair){
        "deadline", arena_format(arena, "%lldms", (long long)(held->deadline - now)).data};
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
    struct errand errand = {.rows = NULL};
    verdict_of_failure(facts, code, message, &slot->line, &errand.ending);
    return keeper_end(slot->worker->keeper, &slot->job, &errand, error);
}

static void say_step(struct slot *slot, const struct steps *steps)
{
    const struct ledger_row *row = &steps->rows[0];
    keeper_note(slot->worker->keeper, "job %.*s is near its deadline: sent at %.*s instead of %.*s",
                TEXT_ARGUMENTS(buffer_view(&slot->job.id)), TEXT_ARGUMENTS(row->attempted_tier),
                TEXT_ARGUMENTS(row->chosen_tier));
}

/* Stores what came of it; `status` is the router's. A job that could not be sent for a reason of
 * its own has failed; for another reason it goes back, so that nobody has to wait for its lease. */
static enum tw_status settle(struct slot *slot, const struct unsettled *unsettled,
                             enum tw_status status, struct verdict_facts *facts,
                             struct tw_error *error)
{
    const struct steps *steps = unsettled->result ? &unsettled->result->dispatch.steps : NULL;
    struct errand errand = {.reservation = unsettled->reservation};
    facts->now = now_milliseconds();
    facts->slack = slot->last_begin - facts->now;
    if (steps && steps->row_count) {
        errand.rows = steps->rows;
        errand.row_count = steps->row_count;
        errand.stepped_up = text_is(steps->rows[0].rule, URGENCY_RULE);
    }
    if (status == TW_OK && errand.row_count && !slot->held_until)
        verdict_of_result(facts, unsettled->result, &slot->line, &errand.ending);
    else
        errand.ending = (struct job_ending){
            .state = JOB_QUEUED, .due = slot->held_until ? slot->held_until : facts->now};
    if (errand.stepped_up)
        say_step(slot, steps);
    enum tw_status stored = keeper_end(slot->worker->keeper, &slot->job, &errand, error);
    if (unsettled->result)
        tw_result_free(&unsettled->result->result);
    return stored;
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
    const struct chat_terms terms = {.context = slot,
                                     .caller = buffer_view(&slot->job.owner),
                                     .reserve = reserve,
                                     .adjust = adjust,
                                     .adjusted_rule = TEXT(URGENCY_RULE),
                                     .watch = {before_attempt, after_attempt, slot}};
    struct tw_chat chat;
    struct unsettled unsettled = {.result = NULL};
    struct tw_error reason;
    enum tw_status status = make_attributes(slot, job, facts->now, &chat);
    slot->body = job->body;
    slot->held_until = 0;
    if (status != TW_OK)
        fail(&reason, status, "out of memory");
    else
        status = router_chat_unsettled(slot->router, &chat, &terms, &unsettled, &reason);
    forget_attempt(slot);
    if (is_jobs_fault(status, &unsettled))
        return fail_job(slot, facts, TEXT("invalid_request"), text_of(reason.message), error);
    enum tw_status stored = settle(slot, &unsettled, status, facts, error);
    return status == TW_OK ? stored : fail(error, status, "%s", reason.message);
}

static enum tw_status work_on(struct slot *slot, struct tw_error *error)
{
    struct job_body job;
    struct tw_error reason;
    const struct held_job *held = &slot->job;
    arena_clear(&slot->arena);
    enum tw_status status = job_body_read(buffer_view(&held->body), &slot->arena, &job, &reason);
    struct verdict_facts facts = {.id = buffer_view(&held->id),
                                  .custom_id = job.custom_id,
                                  .number = held->number,
                                  .claim = held->claim,
                                  .refusals = held->refusals,
                                  .now = now_milliseconds(),
                                  .deadline = held->deadline,
                                  .random = &slot->random};
    if (status != TW_OK)
        return fail_job(slot, &facts, TEXT("invalid_job"), text_of(reason.message), error);
    if (facts.now >= held->deadline)
        return fail_job(slot, &facts, TEXT("batch_expired"),
                        TEXT("the deadline came before an answer"), error);
    return send_job(slot, &job, &facts, error);
}

/* Gives the job back as it was; the result is `status`. */
static enum tw_status put_claim_back(struct slot *slot, enum tw_status status)
{
    struct errand errand = {.ending = {.state = JOB_QUEUED, .due = now_milliseconds()}};
    keeper_end(slot->worker->keeper, &slot->job, &errand, NULL);
    return status;
}

/* With the policy that decides now. */
static enum tw_status work_with_policy(struct slot *slot, struct tw_error *error)
{
    const struct worker_policies *policies = &slot->worker->options->policies;
    uint64_t version = 0;
    void *hold = NULL;
    enum tw_status status = TW_OK;
    if (!policies->take)
        return work_on(slot, error);
    slot->policy = policies->take(policies->context, &version, &slot->named_tiers_only, &hold);
    if (version != slot->policy_version)
        status = router_use_policy(slot->router, slot->policy, error);
    slot->policy_version = version;
    status = status == TW_OK ? work_on(slot, error) : put_claim_back(slot, status);
    policies->let_go(policies->context, hold);
    return status;
}

static void *run(void *context)
{
    struct slot *slot = context;
    struct keeper *keeper = slot->worker->keeper;
    struct tw_error error;
    while (keeper_take(keeper, &slot->job)) {
        enum tw_status status = work_with_policy(slot, &error);
        buffer_free(&slot->line);
        buffer_init(&slot->line, JOB_BYTES_MAX);
        if (status != TW_OK && status != TW_BUSY)
            keeper_fail(keeper, status, &error);
    }
    return NULL;
}

/* --- the thread --- */

static enum tw_status open_router(struct slot *slot, struct tw_error *error)
{
    const struct worker_options *options = slot->worker->options;
    struct router_parts parts = {.policy = slot->policy,
                                 .base_url = options->router.base_url,
                                 .api_key = options->router.api_key,
                                 .prices = slot->worker->prices,
                                 .prices_are_shared = true,
                                 .seed = random_next(&slot->random),
                                 .clock = {monotonic_milliseconds, NULL}};
    enum tw_status status = transport_curl_open("tierway", &parts.transport, error);
    if (status == TW_OK)
        status = router_make(&parts, &slot->router, error);
    if (status == TW_OK)
        slot->worker->health[slot->worker->health_count++] = router_health(slot->router);
    return status;
}

/* With the first policy; another one may decide later. */
static enum tw_status make_ready(struct slot *slot, struct tw_error *error)
{
    const struct worker_options *options = slot->worker->options;
    const struct worker_policies *policies = &options->policies;
    void *hold = NULL;
    if (held_job_init(&slot->job) != TW_OK)
        return fail(error, TW_NO_MEMORY, "out of memory");
    if (getrandom(&slot->random.state, sizeof slot->random.state, 0) < 0)
        return fail(error, TW_IO, "the system gives no random numbers");
    slot->policy = options->router.policy;
    slot->named_tiers_only = options->named_tiers_only;
    if (policies->take)
        slot->policy = policies->take(policies->context, &slot->policy_version,
                                      &slot->named_tiers_only, &hold);
    enum tw_status status = open_router(slot, error);
    if (policies->take)
        policies->let_go(policies->context, hold);
    return status;
}

enum tw_status slot_start(struct slot *slot, struct tw_error *error)
{
    router_share_health(slot->router, slot->worker->health, slot->worker->health_count);
    slot->started = pthread_create(&slot->thread, NULL, run, slot) == 0;
    return slot->started ? TW_OK : fail(error, TW_NO_MEMORY, "no thread could be started");
}

enum tw_status slot_open(struct worker *worker, struct slot **result, struct tw_error *error)
{
    struct slot *slot = calloc(1, sizeof *slot);
    *result = NULL;
    if (!slot)
        return fail(error, TW_NO_MEMORY, "out of memory");
    slot->worker = worker;
    arena_init(&slot->arena, ARENA_LIMIT);
    buffer_init(&slot->line, JOB_BYTES_MAX);
    enum tw_status status = make_ready(slot, error);
    if (status == TW_OK)
        *result = slot;
    else
        slot_close(slot);
    return status;
}

/* What is broken off ends at once; the request that is broken off may be the next one, but there
 * comes none. */
static void join_slot(struct slot *slot)
{
    const atomic_bool *break_off = slot->worker->options->break_off;
    bool joined = !break_off && pthread_join(slot->thread, NULL) == 0;
    while (!joined) {
        int64_t until = clock_system() + JOIN_WAIT * INT64_C(1000000);
        const struct timespec at = {.tv_sec = (time_t)(until / 1000000000),
                                    .tv_nsec = until % 1000000000};
        if (atomic_load(break_off))
            tw_router_cancel(slot->router);
        joined = pthread_timedjoin_np(slot->thread, NULL, &at) == 0;
    }
}

void slot_close(struct slot *slot)
{
    if (!slot)
        return;
    if (slot->started)
        join_slot(slot);
    tw_router_free(slot->router);
    held_job_free(&slot->job);
    arena_free(&slot->arena);
    buffer_free(&slot->line);
    free(slot);
}
