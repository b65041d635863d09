/* queue/pace.h: how many jobs may run at once: one more after as many answers as run, half as many
 * after a refusal. Counted in thousandths, so that it is exact. Not locked. */
#ifndef TIERWAY_QUEUE_PACE_H
#define TIERWAY_QUEUE_PACE_H

#include <stdint.h>

struct pace {
    int64_t limit;  /* thousandths of a job; from 1000 to most */
    int64_t most;   /* thousandths */
    int64_t cut_at; /* when it was last halved, milliseconds of any clock */
};

static inline void pace_init(struct pace *pace, int concurrency)
{
    *pace = (struct pace){concurrency * INT64_C(1000), concurrency * INT64_C(1000), -1};
}

static inline void pace_answer(struct pace *pace)
{
    pace->limit += INT64_C(1000000) / pace->limit;
    pace->limit = pace->limit > pace->most ? pace->most : pace->limit;
}

/* Of an attempt that began at `begun`: those that ran when the limit was halved say nothing new. */
static inline void pace_refusal(struct pace *pace, int64_t begun, int64_t now)
{
    if (begun <= pace->cut_at)
        return;
    pace->limit = pace->limit / 2 < 1000 ? 1000 : pace->limit / 2;
    pace->cut_at = now;
}

#endif
