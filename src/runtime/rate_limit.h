/* runtime/rate_limit.h: what an answer's headers say about the caller's rate limits:
 * x-ratelimit-limit-requests, -remaining-requests, -reset-requests, and the same of tokens.
 * Source: platform.openai.com/docs/guides/rate-limits; docs/providers.md. Any thread. */
#ifndef TIERWAY_RUNTIME_RATE_LIMIT_H
#define TIERWAY_RUNTIME_RATE_LIMIT_H

#include "base/text.h"

/* Of requests, or of tokens; -1 where it is not said. */
struct rate_limit {
    int64_t limit;
    int64_t remaining;
    int64_t reset; /* milliseconds until it is full again; at most a day */
};

struct rate_limits {
    struct rate_limit requests, tokens;
};
#define RATE_LIMITS_UNKNOWN ((struct rate_limits){.requests = {-1, -1, -1}, .tokens = {-1, -1, -1}})

/* Takes a header in; others, and values that cannot be read, change nothing. */
void rate_limits_header(struct rate_limits *limits, struct text name, struct text value);

/* "6m0s", "1h2m3.5s", "12ms", "8.64s", or seconds alone ("20"), as milliseconds, rounded up; -1
 * where it cannot be read. */
int64_t rate_limit_duration(struct text text);

#endif
