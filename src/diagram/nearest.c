/* diagram/nearest.c: see nearest.h. A shortest path through the diagram, each node once.
 *
 * Most variables cost the same wherever they are changed to. The clock does not: some moments need
 * a weekday and a time. Where a policy reads the date too, the two fix each other's weekday, so
 * each weekday is searched for itself: on a given one, what the date costs and what the clock costs
 * do not depend on each other. */
#include "diagram/nearest.h"

#include "diagram/visits.h"

#include <string.h>

/* An attribute costs two, so that a half can tell apart what needs equally many: a weekday and a
 * time cost less than two attributes that have nothing to do with each other. */
enum {
    COST_INSTANT = 1,
    COST_ATTRIBUTE = 2,
    COST_DAY_AND_TIME = 3,
    COST_LEVELS,
};
#define COST_NEVER UINT32_MAX

/* Of the clock or the date: for each cost and class, the first class from that one on that costs at
 * most so much; UINT32_MAX where there is none. */
struct class_costs {
    uint32_t *next[COST_LEVELS];
};

struct search {
    struct policy_diagram *built;
    struct arena scratch; /* of what is below, for as long as the search takes */
    enum moment_form form;
    const uint32_t *base; /* class of each variable */
    int64_t second, date; /* of the base: of the week, and the day */
    uint32_t *class_cost; /* of each class of the clock or the date, in the making */
    struct class_costs clock, date_costs;
    const struct class_costs *costs[VARIABLE_BUILTIN_COUNT]; /* NULL: all but the base cost alike */
};

/* The cheapest class of a run. */
struct choice {
    uint32_t class, cost;
};

static struct choice cheapest(const struct search *search, uint32_t variable, uint32_t low,
                              uint32_t high)
{
    const struct class_costs *costs =
        variable < VARIABLE_BUILTIN_COUNT ? search->costs[variable] : NULL;
    uint32_t base = search->base[variable];
    if (!costs)
        return low <= base && base <= high ? (struct choice){base, 0}
                                           : (struct choice){low, COST_ATTRIBUTE};
    for (uint32_t cost = 0; cost < COST_LEVELS; cost++)
        if (costs->next[cost][low] <= high)
            return (struct choice){costs->next[cost][low], cost};
    return (struct choice){low, COST_NEVER};
}

static struct choice cheapest_of_edge(const struct search *search, const struct diagram_node *node,
                                      uint32_t index)
{
    const struct diagram_edge *edges = search->built->diagram.edges + node->first_edge;
    return cheapest(search, search->built->order[node->level],
                    index ? edges[index - 1].last + 1 : 0, edges[index].last);
}

static uint32_t cost_of(const struct search *search, diagram_ref ref);

static uint32_t cost_through(const struct search *search, const struct diagram_node *node,
                             uint32_t index)
{
    uint32_t below = cost_of(search, search->built->diagram.edges[node->first_edge + index].child);
    if (below == COST_NEVER)
        return COST_NEVER;
    uint32_t here = cheapest_of_edge(search, node, index).cost;
    return here == COST_NEVER ? COST_NEVER : below + here;
}

static uint32_t cost_of(const struct search *search, diagram_ref ref)
{
    struct policy_diagram *built = search->built;
    if (diagram_is_terminal(ref))
        return ref == DIAGRAM_NONE ? COST_NEVER : 0;
    if (is_visited(built, ref))
        return noted(built, ref);
    const struct diagram_node *node = &built->diagram.nodes[ref];
    uint32_t best = COST_NEVER;
    for (uint32_t i = 0; i < node->edge_count; i++) {
        uint32_t cost = cost_through(search, node, i);
        best = cost < best ? cost : best;
    }
    note(built, ref, best);
    return best;
}

static void follow(const struct search *search, diagram_ref ref, uint32_t *classes)
{
    struct policy_diagram *built = search->built;
    while (!diagram_is_terminal(ref)) {
        const struct diagram_node *node = &built->diagram.nodes[ref];
        uint32_t best = cost_of(search, ref), index = 0;
        while (cost_through(search, node, index) != best)
            index++;
        classes[built->order[node->level]] = cheapest_of_edge(search, node, index).class;
        ref = built->diagram.edges[node->first_edge + index].child;
    }
}

