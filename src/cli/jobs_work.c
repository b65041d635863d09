/* cli/jobs_work.c: tierway jobs work: answers queued jobs until it is told to stop. SIGTERM and
 * SIGINT end it once what runs has ended. Exit status: 0 all that ended is done; 1 some jobs
 * failed; 2 it could not go on. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/jobs_callbacks.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "cli/signal_watch.h"

#include "queue/worker.h"

#include <stdio.h>

enum { LEASE = 60000 /* milliseconds */ };

struct working {
    const struct command *command;
    const char *policy_path, *store_path, *upstream, *prices, *lease, *usual_time, *format_name;
    int64_t concurrency;
    bool until_empty;
    enum output_format format;
    struct policy_file policy;
    struct callback_settings callbacks;
    struct worker_options options;
    atomic_bool stop;
};

static void say(void *context, const char *line)
{
    trouble(context, "%s", line);
}

static int read_time(const struct working *run, const char *option, const char *text, int64_t least,
                     int64_t *time)
{
    if (!jobs_read_time(run->command, option, text, time))
        return EXIT_TROUBLE;
    return *time >= least ? EXIT_DONE
                          : trouble(run->command, "--%s: \"%s\" is less than %lld ms", option, text,
                                    (long long)least);
}

static int complete_options(struct working *run)
{
    struct worker_options *options = &run->options;
    *options = (struct worker_options){
        .router = {.policy = run->policy.policy, .prices = run->prices, .store = run->store_path},
        .named_tiers_only = policy_file_names_all_tiers(&run->policy),
        .concurrency = (int)run->concurrency,
        .lease = LEASE,
        .usual_time = WORKER_USUAL_TIME,
        .until_empty = run->until_empty,
        .stop = &run->stop,
        .callbacks = run->callbacks.options,
        .note = say,
        .note_context = (void *)(uintptr_t)run->command};
    if (read_time(run, "lease", run->lease, WORKER_LEASE_MIN, &options->lease) != EXIT_DONE ||
        read_time(run, "usual-time", run->usual_time, 1, &options->usual_time) != EXIT_DONE)
        return EXIT_TROUBLE;
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
    const struct {
        const char *name, *words;
        int64_t count;
        bool always; /* in text, also where it is 0 */
    } rows[] = {
        {"done", "done", counts->done, true},
        {"failed", "failed", counts->failed, true},
        {"put_back", "put back", counts->put_back, true},
        {"lost", "lost to another worker", counts->lost, true},
        {"stepped_up", "stepped up near their deadline", counts->stepped_up, false},
        {"expired", "claims ran out (may be billed twice)", counts->expired, false},
        {"callbacks_delivered", "callbacks delivered", counts->delivered, false},
        {"callbacks_given_up", "callbacks given up", counts->undelivered, false},
    };
    bool json = run->format == FORMAT_JSON;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *before = i ? ", " : json ? "{" : "";
        if (json)
            printf("%s\"%s\": %lld", before, rows[i].name, (long long)rows[i].count);
        else if (rows[i].always || rows[i].count)
            printf("%s%lld %s", before, (long long)rows[i].count, rows[i].words);
    }
    printf("%s\n", json ? "}" : "");
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
        !policy_file_open(run->command, run->policy_path, &run->policy) ||
        callback_settings_read(&run->callbacks, run->command) != EXIT_DONE)
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
        {"usual-time", OPTION_TEXT, "TIME", "What an answer needs where none was seen: 30s",
         &run.usual_time},
        CALLBACK_OPTIONS(&run.callbacks),
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
    callback_settings_free(&run.callbacks);
    return status;
}
