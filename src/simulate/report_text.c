/* simulate/report_text.c: a replay for people on a terminal: tables, with bars for shares.
 *
 * Money is rounded to 4 decimals; the JSON report has it exactly. */
#include "simulate/report.h"

#include "base/value.h"

#include <string.h>

enum { COLUMN = 14, BAR = 20 /* characters */, NAME_MAX_SHOWN = 40 };

/* A table is printed cell by cell; the first column is as wide as its widest text. */

static void pad(struct buffer *out, size_t used, size_t width)
{
    if (used < width)
        buffer_repeat(out, ' ', width - used);
}

static void left(struct buffer *out, struct text text, size_t width)
{
    buffer_text(out, text);
    pad(out, utf8_count(text), width);
}

/* Prints what `cell` holds at the right of a column, and empties it. */
static void right(struct buffer *out, struct buffer *cell)
{
    pad(out, utf8_count(buffer_view(cell)), COLUMN);
    buffer_text(out, buffer_view(cell));
    buffer_clear(cell);
}

static void titles(struct buffer *out, const char *first, size_t width, const char *const *others)
{
    buffer_byte(out, '\n');
    left(out, text_of(first), width);
    for (; *others; others++) {
        pad(out, strlen(*others), COLUMN);
        buffer_string(out, *others);
    }
    buffer_byte(out, '\n');
}

static void right_count(struct buffer *out, struct buffer *cell, int64_t count)
{
    buffer_number(cell, count);
    right(out, cell);
}

static void right_money(struct buffer *out, struct buffer *cell, __int128 money, bool sign)
{
    replay_money(cell, money, sign);
    right(out, cell);
}

static void right_percent(struct buffer *out, struct buffer *cell, __int128 part, __int128 whole,
                          bool sign)
{
    replay_percent(cell, part, whole, sign);
    right(out, cell);
}

