/* queue/urgency.h: when a job is so near its deadline that it steps up to a faster tier, and which.
 *
 * Only from the tier `flex`, which may refuse or take long: to the next step of the action that is
 * another tier, else to the tier `default`, or where the provider has none of that name to its
 * first one. Not to the latter where the author said that nothing follows (`strict`, `reject`), nor
 * where the request itself names its tier. A pure function of what it is given. */
#ifndef TIERWAY_QUEUE_URGENCY_H
#define TIERWAY_QUEUE_URGENCY_H

#include "queue/latency.h"
#include "tierway/policy.h"

#define URGENCY_RULE "near deadline" /* the rule of rows of a job that stepped up */

struct urgency {
    struct latencies *latencies;
    const tw_policy *policy;
    struct text model;
    int64_t left;          /* milliseconds to the deadline */
    int64_t unseen;        /* what an answer is taken to need where none was seen, milliseconds */
    bool named_tiers_only; /* the policy's properties may forbid what its rules do not name */
};

/* Whether the job steps up; the action then begins with the faster step. */
bool urgency_step_up(const struct urgency *urgency, struct tw_action *action);
/* How long an attempt at this step may take, so that the next tier still has its time; INT64_MAX
 * where there is no next one. At least 1. */
int64_t urgency_timeout(const struct urgency *urgency, const struct tw_action *action, size_t step);
/* How long another attempt at this step may be put off until it has to begin; under 0 where it is
 * too late for it. */
int64_t urgency_slack(const struct urgency *urgency, const struct tw_action *action, size_t step);

#endif
