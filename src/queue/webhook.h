/* queue/webhook.h: signatures in the way of the Standard Webhooks specification, so that ready-made
 * verifiers can check them: HMAC-SHA256 over "id.timestamp.body".
 * Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. Any thread. */
#ifndef TIERWAY_QUEUE_WEBHOOK_H
#define TIERWAY_QUEUE_WEBHOOK_H

#include "base/text.h"

enum { WEBHOOK_KEYS = 4, WEBHOOK_KEY_LEAST = 24, WEBHOOK_KEY_MOST = 64 };

/* Several where a key is being replaced: each signs. */
struct webhook_secret {
    struct webhook_key {
        unsigned char bytes[WEBHOOK_KEY_MOST];
        size_t length;
    } keys[WEBHOOK_KEYS];
    size_t count;
};

/* Reads "whsec_" and Base64 of 24 to 64 bytes, one a line. TW_INVALID, TW_LIMIT; no part of a
 * secret is in the error. */
enum tw_status webhook_secret_read(struct text text, struct webhook_secret *secret,
                                   struct tw_error *error);
/* Appends the value of the header webhook-signature: "v1,Base64", for each key. `timestamp` is
 * seconds since 1970. */
void webhook_sign(const struct webhook_secret *secret, struct text id, int64_t timestamp,
                  struct text body, struct buffer *out);

#endif
