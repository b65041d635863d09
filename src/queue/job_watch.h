/* queue/job_watch.h: tells when jobs have ended, whichever process ended them.
 *
 * A thread with a connection of its own looks at the jobs that somebody waits for, as soon as the
 * store has changed; the more there are, the less often, so that looking takes a twentieth of the
 * time at most. All functions but close are for any thread. */
#ifndef TIERWAY_QUEUE_JOB_WATCH_H
#define TIERWAY_QUEUE_JOB_WATCH_H

#include "base/text.h"
#include "tierway/router.h"

struct job_watch;

/* Who wants to be told; on_end may be NULL. */
struct job_listener {
    void (*on_end)(void *context, const struct tw_job_result *result);
    void *context;
};

/* Opens the store and starts the thread. Errors: those of store_open; TW_NO_MEMORY. */
enum tw_status job_watch_open(const char *store, struct job_watch **watch, struct tw_error *error);
/* Nobody is told any more, and nobody may wait. NULL allowed. */
void job_watch_close(struct job_watch *watch);

/* A place for a job that is about to be submitted, so that what was submitted is watched. NULL when
 * memory is out. To be handed to job_watch_begin or job_watch_forget. */
struct watched_job;
struct watched_job *job_watch_prepare(struct job_listener listener);
/* From now on the job is watched: its listener is told once it has ended. id: at most JOB_ID_MAX
 * bytes. */
void job_watch_begin(struct job_watch *watch, struct watched_job *job, struct text id);
void job_watch_forget(struct watched_job *job);

/* Waits until the job has ended or, for an empty id, all that were begun; timeout in milliseconds,
 * -1 for as long as it takes. TW_TIMEOUT, TW_NOT_FOUND, TW_NO_MEMORY; what job_watch_fail gave;
 * errors of the store that do not pass. */
enum tw_status job_watch_wait(struct job_watch *watch, struct text id, int64_t timeout,
                              struct tw_error *error);
/* Every wait ends with this from now on: nobody is there to do the work. */
void job_watch_fail(struct job_watch *watch, enum tw_status status, const struct tw_error *error);

#endif
