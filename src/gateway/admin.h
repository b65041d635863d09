/* gateway/admin.h: the gateway's own paths, under /tierway/.
 *
 *   GET /tierway/healthz   the process serves
 *   GET /tierway/readyz    it can take requests: 200, else 503 with what is missing
 *   GET /tierway/metrics   Prometheus' text format
 *   GET /tierway/policy    what is live, since when, and why something newer was refused
 *   GET /tierway/stats     what `tierway stats --format json` prints
 *   POST /tierway/decide   what would be decided, and why; nothing is sent
 *
 * The first two need no key and say nothing about anybody's traffic. The others need the key of a
 * caller with `admin: true` wherever requests need a key: there is one switch for both. Where
 * nobody needs one and the gateway listens on this machine only, they answer only to a Host of this
 * machine, so that no web page can read them under a name of its own.
 *
 * stats and decide run on libuv's thread pool. All functions but admin_open and admin_close may be
 * called on any loop's thread, for that loop's exchanges. */
#ifndef TIERWAY_GATEWAY_ADMIN_H
#define TIERWAY_GATEWAY_ADMIN_H

#include "gateway/gateway.h"
#include "gateway/policy_store.h"

struct admin;

/* Appends a JSON object for this request, decided by a policy that was loaded as `loaded`. On
 * failure error says why. Called on threads of the pool, several at once. */
typedef enum tw_status (*admin_explain)(const struct loaded *loaded, tw_request *request,
                                        struct buffer *out, struct tw_error *error);

/* All have to stay until admin_close. */
struct admin_options {
    struct policy_store *policies; /* callers, too */
    const struct metrics *metrics;
    const struct access_log *access_log; /* NULL: none is kept */
    struct connection_gate *gate;
    const char *store; /* of the ledger; NULL: none is kept */
    const char *version;
    bool local; /* listens on this machine only */
    admin_explain explain;
};

enum tw_status admin_open(const struct admin_options *options, struct admin **admin);
/* No exchange of a path under /tierway/ may be open. NULL allowed. */
void admin_close(struct admin *admin);
/* For figures; NULL before it is open. */
void admin_set_gateway(struct admin *admin, const struct gateway *gateway);
/* From now on it is not ready any more. */
void admin_set_draining(struct admin *admin);

/* For gateway_options.own_path and own_ended; context is the admin. */
bool admin_own_path(struct exchange *exchange, void *context);
void admin_own_ended(struct exchange *exchange, void *context);

#endif
