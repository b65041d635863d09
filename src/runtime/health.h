/* runtime/health.h: which share of its attempts each tier refused lately, for the attributes
 * TIER_unavailable.
 *
 * Lately: in the last 5 to 5.5 minutes of the clock that is handed in. An attempt counts once it
 * was sent and has ended, unless its caller broke it off; it is refused where the provider had no
 * room at the tier (MEANING_REFUSED), and not for a limit of the caller's own or another failure.
 *
 * One thread notes into a struct health, others may read it meanwhile: nothing is locked, and a
 * reader may miss what is being noted. A process with many threads has one for each of them, and
 * reads all. */
#ifndef TIERWAY_RUNTIME_HEALTH_H
#define TIERWAY_RUNTIME_HEALTH_H

#include "base/text.h"

enum {
    HEALTH_TIERS = 64,    /* of all policies that the process has had; others are not noted */
    HEALTH_BUCKETS = 11,  /* the current one, and 10 that are complete */
    HEALTH_BUCKET = 30000 /* milliseconds */
};

struct health_bucket {
    int64_t number; /* instant / HEALTH_BUCKET */
    uint32_t attempts, refused;
};

struct health_tier {
    uint64_t key; /* a hash of the tier's name; 0: free */
    struct health_bucket buckets[HEALTH_BUCKETS];
};

/* All zero when new. */
struct health {
    struct health_tier tiers[HEALTH_TIERS];
};

/* An attempt at the tier has ended. instant: milliseconds since 1970 UTC, of whatever clock the
 * reader uses as well. */
void health_note(struct health *health, struct text tier, bool refused, int64_t instant);
/* The share of refused attempts in all of these, in parts per million; 0 where there was none. */
int64_t health_refused(struct health *const *all, size_t count, struct text tier, int64_t instant);

#endif
