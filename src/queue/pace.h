/* queue/pace.h: how many requests may run at once at each tier: one more after as many answers as
 * run, half as many after a refusal. Not locked; constant size. */
#ifndef TIERWAY_QUEUE_PACE_H
#define TIERWAY_QUEUE_PACE_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { PACE_TIERS = 32 };

struct pace {
    uint64_t key;   /* of the tier; 0: free */
    int64_t limit;  /* thousandths of a request, so that it is exact; at least 1000 */
    int64_t cut_at; /* when it was last halved, milliseconds of any clock */
    int running;
};

struct paces {
    struct pace rows[PACE_TIERS]; /* tiers over these share the last one */
    int concurrency;              /* no limit is over it */
};

enum pace_end { PACE_ANSWERED, PACE_REFUSED, PACE_OTHER };

/* Whether a request at this tier may begin; it then counts as running. */
bool pace_begin(struct paces *paces, struct text tier);
/* It has ended. `begun`: when it did; those that ran when the limit was halved say nothing new. */
void pace_end(struct paces *paces, struct text tier, enum pace_end end, int64_t begun, int64_t now);

#endif
