/* runtime/retry.h: how long to wait before another attempt.
 *
 * No clock and no state of the process: the caller gives the instant, and seeds the numbers. */
#ifndef TIERWAY_RUNTIME_RETRY_H
#define TIERWAY_RUNTIME_RETRY_H

#include "base/text.h"

/* Milliseconds. Base and cap are those of the official clients, which take 0.5 s, doubled each
 * time, up to 8 s. */
#define RETRY_BASE 500
#define RETRY_CAP 8000
#define RETRY_AFTER_CAP 60000 /* a Retry-After over this is not waited for: the step is spent */

/* SplitMix64: small, and the same numbers on every machine. Not for secrets. */
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);

/* The wait before retry number `retry` (0 is the first): full jitter, that is uniform from 0 to
 * min(RETRY_CAP, RETRY_BASE * 2^retry), both included. */
int64_t retry_backoff(struct random *random, uint32_t retry);

/* What a header asks callers to wait, in milliseconds: `retry-after-ms` (a number, fractions
 * dropped), or `Retry-After` as seconds or as an HTTP date seen from `instant`, never less than 0
 * and never over a day. False where the name is another one or the value cannot be read. */
bool retry_after_read(struct text name, struct text value, int64_t instant, int64_t *wait);

#endif