static void bar(struct buffer *out, __int128 part, __int128 whole)
{
    int64_t eighths = whole > 0 ? (int64_t)(part * BAR * 8 / whole) : 0;
    static const char *const blocks[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    buffer_string(out, "  ");
    for (int64_t i = 0; i < eighths / 8; i++)
        buffer_string(out, "█");
    buffer_string(out, blocks[eighths % 8]);
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_head(struct buffer *out, const struct report *report)
{
    const struct simulation *simulation = report->figures->simulation;
    buffer_format(out, "%s: %lld request%s", report->log_name, (long long)simulation->requests,
                  plural(simulation->requests));
    if (simulation->first_instant >= 0) {
        buffer_string(out, " from ");
        instant_print(out, simulation->first_instant);
        buffer_string(out, " to ");
        instant_print(out, simulation->last_instant);
    }
    buffer_format(out, "\n%lld evaluated", (long long)simulation->evaluated);
    int64_t not_evaluated = simulation->notes.requests[UNEVALUATED];
    if (not_evaluated)
        buffer_format(out, ", %lld could not be", (long long)not_evaluated);
    if (simulation->backwards)
        buffer_format(out, "; %lld earlier than the one before", (long long)simulation->backwards);
    buffer_byte(out, '\n');
}

/* Cost. */

static void print_cost_line(struct buffer *out, struct text title, size_t width,
                            const struct sums *sums)
{
    struct buffer cell;
    buffer_init(&cell, 256);
    __int128 old = sums->cost[SIDE_OLD], new = sums->cost[SIDE_NEW];
    left(out, title, width);
    right_count(out, &cell, sums->priced);
    right_money(out, &cell, old, false);
    right_money(out, &cell, new, false);
    right_money(out, &cell, new - old, true);
    right_percent(out, &cell, figures_picodollars(new - old), figures_picodollars(old), true);
    right_money(out, &cell, sums->default_cost, false);
    buffer_byte(out, '\n');
    buffer_free(&cell);
}

/* "The new policy costs $1.2 where default would cost $2.0: saved $0.8 (40.0%)" */
static void print_saving(struct buffer *out, const struct report *report)
{
    const struct figures *figures = report->figures;
    __int128 cost = figures_new_cost(figures), at_default = figures_default_cost(figures);
    buffer_format(out, "\n%s costs ", report->new_name);
    replay_money(out, cost, false);
    buffer_string(out, "; at default it would be ");
    replay_money(out, at_default, false);
    buffer_string(out, ": saved ");
    replay_money(out, at_default - cost, false);
    buffer_string(out, " (");
    replay_percent(out, figures_picodollars(at_default - cost), figures_picodollars(at_default),
                   false);
    buffer_string(out, ")\n");
}

static struct text model_name(const struct model_line *line)
{
    struct text name = line->name.length ? line->name : TEXT("(no model)");
    if (name.length > NAME_MAX_SHOWN)
        name.length = NAME_MAX_SHOWN;
    while (utf8_valid_prefix(name) < name.length)
        name.length--;
    return name;
}

static size_t model_width(const struct simulation *simulation, size_t shown)
{
    size_t width = COLUMN;
    for (size_t i = 0; i < shown; i++) {
        size_t length = utf8_count(model_name(simulation->models[i]));
        width = length > width ? length : width;
    }
    return width;
}

static void print_cost(struct buffer *out, const struct report *report)
{
    static const char *const columns[] = {"Requests", "Old",        "New", "Change",
                                          "",         "At default", NULL};
    const struct simulation *simulation = report->figures->simulation;
    print_saving(out, report);
    if (!figures_compares(report->figures))
        return;
    buffer_format(out, "Old is %s, new is %s\n", report->old_name, report->new_name);
    size_t shown = simulation->model_count < REPORT_SHOWN ? simulation->model_count : REPORT_SHOWN;
    size_t width = model_width(simulation, shown);
    titles(out, "Cost", width, columns);
    for (size_t i = 0; i < shown && simulation->model_count > 1; i++)
        print_cost_line(out, model_name(simulation->models[i]), width,
                        &simulation->models[i]->sums);
    print_cost_line(out, TEXT("All"), width, &simulation->totals);
}

/* Tiers. */

static void print_tier(struct buffer *out, const struct figures *figures,
                       const struct tier_figures *line)
{
    struct buffer cell;
    buffer_init(&cell, 256);
    left(out, figures->simulation->tiers.lines[line->tier].name, COLUMN);
    for (int side = figures_compares(figures) ? SIDE_OLD : SIDE_NEW; side < SIDES; side++) {
        decimal_print_rounded(&cell, line->served[side], SHARE_PLACES,
                              line->served[side] % SHARE_ALL ? 1 : 0);
        right(out, &cell);
        right_percent(out, &cell, figures_picodollars(line->served[side]), figures->decided[side],
                      false);
    }
    right_money(out, &cell, line->cost[SIDE_NEW], false);
    bar(out, figures_picodollars(line->served[SIDE_NEW]), figures->decided[SIDE_NEW]);
    buffer_byte(out, '\n');
    buffer_free(&cell);
}

/* Requests that no tier serves: rejected at once, or refused by every step. */
static void print_unserved(struct buffer *out, const struct figures *figures)
{
    const int64_t *rejected = figures->simulation->rejected;
    const struct {
        const char *title;
        __int128 requests[SIDES];
    } rows[] = {
        {"rejected",
         {rejected[SIDE_OLD] * (__int128)SHARE_ALL, rejected[SIDE_NEW] * (__int128)SHARE_ALL}},
        {"refused", {figures->unserved[SIDE_OLD], figures->unserved[SIDE_NEW]}},
    };
    struct buffer cell;
    buffer_init(&cell, 256);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].requests[SIDE_OLD] == 0 && rows[i].requests[SIDE_NEW] == 0)
            continue;
        left(out, text_of(rows[i].title), COLUMN);
        for (int side = figures_compares(figures) ? SIDE_OLD : SIDE_NEW; side < SIDES; side++) {
            decimal_print_rounded(&cell, rows[i].requests[side], SHARE_PLACES,
                                  rows[i].requests[side] % SHARE_ALL ? 1 : 0);
            right(out, &cell);
            right_percent(out, &cell, figures_picodollars(rows[i].requests[side]),
                          figures->decided[side], false);
        }
        buffer_byte(out, '\n');
    }
    buffer_free(&cell);
}

