/* author/witness.c: from classes back to values, and to text in the language's own form.
 *
 * Attributes at their defaults are left out. Which rule decides is asked of the reference
 * evaluator, so that what is printed is right even if the diagram were not. */
#include "author/witness.h"

#include "author/moment.h"
#include "base/clock.h"
#include "base/json.h"
#include "front/reference.h"

struct printing {
    struct policy_diagram *built;
    int64_t *values;
    struct text *texts;
    int64_t instant; /* printed instead of the clock where it is not -1 */
    struct buffer json, givens;
};

/* base: values to keep where the class allows, NULL for the defaults. */
static void choose_values(struct printing *printing, const struct assignment *assignment,
                          const struct valuation *base)
{
    const struct policy_tree *policy = printing->built->policy;
    const struct variable_classes *all = printing->built->classes.variables;
    for (size_t i = 0; i < policy->variable_count; i++) {
        const struct variable *about = &policy->variables[i];
        uint32_t class = assignment->classes[i];
        bool text = about->type == TW_TYPE_STRING;
        int64_t wanted = base && base->values[i] != VALUE_UNSET ? base->values[i] : about->initial;
        if (class == all[i].unset)
            printing->values[i] = VALUE_UNSET;
        else if (text && base && base->values[i] != VALUE_UNSET &&
                 class_of_text(&all[i], base->texts[i]) == class)
            printing->texts[i] = base->texts[i];
        else if (!text)
            printing->values[i] = class_sample(&all[i], wanted, class);
        else if (class == all[i].initial)
            printing->texts[i] = about->initial_text;
        else
            printing->texts[i] = all[i].samples[class];
    }
    moment_choose(printing->built, assignment, base, printing->values);
}

static bool is_default(const struct printing *printing, uint32_t index)
{
    const struct variable *about = &printing->built->policy->variables[index];
    if (about->can_be_unset)
        return printing->values[index] == VALUE_UNSET;
    return about->type == TW_TYPE_STRING ? text_equal(printing->texts[index], about->initial_text)
                                         : printing->values[index] == about->initial;
}

/* One attribute: as a member, and as ATTR = VALUE. is_string: quoted in the language too. */
static void print_pair(struct printing *printing, struct text name, struct text value,
                       enum tw_type type)
{
    bool bare = type == TW_TYPE_INT || type == TW_TYPE_BOOL;
    buffer_string(&printing->json, printing->json.length > 1 ? ", " : "");
    json_write_string(&printing->json, name);
    buffer_string(&printing->json, ": ");
    if (bare)
        buffer_text(&printing->json, value);
    else
        json_write_string(&printing->json, value);
    buffer_format(&printing->givens, "%s%.*s = ", printing->givens.length ? ", " : "",
                  TEXT_ARGUMENTS(name));
    if (type == TW_TYPE_STRING)
        value_quote(&printing->givens, value);
    else
        buffer_text(&printing->givens, value);
}

static void print_number(struct printing *printing, struct text name, enum tw_type type,
                         int64_t value)
{
    struct buffer text;
    buffer_init(&text, 100);
    value_print(&text, type, value);
    print_pair(printing, name, buffer_view(&text), type);
    buffer_free(&text);
}

static void print_instant(struct printing *printing)
{
    struct buffer text;
    buffer_init(&text, 100);
    instant_print(&text, printing->instant);
    print_pair(printing, TEXT("now"), buffer_view(&text), TW_TYPE_NOW);
    buffer_free(&text);
}

static void print_clock(struct printing *printing)
{
    if (printing->instant >= 0) {
        print_instant(printing);
        return;
    }
    int64_t moment = printing->values[VARIABLE_CLOCK];
    bool with_date = printing->built->classes.variables[VARIABLE_DATE].used;
    if (moment / SECONDS_PER_DAY != 0 && !with_date)
        print_pair(printing, TEXT("weekday"), text_of(weekday_words[moment / SECONDS_PER_DAY]),
                   TW_TYPE_WEEKDAY);
    if (moment % SECONDS_PER_DAY != CLOCK_DEFAULT_SECOND)
        print_number(printing, TEXT("time"), TW_TYPE_TIME, moment % SECONDS_PER_DAY);
}

static void print_variable(struct printing *printing, uint32_t index)
{
    const struct policy_tree *policy = printing->built->policy;
    const struct attribute *attribute = policy_whole_attribute(policy, index);
    if (index == VARIABLE_CLOCK) {
        print_clock(printing);
        return;
    }
    bool follows_clock =
        index == VARIABLE_DATE &&
        (printing->instant >= 0 || !printing->built->classes.variables[index].used);
    if (is_default(printing, index) || !attribute || follows_clock)
        return;
    int64_t value = printing->values[index];
    if (attribute->type == TW_TYPE_STRING)
        print_pair(printing, attribute->name, printing->texts[index], TW_TYPE_STRING);
    else if (attribute->word_count)
        print_pair(printing, attribute->name, attribute->words[value], attribute->type);
    else
        print_number(printing, attribute->name, attribute->type, value);
}

