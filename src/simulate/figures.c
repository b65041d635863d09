/* simulate/figures.c: see figures.h. */
#include "simulate/figures.h"

#include <stdlib.h>

const struct course *figures_courses(const struct simulation *simulation, int side)
{
    return simulation->options.policies[side] ? simulation->sides[side].first
           : side == SIDE_OLD                 ? simulation->first_served
                                              : NULL;
}

bool figures_compares(const struct figures *figures)
{
    return figures->simulation->compared > 0;
}

__int128 figures_picodollars(__int128 money)
{
    __int128 half = SHARE_ALL / 2;
    return (money + (money < 0 ? -half : half)) / SHARE_ALL;
}

__int128 figures_new_cost(const struct figures *figures)
{
    const struct simulation *simulation = figures->simulation;
    return simulation->totals.cost[SIDE_NEW] + simulation->uncompared.cost[SIDE_NEW];
}

__int128 figures_default_cost(const struct figures *figures)
{
    const struct simulation *simulation = figures->simulation;
    return simulation->totals.default_cost + simulation->uncompared.default_cost;
}

/* Adds a course to the lines of its tiers. False where a sum is over 127 bits. */
static bool add_course(struct figures *figures, struct tier_figures *lines, int side,
                       const struct course *course)
{
    figures->decided[side] += course->requests;
    figures->unserved[side] += course->rejects ? 0 : (__int128)course->unserved * course->requests;
    for (size_t i = 0; i < course->step_count; i++) {
        const struct course_step *step = &course->steps[i];
        struct tier_figures *line = &lines[step->tier];
        __int128 cost;
        line->chosen[side] += i == 0 ? course->requests : 0;
        line->served[side] += (__int128)step->share * course->requests;
        if (__builtin_mul_overflow(step->cost, (__int128)step->share, &cost) ||
            __builtin_add_overflow(line->cost[side], cost, &line->cost[side]))
            return false;
    }
    return true;
}

/* The mean over what is served, each tier at its own latency. */
static int64_t mean_latency(const struct figures *figures, int side)
{
    const struct tiers *tiers = &figures->simulation->tiers;
    __int128 served = 0, sum = 0;
    for (size_t i = 0; i < figures->tier_count; i++) {
        const struct tier_figures *line = &figures->tiers[i];
        int64_t latency = tiers_latency(tiers, line->tier, NULL);
        if (line->served[side] && latency < 0)
            return -1;
        served += line->served[side];
        sum += line->served[side] * latency;
    }
    return served ? (int64_t)(sum / served) : -1;
}

static int compare_rules(const void *left, const void *right)
{
    const struct course *a = *(const struct course *const *)left;
    const struct course *b = *(const struct course *const *)right;
    if (a->requests != b->requests)
        return a->requests > b->requests ? -1 : 1;
    return a->rule == b->rule ? text_compare(a->action, b->action) : a->rule < b->rule ? -1 : 1;
}

static bool list_rules(struct figures *figures)
{
    size_t count = 0;
    const struct course *first = figures_courses(figures->simulation, SIDE_NEW);
    for (const struct course *course = first; course; course = course->next)
        count++;
    figures->rules = calloc(count + 1, sizeof(const struct course *));
    if (!figures->rules)
        return false;
    for (const struct course *course = first; course; course = course->next)
        figures->rules[figures->rule_count++] = course;
    qsort(figures->rules, count, sizeof(const struct course *), compare_rules);
    return true;
}

enum tw_status figures_make(struct figures *figures, const struct simulation *simulation,
                            struct tw_error *error)
{
    struct tier_figures lines[TIERS_MAX] = {0};
    *figures = (struct figures){.simulation = simulation};
    for (int side = 0; side < SIDES; side++)
        for (const struct course *course = figures_courses(simulation, side); course;
             course = course->next)
            if (!add_course(figures, lines, side, course))
                return fail(error, TW_LIMIT, "a sum of money is over 127 bits");
    for (size_t i = 0; i < simulation->tiers.count; i++) {
        lines[i].tier = (int)i;
        if (lines[i].served[SIDE_OLD] || lines[i].served[SIDE_NEW] || lines[i].chosen[SIDE_OLD] ||
            lines[i].chosen[SIDE_NEW])
            figures->tiers[figures->tier_count++] = lines[i];
    }
    for (int side = 0; side < SIDES; side++)
        figures->latency[side] = mean_latency(figures, side);
    if (!list_rules(figures))
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    return TW_OK;
}

void figures_free(struct figures *figures)
{
    free(figures->rules);
}
