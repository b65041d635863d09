/* queue/keeper_round.c: one round of the keeper: errands in groups, then claims, leases, callbacks,
 * and whether nothing is left.
 *
 * A group that the store refuses is tried one by one, so that one bad errand fails alone. A store
 * that is busy, out of reach or full leaves everything as it is, to be tried again. */
#include "queue/keeper_internal.h"

#include <string.h>

enum {
    LOOK_SOON = 50,    /* milliseconds, while a job that was put back is to come back */
    LOOK_LATE = 1000,  /* while none is */
    FIRST_DELAY = 100, /* before the store is tried again; doubled each time */
    LAST_DELAY = 2000
};

static bool passes_by(enum tw_status status)
{
    return status == TW_BUSY || status == TW_FULL || status == TW_IO;
}

static size_t count_of(const struct errand_list *list)
{
    size_t count = 0;
    for (const struct errand *errand = list->first; errand; errand = errand->next)
        count++;
    return count;
}

/* The store does what it should again. The lock is held. */
static void recover(struct keeper *keeper)
{
    if (keeper->delay)
        keeper_note(keeper, "the store can be used again");
    keeper->delay = 0;
}

/* The store does not. The lock is held. */
static void suffer(struct keeper *keeper, const struct tw_error *error)
{
    if (!keeper->delay)
        keeper_note(keeper, "%s; work waits, %zu ends of jobs are held in memory", error->message,
                    count_of(&keeper->errands[ERRAND_END]));
    keeper->delay = keeper->delay ? 2 * keeper->delay : FIRST_DELAY;
    keeper->delay = keeper->delay < LAST_DELAY ? keeper->delay : LAST_DELAY;
    keeper->next_try = keeper_now() + keeper->delay;
}

/* The lock is held. */
static void store_failed(struct keeper *keeper, enum tw_status status, const struct tw_error *error)
{
    if (passes_by(status))
        suffer(keeper, error);
    else
        keeper_fail_locked(keeper, status, error);
}

/* --- errands --- */

static enum tw_status store_ends(struct keeper *keeper, size_t count, struct tw_error *error)
{
    struct keeper_group *group = &keeper->group;
    const struct ledger_row *rows = group->rows;
    size_t row_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct errand *errand = group->errands[i];
        group->endings[i] = errand->ending;
        group->reservations[i] = errand->reservation;
        if (count == 1)
            rows = errand->rows;
        else if (errand->row_count)
            memcpy(group->rows + row_count, errand->rows, errand->row_count * sizeof rows[0]);
        row_count += errand->row_count;
    }
    enum tw_status status = job_end(keeper->store, group->endings, count, rows, row_count,
                                    group->reservations, count, error);
    for (size_t i = 0; i < count && status == TW_OK; i++)
        group->errands[i]->ending.lost = group->endings[i].lost;
    return status;
}

static enum tw_status store_orders(struct keeper *keeper, size_t count, struct tw_error *error)
{
    struct keeper_group *group = &keeper->group;
    for (size_t i = 0; i < count; i++)
        group->orders[i] = group->errands[i]->order;
    return budget_reserve(keeper->store, group->orders, count, error);
}

static enum tw_status store_callbacks(struct keeper *keeper, size_t count, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < count && status == TW_OK; i++) {
        const struct errand *errand = keeper->group.errands[i];
        status = job_end_callback(keeper->store, errand->number, errand->tries, errand->due, error);
    }
    return status;
}

static const struct {
    enum tw_status (*store)(struct keeper *keeper, size_t count, struct tw_error *error);
    size_t most; /* at once */
} kinds[] = {
    [ERRAND_END] = {store_ends, GROUP_ERRANDS},
    [ERRAND_RESERVE] = {store_orders, GROUP_ERRANDS},
    [ERRAND_CALLBACK] = {store_callbacks, 1},
};

/* Takes a group off the front: at least one, as many as go together. */
static size_t take_group(struct errand_list *list, size_t most, struct errand **errands)
{
    size_t count = 0, rows = 0;
    while (list->first && count < most &&
           (count == 0 || rows + list->first->row_count <= GROUP_ROWS)) {
        rows += list->first->row_count;
        errands[count++] = list->first;
        list->first = list->first->next;
    }
    if (!list->first)
        list->end = &list->first;
    return count;
}

static void put_in_front(struct errand_list *list, struct errand *const *errands, size_t count)
{
    struct errand_list whole;
    errand_list_init(&whole);
    for (size_t i = 0; i < count; i++)
        errand_list_add(&whole, errands[i]);
    if (!whole.first)
        return;
    *whole.end = list->first;
    if (!list->first)
        list->end = whole.end;
    list->first = whole.first;
}

