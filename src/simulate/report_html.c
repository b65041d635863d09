/* simulate/report_html.c: a replay as one page that asks for no other file: no script, no font, no
 * picture. Light or dark as the reader's system is. */
#include "simulate/report_page.h"

#include "base/value.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6672;--paper:#fff;--line:#d8dee4;"
    "--card:#f6f8fa;--c0:#3b82c4;--c1:#2f9e6e;--c2:#c98a1b;--c3:#a24fb5;--c4:#c9504a;--c5:#5f6fd0;"
    "--c6:#7a8a2a;--c7:#7d6a5a;--old:#9aa7b4}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa5b1;--paper:#14181d;"
    "--line:#333c46;--card:#1d232a;--c0:#5aa2e6;--c1:#4cc38a;--c2:#e0a83d;--c3:#c37bd6;"
    "--c4:#e8726c;--c5:#8a98f0;--c6:#a3b64a;--c7:#a8937f;--old:#66727f}}\n"
    "body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "max-width:62rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem;margin:1rem 0 "
    "0}\n"
    ".soft,.legend{color:var(--soft)}svg{width:100%;height:auto;font-size:11px}\n"
    "svg text{fill:var(--soft)}.axis{stroke:var(--line);fill:none}\n"
    ".cards{display:flex;flex-wrap:wrap;gap:1rem}.card{background:var(--card);border:1px solid "
    "var(--line);border-radius:8px;padding:.7rem 1rem;flex:1 1 9rem}.card b{display:block;"
    "font-size:1.4rem}\n"
    "div.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:right;"
    "padding:.25rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}"
    ".name{text-align:left;white-space:normal}\n"
    ".t0{fill:var(--c0)}.t1{fill:var(--c1)}.t2{fill:var(--c2)}.t3{fill:var(--c3)}"
    ".t4{fill:var(--c4)}.t5{fill:var(--c5)}.t6{fill:var(--c6)}.t7{fill:var(--c7)}"
    ".s0{fill:var(--old)}.s1{fill:var(--c0)}.l0,.l1{fill:none;stroke-width:1.5;stroke:"
    "var(--old)}.l1{stroke:var(--c0)}\n"
    ".key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin:0 .4em 0 1em}"
    ".k0{background:var(--c0)}.k1{background:var(--c1)}.k2{background:var(--c2)}"
    ".k3{background:var(--c3)}.k4{background:var(--c4)}.k5{background:var(--c5)}"
    ".k6{background:var(--c6)}.k7{background:var(--c7)}.k-s0{background:var(--old)}"
    ".k-s1{background:var(--c0)}.failed{color:var(--c4)}\n";

