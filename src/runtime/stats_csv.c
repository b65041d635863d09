/* runtime/stats_csv.c: groups of the ledger as CSV, for spreadsheets; see stats.h. */
#include "runtime/stats.h"

#include "base/value.h"

static const char titles[] =
    "requests,spend,at_default,saved,stepped_down,delayed,delay_ms,unpriced,uncompared,"
    "uncompared_spend,unanswered,refused,unanswered_spend\r\n";

void csv_write_text(struct buffer *buffer, struct text text)
{
    buffer_byte(buffer, '"');
    for (size_t i = 0; i < text.length; i++)
        buffer_repeat(buffer, text.data[i], text.data[i] == '"' ? 2 : 1);
    buffer_byte(buffer, '"');
}

static void write_count(struct buffer *buffer, int64_t count)
{
    buffer_byte(buffer, ',');
    buffer_number(buffer, count);
}

static void write_money(struct buffer *buffer, __int128 money)
{
    buffer_byte(buffer, ',');
    decimal_print_wide(buffer, money, MONEY_PLACES);
}

static void write_line(struct buffer *buffer, const struct stats_line *line)
{
    csv_write_text(buffer, line->name);
    write_count(buffer, line->requests);
    write_money(buffer, line->spend);
    write_money(buffer, line->would_have_spent);
    write_money(buffer, line->would_have_spent - line->spend);
    write_count(buffer, line->stepped_down);
    write_count(buffer, line->delayed);
    write_count(buffer, line->delay);
    write_count(buffer, line->unpriced);
    write_count(buffer, line->uncompared);
    write_money(buffer, line->uncompared_spend);
    write_count(buffer, line->unanswered);
    write_count(buffer, line->refused);
    write_money(buffer, line->unanswered_spend);
    buffer_string(buffer, "\r\n");
}

void stats_write_csv(struct buffer *buffer, const struct stats *stats, struct text key)
{
    csv_write_text(buffer, key);
    buffer_byte(buffer, ',');
    buffer_string(buffer, titles);
    for (size_t i = 0; i < stats->groups.count; i++)
        write_line(buffer, stats->groups.items[i]);
}
