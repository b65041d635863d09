/* runtime/stats_json.c: statistics as a JSON object; see stats.h for its rounding. */
#include "runtime/stats.h"

#include "base/json.h"
#include "base/value.h"
#include "runtime/percent.h"

enum {
    SEED_MONEY_PLACES = 4,
    SEED_PERCENT_PLACES = 1,
    PERCENT_PLACES = 10,
};

struct writer {
    struct buffer *buffer;
    bool seed_rounding;
    bool first; /* in the innermost object or array */
};

static void separate(struct writer *writer)
{
    if (!writer->first)
        buffer_string(writer->buffer, ", ");
    writer->first = false;
}

static void write_name(struct writer *writer, struct text name)
{
    separate(writer);
    json_write_string(writer->buffer, name);
    buffer_string(writer->buffer, ": ");
}

static void begin_object(struct writer *writer)
{
    buffer_byte(writer->buffer, '{');
    writer->first = true;
}

static void end_object(struct writer *writer)
{
    buffer_byte(writer->buffer, '}');
    writer->first = false;
}

static void write_count(struct writer *writer, struct text name, int64_t count)
{
    write_name(writer, name);
    buffer_number(writer->buffer, count);
}

static void write_money(struct writer *writer, const char *name, __int128 money)
{
    write_name(writer, text_of(name));
    if (writer->seed_rounding) {
        decimal_print_rounded(writer->buffer, money, MONEY_PLACES, SEED_MONEY_PLACES);
        return;
    }
    buffer_byte(writer->buffer, '"');
    decimal_print_wide(writer->buffer, money, MONEY_PLACES);
    buffer_byte(writer->buffer, '"');
}

static void write_percent(struct writer *writer, struct text name, __int128 part, __int128 whole,
                          int places)
{
    write_name(writer, name);
    percent_print(writer->buffer, part, whole, places);
}

static void write_savings(struct writer *writer, const struct stats *stats)
{
    struct savings savings = stats_savings(stats);
    int places = writer->seed_rounding ? SEED_PERCENT_PLACES : PERCENT_PLACES;
    begin_object(writer);
    write_money(writer, "default_spend", savings.default_spend);
    write_money(writer, "flex_spend", savings.flex_spend);
    write_money(writer, "actual_total", savings.actual_total);
    write_money(writer, "would_have_spent", savings.would_have_spent);
    write_money(writer, "saved", savings.saved);
    write_percent(writer, TEXT("savings_percent"), savings.saved, savings.would_have_spent, places);
    end_object(writer);
}

static void write_counts(struct writer *writer, const struct stats *stats)
{
    begin_object(writer);
    for (size_t i = 0; i < stats->tiers.count; i++)
        write_count(writer, stats->tiers.items[i]->name, stats->tiers.items[i]->requests);
    end_object(writer);
}

static void write_percentages(struct writer *writer, const struct stats *stats)
{
    begin_object(writer);
    for (size_t i = 0; i < stats->tiers.count; i++)
        write_percent(writer, stats->tiers.items[i]->name, stats->tiers.items[i]->requests,
                      stats->total.requests, PERCENT_PLACES);
    end_object(writer);
}

static void write_attempts(struct writer *writer, const struct stats *stats)
{
    begin_object(writer);
    for (int outcome = 0; outcome < LEDGER_OUTCOME_COUNT; outcome++)
        write_count(writer, text_of(ledger_outcome_name((enum ledger_outcome)outcome)),
                    stats->attempts[outcome]);
    end_object(writer);
}

static void write_line(struct writer *writer, const struct stats_line *line)
{
    write_count(writer, TEXT("requests"), line->requests);
    write_money(writer, "spend", line->spend);
    write_money(writer, "would_have_spent", line->would_have_spent);
    write_money(writer, "saved", line->would_have_spent - line->spend);
    write_count(writer, TEXT("unpriced"), line->unpriced);
    write_count(writer, TEXT("uncompared"), line->uncompared);
    write_money(writer, "uncompared_spend", line->uncompared_spend);
}

static void write_lines(struct writer *writer, const struct stats_lines *lines, const char *member,
                        const struct stats_lines *with_refused)
{
    buffer_byte(writer->buffer, '[');
    writer->first = true;
    for (size_t i = 0; i < lines->count; i++) {
        separate(writer);
        begin_object(writer);
        write_name(writer, text_of(member));
        json_write_string(writer->buffer, lines->items[i]->name);
        write_line(writer, lines->items[i]);
        if (lines == with_refused)
            write_count(writer, TEXT("refused"), lines->items[i]->refused);
        end_object(writer);
    }
    buffer_byte(writer->buffer, ']');
    writer->first = false;
}

void stats_write_json(struct buffer *buffer, const struct stats *stats, bool seed_rounding)
{
    struct writer writer = {buffer, seed_rounding, true};
    begin_object(&writer);
    write_name(&writer, TEXT("counts"));
    write_counts(&writer, stats);
    write_name(&writer, TEXT("percentages"));
    write_percentages(&writer, stats);
    write_name(&writer, TEXT("savings"));
    write_savings(&writer, stats);
    write_line(&writer, &stats->total);
    write_name(&writer, TEXT("attempts"));
    write_attempts(&writer, stats);
    write_money(&writer, "unanswered_spend", stats->unanswered_spend);
    write_count(&writer, TEXT("unanswered_unpriced"), stats->unanswered_unpriced);
    write_name(&writer, TEXT("tiers"));
    write_lines(&writer, &stats->tiers, "tier", &stats->rules);
    write_name(&writer, TEXT("rules"));
    write_lines(&writer, &stats->rules, "rule", &stats->rules);
    end_object(&writer);
}
