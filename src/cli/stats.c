/* cli/stats.c: the command `tierway stats`: counts, percentages, spend and savings.
 *
 * Reads the ledger, also while a gateway writes to it, and changes nothing. Money is exact in JSON
 * (but for --seed-rounding) and CSV, and rounded for people in text. */
#include "cli/ledger_options.h"
#include "cli/stats_text.h"

#include <stdio.h>

enum { OUTPUT_MAX = 64 << 20 };

struct stats_command {
    const struct command *command;
    struct ledger_options ledger;
    const char *by, *format_name;
    bool seed_rounding;
    enum { AS_TEXT, AS_JSON, AS_CSV } format;
};

static void write_as(const struct stats_command *run, const struct stats *stats, struct buffer *out)
{
    struct text key = text_of(run->by);
    switch (run->format) {
    case AS_TEXT:
        stats_print(out, stats, key);
        break;
    case AS_JSON:
        stats_write_json(out, stats, key, run->seed_rounding);
        buffer_byte(out, '\n');
        break;
    case AS_CSV:
        stats_write_csv(out, stats, key);
        break;
    }
}

static int print(const struct stats_command *run, const struct stats *stats)
{
    struct buffer out;
    buffer_init(&out, OUTPUT_MAX);
    write_as(run, stats, &out);
    int status = EXIT_DONE;
    if (out.status == TW_OK)
        fwrite(out.data ? out.data : "", 1, out.length, stdout);
    else
        status = trouble(run->command, "%s", tw_status_text(out.status));
    buffer_free(&out);
    return status;
}

/* An attribute that no row has is a slip of the pen, not a group. */
static bool is_nowhere(const struct ledger_key *key, const struct stats *stats)
{
    bool any = false;
    for (size_t i = 0; i < stats->groups.count; i++)
        any = any || stats->groups.items[i]->name.length > 0;
    return ledger_key_is_attribute(key) && stats->groups.count > 0 && !any;
}

static int report(const struct stats_command *run)
{
    struct store *store = ledger_options_open(&run->ledger, run->command);
    if (!store)
        return EXIT_TROUBLE;
    struct ledger_key by = ledger_key_of(text_of(run->by), run->ledger.zone);
    const struct stats_query query = {.range = run->ledger.range,
                                      .filters = run->ledger.filters,
                                      .filter_count = run->ledger.where.count,
                                      .by = *run->by ? &by : NULL};
    struct stats stats;
    struct tw_error error;
    int status;
    if (stats_collect(store, &query, &stats, &error) == TW_OK) {
        status =
            query.by && is_nowhere(&by, &stats)
                ? trouble(run->command,
                          "--by: no request has an attribute '%s'; keys are tier, rule, model, "
                          "hour, day, user, caller, outcome, policy and attributes that were kept",
                          run->by)
                : print(run, &stats);
        stats_free(&stats);
    } else {
        status = trouble(run->command, "%s", error.message);
    }
    store_close(store);
    return status;
}

/* CSV is one table, so it needs to be told which. */
static int read_format(struct stats_command *run)
{
    static const char *const names[] = {[AS_TEXT] = "text", [AS_JSON] = "json", [AS_CSV] = "csv"};
    for (int i = AS_TEXT; i <= AS_CSV; i++) {
        if (!text_is(text_of(run->format_name), names[i]))
            continue;
        run->format = i;
        if (i == AS_CSV && !*run->by)
            run->by = "tier";
        return EXIT_DONE;
    }
    return trouble(run->command, "--format is text, json or csv, not '%s'", run->format_name);
}

static int run_with(struct stats_command *run)
{
    int status = read_format(run);
    if (status == EXIT_DONE && !ledger_options_read(&run->ledger, run->command))
        status = EXIT_TROUBLE;
    return status == EXIT_DONE ? report(run) : status;
}

int command_stats(const struct command *command, int argc, char **argv)
{
    struct stats_command run = {.command = command, .by = "", .format_name = "text"};
    ledger_options_init(&run.ledger);
    const struct option_row rows[] = {
        LEDGER_OPTIONS(&run.ledger),
        {"by", OPTION_TEXT, "KEY",
         "Groups by tier, rule, model, hour, day, user, caller, outcome, policy or attribute",
         &run.by},
        {"seed-rounding", OPTION_FLAG, NULL, "JSON money as numbers rounded to 4 decimals",
         &run.seed_rounding},
        SHARED_FORMAT(&run.format_name, "text, json or csv"),
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status < 0)
        status = first < argc ? usage_trouble(command, "it takes options only") : run_with(&run);
    ledger_options_free(&run.ledger);
    return status;
}
