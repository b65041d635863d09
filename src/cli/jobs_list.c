/* cli/jobs_list.c: tierway jobs list and cancel: what stands in the queue. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/jobs_print.h"
#include "cli/ledger_options.h"
#include "cli/shared_options.h"

#include "base/clock.h"

#include <stdio.h>

enum { LINE_LIMIT = 64 << 10 };

struct listing {
    const struct command *command;
    const char *store_path, *state_name, *batch, *format_name;
    enum output_format format;
    struct buffer out; /* of one job */
};

static void print_text(struct buffer *out, const struct job *job)
{
    buffer_format(out, "%-10s %3lld claims %3lld refusals %3lld expired  ",
                  job_state_name(job->state), (long long)job->claim, (long long)job->refusals,
                  (long long)job->expired);
    print_visible(out, job->id);
    buffer_byte(out, '\n');
}

/* What cannot be written to standard output is said at the end. */
static enum tw_status visit_listed(void *context, const struct job *job)
{
    struct listing *listing = context;
    struct buffer *out = &listing->out;
    buffer_clear(out);
    if (listing->format == FORMAT_JSON) {
        buffer_byte(out, '{');
        job_print_members(out, job);
        buffer_string(out, "}\n");
    } else {
        print_text(out, job);
    }
    fwrite(buffer_view(out).data, 1, out->length, stdout);
    return ferror(stdout) ? TW_UNKNOWN : out->status;
}

static int list_jobs(struct listing *listing, struct store *store)
{
    const struct job_walk walk = {.store = store,
                                  .filter = {.batch = text_of(listing->batch)},
                                  .visit = visit_listed,
                                  .context = listing};
    enum job_state only = JOB_STATE_COUNT;
    int leave = EXIT_DONE;
    if (listing->state_name && !jobs_read_state(listing->command, listing->state_name, &only))
        return EXIT_TROUBLE;
    for (int state = 0; state < JOB_STATE_COUNT && leave == EXIT_DONE; state++)
        if (only == JOB_STATE_COUNT || (int)only == state)
            leave = jobs_walk(listing->command, &walk, (enum job_state)state);
    return leave == EXIT_DONE ? finish(listing->command, EXIT_DONE) : leave;
}

static int run_list(struct listing *listing)
{
    static const char *const formats[] = {"text", "json", NULL};
    if (!format_parse(listing->command, listing->format_name, formats, &listing->format))
        return EXIT_TROUBLE;
    struct store *store = jobs_open(listing->command, listing->store_path, true);
    buffer_init(&listing->out, LINE_LIMIT);
    int leave = store ? list_jobs(listing, store) : EXIT_TROUBLE;
    buffer_free(&listing->out);
    store_close(store);
    return leave;
}

int jobs_list(const struct command *command, int argc, char **argv)
{
    struct listing listing = {
        .command = command, .store_path = default_store(), .format_name = "text"};
    const struct option_row rows[] = {
        SHARED_STORE(&listing.store_path),
        {"state", OPTION_TEXT, "STATE", "Only queued, running, done, failed or cancelled",
         &listing.state_name},
        {"batch", OPTION_TEXT, "ID", "Only jobs of this batch", &listing.batch},
        SHARED_FORMAT(&listing.format_name, "text or json"),
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    return argc > first ? usage_trouble(command, "takes no argument") : run_list(&listing);
}
