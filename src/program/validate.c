/* program/validate.c: translation validation, after Pnueli, Siegel and Singerman 1998: not that the
 * compiler is right is checked, but each program that it makes.
 *
 * Where a policy has many rules, the reference evaluator is asked about some of them: that the rule
 * that decided holds, and that a few of those before it do not. */
#include "program/validate.h"

#include "front/reference.h"
#include "program/run/program.h"

#include <string.h>

enum {
    BUDGET = 300000,      /* tests, and values that tests name, in all conditions evaluated */
    FULL_BUDGET = 100000, /* of these, for requests where all earlier rules are asked about */
    FULL_COST = 256,      /* the more rules there are, the fewer requests are asked all about */
    SPOT_CHECKS = 2,      /* earlier rules that are asked about for any request */
    MOST_COMBINATIONS = 4096,
    RANDOM_POINTS = 1000,
    FEW_RULES = 500
};

struct validation {
    const struct lowered *lowered;
    const struct policy_tree *policy;
    const tw_policy *program;
    tw_request *request;
    uint64_t random;
    int64_t left, full_left; /* of the budgets */
    bool upper, outside;     /* which value of a test is wanted */
    int64_t *costs;          /* of each rule, with all before it */
    uint32_t *used;          /* variables that tests read */
    uint32_t used_count;
    struct tw_error *error;
};

