/* author/explain_want.c: the fewest changes to a request that get it to a tier; see explain.h.
 *
 * Found in the policy's diagram, and said so that they can be made: a request that names a view of
 * a variable gets a new value of that view, or of it too. */
#include "author/explain.h"

#include "author/witness.h"

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

/* How one request becomes another. */
struct changing {
    struct front *front;
    struct changes *changes;
    const struct valuation *from, *to;
    const unsigned char *given; /* of each attribute: the request names it; NULL: it names none */
};

static bool add_change(const struct changing *changing, const struct attribute *attribute)
{
    struct front *front = changing->front;
    struct changes *changes = changing->changes;
    struct change *items = arena_grow(&front->arena, changes->items, changes->count,
                                      &changes->capacity, sizeof *items);
    if (!items)
        return false;
    changes->items = items;
    items[changes->count++] =
        (struct change){.name = attribute->name,
                        .from = explain_value(front, attribute, changing->from),
                        .to = explain_value(front, attribute, changing->to),
                        .type = attribute->type};
    return true;
}

static bool is_said(const struct changes *changes, const struct attribute *attribute)
{
    for (size_t i = 0; i < changes->count; i++)
        if (text_equal(changes->items[i].name, attribute->name))
            return true;
    return false;
}

/* Would the new value be that of a request which names this view instead of `usual`? */
static bool says_as_much(const struct changing *changing, const struct attribute *view,
                         const struct attribute *usual)
{
    int64_t value = changing->to->values[view->variable];
    int64_t before = changing->from->values[VARIABLE_DATE];
    int64_t monday = before - weekday_of_days(before), date = changing->to->values[VARIABLE_DATE];
    switch (view->projection) {
    case PROJECT_LEFT:
        return view->variable == usual->variable;
    case PROJECT_INTERACTIVE:
        return view->variable == usual->variable &&
               (value == REQUEST_TYPE_INTERACTIVE || value == REQUEST_TYPE_BACKGROUND);
    case PROJECT_HOUR:
        return usual->projection == PROJECT_TIME && value % 3600 == 0;
    case PROJECT_WEEKDAY:
        return usual->variable == VARIABLE_DATE && date >= monday && date < monday + 7;
    case PROJECT_WHOLE:
        return view->variable == VARIABLE_DATE && usual->projection == PROJECT_WEEKDAY;
    case PROJECT_TIME:
    case PROJECT_NOW:
    case PROJECT_USED:
        break;
    }
    return false;
}

/* By the usual attribute, or by the one that the request names in its place. */
static bool say_change(const struct changing *changing, struct text usual_name)
{
    const struct policy_tree *policy = &changing->front->policy;
    const struct attribute *usual = map_get(&policy->attribute_names, usual_name), *said = NULL;
    for (size_t i = 0; changing->given && i < policy->attribute_count; i++) {
        const struct attribute *attribute = policy->attributes[i];
        if (changing->given[i] &&
            (attribute == usual || (!said && says_as_much(changing, attribute, usual))))
            said = attribute;
    }
    return add_change(changing, said ? said : usual);
}

/* What the request names besides and now is another value. `now` is said as its parts. */
static bool say_views(const struct changing *changing)
{
    const struct policy_tree *policy = &changing->front->policy;
    for (size_t i = 0; changing->given && i < policy->attribute_count; i++) {
        const struct attribute *attribute = policy->attributes[i];
        int64_t from = changing->from->values[attribute->variable];
        int64_t to = changing->to->values[attribute->variable];
        bool view =
            attribute->projection != PROJECT_NOW &&
            (attribute->projection != PROJECT_WHOLE || attribute->variable == VARIABLE_DATE);
        if (changing->given[i] && view && from != to &&
            attribute_view(attribute, from) != attribute_view(attribute, to) &&
            !is_said(changing->changes, attribute) && !add_change(changing, attribute))
            return false;
    }
    return true;
}

/* The day, as the policy reads it, and the time. */
static bool say_moment(const struct changing *changing)
{
    const struct policy_tree *policy = &changing->front->policy;
    const struct attribute *date = policy_whole_attribute(policy, VARIABLE_DATE);
    int64_t before = changing->from->values[VARIABLE_CLOCK];
    int64_t after = changing->to->values[VARIABLE_CLOCK];
    if (changing->from->values[VARIABLE_DATE] != changing->to->values[VARIABLE_DATE] &&
        !say_change(changing, date->used ? date->name : TEXT("weekday")))
        return false;
    return before % SECONDS_PER_DAY == after % SECONDS_PER_DAY ||
           say_change(changing, TEXT("time"));
}

/* Of a text, the value says only whether it is there. */
static bool is_changed(const struct changing *changing, size_t variable)
{
    int64_t from = changing->from->values[variable], to = changing->to->values[variable];
    if (changing->front->policy.variables[variable].type != TW_TYPE_STRING)
        return from != to;
    return (from == VALUE_UNSET) != (to == VALUE_UNSET) ||
           (from != VALUE_UNSET &&
            !text_equal(changing->from->texts[variable], changing->to->texts[variable]));
}

static bool say_changes(const struct changing *changing)
{
    const struct policy_tree *policy = &changing->front->policy;
    if (!say_moment(changing))
        return false;
    for (size_t i = 0; i < policy->variable_count; i++)
        if (i != VARIABLE_CLOCK && i != VARIABLE_DATE && is_changed(changing, i) &&
            !say_change(changing, policy->variables[i].name))
            return false;
    return say_views(changing);
}

/* wanted: becomes what changing->to points to. */
static enum tw_status find_changes(struct policy_diagram *built, uint32_t tier,
                                   const struct changing *changing, struct valuation *wanted)
{
    struct assignment assignment;
    diagram_ref region = requests_at(built, tier);
    if (built->diagram.status)
        return built->diagram.status;
    changing->changes->possible = region != DIAGRAM_NONE;
    if (!changing->changes->possible)
        return TW_OK;
    if (!diagram_nearest(built, region, changing->from, MOMENT_IN_PARTS, &assignment) ||
        !witness_values(built, &assignment, changing->from, wanted) || !say_changes(changing))
        return TW_NO_MEMORY;
    return TW_OK;
}

enum tw_status explain_want(struct front *front, const struct valuation *valuation,
                            const unsigned char *given, uint32_t tier, struct changes *changes)
{
    struct policy_diagram built;
    struct valuation wanted;
    const struct changing changing = {
        .front = front, .changes = changes, .from = valuation, .to = &wanted, .given = given};
    *changes = (struct changes){0};
    enum tw_status status =
        policy_diagram_build(&built, &front->arena, &front->policy, DIAGRAM_EDGES);
    if (status == TW_OK)
        status = find_changes(&built, tier, &changing, &wanted);
    policy_diagram_free(&built);
    return status;
}
