/* cli/jobs_submit.c: tierway jobs submit: lines of OpenAI's Batch input, or request bodies, one a
 * line, into the queue. Lines are submitted together in groups, and each group is durable or not
 * there; a job whose id is there already is not submitted again.
 *
 * A file with a bad line is refused before anything of it is submitted. */
#include "cli/jobs.h"
#include "cli/shared_options.h"

#include "base/clock.h"
#include "base/value.h"
#include "queue/batch_line.h"
#include "queue/job_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 512 << 20, GROUP = 64 };

#define DAY ((int64_t)86400000) /* milliseconds */

struct submitting {
    const struct command *command;
    const char *store_path, *deadline, *id, *format_name;
    struct text_list set;
    enum output_format format;
    int64_t now, until;
    struct buffer file;
    struct store *store;
    struct tw_pair *pairs;
    size_t pair_count;
    char *names;
    size_t submitted, existed;
};

/* One line, ready for the store. */
struct ready {
    struct buffer id, body;
};

static int make_pairs(struct submitting *run)
{
    size_t length = 1;
    for (size_t i = 0; i < run->set.count; i++)
        length += strlen(run->set.items[i]) + 1;
    run->names = calloc(1, length);
    run->pairs = calloc(run->set.count + 1, sizeof *run->pairs);
    if (!run->names || !run->pairs)
        return trouble(run->command, "out of memory");
    char *name = run->names;
    for (size_t i = 0; i < run->set.count; i++) {
        const char *argument = run->set.items[i], *sign = strchr(argument, '=');
        if (!sign || sign == argument)
            return trouble(run->command, "\"%s\" is not of the form ATTR=VALUE", argument);
        memcpy(name, argument, (size_t)(sign - argument));
        run->pairs[run->pair_count++] = (struct tw_pair){name, sign + 1};
        name += sign - argument + 1;
    }
    return EXIT_DONE;
}

static enum tw_status make_ready(const struct submitting *run, struct text line,
                                 struct ready *ready, struct tw_error *error)
{
    struct batch_request request;
    enum tw_status status = batch_line_read(line, &request, error);
    if (status == TW_OK) {
        struct job_body job = {.custom_id = buffer_view(&request.custom_id),
                               .endpoint = request.endpoint,
                               .deadline = run->until,
                               .attributes = run->pairs,
                               .attribute_count = run->pair_count,
                               .body = request.body};
        job_body_write(&ready->body, &job);
        buffer_text(&ready->id, run->id ? text_of(run->id) : job.custom_id);
        status = ready->body.status ? ready->body.status : ready->id.status;
        if (status != TW_OK)
            fail(error, status, "%s", tw_status_text(status));
    }
    batch_request_free(&request);
    return status;
}

/* Takes the next line that is not blank off the rest. */
static bool next_line(struct text *rest, struct text *line, size_t *number)
{
    while (rest->length) {
        const char *end = memchr(rest->data, '\n', rest->length);
        size_t length = end ? (size_t)(end - rest->data) : rest->length;
        *line = (struct text){rest->data, length};
        rest->data += length + (end != NULL);
        rest->length -= length + (end != NULL);
        ++*number;
        if (line->length && strspn(line->data, " \t\r") < line->length)
            return true;
    }
    return false;
}

static int submit_group(struct submitting *run, struct ready *ready, size_t count)
{
    struct job_submission submissions[GROUP];
    struct tw_error error;
    for (size_t i = 0; i < count; i++)
        submissions[i] = (struct job_submission){
            .id = buffer_view(&ready[i].id), .body = buffer_view(&ready[i].body), .due = run->now};
    if (job_submit(run->store, submissions, count, run->now, &error) != TW_OK)
        return trouble(run->command, "%s; %zu jobs were submitted before", error.message,
                       run->submitted);
    for (size_t i = 0; i < count; i++) {
        run->submitted += !submissions[i].existed;
        run->existed += submissions[i].existed;
        if (run->format == FORMAT_TEXT)
            printf("%.*s%s\n", TEXT_ARGUMENTS(submissions[i].id),
                   submissions[i].existed ? " (was there already)" : "");
    }
    return EXIT_DONE;
}

/* Reads all lines; submits them where `submit` is set, else only looks whether they are good. */
static int each_line(struct submitting *run, bool submit)
{
    struct text rest = buffer_view(&run->file), line;
    struct ready group[GROUP];
    size_t number = 0, count = 0;
    int leave = EXIT_DONE;
    for (size_t i = 0; i < GROUP; i++) {
        buffer_init(&group[i].id, JOB_ID_MAX);
        buffer_init(&group[i].body, JOB_BYTES_MAX);
    }
    while (leave == EXIT_DONE && next_line(&rest, &line, &number)) {
        struct tw_error error;
        struct ready *ready = &group[submit ? count++ : 0];
        ready->id.length = ready->body.length = 0;
        if (make_ready(run, line, ready, &error) != TW_OK)
            leave =
                trouble(run->command, "line %zu: %s; nothing was submitted", number, error.message);
        else if (count == GROUP) {
            leave = submit_group(run, group, count);
            count = 0;
        }
    }
    if (leave == EXIT_DONE && count)
        leave = submit_group(run, group, count);
    if (leave == EXIT_DONE && number == 0)
        leave = trouble(run->command, "there is no request");
    for (size_t i = 0; i < GROUP; i++) {
        buffer_free(&group[i].id);
        buffer_free(&group[i].body);
    }
    return leave;
}

static int read_deadline(struct submitting *run)
{
    int64_t time = DAY;
    if (run->deadline &&
        (value_parse(TW_TYPE_DURATION, text_of(run->deadline), &time, NULL) != TW_OK || time <= 0))
        return trouble(run->command, "--deadline: \"%s\" is no time such as 24h", run->deadline);
    run->until = run->now + time;
    return EXIT_DONE;
}

static int run_submit(struct submitting *run, const char *path)
{
    static const char *const formats[] = {"text", "json", NULL};
    if (!format_parse(run->command, run->format_name, formats, &run->format) ||
        read_deadline(run) != EXIT_DONE || make_pairs(run) != EXIT_DONE ||
        !read_file(run->command, path ? path : "-", FILE_LIMIT, &run->file) ||
        each_line(run, false) != EXIT_DONE)
        return EXIT_TROUBLE;
    run->store = jobs_open(run->command, run->store_path, false);
    if (!run->store || each_line(run, true) != EXIT_DONE)
        return EXIT_TROUBLE;
    if (run->format == FORMAT_JSON)
        printf("{\"submitted\": %zu, \"existed\": %zu}\n", run->submitted, run->existed);
    return finish(run->command, EXIT_DONE);
}

int jobs_submit(const struct command *command, int argc, char **argv)
{
    struct submitting run = {
        .command = command, .format_name = "text", .now = clock_system() / 1000000};
    const struct option_row rows[] = {
        SHARED_STORE(&run.store_path),
        {"deadline", OPTION_TEXT, "TIME", "To be done within: 24h (the default)", &run.deadline},
        {"id", OPTION_TEXT, "ID", "The job's id, of a file with one request", &run.id},
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
    free(run.pairs);
    free(run.names);
    return status;
}
