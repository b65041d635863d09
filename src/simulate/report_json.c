/* simulate/report_json.c: a replay as one JSON object (docs/simulate.md).
 *
 * Money is exact, as decimal strings of dollars; what is not known is null. */
#include "simulate/report.h"

#include "base/value.h"
#include "runtime/percent.h"

enum { PERCENT_PLACES = 4 };

static void name(struct buffer *out, const char *word)
{
    char last = out->length ? out->data[out->length - 1] : '{';
    buffer_string(out, last == '{' || last == '[' ? "" : ", ");
    json_write_string(out, text_of(word));
    buffer_string(out, ": ");
}

static void open_object(struct buffer *out)
{
    char last = out->length ? out->data[out->length - 1] : '[';
    buffer_string(out, last == '}' ? ", {" : "{");
}

static void write_text(struct buffer *out, const char *word, struct text text)
{
    name(out, word);
    json_write_string(out, text);
}

static void write_count(struct buffer *out, const char *word, int64_t count)
{
    name(out, word);
    buffer_number(out, count);
}

/* -1: not known. */
static void write_known(struct buffer *out, const char *word, int64_t count)
{
    name(out, word);
    if (count < 0)
        buffer_string(out, "null");
    else
        buffer_number(out, count);
}

static void write_money(struct buffer *out, const char *word, __int128 money)
{
    name(out, word);
    buffer_byte(out, '"');
    decimal_print_wide(out, money, WEIGHTED_PLACES);
    buffer_byte(out, '"');
}

static void write_percent(struct buffer *out, const char *word, __int128 part, __int128 whole)
{
    name(out, word);
    if (whole > 0)
        percent_print(out, part, whole, PERCENT_PLACES);
    else
        buffer_string(out, "null");
}

/* Expected requests: with decimals where tiers refuse some. */
static void write_expected(struct buffer *out, const char *word, __int128 requests)
{
    name(out, word);
    decimal_print_wide(out, requests, SHARE_PLACES);
}

static void write_instant(struct buffer *out, const char *word, int64_t instant)
{
    name(out, word);
    if (instant < 0) {
        buffer_string(out, "null");
        return;
    }
    buffer_byte(out, '"');
    instant_print(out, instant);
    buffer_byte(out, '"');
}

static void write_origin(struct buffer *out, const struct report *report)
{
    const struct simulation *simulation = report->figures->simulation;
    const tw_policy *old = simulation->options.policies[SIDE_OLD];
    write_text(out, "log", text_of(report->log_name));
    write_text(out, "new", text_of(report->new_name));
    write_text(out, "new_hash", text_of(tw_policy_hash(simulation->options.policies[SIDE_NEW])));
    write_text(out, "old", text_of(report->old_name));
    name(out, "old_hash");
    if (old)
        json_write_string(out, text_of(tw_policy_hash(old)));
    else
        buffer_string(out, "null");
    name(out, "prices");
    buffer_byte(out, '{');
    write_text(out, "table", report->prices->name);
    write_text(out, "date", report->prices->date);
    buffer_byte(out, '}');
}

static void write_requests(struct buffer *out, const struct report *report)
{
    const struct simulation *simulation = report->figures->simulation;
    const struct figures *figures = report->figures;
    name(out, "requests");
    buffer_byte(out, '{');
    write_count(out, "all", simulation->requests);
    write_count(out, "evaluated", simulation->evaluated);
    write_count(out, "unevaluated", simulation->notes.requests[UNEVALUATED]);
    write_count(out, "unpriced", simulation->notes.requests[UNPRICED]);
    write_count(out, "compared", simulation->compared);
    write_count(out, "changed", simulation->changed);
    write_count(out, "reworded", simulation->reworded);
    write_count(out, "rejected", simulation->rejected[SIDE_NEW]);
    write_count(out, "old_rejected", simulation->rejected[SIDE_OLD]);
    write_expected(out, "refused", figures->unserved[SIDE_NEW]);
    write_expected(out, "old_refused", figures->unserved[SIDE_OLD]);
    write_count(out, "out_of_order", simulation->backwards);
    write_instant(out, "first", simulation->first_instant);
    write_instant(out, "last", simulation->last_instant);
    buffer_byte(out, '}');
}

