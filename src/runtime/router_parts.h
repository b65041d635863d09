/* runtime/router_parts.h: a router made of given parts, for tests: another transport, another
 * clock. */
#ifndef TIERWAY_RUNTIME_ROUTER_PARTS_H
#define TIERWAY_RUNTIME_ROUTER_PARTS_H

#include "runtime/budget.h"
#include "runtime/router_result.h"

struct router_parts {
    const tw_policy *policy;
    const char *base_url, *api_key; /* copied */
    struct transport *transport;    /* these three belong to the router afterwards */
    struct price_table *prices;     /* NULL allowed */
    struct store *store;            /* NULL allowed */
    uint64_t seed;
    struct dispatch_clock clock;
    bool prices_are_shared; /* they are the caller's, and have to outlive the router */
};

/* Takes the parts over whatever the result. */
enum tw_status router_make(const struct router_parts *parts, tw_router **router,
                           struct tw_error *error);

/* A request that came to its end, and is not in the ledger yet. */
struct unsettled {
    struct result *result;
    int64_t reservation; /* of budgets; 0: none */
    bool prepared;       /* set whatever the result: false where nothing was sent, since the
                            request itself could not be read or decided */
};

/* What somebody who keeps the ledger himself, and looks at each attempt, adds to a request. */
struct chat_terms {
    void *context;
    struct text caller; /* whose request it is, for the ledger; empty: nobody in particular */
    /* As budget_reserve, of one order; instead of the router's store. */
    enum tw_status (*reserve)(void *context, struct budget_order *order, struct tw_error *error);
    /* As in struct budget_question; the rows of a request that it changed have `adjusted_rule` as
     * their rule, and the tier that the policy chose as their chosen tier. NULL allowed. */
    bool (*adjust)(void *context, struct text model, struct tw_action *action);
    struct text adjusted_rule;
    struct dispatch_watch watch; /* its context is its own */
};

/* As tw_router_chat, but the rows of result->dispatch.steps are the caller's to append, and the
 * reservation to let go of. Both may be there where the call failed, too: `result` is NULL only
 * where nothing was attempted or reserved. To be freed with tw_result_free(&result->result).
 * Without an attempt, where `watch` let none be made, steps.row_count is 0. */
enum tw_status router_chat_unsettled(tw_router *router, const struct tw_chat *chat,
                                     const struct chat_terms *terms, struct unsettled *unsettled,
                                     struct tw_error *error);
/* From now on this policy decides, which has to stay until another one does. TW_NO_MEMORY,
 * TW_NOT_FOUND (its time zone): then the one before goes on. */
enum tw_status router_use_policy(tw_router *router, const tw_policy *policy,
                                 struct tw_error *error);
/* What the router's own attempts met; for other routers of the process to read. */
struct health *router_health(tw_router *router);
/* The router decides by what all of these met, its own among them. The array has to stay. */
void router_share_health(tw_router *router, struct health *const *all, size_t count);

#endif
