/* queue/keeper.h: the one thread of a worker that uses the store, for all threads that work on
 * jobs.
 *
 * What gathered while it wrote the last transaction goes into the next: one flush to disk for the
 * ends of many jobs with their ledger rows, one for many claims. Whoever hands something in waits
 * until it is stored.
 *
 * While the store is locked by others, cannot be reached or has no space, everything waits and is
 * tried again: each thread holds one answer at most, so a worker holds at most `concurrency` times
 * JOB_BYTES_MAX. Nothing new is begun meanwhile. Once the keeper ends, answers are waited for as
 * long as it takes; what has cost nothing is given up, and comes back when its lease has run out.
 *
 * All functions are for any thread. */
#ifndef TIERWAY_QUEUE_KEEPER_H
#define TIERWAY_QUEUE_KEEPER_H

#include "base/status.h"
#include "store/jobs.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEEPER_CLAIMS_MAX 32         /* jobs that are claimed at once */
#define KEEPER_THREADS_MAX 256       /* that work on jobs */
#define KEEPER_CALLBACK_LEASE 120000 /* milliseconds that the delivery of a callback may take */

struct worker_counts {
    int64_t done, failed, put_back; /* by this call */
    int64_t lost;       /* ended by this call, but cancelled before or claimed by somebody else */
    int64_t stepped_up; /* sent at a faster tier than the policy chose, for their deadline's sake */
    int64_t expired;    /* claims of the jobs it ended that had run out: may be billed twice */
    int64_t delivered;  /* callbacks */
    int64_t undelivered; /* callbacks that were given up */
};

struct keeper_options {
    const char *store; /* a file or a server */
    int64_t lease;     /* milliseconds */
    int concurrency;
    bool until_empty;
    bool with_callbacks;     /* some thread takes callbacks */
    const atomic_bool *stop; /* once true: claim nothing more */
    /* What an operator wants to know, one line each; from any thread. NULL allowed. */
    void (*note)(void *context, const char *line);
    void *note_context;
};

struct keeper;

/* A job that a thread holds. The thread's own, but while it waits in keeper_end or keeper_take. */
struct held_job {
    struct held_job *next;
    pthread_cond_t told;
    int64_t number; /* 0: none is held */
    int64_t claim, refusals, expired, submitted, deadline;
    int64_t lease; /* when the claim runs out; see keeper_still_ours */
    bool has_callback;
    bool lost;             /* somebody else has it by now, or it was cancelled */
    bool waiting;          /* to be given a job */
    enum tw_status status; /* of the texts */
    struct buffer id, owner, body;
};
enum tw_status held_job_init(struct held_job *job); /* TW_NO_MEMORY */
void held_job_free(struct held_job *job);

/* What a thread hands in, and waits for; it lies in the thread's own memory. The members that are
 * marked are to be set. */
struct errand {
    struct errand *next;
    enum errand_kind { ERRAND_END, ERRAND_RESERVE, ERRAND_CALLBACK, ERRAND_KINDS } kind;
    pthread_cond_t *told; /* set: the thread's */
    bool open;            /* handed in, and not done */
    enum tw_status status;
    struct tw_error error;

    /* Of the end of a job. */
    int64_t expired;
    bool has_callback;
    struct job_ending ending;      /* set */
    const struct ledger_row *rows; /* set */
    size_t row_count;              /* set; over 0: it may hold an answer, which nobody may lose */
    int64_t reservation;           /* set */
    bool stepped_up;               /* set */

    struct budget_order *order; /* set, to reserve of budgets */

    /* Of the end of a callback. */
    int64_t number, tries, due; /* set, as job_end_callback takes them */
    bool delivered;             /* set */
};

/* Opens the store and starts the thread. Errors: those of store_open; TW_NO_MEMORY. */
enum tw_status keeper_open(const struct keeper_options *options, struct keeper **keeper,
                           struct tw_error *error);
/* Ends the thread once nothing is open, closes the store, and gives the counts and the first
 * failure. No other thread may use the keeper any more. */
enum tw_status keeper_close(struct keeper *keeper, struct worker_counts *counts,
                            struct tw_error *error);

/* Waits for a job. False: no more are wanted. */
bool keeper_take(struct keeper *keeper, struct held_job *job);
/* Hands in the end of a held job, and waits until it is stored. What keeper_take gives next is on
 * its way already: to be called after this, before anything else. TW_BUSY: the keeper ends, the
 * store cannot be written to, and nothing had been sent. */
enum tw_status keeper_end(struct keeper *keeper, struct held_job *job, struct errand *errand,
                          struct tw_error *error);
/* Hands in another errand, and waits for its end; TW_BUSY as above. */
enum tw_status keeper_do(struct keeper *keeper, struct errand *errand, struct tw_error *error);
/* Whether nobody else can have the job: its lease has not run out, and nobody cancelled it. */
bool keeper_still_ours(struct keeper *keeper, const struct held_job *job, int64_t now);

/* An ended job whose callback is to be delivered. */
struct held_callback {
    struct held_callback *next;
    pthread_cond_t told;
    bool waiting;
    int64_t number, tries, ended;
    enum job_state state;
    enum tw_status status;
    struct buffer id, batch, callback, result;
};
enum tw_status held_callback_init(struct held_callback *held); /* TW_NO_MEMORY */
void held_callback_free(struct held_callback *held);
/* As keeper_take. */
bool keeper_take_callback(struct keeper *keeper, struct held_callback *held);

/* Claims nothing for so many milliseconds. */
void keeper_rest(struct keeper *keeper, int64_t milliseconds);

/* No further job is begun, and the first failure is the worker's. */
void keeper_fail(struct keeper *keeper, enum tw_status status, const struct tw_error *error);
bool keeper_is_ending(struct keeper *keeper);
void keeper_note(struct keeper *keeper, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
