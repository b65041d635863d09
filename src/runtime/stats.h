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
#include "runtime/ledger_key.h"

#define STATS_BASELINE "the same model and the same tokens at the tier default"
#define STATS_UNKNOWN_TIER "unknown" /* served, but the provider did not say as what */

/* Sums over answered requests; money in picodollars. */
struct stats_line {
    struct text name; /* of the tier, of the rule, or the value of the key */
    int64_t requests;
    int64_t stepped_down;      /* of them, by another tier than the one chosen first */
    int64_t delayed;           /* of them, after other attempts or waits */
    int64_t delay;             /* milliseconds that these cost, together */
    int64_t refused;           /* attempts for which the tier had no room; of tiers not counted */
    int64_t unanswered;        /* attempts without an answer, refused ones included; as above */
    __int128 unanswered_spend; /* their known cost */
    int64_t unpriced;          /* requests whose cost is not known: in no sum of money */
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
    struct stats_lines
        groups;              /* by the query's key, if any: in its order, or most requests first */
    struct stats_line total; /* with refused and unanswered of all */
    int64_t attempts[LEDGER_OUTCOME_COUNT];
    int64_t unanswered_unpriced; /* unanswered attempts whose cost is not known */
};

struct savings {
    __int128 default_spend; /* of all tiers but flex */
    __int128 flex_spend;
    __int128 actual_total;
    __int128 would_have_spent;
    __int128 saved; /* negative where tiers dearer than default were used */
};

/* What is wanted of the ledger. */
struct stats_query {
    struct ledger_range range;
    const struct ledger_filter *filters;
    size_t filter_count;
    const struct ledger_key *by; /* NULL: no groups */
};

/* Reads the ledger. On TW_OK to be freed with stats_free; otherwise there is nothing to free. */
enum tw_status stats_collect(struct store *store, const struct stats_query *query,
                             struct stats *stats, struct tw_error *error);
void stats_free(struct stats *stats);
struct savings stats_savings(const struct stats *stats);

/* Appends a JSON object (docs/prices.md): counts, percentages, savings and more. Money as decimal
 * strings of dollars, exact; percentages as numbers with up to 10 decimals. With seed_rounding
 * money is numbers rounded to 4 decimals, and savings_percent to 1, a tie to the even digit. key:
 * of the groups; empty where there are none. */
void stats_write_json(struct buffer *buffer, const struct stats *stats, struct text key,
                      bool seed_rounding);
/* Appends the groups as CSV (RFC 4180) with a line of titles; money in dollars, exact. */
void stats_write_csv(struct buffer *buffer, const struct stats *stats, struct text key);
/* Appends a text as a CSV field, in quotes. */
void csv_write_text(struct buffer *buffer, struct text text);

#endif
