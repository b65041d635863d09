/* queue/keeper_internal.h: what keeper.c and keeper_round.c share. Not for others. */
#ifndef TIERWAY_QUEUE_KEEPER_INTERNAL_H
#define TIERWAY_QUEUE_KEEPER_INTERNAL_H

#include "queue/keeper.h"

enum {
    GROUP_ERRANDS = 64, /* that are stored in one transaction */
    GROUP_ROWS = 512
};

/* First in, first out. */
struct errand_list {
    struct errand *first, **end;
};

/* What goes to the store at once. */
struct keeper_group {
    struct errand *errands[GROUP_ERRANDS];
    struct job_ending endings[GROUP_ERRANDS];
    int64_t reservations[GROUP_ERRANDS];
    struct budget_order *orders[GROUP_ERRANDS];
    struct ledger_row rows[GROUP_ROWS];
};

struct keeper {
    struct keeper_options options;
    struct store *store;   /* the keeper's thread's */
    struct store *watched; /* the watcher's, which only waits for changes */
    pthread_t thread, watcher;
    bool started, watcher_started;
    struct keeper_group group; /* the keeper's thread's */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work, watch;
    struct errand_list errands[ERRAND_KINDS];
    struct held_job *wishes, **wishes_end; /* threads that wait for a job */
    struct held_job *held[KEEPER_THREADS_MAX];
    int held_count;
    struct held_callback *callback_wishes;
    int callbacks_held;
    /* Instants before which nothing of the kind is done. */
    int64_t next_claim, next_beat, next_callback, next_try;
    int64_t last_due;     /* when the last of the jobs that were put back comes back */
    int64_t delay;        /* before the store is tried again; 0: it is well */
    bool idle;            /* the last claim found less than was wanted */
    bool no_callback_due; /* the last claim of callbacks found less than was wanted */
    bool changed;         /* the watcher saw a change */
    bool ending, closing;
    enum tw_status status; /* the first failure */
    struct tw_error failure;
    struct worker_counts counts;
};

/* keeper_fail, with the lock held. */
void keeper_fail_locked(struct keeper *keeper, enum tw_status status, const struct tw_error *error);
int64_t keeper_now(void); /* milliseconds since 1970 UTC */

void errand_list_init(struct errand_list *list);
void errand_list_add(struct errand_list *list, struct errand *errand);

/* keeper_round.c: does what there is to do. The lock is held, but for while the store is asked. */
void keeper_round(struct keeper *keeper);
/* Whether there is anything to do, and if not, at which instant there may be. The lock is held. */
bool keeper_has_work(const struct keeper *keeper, int64_t now, int64_t *look);

#endif