/* From `class_cost`. */
static bool set_costs(struct search *search, uint32_t variable, struct class_costs *costs)
{
    uint32_t count = search->built->classes.variables[variable].count;
    for (uint32_t cost = 0; cost < COST_LEVELS; cost++) {
        uint32_t *next = costs->next[cost], first = UINT32_MAX;
        if (!next)
            next = costs->next[cost] = ARENA_ARRAY(&search->scratch, uint32_t, count);
        if (!next)
            return false;
        for (uint32_t class = count; class -- > 0; next[class] = first)
            first = search->class_cost[class] <= cost ? class : first;
    }
    search->costs[variable] = costs;
    return true;
}

static void lower(uint32_t *cost, uint32_t to)
{
    *cost = to < *cost ? to : *cost;
}

static void begin_costs(struct search *search, uint32_t variable, uint32_t cost)
{
    uint32_t count = search->built->classes.variables[variable].count;
    for (uint32_t class = 0; class < count; class ++)
        search->class_cost[class] = cost;
}

static bool meets(const struct class_run *run, int64_t low, int64_t high)
{
    return run->low <= high && run->high >= low;
}

/* Seconds of the week at which it is as late in the day as in the base, and the whole day. */
static void price_day(struct search *search, const struct class_run *run, int64_t day,
                      uint32_t same_time, uint32_t other_time)
{
    int64_t first = day * SECONDS_PER_DAY, same = first + search->second % SECONDS_PER_DAY;
    if (meets(run, same, same))
        lower(&search->class_cost[run->class], same_time);
    if (meets(run, first, first + SECONDS_PER_DAY - 1))
        lower(&search->class_cost[run->class], other_time);
}

/* Without a date: another weekday, another time, or both. */
static bool price_clock(struct search *search)
{
    const struct variable_classes *clock = &search->built->classes.variables[VARIABLE_CLOCK];
    bool instant = search->form == MOMENT_AS_INSTANT;
    uint32_t one = instant ? COST_INSTANT : COST_ATTRIBUTE;
    uint32_t both = instant ? COST_INSTANT : COST_DAY_AND_TIME;
    begin_costs(search, VARIABLE_CLOCK, COST_NEVER);
    for (size_t i = 0; i < clock->run_count; i++)
        for (int64_t day = 0; day < 7; day++)
            if (day == search->second / SECONDS_PER_DAY)
                price_day(search, &clock->runs[i], day, 0, one);
            else
                price_day(search, &clock->runs[i], day, one, both);
    return set_costs(search, VARIABLE_CLOCK, &search->clock);
}

/* Moments of one weekday; what the day costs is the date's. */
static bool price_clock_on(struct search *search, uint32_t weekday)
{
    const struct variable_classes *clock = &search->built->classes.variables[VARIABLE_CLOCK];
    uint32_t other = search->form == MOMENT_AS_INSTANT ? COST_INSTANT : COST_ATTRIBUTE;
    begin_costs(search, VARIABLE_CLOCK, COST_NEVER);
    for (size_t i = 0; i < clock->run_count; i++)
        price_day(search, &clock->runs[i], weekday, 0, other);
    return set_costs(search, VARIABLE_CLOCK, &search->clock);
}

static bool has_weekday(const struct class_run *run, uint32_t weekday)
{
    uint32_t first = weekday_of_days(run->low);
    return run->high - run->low >= (weekday + 7 - first) % 7;
}

/* Dates of one weekday. On another one than the base's each is a change, which is added at the end;
 * a class without such a date cannot be. */
static bool price_dates_on(struct search *search, uint32_t weekday)
{
    const struct variable_classes *dates = &search->built->classes.variables[VARIABLE_DATE];
    bool same_day = weekday == weekday_of_days(search->date);
    uint32_t other = !same_day                           ? 0
                     : search->form == MOMENT_AS_INSTANT ? COST_INSTANT
                                                         : COST_ATTRIBUTE;
    begin_costs(search, VARIABLE_DATE, COST_NEVER);
    for (size_t i = 0; i < dates->run_count; i++)
        if (has_weekday(&dates->runs[i], weekday))
            search->class_cost[dates->runs[i].class * 7 + weekday] = other;
    if (same_day)
        search->class_cost[search->base[VARIABLE_DATE]] = 0;
    return set_costs(search, VARIABLE_DATE, &search->date_costs);
}

/* A day of that weekday close to the base's, for a region that takes any date. */
static uint32_t any_date_on(const struct search *search, uint32_t weekday)
{
    int64_t date = search->date + (weekday + 7 - weekday_of_days(search->date)) % 7;
    date -= date > search->built->policy->variables[VARIABLE_DATE].high ? 7 : 0;
    return class_of_number(&search->built->classes.variables[VARIABLE_DATE], date);
}

