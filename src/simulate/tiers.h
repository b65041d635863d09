/* simulate/tiers.h: the tiers that a replay meets, and what is assumed of each. */
#ifndef TIERWAY_SIMULATE_TIERS_H
#define TIERWAY_SIMULATE_TIERS_H

#include "base/arena.h"

enum { TIERS_MAX = 64 };

/* Where an assumption is from. */
enum assumption { ASSUMED, MEASURED, GIVEN };

struct tier_line {
    struct text name;
    int price_tier;  /* enum price_tier of the word, -1 where it has no price */
    int64_t refusal; /* parts per million of the requests that it has no room for */
    enum assumption refusal_from;
    int64_t attempts; /* that the refusal was measured over */
    int64_t latency;  /* milliseconds; -1: to be measured */
    enum assumption latency_from;
    int64_t answers;    /* of the log, served by this tier, with a latency */
    __int128 latencies; /* theirs together */
};

struct tiers {
    struct arena *arena;
    struct tier_line lines[TIERS_MAX];
    size_t count;
};

void tiers_init(struct tiers *tiers, struct arena *arena);
/* The number of a tier by its name, which is added where it is new. Past TIERS_MAX the last one
 * takes all others, as "other". -1 when memory is out. */
int tiers_find(struct tiers *tiers, struct text name);
/* Whether two cost the same: `fast` and `priority`, or `auto`, which counts as default. */
bool tiers_same(const struct tiers *tiers, int a, int b);
/* The mean of a tier's latency in milliseconds, given or measured, else that of a tier that costs
 * the same (auto takes what default takes); -1 where none is known. from may be NULL. */
int64_t tiers_latency(const struct tiers *tiers, int tier, enum assumption *from);

#endif
