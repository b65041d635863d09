/* cli/stats.c: the command `tierway stats`: counts, percentages, spend and savings.
 *
 * Reads the ledger, also while a gateway writes to it, and changes nothing. Money is exact in JSON
 * (but for --seed-rounding) and rounded for people in text. */
#include "cli/shared_options.h"

#include "base/value.h"
#include "runtime/percent.h"
#include "runtime/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 64 << 20, MONEY_DECIMALS = 4, PERCENT_DECIMALS = 1, RULES_SHOWN = 50 };

/* Columns of the tables: the first is as wide as its texts, the others have room for their titles
 * and for figures of some millions of dollars. */
enum { COLUMN_WIDTH = 14 };

static void pad(struct buffer *out, size_t used, size_t width)
{
    if (used < width)
        buffer_repeat(out, ' ', width - used);
}

/* Appends what `cell` holds at the right of a column, and empties it. */
static void print_cell(struct buffer *out, struct buffer *cell)
{
    pad(out, cell->length, COLUMN_WIDTH);
    buffer_text(out, buffer_view(cell));
    buffer_clear(cell);
}

static void print_title(struct buffer *out, const char *title)
{
    pad(out, strlen(title), COLUMN_WIDTH);
    buffer_string(out, title);
}

/* "$1.2500", "-$0.5000" */
static void print_money(struct buffer *out, __int128 money)
{
    buffer_string(out, money < 0 ? "-$" : "$");
    decimal_print_rounded(out, money < 0 ? -money : money, MONEY_PLACES, MONEY_DECIMALS);
}

/* What a table shows: refusals belong to rules, since a refused attempt was served by no tier. */
struct table {
    const struct stats_lines *lines;
    const char *title;
    bool with_refused;
};

static void print_line(struct buffer *out, const struct table *table, const struct stats_line *line,
                       int64_t all, size_t width)
{
    struct buffer cell;
    buffer_init(&cell, 256);
    buffer_text(out, line->name);
    pad(out, utf8_count(line->name), width);
    buffer_number(&cell, line->requests);
    print_cell(out, &cell);
    percent_print_fixed(&cell, line->requests, all, PERCENT_DECIMALS);
    buffer_byte(&cell, '%');
    print_cell(out, &cell);
    if (table->with_refused) {
        buffer_number(&cell, line->refused);
        print_cell(out, &cell);
    }
    print_money(&cell, line->spend);
    print_cell(out, &cell);
    print_money(&cell, line->would_have_spent);
    print_cell(out, &cell);
    print_money(&cell, line->would_have_spent - line->spend);
    print_cell(out, &cell);
    if (line->unpriced + line->uncompared)
        buffer_format(out, "  (%lld without price)",
                      (long long)(line->unpriced + line->uncompared));
    buffer_byte(out, '\n');
    buffer_free(&cell);
}

static size_t widest(const struct stats_lines *lines, size_t shown, const char *title)
{
    size_t width = strlen(title);
    for (size_t i = 0; i < shown; i++) {
        size_t length = utf8_count(lines->items[i]->name);
        width = length > width ? length : width;
    }
    return width;
}

static void print_lines(struct buffer *out, const struct stats *stats, const struct table *table)
{
    const struct stats_lines *lines = table->lines;
    const char *title = table->title;
    size_t shown = lines->count < RULES_SHOWN ? lines->count : RULES_SHOWN;
    size_t width = widest(lines, shown, title);
    buffer_byte(out, '\n');
    buffer_string(out, title);
    pad(out, strlen(title), width);
    print_title(out, "Requests");
    print_title(out, "Share");
    if (table->with_refused)
        print_title(out, "Refused");
    print_title(out, "Spend");
    print_title(out, "At default");
    print_title(out, "Saved");
    buffer_byte(out, '\n');
    for (size_t i = 0; i < shown; i++)
        print_line(out, table, lines->items[i], stats->total.requests, width);
    if (shown < lines->count)
        buffer_format(out, "... and %zu more\n", lines->count - shown);
}

