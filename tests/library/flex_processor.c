/* Requests that may wait, from a C program: docs/jobs.md, "From a C program".
 *
 *     flex_processor STORE BASE_URL    (with OPENAI_API_KEY, where the provider wants one)
 *
 * Submits five jobs, three of which are worked on at once, is told as each ends, waits for all, and
 * prints what came of them. Run again with the same store it finds them done, and sends nothing. */
#include <tierway/router.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 5, WORKERS = 3, DRAIN = 10000 /* milliseconds */ };

static const char policy_text[] = "late: when waited > 20h -> default timeout 5m\n"
                                  "otherwise -> flex timeout 15m strict\n";

static int complain(const char *what, const struct tw_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error->message);
    return 1;
}

/* Told once of each job, after its result is stored. */
static void say_end(void *context, const struct tw_job_result *result)
{
    int *ended = context;
    ++*ended;
    printf("ended: %s\n", result->id);
}

static enum tw_status submit_all(tw_queue *queue, int *ended, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (int i = 0; i < JOBS && status == TW_OK; i++) {
        char id[32], body[160];
        snprintf(id, sizeof id, "job_%d", i);
        snprintf(body, sizeof body,
                 "{\"model\": \"gpt-4.1\", \"messages\": "
                 "[{\"role\": \"user\", \"content\": \"Process item %d\"}]}",
                 i);
        struct tw_job job = {.id = id,
                             .body = body,
                             .length = strlen(body),
                             .within = (int64_t)24 * 3600 * 1000,
                             .on_end = say_end,
                             .context = ended};
        status = tw_queue_submit(queue, &job, NULL, error);
    }
    return status;
}

static enum tw_status print_results(tw_queue *queue, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (int i = 0; i < JOBS && status == TW_OK; i++) {
        char id[32];
        struct tw_job_result *result;
        snprintf(id, sizeof id, "job_%d", i);
        status = tw_queue_result(queue, id, &result, error);
        if (status == TW_OK && result->state == TW_JOB_DONE)
            printf("%s: done at %s, %lld tokens\n", id, result->served_tier,
                   (long long)result->total_tokens);
        else if (status == TW_OK)
            printf("%s: failed: %s\n", id, result->message ? result->message : "cancelled");
        tw_job_result_free(result);
    }
    return status;
}

static int process(const struct tw_queue_options *options)
{
    struct tw_error error;
    tw_queue *queue;
    int ended = 0;
    if (tw_queue_open(options, &queue, &error) != TW_OK)
        return complain("cannot open the queue", &error);
    enum tw_status status = submit_all(queue, &ended, &error);
    if (status == TW_OK)
        status = tw_queue_wait(queue, NULL, -1, &error);
    if (status == TW_OK)
        status = print_results(queue, &error);
    tw_queue_close(queue, DRAIN);
    printf("told of %d\n", ended);
    return status == TW_OK ? 0 : complain("stopped", &error);
}

int main(int argc, char **argv)
{
    tw_policy *policy;
    if (argc != 3) {
        fprintf(stderr, "usage: flex_processor STORE BASE_URL\n");
        return 2;
    }
    if (tw_policy_compile("background", policy_text, strlen(policy_text), &policy, NULL) != TW_OK)
        return 2;
    struct tw_queue_options options = {.router = {.policy = policy,
                                                  .base_url = argv[2],
                                                  .api_key = getenv("OPENAI_API_KEY"),
                                                  .store = argv[1]},
                                       .concurrency = WORKERS};
    int status = process(&options);
    tw_policy_free(policy);
    return status;
}