static uint32_t cost_of_weekday(const struct search *search, uint32_t weekday)
{
    if (weekday == weekday_of_days(search->date))
        return 0;
    return search->form == MOMENT_AS_INSTANT ? COST_INSTANT : COST_ATTRIBUTE;
}

/* Where the way through the diagram does not ask, the request is as in the base. */
static void start_on(const struct search *search, uint32_t weekday, uint32_t *classes)
{
    const struct variable_classes *clock = &search->built->classes.variables[VARIABLE_CLOCK];
    memcpy(classes, search->base, search->built->policy->variable_count * sizeof *classes);
    if (weekday == weekday_of_days(search->date))
        return;
    classes[VARIABLE_DATE] = any_date_on(search, weekday);
    classes[VARIABLE_CLOCK] = class_of_number(clock, (int64_t)weekday * SECONDS_PER_DAY +
                                                         search->second % SECONDS_PER_DAY);
}

static bool take_nearest(struct search *search, diagram_ref region, struct assignment *found)
{
    const struct variable_classes *clock = &search->built->classes.variables[VARIABLE_CLOCK];
    if ((clock->used && !price_clock(search)) || !visits_begin(search->built))
        return false;
    found->distance = cost_of(search, region);
    follow(search, region, found->classes);
    return true;
}

/* One weekday after another, the base's own first. */
static bool take_nearest_dated(struct search *search, diagram_ref region, struct assignment *found)
{
    uint32_t own = weekday_of_days(search->date);
    found->distance = COST_NEVER;
    for (uint32_t i = 0; i < 7; i++) {
        uint32_t weekday = (own + i) % 7;
        if (!price_clock_on(search, weekday) || !price_dates_on(search, weekday) ||
            !visits_begin(search->built))
            return false;
        uint32_t cost = cost_of(search, region), day = cost_of_weekday(search, weekday);
        if (cost == COST_NEVER || cost + day >= found->distance)
            continue;
        found->distance = cost + day;
        start_on(search, weekday, found->classes);
        follow(search, region, found->classes);
    }
    return true;
}

static uint32_t class_in(const struct variable_classes *classes, bool is_text, int64_t value,
                         struct text text)
{
    if (value == VALUE_UNSET)
        return classes->unset;
    return is_text ? class_of_text(classes, text) : class_of_number(classes, value);
}

/* The classes of the base, or of the defaults. */
static bool find_base(struct search *search, const struct valuation *base, uint32_t *classes)
{
    const struct policy_tree *policy = search->built->policy;
    const struct variable_classes *all = search->built->classes.variables;
    const struct variable *clock = &policy->variables[VARIABLE_CLOCK];
    const struct variable *date = &policy->variables[VARIABLE_DATE];
    uint32_t most = all[VARIABLE_CLOCK].count > all[VARIABLE_DATE].count ? all[VARIABLE_CLOCK].count
                                                                         : all[VARIABLE_DATE].count;
    search->second = base ? base->values[VARIABLE_CLOCK] : clock->initial;
    search->date = base ? base->values[VARIABLE_DATE] : date->initial;
    search->class_cost = ARENA_ARRAY(&search->scratch, uint32_t, most);
    search->base = classes;
    for (size_t i = 0; i < policy->variable_count; i++) {
        bool is_text = policy->variables[i].type == TW_TYPE_STRING;
        classes[i] =
            base ? class_in(&all[i], is_text, base->values[i], is_text ? base->texts[i] : TEXT(""))
                 : all[i].initial;
    }
    return search->class_cost != NULL;
}

bool diagram_nearest(struct policy_diagram *built, diagram_ref region, const struct valuation *base,
                     enum moment_form form, struct assignment *found)
{
    size_t count = built->policy->variable_count;
    struct search search = {.built = built, .form = form};
    uint32_t *classes = ARENA_ARRAY(built->arena, uint32_t, count);
    found->classes = ARENA_ARRAY(built->arena, uint32_t, count);
    if (!classes || !found->classes)
        return false;
    arena_init(&search.scratch, built->arena->limit);
    bool good = find_base(&search, base, classes);
    memcpy(found->classes, classes, count * sizeof *classes);
    if (good)
        good = built->classes.variables[VARIABLE_DATE].by_weekday
                   ? take_nearest_dated(&search, region, found)
                   : take_nearest(&search, region, found);
    arena_free(&search.scratch);
    return good;
}