/* splitmix64: the same requests in every compile of a policy. */
static uint64_t next_random(struct validation *validation)
{
    uint64_t z = validation->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t random_below(struct validation *validation, size_t count)
{
    return count ? (size_t)(next_random(validation) % count) : 0;
}

static const struct variable_classes *classes_of(const struct validation *validation,
                                                 uint32_t variable)
{
    return &validation->lowered->diagram.classes.variables[variable];
}

static bool is_text(const struct validation *validation, uint32_t variable)
{
    return validation->policy->variables[variable].type == TW_TYPE_STRING;
}

static void set_text(struct validation *validation, uint32_t variable, struct text text)
{
    validation->request->texts[variable] = text;
    validation->request->values[variable] = text_class(validation->program, variable, text);
}

/* The values worth trying of a variable: both ends of each run, or each text that is named and one
 * of each class; and "not set". */
static size_t candidate_count(const struct validation *validation, uint32_t variable)
{
    const struct variable_classes *classes = classes_of(validation, variable);
    size_t count = is_text(validation, variable) ? classes->text_count + classes->sample_count
                                                 : 2 * classes->run_count;
    return count + (classes->unset != UINT32_MAX);
}

static void set_candidate(struct validation *validation, uint32_t variable, size_t index)
{
    const struct variable_classes *classes = classes_of(validation, variable);
    size_t named = classes->text_count;
    if (index + 1 == candidate_count(validation, variable) && classes->unset != UINT32_MAX)
        validation->request->values[variable] = VALUE_UNSET;
    else if (is_text(validation, variable))
        set_text(validation, variable,
                 index < named ? classes->texts[index] : classes->samples[index - named]);
    else
        validation->request->values[variable] =
            index % 2 ? classes->runs[index / 2].high : classes->runs[index / 2].low;
}

static enum tw_status differ(const struct validation *validation, uint32_t decided, size_t meant)
{
    return fail(validation->error, TW_INTERNAL,
                "the program decides by rule %u where the policy means rule %zu (of %zu, counted "
                "from 0); this is a mistake in tierway itself, please report it with the policy",
                decided, meant, validation->policy->rule_count);
}

static bool holds(struct validation *validation, size_t rule)
{
    const struct valuation valuation = {validation->request->values, validation->request->texts};
    validation->left -= validation->costs[rule] - (rule ? validation->costs[rule - 1] : 0);
    return reference_condition(validation->policy, validation->policy->rules[rule]->condition,
                               &valuation) == TRUTH_TRUE;
}

/* Compares the decisions on the request at hand. likely: a rule that may well hold. */
static enum tw_status check(struct validation *validation, size_t likely)
{
    uint32_t decided = tw_decide(validation->program, validation->request);
    size_t rules = validation->policy->rule_count;
    if (decided > rules)
        return differ(validation, decided, rules);
    if (decided < rules && !holds(validation, decided))
        return differ(validation, decided, rules);
    bool all = decided <= SPOT_CHECKS || (decided <= validation->full_left &&
                                          random_below(validation, 1 + decided / FULL_COST) == 0);
    size_t checks = all ? decided : SPOT_CHECKS;
    if (likely < decided && holds(validation, likely))
        return differ(validation, decided, likely);
    validation->full_left -= all && decided ? validation->costs[decided - 1] : 0;
    for (size_t i = 0; i < checks; i++) {
        size_t rule = checks == decided ? i : random_below(validation, decided);
        if (holds(validation, rule))
            return differ(validation, decided, rule);
    }
    return TW_OK;
}

/* All combinations of candidates where they are few: counts up in a number with a digit for each
 * variable. */
static enum tw_status check_combinations(struct validation *validation)
{
    size_t total = 1;
    for (uint32_t i = 0; i < validation->used_count && total <= MOST_COMBINATIONS; i++)
        total *= candidate_count(validation, validation->used[i]);
    if (total > MOST_COMBINATIONS)
        return TW_OK;
    enum tw_status status = TW_OK;
    for (size_t number = 0; number < total && validation->left > 0 && !status; number++) {
        size_t rest = number;
        for (uint32_t i = 0; i < validation->used_count; i++) {
            size_t count = candidate_count(validation, validation->used[i]);
            set_candidate(validation, validation->used[i], rest % count);
            rest /= count;
        }
        status = check(validation, SIZE_MAX);
    }
    return status;
}

/* A pattern without its `*`, and with a letter for each `?`: a text that it matches. */
static void set_matching(struct validation *validation, uint32_t variable, struct text pattern)
{
    char *text = arena_alloc(validation->lowered->kept, pattern.length + 1, 1);
    size_t length = 0;
    for (size_t i = 0; text && i < pattern.length; i++)
        if (pattern.data[i] != '*')
            text[length++] = pattern.data[i] == '?' ? 'x' : pattern.data[i];
    if (text)
        set_text(validation, variable, (struct text){text, length});
}

/* An end of one of the test's intervals, or the value outside it where there is one. */
static void set_end(struct validation *validation, const struct formula *test)
{
    const struct variable *variable = &validation->policy->variables[test->variable];
    if (test->set.count == 0)
        return;
    struct interval interval = test->set.items[random_below(validation, test->set.count)];
    int64_t value = validation->upper ? interval.high : interval.low;
    if (validation->outside && random_below(validation, 3) == 0)
        value += validation->upper ? interval.high < variable->high
                                   : -(int64_t)(interval.low > variable->low);
    validation->request->values[test->variable] = value;
}

static void aim_at_test(struct validation *validation, const struct formula *test)
{
    uint32_t variable = test->variable;
    bool any = test->negated;
    switch (test->kind) {
    case FORMULA_RANGES:
        set_end(validation, test);
        return;
    case FORMULA_TEXTS:
        if (!any)
            set_text(validation, variable, test->texts[random_below(validation, test->text_count)]);
        break;
    case FORMULA_LIKE:
        if (!any)
            set_matching(validation, variable, test->texts[0]);
        break;
    case FORMULA_IS_SET:
        if (any && validation->policy->variables[variable].can_be_unset)
            validation->request->values[variable] = VALUE_UNSET;
        return;
    case FORMULA_AND:
    case FORMULA_OR:
        return;
    }
    if (any)
        set_candidate(validation, variable,
                      random_below(validation, candidate_count(validation, variable)));
}

/* Sets what a condition asks for: of an `and` all parts, of an `or` one. */
static void aim_at(struct validation *validation, const struct formula *formula)
{
    if (formula_is_test(formula))
        aim_at_test(validation, formula);
    bool is_and = formula->kind == FORMULA_AND;
    size_t count = 0;
    const struct formula *chosen = NULL;
    for (const struct formula *part = formula_parts(formula); part; part = part->next) {
        if (is_and)
            aim_at(validation, part);
        else if (random_below(validation, ++count) == 0)
            chosen = part;
    }
    if (chosen)
        aim_at(validation, chosen);
}

/* Requests at both ends of each rule's tests, and otherwise as the defaults are; where rules are
 * few, also next to the ends, and otherwise as the request before. */
static enum tw_status check_rules(struct validation *validation)
{
    size_t rules = validation->policy->rule_count, rounds = rules < FEW_RULES ? 8 : 2;
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < rules * rounds && validation->left > 0 && !status; i++) {
        size_t round = i / rules, rule = i % rules;
        validation->upper = round % 2;
        validation->outside = round >= 4;
        if (round < 2 || round >= 6)
            tw_request_clear(validation->request);
        aim_at(validation, validation->lowered->formulas[rule]);
        status = check(validation, rule);
    }
    return status;
}

