/* What the queue costs a job: queue_work against a bare loop that sends the same requests on as
 * many threads, with neither queue nor ledger, to a stand-in that answers after 10 ms. Prints jobs
 * a second of both, and the difference a job: of the time that a thread is busy with one. The flush
 * of a file in the same folder is measured in the same run: each end of a job waits for one.
 *
 * bench_worker [ROUNDS [JOBS-A-THREAD [FOLDER]]] */
#include "base/clock.h"
#include "gateway/stand_in.h"
#include "queue/job_body.h"
#include "queue/worker.h"
#include "runtime/router_parts.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LATENCY = 10, THREADS_MAX = 64, GROUP = 64, PATH_SIZE = 512, FLUSHES = 101 };

#define BODY "{\"model\":\"gpt-5-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
#define POLICY "otherwise -> flex\n"

static void check(enum tw_status status, const struct tw_error *error)
{
    if (status == TW_OK)
        return;
    fprintf(stderr, "bench_worker: %s\n", error->message);
    exit(2);
}

/* --- the stand-in, a process of its own --- */

static void serve(int out)
{
    struct stand_in_options options = stand_in_options_default();
    struct stand_in *stand_in;
    struct tw_error error;
    uv_loop_t loop;
    options.record = false;
    for (int tier = 0; tier < STAND_IN_TIERS; tier++)
        options.latency_ms[tier] = LATENCY;
    uv_loop_init(&loop);
    check(stand_in_start(&loop, &options, &stand_in, &error), &error);
    const char *address = stand_in_address(stand_in);
    if (write(out, address, strlen(address) + 1) < 0)
        exit(2);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static pid_t start_provider(char *url, size_t size)
{
    char address[128];
    int ends[2];
    if (pipe(ends) != 0)
        exit(2);
    pid_t child = fork();
    if (child == 0)
        serve(ends[1]);
    if (child < 0 || read(ends[0], address, sizeof address) <= 0)
        exit(2);
    snprintf(url, size, "http://%s/v1", address);
    return child;
}

/* --- the bare loop --- */

struct loop {
    const struct tw_router_options *options;
    int jobs;
};

static void *run_loop(void *context)
{
    const struct loop *loop = context;
    struct tw_error error;
    tw_router *router;
    check(tw_router_new(loop->options, &router, &error), &error);
    for (int i = 0; i < loop->jobs; i++) {
        const struct tw_chat chat = {.body = BODY, .length = strlen(BODY), .instant = -1};
        struct tw_result *result;
        check(tw_router_chat(router, &chat, &result, &error), &error);
        if (result->outcome != TW_ANSWERED)
            exit(2);
        tw_result_free(result);
    }
    tw_router_free(router);
    return NULL;
}

/* Seconds. */
static double time_loop(const struct tw_router_options *options, int threads, int jobs)
{
    pthread_t ids[THREADS_MAX];
    struct tw_router_options bare = *options;
    bare.store = NULL;
    struct loop loop = {&bare, jobs};
    int64_t begun = clock_monotonic();
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, run_loop, &loop) != 0)
            exit(2);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    return (double)(clock_monotonic() - begun) / 1e9;
}

/* --- the queue --- */

static void submit(const char *path, int count)
{
    const struct store_options options = STORE_DEFAULTS;
    const struct job_body job = {.endpoint = "/chat/completions", .body = TEXT(BODY)};
    struct job_submission group[GROUP];
    struct buffer body;
    struct store *store;
    struct tw_error error;
    int64_t now = clock_system() / 1000000;
    buffer_init(&body, 4096);
    job_body_write(&body, &job);
    check(store_open(path, &options, &store, &error), &error);
    for (int i = 0; i < count; i += GROUP) {
        int size = count - i < GROUP ? count - i : GROUP;
        for (int at = 0; at < size; at++)
            group[at] = (struct job_submission){
                .body = buffer_view(&body), .due = now, .deadline = now + 86400000};
        check(job_submit(store, group, (size_t)size, now, &error), &error);
    }
    store_close(store);
    buffer_free(&body);
}

static double time_queue(const struct tw_router_options *options, int threads, int jobs)
{
    const atomic_bool never = false;
    const struct worker_options worker = {.router = *options,
                                          .concurrency = threads,
                                          .lease = 60000,
                                          .usual_time = WORKER_USUAL_TIME,
                                          .until_empty = true,
                                          .stop = &never};
    struct worker_counts counts;
    struct tw_error error;
    submit(options->store, threads * jobs);
    int64_t begun = clock_monotonic();
    check(queue_work(&worker, &counts, &error), &error);
    if (counts.done != threads * jobs)
        exit(2);
    return (double)(clock_monotonic() - begun) / 1e9;
}

/* --- both, in turns; the best of each --- */

static void remove_store(const char *path)
{
    static const char *const ends[] = {"", "-lock", "-wal", "-shm"};
    char name[PATH_SIZE];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Milliseconds of a flush of 4 KB, the median. */
static double time_flush(const char *path)
{
    static const char page[4096];
    double taken[FLUSHES];
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    for (int i = 0; i < FLUSHES; i++) {
        int64_t begun = clock_monotonic();
        if (write(file, page, sizeof page) < 0 || fdatasync(file) != 0)
            exit(2);
        taken[i] = (double)(clock_monotonic() - begun) / 1e6;
    }
    close(file);
    unlink(path);
    qsort(taken, FLUSHES, sizeof taken[0], by_size);
    return taken[FLUSHES / 2];
}

static void compare(const struct tw_router_options *options, int threads, int jobs, int rounds)
{
    double bare = 1e9, queue = 1e9;
    for (int i = 0; i < rounds; i++) {
        double seconds = time_loop(options, threads, jobs);
        bare = seconds < bare ? seconds : bare;
        seconds = time_queue(options, threads, jobs);
        queue = seconds < queue ? seconds : queue;
        remove_store(options->store);
    }
    double all = (double)threads * jobs, more = (queue - bare) / jobs;
    printf("%11d %12.0f %12.0f %12.3f %14.3f %9.1f%%\n", threads, all / bare, all / queue,
           queue / jobs * 1e3, more * 1e3, more / (queue / jobs) * 100);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 3, jobs = argc > 2 ? atoi(argv[2]) : 200;
    char folder[PATH_SIZE / 2], path[PATH_SIZE], url[160];
    tw_policy *policy;
    signal(SIGPIPE, SIG_IGN);
    snprintf(folder, sizeof folder, "%s/bench-worker-XXXXXX", argc > 3 ? argv[3] : "/tmp");
    pid_t provider = start_provider(url, sizeof url);
    if (!mkdtemp(folder) ||
        tw_policy_compile("bench.tier", POLICY, strlen(POLICY), &policy, NULL) != TW_OK)
        exit(2);
    snprintf(path, sizeof path, "%s/jobs.db", folder);
    const struct tw_router_options options = {.policy = policy, .base_url = url, .store = path};
    printf("the provider answers after %d ms; a flush takes %.3f ms; the best of %d rounds\n",
           LATENCY, time_flush(path), rounds);
    printf("concurrency   bare loop/s      queue/s       ms a job  ms of the queue     share\n");
    for (int threads = 1; threads <= THREADS_MAX; threads *= 8)
        compare(&options, threads, jobs, rounds);
    tw_policy_free(policy);
    kill(provider, SIGTERM);
    waitpid(provider, NULL, 0);
    return rmdir(folder) == 0 ? 0 : 2;
}
