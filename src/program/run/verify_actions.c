/* program/run/verify_actions.c: rules, and the steps of what they do. See verify.c. */
#include "program/run/verify.h"

static bool step_good(const struct tw_policy *policy, const struct image_step *step)
{
    if (step->attribute_and_one > policy->count_ATTRIBUTES || step->tier >= policy->count_TIERS)
        return false;
    if (step->attribute_and_one == 0)
        return true;
    const struct image_attribute *attribute =
        &policy->section_ATTRIBUTES[step->attribute_and_one - 1];
    return attribute->type == TW_TYPE_TIER && attribute->projection == PROJECT_WHOLE;
}

enum tw_status verify_actions(struct checker *checker, struct tw_error *error)
{
    const struct tw_policy *policy = checker->policy;
    if (policy->count_RULES != policy->section_INFO->rule_count + 1u)
        return DAMAGED("the number of rules");
    for (uint32_t i = 0; i < policy->count_STEPS; i++)
        if (!step_good(policy, &policy->section_STEPS[i]))
            return DAMAGED("step %u", i);
    for (uint32_t i = 0; i < policy->count_RULES; i++) {
        const struct image_rule *rule = &policy->section_RULES[i];
        if (!string_good(policy, rule->name) || !string_good(policy, rule->label) ||
            !string_good(policy, rule->file) || !string_good(policy, rule->reason) ||
            rule->step_count > TW_MAX_STEPS || (rule->step_count == 0 && !rule->reject) ||
            !range_good(rule->step_first, rule->step_count, policy->count_STEPS))
            return DAMAGED("rule %u", i);
    }
    return TW_OK;
}
