/* author/diff.c: see diff.h.
 *
 * Both policies become diagrams over one set of variables (diff_join.c). Each side is cut into
 * regions, one for each action; wherever regions of different actions overlap, the policies differ.
 * Steps at a tier-valued attribute count as the tier that it has. Where the clocks are apart, the
 * new policy stands there once for each distance of the clocks. */
#include "author/diff.h"

#include "author/condition_text.h"
#include "author/diff_action.h"
#include "author/diff_clock.h"
#include "author/diff_join.h"
#include "author/witness.h"

#include <stdlib.h>

/* All requests that one side gives one action. */
struct outcome {
    struct text text, json;
    diagram_ref region;
};

struct side {
    const struct joined_side *joined;
    struct outcome *outcomes;
    size_t count, capacity;
};

/* The tests that tell the values of a tier-valued variable apart. */
struct tier_tests {
    struct formula **values; /* of each joined tier */
    struct formula *not_given;
};

struct comparing {
    struct front *old, *new;
    struct join join;
    struct policy_diagram built;
    struct arena *arena;
    struct tw_error *error;
    struct clocks *clocks; /* NULL where there is one clock */
    struct formula **formulas;
    size_t formula_count, formula_capacity;
    struct tier_tests *tier_tests;    /* of each joined variable */
    struct formula **seen;            /* of each distance of the clocks: when they have it */
    struct side old_side, *new_sides; /* one for each distance */
    size_t new_count;
    diagram_ref apart; /* requests that are not compared */
};

/* Two outcomes of a difference, and where in it the clocks have one distance. */
struct overlap {
    const struct outcome *old, *new;
    diagram_ref region;
    size_t distance; /* its number; SIZE_MAX: the distance does not matter */
};

static bool add_formula(struct comparing *comparing, struct formula *formula)
{
    struct formula **formulas =
        arena_grow(comparing->arena, comparing->formulas, comparing->formula_count,
                   &comparing->formula_capacity, sizeof *formulas);
    if (!formulas || !formula)
        return false;
    comparing->formulas = formulas;
    formulas[comparing->formula_count++] = formula;
    return true;
}

static bool add_rules(struct comparing *comparing, size_t side, int64_t shift)
{
    const struct joined_side *joined = &comparing->join.sides[side];
    for (size_t i = 0; i < joined->policy->rule_count; i++)
        if (!add_formula(comparing, join_formula(&comparing->join, joined,
                                                 joined->policy->rules[i]->condition, shift)))
            return false;
    return true;
}

static bool add_tier_tests(struct comparing *comparing, uint32_t variable, size_t tiers)
{
    struct tier_tests *tests = &comparing->tier_tests[variable];
    if (tests->values)
        return true;
    tests->values = ARENA_ARRAY(comparing->arena, struct formula *, tiers + 1);
    tests->not_given = join_not_given(&comparing->join, variable);
    if (!tests->values || !add_formula(comparing, tests->not_given))
        return false;
    for (size_t i = 0; i < tiers; i++) {
        struct interval *value = ARENA_NEW(comparing->arena, struct interval);
        if (!value)
            return false;
        *value = (struct interval){(int64_t)i, (int64_t)i};
        tests->values[i] = join_in_set(&comparing->join, variable, (struct interval_set){value, 1});
        if (!add_formula(comparing, tests->values[i]))
            return false;
    }
    return true;
}

static bool add_all_tier_tests(struct comparing *comparing)
{
    const struct policy_tree *both = &comparing->join.both;
    comparing->tier_tests = ARENA_ARRAY(comparing->arena, struct tier_tests, both->variable_count);
    for (size_t i = 0; comparing->tier_tests && i < both->attribute_count; i++) {
        const struct attribute *attribute = both->attributes[i];
        if (attribute->type == TW_TYPE_TIER &&
            !add_tier_tests(comparing, attribute->variable, attribute->word_count))
            return false;
    }
    return comparing->tier_tests != NULL;
}

/* Where tests of the date begin or end to hold. */
struct date_cuts {
    struct arena *arena;
    int64_t last; /* date that there is */
    int64_t *items;
    size_t count, capacity;
};

static bool add_cut(struct date_cuts *cuts, int64_t date)
{
    if (date > cuts->last)
        return true;
    int64_t *items =
        arena_grow(cuts->arena, cuts->items, cuts->count, &cuts->capacity, sizeof *items);
    if (!items)
        return false;
    cuts->items = items;
    items[cuts->count++] = date;
    return true;
}

