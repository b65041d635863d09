/* author/lint.c: names, actions, and the order of lint's parts. */
#include "author/lint.h"

#include "diagram/diagram.h"

static void lint_unused(struct front *front)
{
    struct policy_tree *policy = &front->policy;
    struct findings *findings = &front->findings;
    for (const struct statement *at = front->statements; at; at = at->next) {
        bool hidden =
            at->kind == STATEMENT_LET && map_get(&policy->attribute_names, at->name->text);
        if (at->kind == STATEMENT_LET && !at->used && !hidden)
            finding_help(findings,
                         finding_add(findings, FINDING_UNUSED_LET, at->name->span,
                                     "nothing uses `%.*s`", TEXT_ARGUMENTS(at->name->text)),
                         "take it out");
        if (at->kind != STATEMENT_ATTRIBUTE)
            continue;
        const struct attribute *attribute = map_get(&policy->attribute_names, at->name->text);
        if (attribute && !attribute->used)
            finding_help(findings,
                         finding_add(findings, FINDING_UNUSED_ATTRIBUTE, at->name->span,
                                     "no rule reads `%.*s`", TEXT_ARGUMENTS(at->name->text)),
                         "take it out");
    }
    for (size_t i = 0; i < policy->budget_count; i++)
        if (!policy->budgets[i]->used)
            finding_add(findings, FINDING_UNUSED_BUDGET, policy->budgets[i]->span,
                        "no rule reads `%.*s.spent`, `.left` or `.used`",
                        TEXT_ARGUMENTS(policy->budgets[i]->name));
}

/* A label names its rule in decisions and reports; one that no example names is a rule whose effect
 * nobody wrote down. */
static void lint_labels(struct front *front)
{
    for (size_t i = 0; i < front->policy.rule_count; i++) {
        const struct statement *rule = front->policy.rules[i];
        if (rule->name && !rule->used)
            finding_help(&front->findings,
                         finding_add(&front->findings, FINDING_UNUSED_LABEL, rule->name->span,
                                     "no example says `by %.*s`", TEXT_ARGUMENTS(rule->name->text)),
                         "add an `expect ... by %.*s when ...`", TEXT_ARGUMENTS(rule->name->text));
    }
}

static void report_hidden(struct front *front, const struct name *name, const char *what)
{
    struct finding *finding =
        finding_add(&front->findings, FINDING_HIDDEN_NAME, name->span,
                    "`%.*s` is also %s, which is meant wherever both could stand",
                    TEXT_ARGUMENTS(name->text), what);
    finding_help(&front->findings, finding, "take another name");
}

static bool is_some_word(const struct policy_tree *policy, struct text text)
{
    for (size_t i = 0; i < policy->attribute_count; i++) {
        const struct attribute *attribute = policy->attributes[i];
        for (size_t word = 0; attribute->type == TW_TYPE_ENUM && word < attribute->word_count;
             word++)
            if (text_equal(attribute->words[word], text))
                return true;
    }
    for (int day = 0; day < 7; day++)
        if (text_is(text, weekday_words[day]))
            return true;
    return false;
}

static void lint_hidden(struct front *front)
{
    const struct policy_tree *policy = &front->policy;
    for (const struct statement *at = front->statements; at; at = at->next) {
        if (at->kind == STATEMENT_LET) {
            if (map_get(&policy->attribute_names, at->name->text))
                report_hidden(front, at->name, "an attribute");
            else if (is_some_word(policy, at->name->text))
                report_hidden(front, at->name, "a word of an attribute's type");
            else if (policy_tier_find(policy, at->name->text) >= 0)
                report_hidden(front, at->name, "a tier");
        } else if (at->kind == STATEMENT_ATTRIBUTE && at->type && text_is(at->type->text, "tier") &&
                   policy_tier_find(policy, at->name->text) >= 0) {
            report_hidden(front, at->name, "a tier");
        }
    }
}

/* The advice of the providers for flex: docs/providers.md. */
#define FLEX_TIMEOUT_ADVISED (15 * 60 * 1000)

static void lint_flex_step(struct front *front, const struct step *step,
                           const struct action *action)
{
    struct findings *findings = &front->findings;
    if (!step->next && !action->reject && !step->strict && step->retry_count == 0)
        finding_help(findings,
                     finding_add(findings, FINDING_NO_FALLBACK, step->span,
                                 "when flex has no room, its refusal goes to the caller"),
                     "add `else default`, `retry 3`, or `strict` to say that this is meant");
    if (step->timeout_milliseconds >= 0 && step->timeout_milliseconds < FLEX_TIMEOUT_ADVISED)
        finding_help(findings,
                     finding_add(findings, FINDING_SHORT_TIMEOUT, step->timeout->span,
                                 "flex answers take minutes; providers advise a timeout of 15m"),
                     "write `timeout 15m`");
}

static bool is_flex(const struct policy_tree *policy, const struct step *step)
{
    return step->tier_index >= 0 && text_is(policy->tiers[step->tier_index], "flex");
}

/* Does the condition, where it holds, imply that the attribute is set? Only what is plain to see:
 * a positive test of it among the parts of an `and`. */
static bool implies_set(const struct condition *condition, const struct attribute *attribute)
{
    if (condition->named)
        return implies_set(condition->named->condition, attribute);
    if (condition->kind == CONDITION_AND) {
        for (const struct condition *part = condition_parts(condition); part; part = part->next)
            if (implies_set(part, attribute))
                return true;
        return false;
    }
    if (condition->kind == CONDITION_OR) {
        for (const struct condition *part = condition_parts(condition); part; part = part->next)
            if (!implies_set(part, attribute))
                return false;
        return true;
    }
    bool tests_it = condition->attribute && condition->attribute->variable == attribute->variable;
    return tests_it && (condition->kind != CONDITION_IS_SET || !condition->negated);
}

static void lint_unset_tier(struct front *front, const struct statement *rule,
                            const struct step *step)
{
    if (!step->attribute || !attribute_can_be_unset(&front->policy, step->attribute) ||
        (rule->condition && implies_set(rule->condition, step->attribute)))
        return;
    struct text name = step->attribute->name, first = front->policy.tiers[0];
    finding_help(&front->findings,
                 finding_add(&front->findings, FINDING_UNSET_TIER, step->tier->span,
                             "`%.*s` can be unset here, and then stands for `%.*s`",
                             TEXT_ARGUMENTS(name), TEXT_ARGUMENTS(first)),
                 "add `%.*s is set` to the condition", TEXT_ARGUMENTS(name));
}

static void lint_actions(struct front *front)
{
    const struct policy_tree *policy = &front->policy;
    for (size_t i = 0; i <= policy->rule_count; i++) {
        const struct statement *rule =
            i < policy->rule_count ? policy->rules[i] : policy->otherwise;
        for (const struct step *step = rule ? rule->action->steps : NULL; step; step = step->next) {
            if (is_flex(policy, step))
                lint_flex_step(front, step, rule->action);
            lint_unset_tier(front, rule, step);
        }
    }
}

enum tw_status lint_policy(struct front *front, int64_t now, const struct model_offers *offers)
{
    enum tw_status status = TW_OK;
    if (front->findings.error_count == 0) {
        lint_unused(front);
        lint_labels(front);
        lint_hidden(front);
        lint_actions(front);
        lint_conditions(front);
        status = lint_clock(front, now);
        if (!status)
            status = lint_proofs(front, DIAGRAM_EDGES, offers);
    }
    findings_silence(&front->findings, front->statements);
    findings_sort(&front->findings);
    return front->arena.failed ? TW_NO_MEMORY : status;
}
