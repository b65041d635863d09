/* author/explain.c: see explain.h. Answers come from the reference evaluator, which the program is
 * checked against. */
#include "author/explain.h"

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
