/* queue/batch_details.h: what a batch is beside its state: the instants of its life, what its
 * creator gave, what was wrong with its file, and what it came to. Kept as JSON in the store, in
 * struct batch's `details`. Safe for all threads. */
#ifndef TIERWAY_QUEUE_BATCH_DETAILS_H
#define TIERWAY_QUEUE_BATCH_DETAILS_H

#include "base/text.h"

/* Milliseconds since 1970 UTC; 0: it has not come to that. Names as OpenAI's batch has them. */
#define BATCH_INSTANTS(INSTANT)                                                                    \
    INSTANT(in_progress_at)                                                                        \
    INSTANT(finalizing_at)                                                                         \
    INSTANT(completed_at)                                                                          \
    INSTANT(failed_at)                                                                             \
    INSTANT(expired_at)                                                                            \
    INSTANT(cancelling_at)                                                                         \
    INSTANT(cancelled_at)

/* Whole values of JSON; empty: null. */
#define BATCH_VALUES(VALUE)                                                                        \
    VALUE(completion_window) /* a string, as it was given */                                       \
    VALUE(metadata)          /* an object */                                                       \
    VALUE(attributes)        /* an object: what the policy gets of each request */                 \
    VALUE(errors)            /* an array, of a batch that failed */                                \
    VALUE(usage)             /* an object, once all requests have ended */

struct batch_details {
#define INSTANT(name) int64_t name;
    BATCH_INSTANTS(INSTANT)
#undef INSTANT
#define VALUE(name) struct text name;
    BATCH_VALUES(VALUE)
#undef VALUE
};

/* Appends them as JSON; the buffer says whether it found room. */
void batch_details_write(struct buffer *out, const struct batch_details *details);
/* Reads them; texts point into `stored`. What is not there is 0 or empty. TW_INVALID: not written
 * by batch_details_write. */
enum tw_status batch_details_read(struct text stored, struct batch_details *details,
                                  struct tw_error *error);

#endif
