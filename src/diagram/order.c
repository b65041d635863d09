/* diagram/order.c: guesses at a good order, and the search among them; see order.h.
 *
 * Arrays are of the compile's arena. Every sort ends with the variable's number, so that the same
 * policy always gets the same order. */
#include "diagram/order.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_RELATED = 256 }; /* variables for which it is counted which are tested together */

/* What the guesses know of a variable. */
struct weight {
    uint32_t variable, classes;
    uint32_t rules;     /* that test it */
    uint32_t last_rule; /* + 1: the last of these */
    double share;       /* of its classes, that its tests leave on average, summed over rules */
};

struct order_search {
    struct policy_diagram *built;
    enum tw_status (*attempt)(struct policy_diagram *built, size_t limit);
    struct weight *weights; /* of each level of the first guess */
    uint32_t *first;        /* the first guess */
    uint32_t *best;         /* the order of the smallest diagram so far */
    size_t best_edges;      /* SIZE_MAX: none was built yet */
    bool best_at_hand;      /* it is the one that was built last */
    size_t edge_limit, effort;
};

static void count_tests(const struct formula *formula, uint32_t rule, struct weight *weights)
{
    for (const struct formula *part = formula_parts(formula); part; part = part->next)
        count_tests(part, rule, weights);
    if (!formula_is_test(formula) || weights[formula->variable].last_rule == rule + 1)
        return;
    weights[formula->variable].last_rule = rule + 1;
    weights[formula->variable].rules++;
}

/* What most rules test comes first, and of that what has most classes: a policy whose every rule
 * names a model is best told apart by model. */
static int by_weight(const void *left, const void *right)
{
    const struct weight *a = left, *b = right;
    uint64_t a_weight = (uint64_t)a->rules * a->classes, b_weight = (uint64_t)b->rules * b->classes;
    if (a_weight != b_weight)
        return a_weight > b_weight ? -1 : 1;
    return a->variable < b->variable ? -1 : 1;
}

/* What leaves the fewest rules comes first: `model == m` tells more than `tokens > n`. */
static int by_share(const void *left, const void *right)
{
    const struct weight *a = left, *b = right;
    if (a->share != b->share)
        return a->share < b->share ? -1 : 1;
    return a->variable < b->variable ? -1 : 1;
}

static int by_classes(const void *left, const void *right)
{
    const struct weight *a = left, *b = right;
    if (a->classes != b->classes)
        return a->classes < b->classes ? -1 : 1;
    return a->variable < b->variable ? -1 : 1;
}

static void set_order(struct policy_diagram *built, const uint32_t *order)
{
    memmove(built->order, order, built->level_count * sizeof *order);
    for (uint32_t i = 0; i < built->level_count; i++)
        built->level_of[built->order[i]] = i;
}

bool order_guess(struct policy_diagram *built)
{
    uint32_t variables = (uint32_t)built->policy->variable_count;
    struct weight *weights = ARENA_ARRAY(built->arena, struct weight, variables);
    built->order = ARENA_ARRAY(built->arena, uint32_t, variables);
    built->level_of = ARENA_ARRAY(built->arena, uint32_t, variables);
    if (!weights || !built->order || !built->level_of)
        return false;
    for (uint32_t i = 0; i < variables; i++)
        weights[i] = (struct weight){
            .variable = i, .classes = built->classes.variables[i].count, .rules = 1};
    for (uint32_t rule = 0; rule < built->policy->rule_count; rule++)
        count_tests(built->formulas[rule], rule, weights);
    qsort(weights, variables, sizeof *weights, by_weight);
    for (uint32_t i = 0; i < variables; i++) {
        built->level_of[weights[i].variable] = UINT32_MAX;
        if (built->classes.variables[weights[i].variable].used)
            built->order[built->level_count++] = weights[i].variable;
    }
    set_order(built, built->order);
    return true;
}

/* Adds the share of a test's classes to its variable. A test inside an `or` counts as if it were
 * not: this is a guess. */
static bool add_shares(struct order_search *search, const struct formula *formula)
{
    struct policy_diagram *built = search->built;
    for (const struct formula *part = formula_parts(formula); part; part = part->next)
        if (!add_shares(search, part))
            return false;
    if (!formula_is_test(formula))
        return true;
    struct weight *weight = &search->weights[built->level_of[formula->variable]];
    uint64_t inside = 0;
    if (!classes_of_test(&built->classes, built->arena, formula, &built->scratch))
        return false;
    for (size_t i = 0; i < built->scratch.count; i++)
        inside += built->scratch.spans[i].high - built->scratch.spans[i].low + 1u;
    weight->share += (double)inside / weight->classes - 1;
    weight->rules++;
    return true;
}

