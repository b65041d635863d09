/* simulate/simulation.h: recorded requests, one after another, through a new policy and what it is
 * compared with: an old policy, or what the log says was served.
 *
 * Memory does not grow with the log but with what differs in it: rules, tiers, models, days, each
 * up to a limit. All sums are exact integers. Used by one thread at a time. */
#ifndef TIERWAY_SIMULATE_SIMULATION_H
#define TIERWAY_SIMULATE_SIMULATION_H

#include "runtime/price.h"
#include "simulate/log.h"
#include "simulate/rates.h"
#include "simulate/side.h"

enum { SIDE_OLD, SIDE_NEW, SIDES };
enum {
    PAIRS_MAX = 65536, /* (old course, new course); past it one pair takes all others */
    MODELS_MAX = 1000, /* likewise */
    DAYS_MAX = 1100,
    HOURS = 24,
    SIMULATION_MEMORY = 256 << 20 /* bytes */
};

/* Money in parts of 10^-24 dollars: picodollars times SHARE_ALL. */
#define WEIGHTED_PLACES (12 + SHARE_PLACES)

/* Over requests whose cost is known on both sides; the old one is 0 where nothing is compared. */
struct sums {
    int64_t requests; /* priced or not */
    int64_t priced;
    __int128 cost[SIDES], default_cost;
};

enum change {
    CHANGE_NONE,
    CHANGE_TIERS, /* other tiers, or in another order, or rejected */
    CHANGE_WORDS  /* the same tiers, with other timeouts, retries or reasons */
};

struct pair {
    struct course *courses[SIDES]; /* NULL, NULL: of all pairs past PAIRS_MAX */
    enum change change;
    int64_t first_line; /* of the log */
    struct sums sums;
};

struct model_line {
    struct text name;
    struct sums sums;
};

struct day_line {
    int64_t day; /* since 1970, UTC */
    struct sums sums;
};

struct simulation_options {
    const tw_policy *policies[SIDES]; /* the old one NULL: what the log says was served */
    const struct price_table *prices;
    const char *const *settings; /* ATTR=VALUE, for requests that do not say otherwise */
    size_t setting_count;
    struct text served; /* the tier that served where the log names none; empty: not known */
};

struct simulation {
    struct arena arena; /* owns all that is found */
    struct simulation_options options;
    struct side sides[SIDES];
    struct tiers tiers;
    int at_default; /* the number of the tier `default` */
    struct notes notes;
    struct course *served[TIERS_MAX]; /* of the log's own tiers */
    struct course *first_served, **last_served;
    struct pair *pairs;
    size_t pair_count, pair_capacity;
    uint32_t *pair_table; /* hashed: numbers of pairs, counted from 1; 0 is a free place */
    size_t pair_places;   /* a power of two */
    struct pair other_pairs;
    struct model_line **models;
    size_t model_count, model_capacity;
    struct map models_by_name;
    struct model_line other_models;
    struct day_line days[DAYS_MAX];
    size_t day_count, day_last;               /* where the last request's day is */
    int64_t by_hour[SIDES][HOURS][TIERS_MAX]; /* evaluated requests by chosen tier; UTC */
    int64_t requests, evaluated, compared, changed, reworded, rejected[SIDES];
    int64_t backwards;                                     /* records earlier than the one before */
    int64_t first_instant, last_instant, previous_instant; /* -1: none */
    struct sums totals;     /* where something is compared: requests that both sides have */
    struct sums uncompared; /* that only the new policy has, as the log names no tier */
    bool overflow;          /* of some sum of money */
    struct rates rates;
    /* Of the record in hand: its model, and what each tier costs. */
    struct rates_model *model;
    int64_t tier_cost[TIERS_MAX];
    uint64_t tiers_priced;
};

/* On TW_OK, and after a failure as well, to be freed with simulation_close. TW_INVALID: a setting
 * whose attribute no policy has, or whose value is of another type. */
enum tw_status simulation_open(struct simulation *simulation,
                               const struct simulation_options *options, struct tw_error *error);
void simulation_close(struct simulation *simulation);

/* Sets what is assumed of a tier; before any record is taken. refusal: parts per million, latency:
 * milliseconds, -1 to leave either as it is. TW_LIMIT: more than TIERS_MAX tiers. */
enum tw_status simulation_assume(struct simulation *simulation, struct text tier, int64_t refusal,
                                 int64_t latency, enum assumption from);

/* A struct log_listener's functions; the context is the simulation. */
enum tw_status simulation_take(void *simulation, const struct log_record *record);
enum tw_status simulation_take_broken(void *simulation, int64_t line, const struct tw_error *why);

/* After the last record: sorts, and turns what was counted aside into notes. TW_LIMIT where a sum
 * is over 127 bits. */
enum tw_status simulation_finish(struct simulation *simulation, struct tw_error *error);

#endif
