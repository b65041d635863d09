/* cli/jobs_submit.c: tierway jobs submit: lines of OpenAI's Batch input, or request bodies, one a
 * line, into the queue.
 *
 * All lines are read before anything is submitted: a file with a bad one, or with one id for two
 * requests, is refused whole. Then groups of lines are submitted, each durable or not there. A job
 * whose id is there already is not submitted again; where it asks for something else, that is said.
 * Exit status: 0 all are in the queue; 1 some ids belong to other requests; 2 it could not be done.
 */
#include "cli/attribute_pairs.h"
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/ledger_options.h"
#include "cli/shared_options.h"

#include "base/clock.h"
#include "queue/callback.h"
#include "queue/submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 512 << 20 };

#define DAY ((int64_t)86400000) /* milliseconds */

struct submitting {
    const struct command *command;
    const char *store_path, *deadline, *id, *callback, *format_name;
    struct text_list set;
    enum output_format format;
    int64_t now, until;
    struct buffer file;
    struct store *store;
    struct attribute_pairs pairs;
    size_t submitted, existed, differing;
};

static void say_submitted(const struct submitting *run, struct text id, const char *remark)
{
    struct buffer out;
    if (run->format != FORMAT_TEXT)
        return;
    buffer_init(&out, 2 * JOB_ID_MAX);
    print_visible(&out, id);
    printf("%.*s%s\n", TEXT_ARGUMENTS(buffer_view(&out)), remark);
    buffer_free(&out);
}

static void count_outcome(void *context, const struct submission_outcome *outcome)
{
    struct submitting *run = context;
    run->submitted += !outcome->existed;
    run->existed += outcome->existed;
    run->differing += outcome->differs;
    say_submitted(run, outcome->id,
                  outcome->differs   ? " (was there already, FOR ANOTHER REQUEST: not submitted)"
                  : outcome->existed ? " (was there already)"
                                     : "");
}

static int submit(struct submitting *run)
{
    const struct submission_terms terms = {.now = run->now,
                                           .deadline = run->until,
                                           .attributes = run->pairs.items,
                                           .attribute_count = run->pairs.count,
                                           .callback = text_of(run->callback)};
    struct tw_error error;
    if (submission_submit(run->store, buffer_view(&run->file), &terms, text_of(run->id),
                          count_outcome, run, &error) == TW_OK)
        return EXIT_DONE;
    return trouble(run->command, "%s; %zu jobs were submitted before", error.message,
                   run->submitted);
}

static int check(const struct submitting *run)
{
    struct tw_error error;
    if (submission_check(buffer_view(&run->file), run->id != NULL, &error) == TW_OK)
        return EXIT_DONE;
    return trouble(run->command, "%s; nothing was submitted", error.message);
}

static int read_deadline(struct submitting *run)
{
    int64_t time = DAY;
    if (!jobs_read_time(run->command, "deadline", run->deadline, &time))
        return EXIT_TROUBLE;
    run->until = run->now + time;
    return EXIT_DONE;
}

static int check_callback(const struct submitting *run)
{
    struct tw_error error;
    if (!run->callback || callback_check(text_of(run->callback), &error) == TW_OK)
        return EXIT_DONE;
    return trouble(run->command, "--callback: %s", error.message);
}

static int run_submit(struct submitting *run, const char *path)
{
    static const char *const formats[] = {"text", "json", NULL};
    if (!format_parse(run->command, run->format_name, formats, &run->format) ||
        read_deadline(run) != EXIT_DONE || check_callback(run) != EXIT_DONE ||
        attribute_pairs_read(run->command, &run->set, &run->pairs) != EXIT_DONE ||
        !read_file(run->command, path ? path : "-", FILE_LIMIT, &run->file) ||
        check(run) != EXIT_DONE)
        return EXIT_TROUBLE;
    run->store = jobs_open(run->command, run->store_path, false);
    if (!run->store || submit(run) != EXIT_DONE)
        return EXIT_TROUBLE;
    if (run->format == FORMAT_JSON)
        printf("{\"submitted\": %zu, \"existed\": %zu, \"differing\": %zu}\n", run->submitted,
               run->existed, run->differing);
    return finish(run->command, run->differing ? EXIT_NO : EXIT_DONE);
}

int jobs_submit(const struct command *command, int argc, char **argv)
{
    struct submitting run = {.command = command,
                             .store_path = default_store(),
                             .format_name = "text",
                             .now = clock_system() / 1000000};
    const struct option_row rows[] = {
        SHARED_STORE(&run.store_path),
        {"deadline", OPTION_TEXT, "TIME", "To be done within: 24h (the default)", &run.deadline},
        {"id", OPTION_TEXT, "ID", "The job's id, of a file with one request", &run.id},
        {"callback", OPTION_TEXT, "NAME|URL", "Told of the end, where the worker allows it",
         &run.callback},
        SHARED_SET(&run.set),
        SHARED_FORMAT(&run.format_name, "text or json"),
        OPTIONS_END,
    };
    int first;
    buffer_init(&run.file, FILE_LIMIT);
    int status = options_parse(command, rows, argc, argv, &first);
    if (status < 0)
        status = argc > first + 1 ? usage_trouble(command, "takes one FILE")
                                  : run_submit(&run, argv[first]);
    store_close(run.store);
    buffer_free(&run.file);
    free(run.set.items);
    attribute_pairs_free(&run.pairs);
    return status;
}