/* The first guess's order has to be at hand. */
static bool begin_search(struct order_search *search)
{
    struct policy_diagram *built = search->built;
    size_t levels = built->level_count;
    search->weights = ARENA_ARRAY(built->arena, struct weight, levels);
    search->first = ARENA_ARRAY(built->arena, uint32_t, levels);
    search->best = ARENA_ARRAY(built->arena, uint32_t, levels);
    if (!search->weights || !search->first || !search->best)
        return false;
    for (uint32_t i = 0; i < levels; i++) {
        uint32_t variable = search->first[i] = built->order[i];
        search->weights[i] = (struct weight){.variable = variable,
                                             .classes = built->classes.variables[variable].count};
    }
    for (size_t rule = 0; rule < built->policy->rule_count; rule++)
        if (!add_shares(search, built->formulas[rule]))
            return false;
    return true;
}

static void guess_sorted(const struct order_search *search, uint32_t *order,
                         int (*compare)(const void *left, const void *right))
{
    uint32_t levels = search->built->level_count;
    struct weight *weights = ARENA_ARRAY(search->built->arena, struct weight, levels);
    if (!weights)
        return;
    memcpy(weights, search->weights, levels * sizeof *weights);
    qsort(weights, levels, sizeof *weights, compare);
    for (uint32_t i = 0; i < levels; i++)
        order[i] = weights[i].variable;
}

/* How many rules test two variables together; an array of places times places. */
struct relation {
    uint32_t *counts;
    uint32_t places;
    uint32_t *here; /* places that the rule at hand tests */
    uint32_t here_count;
};

static void relate(const struct order_search *search, struct relation *relation,
                   const struct formula *formula)
{
    for (const struct formula *part = formula_parts(formula); part; part = part->next)
        relate(search, relation, part);
    if (!formula_is_test(formula))
        return;
    uint32_t place = 0;
    while (search->first[place] != formula->variable)
        place++;
    for (uint32_t i = 0; i < relation->here_count; i++) {
        if (relation->here[i] == place)
            return;
    }
    for (uint32_t i = 0; i < relation->here_count; i++) {
        relation->counts[relation->here[i] * relation->places + place]++;
        relation->counts[place * relation->places + relation->here[i]]++;
    }
    relation->here[relation->here_count++] = place;
}

/* The place that is most often tested together with `last`, of those that are left. */
static uint32_t nearest(const struct relation *relation, uint32_t last, const bool *taken)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < relation->places; i++) {
        uint32_t together = relation->counts[last * relation->places + i];
        if (!taken[i] &&
            (best == UINT32_MAX || together > relation->counts[last * relation->places + best]))
            best = i;
    }
    return best;
}

/* What is tested together comes together: of `x1 == a and y1 == a`, y1 follows x1. */
static void guess_related(const struct order_search *search, uint32_t *order)
{
    struct policy_diagram *built = search->built;
    uint32_t levels = built->level_count;
    struct relation relation = {.places = levels};
    if (levels > MOST_RELATED)
        return;
    relation.counts = ARENA_ARRAY(built->arena, uint32_t, (size_t)levels * levels);
    relation.here = ARENA_ARRAY(built->arena, uint32_t, levels);
    bool *taken = ARENA_ARRAY(built->arena, bool, levels);
    if (!relation.counts || !relation.here || !taken)
        return;
    for (size_t rule = 0; rule < built->policy->rule_count; rule++) {
        relation.here_count = 0;
        relate(search, &relation, built->formulas[rule]);
    }
    for (uint32_t i = 0, last = 0; i < levels; i++) {
        last = i == 0 ? 0 : nearest(&relation, last, taken);
        taken[last] = true;
        order[i] = search->first[last];
    }
}

/* Without memory for a guess, or where it is too much work, the order stays the first one. */
static void guess(const struct order_search *search, int which, uint32_t *order)
{
    memcpy(order, search->first, search->built->level_count * sizeof *order);
    switch (which) {
    case 1:
        guess_sorted(search, order, by_share);
        return;
    case 2:
        guess_related(search, order);
        return;
    case 3:
        guess_sorted(search, order, by_classes);
        return;
    default:
        return;
    }
}

