/* author/diff.c: see diff.h.
 *
 * Both policies become diagrams over one set of variables: attributes of one name are one variable.
 * Each side is cut into regions, one for each action; wherever regions of different actions
 * overlap, the policies differ. Steps at a tier-valued attribute count as the tier that it has. */
#include "author/diff.h"

#include "author/condition_text.h"
#include "author/witness.h"
#include "base/json.h"

/* All requests that one side gives one action. */
struct outcome {
    struct text text, json;
    diagram_ref region;
};

struct side {
    struct outcome *outcomes;
    size_t count, capacity;
};

struct comparing {
    struct front *old, *new;
    struct policy_tree both;
    struct policy_diagram built;
    struct arena *arena;
    struct tw_error *error;
    struct side sides[2];
};

static bool same_words(const struct attribute *a, const struct attribute *b)
{
    bool same = a->word_count == b->word_count;
    for (size_t i = 0; same && i < a->word_count; i++)
        same = text_equal(a->words[i], b->words[i]);
    return same;
}

/* Budgets may differ in their limit: all views of one are the money spent. */
static bool same_budget(const struct budget *a, const struct budget *b)
{
    if (!a || !b)
        return a == b;
    if (!a->by || !b->by)
        return a->by == b->by && text_equal(a->window, b->window);
    return text_equal(a->by->name, b->by->name) && text_equal(a->window, b->window);
}

/* Two attributes of one name have to mean the same, or nothing can be said. */
static bool same_attribute(const struct comparing *comparing, const struct attribute *a,
                           const struct attribute *b)
{
    const struct variable *va = &comparing->old->policy.variables[a->variable];
    const struct variable *vb = &comparing->new->policy.variables[b->variable];
    return a->type == b->type && a->projection == b->projection && same_words(a, b) &&
           same_budget(a->budget, b->budget) && a->from == b->from &&
           text_equal(a->source, b->source) && va->can_be_unset == vb->can_be_unset &&
           va->initial == vb->initial && text_equal(va->initial_text, vb->initial_text);
}

static enum tw_status cannot(struct comparing *comparing, const char *why, struct text name)
{
    return fail(comparing->error, TW_UNKNOWN, "the policies cannot be compared: %s%.*s", why,
                TEXT_ARGUMENTS(name));
}

static enum tw_status check_comparable(struct comparing *comparing)
{
    const struct policy_tree *a = &comparing->old->policy, *b = &comparing->new->policy;
    if (a->reads_clock && b->reads_clock && !text_equal(a->timezone, b->timezone))
        return cannot(comparing, "they read the clock in different time zones", TEXT(""));
    for (size_t i = 0; i < b->attribute_count; i++) {
        const struct attribute *other = map_get(&a->attribute_names, b->attributes[i]->name);
        bool used = other && (other->used || b->attributes[i]->used);
        if (used && !same_attribute(comparing, other, b->attributes[i]))
            return cannot(comparing, "they declare in different ways the attribute ",
                          b->attributes[i]->name);
    }
    return TW_OK;
}

/* Renumbers the new policy's variables: the old one's where it has the attribute, else new ones. */
static bool join_variables(struct comparing *comparing)
{
    const struct policy_tree *a = &comparing->old->policy, *b = &comparing->new->policy;
    struct policy_tree *both = &comparing->both;
    size_t most = a->variable_count + b->variable_count;
    uint32_t *numbers = ARENA_ARRAY(comparing->arena, uint32_t, b->variable_count);
    both->variables = ARENA_ARRAY(comparing->arena, struct variable, most);
    both->attributes =
        ARENA_ARRAY(comparing->arena, struct attribute *, a->attribute_count + b->attribute_count);
    if (!numbers || !both->variables || !both->attributes)
        return false;
    for (size_t i = 0; i < a->variable_count; i++)
        both->variables[i] = a->variables[i];
    for (size_t i = 0; i < a->attribute_count; i++)
        both->attributes[i] = a->attributes[i];
    for (size_t i = 0; i < b->variable_count; i++)
        numbers[i] = UINT32_MAX;
    for (size_t i = 0; i < b->attribute_count; i++) {
        struct attribute *attribute = b->attributes[i];
        struct attribute *known = map_get(&a->attribute_names, attribute->name);
        uint32_t *number = &numbers[attribute->variable];
        if (known)
            *number = known->variable;
        else if (*number == UINT32_MAX)
            *number = (uint32_t)both->variable_count++;
        if (known)
            known->used |= attribute->used;
        else
            both->attributes[both->attribute_count++] = attribute;
        both->variables[*number] =
            known ? a->variables[known->variable] : b->variables[attribute->variable];
    }
    for (size_t i = 0; i < b->attribute_count; i++)
        b->attributes[i]->variable = numbers[b->attributes[i]->variable];
    return true;
}

