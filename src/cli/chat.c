/* cli/chat.c: tierway chat [MESSAGE]: one request through policy, dispatch and ledger.
 *
 * The store is opened before anything is sent. An interrupt ends the request at the provider as
 * well, and is accounted for. Exit status: 0 answered; 1 rejected by the policy, or the provider
 * answered with an error; 2 no answer, or it is not in the ledger. */
#include "cli/attribute_pairs.h"
#include "cli/chat_report.h"
#include "cli/environment.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "cli/signal_watch.h"

#include "base/json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MODEL "gpt-4.1"

enum { BODY_LIMIT = 32 << 20, REPORT_LIMIT = 256 << 20 };

struct settings {
    const char *policy, *body, *model, *force_tier, *upstream, *endpoint, *prices, *store, *now;
    const char *format_name;
    struct text_list set;
    bool stream, raw;
    enum output_format format;
};

/* One run of the command. */
struct chat_command {
    const struct command *command;
    struct settings settings;
    struct policy_file policy;
    tw_router *router;
    struct buffer body;
    struct attribute_pairs pairs; /* of --set and --force-tier */
    struct tw_chat chat;
    bool written; /* something of the answer stands on standard output */
    bool broken;  /* standard output takes no more */
};

static void message_body(const struct settings *settings, const char *message, struct buffer *body)
{
    buffer_string(body, "{\"model\":");
    json_write_string(body, text_of(settings->model ? settings->model : DEFAULT_MODEL));
    buffer_string(body, ",\"messages\":[{\"role\":\"user\",\"content\":");
    json_write_string(body, text_of(message));
    buffer_string(body, settings->stream ? "}],\"stream\":true}" : "}]}");
}

/* --model and --stream write members that a body from a file may have itself. */
static int complete_body(struct chat_command *run)
{
    const struct settings *settings = &run->settings;
    struct json_value root, found;
    struct tw_error error;
    if (json_parse(buffer_view(&run->body), &root, &error) != TW_OK)
        return trouble(run->command, "%s: %s", settings->body, error.message);
    struct json_iterator members = json_members_begin(root);
    struct json_member first;
    bool empty = !json_next_member(&members, &first);
    struct buffer whole;
    buffer_init(&whole, BODY_LIMIT);
    if (root.kind != JSON_OBJECT)
        return trouble(run->command, "%s: a request's body is a JSON object", settings->body);
    if ((settings->model && json_find(root, TEXT("model"), &found) != TW_NOT_FOUND) ||
        (settings->stream && json_find(root, TEXT("stream"), &found) != TW_NOT_FOUND &&
         found.kind != JSON_TRUE))
        return trouble(run->command,
                       "--model and --stream contradict the body, which says its own");
    buffer_byte(&whole, '{');
    if (settings->model) {
        buffer_string(&whole, "\"model\":");
        json_write_string(&whole, text_of(settings->model));
        buffer_string(&whole, empty && !settings->stream ? "" : ",");
    }
    if (settings->stream && json_find(root, TEXT("stream"), &found) == TW_NOT_FOUND)
        buffer_string(&whole, empty ? "\"stream\":true" : "\"stream\":true,");
    buffer_append(&whole, root.raw.data + 1, root.raw.length - 1);
    buffer_free(&run->body);
    run->body = whole;
    return EXIT_DONE;
}

static int make_body(struct chat_command *run, const char *message)
{
    const struct settings *settings = &run->settings;
    int status = EXIT_DONE;
    if (!message == !settings->body)
        return usage_trouble(run->command, message ? "a MESSAGE and --body exclude each other"
                                                   : "needs a MESSAGE or --body FILE");
    if (message)
        message_body(settings, message, &run->body);
    else if (!read_file(run->command, settings->body, BODY_LIMIT, &run->body))
        return EXIT_TROUBLE;
    else if (settings->model || settings->stream)
        status = complete_body(run);
    if (status == EXIT_DONE && run->body.status)
        status = trouble(run->command, "the body: %s", tw_status_text(run->body.status));
    run->chat.body = run->body.data ? run->body.data : "";
    run->chat.length = run->body.length;
    return status;
}

