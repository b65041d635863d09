/* simulate/figures.h: what a finished replay comes to, for its reports and its gates. */
#ifndef TIERWAY_SIMULATE_FIGURES_H
#define TIERWAY_SIMULATE_FIGURES_H

#include "simulate/simulation.h"

struct tier_figures {
    int tier;               /* number among simulation->tiers */
    int64_t chosen[SIDES];  /* requests whose first step it is */
    __int128 served[SIDES]; /* expected requests, in parts of SHARE_ALL */
    __int128 cost[SIDES];   /* of the priced ones, in parts of 10^-24 dollars */
};

struct figures {
    const struct simulation *simulation;
    struct tier_figures tiers[TIERS_MAX]; /* those that some request was sent to or served by */
    size_t tier_count;
    __int128 unserved[SIDES];    /* expected requests that every step refuses */
    int64_t decided[SIDES];      /* requests */
    int64_t latency[SIDES];      /* mean in milliseconds, -1 where it is not known */
    const struct course **rules; /* of the new policy, most requests first; owned */
    size_t rule_count;
};

/* TW_LIMIT where a sum is over 127 bits, TW_NO_MEMORY. On TW_OK to be freed. simulation is finished
 * and outlives the figures. */
enum tw_status figures_make(struct figures *figures, const struct simulation *simulation,
                            struct tw_error *error);
void figures_free(struct figures *figures);

/* The courses of a side, linked by `next`. */
const struct course *figures_courses(const struct simulation *simulation, int side);
/* Whether anything is compared at all. */
bool figures_compares(const struct figures *figures);
/* Parts of 10^-24 dollars as whole picodollars, rounded to the nearest. */
__int128 figures_picodollars(__int128 money);
/* All of the new policy's cost, compared with something or not, and the same requests at default.
 */
__int128 figures_new_cost(const struct figures *figures);
__int128 figures_default_cost(const struct figures *figures);

#endif