static bool join_policies(struct comparing *comparing)
{
    const struct policy_tree *a = &comparing->old->policy, *b = &comparing->new->policy;
    struct policy_tree *both = &comparing->both;
    *both = *a;
    both->statements = NULL;
    both->otherwise = NULL;
    both->rule_count = a->rule_count + b->rule_count;
    both->rules = ARENA_ARRAY(comparing->arena, struct statement *, both->rule_count + 1);
    if (!both->rules || !join_variables(comparing))
        return false;
    for (size_t i = 0; i < both->rule_count; i++)
        both->rules[i] = i < a->rule_count ? a->rules[i] : b->rules[i - a->rule_count];
    return true;
}

/* An action with the tiers of its steps fixed. */
struct fixed_action {
    const struct policy_tree *policy;
    const struct action *action; /* NULL: the implicit default */
    uint32_t tiers[TW_MAX_STEPS];
};

static void step_text(const struct fixed_action *fixed, const struct step *step, size_t index,
                      struct buffer *out)
{
    buffer_format(out, "%s%.*s", index ? " else " : "",
                  TEXT_ARGUMENTS(fixed->policy->tiers[fixed->tiers[index]]));
    if (step && step->timeout_milliseconds >= 0) {
        buffer_string(out, " timeout ");
        value_print(out, TW_TYPE_DURATION, step->timeout_milliseconds);
    }
    if (step && step->retry_count)
        buffer_format(out, " retry %u", step->retry_count);
}

static void action_text(const struct fixed_action *fixed, struct buffer *out)
{
    size_t index = 0;
    if (!fixed->action)
        step_text(fixed, NULL, 0, out);
    for (const struct step *step = fixed->action ? fixed->action->steps : NULL; step;
         step = step->next)
        step_text(fixed, step, index++, out);
    if (!fixed->action || !fixed->action->reject)
        return;
    buffer_string(out, index ? " else reject" : "reject");
    buffer_string(out, fixed->action->reason.length ? " " : "");
    if (fixed->action->reason.length)
        value_quote(out, fixed->action->reason);
}

static void action_json(const struct fixed_action *fixed, struct buffer *out)
{
    const struct step *first = fixed->action ? fixed->action->steps : NULL;
    size_t index = 1;
    buffer_string(out, "{\"tier\": ");
    if (first || !fixed->action)
        json_write_string(out, fixed->policy->tiers[fixed->tiers[0]]);
    else
        buffer_string(out, "null");
    if (first && first->timeout_milliseconds >= 0)
        buffer_format(out, ", \"timeout_ms\": %lld", (long long)first->timeout_milliseconds);
    if (first && first->retry_count)
        buffer_format(out, ", \"retry\": %u", first->retry_count);
    for (const struct step *step = first ? first->next : NULL; step; step = step->next) {
        buffer_string(out, index == 1 ? ", \"else\": [" : ", ");
        json_write_string(out, fixed->policy->tiers[fixed->tiers[index++]]);
    }
    buffer_string(out, index > 1 ? "]" : "");
    if (fixed->action && fixed->action->reject) {
        buffer_string(out, ", \"reject\": ");
        json_write_string(out, fixed->action->reason);
    }
    buffer_byte(out, '}');
}

static bool add_outcome(struct comparing *comparing, struct side *side,
                        const struct fixed_action *fixed, diagram_ref region)
{
    struct diagram *diagram = &comparing->built.diagram;
    struct buffer text, json;
    buffer_init(&text, 1 << 16);
    buffer_init(&json, 1 << 16);
    action_text(fixed, &text);
    action_json(fixed, &json);
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
        diagram_ref is_tier = diagram_of_tier(built, step->attribute->variable, tier);
        fixed->tiers[index] = tier;
        if (!add_cases(comparing, side, fixed, step->next, index + 1,
                       diagram_guard(&built->diagram, is_tier, region)))
            return false;
    }
    return true;
}