/* Both sides, and the difference. */
static void write_sums(struct buffer *out, const struct sums *sums)
{
    write_count(out, "requests", sums->requests);
    write_count(out, "priced", sums->priced);
    write_money(out, "old", sums->cost[SIDE_OLD]);
    write_money(out, "new", sums->cost[SIDE_NEW]);
    write_money(out, "change", sums->cost[SIDE_NEW] - sums->cost[SIDE_OLD]);
    write_percent(out, "change_percent",
                  figures_picodollars(sums->cost[SIDE_NEW] - sums->cost[SIDE_OLD]),
                  figures_picodollars(sums->cost[SIDE_OLD]));
    write_money(out, "at_default", sums->default_cost);
}

static void write_cost(struct buffer *out, const struct report *report)
{
    const struct figures *figures = report->figures;
    __int128 cost = figures_new_cost(figures), at_default = figures_default_cost(figures);
    name(out, "cost");
    buffer_byte(out, '{');
    write_money(out, "new", cost);
    write_money(out, "at_default", at_default);
    write_money(out, "saved", at_default - cost);
    write_percent(out, "saved_percent", figures_picodollars(at_default - cost),
                  figures_picodollars(at_default));
    name(out, "compared");
    buffer_string(out, figures_compares(figures) ? "{" : "null");
    if (figures_compares(figures)) {
        write_sums(out, &figures->simulation->totals);
        buffer_byte(out, '}');
    }
    buffer_byte(out, '}');
}

static void write_tier_side(struct buffer *out, const char *word, const struct figures *figures,
                            const struct tier_figures *line, int side)
{
    name(out, word);
    buffer_byte(out, '{');
    write_count(out, "chosen", line->chosen[side]);
    write_expected(out, "served", line->served[side]);
    write_percent(out, "percent", figures_picodollars(line->served[side]), figures->decided[side]);
    write_money(out, "cost", line->cost[side]);
    buffer_byte(out, '}');
}

static void write_tier(struct buffer *out, const struct figures *figures,
                       const struct tier_figures *line)
{
    const struct tier_line *tier = &figures->simulation->tiers.lines[line->tier];
    enum assumption latency_from;
    open_object(out);
    write_text(out, "tier", tier->name);
    if (figures_compares(figures))
        write_tier_side(out, "old", figures, line, SIDE_OLD);
    write_tier_side(out, "new", figures, line, SIDE_NEW);
    name(out, "refusal_percent");
    decimal_print(out, tier->refusal, 4);
    write_text(out, "refusal_from", text_of(replay_assumption(tier->refusal_from)));
    write_known(out, "latency_ms",
                tiers_latency(&figures->simulation->tiers, line->tier, &latency_from));
    write_text(out, "latency_from", text_of(replay_assumption(latency_from)));
    buffer_byte(out, '}');
}

static void write_tiers(struct buffer *out, const struct figures *figures)
{
    name(out, "tiers");
    buffer_byte(out, '[');
    for (size_t i = 0; i < figures->tier_count; i++)
        write_tier(out, figures, &figures->tiers[i]);
    buffer_byte(out, ']');
    name(out, "mean_latency_ms");
    buffer_byte(out, '{');
    write_known(out, "old", figures->latency[SIDE_OLD]);
    write_known(out, "new", figures->latency[SIDE_NEW]);
    buffer_byte(out, '}');
}

static void write_course(struct buffer *out, const struct course *course)
{
    bool decided = course->rule_name.length > 0;
    name(out, "rule");
    if (decided)
        json_write_string(out, course->rule_name);
    else
        buffer_string(out, "null");
    name(out, "line");
    if (course->line)
        buffer_number(out, course->line);
    else
        buffer_string(out, "null");
    write_text(out, "action", course->action);
}

