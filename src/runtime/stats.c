/* runtime/stats.c: adds up the ledger's groups by tier and by rule, and its rows by any key.
 *
 * Takes groups or rows as the store visits them; owns its lines. Sums are exact (128 bits). Fails
 * only as the store does, or for lack of memory. */
#include "runtime/stats.h"

#include <stdlib.h>

#define STATS_MEMORY ((size_t)64 << 20)

static struct stats_line *find_line(struct stats *stats, struct stats_lines *lines,
                                    struct text name)
{
    struct stats_line *line = map_get(&lines->by_name, name);
    if (line)
        return line;
    struct stats_line **items = arena_grow(&stats->arena, lines->items, lines->count,
                                           &lines->capacity, sizeof(struct stats_line *));
    line = ARENA_NEW(&stats->arena, struct stats_line);
    if (!items || !line)
        return NULL;
    lines->items = items;
    line->name = arena_text(&stats->arena, name);
    if (stats->arena.failed || !map_set(&lines->by_name, line->name, line))
        return NULL;
    return items[lines->count++] = line;
}

static void add(struct stats_line *line, const struct ledger_group *group)
{
    if (group->outcome != LEDGER_ANSWERED) {
        line->refused += group->outcome == LEDGER_REFUSED ? group->attempts : 0;
        line->unanswered += group->attempts;
        line->unanswered_spend += group->cost + group->uncompared_cost;
        return;
    }
    line->requests += group->attempts;
    line->stepped_down += group->stepped_down;
    line->delayed += group->delayed;
    line->delay += group->delay;
    line->unpriced += group->unpriced;
    line->uncompared += group->uncompared;
    line->spend += group->cost;
    line->would_have_spent += group->default_cost;
    line->uncompared_spend += group->uncompared_cost;
}

static enum tw_status add_group(void *context, const struct ledger_group *group)
{
    struct stats *stats = context;
    struct stats_line *rule = find_line(stats, &stats->rules, group->rule);
    if (!rule)
        return TW_NO_MEMORY;
    stats->attempts[group->outcome] += group->attempts;
    add(rule, group);
    add(&stats->total, group);
    if (group->outcome != LEDGER_ANSWERED) {
        stats->unanswered_unpriced += group->unpriced;
        return TW_OK;
    }
    struct text name = group->served_tier.length ? group->served_tier : text_of(STATS_UNKNOWN_TIER);
    struct stats_line *tier = find_line(stats, &stats->tiers, name);
    if (!tier)
        return TW_NO_MEMORY;
    add(tier, group);
    return TW_OK;
}

/* Rows one by one, where they are selected or grouped by what the store does not group by. */
struct reading {
    const struct stats_query *query;
    struct stats *stats;
    struct buffer scratch;
};

static enum tw_status add_row(void *context, const struct ledger_row *row)
{
    struct reading *reading = context;
    const struct stats_query *query = reading->query;
    struct stats *stats = reading->stats;
    if (!ledger_filters_hold(query->filters, query->filter_count, row, &reading->scratch))
        return TW_OK;
    struct ledger_group group = {.served_tier = row->served_tier,
                                 .rule = row->rule,
                                 .outcome = (enum ledger_outcome)row->outcome};
    ledger_group_add(&group, row);
    if (query->by) {
        struct text value = ledger_key_value(query->by, row, &reading->scratch);
        struct stats_line *line = find_line(stats, &stats->groups, value);
        if (!line)
            return TW_NO_MEMORY;
        add(line, &group);
    }
    return add_group(stats, &group);
}

static enum tw_status read_rows(struct store *store, const struct stats_query *query,
                                struct stats *stats, struct tw_error *error)
{
    struct reading reading = {query, stats, {0}};
    buffer_init(&reading.scratch, LEDGER_TEXT_MAX);
    enum tw_status status = ledger_each(store, query->range, add_row, &reading, error);
    buffer_free(&reading.scratch);
    return status;
}

/* The lesson's report has these tiers even where nothing was served by them. */
static const char *const first_tiers[] = {"default", "flex", "auto"};
enum { FIRST_TIERS = sizeof first_tiers / sizeof first_tiers[0] };

static bool add_first_tiers(struct stats *stats)
{
    for (size_t i = 0; i < FIRST_TIERS; i++)
        if (!find_line(stats, &stats->tiers, text_of(first_tiers[i])))
            return false;
    return true;
}

static int compare_tiers(const void *left, const void *right)
{
    const struct stats_line *a = *(struct stats_line *const *)left;
    const struct stats_line *b = *(struct stats_line *const *)right;
    int unknown = text_is(a->name, STATS_UNKNOWN_TIER) - text_is(b->name, STATS_UNKNOWN_TIER);
    return unknown ? unknown : text_compare(a->name, b->name);
}

static int compare_names(const void *left, const void *right)
{
    const struct stats_line *a = *(struct stats_line *const *)left;
    const struct stats_line *b = *(struct stats_line *const *)right;
    return text_compare(a->name, b->name);
}

static int compare_rules(const void *left, const void *right)
{
    const struct stats_line *a = *(struct stats_line *const *)left;
    const struct stats_line *b = *(struct stats_line *const *)right;
    int order = (a->requests < b->requests) - (a->requests > b->requests);
    return order ? order : text_compare(a->name, b->name);
}

static void sort(struct stats_lines *lines, int (*compare)(const void *left, const void *right))
{
    if (lines->count)
        qsort(lines->items, lines->count, sizeof *lines->items, compare);
}

static void sort_lines(struct stats *stats, const struct ledger_key *by)
{
    qsort(stats->tiers.items + FIRST_TIERS, stats->tiers.count - FIRST_TIERS,
          sizeof *stats->tiers.items, compare_tiers);
    sort(&stats->rules, compare_rules);
    sort(&stats->groups, by && by->in_order ? compare_names : compare_rules);
}

enum tw_status stats_collect(struct store *store, const struct stats_query *query,
                             struct stats *stats, struct tw_error *error)
{
    *stats = (struct stats){.total.name = TEXT("total")};
    arena_init(&stats->arena, STATS_MEMORY);
    map_init(&stats->tiers.by_name, &stats->arena);
    map_init(&stats->rules.by_name, &stats->arena);
    map_init(&stats->groups.by_name, &stats->arena);
    enum tw_status status = add_first_tiers(stats) ? TW_OK : TW_NO_MEMORY;
    if (status == TW_OK)
        status = query->by || query->filter_count
                     ? read_rows(store, query, stats, error)
                     : ledger_groups(store, query->range, add_group, stats, error);
    if (status == TW_NO_MEMORY)
        fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    if (status == TW_OK)
        sort_lines(stats, query->by);
    else
        stats_free(stats);
    return status;
}

void stats_free(struct stats *stats)
{
    arena_free(&stats->arena);
}

struct savings stats_savings(const struct stats *stats)
{
    const struct stats_line *flex = map_get(&stats->tiers.by_name, TEXT("flex"));
    return (struct savings){
        .default_spend = stats->total.spend - flex->spend,
        .flex_spend = flex->spend,
        .actual_total = stats->total.spend,
        .would_have_spent = stats->total.would_have_spent,
        .saved = stats->total.would_have_spent - stats->total.spend,
    };
}
