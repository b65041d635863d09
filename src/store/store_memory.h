/* store/store_memory.h: what the files store_memory*.c share. */
#ifndef TIERWAY_STORE_STORE_MEMORY_H
#define TIERWAY_STORE_STORE_MEMORY_H

#include "store/store_internal.h"
#include "store/usual_output.h"

struct memory_row {
    struct memory_row *next;
    struct ledger_row row;
};

/* One bucket; see struct budget_bucket. */
struct memory_sum {
    struct memory_sum *next;
    int64_t from, until;
    struct text attribute, value;
    int64_t spent, reserved;
    struct memory_row **through; /* where the first row hangs that is not in `spent` yet */
};

struct memory_reservation {
    struct memory_reservation *next;
    int64_t number, amount;
    struct memory_sum *sum;
};

struct memory_job {
    struct memory_job *next;
    struct memory_job *claimed_before; /* in the same call */
    int64_t callback_due;              /* -1: none is owed */
    int64_t due_before;                /* the callback, where this call claimed it */
    struct job job;
};

struct memory_store {
    struct store store;
    struct arena arena;              /* owns the rows and the sums */
    struct memory_row *first, **end; /* end: where the next row is to be hung */
    size_t count;
    struct memory_sum *sums;
    struct memory_reservation *reservations; /* each allocated for itself */
    int64_t last_reservation;
    struct usual_output usual;
    struct memory_row **learnt;          /* where the first row hangs that `usual` has not learnt */
    struct memory_job *jobs, **jobs_end; /* by number */
    int64_t last_job;                    /* number */
};

enum tw_status memory_settle(struct store *store, const struct ledger_row *rows, size_t count,
                             const int64_t *reservations, size_t reservation_count,
                             struct tw_error *error);
enum tw_status memory_reserve(struct store *store, struct budget_order *const *orders, size_t count,
                              struct tw_error *error);
void memory_release(struct memory_store *memory, const int64_t *reservations, size_t count);
void memory_budget_free(struct memory_store *memory);

/* See struct store_operations. */
enum tw_status memory_submit(struct store *store, struct job_submission *submissions, size_t count,
                             int64_t now, struct tw_error *error);
enum tw_status memory_claim(struct store *store, int64_t now, int64_t until, size_t limit,
                            job_visitor visit, void *context, struct tw_error *error);
enum tw_status memory_end(struct store *store, struct job_ending *endings, size_t count,
                          const struct ledger_settlement *settlement, struct tw_error *error);
enum tw_status memory_extend(struct store *store, int64_t number, int64_t claim, int64_t lease,
                             bool *lost, struct tw_error *error);
enum tw_status memory_cancel(struct store *store, struct text id, int64_t now, bool *cancelled,
                             struct tw_error *error);
enum tw_status memory_cancel_batch(struct store *store, struct text batch, int64_t now,
                                   int64_t *cancelled, struct tw_error *error);
enum tw_status memory_retry(struct store *store, struct text id, int64_t now, int64_t deadline,
                            bool *retried, struct tw_error *error);
enum tw_status memory_find(struct store *store, struct text id, job_visitor visit, void *context,
                           bool *found, struct tw_error *error);
enum tw_status memory_list(struct store *store, const struct job_filter *filter,
                           enum job_state state, int64_t after, size_t limit, job_visitor visit,
                           void *context, struct tw_error *error);
enum tw_status memory_count(struct store *store, const struct job_filter *filter,
                            struct job_counts *counts, struct tw_error *error);
enum tw_status memory_claim_callbacks(struct store *store, int64_t now, int64_t until, size_t limit,
                                      job_visitor visit, void *context, struct tw_error *error);
enum tw_status memory_end_callback(struct store *store, int64_t number, int64_t tries, int64_t due,
                                   struct tw_error *error);
enum tw_status memory_wait(struct store *store, int64_t milliseconds, struct tw_error *error);

#endif