static void count_end(struct keeper *keeper, const struct errand *errand)
{
    struct worker_counts *counts = &keeper->counts;
    const struct job_ending *ending = &errand->ending;
    int64_t *count = ending->lost                  ? &counts->lost
                     : ending->state == JOB_DONE   ? &counts->done
                     : ending->state == JOB_FAILED ? &counts->failed
                                                   : &counts->put_back;
    ++*count;
    counts->stepped_up += errand->stepped_up;
    if (ending->state == JOB_QUEUED && ending->due > keeper->last_due)
        keeper->last_due = ending->due;
    if (ending->lost || ending->state == JOB_QUEUED)
        return;
    counts->expired += errand->expired;
    if (errand->has_callback)
        keeper->next_callback = 0;
}

/* The errand is done; its thread is told at the end of the round. The lock is held. */
static void finish(struct keeper *keeper, struct errand *errand, struct errand_list *done,
                   enum tw_status status, const struct tw_error *error)
{
    errand->status = status;
    if (status != TW_OK)
        errand->error = *error;
    else if (errand->kind == ERRAND_END)
        count_end(keeper, errand);
    else if (errand->kind == ERRAND_CALLBACK) {
        keeper->counts.delivered += errand->delivered;
        keeper->counts.undelivered += errand->due < 0 && !errand->delivered;
    }
    errand_list_add(done, errand);
}

/* Asks the store without the lock. */
static enum tw_status store_group(struct keeper *keeper, struct errand *const *errands,
                                  size_t count, struct tw_error *error)
{
    memcpy(keeper->group.errands, errands, count * sizeof errands[0]);
    pthread_mutex_unlock(&keeper->lock);
    enum tw_status status = kinds[errands[0]->kind].store(keeper, count, error);
    pthread_mutex_lock(&keeper->lock);
    return status;
}

/* All at once, else each alone. *finished: how many of them are done; the others are to be tried
 * again where the result says that the store is not well. */
static enum tw_status do_group(struct keeper *keeper, struct errand *const *errands, size_t count,
                               struct errand_list *done, size_t *finished, struct tw_error *error)
{
    size_t step = count;
    enum tw_status status = store_group(keeper, errands, count, error);
    *finished = 0;
    if (status != TW_OK && !passes_by(status) && count > 1) {
        step = 1;
        status = store_group(keeper, errands, 1, error);
    }
    while (!passes_by(status)) {
        for (size_t i = 0; i < step; i++)
            finish(keeper, errands[(*finished)++], done, status, error);
        if (*finished == count)
            return TW_OK;
        status = store_group(keeper, errands + *finished, 1, error);
    }
    return status;
}

/* One group after another. False: the store is not well, and what is left stays in the list. */
static bool do_errands(struct keeper *keeper, enum errand_kind kind, struct errand_list *done)
{
    struct errand_list *list = &keeper->errands[kind];
    struct errand *errands[GROUP_ERRANDS];
    while (list->first) {
        struct tw_error error;
        size_t finished, count = take_group(list, kinds[kind].most, errands);
        enum tw_status status = do_group(keeper, errands, count, done, &finished, &error);
        put_in_front(list, errands + finished, count - finished);
        if (status != TW_OK) {
            suffer(keeper, &error);
            return false;
        }
        recover(keeper);
    }
    return true;
}

/* The keeper ends and the store is not well: what has cost nothing is given up. */
static void give_up(struct keeper *keeper, struct errand_list *done)
{
    const struct tw_error error = {.code = TW_BUSY, .message = "the store cannot be written to"};
    for (int kind = 0; kind < ERRAND_KINDS; kind++) {
        struct errand_list *list = &keeper->errands[kind];
        struct errand *errand = list->first;
        errand_list_init(list);
        while (errand) {
            struct errand *next = errand->next;
            if (errand->row_count)
                errand_list_add(list, errand);
            else
                finish(keeper, errand, done, TW_BUSY, &error);
            errand = next;
        }
    }
}

static void tell(struct errand_list *done)
{
    struct errand *errand = done->first;
    while (errand) {
        struct errand *next = errand->next; /* its thread may be gone as soon as it is told */
        errand->open = false;
        pthread_cond_signal(errand->told);
        errand = next;
    }
}

/* --- claims --- */

/* The wishes that are being met. */
struct claiming {
    struct held_job *wishes;
    size_t count;
    int64_t lease;
};

static enum tw_status copy_text(struct buffer *to, struct text from)
{
    buffer_clear(to);
    buffer_text(to, from);
    return to->status;
}

