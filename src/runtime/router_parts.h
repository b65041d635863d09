/* runtime/router_parts.h: a router made of given parts, for tests: another transport, another
 * clock. */
#ifndef TIERWAY_RUNTIME_ROUTER_PARTS_H
#define TIERWAY_RUNTIME_ROUTER_PARTS_H

#include "runtime/dispatch.h"
#include "tierway/router.h"

struct router_parts {
    const tw_policy *policy;
    const char *base_url, *api_key; /* copied */
    struct transport *transport;    /* these three belong to the router afterwards */
    struct price_table *prices;     /* NULL allowed */
    struct store *store;            /* NULL allowed */
    uint64_t seed;
    struct dispatch_clock clock;
};

/* Takes the parts over whatever the result. */
enum tw_status router_make(const struct router_parts *parts, tw_router **router,
                           struct tw_error *error);

#endif
