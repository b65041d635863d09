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
#include "base/map.h"
#include "base/quotation.h"
#include "base/value.h"
#include "queue/batch_line.h"
#include "queue/job_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 512 << 20, ARENA_LIMIT = 1 << 30, GROUP = 64 };

#define DAY ((int64_t)86400000) /* milliseconds */

struct submitting {
    const struct command *command;
    const char *store_path, *deadline, *id, *format_name;
    struct text_list set;
    enum output_format format;
    int64_t now, until;
    struct buffer file;
    struct store *store;
    struct attribute_pairs pairs;
    size_t submitted, existed, differing;
};

/* One line, ready for the store. */
struct ready {
    struct buffer id, body;
};

static void ready_init(struct ready *ready)
{
    buffer_init(&ready->id, JOB_ID_MAX);
    buffer_init(&ready->body, JOB_BYTES_MAX);
}

static void ready_free(struct ready *ready)
{
    buffer_free(&ready->id);
    buffer_free(&ready->body);
}

static enum tw_status make_ready(const struct submitting *run, struct text line,
                                 struct ready *ready, struct tw_error *error)
{
    struct batch_request request;
    buffer_clear(&ready->id);
    buffer_clear(&ready->body);
    enum tw_status status = batch_line_read(line, &request, error);
    if (status == TW_OK) {
        struct job_body job = {.custom_id = buffer_view(&request.custom_id),
                               .endpoint = request.endpoint,
                               .deadline = run->until,
                               .attributes = run->pairs.items,
                               .attribute_count = run->pairs.count,
                               .body = request.body};
        job_body_write(&ready->body, &job);
        buffer_text(&ready->id, run->id ? text_of(run->id) : job.custom_id);
        status = ready->body.status ? ready->body.status : ready->id.status;
        if (status != TW_OK)
            fail(error, status, "the request is over %d bytes", JOB_BYTES_MAX);
    }
    batch_request_free(&request);
    return status;
}

/* Where reading stands. */
struct lines {
    struct text rest;
    size_t number; /* of the line that was taken last; from 1 */
};

static bool is_blank(struct text line)
{
    for (size_t i = 0; i < line.length; i++)
        if (!memchr(" \t\r", line.data[i], 3))
            return false;
    return true;
}

/* Takes the next line that is not blank. */
static bool next_line(struct lines *lines, struct text *line)
{
    struct text *rest = &lines->rest;
    while (rest->length) {
        const char *end = memchr(rest->data, '\n', rest->length);
        size_t length = end ? (size_t)(end - rest->data) : rest->length;
        *line = (struct text){rest->data, length};
        rest->data += length + (end != NULL);
        rest->length -= length + (end != NULL);
        lines->number++;
        if (!is_blank(*line))
            return true;
    }
    return false;
}

static int bad_line(const struct submitting *run, size_t number, const char *why)
{
    return trouble(run->command, "line %zu: %s; nothing was submitted", number, why);
}

/* Remembers the line of an id. */
static int take_id(struct submitting *run, struct map *ids, struct text id, size_t number)
{
    const size_t *first = map_get(ids, id);
    if (id.length == 0) /* one is made */
        return EXIT_DONE;
    if (first)
        return trouble(run->command,
                       "line %zu: the id %s is that of line %zu too; nothing was submitted", number,
                       quote(id).text, *first);
    struct text kept = arena_text(ids->arena, id);
    size_t *line = ARENA_ARRAY(ids->arena, size_t, 1);
    if (!line || ids->arena->failed)
        return trouble(run->command, "out of memory");
    *line = number;
    return map_set(ids, kept, line) ? EXIT_DONE : trouble(run->command, "out of memory");
}

static int check_each(struct submitting *run, struct ready *ready, struct map *ids)
{
    struct lines lines = {.rest = buffer_view(&run->file)};
    struct text line;
    struct tw_error error;
    size_t count = 0;
    for (; next_line(&lines, &line); count++) {
        if (make_ready(run, line, ready, &error) != TW_OK)
            return bad_line(run, lines.number, error.message);
        if (run->id && count)
            return bad_line(run, lines.number, "--id names one request, and this is another");
        if (take_id(run, ids, buffer_view(&ready->id), lines.number) != EXIT_DONE)
            return EXIT_TROUBLE;
    }
    return count ? EXIT_DONE : trouble(run->command, "there is no request");
}