static enum tw_status meet_wish(void *context, const struct job *claimed)
{
    struct claiming *claiming = context;
    struct held_job *job = claiming->wishes;
    claiming->wishes = job->next;
    enum tw_status status = copy_text(&job->body, claimed->body);
    status = status ? status : copy_text(&job->id, claimed->id);
    status = status ? status : copy_text(&job->owner, claimed->owner);
    job->number = claimed->number;
    job->claim = claimed->claim;
    job->refusals = claimed->refusals;
    job->expired = claimed->expired;
    job->submitted = claimed->submitted;
    job->deadline = claimed->deadline;
    job->has_callback = claimed->callback.length > 0;
    job->lease = claiming->lease;
    job->lost = false;
    claiming->count++;
    return status;
}

static size_t claims_wanted(const struct keeper *keeper)
{
    size_t wanted = 0;
    for (const struct held_job *job = keeper->wishes; job; job = job->next)
        wanted++;
    return keeper->ending ? 0 : wanted < KEEPER_CLAIMS_MAX ? wanted : KEEPER_CLAIMS_MAX;
}

/* Takes the first wishes off the list. */
static struct held_job *take_wishes(struct keeper *keeper, size_t count)
{
    struct held_job *first = keeper->wishes, *last = first;
    for (size_t i = 1; i < count; i++)
        last = last->next;
    keeper->wishes = last->next;
    last->next = NULL;
    if (!keeper->wishes)
        keeper->wishes_end = &keeper->wishes;
    return first;
}

static void return_wishes(struct keeper *keeper, struct held_job *wishes)
{
    struct held_job *last = wishes;
    if (!wishes)
        return;
    while (last->next)
        last = last->next;
    last->next = keeper->wishes;
    if (!keeper->wishes)
        keeper->wishes_end = &last->next;
    keeper->wishes = wishes;
}

/* Gives the jobs to their threads. */
static void hand_out(struct keeper *keeper, struct held_job *first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct held_job *next = first->next;
        keeper->held[keeper->held_count++] = first;
        first->waiting = false;
        pthread_cond_signal(&first->told);
        first = next;
    }
}

static void after_claim(struct keeper *keeper, size_t wanted, size_t found)
{
    int64_t now = keeper_now();
    keeper->idle = found < wanted;
    keeper->next_claim = !keeper->idle ? 0 : now + (now < keeper->last_due ? LOOK_SOON : LOOK_LATE);
    if (keeper->idle)
        pthread_cond_signal(&keeper->watch);
}

static void claim(struct keeper *keeper, size_t wanted)
{
    struct tw_error error;
    int64_t now = keeper_now();
    struct held_job *first = take_wishes(keeper, wanted);
    struct claiming claiming = {.wishes = first, .lease = now + keeper->options.lease};
    keeper->changed = false;
    pthread_mutex_unlock(&keeper->lock);
    enum tw_status status =
        job_claim(keeper->store, now, keeper->options.lease, wanted, meet_wish, &claiming, &error);
    pthread_mutex_lock(&keeper->lock);
    if (status != TW_OK) {
        for (struct held_job *job = first; job; job = job->next)
            job->number = 0;
        return_wishes(keeper, first);
    } else {
        return_wishes(keeper, claiming.wishes);
        hand_out(keeper, first, claiming.count);
    }
    if (status == TW_OK)
        after_claim(keeper, wanted, claiming.count);
    else
        store_failed(keeper, status, &error);
}

/* --- leases, callbacks, the end --- */

/* Lengthens the leases of all jobs that are held. */
static void extend_leases(struct keeper *keeper)
{
    struct tw_error error;
    int64_t lease = keeper_now() + keeper->options.lease;
    enum tw_status status = TW_OK;
    keeper->next_beat = lease - keeper->options.lease + keeper->options.lease / 3;
    for (int i = 0; i < keeper->held_count && status == TW_OK; i++) {
        struct held_job *job = keeper->held[i];
        int64_t number = job->number, claim = job->claim;
        bool lost = false;
        pthread_mutex_unlock(&keeper->lock);
        status = job_extend(keeper->store, number, claim, lease, &lost, &error);
        pthread_mutex_lock(&keeper->lock);
        /* Its thread may have ended it meanwhile, and another one stands in its place. */
        if (status == TW_OK && job->number == number && job->claim == claim) {
            job->lost = lost;
            job->lease = lost ? job->lease : lease;
        }
    }
    if (status != TW_OK)
        store_failed(keeper, status, &error);
}

struct callback_claiming {
    struct held_callback *wishes;
    size_t count;
};

static enum tw_status meet_callback_wish(void *context, const struct job *job)
{
    struct callback_claiming *claiming = context;
    struct held_callback *held = claiming->wishes;
    const struct {
        struct buffer *to;
        struct text from;
    } texts[] = {{&held->id, job->id},
                 {&held->batch, job->batch},
                 {&held->callback, job->callback},
                 {&held->result, job->result}};
    enum tw_status status = TW_OK;
    claiming->wishes = held->next;
    claiming->count++;
    held->number = job->number;
    held->tries = job->callback_tries;
    held->ended = job->ended;
    held->state = job->state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == TW_OK; i++)
        status = copy_text(texts[i].to, texts[i].from);
    return status;
}

