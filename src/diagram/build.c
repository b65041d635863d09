/* diagram/build.c: the diagrams of tests, conditions and rules, in one order of the variables.
 *
 * Rules are merged by halves: merged one by one, each step would copy the widest node again. */
#include "diagram/build.h"

#include "diagram/order.h"

#include <stdlib.h>

static enum tw_status start_diagram(struct policy_diagram *built, size_t edge_limit)
{
    diagram_free(&built->diagram);
    built->has_tests = built->has_conditions = false;
    built->root = DIAGRAM_NONE;
    for (uint32_t i = 0; i < built->level_count; i++)
        built->class_counts[i] = built->classes.variables[built->order[i]].count;
    return diagram_init(&built->diagram, built->class_counts, built->level_count, edge_limit);
}

/* `inside`, which tests later levels only, where the test holds, else NONE. */
static diagram_ref of_test(struct policy_diagram *built, const struct formula *test,
                           diagram_ref inside)
{
    struct class_set *set = &built->scratch;
    if (!classes_of_test(&built->classes, built->arena, test, set)) {
        built->diagram.status = TW_NO_MEMORY;
        return DIAGRAM_NONE;
    }
    return diagram_branch(&built->diagram, built->level_of[test->variable], *set, inside);
}

/* Each test becomes a diagram once: lint asks for the same one again and again. */
static void make_tests(struct policy_diagram *built, struct formula *formula)
{
    for (struct formula *part = formula_parts(formula); part; part = part->next)
        make_tests(built, part);
    if (formula_is_test(formula))
        formula->diagram = of_test(built, formula, DIAGRAM_TRUE);
}

static diagram_ref lead(struct policy_diagram *built, const struct formula *formula,
                        diagram_ref inside);

/* A test whose own diagram was not made is put on top of what tests later levels only. */
static diagram_ref lead_test(struct policy_diagram *built, const struct formula *test,
                             diagram_ref inside)
{
    struct diagram *diagram = &built->diagram;
    uint32_t level = built->level_of[test->variable];
    if (built->has_tests)
        return diagram_guard(diagram, test->diagram, inside);
    if (!diagram_is_terminal(inside) && diagram->nodes[inside].level <= level)
        return diagram_guard(diagram, of_test(built, test, DIAGRAM_TRUE), inside);
    return of_test(built, test, inside);
}

/* From the last level up, so that each test makes one node; the parts that are no tests, and any
 * beyond the first few, come in whatever order they have. */