static void print_attempts(struct buffer *out, const struct stats *stats)
{
    int64_t unanswered = 0;
    for (int outcome = LEDGER_ANSWERED + 1; outcome < LEDGER_OUTCOME_COUNT; outcome++)
        unanswered += stats->attempts[outcome];
    long long answered = stats->total.requests, not_answered = unanswered;
    buffer_format(out, "%lld request%s answered, %lld attempt%s", answered,
                  answered == 1 ? "" : "s", not_answered,
                  not_answered == 1 ? " that was not" : "s that were not");
    const char *separator = ": ";
    for (int outcome = LEDGER_ANSWERED + 1; outcome < LEDGER_OUTCOME_COUNT; outcome++) {
        if (stats->attempts[outcome] == 0)
            continue;
        buffer_format(out, "%s%lld %s", separator, (long long)stats->attempts[outcome],
                      ledger_outcome_name((enum ledger_outcome)outcome));
        separator = ", ";
    }
    buffer_byte(out, '\n');
}

static void print_savings(struct buffer *out, const struct stats *stats)
{
    struct savings savings = stats_savings(stats);
    buffer_string(out, "Spent ");
    print_money(out, savings.actual_total);
    buffer_string(out, "; at default it would have been ");
    print_money(out, savings.would_have_spent);
    buffer_string(out, ": saved ");
    print_money(out, savings.saved);
    buffer_string(out, " (");
    percent_print_fixed(out, savings.saved, savings.would_have_spent, PERCENT_DECIMALS);
    buffer_string(out, "%)\n");
}

/* Money that is in none of the tables, so that nobody takes them for all there is. */
static void print_left_out(struct buffer *out, const struct stats *stats)
{
    if (stats->total.unpriced + stats->unanswered_unpriced)
        buffer_format(out, "Not counted: %lld requests and %lld other attempts of unknown cost\n",
                      (long long)stats->total.unpriced, (long long)stats->unanswered_unpriced);
    __int128 beside = stats->total.uncompared_spend + stats->unanswered_spend;
    if (beside == 0)
        return;
    buffer_string(out, "Spent besides: ");
    print_money(out, beside);
    buffer_string(out, " on attempts without an answer, or without a price at default\n");
}

static void print_text(struct buffer *out, const struct stats *stats)
{
    print_attempts(out, stats);
    print_savings(out, stats);
    print_left_out(out, stats);
    print_lines(out, stats, &(struct table){&stats->tiers, "Served tier", false});
    print_lines(out, stats, &(struct table){&stats->rules, "Rule", true});
}

static int print(const struct command *command, const struct stats *stats,
                 enum output_format format, bool seed_rounding)
{
    struct buffer out;
    buffer_init(&out, OUTPUT_MAX);
    if (format == FORMAT_JSON) {
        stats_write_json(&out, stats, seed_rounding);
        buffer_byte(&out, '\n');
    } else {
        print_text(&out, stats);
    }
    int status = EXIT_DONE;
    if (out.status == TW_OK)
        fwrite(out.data, 1, out.length, stdout);
    else
        status = trouble(command, "%s", tw_status_text(out.status));
    buffer_free(&out);
    return status;
}

static int report(const struct command *command, const char *path, enum output_format format,
                  bool seed_rounding)
{
    struct store_options options = STORE_DEFAULTS;
    struct store *store;
    struct stats stats;
    struct tw_error error;
    options.read_only = true;
    if (store_open(path, &options, &store, &error) != TW_OK)
        return trouble(command, "%s", error.message);
    int status;
    if (stats_collect(store, LEDGER_ALL, &stats, &error) == TW_OK) {
        status = print(command, &stats, format, seed_rounding);
        stats_free(&stats);
    } else {
        status = trouble(command, "%s", error.message);
    }
    store_close(store);
    return status;
}

int command_stats(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    const char *path = getenv("TIERWAY_STORE"), *name = "text";
    enum output_format format;
    bool seed_rounding = false;
    if (!path || !*path)
        path = "tierway.db";
    const struct option_row rows[] = {
        SHARED_STORE(&path),
        {"seed-rounding", OPTION_FLAG, NULL, "JSON money as numbers rounded to 4 decimals",
         &seed_rounding},
        SHARED_FORMAT(&name, "text or json"),
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (first < argc)
        return usage_trouble(command, "it takes options only");
    if (!format_parse(command, name, formats, &format))
        return EXIT_TROUBLE;
    return report(command, path, format, seed_rounding);
}
