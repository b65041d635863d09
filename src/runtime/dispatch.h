/* runtime/dispatch.h: one request through a decided action: attempts, retries, and the steps of
 * `else`.
 *
 * Waits and sends on the calling thread. Everything that is not a function of its arguments comes
 * in: transport, clock, random numbers. */
#ifndef TIERWAY_RUNTIME_DISPATCH_H
#define TIERWAY_RUNTIME_DISPATCH_H

#include "runtime/steps.h"
#include "runtime/transport.h"

#define DISPATCH_BODY_MAX (64 << 20) /* bytes of a request body with what is spliced in */

struct dispatch_clock {
    int64_t (*now)(void *context); /* milliseconds, only forward */
    void *context;
};

/* Somebody who looks at each attempt, on the thread that sends. */
struct dispatch_watch {
    /* Before it; may make *timeout (milliseconds, over 0) shorter. False: neither this attempt is
     * made nor another one. */
    bool (*before)(void *context, const struct steps *steps, int64_t *timeout);
    /* After it. */
    void (*after)(void *context, const struct steps *steps, const struct attempt *attempt,
                  enum meaning meaning);
    void *context;
};

/* What one request needs; all of it has to stay until dispatch_run returns. */
struct dispatch_order {
    struct transport *transport;
    struct dispatch_clock clock;
    struct random *random;
    const struct account *account;
    const struct tw_action *action;
    const struct body *body;
    const char *url;
    const char *api_key;          /* NULL: none is sent */
    int64_t instant;              /* of the request, milliseconds since 1970 UTC */
    const atomic_bool *cancelled; /* NULL allowed; transport_wake after setting it */
    piece_visitor visit;          /* NULL allowed */
    void *context;
    const struct dispatch_watch *watch; /* NULL allowed */
};

/* What came of it. */
struct dispatch {
    struct arena arena;      /* owns the rows and their texts */
    struct steps steps;      /* with a row for each attempt, and whether the policy rejected */
    struct attempt attempt;  /* the last one, with the answer */
    enum meaning meaning;    /* of the last one */
    struct tw_error failure; /* of the network, where the last attempt failed so */
};

void dispatch_init(struct dispatch *dispatch);
void dispatch_free(struct dispatch *dispatch);
/* TW_OK: dispatch says what came of it, be it an error of the provider; without a row where `watch`
 * let no attempt be made. Otherwise nothing was
 * accounted for the attempt that failed: TW_NO_MEMORY, TW_INVALID (the key or the URL cannot be
 * sent), TW_NOT_FOUND (no libcurl). */
enum tw_status dispatch_run(struct dispatch *dispatch, const struct dispatch_order *order,
                            struct tw_error *error);

#endif