static diagram_ref lead_all(struct policy_diagram *built, const struct formula *parts,
                            diagram_ref inside)
{
    enum { MOST_SORTED = 16 };
    const struct formula *sorted[MOST_SORTED];
    size_t count = 0;
    for (const struct formula *part = parts; part; part = part->next) {
        if (part->dropped || !formula_is_test(part) || count == MOST_SORTED) {
            inside = part->dropped ? inside : lead(built, part, inside);
            continue;
        }
        size_t at = count++;
        for (;
             at > 0 && built->level_of[sorted[at - 1]->variable] < built->level_of[part->variable];
             at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = part;
    }
    for (size_t i = 0; i < count; i++)
        inside = lead_test(built, sorted[i], inside);
    return inside;
}

static diagram_ref lead_any(struct policy_diagram *built, const struct formula *parts,
                            diagram_ref inside)
{
    diagram_ref result = DIAGRAM_NONE;
    for (const struct formula *part = parts; part && !built->diagram.status; part = part->next)
        if (!part->dropped)
            result = diagram_merge(&built->diagram, result, lead(built, part, inside));
    return result;
}

/* `inside` where the formula holds, else NONE. */
static diagram_ref lead(struct policy_diagram *built, const struct formula *formula,
                        diagram_ref inside)
{
    if (formula->kind == FORMULA_AND)
        return lead_all(built, formula_parts(formula), inside);
    if (formula_is_test(formula))
        return lead_test(built, formula, inside);
    if (diagram_is_terminal(inside))
        return lead_any(built, formula_parts(formula), inside);
    return diagram_guard(&built->diagram, lead_any(built, formula_parts(formula), DIAGRAM_TRUE),
                         inside);
}

diagram_ref diagram_of_formula(struct policy_diagram *built, const struct formula *formula)
{
    return lead(built, formula, DIAGRAM_TRUE);
}

static diagram_ref of_rule(struct policy_diagram *built, size_t rule)
{
    diagram_ref terminal = diagram_terminal((uint32_t)rule);
    return built->has_tests ? diagram_guard(&built->diagram, built->conditions[rule], terminal)
                            : lead(built, built->formulas[rule], terminal);
}

diagram_ref diagram_of_rules(struct policy_diagram *built, size_t first, size_t last)
{
    if (first >= last || built->diagram.status)
        return DIAGRAM_NONE;
    if (last - first == 1)
        return of_rule(built, first);
    size_t middle = first + (last - first) / 2;
    diagram_ref upper = diagram_of_rules(built, first, middle);
    return diagram_merge(&built->diagram, upper, diagram_of_rules(built, middle, last));
}

static struct class_set one_span(struct class_span *span, uint32_t low, uint32_t high)
{
    *span = (struct class_span){low, high};
    return (struct class_set){span, 1, 1};
}

/* The classes of one weekday among those of the clock, or of the date. */
static bool day_classes(struct policy_diagram *built, uint32_t weekday, struct class_set *clock,
                        struct class_set *date)
{
    struct interval interval = {(int64_t)weekday * SECONDS_PER_DAY,
                                ((int64_t)weekday + 1) * SECONDS_PER_DAY - 1};
    struct formula day = {
        .kind = FORMULA_RANGES, .variable = VARIABLE_CLOCK, .set = {&interval, 1}};
    const struct variable_classes *dates = &built->classes.variables[VARIABLE_DATE];
    const struct variable *about = &built->policy->variables[VARIABLE_DATE];
    date->spans = ARENA_ARRAY(built->arena, struct class_span, dates->count / 7 + 1);
    date->count = 0;
    for (uint32_t class = weekday; date->spans && class < dates->count; class += 7)
        if (class_sample(dates, about->initial, class) != VALUE_UNSET)
            one_span(&date->spans[date->count++], class, class);
    return date->spans && classes_of_test(&built->classes, built->arena, &day, clock);
}

/* TRUE where date and weekday do not fit; NONE where the policy does not read both. The clock's
 * classes may reach over several days: a class is possible with a date where some second of it is.
 */
static void find_impossible(struct policy_diagram *built)
{
    diagram_ref possible = DIAGRAM_NONE;
    built->impossible = DIAGRAM_NONE;
    if (!built->classes.variables[VARIABLE_DATE].by_weekday)
        return;
    for (uint32_t weekday = 0; weekday < 7 && !built->diagram.status; weekday++) {
        struct class_set clock = {0}, date = {0};
        if (!day_classes(built, weekday, &clock, &date)) {
            built->diagram.status = TW_NO_MEMORY;
            return;
        }
        diagram_ref on_clock =
            diagram_test(&built->diagram, built->level_of[VARIABLE_CLOCK], clock);
        diagram_ref on_date = diagram_test(&built->diagram, built->level_of[VARIABLE_DATE], date);
        possible = diagram_merge(&built->diagram, possible,
                                 diagram_guard(&built->diagram, on_clock, on_date));
    }
    built->impossible = diagram_without(&built->diagram, possible, DIAGRAM_TRUE);
}

static bool is_property(const struct statement *statement)
{
    return statement->kind == STATEMENT_NEVER || statement->kind == STATEMENT_ALWAYS;
}

const struct formula *property_formula(const struct policy_diagram *built,
                                       const struct statement *statement)
{
    size_t index = built->policy->rule_count;
    for (const struct statement *at = built->policy->statements; at; at = at->next) {
        if (at == statement)
            return is_property(at) ? built->formulas[index] : NULL;
        index += is_property(at);
    }
    return NULL;
}

/* Where the policy reads a tier from the request: which tiers it can be has to be told apart. */
static size_t add_tier_formulas(struct policy_diagram *built, size_t index, bool count_only)
{
    const struct policy_tree *policy = built->policy;
    for (size_t i = 0; i < policy->attribute_count; i++) {
        const struct attribute *attribute = policy->attributes[i];
        if (attribute->type != TW_TYPE_TIER || !attribute->used)
            continue;
        for (size_t tier = 0; tier < policy->tier_count; tier++, index++) {
            struct formula *formula = count_only ? NULL : ARENA_NEW(built->arena, struct formula);
            struct interval *value = formula ? ARENA_NEW(built->arena, struct interval) : NULL;
            if (!value)
                continue;
            *value = (struct interval){(int64_t)tier, (int64_t)tier};
            formula->kind = FORMULA_RANGES;
            formula->variable = attribute->variable;
            formula->set = (struct interval_set){value, 1};
            built->formulas[index] = formula;
        }
    }
    return index;
}

diagram_ref diagram_of_tier(struct policy_diagram *built, uint32_t variable, uint32_t tier)
{
    struct interval value = {tier, tier};
    struct formula is_tier = {.kind = FORMULA_RANGES, .variable = variable, .set = {&value, 1}};
    struct formula is_unset = {.kind = FORMULA_IS_SET, .variable = variable, .negated = true};
    diagram_ref result = of_test(built, &is_tier, DIAGRAM_TRUE);
    if (tier == 0 && built->policy->variables[variable].can_be_unset)
        result = diagram_merge(&built->diagram, result, of_test(built, &is_unset, DIAGRAM_TRUE));
    return result;
}

/* The formulas of all rules, then of all properties, then those that tell tiers apart. */
static bool make_formulas(struct policy_diagram *built)
{
    const struct policy_tree *policy = built->policy;
    size_t count = policy->rule_count;
    for (const struct statement *at = policy->statements; at; at = at->next)
        count += is_property(at);
    count = add_tier_formulas(built, count, true);
    built->formula_count = count;
    built->formulas = ARENA_ARRAY(built->arena, struct formula *, count + 1);
    if (!built->formulas)
        return false;
    size_t index = 0;
    for (size_t i = 0; i < policy->rule_count; i++)
        built->formulas[index++] = formula_of_condition(policy, policy->rules[i]->condition);
    for (const struct statement *at = policy->statements; at; at = at->next)
        if (is_property(at))
            built->formulas[index++] = formula_of_condition(policy, at->condition);
    add_tier_formulas(built, index, false);
    for (size_t i = 0; i < count; i++)
        if (!built->formulas[i])
            return false;
    return true;
}

static enum tw_status attempt_program(struct policy_diagram *built, size_t edge_limit)
{
    enum tw_status status = start_diagram(built, edge_limit);
    if (status)
        return status;
    built->root = diagram_of_rules(built, 0, built->policy->rule_count);
    return built->diagram.status;
}

/* With the diagrams of all tests and all conditions. */
static enum tw_status attempt_questions(struct policy_diagram *built, size_t edge_limit)
{
    size_t rules = built->policy->rule_count;
    enum tw_status status = start_diagram(built, edge_limit);
    if (status)
        return status;
    for (size_t i = 0; i < built->formula_count && !built->diagram.status; i++)
        make_tests(built, built->formulas[i]);
    built->has_tests = true;
    for (size_t i = 0; i < rules && !built->diagram.status; i++)
        built->conditions[i] = diagram_of_formula(built, built->formulas[i]);
    find_impossible(built);
    built->has_conditions = !built->diagram.status;
    built->mark = diagram_mark(&built->diagram);
    built->root = diagram_of_rules(built, 0, rules);
    return built->diagram.status;
}

/* Classes and a first order. */
static enum tw_status prepare(struct policy_diagram *built)
{
    struct arena *arena = built->arena;
    enum tw_status status =
        classes_make(&built->classes, arena, built->policy, built->formulas, built->formula_count);
    if (status)
        return status;
    built->class_counts = ARENA_ARRAY(arena, uint32_t, built->policy->variable_count);
    built->conditions = ARENA_ARRAY(arena, diagram_ref, built->policy->rule_count + 1);
    if (!built->class_counts || !built->conditions || !order_guess(built))
        return TW_NO_MEMORY;
    return built->classes.too_large ? TW_LIMIT : TW_OK;
}

static enum tw_status build_for_questions(struct policy_diagram *built, size_t edge_limit)
{
    enum tw_status status = prepare(built);
    if (status)
        return status;
    classes_cut_dates(&built->classes);
    return order_search(built, edge_limit, attempt_questions);
}

enum tw_status policy_diagram_build(struct policy_diagram *built, struct arena *arena,
                                    const struct policy_tree *policy, size_t edge_limit)
{
    *built = (struct policy_diagram){.policy = policy, .arena = arena, .root = DIAGRAM_NONE};
    return make_formulas(built) ? build_for_questions(built, edge_limit) : TW_NO_MEMORY;
}

enum tw_status policy_diagram_build_formulas(struct policy_diagram *built, struct arena *arena,
                                             const struct policy_tree *policy,
                                             struct formula **formulas, size_t count,
                                             size_t edge_limit)
{
    *built = (struct policy_diagram){.policy = policy,
                                     .arena = arena,
                                     .formulas = formulas,
                                     .formula_count = count,
                                     .root = DIAGRAM_NONE};
    return build_for_questions(built, edge_limit);
}

enum tw_status policy_diagram_build_program(struct policy_diagram *built, struct arena *arena,
                                            const struct policy_tree *policy,
                                            struct formula **formulas, size_t edge_limit)
{
    *built = (struct policy_diagram){
        .policy = policy, .arena = arena, .formulas = formulas, .root = DIAGRAM_NONE};
    built->formula_count = policy->rule_count;
    enum tw_status status = prepare(built);
    if (!status)
        status = order_search(built, edge_limit, attempt_program);
    diagram_settle(&built->diagram);
    return status;
}

void policy_diagram_free(struct policy_diagram *built)
{
    diagram_free(&built->diagram);
    free(built->visits.notes);
    built->visits = (struct visits){0};
    zone_free(built->zone);
    built->zone = NULL;
}
