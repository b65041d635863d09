/* gateway/background_jobs.c: jobs are submitted, listed, shown, cancelled and tried again. */
#include "gateway/background_internal.h"

#include "base/clock.h"
#include "queue/job_body.h"
#include "queue/submission.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 1000, ARENA_LIMIT = 64 << 20 };

#define DAY INT64_C(86400000) /* milliseconds */

static int64_t now_milliseconds(void)
{
    return clock_system() / 1000000;
}

static void answer_missing(struct task *task)
{
    struct tw_error error;
    fail(&error, TW_NOT_FOUND, "There is no job '%.*s'.", TEXT_ARGUMENTS(task->id));
    task_error(task, 404, "job_not_found", "id", error.message);
}

/* --- a job as JSON --- */

static void print_instant(struct buffer *out, const char *name, int64_t instant)
{
    buffer_format(out, ",\"%s\":", name);
    buffer_string(out, instant ? "\"" : "null");
    if (instant)
        instant_print(out, instant);
    buffer_string(out, instant ? "\"" : "");
}

static void print_text(struct buffer *out, const char *name, struct text text)
{
    buffer_format(out, ",\"%s\":", name);
    if (text.length)
        json_write_string(out, text);
    else
        buffer_string(out, "null");
}

static void print_job(struct buffer *out, const struct job *job)
{
    buffer_string(out, "{\"object\":\"job\",\"id\":");
    json_write_string(out, job->id);
    buffer_format(out,
                  ",\"number\":%lld,\"state\":\"%s\",\"claims\":%lld,\"refusals\":%lld,"
                  "\"expired\":%lld",
                  (long long)job->number, job_state_name(job->state), (long long)job->claim,
                  (long long)job->refusals, (long long)job->expired);
    print_text(out, "owner", job->owner);
    print_text(out, "batch", job->batch);
    print_instant(out, "submitted", job->submitted);
    print_instant(out, "due", job->due);
    print_instant(out, "deadline", job->deadline);
    print_instant(out, "ended", job->ended);
    buffer_byte(out, '}');
}

/* --- submitting --- */

struct submitting {
    struct buffer *out;
    size_t submitted, existed, differing;
};

static void print_outcome(void *context, const struct submission_outcome *outcome)
{
    struct submitting *run = context;
    bool first = run->submitted + run->existed == 0;
    buffer_string(run->out, first ? "{\"id\":" : ",{\"id\":");
    json_write_string(run->out, outcome->id);
    buffer_format(run->out, ",\"existed\":%s,\"differs\":%s}", outcome->existed ? "true" : "false",
                  outcome->differs ? "true" : "false");
    run->submitted += !outcome->existed;
    run->existed += outcome->existed;
    run->differing += outcome->differs;
}

/* ?deadline=6h, else the header x-tierway-deadline, else a day. */
static bool read_deadline(struct task *task, int64_t now, int64_t *deadline)
{
    struct text value = TEXT("24h");
    int64_t time;
    for (size_t i = 0; i < task->header_count; i++)
        if (http_name_is(task->headers[i].name, "x-tierway-deadline"))
            value = task->headers[i].value;
    query_text(task, "deadline", &value);
    if (value_parse(TW_TYPE_DURATION, value, &time, NULL) == TW_OK && time > 0 &&
        time <= INSTANT_LAST - now) {
        *deadline = now + time;
        return true;
    }
    task_error(task, 400, "invalid_value", "deadline", "The deadline is a time such as 24h.");
    return false;
}

/* A body over several lines is one request; lines are one each. */
static bool is_one_request(struct text body)
{
    struct batch_request request;
    bool one = batch_line_read(body, &request, NULL) == TW_OK;
    batch_request_free(&request);
    return one;
}

/* JSON on one line, as the lines of a submission are. */
static void join_lines(struct buffer *body)
{
    for (size_t i = 0; i < body->length; i++)
        if (body->data[i] == '\n')
            body->data[i] = ' ';
}

static void submit(struct task *task, struct store *store, const struct submission_terms *terms,
                   struct text id)
{
    struct submitting run = {.out = &task->out};
    struct tw_error error;
    struct text body = buffer_view(&task->body);
    enum tw_status status = submission_check(body, id.length > 0, &error);
    buffer_string(&task->out, "{\"object\":\"list\",\"data\":[");
    if (status == TW_OK)
        status = submission_submit(store, body, terms, id, print_outcome, &run, &error);
    if (status != TW_OK)
        task_store_error(task, status, &error);
    else
        buffer_format(&task->out, "],\"submitted\":%zu,\"existed\":%zu,\"differing\":%zu}",
                      run.submitted, run.existed, run.differing);
}

void jobs_submit_lines(struct task *task, struct store *store)
{
    struct text id = TEXT("");
    struct submission_terms terms = {.now = now_milliseconds(), .owner = task->owner};
    struct tw_pair *pairs;
    query_text(task, "id", &id);
    if (id.length > JOB_ID_MAX || utf8_valid_prefix(id) < id.length) {
        task_error(task, 400, "invalid_value", "id", "An id is UTF-8, and has 256 bytes at most.");
        return;
    }
    if (!read_deadline(task, terms.now, &terms.deadline) ||
        !read_attributes(task, NULL, &pairs, &terms.attribute_count))
        return;
    terms.attributes = pairs;
    if (is_one_request(buffer_view(&task->body)))
        join_lines(&task->body);
    submit(task, store, &terms, id);
}

/* --- one job --- */

struct shown {
    struct task *task;
    bool result; /* what came of it is wanted, not the job */
    bool seen;
};

