/* gateway/admin_job.c: answers that take a while, made on libuv's thread pool.
 *
 * A job may outlive its exchange: whoever ends one takes it out of the job. Both happen on the
 * loop's thread; the list of jobs is shared by all loops. A job frees itself. */
#include "gateway/admin_internal.h"

#include <stdlib.h>

struct admin_job {
    uv_work_t request;
    struct admin *admin;
    struct admin_job *next, *previous;
    struct exchange *exchange; /* NULL: it has ended */
    admin_work work;
    struct buffer body;
    struct admin_answer answer;
};

static void link_job(struct admin_job *job)
{
    struct admin *admin = job->admin;
    pthread_mutex_lock(&admin->guard);
    job->next = admin->jobs;
    if (admin->jobs)
        admin->jobs->previous = job;
    admin->jobs = job;
    pthread_mutex_unlock(&admin->guard);
}

static void unlink_job(struct admin_job *job)
{
    struct admin *admin = job->admin;
    pthread_mutex_lock(&admin->guard);
    if (job->previous)
        job->previous->next = job->next;
    else
        admin->jobs = job->next;
    if (job->next)
        job->next->previous = job->previous;
    pthread_mutex_unlock(&admin->guard);
}

static void job_free(struct admin_job *job)
{
    buffer_free(&job->body);
    buffer_free(&job->answer.body);
    free(job);
}

static void run_work(uv_work_t *request)
{
    struct admin_job *job = request->data;
    job->work(job->admin, buffer_view(&job->body), &job->answer);
    if (job->answer.body.status)
        admin_answer_error(&job->answer, 503, "too_large", "The answer cannot be built.");
}

static void on_done(uv_work_t *request, int status)
{
    struct admin_job *job = request->data;
    (void)status;
    unlink_job(job);
    if (job->exchange)
        admin_send(job->exchange, &job->answer);
    job_free(job);
}

bool admin_job_start(struct admin *admin, struct exchange *exchange, admin_work work)
{
    struct admin_job *job = calloc(1, sizeof *job);
    if (!job)
        return false;
    job->admin = admin;
    job->exchange = exchange;
    job->work = work;
    job->request.data = job;
    job->answer = (struct admin_answer){.status = 200, .type = "application/json"};
    struct text body = exchange_request(exchange)->body;
    buffer_init(&job->answer.body, ADMIN_BODY_MAX);
    buffer_init(&job->body, body.length);
    buffer_text(&job->body, body);
    if (job->body.status) {
        job_free(job);
        return false;
    }
    link_job(job);
    if (uv_queue_work(exchange_loop(exchange), &job->request, run_work, on_done) == 0)
        return true;
    unlink_job(job);
    job_free(job);
    return false;
}

void admin_job_ended(struct admin *admin, const struct exchange *exchange)
{
    pthread_mutex_lock(&admin->guard);
    for (struct admin_job *job = admin->jobs; job; job = job->next)
        if (job->exchange == exchange)
            job->exchange = NULL;
    pthread_mutex_unlock(&admin->guard);
}
