/* gateway/snapshot.c: see snapshot.h. Owns the zone; the policy is its maker's. */
#include "gateway/snapshot.h"

#include <stdlib.h>

enum { NAME_BYTES = 4096 };

static void let_go(const struct snapshot_parts *parts)
{
    if (parts->let_go)
        parts->let_go(parts->owner);
}

enum tw_status snapshot_make(const struct snapshot_parts *parts, struct snapshot **result,
                             struct tw_error *error)
{
    const tw_policy *policy = parts->policy;
    const struct price_table *prices = parts->prices;
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    *result = NULL;
    if (!snapshot) {
        let_go(parts);
        return fail(error, TW_NO_MEMORY, "out of memory");
    }
    snapshot->policy = policy;
    snapshot->prices = prices;
    snapshot->rule_labels = parts->rule_labels;
    snapshot->callers = parts->callers;
    snapshot->let_go = parts->let_go;
    snapshot->owner = parts->owner;
    snapshot->provider = provider_find(text_of(tw_policy_provider(policy)));
    atomic_init(&snapshot->holders, 1);
    buffer_init(&snapshot->name, NAME_BYTES);
    if (prices)
        buffer_format(&snapshot->name, "%.*s %.*s", TEXT_ARGUMENTS(prices->name),
                      TEXT_ARGUMENTS(prices->date));
    snapshot->price_table = text_trim(buffer_view(&snapshot->name));
    const char *zone = tw_policy_timezone(policy);
    enum tw_status status = snapshot->name.status;
    if (status)
        fail(error, status, "the price table's name: %s", tw_status_text(status));
    else if ((status = zone_open(text_of(zone), &snapshot->zone)))
        fail(error, status, "the time zone %s: %s", zone, tw_status_text(status));
    if (status)
        snapshot_release(snapshot);
    else
        *result = snapshot;
    return status;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->holders, 1);
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->holders, 1) > 1)
        return;
    zone_free(snapshot->zone);
    buffer_free(&snapshot->name);
    if (snapshot->let_go)
        snapshot->let_go(snapshot->owner);
    free(snapshot);
}