/* --set ATTR=VALUE and --force-tier as pairs. */
static int make_pairs(struct chat_command *run)
{
    const struct settings *settings = &run->settings;
    struct attribute_pairs *pairs = &run->pairs;
    int status = attribute_pairs_read(run->command, &settings->set, pairs);
    if (status != EXIT_DONE)
        return status;
    if (settings->force_tier)
        pairs->items[pairs->count++] = (struct tw_pair){"force_tier", settings->force_tier};
    run->chat.attributes = pairs->items;
    run->chat.attribute_count = pairs->count;
    return EXIT_DONE;
}

static int open_router(struct chat_command *run)
{
    const struct settings *settings = &run->settings;
    struct tw_error error;
    struct tw_router_options options = {
        .policy = run->policy.policy, .prices = settings->prices, .store = settings->store};
    int status = choose_upstream(run->command, settings->upstream, &options);
    if (status == EXIT_DONE && tw_router_new(&options, &run->router, &error) != TW_OK)
        return trouble(run->command, "%s", error.message);
    return status;
}

/* Nobody reads standard output any more, or the disk is full: the request is broken off. */
static bool write_out(struct chat_command *run, const char *data, size_t length)
{
    run->written = run->written || length > 0;
    if (fwrite(data, 1, length, stdout) != length || fflush(stdout) != 0)
        run->broken = true;
    return !run->broken;
}

static bool print_piece(void *context, const struct tw_piece *piece)
{
    struct chat_command *run = context;
    if (!run->settings.raw)
        return write_out(run, piece->text, piece->text_length);
    struct buffer event;
    buffer_init(&event, REPORT_LIMIT);
    if (piece->event_length)
        buffer_format(&event, "event: %.*s\n", (int)piece->event_length, piece->event);
    buffer_string(&event, "data: ");
    for (size_t i = 0; i < piece->data_length; i++) {
        buffer_byte(&event, piece->data[i]);
        buffer_string(&event, piece->data[i] == '\n' ? "data: " : "");
    }
    buffer_string(&event, "\n\n");
    bool good = write_out(run, event.data ? event.data : "", event.length);
    buffer_free(&event);
    return good;
}

/* What the answer and the report are on standard output. */
static void print_answer(struct chat_command *run, const struct tw_result *result)
{
    const struct settings *settings = &run->settings;
    struct buffer out;
    buffer_init(&out, REPORT_LIMIT);
    if (settings->raw && !run->written) {
        buffer_append(&out, result->body, result->body_length);
    } else if (settings->format == FORMAT_JSON && !settings->raw) {
        chat_report_json(result, &out);
    } else if (!settings->raw) {
        if (result->outcome == TW_ANSWERED && !run->written)
            buffer_append(&out, result->content, result->content_length);
        if (run->written || out.length)
            buffer_string(&out, "\n\n");
        chat_report_text(result, &out);
    }
    write_out(run, out.data ? out.data : "", out.length);
    if (out.status)
        trouble(run->command, "the answer is too large to be printed");
    buffer_free(&out);
}

static int say_outcome(const struct chat_command *run, const struct tw_result *result)
{
    const char *message = result->message ? result->message : "no reason is given";
    switch (result->outcome) {
    case TW_ANSWERED:
        return EXIT_DONE;
    case TW_REJECTED:
        trouble(run->command, "the policy rejects this request (%s): %s", result->rule, message);
        return EXIT_NO;
    case TW_PROVIDER_ERROR:
        trouble(run->command, "the provider answered %d%s%s: %s", result->http_status,
                result->error_code ? ", " : "", result->error_code ? result->error_code : "",
                message);
        return EXIT_NO;
    case TW_NO_ANSWER:
        return trouble(run->command, "no answer: %s", message);
    case TW_STOPPED:
        return trouble(run->command, "%s",
                       run->broken ? "cannot write to standard output" : message);
    }
    return EXIT_TROUBLE;
}

