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
    write_count(writer, TEXT("stepped_down"), line->stepped_down);
    write_count(writer, TEXT("delayed"), line->delayed);
    write_count(writer, TEXT("delay_ms"), line->delay);
}

/* Of lines to which attempts without an answer belong. */
static void write_unanswered(struct writer *writer, const struct stats_line *line)
{
    write_count(writer, TEXT("refused"), line->refused);
    write_count(writer, TEXT("unanswered"), line->unanswered);
    write_money(writer, "unanswered_spend", line->unanswered_spend);
}

/* A group whose value is empty has none. */
static void write_key(struct writer *writer, struct text member, struct text value)
{
    write_name(writer, member);
    if (value.length)
        json_write_string(writer->buffer, value);
    else
        buffer_string(writer->buffer, "null");
}

static void write_lines(struct writer *writer, const struct stats_lines *lines, struct text member,
                        bool with_unanswered)
{
    buffer_byte(writer->buffer, '[');
    writer->first = true;
    for (size_t i = 0; i < lines->count; i++) {
        separate(writer);
        begin_object(writer);
        write_key(writer, member, lines->items[i]->name);
        write_line(writer, lines->items[i]);
        if (with_unanswered)
            write_unanswered(writer, lines->items[i]);
        end_object(writer);
    }
    buffer_byte(writer->buffer, ']');
    writer->first = false;
}

static void write_groups(struct writer *writer, const struct stats *stats, struct text key)
{
    write_key(writer, TEXT("by"), key);
    write_name(writer, TEXT("groups"));
    write_lines(writer, &stats->groups, TEXT("value"), true);
}

void stats_write_json(struct buffer *buffer, const struct stats *stats, struct text key,
                      bool seed_rounding)
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
    write_unanswered(&writer, &stats->total);
    write_count(&writer, TEXT("unanswered_unpriced"), stats->unanswered_unpriced);
    write_name(&writer, TEXT("attempts"));
    write_attempts(&writer, stats);
    write_key(&writer, TEXT("baseline"), TEXT(STATS_BASELINE));
    write_name(&writer, TEXT("tiers"));
    write_lines(&writer, &stats->tiers, TEXT("tier"), false);
    write_name(&writer, TEXT("rules"));
    write_lines(&writer, &stats->rules, TEXT("rule"), true);
    if (key.length)
        write_groups(&writer, stats, key);
    end_object(&writer);
}
