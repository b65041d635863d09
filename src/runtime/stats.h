/* runtime/stats.h: what the ledger says about tiers, spend and savings.
 *
 * The definitions are those of the lesson that tierway grew from: a request counts for the tier
 * that served it, what flex served is flex_spend and everything else default_spend, and savings are
 * against the same tokens at the tier default. A request is an attempt that was answered; the other
 * attempts are counted by their outcome. */
#ifndef TIERWAY_RUNTIME_STATS_H
#define TIERWAY_RUNTIME_STATS_H

#include "base/arena.h"
#include "base/map.h"
#include "store/store.h"

#define STATS_UNKNOWN_TIER "unknown" /* served, but the provider did not say as what */

/* Sums over answered requests; money in picodollars. */
struct stats_line {
    struct text name; /* of the tier, or of the rule */
    int64_t requests;
    int64_t refused;  /* attempts of a rule for which the tier had no room; of tiers not counted */
    int64_t unpriced; /* requests whose cost is not known: in no sum of money */
    int64_t uncompared; /* requests whose cost is known, but not what default would have cost: only
                           in uncompared_spend */
    __int128 spend;
    __int128 would_have_spent;
    __int128 uncompared_spend;
};

struct stats_lines {
    struct stats_line **items;
    size_t count, capacity;
    struct map by_name;
};

struct stats {
    struct arena arena;       /* owns all lines and their names */
    struct stats_lines tiers; /* default, flex, auto, then others by name, unknown last */
    struct stats_lines rules; /* most requests first */
    struct stats_line total;
    int64_t attempts[LEDGER_OUTCOME_COUNT];
    __int128 unanswered_spend;   /* known cost of attempts that were not answered */
    int64_t unanswered_unpriced; /* such attempts whose cost is not known */
};

struct savings {
    __int128 default_spend; /* of all tiers but flex */
    __int128 flex_spend;
    __int128 actual_total;
    __int128 would_have_spent;
    __int128 saved; /* negative where tiers dearer than default were used */
};

/* Reads the ledger. On TW_OK to be freed with stats_free; otherwise there is nothing to free. */
enum tw_status stats_collect(struct store *store, struct ledger_range range, struct stats *stats,
                             struct tw_error *error);
void stats_free(struct stats *stats);
struct savings stats_savings(const struct stats *stats);

/* Appends a JSON object (docs/prices.md): counts, percentages, savings and more. Money as decimal
 * strings of dollars, exact; percentages as numbers with up to 10 decimals. With seed_rounding
 * money is numbers rounded to 4 decimals, and savings_percent to 1, a tie to the even digit. */
void stats_write_json(struct buffer *buffer, const struct stats *stats, bool seed_rounding);

#endif
