/* tierway/router.h: send requests through a policy: decide, send, step down where a tier has no
 * room, and account for it.
 *
 *     struct tw_router_options options = {
 *         .policy = policy, .base_url = "https://api.openai.com/v1", .api_key = key,
 *         .store = "tierway.db",
 *     };
 *     tw_router *router;
 *     struct tw_error error;
 *     if (tw_router_new(&options, &router, &error) == TW_OK) {
 *         struct tw_chat chat = {.body = body, .length = length, .instant = -1};
 *         struct tw_result *result;
 *         if (tw_router_chat(router, &chat, &result, &error) == TW_OK)
 *             fwrite(result->content, 1, result->content_length, stdout);
 *         tw_result_free(result);
 *     }
 *     tw_router_free(router);
 *
 * A router is used by one thread at a time, but for tw_router_cancel. It never prints and never
 * reads the environment. */
#ifndef TIERWAY_ROUTER_H
#define TIERWAY_ROUTER_H

#include "tierway/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tw_router tw_router;

/* All texts are copied. */
struct tw_router_options {
    const tw_policy *policy; /* has to outlive the router */
    const char *base_url;    /* http or https, with its /v1; no user, query or fragment */
    const char *api_key;     /* NULL: none is sent. Never stored, printed, or sent elsewhere */
    const char *prices; /* a built-in table's name ("openai", "seed") or a file's path; NULL: the
                           table "openai" */
    const char *store;  /* a file's path, or "memory:"; NULL: no ledger is kept */
    uint64_t seed;      /* of waits and request ids; 0: from the system */
};

/* Opens the price table and the store, so that nothing is sent which could not be accounted for.
 * Nothing is connected yet. TW_INVALID: the URL. Else the errors of a store and of a price file:
 * TW_NOT_FOUND, TW_BUSY, TW_READ_ONLY, TW_DAMAGED, TW_NEWER, TW_FULL, TW_IO, TW_NO_MEMORY. error
 * may be NULL, here and below. */
TW_API enum tw_status tw_router_new(const struct tw_router_options *options, tw_router **router,
                                    struct tw_error *error);
TW_API void tw_router_free(tw_router *router); /* NULL allowed */
/* Ends the request that is running, or else the next one. From any thread. */
TW_API void tw_router_cancel(tw_router *router);

struct tw_pair {
    const char *name, *value;
};

/* A part of the answer, as it arrives: an event of a stream, or a whole answer that is none. What
 * it points to lives until the callback returns; nothing in it ends in NUL. */
struct tw_piece {
    const char *text; /* of the answer; may be empty */
    size_t text_length;
    const char *event; /* the event's name; may be empty */
    size_t event_length;
    const char *data; /* as the provider sent it */
    size_t data_length;
};

struct tw_chat {
    const char *body; /* of the request, as the provider takes it; sent byte for byte but for
                         service_tier, and stream_options.include_usage of a stream */
    size_t length;
    const char *endpoint; /* NULL: "/responses" for a body with `input`, else "/chat/completions" */
    const struct tw_pair *attributes; /* as tw_request_set takes them */
    size_t attribute_count;
    const struct tw_pair *headers; /* of the request that is routed: x-tierway-NAME, and those that
                                      the policy's attributes are read from. None is sent on */
    size_t header_count;
    int64_t instant; /* milliseconds since 1970 UTC; -1: the system's clock */
    /* False: no more is wanted, and the request is broken off. NULL: the answer is collected. */
    bool (*on_piece)(void *context, const struct tw_piece *piece);
    void *context;
};

enum tw_outcome {
    TW_ANSWERED,
    TW_REJECTED,       /* by the policy; `message` has its reason */
    TW_PROVIDER_ERROR, /* the provider's own words are in `message` */
    TW_NO_ANSWER,      /* not reached, too late, broken off, or not to be read; `message` says so */
    TW_STOPPED         /* by on_piece or tw_router_cancel */
};

struct tw_attempt {
    const char *tier;    /* NULL where nothing was sent */
    const char *outcome; /* of the ledger: "answered", "refused", ... */
    int http_status;     /* 0 where no answer came */
    int64_t latency;     /* milliseconds */
    int64_t delay;       /* milliseconds from the request to this attempt */
};

/* Texts are NULL where there is nothing to say; numbers are -1 where they are not known. */
struct tw_result {
    enum tw_outcome outcome;
    int http_status; /* of the last attempt; 0 where no answer came */
    const char *message;
    const char *error_type, *error_code; /* of the provider */
    const char *content;                 /* the answer's text, also of a stream; ends in NUL */
    size_t content_length;
    const char *body; /* the last answer's body as it came; empty for a stream; ends in NUL */
    size_t body_length;
    const char *request_id;
    const char *requested_tier; /* by the body */
    const char *chosen_tier;    /* the first one of the rule's action */
    const char *served_tier;    /* that the provider says it served */
    const char *rule;           /* label, "line N" or "otherwise" */
    uint32_t line;              /* 0 for an `otherwise` that is not written */
    const struct tw_attempt *attempts;
    size_t attempt_count;
    int64_t input_tokens, cached_tokens, output_tokens, reasoning_tokens, total_tokens;
    int64_t cost;          /* of the last attempt, picodollars (1e-12 USD), at the served tier */
    int64_t default_cost;  /* what the same tokens cost at the tier default */
    enum tw_status ledger; /* TW_OK: every attempt is in the ledger, durably, or none is kept */
    const char *ledger_message;
};

/* Sends one request, and waits for its end. TW_OK: *result says what came of it, whether it was
 * answered or not. TW_INVALID, TW_NOT_FOUND or TW_LIMIT: the body, an attribute or the key cannot
 * be used, or this machine has no libcurl; TW_NO_MEMORY. *result is NULL then. */
TW_API enum tw_status tw_router_chat(tw_router *router, const struct tw_chat *chat,
                                     struct tw_result **result, struct tw_error *error);
TW_API void tw_result_free(struct tw_result *result); /* NULL allowed */

#ifdef __cplusplus
}
#endif

#endif