/* Reads all lines, and submits none. */
static int check_lines(struct submitting *run)
{
    struct ready ready;
    struct arena arena;
    struct map ids;
    arena_init(&arena, ARENA_LIMIT);
    map_init(&ids, &arena);
    ready_init(&ready);
    int leave = check_each(run, &ready, &ids);
    ready_free(&ready);
    arena_free(&arena);
    return leave;
}

/* A job that is there, beside the one that was to be submitted. */
struct comparison {
    struct text submitted;
    bool differs;
};

static enum tw_status visit_existing(void *context, const struct job *job)
{
    struct comparison *comparison = context;
    struct job_body theirs, ours;
    struct arena arena;
    arena_init(&arena, ARENA_LIMIT);
    comparison->differs = job_body_read(job->body, &arena, &theirs, NULL) != TW_OK ||
                          job_body_read(comparison->submitted, &arena, &ours, NULL) != TW_OK ||
                          theirs.endpoint != ours.endpoint || !text_equal(theirs.body, ours.body);
    arena_free(&arena);
    return TW_OK;
}

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

static int count_submission(struct submitting *run, const struct job_submission *submission)
{
    struct comparison comparison = {.submitted = submission->body};
    struct tw_error error;
    if (submission->existed &&
        job_find(run->store, submission->id, visit_existing, &comparison, &error) != TW_OK)
        return trouble(run->command, "%s", error.message);
    run->submitted += !submission->existed;
    run->existed += submission->existed;
    run->differing += comparison.differs;
    say_submitted(run, submission->id,
                  comparison.differs    ? " (was there already, FOR ANOTHER REQUEST: not submitted)"
                  : submission->existed ? " (was there already)"
                                        : "");
    return EXIT_DONE;
}

static int submit_group(struct submitting *run, struct ready *ready, size_t *filled)
{
    size_t count = *filled;
    struct job_submission submissions[GROUP];
    struct tw_error error;
    int leave = EXIT_DONE;
    *filled = 0;
    for (size_t i = 0; i < count; i++)
        submissions[i] = (struct job_submission){
            .id = buffer_view(&ready[i].id), .body = buffer_view(&ready[i].body), .due = run->now};
    if (job_submit(run->store, submissions, count, run->now, &error) != TW_OK)
        return trouble(run->command, "%s; %zu jobs were submitted before", error.message,
                       run->submitted);
    for (size_t i = 0; i < count && leave == EXIT_DONE; i++)
        leave = count_submission(run, &submissions[i]);
    return leave;
}

static int submit_lines(struct submitting *run)
{
    struct lines lines = {.rest = buffer_view(&run->file)};
    struct ready group[GROUP];
    struct text line;
    struct tw_error error;
    size_t count = 0;
    int leave = EXIT_DONE;
    for (size_t i = 0; i < GROUP; i++)
        ready_init(&group[i]);
    while (leave == EXIT_DONE && next_line(&lines, &line)) {
        if (make_ready(run, line, &group[count++], &error) != TW_OK)
            leave = trouble(run->command, "line %zu: %s; %zu jobs were submitted before",
                            lines.number, error.message, run->submitted);
        else if (count == GROUP)
            leave = submit_group(run, group, &count);
    }
    if (leave == EXIT_DONE && count)
        leave = submit_group(run, group, &count);
    for (size_t i = 0; i < GROUP; i++)
        ready_free(&group[i]);
    return leave;
}

static int read_deadline(struct submitting *run)
{
    int64_t time = DAY;
    if (run->deadline && (value_parse(TW_TYPE_DURATION, text_of(run->deadline), &time, NULL) ||
                          time <= 0 || time > INSTANT_LAST - run->now))
        return trouble(run->command, "--deadline: \"%s\" is no time such as 24h", run->deadline);
    run->until = run->now + time;
    return EXIT_DONE;
}

static int run_submit(struct submitting *run, const char *path)
{
    static const char *const formats[] = {"text", "json", NULL};
    if (!format_parse(run->command, run->format_name, formats, &run->format) ||
        read_deadline(run) != EXIT_DONE ||
        attribute_pairs_read(run->command, &run->set, &run->pairs) != EXIT_DONE ||
        !read_file(run->command, path ? path : "-", FILE_LIMIT, &run->file) ||
        check_lines(run) != EXIT_DONE)
        return EXIT_TROUBLE;
    run->store = jobs_open(run->command, run->store_path, false);
    if (!run->store || submit_lines(run) != EXIT_DONE)
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