static enum tw_status show_job(void *context, const struct job *job)
{
    struct shown *shown = context;
    struct task *task = shown->task;
    shown->seen = task_may_see(task, job->owner);
    if (!shown->seen)
        return TW_OK;
    if (!shown->result)
        print_job(&task->out, job);
    else if (job->result.length)
        buffer_text(&task->out, job->result);
    else
        task_error(task, 404, "no_result", "id", "There is no result of this job.");
    return task->out.status;
}

/* False where there is no such job that the caller may see; that is answered. */
static bool show(struct task *task, struct store *store, bool result)
{
    struct shown shown = {task, result, false};
    struct tw_error error = {.message = "out of memory"};
    enum tw_status status = job_find(store, task->id, show_job, &shown, &error);
    if (status == TW_NOT_FOUND || (status == TW_OK && !shown.seen))
        answer_missing(task);
    else if (status != TW_OK)
        task_store_error(task, TW_IO, &error);
    return status == TW_OK && shown.seen;
}

void jobs_show_one(struct task *task, struct store *store)
{
    show(task, store, false);
}

void jobs_show_result(struct task *task, struct store *store)
{
    show(task, store, true);
}

/* Answers with the job as it is then, or with why it stays as it is. */
static void show_change(struct task *task, struct store *store, enum tw_status status, bool changed,
                        const struct tw_error *error, const char *why)
{
    if (status != TW_OK)
        task_store_error(task, TW_IO, error);
    else if (!changed)
        task_error(task, 409, "wrong_state", "id", why);
    else
        show(task, store, false);
}

void jobs_cancel_one(struct task *task, struct store *store)
{
    struct tw_error error;
    bool cancelled = false;
    if (!show(task, store, false))
        return;
    buffer_clear(&task->out);
    enum tw_status status = job_cancel(store, task->id, now_milliseconds(), &cancelled, &error);
    show_change(task, store, status, cancelled, &error, "The job has ended already.");
}

void jobs_retry_one(struct task *task, struct store *store)
{
    struct tw_error error;
    bool retried = false;
    int64_t now = now_milliseconds(), deadline;
    if (!read_deadline(task, now, &deadline) || !show(task, store, false))
        return;
    buffer_clear(&task->out);
    enum tw_status status = job_retry(store, task->id, now, deadline, &retried, &error);
    show_change(task, store, status, retried, &error,
                "The job has neither failed nor been cancelled.");
}

/* --- the list --- */

/* A job that is listed: where it stands, and its JSON. */
struct listed {
    int64_t number;
    struct text json;
};

struct listing {
    struct task *task;
    struct job_filter filter;
    int64_t after, limit;
    struct listed *items;
    size_t count, capacity;
};

static enum tw_status list_job(void *context, const struct job *job)
{
    struct listing *listing = context;
    struct arena *arena = &listing->task->arena;
    struct listed *items =
        arena_grow(arena, listing->items, listing->count, &listing->capacity, sizeof *items);
    struct buffer json;
    if (!items)
        return arena_status(arena);
    listing->items = items;
    buffer_init(&json, ARENA_LIMIT);
    print_job(&json, job);
    items[listing->count++] = (struct listed){job->number, arena_text(arena, buffer_view(&json))};
    buffer_free(&json);
    return arena_status(arena);
}

static int by_number(const void *a, const void *b)
{
    int64_t first = ((const struct listed *)a)->number, second = ((const struct listed *)b)->number;
    return (first > second) - (first < second);
}

/* Of one state, or of all where the word is empty. False, and answered, for another word. */
static bool list_states(struct listing *listing, struct store *store, struct text word)
{
    struct tw_error error = {.message = "out of memory"};
    bool known = word.length == 0;
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        if (word.length && !text_is(word, job_state_name((enum job_state)state)))
            continue;
        known = true;
        enum tw_status status =
            job_list(store, &listing->filter, (enum job_state)state, listing->after,
                     (size_t)listing->limit + 1, list_job, listing, &error);
        if (status == TW_OK)
            continue;
        task_store_error(listing->task, TW_IO, &error);
        return false;
    }
    if (!known)
        task_error(listing->task, 400, "invalid_value", "state",
                   "A state is queued, running, done, failed or cancelled.");
    return known;
}

static void print_list(const struct listing *listing)
{
    struct buffer *out = &listing->task->out;
    bool more = listing->count > (size_t)listing->limit;
    size_t count = more ? (size_t)listing->limit : listing->count;
    buffer_string(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_string(out, i ? "," : "");
        buffer_text(out, listing->items[i].json);
    }
    buffer_format(out, "],\"has_more\":%s,\"last\":%lld}", more ? "true" : "false",
                  (long long)(count ? listing->items[count - 1].number : listing->after));
}

/* The jobs of one batch that the caller may see, or else all of the caller's. */
static bool choose_jobs(struct listing *listing, struct store *store)
{
    struct task *task = listing->task;
    struct batch batch;
    if (!query_text(task, "batch", &listing->filter.batch)) {
        listing->filter.owner = task->everything ? TEXT("") : task->owner;
        return true;
    }
    return find_batch(task, store, listing->filter.batch, &batch);
}

void jobs_list_all(struct task *task, struct store *store)
{
    struct listing listing = {.task = task, .limit = LIST_DEFAULT};
    struct text state = TEXT("");
    query_text(task, "state", &state);
    if (!query_number(task, "limit", 1, LIST_MAX, &listing.limit) ||
        !query_number(task, "after", 0, INT64_MAX, &listing.after) ||
        !choose_jobs(&listing, store) || !list_states(&listing, store, state))
        return;
    if (listing.count)
        qsort(listing.items, listing.count, sizeof *listing.items, by_number);
    print_list(&listing);
}