static void print_tiers(struct buffer *out, const struct figures *figures)
{
    static const char *const both[] = {"Old", "", "New", "", "Cost", NULL};
    static const char *const one[] = {"New", "", "Cost", NULL};
    titles(out, "Served by", COLUMN, figures_compares(figures) ? both : one);
    for (size_t i = 0; i < figures->tier_count; i++)
        print_tier(out, figures, &figures->tiers[i]);
    print_unserved(out, figures);
}

/* "  flex refuses 3% (given), takes 45.0s (measured)" */
static void print_assumption(struct buffer *out, const struct tiers *tiers, int number)
{
    const struct tier_line *tier = &tiers->lines[number];
    enum assumption from;
    int64_t latency = tiers_latency(tiers, number, &from);
    buffer_format(out, "  %.*s refuses ", TEXT_ARGUMENTS(tier->name));
    decimal_print(out, tier->refusal, 4);
    buffer_format(out, "%% (%s)", replay_assumption(tier->refusal_from));
    if (latency >= 0) {
        buffer_string(out, ", takes ");
        replay_latency(out, latency);
        buffer_format(out, " (%s)", replay_assumption(from));
    }
    buffer_byte(out, '\n');
}

/* What is assumed of the tiers, and what that makes of the latency. */
static void print_assumptions(struct buffer *out, const struct figures *figures)
{
    const struct tiers *tiers = &figures->simulation->tiers;
    const int64_t *latency = figures->latency;
    buffer_string(out, "\nTaken for granted:\n");
    for (size_t i = 0; i < figures->tier_count; i++)
        print_assumption(out, tiers, figures->tiers[i].tier);
    if (latency[SIDE_NEW] < 0)
        return;
    buffer_string(out, "  so the mean latency is ");
    replay_latency(out, latency[SIDE_NEW]);
    if (latency[SIDE_OLD] >= 0) {
        buffer_string(out, ", and was ");
        replay_latency(out, latency[SIDE_OLD]);
    }
    buffer_byte(out, '\n');
}

/* Changes and rules. */

/* "flex retry 3 else default by patient (line 3)" */
static void print_course(struct buffer *out, const struct course *course)
{
    buffer_text(out, course->action);
    if (course->rule_name.length == 0)
        return;
    buffer_format(out, " by %.*s", TEXT_ARGUMENTS(course->rule_name));
    if (course->line && strncmp(course->rule_name.data, "line ", 5) != 0)
        buffer_format(out, " (line %u)", course->line);
}

static void print_change(struct buffer *out, const struct pair *pair)
{
    struct buffer cell;
    buffer_init(&cell, 256);
    right_count(out, &cell, pair->sums.requests);
    right_money(out, &cell, pair->sums.cost[SIDE_NEW] - pair->sums.cost[SIDE_OLD], true);
    buffer_string(out, "  ");
    print_course(out, pair->courses[SIDE_OLD]);
    buffer_string(out, " -> ");
    print_course(out, pair->courses[SIDE_NEW]);
    buffer_format(out, "; first at line %lld\n", (long long)pair->first_line);
    buffer_free(&cell);
}

