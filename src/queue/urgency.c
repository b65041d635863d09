/* queue/urgency.c: see urgency.h. */
#include "queue/urgency.h"

#include <string.h>

#define FLEX "flex"

/* The tier that answers at once: `default`, else the provider's first one. */
static struct tw_step fallback_step(const tw_policy *policy)
{
    struct tw_step step = {.tier = 0, .name = tw_policy_tier(policy, 0), .timeout = -1};
    for (uint32_t i = 0; i < tw_policy_tier_count(policy); i++)
        if (strcmp(tw_policy_tier(policy, i), "default") == 0)
            step = (struct tw_step){.tier = i, .name = tw_policy_tier(policy, i), .timeout = -1};
    return step;
}

/* What follows the flex step, for a job that has no time for it. */
static bool find_next(const struct urgency *urgency, const struct tw_action *action, size_t step,
                      struct tw_step *next)
{
    if (step >= action->step_count || strcmp(action->steps[step].name, FLEX) != 0)
        return false;
    for (size_t i = step + 1; i < action->step_count; i++) {
        *next = action->steps[i];
        if (strcmp(next->name, FLEX) != 0)
            return true;
    }
    *next = fallback_step(urgency->policy);
    return !action->steps[step].strict && !action->reject && !action->reads_attribute &&
           !urgency->named_tiers_only && strcmp(next->name, FLEX) != 0;
}

static int64_t time_needed(const struct urgency *urgency, const char *tier)
{
    int64_t usual = latency_usual(urgency->latencies, text_of(tier), urgency->model);
    return usual < 0 ? urgency->unseen : usual;
}

/* What has to be left when the next tier is begun. Twice its usual time, and a moment for the
 * queue's own work: 95 of 100 answers come within the usual time, and this one has to. */
static int64_t time_to_keep(const struct urgency *urgency, const struct tw_step *next)
{
    return 2 * time_needed(urgency, next->name) + 100;
}

bool urgency_step_up(const struct urgency *urgency, struct tw_action *action)
{
    struct tw_step next;
    if (!find_next(urgency, action, 0, &next))
        return false;
    if (urgency_slack(urgency, action, 0) >= 0)
        return false;
    size_t skipped = 0;
    while (skipped < action->step_count && action->steps[skipped].tier != next.tier)
        skipped++;
    if (skipped == action->step_count) {
        action->steps[0] = next;
        action->step_count = 1;
        return true;
    }
    action->step_count -= skipped;
    memmove(action->steps, action->steps + skipped, action->step_count * sizeof next);
    return true;
}

int64_t urgency_timeout(const struct urgency *urgency, const struct tw_action *action, size_t step)
{
    struct tw_step next;
    if (!find_next(urgency, action, step, &next))
        return INT64_MAX;
    int64_t timeout = urgency->left - time_to_keep(urgency, &next);
    return timeout > 1 ? timeout : 1;
}

int64_t urgency_slack(const struct urgency *urgency, const struct tw_action *action, size_t step)
{
    struct tw_step next;
    int64_t slack = urgency->left - time_needed(urgency, action->steps[step].name);
    return find_next(urgency, action, step, &next) ? slack - time_to_keep(urgency, &next) : slack;
}
