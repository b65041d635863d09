/* queue/batch_keeper.h: moves batches from one state to the next, as their files are read and their
 * jobs end. Any number of keepers may look after one store: each change is made by one of them. */
#ifndef TIERWAY_QUEUE_BATCH_KEEPER_H
#define TIERWAY_QUEUE_BATCH_KEEPER_H

#include "store/batches.h"

#include <stdatomic.h>

/* Looks at every batch that has not come to its end: reads files, finishes batches whose jobs have
 * all ended, and cancels what is queued of those whose time is up or that were cancelled. *open is
 * how many go on. `stop` as in batch_intake. A batch that cannot be moved on does not keep the
 * others from it; the first such error is the result. */
enum tw_status batches_keep(struct store *store, const atomic_bool *stop, size_t *open,
                            struct tw_error *error);

/* What an entry of a batch's file in the store says, beside its id: its bytes. */
int64_t batch_file_bytes(struct text content);

#endif
