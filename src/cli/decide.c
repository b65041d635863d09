/* cli/decide.c: tierway decide FILE [ATTR=VALUE...]
 *
 * With --jsonl it is a filter: one JSON object of attributes a line in, one decision a line out, in
 * order. A line that cannot be read gets an error object, and the rest goes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/decision.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "program/run/program.h"
#include "runtime/attributes_json.h"

enum { LINE_LIMIT = 16 << 20, READ_SIZE = 1 << 16, WRITE_SIZE = 1 << 16 };

struct filter {
    const struct command *command;
    const tw_policy *policy;
    tw_request *request;
    struct decision_texts texts;
    struct text_list set; /* --set: before what the line says */
    const char *now;      /* --now, NULL: the system's clock at each line */
    int64_t instant;
    bool ignore_unknown;
    bool reads_clock;
    struct buffer out, scratch;
    int64_t line_number;
    bool some_failed;
};

static bool flush(struct filter *filter)
{
    size_t length = filter->out.length;
    bool good = fwrite(filter->out.data ? filter->out.data : "", 1, length, stdout) == length;
    buffer_clear(&filter->out);
    return good;
}

static void write_error(struct filter *filter, const char *message)
{
    filter->some_failed = true;
    buffer_string(&filter->out, "{\"error\": ");
    json_write_string(&filter->out, text_of(message));
    buffer_format(&filter->out, ", \"line_number\": %lld}\n", (long long)filter->line_number);
}

static bool prepare_request(struct filter *filter)
{
    tw_request_clear(filter->request);
    if (filter->reads_clock) {
        int64_t instant = filter->now ? filter->instant : clock_system() / 1000000;
        request_set_instant(filter->request, instant);
    }
    return set_attributes(filter->command, filter->request, filter->set.items, filter->set.count);
}

static void decide_line(struct filter *filter, struct text line)
{
    struct json_value root;
    struct tw_error error;
    filter->line_number++;
    if (!prepare_request(filter)) {
        write_error(filter, "--set cannot be applied");
        return;
    }
    enum tw_status status = json_parse(line, &root, &error);
    if (status == TW_OK && root.kind != JSON_OBJECT)
        status = fail(&error, TW_INVALID, "a line is one JSON object, not %s",
                      json_kind_words(root.kind));
    if (status == TW_OK)
        status = attributes_set_json(filter->request, root, filter->ignore_unknown,
                                     &filter->scratch, &error);
    if (status)
        write_error(filter, error.message);
    else
        decision_texts_write(&filter->texts, filter->policy, filter->request,
                             tw_decide(filter->policy, filter->request), &filter->out);
}

