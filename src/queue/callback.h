/* queue/callback.h: what is told when a job has ended: a command or a URL, that the submitter names
 * and the worker's operator allows. Any thread. */
#ifndef TIERWAY_QUEUE_CALLBACK_H
#define TIERWAY_QUEUE_CALLBACK_H

#include "store/jobs.h"

/* Whether a job may have this callback: a word of letters, digits, `_` and `-`, the name of a
 * command; or an http or https URL without user, password and fragment. TW_INVALID, TW_LIMIT. */
enum tw_status callback_check(struct text callback, struct tw_error *error);
bool callback_is_url(struct text callback);
/* Whether a URL is the allowed one or, where that ends in "/", lies under it: then what follows is
 * made of letters, digits and `-._~/`, without ".." as a part. */
bool callback_url_allowed(struct text url, struct text allowed);

/* An ended job, as its callback is told of it. */
struct callback_message {
    int64_t number, ended;
    enum job_state state;
    struct text id, batch, result; /* result: a line of a batch's output; empty: none */
};
/* Appends {"type": "job.done", "timestamp": "...", "data": {"id": ..., "batch": ..., "state": ...,
 * "result": {...}}}: the same bytes each time. */
void callback_write(struct buffer *out, const struct callback_message *message);

#endif