static const char *entity_of(char byte)
{
    static const struct {
        char byte;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
        if (entities[i].byte == byte)
            return entities[i].entity;
    return NULL;
}

void page_text(struct buffer *out, struct text text)
{
    for (size_t at = 0; at < text.length;) {
        size_t length = utf8_character(text.data + at, text.length - at);
        const char *entity = entity_of(text.data[at]);
        if (length == 0 || (length == 1 && (unsigned char)text.data[at] < ' '))
            buffer_string(out, "\xEF\xBF\xBD");
        else if (entity)
            buffer_string(out, entity);
        else
            buffer_append(out, text.data + at, length);
        at += length ? length : 1;
    }
}

/* Cells of tables. */

static void open_table(struct buffer *out, const char *heads)
{
    buffer_format(out, "<div class=\"wide\"><table><tr>%s</tr>\n", heads);
}

static void close_table(struct buffer *out)
{
    buffer_string(out, "</table></div>\n");
}

static void cell_text(struct buffer *out, struct text text)
{
    buffer_string(out, "<td class=\"name\">");
    page_text(out, text);
    buffer_string(out, "</td>");
}

static void cell_count(struct buffer *out, int64_t count)
{
    buffer_format(out, "<td>%lld</td>", (long long)count);
}

static void cell_money(struct buffer *out, __int128 money, bool sign)
{
    buffer_string(out, "<td>");
    replay_money(out, money, sign);
    buffer_string(out, "</td>");
}

static void cell_percent(struct buffer *out, __int128 part, __int128 whole, bool sign)
{
    buffer_string(out, "<td>");
    replay_percent(out, part, whole, sign);
    buffer_string(out, "</td>");
}

static void cell_course(struct buffer *out, const struct course *course)
{
    buffer_string(out, "<td class=\"name\">");
    page_text(out, course->action);
    if (course->rule_name.length) {
        buffer_string(out, " <span class=\"soft\">by ");
        page_text(out, course->rule_name);
        buffer_string(out, "</span>");
    }
    buffer_string(out, "</td>");
}

/* The head of the page. */

static void open_card(struct buffer *out)
{
    buffer_string(out, "<div class=\"card\"><b>");
}

static void close_card(struct buffer *out, const char *what)
{
    buffer_format(out, "</b><span class=\"soft\">%s</span></div>\n", what);
}

static void print_compared_cards(struct buffer *out, const struct simulation *simulation)
{
    const struct sums *totals = &simulation->totals;
    __int128 change = totals->cost[SIDE_NEW] - totals->cost[SIDE_OLD];
    open_card(out);
    replay_percent(out, figures_picodollars(change), figures_picodollars(totals->cost[SIDE_OLD]),
                   true);
    close_card(out, "change of cost");
    open_card(out);
    replay_percent(out, simulation->changed, simulation->compared, false);
    close_card(out, "of requests change their tiers");
}

static void print_cards(struct buffer *out, const struct report *report)
{
    const struct figures *figures = report->figures;
    __int128 cost = figures_new_cost(figures), at_default = figures_default_cost(figures);
    buffer_string(out, "<div class=\"cards\">\n");
    open_card(out);
    replay_money(out, cost, false);
    close_card(out, "new cost");
    if (figures_compares(figures))
        print_compared_cards(out, figures->simulation);
    open_card(out);
    replay_money(out, at_default - cost, false);
    close_card(out, "saved against default");
    open_card(out);
    replay_percent(out, figures_picodollars(at_default - cost), figures_picodollars(at_default),
                   false);
    close_card(out, "saved, of the cost at default");
    if (figures->latency[SIDE_NEW] >= 0) {
        open_card(out);
        replay_latency(out, figures->latency[SIDE_NEW]);
        close_card(out, "mean latency");
    }
    buffer_string(out, "</div>\n");
}

static void print_head(struct buffer *out, const struct report *report)
{
    const struct simulation *simulation = report->figures->simulation;
    buffer_string(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    page_text(out, text_of(report->new_name));
    buffer_format(out, " replayed</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    page_text(out, text_of(report->new_name));
    buffer_string(out, " against ");
    page_text(out, text_of(report->old_name));
    buffer_string(out, "</h1>\n<p class=\"soft\">");
    page_text(out, text_of(report->log_name));
    buffer_format(out, ": %lld requests, %lld evaluated", (long long)simulation->requests,
                  (long long)simulation->evaluated);
    if (simulation->first_instant >= 0) {
        buffer_string(out, "; ");
        instant_print(out, simulation->first_instant);
        buffer_string(out, " to ");
        instant_print(out, simulation->last_instant);
    }
    buffer_string(out, "; prices: ");
    page_text(out, report->prices->name);
    buffer_byte(out, ' ');
    page_text(out, report->prices->date);
    buffer_string(out, "</p>\n");
}

static void print_gates(struct buffer *out, const struct report *report)
{
    if (report->gate_count == 0)
        return;
    buffer_string(out, "<h2>Conditions</h2>\n<ul>\n");
    for (size_t i = 0; i < report->gate_count; i++) {
        bool holds = report->gates[i].holds;
        buffer_format(out, "<li class=\"%s\">%s: ", holds ? "failed" : "passed",
                      holds ? "failed" : "passed");
        page_text(out, report->gates[i].text);
        buffer_string(out, "</li>\n");
    }
    buffer_string(out, "</ul>\n");
}

/* Tables. */

/* Requests that no tier serves. */
static void print_unserved(struct buffer *out, const struct figures *figures, const char *what,
                           int64_t requests)
{
    if (requests == 0)
        return;
    buffer_string(out, "<tr>");
    cell_text(out, text_of(what));
    cell_count(out, requests);
    cell_percent(out, requests, figures->decided[SIDE_NEW], false);
    buffer_string(out, "<td></td><td></td><td></td></tr>\n");
}

static void print_tiers(struct buffer *out, const struct figures *figures)
{
    buffer_string(out, "<h2>Served by tier</h2>\n");
    page_tier_chart(out, figures);
    open_table(out, "<th class=\"name\">Tier</th><th>Requests</th><th>Share</th><th>Cost</th>"
                    "<th>Refuses</th><th>Latency</th>");
    for (size_t i = 0; i < figures->tier_count; i++) {
        const struct tier_figures *line = &figures->tiers[i];
        const struct tier_line *tier = &figures->simulation->tiers.lines[line->tier];
        __int128 served = figures_picodollars(line->served[SIDE_NEW]);
        buffer_string(out, "<tr>");
        cell_text(out, tier->name);
        cell_count(out, (int64_t)served);
        cell_percent(out, served, figures->decided[SIDE_NEW], false);
        cell_money(out, line->cost[SIDE_NEW], false);
        buffer_string(out, "<td>");
        decimal_print(out, tier->refusal, 4);
        buffer_format(out, "%% (%s)</td><td>", replay_assumption(tier->refusal_from));
        replay_latency(out, tiers_latency(&figures->simulation->tiers, line->tier, NULL));
        buffer_string(out, "</td></tr>\n");
    }
    print_unserved(out, figures, "rejected", figures->simulation->rejected[SIDE_NEW]);
    print_unserved(out, figures, "refused by every tier",
                   (int64_t)figures_picodollars(figures->unserved[SIDE_NEW]));
    close_table(out);
}

static void print_hours(struct buffer *out, const struct figures *figures)
{
    if (figures->simulation->first_instant < 0)
        return;
    buffer_string(out, "<h2>Chosen tier by hour of the day (UTC)</h2>\n");
    for (int side = 0; side < SIDES; side++)
        page_hour_chart(out, figures, side);
}

static void print_changes(struct buffer *out, const struct simulation *simulation)
{
    size_t shown = 0;
    if (simulation->changed == 0)
        return;
    buffer_string(out, "<h2>What changes</h2>\n");
    open_table(out, "<th>Requests</th><th>Cost</th><th class=\"name\">Old</th>"
                    "<th class=\"name\">New</th>");
    for (size_t i = 0; i < simulation->pair_count && shown < REPORT_SHOWN; i++) {
        const struct pair *pair = &simulation->pairs[i];
        if (pair->change != CHANGE_TIERS)
            continue;
        shown++;
        buffer_string(out, "<tr>");
        cell_count(out, pair->sums.requests);
        cell_money(out, pair->sums.cost[SIDE_NEW] - pair->sums.cost[SIDE_OLD], true);
        cell_course(out, pair->courses[SIDE_OLD]);
        cell_course(out, pair->courses[SIDE_NEW]);
        buffer_string(out, "</tr>\n");
    }
    close_table(out);
}

static void print_rules(struct buffer *out, const struct figures *figures)
{
    buffer_string(out, "<h2>Rules of the new policy</h2>\n");
    open_table(out, "<th>Requests</th><th>Share</th><th>Cost</th><th>Saved</th>"
                    "<th class=\"name\">Rule</th>");
    for (size_t i = 0; i < figures->rule_count && i < REPORT_SHOWN; i++) {
        const struct course *course = figures->rules[i];
        __int128 cost = 0;
        course_cost(course, &cost);
        buffer_string(out, "<tr>");
        cell_count(out, course->requests);
        cell_percent(out, course->requests, figures->decided[SIDE_NEW], false);
        cell_money(out, cost, false);
        cell_money(out, course->default_cost * SHARE_ALL - cost, false);
        cell_course(out, course);
        buffer_string(out, "</tr>\n");
    }
    close_table(out);
}

static void print_models(struct buffer *out, const struct simulation *simulation)
{
    if (simulation->model_count < 2)
        return;
    buffer_string(out, "<h2>Models</h2>\n");
    open_table(out, "<th class=\"name\">Model</th><th>Requests</th><th>Old</th><th>New</th>"
                    "<th>Change</th><th>At default</th>");
    for (size_t i = 0; i < simulation->model_count && i < REPORT_SHOWN; i++) {
        const struct sums *sums = &simulation->models[i]->sums;
        buffer_string(out, "<tr>");
        cell_text(out, simulation->models[i]->name);
        cell_count(out, sums->requests);
        for (int side = 0; side < SIDES; side++)
            cell_money(out, sums->cost[side], false);
        cell_money(out, sums->cost[SIDE_NEW] - sums->cost[SIDE_OLD], true);
        cell_money(out, sums->default_cost, false);
        buffer_string(out, "</tr>\n");
    }
    close_table(out);
}

static void print_notes(struct buffer *out, const struct notes *notes)
{
    if (notes->count == 0)
        return;
    buffer_string(out, "<h2>What this leaves out</h2>\n");
    open_table(out, "<th>Requests</th><th class=\"name\">Reason</th><th class=\"name\"></th>"
                    "<th>First at line</th>");
    for (size_t i = 0; i < notes->count && i < NOTES_MAX; i++) {
        const struct note *note = notes->items[i];
        buffer_string(out, "<tr>");
        cell_count(out, note->requests);
        cell_text(out, text_of(note_text(note->kind)));
        cell_text(out, note->subject.length ? note->subject : note->message);
        cell_count(out, note->first_line);
        buffer_string(out, "</tr>\n");
    }
    close_table(out);
}

void replay_html(const struct report *report, struct buffer *out)
{
    const struct figures *figures = report->figures;
    print_head(out, report);
    print_cards(out, report);
    print_gates(out, report);
    print_tiers(out, figures);
    page_day_chart(out, figures);
    print_hours(out, figures);
    print_changes(out, figures->simulation);
    print_rules(out, figures);
    print_models(out, figures->simulation);
    print_notes(out, &figures->simulation->notes);
    buffer_string(out, "</body>\n</html>\n");
}
