/* program/conjunctions.c: see conjunctions.h. An `or` puts lists together, an `and` pairs every
 * item of one with every item of the other; what cannot hold is left out. */
#include "program/conjunctions.h"

#include <string.h>

enum {
    MOST_OF_A_RULE = 1024,
    PER_RULE = 4, /* on average ... */
    AT_LEAST = 64 /* ... and so many in any case */
};

#define MOST_IN_ALL 65536u

struct finder {
    struct lowered *out;
    size_t most; /* conjunctions of all rules */
};

/* Conjunctions of one condition. */
struct alternatives {
    struct conjunction *items;
    size_t count, capacity;
};

static bool give_up(struct finder *finder)
{
    lower_fail(finder->out, TW_NO_MEMORY);
    return false;
}

static bool sets_cross(struct finder *finder, struct interval_set a, struct interval_set b,
                       struct interval_set *both)
{
    both->items = ARENA_ARRAY(finder->out->arena, struct interval, a.count + b.count + 1);
    both->count = 0;
    if (!both->items)
        return give_up(finder);
    for (size_t i = 0, k = 0; i < a.count && k < b.count;) {
        int64_t low = a.items[i].low > b.items[k].low ? a.items[i].low : b.items[k].low;
        int64_t high = a.items[i].high < b.items[k].high ? a.items[i].high : b.items[k].high;
        if (low <= high)
            both->items[both->count++] = (struct interval){low, high};
        if (a.items[i].high < b.items[k].high)
            i++;
        else
            k++;
    }
    return true;
}

/* False where the list grows too long, or memory is out. */
static bool add(struct finder *finder, struct alternatives *list, struct conjunction item)
{
    if (list->count == MOST_OF_A_RULE)
        return false;
    struct conjunction *items =
        arena_grow(finder->out->arena, list->items, list->count, &list->capacity, sizeof *items);
    if (!items)
        return give_up(finder);
    list->items = items;
    items[list->count++] = item;
    return true;
}

/* Both of two conjunctions; *possible says whether any request can meet them. */
static bool both_of(struct finder *finder, const struct conjunction *a, const struct conjunction *b,
                    struct conjunction *both, bool *possible)
{
    uint32_t i = 0, k = 0;
    *both = (struct conjunction){
        .constraints = ARENA_ARRAY(finder->out->arena, struct constraint, a->count + b->count + 1)};
    *possible = true;
    if (!both->constraints)
        return give_up(finder);
    while (i < a->count || k < b->count) {
        struct constraint *next = &both->constraints[both->count++];
        if (k == b->count ||
            (i < a->count && a->constraints[i].variable < b->constraints[k].variable)) {
            *next = a->constraints[i++];
        } else if (i == a->count || b->constraints[k].variable < a->constraints[i].variable) {
            *next = b->constraints[k++];
        } else {
            next->variable = a->constraints[i].variable;
            if (!sets_cross(finder, a->constraints[i++].set, b->constraints[k++].set, &next->set))
                return false;
            *possible = *possible && next->set.count;
        }
    }
    return true;
}

/* Adds "the variable is in the set"; what always holds asks for nothing. */
static bool add_set(struct finder *finder, struct alternatives *list, uint32_t variable,
                    struct interval_set set)
{
    struct domain domain = domain_of(finder->out, variable);
    struct conjunction item = {0};
    if (values_other(finder->out, domain, set).count) {
        item.constraints = ARENA_NEW(finder->out->arena, struct constraint);
        if (!item.constraints)
            return give_up(finder);
        item.constraints[item.count++] = (struct constraint){variable, set};
    }
    return !finder->out->status && add(finder, list, item);
}

static bool of_test(struct finder *finder, const struct formula *test, struct alternatives *list)
{
    struct interval_set set = values_of_test(finder->out, test);
    if (finder->out->status)
        return false;
    return set.count == 0 || add_set(finder, list, test->variable, set);
}

static bool of_formula(struct finder *finder, const struct formula *formula,
                       struct alternatives *list);

/* Sets of one variable that an `or` puts together: `model == "a" or model == "b"` is one set. */
struct joined {
    uint32_t variable;
    struct interval *items;
    size_t count, capacity;
};