static struct text decided_tier(const struct printing *printing, size_t rule)
{
    const struct policy_tree *policy = printing->built->policy;
    const struct statement *statement =
        rule < policy->rule_count ? policy->rules[rule] : policy->otherwise;
    const struct step *step = statement ? statement->action->steps : NULL;
    if (!statement)
        return policy->tiers[0];
    if (!step)
        return TEXT("reject");
    if (!step->attribute)
        return policy->tiers[step->tier_index];
    int64_t value = printing->values[step->attribute->variable];
    return policy->tiers[value == VALUE_UNSET ? 0 : value];
}

static struct text expect_text(const struct printing *printing, size_t rule)
{
    const struct policy_tree *policy = printing->built->policy;
    struct arena *arena = printing->built->arena;
    struct text by = {"", 0}, tier = decided_tier(printing, rule);
    struct text givens = buffer_view(&printing->givens);
    if (rule < policy->rule_count && policy->rules[rule]->name)
        by = arena_format(arena, " by %.*s", TEXT_ARGUMENTS(policy->rules[rule]->name->text));
    else if (rule == policy->rule_count)
        by = TEXT(" by otherwise");
    return arena_format(arena, "expect %.*s%.*s when %.*s", TEXT_ARGUMENTS(tier),
                        TEXT_ARGUMENTS(by), TEXT_ARGUMENTS(givens));
}

bool witness_values(struct policy_diagram *built, const struct assignment *assignment,
                    const struct valuation *base, struct valuation *result)
{
    size_t variables = built->policy->variable_count;
    struct printing printing = {.built = built};
    printing.values = ARENA_ARRAY(built->arena, int64_t, variables);
    printing.texts = ARENA_ARRAY(built->arena, struct text, variables);
    if (!printing.values || !printing.texts)
        return false;
    choose_values(&printing, assignment, base);
    *result = (struct valuation){printing.values, printing.texts};
    return true;
}

/* decided: also which rule decides the request. instant: stands for the whole clock; -1: none does.
 */
static bool print_witness(struct policy_diagram *built, const struct assignment *assignment,
                          const struct valuation *base, bool decided, int64_t instant,
                          struct witness *witness)
{
    const struct policy_tree *policy = built->policy;
    struct printing printing = {.built = built, .instant = instant};
    printing.values = ARENA_ARRAY(built->arena, int64_t, policy->variable_count);
    printing.texts = ARENA_ARRAY(built->arena, struct text, policy->variable_count);
    if (!printing.values || !printing.texts)
        return false;
    buffer_init(&printing.json, 1 << 20);
    buffer_init(&printing.givens, 1 << 20);
    choose_values(&printing, assignment, base);
    buffer_byte(&printing.json, '{');
    for (uint32_t i = 0; i < policy->variable_count; i++)
        print_variable(&printing, i);
    if (printing.givens.length == 0) /* everything is at its default; one thing has to be said */
        print_pair(&printing, TEXT("priority"), TEXT("normal"), TW_TYPE_ENUM);
    buffer_byte(&printing.json, '}');
    struct valuation valuation = {printing.values, printing.texts};
    witness->rule = decided ? reference_decide(policy, &valuation) : policy->rule_count;
    witness->givens = arena_text(built->arena, buffer_view(&printing.givens));
    witness->json = arena_text(built->arena, buffer_view(&printing.json));
    witness->expect = decided ? expect_text(&printing, witness->rule) : TEXT("");
    bool good = !printing.json.status && !printing.givens.status && !built->arena->failed;
    buffer_free(&printing.json);
    buffer_free(&printing.givens);
    return good;
}

bool witness_of(struct policy_diagram *built, const struct assignment *assignment,
                struct witness *witness)
{
    return print_witness(built, assignment, NULL, true, -1, witness);
}

bool witness_in(struct policy_diagram *built, diagram_ref region, struct witness *witness)
{
    struct assignment assignment;
    return diagram_nearest(built, region, NULL, MOMENT_IN_PARTS, &assignment) &&
           witness_of(built, &assignment, witness);
}

bool witness_with_text(struct policy_diagram *built, diagram_ref region, uint32_t variable,
                       struct text text, struct witness *witness)
{
    const struct policy_tree *policy = built->policy;
    int64_t *values = ARENA_ARRAY(built->arena, int64_t, policy->variable_count);
    struct text *texts = ARENA_ARRAY(built->arena, struct text, policy->variable_count);
    struct valuation base = {values, texts};
    struct assignment assignment;
    if (!values || !texts || !diagram_nearest(built, region, NULL, MOMENT_IN_PARTS, &assignment))
        return false;
    for (size_t i = 0; i < policy->variable_count; i++)
        values[i] = VALUE_UNSET;
    values[variable] = 0;
    texts[variable] = text;
    return print_witness(built, &assignment, &base, true, -1, witness);
}

bool witness_request(struct policy_diagram *built, const struct assignment *assignment,
                     int64_t instant, struct witness *witness)
{
    return print_witness(built, assignment, NULL, false, instant, witness);
}
