/* cli/jobs_work.c: tierway jobs work: answers queued jobs until it is told to stop. SIGTERM and
 * SIGINT end it once what runs has ended. Exit status: 0 all that ended is done; 1 some jobs
 * failed; 2 it could not go on. */
#include "cli/jobs.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"

#include "base/value.h"
#include "queue/worker.h"
#include "runtime/base_url.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_URL "https://api.openai.com/v1"

struct working {
    const struct command *command;
    const char *policy_path, *store_path, *upstream, *prices, *lease, *format_name;
    int64_t concurrency;
    bool until_empty;
    enum output_format format;
    struct policy_file policy;
    struct worker_options options;
    atomic_bool stop;
    sigset_t signals;
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int complete_options(struct working *run)
{
    struct worker_options *options = &run->options;
    struct tw_error error;
    const char *url = run->upstream ? run->upstream : environment("OPENAI_BASE_URL");
    *options = (struct worker_options){.router = {.policy = run->policy.policy,
                                                  .base_url = url ? url : DEFAULT_URL,
                                                  .api_key = environment("OPENAI_API_KEY"),
                                                  .prices = run->prices,
                                                  .store = jobs_store_path(run->store_path)},
                                       .concurrency = (int)run->concurrency,
                                       .lease = 60000,
                                       .until_empty = run->until_empty,
                                       .stop = &run->stop};
    if (strcmp(options->router.store, "memory:") == 0)
        return trouble(run->command, "--store: jobs need a store that outlives this process");
    if (run->lease && (value_parse(TW_TYPE_DURATION, text_of(run->lease), &options->lease, NULL) ||
                       options->lease < WORKER_LEASE_MIN))
        return trouble(run->command, "--lease: \"%s\" is no time of 1s or more", run->lease);
    if (run->concurrency < 1 || run->concurrency > WORKER_CONCURRENCY_MAX)
        return trouble(run->command, "--concurrency is 1 to %d", WORKER_CONCURRENCY_MAX);
    if (base_url_check(text_of(options->router.base_url), &error) != TW_OK)
        return trouble(run->command, "%s", error.message);
    if (!options->router.api_key && !base_url_is_loopback(text_of(options->router.base_url)))
        return trouble(run->command, "OPENAI_API_KEY is not set");
    return EXIT_DONE;
}

/* SIGUSR1 ends the thread itself. */
static void *wait_for_signal(void *context)
{
    struct working *run = context;
    int number;
    if (sigwait(&run->signals, &number) == 0 && number != SIGUSR1)
        atomic_store(&run->stop, true);
    return NULL;
}

static int work(struct working *run)
{
    struct worker_counts counts;
    struct tw_error error;
    pthread_t watch;
    sigemptyset(&run->signals);
    sigaddset(&run->signals, SIGINT);
    sigaddset(&run->signals, SIGTERM);
    sigaddset(&run->signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &run->signals, NULL);
    if (pthread_create(&watch, NULL, wait_for_signal, run) != 0)
        return trouble(run->command, "no thread can be started");
    enum tw_status status = queue_work(&run->options, &counts, &error);
    pthread_kill(watch, SIGUSR1);
    pthread_join(watch, NULL);
    if (run->format == FORMAT_JSON)
        printf("{\"done\": %lld, \"failed\": %lld, \"put_back\": %lld, \"lost\": %lld}\n",
               (long long)counts.done, (long long)counts.failed, (long long)counts.put_back,
               (long long)counts.lost);
    else
        printf("%lld done, %lld failed, %lld put back, %lld lost to another worker\n",
               (long long)counts.done, (long long)counts.failed, (long long)counts.put_back,
               (long long)counts.lost);
    if (status != TW_OK)
        return trouble(run->command, "%s", error.message);
    return finish(run->command, counts.failed ? EXIT_NO : EXIT_DONE);
}

static int run_work(struct working *run)
{
    static const char *const formats[] = {"text", "json", NULL};
    if (!run->policy_path)
        return usage_trouble(run->command, "needs --policy FILE");
    if (!format_parse(run->command, run->format_name, formats, &run->format) ||
        !policy_file_open(run->command, run->policy_path, &run->policy))
        return EXIT_TROUBLE;
    int status = complete_options(run);
    return status == EXIT_DONE ? work(run) : status;
}

int jobs_work(const struct command *command, int argc, char **argv)
{
    struct working run = {.command = command, .format_name = "text", .concurrency = 8};
    const struct option_row rows[] = {
        SHARED_POLICY(&run.policy_path),
        SHARED_UPSTREAM(&run.upstream),
        SHARED_STORE(&run.store_path),
        SHARED_PRICES(&run.prices),
        {"concurrency", OPTION_NUMBER, "N", "At most so many jobs at once", &run.concurrency},
        {"lease", OPTION_TEXT, "TIME", "A dead worker's jobs come back after this: 60s",
         &run.lease},
        {"until-empty", OPTION_FLAG, NULL, "End when nothing is left", &run.until_empty},
        SHARED_FORMAT(&run.format_name, "text or json"),
        OPTIONS_END,
    };
    int first;
    signal(SIGPIPE, SIG_IGN);
    int status = options_parse(command, rows, argc, argv, &first);
    if (status < 0)
        status = argc > first ? usage_trouble(command, "takes no argument") : run_work(&run);
    policy_file_close(&run.policy);
    return status;
}