static bool add_rule(struct comparing *comparing, struct side *side,
                     const struct policy_tree *policy, const struct statement *rule,
                     diagram_ref region)
{
    struct fixed_action fixed = {.policy = policy, .action = rule ? rule->action : NULL};
    return add_cases(comparing, side, &fixed, rule ? rule->action->steps : NULL, 0, region);
}

/* The regions of one side: of its rules `first` to `last - 1` among both policies' rules. */
static bool make_side(struct comparing *comparing, struct side *side,
                      const struct policy_tree *policy, size_t first, size_t last)
{
    struct policy_diagram *built = &comparing->built;
    diagram_ref root = diagram_of_rules(built, first, last);
    for (size_t i = first; i < last && !built->diagram.status; i++)
        if (!add_rule(comparing, side, policy, policy->rules[i - first],
                      diagram_select(built, root, (uint32_t)i)))
            return false;
    return built->diagram.status || add_rule(comparing, side, policy, policy->otherwise,
                                             diagram_select(built, root, DIAGRAM_NONE));
}

static enum tw_status add_difference(struct comparing *comparing, const struct outcome *old,
                                     const struct outcome *new, diagram_ref region,
                                     struct comparison_result *result)
{
    struct witness witness;
    struct buffer when;
    struct difference *items = arena_grow(comparing->arena, result->items, result->count,
                                          &result->capacity, sizeof *items);
    if (!items || !witness_in(&comparing->built, region, &witness))
        return TW_NO_MEMORY;
    buffer_init(&when, CONDITION_TEXT_LIMIT);
    condition_text(&comparing->built, region, &when);
    result->items = items;
    items[result->count++] =
        (struct difference){.old_text = old->text,
                            .new_text = new->text,
                            .old_json = old->json,
                            .new_json = new->json,
                            .when = arena_text(comparing->arena, buffer_view(&when)),
                            .witness = witness.json,
                            .example = witness.givens};
    enum tw_status status = when.status;
    buffer_free(&when);
    return status;
}

static enum tw_status compare_sides(struct comparing *comparing, struct comparison_result *result)
{
    struct diagram *diagram = &comparing->built.diagram;
    const struct side *old = &comparing->sides[0], *new = &comparing->sides[1];
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < old->count && !status; i++) {
        for (size_t k = 0; k < new->count && !status; k++) {
            if (text_equal(old->outcomes[i].text, new->outcomes[k].text))
                continue;
            diagram_ref overlap =
                diagram_guard(diagram, old->outcomes[i].region, new->outcomes[k].region);
            diagram_ref region = diagram_without(diagram, comparing->built.impossible, overlap);
            if (region != DIAGRAM_NONE && !diagram->status)
                status =
                    add_difference(comparing, &old->outcomes[i], &new->outcomes[k], region, result);
        }
    }
    return status ? status : diagram->status;
}

static enum tw_status compare(struct comparing *comparing, struct comparison_result *result)
{
    size_t old_rules = comparing->old->policy.rule_count, all = comparing->both.rule_count;
    enum tw_status status =
        policy_diagram_build(&comparing->built, comparing->arena, &comparing->both, DIAGRAM_EDGES);
    if (status)
        return status;
    if (!make_side(comparing, &comparing->sides[0], &comparing->old->policy, 0, old_rules) ||
        !make_side(comparing, &comparing->sides[1], &comparing->new->policy, old_rules, all))
        return TW_NO_MEMORY;
    status = comparing->built.diagram.status;
    return status ? status : compare_sides(comparing, result);
}

enum tw_status diff_policies(struct front *old, struct front *new, struct comparison_result *result,
                             struct tw_error *error)
{
    struct comparing comparing = {.old = old, .new = new, .arena = &old->arena, .error = error};
    *result = (struct comparison_result){0};
    enum tw_status status = check_comparable(&comparing);
    if (status)
        return status;
    if (!join_policies(&comparing))
        return fail(error, TW_NO_MEMORY, "out of memory");
    status = compare(&comparing, result);
    policy_diagram_free(&comparing.built);
    if (status == TW_LIMIT)
        return fail(error, status, "the policies differ in too many ways to be compared");
    return status ? fail(error, status, "%s", tw_status_text(status)) : TW_OK;
}
