/* cli/jobs_work.c: tierway jobs work: answers queued jobs until it is told to stop. SIGTERM and
 * SIGINT end it once what runs has ended. Exit status: 0 all that ended is done; 1 some jobs
 * failed; 2 it could not go on. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "cli/signal_watch.h"

#include "base/clock.h"
#include "base/value.h"
#include "queue/worker.h"

#include <stdio.h>

enum { LEASE = 60000 }; /* milliseconds */

struct working {
    const struct command *command;
    const char *policy_path, *store_path, *upstream, *prices, *lease, *format_name;
    int64_t concurrency;
    bool until_empty;
    enum output_format format;
    struct policy_file policy;
    struct worker_options options;
    atomic_bool stop;
};

static int complete_options(struct working *run)
{
    struct worker_options *options = &run->options;
    *options = (struct worker_options){
        .router = {.policy = run->policy.policy, .prices = run->prices, .store = run->store_path},
        .concurrency = (int)run->concurrency,
        .lease = LEASE,
        .until_empty = run->until_empty,
        .stop = &run->stop};
    if (run->lease && (value_parse(TW_TYPE_DURATION, text_of(run->lease), &options->lease, NULL) ||
                       options->lease < WORKER_LEASE_MIN || options->lease > INSTANT_LAST))
        return trouble(run->command, "--lease: \"%s\" is no time of 1s or more", run->lease);
    if (run->concurrency < 1 || run->concurrency > WORKER_CONCURRENCY_MAX)
        return trouble(run->command, "--concurrency is 1 to %d", WORKER_CONCURRENCY_MAX);
    return choose_upstream(run->command, run->upstream, &options->router);
}

static void stop_working(void *stop)
{
    atomic_store((atomic_bool *)stop, true);
}

static void print_counts(const struct working *run, const struct worker_counts *counts)
{
    long long done = counts->done, failed = counts->failed, back = counts->put_back,
              lost = counts->lost;
    if (run->format == FORMAT_JSON)
        printf("{\"done\": %lld, \"failed\": %lld, \"put_back\": %lld, \"lost\": %lld}\n", done,
               failed, back, lost);
    else
        printf("%lld done, %lld failed, %lld put back, %lld lost to another worker\n", done, failed,
               back, lost);
}

static int work(struct working *run)
{
    struct worker_counts counts;
    struct tw_error error;
    struct signal_watch watch;
    struct store *store = jobs_open(run->command, run->store_path, false);
    if (!store)
        return EXIT_TROUBLE;
    store_close(store);
    signal_watch_start(&watch, stop_working, &run->stop);
    enum tw_status status = queue_work(&run->options, &counts, &error);
    signal_watch_stop(&watch);
    print_counts(run, &counts);
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
    struct working run = {
        .command = command, .format_name = "text", .store_path = default_store(), .concurrency = 8};
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
