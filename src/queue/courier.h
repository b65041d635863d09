/* queue/courier.h: delivers the callbacks of jobs that have ended, on threads of its own.
 *
 * A callback is delivered at least once: until its end is stored it may be delivered again, with
 * the same body and the same webhook-id. What does not get through is tried again, after waits that
 * get longer, for a day from the job's end. A submitter only names what is to be told; a worker
 * runs and asks nothing that its operator has not allowed. */
#ifndef TIERWAY_QUEUE_COURIER_H
#define TIERWAY_QUEUE_COURIER_H

#include "queue/keeper.h"
#include "queue/webhook.h"

enum {
    COURIER_THREADS = 4,
    COURIER_TIMEOUT = 30000, /* milliseconds of one delivery */
    COURIER_OUTPUT = 1000    /* bytes of a command's output that are shown */
};
#define COURIER_TIME INT64_C(86400000) /* milliseconds from a job's end on that are tried */

struct courier_command {
    struct text name;
    const char *path; /* of a file that can be run; an absolute one */
};

struct courier_options {
    const struct courier_command *commands;
    size_t command_count;
    const struct text *urls; /* see callback_url_allowed */
    size_t url_count;
    const struct webhook_secret *secret; /* not NULL where there are URLs */
    char *const *environment;            /* of commands; ends with NULL */
};

bool courier_is_wanted(const struct courier_options *options);

struct courier;

/* Starts a thread; the options have to outlive it. TW_NO_MEMORY. */
enum tw_status courier_open(const struct courier_options *options, struct keeper *keeper,
                            struct courier **courier, struct tw_error *error);
/* Waits for its end, which comes once no more callbacks are wanted. NULL allowed. */
void courier_close(struct courier *courier);

#endif
