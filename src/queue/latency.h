/* queue/latency.h: how long answers took of late, for each tier of each model. Not locked; constant
 * size. */
#ifndef TIERWAY_QUEUE_LATENCY_H
#define TIERWAY_QUEUE_LATENCY_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { LATENCY_ROWS = 64, LATENCY_SEEN = 64 };

struct latency_row {
    uint64_t key; /* of tier and model; 0: the row is free */
    uint64_t used;
    int64_t tokens;              /* of output, the usual number; moves by an eighth */
    int32_t taken[LATENCY_SEEN]; /* milliseconds, the oldest is overwritten */
    uint32_t answers;            /* that were ever noted */
};

struct latencies {
    struct latency_row rows[LATENCY_ROWS]; /* of more, those are lost that were used longest ago */
    uint64_t uses;
};

/* An attempt that was answered, after so many milliseconds, with so many tokens (-1: not known). */
void latency_answered(struct latencies *latencies, struct text tier, struct text model,
                      int64_t milliseconds, int64_t tokens);

/* The time within which 95 of 100 of the last answers came; -1 where none was seen. */
int64_t latency_usual(struct latencies *latencies, struct text tier, struct text model);
/* Tokens of output that are usual; 0 where none was seen. */
int64_t latency_tokens(struct latencies *latencies, struct text tier, struct text model);

#endif