/* A byte of a text changed, to see what finds the class of texts that nobody named. */
static void disturb(struct validation *validation, char *bytes, size_t room)
{
    uint32_t variable = validation->used[random_below(validation, validation->used_count)];
    struct text text = validation->request->texts[variable];
    if (!is_text(validation, variable) || text.length == 0 || text.length > room ||
        validation->request->values[variable] == VALUE_UNSET)
        return;
    memcpy(bytes, text.data, text.length);
    uint64_t choice = next_random(validation);
    bytes[choice % text.length] = (char)(choice >> 32);
    set_text(validation, variable, (struct text){bytes, text.length});
}

static enum tw_status check_random(struct validation *validation)
{
    enum tw_status status = TW_OK;
    char bytes[128];
    for (size_t i = 0; i < RANDOM_POINTS && validation->left > 0 && !status; i++) {
        for (uint32_t k = 0; k < validation->used_count; k++) {
            size_t count = candidate_count(validation, validation->used[k]);
            set_candidate(validation, validation->used[k], random_below(validation, count));
        }
        if (validation->used_count)
            disturb(validation, bytes, sizeof bytes);
        status = check(validation, SIZE_MAX);
    }
    return status;
}

static bool find_used(struct validation *validation)
{
    size_t variables = validation->policy->variable_count;
    validation->used = ARENA_ARRAY(validation->lowered->kept, uint32_t, variables);
    for (uint32_t i = 0; validation->used && i < variables; i++)
        if (classes_of(validation, i)->used)
            validation->used[validation->used_count++] = i;
    return validation->used != NULL;
}

/* What it costs to evaluate a condition. */
static int64_t cost_of(const struct condition *condition)
{
    if (condition->named)
        return cost_of(condition->named->condition);
    int64_t cost = 1 + (int64_t)condition->item_count;
    for (const struct condition *child = condition_parts(condition); child; child = child->next)
        cost += cost_of(child);
    return cost;
}

static bool find_costs(struct validation *validation)
{
    const struct policy_tree *policy = validation->policy;
    int64_t sum = 0;
    validation->costs = ARENA_ARRAY(validation->lowered->kept, int64_t, policy->rule_count + 1);
    for (size_t i = 0; validation->costs && i < policy->rule_count; i++)
        validation->costs[i] = sum += cost_of(policy->rules[i]->condition);
    return validation->costs != NULL;
}

enum tw_status validate_program(const struct lowered *lowered, const tw_policy *program,
                                struct tw_error *error)
{
    struct validation validation = {.lowered = lowered,
                                    .policy = lowered->policy,
                                    .program = program,
                                    .random = program->header->source_hash,
                                    .left = BUDGET,
                                    .full_left = FULL_BUDGET,
                                    .error = error};
    enum tw_status status = tw_request_new(program, &validation.request);
    if (!status && (!find_used(&validation) || !find_costs(&validation)))
        status = TW_NO_MEMORY;
    if (!status)
        status = check(&validation, SIZE_MAX);
    if (!status)
        status = check_combinations(&validation);
    if (!status)
        status = check_rules(&validation);
    if (!status)
        status = check_random(&validation);
    tw_request_free(validation.request);
    return status;
}
