/* cli/stats_text.c: statistics for people: money rounded, shares as bars. */
#include "cli/stats_text.h"

#include "base/value.h"
#include "cli/ledger_options.h"
#include "runtime/percent.h"

#include <string.h>

enum { MONEY_DECIMALS = 4, PERCENT_DECIMALS = 1, LINES_SHOWN = 50, BAR_WIDTH = 10 };

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

/* What a table shows: attempts without an answer belong to rules and groups, since they were served
 * by no tier. */
struct table {
    const struct stats_lines *lines;
    struct text title;
    bool with_unanswered;
};

static void print_number(struct buffer *out, struct buffer *cell, int64_t number)
{
    buffer_number(cell, number);
    print_cell(out, cell);
}

/* "######    " */
static void print_bar(struct buffer *out, int64_t part, int64_t all)
{
    size_t filled = all > 0 ? (size_t)(((__int128)part * BAR_WIDTH + all / 2) / all) : 0;
    buffer_string(out, "  ");
    buffer_repeat(out, '#', filled);
    pad(out, filled, BAR_WIDTH);
}

static void print_money_cell(struct buffer *out, struct buffer *cell, __int128 money)
{
    print_money(cell, money);
    print_cell(out, cell);
}

static struct text shown_name(const struct stats_line *line)
{
    return line->name.length ? line->name : TEXT("(none)");
}

static void print_line(struct buffer *out, const struct table *table, const struct stats_line *line,
                       int64_t all, size_t width)
{
    struct buffer cell;
    buffer_init(&cell, 256);
    struct text name = shown_name(line);
    print_visible(out, name);
    pad(out, utf8_count(name), width);
    print_number(out, &cell, line->requests);
    percent_print_fixed(&cell, line->requests, all, PERCENT_DECIMALS);
    buffer_byte(&cell, '%');
    print_cell(out, &cell);
    print_bar(out, line->requests, all);
    if (table->with_unanswered) {
        print_number(out, &cell, line->refused);
        print_number(out, &cell, line->unanswered);
        print_number(out, &cell, line->stepped_down);
    }
    print_money_cell(out, &cell, line->spend);
    print_money_cell(out, &cell, line->would_have_spent);
    print_money_cell(out, &cell, line->would_have_spent - line->spend);
    if (line->unpriced + line->uncompared)
        buffer_format(out, "  (%lld without price)",
                      (long long)(line->unpriced + line->uncompared));
    buffer_byte(out, '\n');
    buffer_free(&cell);
}

static size_t widest(const struct stats_lines *lines, size_t shown, struct text title)
{
    size_t width = utf8_count(title);
    for (size_t i = 0; i < shown; i++) {
        size_t length = utf8_count(shown_name(lines->items[i]));
        width = length > width ? length : width;
    }
    return width;
}

static void print_titles(struct buffer *out, const struct table *table, size_t width)
{
    buffer_byte(out, '\n');
    buffer_text(out, table->title);
    pad(out, utf8_count(table->title), width);
    print_title(out, "Requests");
    print_title(out, "Share");
    buffer_repeat(out, ' ', 2 + BAR_WIDTH);
    if (table->with_unanswered) {
        print_title(out, "Refused");
        print_title(out, "No answer");
        print_title(out, "Stepped down");
    }
    print_title(out, "Spend");
    print_title(out, "At default");
    print_title(out, "Saved");
    buffer_byte(out, '\n');
}

static void print_lines(struct buffer *out, const struct stats *stats, const struct table *table)
{
    const struct stats_lines *lines = table->lines;
    size_t shown = lines->count < LINES_SHOWN ? lines->count : LINES_SHOWN;
    size_t width = widest(lines, shown, table->title);
    print_titles(out, table, width);
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
    buffer_string(out, "; the same tokens at the tier default: ");
    print_money(out, savings.would_have_spent);
    buffer_string(out, "; saved ");
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
    __int128 beside = stats->total.uncompared_spend + stats->total.unanswered_spend;
    if (beside == 0)
        return;
    buffer_string(out, "Spent besides: ");
    print_money(out, beside);
    buffer_string(out, " on attempts without an answer, or without a price at default\n");
}

/* What the savings cost in time. */
static void print_waiting(struct buffer *out, const struct stats *stats)
{
    const struct stats_line *total = &stats->total;
    if (total->stepped_down + total->delayed == 0)
        return;
    buffer_format(out, "Stepped down: %lld; waited: %lld", (long long)total->stepped_down,
                  (long long)total->delayed);
    if (total->delayed) {
        buffer_string(out, ", ");
        decimal_print_rounded(out, total->delay / total->delayed, 3, 1);
        buffer_string(out, " s each on average");
    }
    buffer_byte(out, '\n');
}

void stats_print(struct buffer *out, const struct stats *stats, struct text key)
{
    print_attempts(out, stats);
    print_savings(out, stats);
    print_waiting(out, stats);
    print_left_out(out, stats);
    if (key.length) {
        print_lines(out, stats, &(struct table){&stats->groups, key, true});
        return;
    }
    print_lines(out, stats, &(struct table){&stats->tiers, TEXT("Served tier"), false});
    print_lines(out, stats, &(struct table){&stats->rules, TEXT("Rule"), true});
}
