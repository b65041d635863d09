/* store/jobs.h: a durable queue of jobs, in the same store as the ledger.
 *
 * A job is a body that somebody works on later. Whoever claims one holds it for a lease; when the
 * lease runs out first, the next claim gives the job to somebody else, and what the first worker
 * says about it then counts for nothing. So each job is worked on at least once, and ends once.
 *
 * What returned TW_OK survives a kill and, in a file, a loss of power, but for claims and longer
 * leases: a loss of power that ends whoever holds them may undo these. Instants are milliseconds
 * since 1970 UTC; the caller's clock is the only one. Threads and errors as in store.h. */
#ifndef TIERWAY_STORE_JOBS_H
#define TIERWAY_STORE_JOBS_H

#include "store/store.h"

#define JOB_ID_MAX 256            /* bytes; of an owner and of a batch's id, too */
#define JOB_CALLBACK_MAX 2048     /* bytes */
#define JOB_BYTES_MAX (16 << 20)  /* of a body, and of a result */
#define JOB_MADE_ID_SIZE (4 + 33) /* "job-", 32 digits, a NUL */

/* The numbers are kept in files. */
enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED, JOB_STATE_COUNT };

const char *job_state_name(enum job_state state); /* "queued" */

struct job {
    int64_t number;   /* 1 and up, in the order of submission */
    int64_t claim;    /* how often it was claimed; with the number, names one claim */
    int64_t refusals; /* how often it was put back because of a refusal */
    int64_t expired;  /* how many of its claims ran out: what those sent may be billed twice */
    int64_t submitted;
    int64_t due;            /* not to be claimed before */
    int64_t deadline;       /* to be answered before; those with the nearest are claimed first */
    int64_t lease;          /* where it is running, when its claim runs out */
    int64_t ended;          /* 0 until it is done, failed or cancelled */
    int64_t callback_tries; /* how often its callback was claimed; with the number, names one */
    enum job_state state;
    struct text id;
    struct text owner;    /* the caller that submitted it; empty: nobody in particular */
    struct text batch;    /* the batch that it belongs to; empty: none */
    struct text callback; /* what is to be told once it has ended; empty: nothing */
    struct text body;
    struct text result; /* empty until it is done or failed */
};

/* Returns TW_OK to go on; anything else ends the call and is its result. The job's texts live until
 * it returns. It must not use the store. */
typedef enum tw_status (*job_visitor)(void *context, const struct job *job);

struct job_submission {
    struct text id;              /* UTF-8; empty: one is made, of the time and 80 random bits */
    struct text owner, batch;    /* UTF-8; may be empty */
    struct text callback;        /* UTF-8; may be empty */
    struct text body;            /* any bytes, at least one */
    int64_t due;                 /* 0 or more */
    int64_t deadline;            /* 0 or more */
    char made[JOB_MADE_ID_SIZE]; /* out: the bytes of an id that was made */
    bool existed;                /* out: a job of this id was there; nothing was changed */
};

/* Submits all or none, `now` as the instant of it. A made id points into its submission.
 * TW_INVALID or TW_LIMIT for what no job may be. */
enum tw_status job_submit(struct store *store, struct job_submission *submissions, size_t count,
                          int64_t now, struct tw_error *error);

/* Claims at most `limit` jobs that are due, those with the nearest deadline first (of several, the
 * one submitted first), until `now` + `lease` (over 0). Costs the same however many are queued or
 * wait for their due time. Jobs whose lease has run out come back to the queue before, and count as
 * expired. Where a visit or anything else fails, nothing is claimed. */
enum tw_status job_claim(struct store *store, int64_t now, int64_t lease, size_t limit,
                         job_visitor visit, void *context, struct tw_error *error);

/* What becomes of a claimed job. */
struct job_ending {
    int64_t number, claim;
    enum job_state state; /* JOB_DONE, JOB_FAILED, or JOB_QUEUED to put it back */
    struct text result;   /* of a job that is done or failed */
    int64_t due;          /* of one that is put back */
    int64_t ended;        /* of one that is done or failed: the instant, over 0 */
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

/* Cancels a job that is queued or running, `now` as the instant of it. *cancelled is false where it
 * has ended already, or where there is none of this id. */
enum tw_status job_cancel(struct store *store, struct text id, int64_t now, bool *cancelled,
                          struct tw_error *error);
/* Cancels all queued jobs of a batch; those that run go on. */
enum tw_status job_cancel_batch(struct store *store, struct text batch, int64_t now,
                                int64_t *cancelled, struct tw_error *error);
/* Puts a job that failed or was cancelled back into the queue, due at `now`, with another deadline
 * and no refusals, result or end; its claims go on counting, and where it has a callback that
 * counts as claimed once more. *retried as *cancelled above. */
enum tw_status job_retry(struct store *store, struct text id, int64_t now, int64_t deadline,
                         bool *retried, struct tw_error *error);

/* TW_NOT_FOUND where there is no job of this id. */
enum tw_status job_find(struct store *store, struct text id, job_visitor visit, void *context,
                        struct tw_error *error);

/* Which jobs; both may be empty: all. At most one of the two is given. */
struct job_filter {
    struct text owner, batch;
};

/* At most `limit` jobs of a state whose number is over `after`, by number. Each costs the same,
 * however many there are. */
enum tw_status job_list(struct store *store, const struct job_filter *filter, enum job_state state,
                        int64_t after, size_t limit, job_visitor visit, void *context,
                        struct tw_error *error);

struct job_counts {
    int64_t of_state[JOB_STATE_COUNT];
    int64_t expired; /* claims of these jobs that ran out */
};

/* Reads an index of all these jobs, so it takes longer the more there are. */
enum tw_status job_count(struct store *store, const struct job_filter *filter,
                         struct job_counts *counts, struct tw_error *error);

/* --- callbacks: a job that has one owes it from its end on, until it is said to be delivered ---
 */

/* Claims at most `limit` callbacks that are due until `now` + `lease`; as job_claim otherwise.
 * Those whose claims ran out come back by themselves, so one may be delivered more than once. */
enum tw_status job_claim_callbacks(struct store *store, int64_t now, int64_t lease, size_t limit,
                                   job_visitor visit, void *context, struct tw_error *error);
/* Ends such a claim, named by the job's number and callback_tries: tried again at `due`, or not
 * any more where it is -1. Nothing happens where somebody else has it by now. */
enum tw_status job_end_callback(struct store *store, int64_t number, int64_t tries, int64_t due,
                                struct tw_error *error);

/* Waits until somebody, in whatever process, may have submitted, put back or ended a job since this
 * store was asked anything last, or until so many milliseconds have passed. TW_OK either way. */
enum tw_status job_wait(struct store *store, int64_t milliseconds, struct tw_error *error);

#endif