static void print_changes(struct buffer *out, const struct figures *figures)
{
    const struct simulation *simulation = figures->simulation;
    size_t shown = 0, all = 0;
    if (!figures_compares(figures))
        return;
    buffer_format(out, "\nChanged: %lld of %lld requests (", (long long)simulation->changed,
                  (long long)simulation->compared);
    replay_percent(out, simulation->changed, simulation->compared, false);
    buffer_string(out, ")\n");
    if (simulation->reworded)
        buffer_format(out, "%lld more keep their tiers with other timeouts or retries\n",
                      (long long)simulation->reworded);
    for (size_t i = 0; i < simulation->pair_count; i++) {
        if (simulation->pairs[i].change != CHANGE_TIERS)
            continue;
        if (all++ >= REPORT_SHOWN)
            continue;
        print_change(out, &simulation->pairs[i]);
        shown++;
    }
    if (shown < all)
        buffer_format(out, "... and %zu more kinds of change\n", all - shown);
}

static void print_rules(struct buffer *out, const struct figures *figures)
{
    static const char *const columns[] = {"Share", "Cost", "Saved", NULL};
    struct buffer cell;
    buffer_init(&cell, 1 << 17);
    titles(out, "      Requests", COLUMN, columns);
    for (size_t i = 0; i < figures->rule_count && i < REPORT_SHOWN; i++) {
        const struct course *course = figures->rules[i];
        __int128 cost = 0;
        course_cost(course, &cost);
        right_count(out, &cell, course->requests);
        right_percent(out, &cell, course->requests, figures->decided[SIDE_NEW], false);
        right_money(out, &cell, cost, false);
        right_money(out, &cell, course->default_cost * SHARE_ALL - cost, false);
        buffer_string(out, "  ");
        print_course(out, course);
        buffer_byte(out, '\n');
    }
    if (figures->rule_count > REPORT_SHOWN)
        buffer_format(out, "... and %zu more rules\n", figures->rule_count - REPORT_SHOWN);
    buffer_free(&cell);
}

/* Notes. */

static void print_note(struct buffer *out, const struct note *note)
{
    struct buffer cell;
    buffer_init(&cell, 256);
    right_count(out, &cell, note->requests);
    buffer_format(out, "  %s", note_text(note->kind));
    if (note->subject.length)
        buffer_format(out, ": %.*s", TEXT_ARGUMENTS(note->subject));
    buffer_format(out, "; first at line %lld", (long long)note->first_line);
    if (note->message.length)
        buffer_format(out, ": %.*s", TEXT_ARGUMENTS(note->message));
    buffer_byte(out, '\n');
    buffer_free(&cell);
}

static void print_notes(struct buffer *out, const struct notes *notes)
{
    static const char *const headings[NOTE_GROUP_COUNT] = {
        [UNEVALUATED] = "Could not be evaluated",
        [UNPRICED] = "Evaluated, and in no sum of money",
        [LACKING] = "Evaluated as requests that do not send what the log lacks",
    };
    int group = -1;
    size_t shown = 0;
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = notes->items[i];
        if (group != (int)note_group(note->kind)) {
            group = (int)note_group(note->kind);
            shown = 0;
            buffer_format(out, "\n%s:\n", headings[group]);
        }
        if (shown++ < REPORT_SHOWN)
            print_note(out, note);
        else if (shown == REPORT_SHOWN + 1)
            buffer_string(out, "           ...  and more\n");
    }
}

static void print_gates(struct buffer *out, const struct report *report)
{
    if (report->gate_count)
        buffer_byte(out, '\n');
    for (size_t i = 0; i < report->gate_count; i++)
        buffer_format(out, "%s: %.*s\n", report->gates[i].holds ? "FAILED" : "passed",
                      TEXT_ARGUMENTS(report->gates[i].text));
}

void replay_text(const struct report *report, struct buffer *out)
{
    print_head(out, report);
    print_cost(out, report);
    print_tiers(out, report->figures);
    print_assumptions(out, report->figures);
    print_changes(out, report->figures);
    print_rules(out, report->figures);
    print_notes(out, &report->figures->simulation->notes);
    print_gates(out, report);
}
