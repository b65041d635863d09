/* cli/simulate.c: tierway simulate NEW [--against OLD] --log FILE|--ledger
 *
 * Replays recorded requests through one policy or two, prints what that comes to, and leaves with 1
 * where a --fail-if holds. */
#include "cli/environment.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "simulate/ledger_log.h"
#include "simulate/report.h"

#include "base/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    GATES_MAX = 64,
    PROGRESS_AFTER = 1000000000, /* nanoseconds */
    PROGRESS_EVERY = 200000000
};

struct replay {
    const struct command *command;
    const char *against, *log, *log_format, *store, *prices, *served, *html, *format_name;
    struct text_list set, refusals, latencies, conditions;
    bool ledger, progress;
    enum output_format format;
    struct policy_file files[SIDES];
    struct price_table *table;
    struct simulation *simulation;
    struct gate gates[GATES_MAX];
    struct gate_result results[GATES_MAX];
    const char *new_name;
    int64_t started, told; /* nanoseconds */
    int64_t size;          /* bytes of the log; 0: not known */
};

static int fail_by(const struct replay *replay, const struct tw_error *error)
{
    return trouble(replay->command, "%s", error->message);
}

/* Progress, on one line that is written over. */

static enum tw_status show_progress(void *context, int64_t done)
{
    struct replay *replay = context;
    int64_t now = clock_monotonic();
    if (!replay->progress || now - replay->started < PROGRESS_AFTER ||
        now - replay->told < PROGRESS_EVERY)
        return TW_OK;
    replay->told = now;
    fprintf(stderr, "\r%lld requests", (long long)replay->simulation->requests);
    if (replay->size > 0)
        fprintf(stderr, ", %d%%", (int)(done * 100 / replay->size));
    return TW_OK;
}

static void end_progress(const struct replay *replay)
{
    if (replay->told)
        fputs("\r                                        \r", stderr);
}

/* Each listener's function has the replay as its context. */
static enum tw_status take_record(void *context, const struct log_record *record)
{
    return simulation_take(((struct replay *)context)->simulation, record);
}

static enum tw_status take_broken(void *context, int64_t line, const struct tw_error *why)
{
    return simulation_take_broken(((struct replay *)context)->simulation, line, why);
}

/* Options. */

static bool read_log_format(struct replay *replay, struct log_options *options)
{
    options->detect = strcmp(replay->log_format, "auto") == 0;
    if (options->detect)
        return true;
    for (int format = 0; format < LOG_FORMAT_COUNT; format++)
        if (strcmp(replay->log_format, log_format_name((enum log_format)format)) == 0) {
            options->format = (enum log_format)format;
            return true;
        }
    trouble(replay->command,
            "--log-format: `%s` is not a format; it takes auto, jsonl, litellm or openai-usage",
            replay->log_format);
    return false;
}

/* Sets TIER=VALUE options of one kind. */
static bool assume(struct replay *replay, const struct text_list *list, const char *option,
                   enum tw_type type)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->items[i], *sign = strchr(text, '=');
        struct tw_error error;
        int64_t value;
        if (!sign || sign == text) {
            trouble(replay->command, "--%s: \"%s\" is not of the form TIER=VALUE", option, text);
            return false;
        }
        if (value_parse(type, text_of(sign + 1), &value, &error) != TW_OK) {
            trouble(replay->command, "--%s: %s", option, error.message);
            return false;
        }
        bool refusal = type == TW_TYPE_PERCENT;
        if (refusal && value > PERCENT_ALL) {
            trouble(replay->command, "--%s: \"%s\" is more than all requests", option, text);
            return false;
        }
        enum tw_status status =
            simulation_assume(replay->simulation, (struct text){text, (size_t)(sign - text)},
                              refusal ? value : -1, refusal ? -1 : value, GIVEN);
        if (status) {
            trouble(replay->command, "--%s: %s", option, tw_status_text(status));
            return false;
        }
    }
    return true;
}

static bool read_gates(struct replay *replay)
{
    const tw_policy *const policies[SIDES] = {replay->files[SIDE_OLD].policy,
                                              replay->files[SIDE_NEW].policy};
    struct tw_error error;
    if (replay->conditions.count > GATES_MAX) {
        trouble(replay->command, "more than %d --fail-if", GATES_MAX);
        return false;
    }
    for (size_t i = 0; i < replay->conditions.count; i++) {
        struct text text = text_of(replay->conditions.items[i]);
        replay->results[i].text = text;
        if (gate_parse(text, policies, &replay->gates[i], &error) != TW_OK) {
            trouble(replay->command, "--fail-if '%s': %s", replay->conditions.items[i],
                    error.message);
            return false;
        }
    }
    return true;
}

