/* cli/jobs_show.c: tierway jobs show: all that is known of a job: its members, its result, and the
 * attempts of the ledger that led to it. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/jobs_print.h"
#include "cli/ledger_options.h"
#include "cli/shared_options.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/store.h"

#include <stdio.h>

enum { OUT_LIMIT = 4 * JOB_BYTES_MAX };

/* Milliseconds before a job's end in which its last attempts began: longer than any of a provider's
 * own limits. */
#define ATTEMPTS_WITHIN INT64_C(3600000)

struct showing {
    const struct command *command;
    const char *store_path, *format_name;
    enum output_format format;
    struct buffer out, attempts, request_id;
    int64_t submitted, ended;
    size_t attempt_count;
};

/* --- attempts --- */

static void print_attempt_json(struct buffer *out, const struct ledger_row *row)
{
    buffer_format(out, "{\"outcome\": \"%s\"",
                  ledger_outcome_name((enum ledger_outcome)row->outcome));
    job_print_text(out, "chosen_tier", row->chosen_tier);
    job_print_text(out, "attempted_tier", row->attempted_tier);
    job_print_text(out, "served_tier", row->served_tier);
    job_print_text(out, "rule", row->rule);
    buffer_format(out, ", \"latency_ms\": %lld}", (long long)row->latency);
}

static void print_attempt_text(struct buffer *out, const struct ledger_row *row)
{
    buffer_format(out, "attempt:   %s at ", ledger_outcome_name((enum ledger_outcome)row->outcome));
    print_visible(out, row->attempted_tier.length ? row->attempted_tier : TEXT("no tier"));
    if (!text_equal(row->attempted_tier, row->chosen_tier)) {
        buffer_string(out, " instead of ");
        print_visible(out, row->chosen_tier.length ? row->chosen_tier : TEXT("no tier"));
    }
    buffer_string(out, ", rule ");
    print_visible(out, row->rule);
    buffer_format(out, ", %lld ms\n", (long long)row->latency);
}

static enum tw_status visit_row(void *context, const struct ledger_row *row)
{
    struct showing *showing = context;
    if (!text_equal(row->request_id, buffer_view(&showing->request_id)))
        return TW_OK;
    if (showing->format == FORMAT_JSON) {
        buffer_string(&showing->attempts, showing->attempt_count ? ", " : "");
        print_attempt_json(&showing->attempts, row);
    } else {
        print_attempt_text(&showing->attempts, row);
    }
    showing->attempt_count++;
    return showing->attempts.status;
}

/* The request's own id, as the ledger has it. */
static void read_request_id(struct showing *showing, struct text result)
{
    struct json_value root, response, id;
    if (result.length && json_parse(result, &root, NULL) == TW_OK &&
        json_find(root, TEXT("response"), &response) == TW_OK && response.kind == JSON_OBJECT &&
        json_find(response, TEXT("request_id"), &id) == TW_OK && id.kind == JSON_STRING)
        json_string_decode(id, &showing->request_id);
}

static enum tw_status find_attempts(struct showing *showing, struct store *store,
                                    struct tw_error *error)
{
    int64_t from = showing->ended - ATTEMPTS_WITHIN;
    if (showing->request_id.length == 0)
        return TW_OK;
    const struct ledger_range range = {from > showing->submitted ? from : showing->submitted,
                                       showing->ended + 1};
    return ledger_each(store, range, visit_row, showing, error);
}

/* --- the job --- */

static void print_instant(struct buffer *out, const char *name, int64_t instant)
{
    if (!instant)
        return;
    buffer_format(out, "%-11s", name);
    instant_print(out, instant);
    buffer_byte(out, '\n');
}

static void print_words(struct buffer *out, const char *name, struct text text)
{
    if (!text.length)
        return;
    buffer_format(out, "%-11s", name);
    print_visible(out, text);
    buffer_byte(out, '\n');
}

static void print_text(struct buffer *out, const struct job *job)
{
    print_words(out, "id:", job->id);
    print_words(out, "state:", text_of(job_state_name(job->state)));
    print_words(out, "owner:", job->owner);
    print_words(out, "batch:", job->batch);
    print_words(out, "callback:", job->callback);
    print_instant(out, "submitted:", job->submitted);
    print_instant(out, "due:", job->state == JOB_QUEUED ? job->due : 0);
    print_instant(out, "deadline:", job->deadline);
    print_instant(out, "lease:", job->state == JOB_RUNNING ? job->lease : 0);
    print_instant(out, "ended:", job->ended);
    buffer_format(out, "claims:    %lld, of which %lld were refused and %lld ran out%s\n",
                  (long long)job->claim, (long long)job->refusals, (long long)job->expired,
                  job->expired ? " (what they sent may be billed twice)" : "");
    print_words(out, "job:", job->body);
    print_words(out, "result:", job->result);
}

static void print_json(struct buffer *out, const struct job *job)
{
    job_print_members(out, job);
    buffer_string(out, ", \"job\": ");
    buffer_text(out, job->body);
    buffer_string(out, ", \"result\": ");
    buffer_text(out, job->result.length ? job->result : TEXT("null"));
}

static enum tw_status visit_job(void *context, const struct job *job)
{
    struct showing *showing = context;
    showing->submitted = job->submitted;
    showing->ended = job->ended;
    read_request_id(showing, job->result);
    if (showing->format == FORMAT_JSON)
        print_json(&showing->out, job);
    else
        print_text(&showing->out, job);
    return showing->out.status;
}

static void print_all(struct showing *showing)
{
    struct text job = buffer_view(&showing->out), attempts = buffer_view(&showing->attempts);
    if (showing->format == FORMAT_JSON)
        printf("{%.*s, \"attempts\": [%.*s]}\n", TEXT_ARGUMENTS(job), TEXT_ARGUMENTS(attempts));
    else
        printf("%.*s%.*s", TEXT_ARGUMENTS(job), TEXT_ARGUMENTS(attempts));
}

static int show(struct showing *showing, struct store *store, const char *id)
{
    struct tw_error error;
    enum tw_status status = job_find(store, text_of(id), visit_job, showing, &error);
    if (status == TW_NOT_FOUND) {
        trouble(showing->command, "there is no job '%s'", id);
        return EXIT_NO;
    }
    if (status == TW_OK)
        status = find_attempts(showing, store, &error);
    if (status != TW_OK)
        return trouble(showing->command, "%s", error.message);
    print_all(showing);
    return finish(showing->command, EXIT_DONE);
}

static int run_show(struct showing *showing, const char *id)
{
    static const char *const formats[] = {"text", "json", NULL};
    if (!format_parse(showing->command, showing->format_name, formats, &showing->format))
        return EXIT_TROUBLE;
    struct store *store = jobs_open(showing->command, showing->store_path, true);
    buffer_init(&showing->out, OUT_LIMIT);
    buffer_init(&showing->attempts, OUT_LIMIT);
    buffer_init(&showing->request_id, LEDGER_TEXT_MAX);
    int leave = store ? show(showing, store, id) : EXIT_TROUBLE;
    buffer_free(&showing->out);
    buffer_free(&showing->attempts);
    buffer_free(&showing->request_id);
    store_close(store);
    return leave;
}

int jobs_show(const struct command *command, int argc, char **argv)
{
    struct showing showing = {
        .command = command, .store_path = default_store(), .format_name = "text"};
    const struct option_row rows[] = {
        SHARED_STORE(&showing.store_path),
        SHARED_FORMAT(&showing.format_name, "text or json"),
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    return argc - first != 1 ? usage_trouble(command, "takes one ID")
                             : run_show(&showing, argv[first]);
}
