/* simulate/course.h: what becomes of the requests that one action is for.
 *
 * A tier refuses a share of the requests that reach it, and what it refuses goes to the action's
 * next step. So a step serves a share of the requests, and costs are expected values: no request is
 * drawn by lot, and two runs say the same. */
#ifndef TIERWAY_SIMULATE_COURSE_H
#define TIERWAY_SIMULATE_COURSE_H

#include "simulate/tiers.h"

/* Shares are in parts of 10^12: exact where at most two steps of a chain can be refused, cut to
 * such a part behind that. */
#define SHARE_ALL INT64_C(1000000000000)
#define SHARE_PLACES 12

struct course_step {
    int tier;      /* number among the tiers */
    int64_t share; /* of the requests that it serves */
    __int128 cost; /* picodollars, of all priced requests as if this step had served each */
};

struct course {
    struct course *next;  /* of the same side, in the order of making */
    struct course *other; /* of the same rule, with other tiers */
    uint32_t rule;
    struct text rule_name, file, action; /* "patient", "card.tier", "flex retry 3 else default" */
    uint32_t line;
    struct course_step steps[TW_MAX_STEPS];
    size_t step_count;
    bool rejects;      /* at once */
    bool by_attribute; /* some step takes its tier from the request */
    int64_t unserved;  /* the share that no step serves */
    int64_t requests, priced;
    int64_t first_line;    /* of the log: where the first such request is */
    __int128 default_cost; /* of the priced ones */
};

/* Makes the course of an action. requests are decided by `rule` of the policy; action is what
 * tw_policy_action gave. NULL when memory is out (the arena says so). */
struct course *course_new(struct arena *arena, struct tiers *tiers, const tw_policy *policy,
                          uint32_t rule, const struct tw_action *action);
/* Of requests that a tier served, by a log's word. */
struct course *course_served(struct arena *arena, struct tiers *tiers, int tier);
/* What the priced requests cost, in parts of 10^-24 dollars. False where that is over 127 bits. */
bool course_cost(const struct course *course, __int128 *cost);

#endif