/* Reading. */

static int read_log(struct replay *replay, const struct log_listener *listener)
{
    struct log_options options = {
        .policies = {replay->files[SIDE_OLD].policy, replay->files[SIDE_NEW].policy}};
    struct tw_error error;
    if (!read_log_format(replay, &options))
        return EXIT_TROUBLE;
    bool standard = strcmp(replay->log, "-") == 0;
    int descriptor = standard ? STDIN_FILENO : open(replay->log, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return trouble(replay->command, "cannot read %s: %s", replay->log, strerror(errno));
    off_t size = lseek(descriptor, 0, SEEK_END);
    if (size > 0 && lseek(descriptor, 0, SEEK_SET) == 0)
        replay->size = size;
    enum tw_status status = log_read(descriptor, &options, listener, &error);
    if (!standard)
        close(descriptor);
    end_progress(replay);
    return status ? fail_by(replay, &error) : EXIT_DONE;
}

/* What the ledger says of refusals, where the command line does not say otherwise. */
static enum tw_status measure_ledger(struct replay *replay, struct store *store,
                                     struct tw_error *error)
{
    struct ledger_attempts attempts;
    enum tw_status status = ledger_measure(store, &replay->simulation->arena, &attempts, error);
    for (size_t i = 0; i < attempts.count && status == TW_OK; i++) {
        int64_t all = attempts.lines[i].answered + attempts.lines[i].refused;
        int64_t refusal = (int64_t)((__int128)attempts.lines[i].refused * PERCENT_ALL / all);
        status =
            simulation_assume(replay->simulation, attempts.lines[i].tier, refusal, -1, MEASURED);
    }
    return status;
}

static int read_ledger(struct replay *replay, const struct log_listener *listener)
{
    struct store_options options = STORE_DEFAULTS;
    struct store *store;
    struct tw_error error = {0};
    options.read_only = true;
    if (store_open(replay->store, &options, &store, &error) != TW_OK)
        return fail_by(replay, &error);
    enum tw_status status = measure_ledger(replay, store, &error);
    int exit_status = status ? fail_by(replay, &error) : EXIT_DONE;
    if (status == TW_OK && !assume(replay, &replay->refusals, "refusal", TW_TYPE_PERCENT))
        exit_status = EXIT_TROUBLE;
    else if (status == TW_OK &&
             ledger_read(store, replay->simulation->options.policies, listener, &error) != TW_OK)
        exit_status = fail_by(replay, &error);
    end_progress(replay);
    store_close(store);
    return exit_status;
}

/* Reporting. */

static int judge(struct replay *replay, const struct figures *figures)
{
    int status = EXIT_DONE;
    for (size_t i = 0; i < replay->conditions.count; i++) {
        struct tw_error error;
        if (gate_holds(&replay->gates[i], figures, &replay->results[i].holds, &error) != TW_OK)
            return trouble(replay->command, "--fail-if '%s': %s", replay->conditions.items[i],
                           error.message);
        if (replay->results[i].holds)
            status = EXIT_NO;
    }
    return status;
}

static int write_page(const struct replay *replay, const struct report *report)
{
    struct buffer page;
    int status = EXIT_DONE;
    buffer_init(&page, REPORT_MAX);
    replay_html(report, &page);
    if (page.status)
        status = trouble(replay->command, "%s", tw_status_text(page.status));
    else if (!write_file(replay->command, replay->html, buffer_view(&page)))
        status = EXIT_TROUBLE;
    buffer_free(&page);
    return status;
}

static int print_report(const struct replay *replay, const struct report *report)
{
    struct buffer out;
    int status = EXIT_DONE;
    buffer_init(&out, REPORT_MAX);
    (replay->format == FORMAT_JSON ? replay_json : replay_text)(report, &out);
    if (out.status)
        status = trouble(replay->command, "%s", tw_status_text(out.status));
    else
        fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    return status;
}

static int report(struct replay *replay)
{
    struct figures figures;
    struct tw_error error;
    if (simulation_finish(replay->simulation, &error) != TW_OK ||
        figures_make(&figures, replay->simulation, &error) != TW_OK)
        return fail_by(replay, &error);
    int status = judge(replay, &figures);
    const struct report printed = {
        .figures = &figures,
        .old_name = replay->against ? replay->against : "what the log says",
        .new_name = replay->new_name,
        .log_name = replay->ledger ? replay->store : replay->log,
        .prices = replay->table,
        .gates = replay->results,
        .gate_count = replay->conditions.count,
    };
    int problem = status == EXIT_TROUBLE ? EXIT_TROUBLE : print_report(replay, &printed);
    if (problem == EXIT_DONE && replay->html)
        problem = write_page(replay, &printed);
    figures_free(&figures);
    return problem == EXIT_DONE ? finish(replay->command, status) : problem;
}

static int run(struct replay *replay)
{
    const struct log_listener listener = {
        .context = replay, .record = take_record, .broken = take_broken, .progress = show_progress};
    replay->progress |= isatty(STDERR_FILENO) != 0;
    replay->started = clock_monotonic();
    int status = replay->ledger ? read_ledger(replay, &listener) : read_log(replay, &listener);
    return status == EXIT_DONE ? report(replay) : status;
}

static int simulate(struct replay *replay)
{
    const struct simulation_options options = {
        .policies = {replay->files[SIDE_OLD].policy, replay->files[SIDE_NEW].policy},
        .prices = replay->table,
        .settings = replay->set.items,
        .setting_count = replay->set.count,
        .served = text_of(replay->served),
    };
    struct tw_error error;
    int status = EXIT_TROUBLE;
    replay->simulation = calloc(1, sizeof *replay->simulation);
    if (!replay->simulation)
        return trouble(replay->command, "%s", tw_status_text(TW_NO_MEMORY));
    if (simulation_open(replay->simulation, &options, &error) != TW_OK)
        status = trouble(replay->command, "--set: %s", error.message);
    else if (read_gates(replay) && assume(replay, &replay->refusals, "refusal", TW_TYPE_PERCENT) &&
             assume(replay, &replay->latencies, "latency", TW_TYPE_DURATION))
        status = run(replay);
    simulation_close(replay->simulation);
    free(replay->simulation);
    return status;
}

static bool open_all(struct replay *replay)
{
    struct tw_error error;
    if (!policy_file_open(replay->command, replay->new_name, &replay->files[SIDE_NEW]) ||
        (replay->against &&
         !policy_file_open(replay->command, replay->against, &replay->files[SIDE_OLD])))
        return false;
    if (price_table_open(replay->prices, &replay->table, &error) == TW_OK)
        return true;
    fail_by(replay, &error);
    return false;
}

/* The options and the one argument. -1, or the status to leave with. */
static int read_options(struct replay *replay, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    const struct option_row rows[] = {
        {"against", OPTION_TEXT, "OLD", "Compare with this policy, not with what was served",
         &replay->against},
        {"log", OPTION_TEXT, "FILE", "Recorded requests: JSON lines or CSV", &replay->log},
        {"log-format", OPTION_TEXT, "FORMAT", "auto, jsonl, litellm or openai-usage",
         &replay->log_format},
        {"ledger", OPTION_FLAG, NULL, "Replay the requests of the ledger in --store",
         &replay->ledger},
        SHARED_STORE(&replay->store),
        SHARED_PRICES(&replay->prices),
        SHARED_SET(&replay->set),
        {"refusal", OPTION_TEXTS, "TIER=PERCENT", "How many requests the tier has no room for",
         &replay->refusals},
        {"latency", OPTION_TEXTS, "TIER=TIME", "How long the tier takes", &replay->latencies},
        {"served", OPTION_TEXT, "TIER", "What served requests of which the log does not say",
         &replay->served},
        {"fail-if", OPTION_TEXTS, "CONDITION", "Exit with 1 where it holds: cost > +5%",
         &replay->conditions},
        {"html", OPTION_TEXT, "FILE", "Write a page with charts", &replay->html},
        {"progress", OPTION_FLAG, NULL, "Say how far it is, on a terminal or not",
         &replay->progress},
        SHARED_FORMAT(&replay->format_name, "text or json"),
        OPTIONS_END,
    };
    int first, status = options_parse(replay->command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (argc - first != 1)
        return usage_trouble(replay->command, "name one policy");
    if (!replay->log == !replay->ledger)
        return usage_trouble(replay->command, "give --log FILE or --ledger");
    replay->new_name = argv[first];
    return format_parse(replay->command, replay->format_name, formats, &replay->format)
               ? -1
               : EXIT_TROUBLE;
}

int command_simulate(const struct command *command, int argc, char **argv)
{
    struct replay replay = {.command = command,
                            .log_format = "auto",
                            .store = default_store(),
                            .prices = "openai",
                            .format_name = "text"};
    int status = read_options(&replay, argc, argv);
    if (status < 0)
        status = open_all(&replay) ? simulate(&replay) : EXIT_TROUBLE;
    price_table_free(replay.table);
    for (int side = 0; side < SIDES; side++)
        policy_file_close(&replay.files[side]);
    free(replay.set.items);
    free(replay.refusals.items);
    free(replay.latencies.items);
    free(replay.conditions.items);
    return status;
}
