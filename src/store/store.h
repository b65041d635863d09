/* store/store.h: what outlives the process, behind one interface.
 *
 * The ledger, one row for each attempt, and what is reserved of budgets for requests on their way.
 * A store is used by one thread at a time; several processes may open the same SQLite file, their
 * writes take turns.
 *
 * Appending is durable when it returns TW_OK: all rows of the batch are kept, through a kill or a
 * loss of power, or none is. Callers gather rows and append them together: a batch costs one flush
 * to disk, whatever its size. */
#ifndef TIERWAY_STORE_STORE_H
#define TIERWAY_STORE_STORE_H

#include "base/text.h"

#define LEDGER_UNKNOWN (-1)
#define LEDGER_TEXT_MAX 1024 /* bytes of one text of a row */

enum ledger_outcome {
#define LEDGER_OUTCOME(name, word, meaning) LEDGER_##name,
#include "store/outcomes.def"
#undef LEDGER_OUTCOME
    LEDGER_OUTCOME_COUNT
};

const char *ledger_outcome_name(enum ledger_outcome outcome); /* "answered" */

/* One attempt; ledger.def says what each member holds. Texts belong to whoever made the row. */
struct ledger_row {
#define LEDGER_TEXT(name, required) struct text name;
#define LEDGER_NUMBER(name, required) int64_t name;
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
};

/* A row whose texts are empty and whose optional numbers are unknown, the others 0. */
void ledger_row_init(struct ledger_row *row);
/* TW_INVALID or TW_LIMIT, with the name of the member, for a row that no store may hold. */
enum tw_status ledger_row_check(const struct ledger_row *row, struct tw_error *error);

/* Instants from `from` on and before `until`. */
struct ledger_range {
    int64_t from, until;
};
#define LEDGER_ALL ((struct ledger_range){0, INT64_MAX})

/* All attempts that share served tier, rule and outcome. */
struct ledger_group {
    struct text served_tier; /* empty: not known */
    struct text rule;
    enum ledger_outcome outcome;
    int64_t attempts;
    int64_t unpriced;     /* attempts whose cost is not known */
    int64_t uncompared;   /* attempts whose cost is known, but not what default would have cost */
    int64_t stepped_down; /* attempts at another tier than the one chosen first */
    int64_t delayed;      /* attempts that earlier ones or waits came before */
    int64_t delay;        /* milliseconds that these cost, together */
    /* Picodollars. The first two are over attempts of which both are known. */
    __int128 cost, default_cost;
    __int128 uncompared_cost;
};

/* Adds one row to its group's sums. */
void ledger_group_add(struct ledger_group *group, const struct ledger_row *row);
/* What an attribute of the row's request was, as the member `attributes` has it, else `user` and
 * `model` as the members of that name; empty where it was not set. Points into the row. */
struct text ledger_attribute(const struct ledger_row *row, struct text attribute);

/* Both return TW_OK to go on; anything else ends the reading and is its result. What they get lives
 * until they return. */
typedef enum tw_status (*ledger_row_visitor)(void *context, const struct ledger_row *row);
typedef enum tw_status (*ledger_group_visitor)(void *context, const struct ledger_group *group);

struct store;

struct store_options {
    bool read_only; /* never writes, never creates the file */
    int busy_wait;  /* milliseconds to wait for another process; 0 for none */
};
#define STORE_DEFAULTS ((struct store_options){.read_only = false, .busy_wait = 5000})

/* Opens a store: "memory:" (gone when it is closed), or the path of an SQLite file, made where
 * there is none. On TW_OK to be closed with store_close; otherwise *store is NULL.
 *
 * TW_INVALID: another program's database, or a kind of store that this build does not have.
 * TW_NEWER: written by a newer version. TW_DAMAGED: no database, or a broken one. TW_READ_ONLY: may
 * not be written. TW_BUSY: locked longer than busy_wait. TW_NOT_FOUND: read_only and no file, or no
 * such folder. TW_FULL: no space. TW_IO, TW_NO_MEMORY. */
enum tw_status store_open(const char *location, const struct store_options *options,
                          struct store **store, struct tw_error *error);
void store_close(struct store *store); /* NULL allowed */

/* Appends rows in their order, all or none. Errors as for store_open, and those of
 * ledger_row_check. error may be NULL, as everywhere here. */
enum tw_status ledger_append(struct store *store, const struct ledger_row *rows, size_t count,
                             struct tw_error *error);
/* Appends rows and lets go of reservations, both or neither: what was reserved for these attempts
 * is counted as what they cost from now on. Numbers as budget_reserve gave them on this store; 0
 * and numbers that are gone already mean nothing. */
enum tw_status ledger_settle(struct store *store, const struct ledger_row *rows, size_t count,
                             const int64_t *reservations, size_t reservation_count,
                             struct tw_error *error);
/* Visits rows in the order of appending. The visitor must not use the store. */
enum tw_status ledger_each(struct store *store, struct ledger_range range, ledger_row_visitor visit,
                           void *context, struct tw_error *error);
/* What one sum of money is kept for: the attempts of requests that came from `from` on and before
 * `until` and, where `attribute` names one, whose attribute had this value. A request without it
 * has the value "", as all others without it.
 *
 * An attempt counts with its cost; where that is not known, with its estimate; where there is none,
 * with nothing. */
struct budget_bucket {
    int64_t from, until;          /* milliseconds since 1970 UTC */
    struct text attribute, value; /* at most LEDGER_TEXT_MAX bytes each */
    int64_t spent;                /* out: with what is reserved; picodollars, at most INT64_MAX */
};

/* One request that asks what was spent and says what it needs. */
struct budget_order {
    struct budget_bucket *buckets; /* no two alike */
    size_t count;
    struct text model; /* empty: usual_output is not wanted */
    int64_t
        usual_output; /* out: tokens of the model's longer answers of late, see usual_output.h */
    /* Called once, when the rest is filled in: how many picodollars to reserve in each bucket, 0
     * for none. Must not use the store. */
    int64_t (*choose)(void *context);
    void *context;
    int64_t reservation; /* out: its number; 0: nothing is reserved */
};

/* Takes the orders one after another, all or none. From an order's sums to its reservation nobody
 * else reserves or appends, in whatever thread or process: each order sees what the ones before it
 * reserved. A reservation lasts until ledger_settle lets go of it, or until the store is closed, by
 * the end of its process too.
 *
 * Errors as for ledger_append; then nothing is reserved, whatever `choose` said. A loss of power
 * may undo it, as it ends the process anyway. */
enum tw_status budget_reserve(struct store *store, struct budget_order *const *orders, size_t count,
                              struct tw_error *error);

/* Visits sums over rows, in the order of served tier, rule and outcome (texts by bytes). Exact over
 * 64 bits. */
enum tw_status ledger_groups(struct store *store, struct ledger_range range,
                             ledger_group_visitor visit, void *context, struct tw_error *error);

#endif
