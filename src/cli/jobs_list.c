/* cli/jobs_list.c: tierway jobs list, show, cancel and export: what stands in the queue, and what
 * came of it. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/ledger_options.h"
#include "cli/shared_options.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 256, LINE_LIMIT = 4 * JOB_BYTES_MAX };

struct listing {
    const struct command *command;
    const char *store_path, *state, *format_name;
    enum output_format format;
    struct store *store;
    struct buffer out; /* of one job */
    int64_t after;     /* the last job that was seen */
    size_t seen;       /* on this page */
    bool results;      /* print results, not jobs */
};

static void print_json(struct buffer *out, const struct job *job, bool whole)
{
    buffer_string(out, "{\"id\": ");
    json_write_string(out, job->id);
    buffer_format(out,
                  ", \"state\": \"%s\", \"submitted\": %lld, \"claims\": %lld, \"refusals\": %lld",
                  job_state_name(job->state), (long long)job->submitted, (long long)job->claim,
                  (long long)job->refusals);
    if (whole) {
        buffer_string(out, ", \"job\": ");
        buffer_text(out, job->body);
        buffer_string(out, ", \"result\": ");
        buffer_text(out, job->result.length ? job->result : TEXT("null"));
    }
    buffer_string(out, "}\n");
}

static void print_text(struct buffer *out, const struct job *job)
{
    buffer_format(out, "%-10s %3lld claims %3lld refusals  ", job_state_name(job->state),
                  (long long)job->claim, (long long)job->refusals);
    print_visible(out, job->id);
    buffer_byte(out, '\n');
}

static enum tw_status visit_listed(void *context, const struct job *job)
{
    struct listing *listing = context;
    struct buffer *out = &listing->out;
    listing->after = job->number;
    listing->seen++;
    buffer_clear(out);
    if (listing->results && job->result.length) {
        buffer_text(out, job->result);
        buffer_byte(out, '\n');
    } else if (!listing->results && listing->format == FORMAT_JSON) {
        print_json(out, job, false);
    } else if (!listing->results) {
        print_text(out, job);
    }
    fwrite(out->data ? out->data : "", 1, out->length, stdout);
    return out->status;
}

/* What cannot be written to standard output is said at the end. */
static int each_of_state(struct listing *listing, enum job_state state)
{
    struct tw_error error = {.message = "out of memory"};
    listing->after = 0;
    do {
        listing->seen = 0;
        if (job_list(listing->store, state, listing->after, PAGE, visit_listed, listing, &error))
            return trouble(listing->command, "%s", error.message);
    } while (listing->seen == PAGE && !ferror(stdout));
    return EXIT_DONE;
}

static int list_states(struct listing *listing)
{
    int leave = EXIT_DONE;
    bool known = !listing->state;
    for (int state = 0; state < JOB_STATE_COUNT && leave == EXIT_DONE; state++) {
        bool named =
            listing->state && strcmp(listing->state, job_state_name((enum job_state)state)) == 0;
        known = known || named;
        bool ended = state == JOB_DONE || state == JOB_FAILED;
        if (named || (!listing->state && (ended || !listing->results)))
            leave = each_of_state(listing, (enum job_state)state);
    }
    if (!known)
        return trouble(listing->command,
                       "--state is queued, running, done, failed or cancelled, not \"%s\"",
                       listing->state);
    return leave == EXIT_DONE ? finish(listing->command, EXIT_DONE) : leave;
}

/* Reads the options that these actions share, and opens the store; -1 to go on. `ids` is how many
 * arguments are taken: 0, 1, or -1 for one and more. */
static int open_listing(struct listing *listing, const struct option_row *rows, int argc,
                        char **argv, int ids, int *first)
{
    static const char *const formats[] = {"text", "json", NULL};
    buffer_init(&listing->out, LINE_LIMIT);
    int status = options_parse(listing->command, rows, argc, argv, first);
    if (status >= 0)
        return status;
    int given = argc - *first;
    if (ids < 0 ? given == 0 : given != ids)
        return usage_trouble(listing->command, ids == 0  ? "takes no argument"
                                               : ids > 0 ? "takes one ID"
                                                         : "needs an ID");
    if (!format_parse(listing->command, listing->format_name, formats, &listing->format))
        return EXIT_TROUBLE;
    listing->store = jobs_open(listing->command, listing->store_path, ids >= 0);
    return listing->store ? -1 : EXIT_TROUBLE;
}

