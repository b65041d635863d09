/* queue/allowance.h: what a provider's rate limits leave to be sent, for each model, by what its
 * answers say. Not locked; constant size. Instants are milliseconds of any one clock.
 *
 * What an answer says remains is taken less the requests that are under way, since it may or may
 * not have counted them; until the reset it only gets less. After the reset it is the whole limit,
 * where that is known, and otherwise without a bound until the next answer. */
#ifndef TIERWAY_QUEUE_ALLOWANCE_H
#define TIERWAY_QUEUE_ALLOWANCE_H

#include "runtime/rate_limit.h"

enum { ALLOWANCE_MODELS = 16 };

/* Of requests, or of tokens. */
struct allowance_part {
    int64_t limit; /* -1: not known */
    int64_t left;  /* until the reset */
    int64_t reset; /* the instant; 0: nothing is known */
    int64_t under_way;
};

struct allowance {
    uint64_t key; /* of the model; 0: free */
    uint64_t used;
    int64_t blocked; /* nothing may be sent before: a rate limit's Retry-After */
    struct allowance_part requests, tokens;
};

struct allowances {
    struct allowance
        rows[ALLOWANCE_MODELS]; /* of more, those are lost that were used longest ago */
    uint64_t uses;
};

/* Milliseconds that a request of so many tokens has to wait; 0: it may be sent, and counts as under
 * way from now on. */
int64_t allowance_ask(struct allowances *allowances, struct text model, int64_t tokens,
                      int64_t now);
/* Its answer, or its end without one. */
void allowance_answer(struct allowances *allowances, struct text model, int64_t tokens,
                      const struct rate_limits *limits, int64_t now);
/* Nothing of this model is to be sent for so many milliseconds. */
void allowance_block(struct allowances *allowances, struct text model, int64_t milliseconds,
                     int64_t now);

#endif
