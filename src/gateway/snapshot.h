/* gateway/snapshot.h: what admits, decides and prices requests at one moment: callers, a policy
 * with all that belongs to it, and a price table. Immutable, counted, shared by all threads. */
#ifndef TIERWAY_GATEWAY_SNAPSHOT_H
#define TIERWAY_GATEWAY_SNAPSHOT_H

#include "base/clock.h"
#include "base/provider.h"
#include "runtime/price.h"

#include <stdatomic.h>

struct callers;

struct snapshot {
    const tw_policy *policy;
    const struct provider *provider; /* NULL where the policy has tiers of its own */
    struct zone *zone;               /* of the policy */
    const struct price_table *prices;
    struct text price_table; /* name and date, as the ledger has them; in `name` */
    struct buffer name;
    const uint16_t *rule_labels; /* metrics.h; NULL: rules are not counted */
    const struct callers *callers;
    atomic_size_t holders;
    /* Lets go of the policy and of all else that the snapshot was made of. */
    void (*let_go)(void *owner);
    void *owner;
};

/* What a snapshot is made of. */
struct snapshot_parts {
    const tw_policy *policy;
    const struct price_table *prices; /* NULL: no cost is known */
    const uint16_t *rule_labels;      /* NULL allowed */
    const struct callers *callers;    /* NULL: nobody needs a key */
    /* Called once, with the last holder or where nothing was made; all of the above has to stay
     * until then. NULL: they outlive the snapshot anyway. */
    void (*let_go)(void *owner);
    void *owner;
};

/* The result has one holder. TW_NOT_FOUND: the system does not know the policy's time zone;
 * TW_NO_MEMORY. */
enum tw_status snapshot_make(const struct snapshot_parts *parts, struct snapshot **snapshot,
                             struct tw_error *error);
struct snapshot *snapshot_hold(struct snapshot *snapshot);
/* The last one frees it. NULL allowed. */
void snapshot_release(struct snapshot *snapshot);

#endif