static int close_listing(struct listing *listing, int status)
{
    store_close(listing->store);
    buffer_free(&listing->out);
    return status;
}

int jobs_list(const struct command *command, int argc, char **argv)
{
    struct listing listing = {
        .command = command, .store_path = default_store(), .format_name = "text"};
    const struct option_row rows[] = {
        SHARED_STORE(&listing.store_path),
        {"state", OPTION_TEXT, "STATE", "Only queued, running, done, failed or cancelled",
         &listing.state},
        SHARED_FORMAT(&listing.format_name, "text or json"),
        OPTIONS_END,
    };
    int first, status = open_listing(&listing, rows, argc, argv, 0, &first);
    return close_listing(&listing, status < 0 ? list_states(&listing) : status);
}

int jobs_export(const struct command *command, int argc, char **argv)
{
    struct listing listing = {
        .command = command, .store_path = default_store(), .format_name = "text", .results = true};
    const struct option_row rows[] = {
        SHARED_STORE(&listing.store_path),
        {"state", OPTION_TEXT, "STATE", "Only done, or only failed", &listing.state},
        OPTIONS_END,
    };
    int first, status = open_listing(&listing, rows, argc, argv, 0, &first);
    return close_listing(&listing, status < 0 ? list_states(&listing) : status);
}

static enum tw_status visit_shown(void *context, const struct job *job)
{
    struct listing *listing = context;
    if (listing->format == FORMAT_JSON) {
        print_json(&listing->out, job, true);
    } else {
        print_text(&listing->out, job);
        buffer_text(&listing->out, job->result);
        buffer_string(&listing->out, job->result.length ? "\n" : "");
    }
    return listing->out.status;
}

static int show_one(struct listing *listing, const char *id)
{
    struct tw_error error;
    enum tw_status status = job_find(listing->store, text_of(id), visit_shown, listing, &error);
    if (status == TW_NOT_FOUND) {
        trouble(listing->command, "there is no job '%s'", id);
        return EXIT_NO;
    }
    if (status != TW_OK)
        return trouble(listing->command, "%s", error.message);
    fwrite(listing->out.data, 1, listing->out.length, stdout);
    return finish(listing->command, EXIT_DONE);
}

int jobs_show(const struct command *command, int argc, char **argv)
{
    struct listing listing = {
        .command = command, .store_path = default_store(), .format_name = "text"};
    const struct option_row rows[] = {
        SHARED_STORE(&listing.store_path),
        SHARED_FORMAT(&listing.format_name, "text or json"),
        OPTIONS_END,
    };
    int first, status = open_listing(&listing, rows, argc, argv, 1, &first);
    return close_listing(&listing, status < 0 ? show_one(&listing, argv[first]) : status);
}

static int cancel_each(struct listing *listing, char **ids)
{
    int leave = EXIT_DONE;
    for (; *ids; ids++) {
        struct tw_error error;
        bool cancelled;
        if (job_cancel(listing->store, text_of(*ids), &cancelled, &error) != TW_OK)
            return trouble(listing->command, "%s", error.message);
        if (cancelled)
            continue;
        trouble(listing->command, "'%s' has ended already, or is no job", *ids);
        leave = EXIT_NO;
    }
    return leave;
}

int jobs_cancel(const struct command *command, int argc, char **argv)
{
    struct listing listing = {
        .command = command, .store_path = default_store(), .format_name = "text"};
    const struct option_row rows[] = {SHARED_STORE(&listing.store_path), OPTIONS_END};
    int first, status = open_listing(&listing, rows, argc, argv, -1, &first);
    return close_listing(&listing, status < 0 ? cancel_each(&listing, argv + first) : status);
}
