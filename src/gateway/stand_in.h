/* gateway/stand_in.h: a stand-in for an OpenAI-compatible provider, for the demo and the tests.
 *
 * It serves POST /v1/chat/completions, POST /v1/responses and GET /v1/models with the provider's
 * tiers, refusals, errors and streams, and makes faults on request. Everything it says follows from
 * the seed, the request and how many requests came before: the same run gives the same bytes.
 *
 * A request may carry x-fake-fault (below) and x-fake-tokens: N (completion tokens).
 * Beside the API it answers
 *   GET /fake/requests   every API request as received, one JSON object a line: number, method,
 *                        path, head and body (base64). Keys are in there; it is a stand-in.
 *   GET /fake/stats      counts, and what the provider would bill, by model and served tier
 *   POST /fake/capacity  sets the capacity of flex; the body is the text described below
 *   POST /fake/faults    sets the faults, one a line; an empty body sets none
 *   POST /fake/reset     forgets requests, counts, capacity and faults: as just started
 *
 * Billed is what was answered; of a stream that broke off, what had been sent. Refused and failed
 * requests are not billed, nor those whose caller left before the answer began.
 *
 * Capacity of flex: "refuse none", "refuse all", "refuse 30%" (drawn from the seed), "refuse first
 * 3", "refuse 0s-10s 60s-90s" (since the start), "pattern RRO" (R refuses, O serves, again and
 * again). Faults: KIND[=ARGUMENT][@TIER][:SHARE%], where TIER is the one asked for
 * ("503@flex:50%"); stand_in_faults.def lists the kinds. */
#ifndef TIERWAY_GATEWAY_STAND_IN_H
#define TIERWAY_GATEWAY_STAND_IN_H

#include "base/text.h"

#include <uv.h>

enum stand_in_tier {
#define STAND_IN_TIER(name, word, latency) STAND_IN_##name,
#include "gateway/stand_in_tiers.def"
    STAND_IN_TIERS
};

/* How a refusal of flex reaches a caller that asked for a stream; others always get the status. */
enum stand_in_refusal {
    STAND_IN_REFUSE_STATUS, /* HTTP 429 */
    STAND_IN_REFUSE_EVENT,  /* 200, first events, then an error event */
    STAND_IN_REFUSE_FAILED, /* 200, first events, then response.failed (chat: the error event) */
};

struct stand_in_options {
    const char *listen; /* as in server_options */
    uint64_t seed;
    bool key_required;   /* 401 without "Authorization: Bearer ..." */
    bool flex_any_model; /* false: 400 where OpenAI does not offer flex */
    bool record;         /* keep requests for /fake/requests, at most 64 MiB of them */
    enum stand_in_refusal refusal;
    const char *capacity; /* of flex */
    const char *const *faults;
    size_t fault_count;
    uint32_t latency_ms[STAND_IN_TIERS]; /* from the request to the first byte of the answer */
    uint32_t downgrade[STAND_IN_TIERS];  /* parts per million served as default instead */
    uint32_t chunk_ms;                   /* between two events of a stream */
    uint32_t completion_tokens;          /* 0: 16 to 63, from the seed and the request */
    int64_t created; /* Unix time of the start; each request is a second later */
    /* Milliseconds since the start, for capacity by time; NULL: the loop's clock. */
    int64_t (*elapsed)(void *context);
    void *elapsed_context;
};

/* 127.0.0.1:0, seed 1, no key needed, flex for any model and never refused, no faults. */
struct stand_in_options stand_in_options_default(void);
/* The tier of that name; false where there is none. */
bool stand_in_tier_find(struct text word, enum stand_in_tier *tier);
/* "30%", at most three decimals, as parts per million; false for anything else. */
bool stand_in_share_read(struct text text, uint32_t *share);

struct stand_in;

/* Starts serving on the loop; all functions belong on its thread. The texts of the options need not
 * stay. TW_INVALID: a text cannot be read, error says which; TW_IO: cannot listen. */
enum tw_status stand_in_start(uv_loop_t *loop, const struct stand_in_options *options,
                              struct stand_in **stand_in, struct tw_error *error);
/* "127.0.0.1:40123"; belongs to the stand-in. */
const char *stand_in_address(const struct stand_in *stand_in);
/* Cuts off what is still being answered; frees itself when the loop has run on, then calls stopped
 * (NULL allowed). */
void stand_in_stop(struct stand_in *stand_in, void (*stopped)(void *context), void *context);

#endif
