/* author/explain.c: see explain.h. Answers come from the reference evaluator, which the program is
 * checked against; changes come from the diagram, and are checked with the evaluator too. */
#include "author/explain.h"

#include "author/witness.h"

struct text explain_value(struct front *front, const struct attribute *attribute,
                          const struct valuation *valuation)
{
    int64_t value = valuation->values[attribute->variable];
    struct buffer text;
    if (value == VALUE_UNSET)
        return TEXT("not set");
    if (attribute->type == TW_TYPE_STRING)
        return arena_format(&front->arena, "\"%.*s\"",
                            TEXT_ARGUMENTS(valuation->texts[attribute->variable]));
    int64_t shown = attribute_view(attribute, value);
    if (attribute->word_count)
        return attribute->words[shown];
    buffer_init(&text, 200);
    if (attribute->type == TW_TYPE_NOW) {
        buffer_format(&text, "%s ", weekday_words[shown / SECONDS_PER_DAY]);
        shown %= SECONDS_PER_DAY;
    }
    value_print(&text, attribute->type == TW_TYPE_NOW ? TW_TYPE_TIME : attribute->type, shown);
    struct text result = arena_text(&front->arena, buffer_view(&text));
    buffer_free(&text);
    return result;
}

/* The first test on the way that keeps a condition from holding. `wanted` turns over inside `not`:
 * there a part that holds is the one to blame. */
static const struct condition *blame(const struct front *front, const struct condition *condition,
                                     const struct valuation *valuation, enum truth wanted)
{
    while (condition->kind == CONDITION_NOT) {
        wanted = wanted == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
        condition = condition->children;
    }
    if (condition->named)
        return condition;
    for (const struct condition *part = condition_parts(condition); part; part = part->next)
        if (reference_condition(&front->policy, part, valuation) != wanted)
            return blame(front, part, valuation, wanted);
    return condition;
}

/* The attribute that a part is about: its own, or the first one inside it. */
static const struct attribute *about(const struct condition *part)
{
    if (part->named)
        return about(part->named->condition);
    for (const struct condition *child = condition_parts(part); child && !part->attribute;
         child = child->next)
        if (about(child))
            return about(child);
    return part->attribute;
}

enum tw_status explain_decision(struct front *front, const struct valuation *valuation,
                                struct explanation *explanation)
{
    const struct policy_tree *policy = &front->policy;
    explanation->rule = reference_decide(policy, valuation);
    bool matched = explanation->rule < policy->rule_count;
    explanation->outcome_count = explanation->rule + matched;
    explanation->outcomes =
        ARENA_ARRAY(&front->arena, struct rule_outcome, explanation->outcome_count + 1);
    if (!explanation->outcomes)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < explanation->outcome_count; i++) {
        struct rule_outcome *outcome = &explanation->outcomes[i];
        outcome->rule = policy->rules[i];
        outcome->matched = i == explanation->rule;
        if (outcome->matched)
            continue;
        outcome->failed = blame(front, policy->rules[i]->condition, valuation, TRUTH_TRUE);
        const struct attribute *attribute = about(outcome->failed);
        outcome->saw = attribute ? explain_value(front, attribute, valuation) : TEXT("");
    }
    return front->arena.failed ? TW_NO_MEMORY : TW_OK;
}

static diagram_ref tier_region(struct policy_diagram *built, const struct statement *rule,
                               uint32_t tier)
{
    const struct step *step = rule ? rule->action->steps : NULL;
    if (!rule)
        return tier == 0 ? DIAGRAM_TRUE : DIAGRAM_NONE;
    if (!step)
        return DIAGRAM_NONE;
    if (step->attribute)
        return diagram_of_tier(built, step->attribute->variable, tier);
    return step->tier_index == (int)tier ? DIAGRAM_TRUE : DIAGRAM_NONE;
}

/* All possible requests whose first step is at the tier. */
static diagram_ref requests_at(struct policy_diagram *built, uint32_t tier)
{
    const struct policy_tree *policy = built->policy;
    struct diagram *diagram = &built->diagram;
    diagram_ref region = DIAGRAM_NONE;
    for (size_t i = 0; i <= policy->rule_count && !diagram->status; i++) {
        bool last = i == policy->rule_count;
        diagram_ref at_tier = tier_region(built, last ? policy->otherwise : policy->rules[i], tier);
        if (at_tier == DIAGRAM_NONE)
            continue;
        diagram_ref own = diagram_select(built, built->root, last ? DIAGRAM_NONE : (uint32_t)i);
        region = diagram_merge(diagram, region, diagram_guard(diagram, own, at_tier));
    }
    return diagram_without(diagram, built->impossible, region);
}