static bool join(struct finder *finder, struct joined *joined, const struct constraint *constraint)
{
    joined->variable = constraint->variable;
    for (size_t i = 0; i < constraint->set.count; i++) {
        struct interval *items = arena_grow(finder->out->arena, joined->items, joined->count,
                                            &joined->capacity, sizeof *items);
        if (!items)
            return give_up(finder);
        joined->items = items;
        items[joined->count++] = constraint->set.items[i];
    }
    return true;
}

/* Adds what was joined as one item, and begins anew. */
static bool add_joined(struct finder *finder, struct joined *joined, struct alternatives *list)
{
    struct interval_set set = {joined->items, joined->count};
    uint32_t variable = joined->variable;
    *joined = (struct joined){0};
    interval_set_normalize(&set);
    return set.count == 0 || add_set(finder, list, variable, set);
}

static bool of_or(struct finder *finder, const struct formula *formula, struct alternatives *list)
{
    struct joined joined = {0};
    for (const struct formula *part = formula_parts(formula); part; part = part->next) {
        struct alternatives more = {0};
        if (!of_formula(finder, part, &more))
            return false;
        for (size_t i = 0; i < more.count; i++) {
            const struct conjunction *item = &more.items[i];
            bool single = item->count == 1;
            bool same = single && joined.count && item->constraints->variable == joined.variable;
            if (!same && !add_joined(finder, &joined, list))
                return false;
            if (single ? !join(finder, &joined, item->constraints) : !add(finder, list, *item))
                return false;
        }
    }
    return add_joined(finder, &joined, list);
}

static bool of_and(struct finder *finder, const struct formula *formula, struct alternatives *list)
{
    if (!add(finder, list, (struct conjunction){0}))
        return false;
    for (const struct formula *part = formula_parts(formula); part; part = part->next) {
        struct alternatives right = {0}, left = *list;
        *list = (struct alternatives){0};
        if (!of_formula(finder, part, &right))
            return false;
        for (size_t i = 0; i < left.count; i++) {
            for (size_t k = 0; k < right.count; k++) {
                struct conjunction both;
                bool possible;
                if (!both_of(finder, &left.items[i], &right.items[k], &both, &possible) ||
                    (possible && !add(finder, list, both)))
                    return false;
            }
        }
    }
    return true;
}

static bool of_formula(struct finder *finder, const struct formula *formula,
                       struct alternatives *list)
{
    switch (formula->kind) {
    case FORMULA_AND:
        return of_and(finder, formula, list);
    case FORMULA_OR:
        return of_or(finder, formula, list);
    case FORMULA_RANGES:
    case FORMULA_TEXTS:
    case FORMULA_LIKE:
    case FORMULA_IS_SET:
        break;
    }
    return of_test(finder, formula, list);
}

/* Adds a rule's conjunctions; *always: one of them asks for nothing. */
static bool add_rule(struct finder *finder, uint32_t rule, struct conjunctions *found, bool *always)
{
    struct alternatives list = {0};
    if (!of_formula(finder, finder->out->formulas[rule], &list))
        return false;
    for (size_t i = 0; i < list.count; i++) {
        if (found->count == finder->most)
            return false;
        struct conjunction *items = arena_grow(finder->out->arena, found->items, found->count,
                                               &found->capacity, sizeof *items);
        if (!items)
            return give_up(finder);
        found->items = items;
        items[found->count] = list.items[i];
        items[found->count++].rule = rule;
        *always |= list.items[i].count == 0;
    }
    return true;
}

bool conjunctions_find(struct lowered *lowered, struct conjunctions *found)
{
    uint32_t rules = (uint32_t)lowered->policy->rule_count;
    struct finder finder = {.out = lowered, .most = (size_t)rules * PER_RULE + AT_LEAST};
    if (finder.most > MOST_IN_ALL)
        finder.most = MOST_IN_ALL;
    *found = (struct conjunctions){.otherwise = TARGET_DECIDES | rules};
    for (uint32_t rule = 0; rule < rules; rule++) {
        bool always = false;
        size_t before = found->count;
        if (!add_rule(&finder, rule, found, &always))
            return false;
        if (!always)
            continue;
        found->count = before;
        found->otherwise = TARGET_DECIDES | rule;
        break;
    }
    lowered->facts.conjunctions = found->count;
    return true;
}
