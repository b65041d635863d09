/* store/jobs.h: a durable queue of jobs, in the same store as the ledger.
 *
 * A job is a body that somebody works on later. Whoever claims one holds it for a lease; when the
 * lease runs out first, the next claim gives the job to somebody else, and what the first worker
 * says about it then counts for nothing. So each job is worked on at least once, and ends once.
 *
 * What returned TW_OK survives a kill and, in a file, a loss of power. Instants are milliseconds
 * since 1970 UTC; the caller's clock is the only one. Threads and errors as in store.h. */
#ifndef TIERWAY_STORE_JOBS_H
#define TIERWAY_STORE_JOBS_H

#include "store/store.h"

#define JOB_ID_MAX 256            /* bytes */
#define JOB_BYTES_MAX (16 << 20)  /* of a body, and of a result */
#define JOB_MADE_ID_SIZE (4 + 33) /* "job-", 32 digits, a NUL */

/* The numbers are kept in files. */
enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED, JOB_STATE_COUNT };

const char *job_state_name(enum job_state state); /* "queued" */

struct job {
    int64_t number;   /* 1 and up, in the order of submission */
    int64_t claim;    /* how often it was claimed; with the number, names one claim */
    int64_t refusals; /* how often it was put back because of a refusal */
    int64_t submitted;
    int64_t due;   /* not to be claimed before */
    int64_t lease; /* where it is running, when its claim runs out */
    enum job_state state;
    struct text id, body;
    struct text result; /* empty until it is done or failed */
};

/* Returns TW_OK to go on; anything else ends the call and is its result. The job's texts live until
 * it returns. It must not use the store. */
typedef enum tw_status (*job_visitor)(void *context, const struct job *job);

struct job_submission {
    struct text id;              /* UTF-8; empty: one is made, at random */
    struct text body;            /* any bytes, at least one */
    int64_t due;                 /* 0 or more */
    char made[JOB_MADE_ID_SIZE]; /* out: the bytes of an id that was made */
    bool existed;                /* out: a job of this id was there; nothing was changed */
};

/* Submits all or none, `now` as the instant of it. A made id points into its submission.
 * TW_INVALID or TW_LIMIT for what no job may be. */
enum tw_status job_submit(struct store *store, struct job_submission *submissions, size_t count,
                          int64_t now, struct tw_error *error);

/* Claims at most `limit` jobs that are due, those due first before others, until `now` + `lease`
 * (over 0). Jobs whose lease has run out come back to the queue before. Where a visit or anything
 * else fails, nothing is claimed. */
enum tw_status job_claim(struct store *store, int64_t now, int64_t lease, size_t limit,
                         job_visitor visit, void *context, struct tw_error *error);

/* What becomes of a claimed job. */
struct job_ending {
    int64_t number, claim;
    enum job_state state; /* JOB_DONE, JOB_FAILED, or JOB_QUEUED to put it back */
    struct text result;   /* of a job that is done or failed */
    int64_t due;          /* of one that is put back */
    bool refused;         /* of one that is put back: counts as a refusal */
    bool lost;            /* out: somebody else's by now, ended or cancelled; nothing was changed */
};

/* Ends claims, appends their ledger rows and lets go of reservations, all or none; see
 * ledger_settle. Rows are kept where a claim was lost, too: their attempts were made. */
enum tw_status job_end(struct store *store, struct job_ending *endings, size_t count,
                       const struct ledger_row *rows, size_t row_count, const int64_t *reservations,
                       size_t reservation_count, struct tw_error *error);

/* Lets a claim last until `lease`; *lost as in struct job_ending. */
enum tw_status job_extend(struct store *store, int64_t number, int64_t claim, int64_t lease,
                          bool *lost, struct tw_error *error);

/* Cancels a job that is queued or running. *cancelled is false where it has ended already, or where
 * there is none of this id. */
enum tw_status job_cancel(struct store *store, struct text id, bool *cancelled,
                          struct tw_error *error);

/* TW_NOT_FOUND where there is no job of this id. */
enum tw_status job_find(struct store *store, struct text id, job_visitor visit, void *context,
                        struct tw_error *error);
/* At most `limit` jobs of a state whose number is over `after`, by number. */
enum tw_status job_list(struct store *store, enum job_state state, int64_t after, size_t limit,
                        job_visitor visit, void *context, struct tw_error *error);
/* Reads an index of all jobs, so it takes longer the more there are. */
enum tw_status job_counts(struct store *store, int64_t counts[JOB_STATE_COUNT],
                          struct tw_error *error);

#endif