static void write_pair(struct buffer *out, const struct pair *pair)
{
    open_object(out);
    static const char *const words[SIDES] = {"from", "to"};
    for (int side = 0; side < SIDES; side++) {
        name(out, words[side]);
        buffer_byte(out, '{');
        write_course(out, pair->courses[side]);
        buffer_byte(out, '}');
    }
    write_count(out, "first_line", pair->first_line);
    write_sums(out, &pair->sums);
    buffer_byte(out, '}');
}

static void write_changes(struct buffer *out, const struct simulation *simulation)
{
    name(out, "changes");
    buffer_byte(out, '[');
    for (size_t i = 0; i < simulation->pair_count; i++)
        if (simulation->pairs[i].change == CHANGE_TIERS)
            write_pair(out, &simulation->pairs[i]);
    buffer_byte(out, ']');
}

static void write_rules(struct buffer *out, const struct figures *figures)
{
    name(out, "rules");
    buffer_byte(out, '[');
    for (size_t i = 0; i < figures->rule_count; i++) {
        const struct course *course = figures->rules[i];
        __int128 cost = 0, at_default = course->default_cost * SHARE_ALL;
        course_cost(course, &cost); /* a part of what figures_make has added up */
        open_object(out);
        write_course(out, course);
        write_count(out, "requests", course->requests);
        write_count(out, "priced", course->priced);
        write_money(out, "cost", cost);
        write_money(out, "at_default", at_default);
        write_count(out, "first_line", course->first_line);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

static void write_models(struct buffer *out, const struct simulation *simulation)
{
    name(out, "models");
    buffer_byte(out, '[');
    for (size_t i = 0; i <= simulation->model_count; i++) {
        bool last = i == simulation->model_count;
        const struct model_line *line = last ? &simulation->other_models : simulation->models[i];
        if (line->sums.requests == 0)
            continue;
        open_object(out);
        write_text(out, "model", line->name);
        write_sums(out, &line->sums);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

static void write_days(struct buffer *out, const struct simulation *simulation)
{
    name(out, "days");
    buffer_byte(out, '[');
    for (size_t i = 0; i < simulation->day_count; i++) {
        open_object(out);
        name(out, "day");
        buffer_byte(out, '"');
        value_print(out, TW_TYPE_DATE, simulation->days[i].day);
        buffer_byte(out, '"');
        write_sums(out, &simulation->days[i].sums);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

static void write_notes(struct buffer *out, const char *word, const struct notes *notes,
                        enum note_group group)
{
    name(out, word);
    buffer_byte(out, '[');
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = notes->items[i];
        if (note_group(note->kind) != group)
            continue;
        open_object(out);
        write_text(out, "reason", text_of(note_word(note->kind)));
        write_text(out, "subject", note->subject);
        write_count(out, "requests", note->requests);
        write_count(out, "first_line", note->first_line);
        if (note->message.length)
            write_text(out, "message", note->message);
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

static void write_gates(struct buffer *out, const struct report *report)
{
    name(out, "fail_if");
    buffer_byte(out, '[');
    for (size_t i = 0; i < report->gate_count; i++) {
        open_object(out);
        write_text(out, "condition", report->gates[i].text);
        name(out, "holds");
        buffer_string(out, report->gates[i].holds ? "true" : "false");
        buffer_byte(out, '}');
    }
    buffer_byte(out, ']');
}

void replay_json(const struct report *report, struct buffer *out)
{
    const struct simulation *simulation = report->figures->simulation;
    buffer_byte(out, '{');
    write_origin(out, report);
    write_requests(out, report);
    write_cost(out, report);
    write_tiers(out, report->figures);
    write_changes(out, simulation);
    write_rules(out, report->figures);
    write_models(out, simulation);
    write_days(out, simulation);
    write_notes(out, "unevaluated", &simulation->notes, UNEVALUATED);
    write_notes(out, "unpriced", &simulation->notes, UNPRICED);
    write_notes(out, "lacking", &simulation->notes, LACKING);
    write_gates(out, report);
    buffer_string(out, "}\n");
}
