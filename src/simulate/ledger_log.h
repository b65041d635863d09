/* simulate/ledger_log.h: the ledger as a log.
 *
 * A row is one attempt. A request is the attempt that was answered, or the row that says it was
 * rejected; other attempts only say how often a tier refuses. */
#ifndef TIERWAY_SIMULATE_LEDGER_LOG_H
#define TIERWAY_SIMULATE_LEDGER_LOG_H

#include "base/arena.h"
#include "simulate/log.h"
#include "store/store.h"

enum { LEDGER_TIERS_MAX = 64 };

/* How the attempts at each tier ended; tiers past the limit are not counted. */
struct ledger_attempts {
    struct {
        struct text tier;
        int64_t answered, refused;
    } lines[LEDGER_TIERS_MAX];
    size_t count;
    struct arena *arena; /* owns the names */
};

enum tw_status ledger_measure(struct store *store, struct arena *arena,
                              struct ledger_attempts *attempts, struct tw_error *error);
/* Tells the listener of every request, with the attributes that were kept with it and that a policy
 * reads (a policy may be NULL). progress counts rows. */
enum tw_status ledger_read(struct store *store, const tw_policy *const policies[LOG_SIDES],
                           const struct log_listener *listener, struct tw_error *error);

#endif