static bool cut_dates(struct date_cuts *cuts, const struct formula *formula)
{
    bool good = true;
    if (formula->kind == FORMULA_RANGES && formula->variable == VARIABLE_DATE)
        for (size_t i = 0; i < formula->set.count && good; i++)
            good = add_cut(cuts, formula->set.items[i].low) &&
                   add_cut(cuts, formula->set.items[i].high + 1);
    for (const struct formula *part = formula_parts(formula); part && good; part = part->next)
        good = cut_dates(cuts, part);
    return good;
}

static int compare_dates(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The spans of dates between which the policies tell no difference; one where none is tested. */
static bool find_spans(struct comparing *comparing, struct date_cuts *cuts)
{
    const struct variable *date = &comparing->join.both.variables[VARIABLE_DATE];
    size_t kept = 0;
    *cuts = (struct date_cuts){.arena = comparing->arena, .last = date->high};
    bool good = add_cut(cuts, date->low);
    for (size_t i = 0; i < comparing->formula_count && good; i++)
        good = cut_dates(cuts, comparing->formulas[i]);
    if (!good)
        return false;
    qsort(cuts->items, cuts->count, sizeof *cuts->items, compare_dates);
    for (size_t i = 0; i < cuts->count; i++)
        if (kept == 0 || cuts->items[i] != cuts->items[kept - 1])
            cuts->items[kept++] = cuts->items[i];
    cuts->count = kept;
    return true;
}

/* When the clocks have a distance: an `or` over the spans of dates. */
static struct formula *formula_of_distance(struct comparing *comparing, size_t index)
{
    const struct clocks *clocks = comparing->clocks;
    int64_t last = comparing->join.both.variables[VARIABLE_DATE].high;
    struct formula *either = ARENA_NEW(comparing->arena, struct formula);
    if (either)
        either->kind = FORMULA_OR;
    for (size_t i = 0; either && i < clocks->span_count; i++) {
        struct interval_set seconds;
        struct interval *dates = ARENA_NEW(comparing->arena, struct interval);
        if (!dates || !clocks_seen(clocks, index, i, comparing->arena, &seconds))
            return NULL;
        bool is_last = i + 1 == clocks->span_count;
        *dates = (struct interval){clocks->starts[i], is_last ? last : clocks->starts[i + 1] - 1};
        struct formula *part =
            clocks->span_count == 1
                ? join_in_set(&comparing->join, VARIABLE_CLOCK, seconds)
                : join_in_both(&comparing->join, (struct interval_set){dates, 1}, seconds);
        if (!part)
            return NULL;
        part->next = either->children;
        either->children = part;
    }
    return either;
}

static bool add_seen(struct comparing *comparing)
{
    struct date_cuts spans;
    size_t count = comparing->clocks ? comparing->clocks->count : 0;
    comparing->seen = ARENA_ARRAY(comparing->arena, struct formula *, count + 1);
    if (!comparing->seen ||
        (count && (!find_spans(comparing, &spans) ||
                   !clocks_note(comparing->clocks, comparing->arena, spans.items, spans.count))))
        return false;
    for (size_t i = 0; i < count; i++) {
        comparing->seen[i] = formula_of_distance(comparing, i);
        if (!add_formula(comparing, comparing->seen[i]))
            return false;
    }
    return true;
}

/* Those of the old rules, of the new rules for each distance, and what else is asked. */
static bool make_formulas(struct comparing *comparing)
{
    if (!add_rules(comparing, 0, 0))
        return false;
    for (size_t i = 0; i < comparing->new_count; i++)
        if (!add_rules(comparing, 1, comparing->clocks ? comparing->clocks->distances[i] : 0))
            return false;
    comparing->join.both.rule_count = comparing->formula_count;
    return add_formula(comparing, comparing->join.readable) && add_all_tier_tests(comparing) &&
           add_seen(comparing);
}

static bool add_outcome(struct comparing *comparing, struct side *side,
                        const struct fixed_action *fixed, diagram_ref region)
{
    struct diagram *diagram = &comparing->built.diagram;
    struct buffer text, json;
    buffer_init(&text, 1 << 16);
    buffer_init(&json, 1 << 16);
    fixed_action_text(fixed, &text);
    fixed_action_json(fixed, &json);
    struct outcome made = {arena_text(comparing->arena, buffer_view(&text)),
                           arena_text(comparing->arena, buffer_view(&json)), region};
    bool good = !text.status && !json.status && !comparing->arena->failed;
    buffer_free(&text);
    buffer_free(&json);
    for (size_t i = 0; good && i < side->count; i++) {
        if (!text_equal(side->outcomes[i].text, made.text))
            continue;
        side->outcomes[i].region = diagram_merge(diagram, side->outcomes[i].region, region);
        return true;
    }
    struct outcome *outcomes = arena_grow(comparing->arena, side->outcomes, side->count,
                                          &side->capacity, sizeof *outcomes);
    if (!good || !outcomes)
        return false;
    side->outcomes = outcomes;
    outcomes[side->count++] = made;
    return true;
}

/* Where an attribute stands for a tier of the side's policy. */
static diagram_ref requests_at_tier(struct comparing *comparing, const struct side *side,
                                    const struct attribute *attribute, uint32_t tier)
{
    struct policy_diagram *built = &comparing->built;
    const struct tier_tests *tests =
        &comparing->tier_tests[side->joined->numbers[attribute->variable]];
    uint32_t joined = join_tier(side->joined, attribute, tier);
    diagram_ref given = diagram_of_formula(built, tests->values[joined]);
    if (join_tier_not_given(side->joined, attribute) != tier)
        return given;
    return diagram_merge(&built->diagram, given, diagram_of_formula(built, tests->not_given));
}

/* Fixes the tiers of the steps from `step` on, one case for each tier that an attribute may have.
 */
static bool add_cases(struct comparing *comparing, struct side *side, struct fixed_action *fixed,
                      const struct step *step, size_t index, diagram_ref region)
{
    struct policy_diagram *built = &comparing->built;
    if (region == DIAGRAM_NONE)
        return true;
    if (!step)
        return add_outcome(comparing, side, fixed, region);
    if (!step->attribute) {
        fixed->tiers[index] = (uint32_t)step->tier_index;
        return add_cases(comparing, side, fixed, step->next, index + 1, region);
    }
    for (uint32_t tier = 0; tier < fixed->policy->tier_count; tier++) {
        diagram_ref is_tier = requests_at_tier(comparing, side, step->attribute, tier);
        fixed->tiers[index] = tier;
        if (!add_cases(comparing, side, fixed, step->next, index + 1,
                       diagram_guard(&built->diagram, is_tier, region)))
            return false;
    }
    return true;
}

static bool add_rule(struct comparing *comparing, struct side *side, const struct statement *rule,
                     diagram_ref region)
{
    struct fixed_action fixed = {.policy = side->joined->policy,
                                 .action = rule ? rule->action : NULL};
    return add_cases(comparing, side, &fixed, rule ? rule->action->steps : NULL, 0, region);
}

/* The regions of one side, whose rules begin at `first` among all. */
static bool make_side(struct comparing *comparing, struct side *side, size_t index, size_t first)
{
    struct policy_diagram *built = &comparing->built;
    side->joined = &comparing->join.sides[index];
    const struct policy_tree *policy = side->joined->policy;
    diagram_ref root = diagram_of_rules(built, first, first + policy->rule_count);
    for (size_t i = 0; i < policy->rule_count && !built->diagram.status; i++)
        if (!add_rule(comparing, side, policy->rules[i],
                      diagram_select(built, root, (uint32_t)(first + i))))
            return false;
    return built->diagram.status ||
           add_rule(comparing, side, policy->otherwise, diagram_select(built, root, DIAGRAM_NONE));
}

static bool make_sides(struct comparing *comparing)
{
    struct policy_diagram *built = &comparing->built;
    size_t old_rules = comparing->old->policy.rule_count;
    size_t new_rules = comparing->new->policy.rule_count;
    diagram_ref readable = diagram_of_formula(built, comparing->join.readable);
    comparing->apart = diagram_merge(&built->diagram, built->impossible,
                                     diagram_without(&built->diagram, readable, DIAGRAM_TRUE));
    comparing->new_sides = ARENA_ARRAY(comparing->arena, struct side, comparing->new_count);
    if (!comparing->new_sides || !make_side(comparing, &comparing->old_side, 0, 0))
        return false;
    for (size_t i = 0; i < comparing->new_count; i++)
        if (!make_side(comparing, &comparing->new_sides[i], 1, old_rules + i * new_rules))
            return false;
    return true;
}

/* All values of a number that are in its class of an assignment; of a date whatever its weekday. */
static bool values_of_class(struct comparing *comparing, uint32_t variable,
                            const struct assignment *assignment, struct interval_set *set)
{
    const struct variable_classes *classes = &comparing->built.classes.variables[variable];
    const struct variable *about = &comparing->join.both.variables[variable];
    uint32_t class = assignment->classes[variable] / (classes->by_weekday ? 7 : 1);
    *set = (struct interval_set){
        .items = ARENA_ARRAY(comparing->arena, struct interval, classes->run_count + 1)};
    if (set->items && !classes->used)
        set->items[set->count++] = (struct interval){about->low, about->high};
    for (size_t i = 0; set->items && classes->used && i < classes->run_count; i++)
        if (classes->runs[i].class == class)
            set->items[set->count++] =
                (struct interval){classes->runs[i].low, classes->runs[i].high};
    return set->items != NULL;
}

/* The simplest request of an overlap; where there are two clocks, at an instant that has it. */
static bool find_witness(struct comparing *comparing, const struct overlap *overlap,
                         struct witness *witness)
{
    struct policy_diagram *built = &comparing->built;
    struct assignment assignment;
    struct valuation valuation;
    int64_t instant = -1;
    enum moment_form form = comparing->clocks ? MOMENT_AS_INSTANT : MOMENT_IN_PARTS;
    if (!diagram_nearest(built, overlap->region, NULL, form, &assignment) ||
        !witness_values(built, &assignment, NULL, &valuation))
        return false;
    struct interval_set seconds, dates;
    if (comparing->clocks && (!values_of_class(comparing, VARIABLE_CLOCK, &assignment, &seconds) ||
                              !values_of_class(comparing, VARIABLE_DATE, &assignment, &dates)))
        return false;
    for (size_t i = 0; comparing->clocks && i < comparing->clocks->count && instant < 0; i++)
        if (overlap->distance == SIZE_MAX || overlap->distance == i)
            instant = clocks_instant(comparing->clocks, i, seconds, dates,
                                     valuation.values[VARIABLE_CLOCK]);
    return witness_request(built, &assignment, instant, witness);
}

/* How the new clock is to the old one: "6h ahead". */
static struct text distance_text(struct comparing *comparing, size_t index)
{
    struct buffer out;
    if (index == SIZE_MAX)
        return TEXT("");
    int64_t seconds = comparing->clocks->distances[index];
    buffer_init(&out, 100);
    if (seconds == 0)
        buffer_string(&out, "the same");
    else
        value_print(&out, TW_TYPE_DURATION, (seconds < 0 ? -seconds : seconds) * 1000);
    buffer_string(&out, seconds < 0 ? " behind" : seconds > 0 ? " ahead" : "");
    struct text text = arena_text(comparing->arena, buffer_view(&out));
    buffer_free(&out);
    return text;
}

static enum tw_status add_difference(struct comparing *comparing, const struct overlap *overlap,
                                     struct comparison_result *result)
{
    struct witness witness;
    struct buffer when;
    struct difference *items = arena_grow(comparing->arena, result->items, result->count,
                                          &result->capacity, sizeof *items);
    if (!items || !find_witness(comparing, overlap, &witness))
        return TW_NO_MEMORY;
    buffer_init(&when, CONDITION_TEXT_LIMIT);
    condition_text(&comparing->built, overlap->region, &when);
    result->items = items;
    items[result->count++] =
        (struct difference){.old_text = overlap->old->text,
                            .new_text = overlap->new->text,
                            .old_json = overlap->old->json,
                            .new_json = overlap->new->json,
                            .when = arena_text(comparing->arena, buffer_view(&when)),
                            .witness = witness.json,
                            .example = witness.givens,
                            .clocks = distance_text(comparing, overlap->distance)};
    enum tw_status status = when.status;
    buffer_free(&when);
    return status;
}

static const struct outcome *same_outcome(const struct side *side, const struct outcome *outcome)
{
    for (size_t i = 0; i < side->count; i++)
        if (text_equal(side->outcomes[i].text, outcome->text))
            return &side->outcomes[i];
    return NULL;
}

static diagram_ref overlap_of(struct comparing *comparing, const struct outcome *old,
                              const struct outcome *new)
{
    struct diagram *diagram = &comparing->built.diagram;
    return diagram_without(diagram, comparing->apart,
                           diagram_guard(diagram, old->region, new->region));
}

/* Do the two outcomes meet in the same requests, whatever the distance of the clocks? */
static bool meet_alike(struct comparing *comparing, const struct outcome *old,
                       const struct outcome *new, diagram_ref region)
{
    for (size_t i = 0; i < comparing->new_count; i++) {
        const struct outcome *other = same_outcome(&comparing->new_sides[i], new);
        if (!other || overlap_of(comparing, old, other) != region)
            return false;
    }
    return true;
}

/* Where one outcome of the old policy meets one of the new one at one distance of the clocks. What
 * does not depend on the distance is said once, at the first one. */
static enum tw_status compare_outcomes(struct comparing *comparing, const struct outcome *old,
                                       const struct outcome *new, size_t distance,
                                       struct comparison_result *result)
{
    struct diagram *diagram = &comparing->built.diagram;
    struct overlap overlap = {old, new, overlap_of(comparing, old, new), SIZE_MAX};
    if (text_equal(old->text, new->text) || overlap.region == DIAGRAM_NONE)
        return diagram->status;
    if (meet_alike(comparing, old, new, overlap.region))
        return distance || diagram->status ? diagram->status
                                           : add_difference(comparing, &overlap, result);
    overlap.distance = distance;
    overlap.region = diagram_guard(
        diagram, diagram_of_formula(&comparing->built, comparing->seen[distance]), overlap.region);
    if (overlap.region == DIAGRAM_NONE || diagram->status)
        return diagram->status;
    return add_difference(comparing, &overlap, result);
}

static enum tw_status compare_sides(struct comparing *comparing, struct comparison_result *result)
{
    enum tw_status status = comparing->built.diagram.status;
    for (size_t i = 0; i < comparing->old_side.count; i++)
        for (size_t distance = 0; distance < comparing->new_count; distance++)
            for (size_t k = 0; k < comparing->new_sides[distance].count && !status; k++)
                status =
                    compare_outcomes(comparing, &comparing->old_side.outcomes[i],
                                     &comparing->new_sides[distance].outcomes[k], distance, result);
    return status;
}

static enum tw_status compare(struct comparing *comparing, struct comparison_result *result)
{
    const struct policy_tree *old = &comparing->old->policy, *new = &comparing->new->policy;
    comparing->new_count = comparing->clocks ? comparing->clocks->count : 1;
    if (!join_policies(&comparing->join, comparing->arena, old, new) || !make_formulas(comparing))
        return TW_NO_MEMORY;
    result->declarations = comparing->join.declarations;
    result->declaration_count = comparing->join.declaration_count;
    enum tw_status status =
        policy_diagram_build_formulas(&comparing->built, comparing->arena, &comparing->join.both,
                                      comparing->formulas, comparing->formula_count, DIAGRAM_EDGES);
    if (!status && !make_sides(comparing))
        status = TW_NO_MEMORY;
    if (!status)
        status = compare_sides(comparing, result);
    policy_diagram_free(&comparing->built);
    return status;
}

static enum tw_status compare_clocks(struct comparing *comparing, struct comparison_result *result)
{
    const struct policy_tree *old = &comparing->old->policy, *new = &comparing->new->policy;
    struct clocks clocks;
    enum tw_status status = clocks_open(&clocks, old->timezone, new->timezone);
    comparing->clocks = &clocks;
    if (!status)
        status = compare(comparing, result);
    comparing->clocks = NULL;
    clocks_close(&clocks);
    return status;
}

enum tw_status diff_policies(struct front *old, struct front *new, struct comparison_result *result,
                             struct tw_error *error)
{
    const struct policy_tree *a = &old->policy, *b = &new->policy;
    struct comparing comparing = {.old = old, .new = new, .arena = &old->arena, .error = error};
    bool two_clocks = a->reads_clock && b->reads_clock && !text_equal(a->timezone, b->timezone);
    *result = (struct comparison_result){0};
    enum tw_status status =
        two_clocks ? compare_clocks(&comparing, result) : compare(&comparing, result);
    if (status == TW_LIMIT)
        return fail(error, status, "the policies differ in too many ways to be compared");
    if (status == TW_NO_MEMORY)
        return fail(error, status, "out of memory");
    return status;
}
