/* program/plan.c: which way a policy is run.
 *
 * Very few tests are fastest one after another. A small policy becomes a table. Rules that tell
 * requests apart become the nodes of their diagram, as long as it stays linear in the policy. What
 * overlaps too much for that becomes masks. Patterns that are too many, and conditions that come to
 * too many conjunctions, are left to rules in order. */
#include "program/lower.h"

enum {
    FEWEST_TESTS = 2,    /* up to so many, no plan beats rules in order */
    EDGES_PER_RULE = 64, /* what a diagram may grow to while it is made */
    EDGES_AT_LEAST = 4096
};

static size_t count_tests(const struct formula *formula)
{
    size_t count = formula_is_test(formula);
    for (const struct formula *part = formula_parts(formula); part; part = part->next)
        count += count_tests(part);
    return count;
}

static bool make_formulas(struct lowered *lowered)
{
    const struct policy_tree *policy = lowered->policy;
    lowered->formulas = ARENA_ARRAY(lowered->kept, struct formula *, policy->rule_count + 1);
    lowered->texts = ARENA_ARRAY(lowered->kept, struct text_numbers, policy->variable_count);
    lowered->needed = ARENA_ARRAY(lowered->kept, bool, policy->variable_count);
    if (!lowered->formulas || !lowered->texts || !lowered->needed)
        return false;
    for (size_t i = 0; i < policy->rule_count; i++) {
        lowered->formulas[i] = formula_of_condition(policy, policy->rules[i]->condition);
        if (!lowered->formulas[i])
            return false;
        lowered->facts.tests += count_tests(lowered->formulas[i]);
    }
    return true;
}

/* Cuts the variables into classes, and builds the diagram as far as its budget goes. */
static void make_diagram(struct lowered *lowered)
{
    size_t limit = lowered->policy->rule_count * EDGES_PER_RULE + EDGES_AT_LEAST;
    lowered->facts.edge_limit = limit < DIAGRAM_EDGES ? limit : DIAGRAM_EDGES;
    enum tw_status status =
        policy_diagram_build_program(&lowered->diagram, lowered->kept, lowered->policy,
                                     lowered->formulas, lowered->facts.edge_limit);
    if (status == TW_NO_MEMORY) {
        lower_fail(lowered, status);
        return;
    }
    lowered->has_classes = !lowered->diagram.classes.too_large;
    lowered->has_diagram = status == TW_OK;
    number_texts(lowered);
    lowered->has_diagram &= lowered->has_classes;
}

/* Is this plan to be tried? */
static bool may_be(enum plan plan, enum plan wanted)
{
    return wanted == ANY_PLAN || wanted == plan;
}

static void choose(struct lowered *lowered, enum plan plan, const char *reason)
{
    lowered->plan = plan;
    lowered->facts.reason = reason;
}

static bool try_ordered(struct lowered *lowered, enum plan wanted)
{
    if (!may_be(PLAN_ORDERED, wanted) ||
        (wanted == ANY_PLAN && lowered->has_classes && lowered->facts.tests > FEWEST_TESTS))
        return false;
    choose(lowered, PLAN_ORDERED,
           !lowered->has_classes ? "patterns are too many to tell all texts apart"
           : wanted == ANY_PLAN  ? "so few tests are fastest one after another"
                                 : "it was asked for");
    lower_ordered(lowered);
    return true;
}

static bool try_table(struct lowered *lowered, enum plan wanted)
{
    struct table *table;
    if (!may_be(PLAN_TABLE, wanted) || !lowered->has_diagram || !table_plan(lowered, &table))
        return false;
    choose(lowered, PLAN_TABLE, "all combinations of classes fit into one table");
    lower_table(lowered, table);
    return true;
}

static bool try_switches(struct lowered *lowered, enum plan wanted)
{
    struct switches *switches;
    if (!may_be(PLAN_SWITCHES, wanted) || !lowered->has_diagram ||
        !switches_plan(lowered, &switches))
        return false;
    choose(lowered, PLAN_SWITCHES, "the rules tell requests apart: their diagram is small");
    lower_switches(lowered, switches);
    return true;
}

static bool try_masks(struct lowered *lowered, enum plan wanted)
{
    struct conjunctions *conjunctions;
    if (!may_be(PLAN_MASKS, wanted) || !lowered->has_classes || !masks_plan(lowered, &conjunctions))
        return false;
    choose(lowered, PLAN_MASKS, "rules overlap: their diagram is larger than its budget");
    lower_masks(lowered, conjunctions);
    return true;
}

static void mark_actions(struct lowered *lowered)
{
    const struct policy_tree *policy = lowered->policy;
    for (size_t i = 0; i <= policy->rule_count; i++) {
        const struct statement *rule =
            i < policy->rule_count ? policy->rules[i] : policy->otherwise;
        for (const struct step *step = rule ? rule->action->steps : NULL; step; step = step->next)
            if (step->attribute)
                lowered->needed[step->attribute->variable] = true;
    }
}

/* Everything up to the records that the chosen plan writes. */
static void lower(struct lowered *lowered, enum plan wanted)
{
    map_init(&lowered->shared, lowered->arena);
    if (!make_formulas(lowered))
        lower_fail(lowered, TW_NO_MEMORY);
    if (!lowered->status)
        make_diagram(lowered);
    if (!lowered->status && !try_ordered(lowered, wanted) && !try_table(lowered, wanted) &&
        !try_switches(lowered, wanted) && !try_masks(lowered, wanted) && !lowered->status) {
        choose(lowered, PLAN_ORDERED, "conditions come to too many conjunctions for masks");
        lower_ordered(lowered);
    }
    if (!lowered->status)
        mark_actions(lowered);
}

enum tw_status lower_policy(struct lowered *lowered, struct arena *arena,
                            const struct policy_tree *policy, enum plan wanted)
{
    struct arena scratch;
    arena_init(&scratch, arena->limit);
    *lowered = (struct lowered){.arena = &scratch, .kept = arena, .policy = policy};
    writer_init(&lowered->writer, arena);
    lower(lowered, wanted);
    lowered->arena = NULL;
    lowered->shared = (struct map){0};
    lowered->other = (struct interval_room){0};
    arena_free(&scratch);
    return lowered->status;
}

void lowered_free(struct lowered *lowered)
{
    policy_diagram_free(&lowered->diagram);
    writer_free(&lowered->writer);
}
