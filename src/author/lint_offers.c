/* author/lint_offers.c: rules that can send a model to a tier at which the price table does not
 * have it.
 *
 * Only models that a rule speaks of count: those that its condition names, and those of the table
 * that match a pattern in it, where all of them that reach the rule lack the tier. What the table
 * does not know is never said, nor what a tier-valued attribute of a request stands for. */
#include "author/proofs.h"

enum { MOST_NAMED = 3 }; /* models that a message names */

struct asking {
    struct proof *proof;
    const struct model_offers *offers;
    uint32_t variable; /* of `model` */
    const struct step *step;
    struct text tier;
    diagram_ref own; /* the requests that the rule decides */
    struct text lacking[MOST_NAMED];
    size_t count; /* of models that lack the tier, also those that are not kept */
};

static diagram_ref requests_with(const struct asking *asking, struct text model)
{
    struct policy_diagram *built = asking->proof->built;
    uint32_t class = class_of_text(&built->classes.variables[asking->variable], model);
    struct class_span span = {class, class};
    diagram_ref is_model = diagram_test(&built->diagram, built->level_of[asking->variable],
                                        (struct class_set){.spans = &span, .count = 1});
    return diagram_guard(&built->diagram, is_model, asking->own);
}

static bool reaches(const struct asking *asking, struct text model)
{
    return requests_with(asking, model) != DIAGRAM_NONE && !asking->proof->built->diagram.status;
}

static void add_lacking(struct asking *asking, struct text model)
{
    for (size_t i = 0; i < asking->count && i < MOST_NAMED; i++)
        if (text_equal(asking->lacking[i], model))
            return;
    if (asking->count < MOST_NAMED)
        asking->lacking[asking->count] = model;
    asking->count++;
}

static void ask_named(struct asking *asking, const struct formula *test)
{
    for (size_t i = 0; i < test->text_count; i++)
        if (asking->offers->lacks(asking->offers->table, test->texts[i], asking->tier) &&
            reaches(asking, test->texts[i]))
            add_lacking(asking, test->texts[i]);
}

/* Does every model of the table that matches the pattern, and reaches the rule, lack the tier? */
static bool all_lack(const struct asking *asking, struct text pattern)
{
    const struct model_offers *offers = asking->offers;
    for (size_t i = 0;; i++) {
        struct text model = offers->model(offers->table, i);
        if (model.length == 0)
            return true;
        if (glob_matches(pattern, model) && !offers->lacks(offers->table, model, asking->tier) &&
            reaches(asking, model))
            return false;
    }
}

static void ask_matching(struct asking *asking, struct text pattern)
{
    const struct model_offers *offers = asking->offers;
    if (!all_lack(asking, pattern))
        return;
    for (size_t i = 0;; i++) {
        struct text model = offers->model(offers->table, i);
        if (model.length == 0)
            return;
        if (glob_matches(pattern, model) && reaches(asking, model))
            add_lacking(asking, model);
    }
}

/* Parts that lint proved needless say nothing either. */
static void ask_tests(struct asking *asking, const struct formula *formula)
{
    for (const struct formula *part = formula_parts(formula); part; part = part->next)
        ask_tests(asking, part);
    if (formula->kind == FORMULA_AND || formula->kind == FORMULA_OR || formula->dropped ||
        formula->negated || formula->variable != asking->variable)
        return;
    if (formula->kind == FORMULA_TEXTS)
        ask_named(asking, formula);
    else if (formula->kind == FORMULA_LIKE)
        ask_matching(asking, formula->texts[0]);
}

/* The tiers of the policy at which the table has the model. */
static void write_offered(const struct asking *asking, struct text model, struct buffer *out)
{
    const struct policy_tree *policy = asking->proof->policy;
    const struct model_offers *offers = asking->offers;
    for (size_t i = 0; i < policy->tier_count; i++) {
        if (offers->lacks(offers->table, model, policy->tiers[i]) ||
            !offers->prices(offers->table, policy->tiers[i]))
            continue;
        buffer_format(out, "%s`%.*s`", out->length ? ", " : "", TEXT_ARGUMENTS(policy->tiers[i]));
    }
}

static void write_models(const struct asking *asking, struct buffer *out)
{
    for (size_t i = 0; i < asking->count && i < MOST_NAMED; i++)
        buffer_format(out, "%s`%.*s`", i ? ", " : "", TEXT_ARGUMENTS(asking->lacking[i]));
    if (asking->count > MOST_NAMED)
        buffer_format(out, " and %zu more", asking->count - MOST_NAMED);
}

static void report(const struct asking *asking)
{
    struct proof *proof = asking->proof;
    struct text model = asking->lacking[0];
    struct witness witness;
    struct buffer models, tiers;
    buffer_init(&models, 1 << 16);
    buffer_init(&tiers, 1 << 16);
    write_models(asking, &models);
    write_offered(asking, model, &tiers);
    struct finding *finding =
        finding_add(proof->findings, FINDING_TIER_NOT_OFFERED, asking->step->span,
                    "the price table has no `%.*s` for %.*s, which can get here",
                    TEXT_ARGUMENTS(asking->tier), TEXT_ARGUMENTS(buffer_view(&models)));
    finding_help(proof->findings, finding, "it has `%.*s` at %.*s", TEXT_ARGUMENTS(model),
                 TEXT_ARGUMENTS(buffer_view(&tiers)));
    if (finding && witness_with_text(proof->built, requests_with(asking, model), asking->variable,
                                     model, &witness)) {
        finding->witness = witness.json;
        finding->example = witness.expect;
    }
    buffer_free(&models);
    buffer_free(&tiers);
}

static void ask_step(struct asking asking, const struct formula *condition)
{
    if (asking.step->attribute)
        return;
    asking.tier = asking.proof->policy->tiers[asking.step->tier_index];
    ask_tests(&asking, condition);
    if (asking.count && !asking.proof->built->diagram.status)
        report(&asking);
}

static bool has_test_of(const struct formula *formula, uint32_t variable)
{
    bool has = formula_is_test(formula) && formula->variable == variable;
    for (const struct formula *part = formula_parts(formula); part && !has; part = part->next)
        has = has_test_of(part, variable);
    return has;
}

static void ask_rule(struct asking asking, size_t rule)
{
    struct proof *proof = asking.proof;
    struct policy_diagram *built = proof->built;
    const struct formula *condition = built->formulas[rule];
    if (proof->dead[rule] || !has_test_of(condition, asking.variable) ||
        (proof->by_pieces && !proof_begin_question(proof)))
        return;
    diagram_ref possible =
        diagram_without(&built->diagram, built->impossible, built->conditions[rule]);
    asking.own = proof_own_requests(proof, rule, possible);
    for (const struct step *step = proof->policy->rules[rule]->action->steps; step;
         step = step->next) {
        asking.step = step;
        ask_step(asking, condition);
    }
}

void lint_offers(struct proof *proof, const struct model_offers *offers)
{
    const struct attribute *model = map_get(&proof->policy->attribute_names, TEXT("model"));
    if (!model || model->type != TW_TYPE_STRING || !proof->built->has_conditions ||
        !proof->built->classes.variables[model->variable].used)
        return;
    struct asking asking = {.proof = proof, .offers = offers, .variable = model->variable};
    for (size_t i = 0; i < proof->policy->rule_count; i++)
        ask_rule(asking, i);
}