/* Builds in this order, with less than the best one has. What it costs is taken off the effort,
 * but for the first guess, which may always use all. */
static enum tw_status try_order(struct order_search *search, const uint32_t *order, bool is_first,
                                size_t limit)
{
    struct policy_diagram *built = search->built;
    if (limit >= search->best_edges)
        limit = search->best_edges - 1;
    if (!is_first && limit > search->effort)
        limit = search->effort;
    if (limit == 0)
        return TW_LIMIT;
    set_order(built, order);
    search->best_at_hand = false;
    enum tw_status status = search->attempt(built, limit);
    size_t spent = built->diagram.edge_count;
    if (!is_first)
        search->effort -= spent < search->effort ? spent : search->effort;
    if (status)
        return status;
    memcpy(search->best, built->order, built->level_count * sizeof *order);
    search->best_edges = spent;
    search->best_at_hand = true;
    return TW_OK;
}

enum { GUESSES = 4, ROUND_GROWTH = 8, EXCHANGES_COST = 6 };

/* Every guess with the same room, the first one last; in the first round it was tried already. */
static enum tw_status try_guesses(struct order_search *search, uint32_t *order, size_t limit,
                                  bool first_round)
{
    size_t bytes = search->built->level_count * sizeof *order;
    for (int which = 1; which <= GUESSES - first_round; which++) {
        bool is_first = which == GUESSES;
        guess(search, which % GUESSES, order);
        if (!is_first && memcmp(order, search->first, bytes) == 0)
            continue;
        enum tw_status status = try_order(search, order, is_first, limit);
        if (status == TW_NO_MEMORY)
            return status;
    }
    return search->best_edges == SIZE_MAX ? TW_LIMIT : TW_OK;
}

/* Exchanges neighbours as long as that helps, for the work of a few diagrams like the best one. */
static enum tw_status exchange_neighbours(struct order_search *search, uint32_t *order)
{
    uint32_t levels = search->built->level_count;
    bool better = true;
    if (search->effort > EXCHANGES_COST * search->best_edges)
        search->effort = EXCHANGES_COST * search->best_edges;
    while (better && search->effort) {
        better = false;
        for (uint32_t i = 0; i + 1 < levels && search->effort; i++) {
            memcpy(order, search->best, levels * sizeof *order);
            order[i] = search->best[i + 1];
            order[i + 1] = search->best[i];
            enum tw_status status = try_order(search, order, false, SIZE_MAX);
            if (status == TW_NO_MEMORY)
                return status;
            better |= status == TW_OK;
        }
    }
    return TW_OK;
}

/* In rounds, each with more room than the one before, until some order fits. */
static enum tw_status search_orders(struct order_search *search, size_t limit)
{
    struct policy_diagram *built = search->built;
    uint32_t *order = ARENA_ARRAY(built->arena, uint32_t, built->level_count);
    if (!order || !begin_search(search))
        return TW_NO_MEMORY;
    enum tw_status status = try_guesses(search, order, limit, true);
    while (status == TW_LIMIT && limit < search->edge_limit) {
        limit =
            limit > search->edge_limit / ROUND_GROWTH ? search->edge_limit : limit * ROUND_GROWTH;
        status = try_guesses(search, order, limit, false);
    }
    if (!status)
        status = exchange_neighbours(search, order);
    if (status || search->best_at_hand)
        return status;
    set_order(built, search->best);
    return search->attempt(built, search->best_edges);
}

enum tw_status order_search(struct policy_diagram *built, size_t edge_limit,
                            enum tw_status (*attempt)(struct policy_diagram *built, size_t limit))
{
    struct order_search search = {.built = built,
                                  .attempt = attempt,
                                  .best_edges = SIZE_MAX,
                                  .edge_limit = edge_limit,
                                  .effort = edge_limit};
    size_t limit = EXPECTED_EDGES + EXPECTED_EDGES_A_RULE * built->policy->rule_count;
    if (limit > edge_limit || built->level_count < 2)
        limit = edge_limit;
    enum tw_status status = attempt(built, limit);
    if (status == TW_LIMIT && limit < edge_limit)
        status = search_orders(&search, limit);
    built->diagram.edge_limit = edge_limit; /* questions that come later have all the room */
    return status;
}
