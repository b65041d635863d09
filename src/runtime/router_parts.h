/* runtime/router_parts.h: a router made of given parts, for tests: another transport, another
 * clock. */
#ifndef TIERWAY_RUNTIME_ROUTER_PARTS_H
#define TIERWAY_RUNTIME_ROUTER_PARTS_H

#include "runtime/router_result.h"

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

/* A request that came to its end, and is not in the ledger yet. */
struct unsettled {
    struct result *result; /* NULL where the call failed */
    int64_t reservation;   /* of budgets; 0: none */
    bool prepared;         /* set whatever the result: false where nothing was sent, since the
                              request itself could not be read or decided */
};

/* As tw_router_chat, but where it returns TW_OK the rows of result->dispatch.steps are the caller's
 * to append, and the reservation to let go of, on the router's store. To be freed with
 * tw_result_free(&result->result). */
enum tw_status router_chat_unsettled(tw_router *router, const struct tw_chat *chat,
                                     struct unsettled *unsettled, struct tw_error *error);
/* The router's own store, for the thread that uses the router. NULL where it has none. */
struct store *router_store(tw_router *router);

#endif