static int report(struct chat_command *run, const struct tw_result *result)
{
    print_answer(run, result);
    int status = say_outcome(run, result);
    if (result->ledger != TW_OK)
        status = trouble(run->command, "NOT ACCOUNTED: the ledger could not be written: %s",
                         result->ledger_message);
    return status;
}

static void cancel_chat(void *router)
{
    tw_router_cancel(router);
}

static int send_chat(struct chat_command *run)
{
    const struct settings *settings = &run->settings;
    struct tw_result *result;
    struct tw_error error;
    struct signal_watch watch;
    run->chat.endpoint = settings->endpoint;
    run->chat.context = run;
    bool stream_to_people = settings->format == FORMAT_TEXT || settings->raw;
    run->chat.on_piece = settings->stream && stream_to_people ? print_piece : NULL;
    signal_watch_start(&watch, cancel_chat, run->router);
    enum tw_status status = tw_router_chat(run->router, &run->chat, &result, &error);
    signal_watch_stop(&watch);
    int leave = status ? trouble(run->command, "%s", error.message) : report(run, result);
    tw_result_free(result);
    return leave;
}

static int run_chat(struct chat_command *run, const char *message)
{
    static const char *const formats[] = {"text", "json", NULL};
    const struct settings *settings = &run->settings;
    if (!settings->policy)
        return usage_trouble(run->command, "needs --policy FILE");
    if (settings->endpoint && settings->endpoint[0] != '/')
        return trouble(run->command, "--endpoint is a path such as /chat/completions");
    run->chat.instant = -1;
    if (!format_parse(run->command, settings->format_name, formats, &run->settings.format) ||
        (settings->now && !read_now(run->command, settings->now, &run->chat.instant)))
        return EXIT_TROUBLE;
    int status = make_body(run, message);
    if (status == EXIT_DONE)
        status = make_pairs(run);
    if (status == EXIT_DONE && !policy_file_open(run->command, settings->policy, &run->policy))
        status = EXIT_TROUBLE;
    if (status == EXIT_DONE)
        status = open_router(run);
    return status == EXIT_DONE ? send_chat(run) : status;
}

static void free_all(struct chat_command *run)
{
    tw_router_free(run->router);
    policy_file_close(&run->policy);
    buffer_free(&run->body);
    free(run->settings.set.items);
    attribute_pairs_free(&run->pairs);
}

int command_chat(const struct command *command, int argc, char **argv)
{
    struct chat_command run = {.command = command,
                               .settings = {.format_name = "text", .store = default_store()}};
    struct settings *settings = &run.settings;
    const struct option_row rows[] = {
        SHARED_POLICY(&settings->policy),
        {"body", OPTION_TEXT, "FILE", "The request's JSON body, - for standard input",
         &settings->body},
        {"model", OPTION_TEXT, "NAME", "The model to ask; " DEFAULT_MODEL " for a MESSAGE",
         &settings->model},
        SHARED_SET(&settings->set),
        {"force-tier", OPTION_TEXT, "TIER", "The same as --set force_tier=TIER",
         &settings->force_tier},
        {"stream", OPTION_FLAG, NULL, "Print the answer as it arrives", &settings->stream},
        SHARED_UPSTREAM(&settings->upstream),
        {"endpoint", OPTION_TEXT, "PATH", "/chat/completions or /responses, if not by the body",
         &settings->endpoint},
        {"prices", OPTION_TEXT, "NAME|FILE", "Price table: openai, seed, or a file",
         &settings->prices},
        SHARED_STORE(&settings->store),
        SHARED_NOW(&settings->now),
        SHARED_FORMAT(&settings->format_name, "text or json"),
        {"raw", OPTION_FLAG, NULL, "Print the provider's answer as it came, and nothing else",
         &settings->raw},
        OPTIONS_END,
    };
    int first;
    buffer_init(&run.body, BODY_LIMIT);
    signal(SIGPIPE, SIG_IGN);
    int status = options_parse(command, rows, argc, argv, &first);
    if (status < 0 && argc > first + 1)
        status = usage_trouble(command, "takes one MESSAGE; put it in quotes");
    if (status < 0)
        status = run_chat(&run, argv[first]);
    free_all(&run);
    return status;
}