static size_t count_callback_wishes(const struct keeper *keeper)
{
    size_t count = 0;
    for (const struct held_callback *held = keeper->callback_wishes; held; held = held->next)
        count++;
    return count;
}

static void claim_callbacks(struct keeper *keeper)
{
    struct tw_error error;
    struct held_callback *first = keeper->callback_wishes;
    size_t wanted = count_callback_wishes(keeper);
    struct callback_claiming claiming = {.wishes = first};
    int64_t now = keeper_now();
    keeper->callback_wishes = NULL;
    keeper->next_callback = now + LOOK_LATE;
    pthread_mutex_unlock(&keeper->lock);
    enum tw_status status = job_claim_callbacks(keeper->store, now, KEEPER_CALLBACK_LEASE, wanted,
                                                meet_callback_wish, &claiming, &error);
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = 0; i < wanted; i++) {
        struct held_callback *next = first->next;
        if (status == TW_OK && i < claiming.count) {
            first->waiting = false;
            keeper->callbacks_held++;
            pthread_cond_signal(&first->told);
        } else {
            first->number = 0;
            first->next = keeper->callback_wishes;
            keeper->callback_wishes = first;
        }
        first = next;
    }
    keeper->no_callback_due = status == TW_OK && claiming.count < wanted;
    if (keeper->no_callback_due)
        return;
    keeper->next_callback = 0;
    if (status != TW_OK)
        store_failed(keeper, status, &error);
}

/* Ends where no job is queued or running, and no callback is due. */
static void look_for_end(struct keeper *keeper)
{
    const struct job_filter all = {.owner = {NULL, 0}};
    struct job_counts counts;
    struct tw_error error;
    pthread_mutex_unlock(&keeper->lock);
    enum tw_status status = job_count(keeper->store, &all, &counts, &error);
    pthread_mutex_lock(&keeper->lock);
    if (status != TW_OK)
        store_failed(keeper, status, &error);
    else if (counts.of_state[JOB_QUEUED] + counts.of_state[JOB_RUNNING] == 0)
        keeper->ending = true;
}

/* Nothing is held, nothing was found, and nothing that was put back is to come. */
static bool may_be_empty(const struct keeper *keeper, int64_t now)
{
    bool callbacks_over =
        !keeper->options.with_callbacks || (keeper->no_callback_due && keeper->callbacks_held == 0);
    return keeper->options.until_empty && !keeper->ending && keeper->idle &&
           keeper->held_count == 0 && now >= keeper->last_due && callbacks_over;
}

bool keeper_has_work(const struct keeper *keeper, int64_t now, int64_t *look)
{
    bool errands = false, wishes = claims_wanted(keeper) > 0;
    for (int kind = 0; kind < ERRAND_KINDS; kind++)
        errands = errands || keeper->errands[kind].first;
    const struct {
        bool wanted;
        int64_t from;
    } works[] = {
        {errands, 0},
        {wishes, keeper->changed ? 0 : keeper->next_claim},
        {keeper->held_count > 0, keeper->next_beat},
        {keeper->callback_wishes && !keeper->ending, keeper->next_callback},
    };
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        int64_t from = works[i].from;
        if (!works[i].wanted)
            continue;
        if (keeper->delay && from < keeper->next_try)
            from = keeper->next_try;
        if (now >= from)
            return true;
        *look = from < *look ? from : *look;
    }
    return false;
}

/* What is to be done by now, as long as the store does it. */
static void do_work(struct keeper *keeper, struct errand_list *done)
{
    bool ended = keeper->errands[ERRAND_END].first || keeper->errands[ERRAND_CALLBACK].first;
    for (int kind = 0; kind < ERRAND_KINDS; kind++)
        if (!do_errands(keeper, (enum errand_kind)kind, done))
            return;
    int64_t now = keeper_now();
    size_t wanted = claims_wanted(keeper);
    bool looks = wanted && (keeper->changed || now >= keeper->next_claim);
    if (looks)
        claim(keeper, wanted);
    if (keeper->held_count && now >= keeper->next_beat)
        extend_leases(keeper);
    if (keeper->callback_wishes && !keeper->ending && now >= keeper->next_callback)
        claim_callbacks(keeper);
    if ((looks || ended) && may_be_empty(keeper, now))
        look_for_end(keeper);
}

void keeper_round(struct keeper *keeper)
{
    struct errand_list done;
    errand_list_init(&done);
    do_work(keeper, &done);
    if (keeper->ending && keeper->delay)
        give_up(keeper, &done);
    tell(&done);
}