static uint32_t *classes_now(struct policy_diagram *built, const struct valuation *valuation)
{
    size_t variables = built->policy->variable_count;
    uint32_t *classes = ARENA_ARRAY(built->arena, uint32_t, variables);
    for (size_t i = 0; classes && i < variables; i++) {
        const struct variable_classes *variable = &built->classes.variables[i];
        bool text = built->policy->variables[i].type == TW_TYPE_STRING;
        int64_t value = valuation->values[i];
        classes[i] = value == VALUE_UNSET ? variable->unset
                     : text               ? class_of_text(variable, valuation->texts[i])
                                          : class_of_number(variable, value);
    }
    return classes;
}

/* One attribute of `policy` by its variable, the one through which a change is said. */
static bool add_change(struct front *front, struct changes *changes, struct text name,
                       const struct valuation *from, const struct valuation *to)
{
    const struct attribute *attribute = map_get(&front->policy.attribute_names, name);
    struct change *items = arena_grow(&front->arena, changes->items, changes->count,
                                      &changes->capacity, sizeof *items);
    if (!items || !attribute)
        return false;
    changes->items = items;
    items[changes->count++] = (struct change){.name = name,
                                              .from = explain_value(front, attribute, from),
                                              .to = explain_value(front, attribute, to),
                                              .type = attribute->type};
    return true;
}

static bool add_clock_changes(struct front *front, struct changes *changes,
                              const struct valuation *from, const struct valuation *to)
{
    int64_t before = from->values[VARIABLE_CLOCK], after = to->values[VARIABLE_CLOCK];
    bool dated = from->values[VARIABLE_DATE] != to->values[VARIABLE_DATE];
    if (before / SECONDS_PER_DAY != after / SECONDS_PER_DAY && !dated &&
        !add_change(front, changes, TEXT("weekday"), from, to))
        return false;
    return before % SECONDS_PER_DAY == after % SECONDS_PER_DAY ||
           add_change(front, changes, TEXT("time"), from, to);
}

static bool add_changes(struct front *front, struct changes *changes, const struct valuation *from,
                        const struct valuation *to)
{
    const struct policy_tree *policy = &front->policy;
    for (size_t i = 0; i < policy->variable_count; i++) {
        bool same = from->values[i] == to->values[i];
        if (policy->variables[i].type == TW_TYPE_STRING && same && from->values[i] != VALUE_UNSET)
            same = text_equal(from->texts[i], to->texts[i]);
        if (same)
            continue;
        bool good = i == VARIABLE_CLOCK
                        ? add_clock_changes(front, changes, from, to)
                        : add_change(front, changes, policy->variables[i].name, from, to);
        if (!good)
            return false;
    }
    return true;
}

static enum tw_status find_changes(struct front *front, struct policy_diagram *built,
                                   const struct valuation *valuation, uint32_t tier,
                                   struct changes *changes)
{
    struct assignment assignment;
    struct valuation wanted;
    diagram_ref region = requests_at(built, tier);
    if (built->diagram.status)
        return built->diagram.status;
    changes->possible = region != DIAGRAM_NONE;
    if (!changes->possible)
        return TW_OK;
    const uint32_t *now = classes_now(built, valuation);
    if (!now || !diagram_nearest(built, region, now, &assignment) ||
        !witness_values(built, &assignment, valuation, &wanted) ||
        !add_changes(front, changes, valuation, &wanted))
        return TW_NO_MEMORY;
    return TW_OK;
}

enum tw_status explain_want(struct front *front, const struct valuation *valuation, uint32_t tier,
                            struct changes *changes)
{
    struct policy_diagram built;
    *changes = (struct changes){0};
    enum tw_status status =
        policy_diagram_build(&built, &front->arena, &front->policy, DIAGRAM_EDGES);
    if (status == TW_OK)
        status = find_changes(front, &built, valuation, tier, changes);
    policy_diagram_free(&built);
    return status;
}
