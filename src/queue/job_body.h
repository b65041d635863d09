/* queue/job_body.h: what a job's stored body says: the request and how to send it.
 *
 *     {"custom_id": "a", "url": "/v1/chat/completions",
 *      "attributes": {"priority": "low"}, "body": {...}}
 *
 * An object without "custom_id" is of a request that had none. Other members are skipped: before
 * store schema 4, "deadline" was one. Safe for all threads. */
#ifndef TIERWAY_QUEUE_JOB_BODY_H
#define TIERWAY_QUEUE_JOB_BODY_H

#include "base/arena.h"
#include "tierway/router.h"

struct job_body {
    struct text custom_id; /* empty: none */
    const char *endpoint;  /* see batch_endpoint */
    struct tw_pair *attributes;
    size_t attribute_count;
    struct text body;
};

/* Appends it as JSON; the buffer says whether it found room. */
void job_body_write(struct buffer *out, const struct job_body *job);
/* Reads one. Texts are in the arena, but for the body, which points into `stored`. TW_INVALID: no
 * job of tierway's. TW_NO_MEMORY. */
enum tw_status job_body_read(struct text stored, struct arena *arena, struct job_body *job,
                             struct tw_error *error);

#endif