static bool is_blank(struct text line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static void take_line(struct filter *filter, struct text line)
{
    if (is_blank(line))
        filter->line_number++;
    else
        decide_line(filter, line);
}

/* Decides the whole lines of the input; returns how many bytes they were. */
static size_t take_lines(struct filter *filter, struct text input)
{
    size_t taken = 0;
    for (;;) {
        const char *start = input.data + taken;
        const char *end = memchr(start, '\n', input.length - taken);
        if (!end)
            return taken;
        take_line(filter, (struct text){start, (size_t)(end - start)});
        taken += (size_t)(end - start) + 1;
        if (filter->out.length > WRITE_SIZE && !flush(filter))
            return taken;
    }
}

static void keep_rest(struct buffer *input, size_t taken)
{
    memmove(input->data, input->data + taken, input->length - taken);
    input->length -= taken;
}

/* A line over the limit: says so once, and skips to its end. */
static void skip_long_line(struct filter *filter, struct buffer *input, bool *skipping)
{
    if (!*skipping) {
        filter->line_number++;
        write_error(filter, "the line is longer than 16 MB");
    }
    *skipping = true;
    buffer_clear(input);
}

static void end_skipping(struct buffer *input, bool *skipping)
{
    const char *end = memchr(input->data, '\n', input->length);
    if (!end) {
        buffer_clear(input);
        return;
    }
    keep_rest(input, (size_t)(end - input->data) + 1);
    *skipping = false;
}

/* Output is flushed whenever no more input is waiting, so that the filter never holds back an
 * answer in a conversation through pipes. */
static int run_filter(struct filter *filter)
{
    struct buffer input;
    bool skipping = false, good = true;
    ssize_t got = 0;
    buffer_init(&input, LINE_LIMIT + READ_SIZE);
    while (good && buffer_reserve(&input, READ_SIZE)) {
        got = read(STDIN_FILENO, input.data + input.length, READ_SIZE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        input.length += (size_t)got;
        if (skipping)
            end_skipping(&input, &skipping);
        keep_rest(&input, take_lines(filter, buffer_view(&input)));
        if (input.length > LINE_LIMIT)
            skip_long_line(filter, &input, &skipping);
        good = flush(filter) && (got == READ_SIZE || fflush(stdout) == 0);
    }
    if (input.length && !skipping && got == 0)
        take_line(filter, buffer_view(&input));
    good = flush(filter) && good;
    bool no_memory = input.status != TW_OK;
    buffer_free(&input);
    if (got < 0 || no_memory)
        return trouble(filter->command, "cannot read standard input: %s",
                       no_memory ? "out of memory" : strerror(errno));
    return finish(filter->command, !good                 ? EXIT_TROUBLE
                                   : filter->some_failed ? EXIT_NO
                                                         : EXIT_DONE);
}

static int decide_lines(struct filter *filter)
{
    int status = EXIT_TROUBLE;
    buffer_init(&filter->out, 256u << 20);
    buffer_init(&filter->scratch, LINE_LIMIT);
    if (decision_texts_make(&filter->texts, filter->policy) == TW_OK && prepare_request(filter))
        status = run_filter(filter);
    decision_texts_free(&filter->texts);
    buffer_free(&filter->scratch);
    buffer_free(&filter->out);
    return status;
}

static int decide_one(struct filter *filter, const char *const *arguments, size_t count, bool json)
{
    struct buffer out;
    tw_request *request = filter->request;
    /* A `now=` argument stands for the whole clock; without one the clock is --now or the system's.
     */
    if (!gives_now(arguments, count) && !gives_now(filter->set.items, filter->set.count))
        request_set_instant(request, filter->instant);
    if (!set_attributes(filter->command, request, filter->set.items, filter->set.count) ||
        !set_attributes(filter->command, request, arguments, count))
        return EXIT_TROUBLE;
    uint32_t rule = tw_decide(filter->policy, request);
    buffer_init(&out, 1 << 20);
    buffer_string(&out, json ? "{" : "");
    (json ? decision_json : decision_text)(filter->policy, request, rule, &out);
    buffer_string(&out, json ? "}\n" : "");
    fwrite(out.data ? out.data : "", 1, out.length, stdout);
    buffer_free(&out);
    return finish(filter->command, EXIT_DONE);
}

int command_decide(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct filter filter = {.command = command};
    const char *format_name = "text";
    enum output_format format;
    bool lines = false;
    int at;
    const struct option_row rows[] = {
        {"jsonl", OPTION_FLAG, NULL, "Read one JSON object of attributes a line", &lines},
        {"ignore-unknown", OPTION_FLAG, NULL, "With --jsonl: pass over members of other names",
         &filter.ignore_unknown},
        SHARED_NOW(&filter.now),
        SHARED_SET(&filter.set),
        SHARED_FORMAT(&format_name, "text or json"),
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (at == argc)
        return usage_trouble(command, "name a policy file");
    if (lines && argc - at > 1)
        return usage_trouble(command,
                             "with --jsonl, attributes come from standard input and --set");
    struct policy_file file = {0};
    status = EXIT_TROUBLE;
    if (format_parse(command, format_name, formats, &format) &&
        read_now(command, filter.now, &filter.instant) &&
        policy_file_open(command, argv[at], &file)) {
        filter.policy = file.policy;
        filter.reads_clock = file.policy->section_INFO->reads_clock;
        if (tw_request_new(file.policy, &filter.request) != TW_OK)
            status = trouble(command, "out of memory");
        else if (lines)
            status = decide_lines(&filter);
        else
            status = decide_one(&filter, (const char *const *)argv + at + 1,
                                (size_t)(argc - at - 1), format == FORMAT_JSON);
        tw_request_free(filter.request);
    }
    policy_file_close(&file);
    free(filter.set.items);
    return status;
}
