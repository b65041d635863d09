/* gateway/ledger_writer.h: ledger rows from many loops into one store, and what is reserved of
 * budgets, on a thread of its own, so that no loop waits for a disk.
 *
 * What has gathered while the last batch was written is the next batch: one flush to disk for all
 * of it. Each loop has a desk, at which it hands rows in and is told when they are durable.
 *
 * Rows of attempts that were made are never given up: while the store is away, locked or full they
 * are kept in memory and tried again, in their order, until they are written or the writer is
 * closed. Whoever waits for them is told after a time that they are not durable yet. So that the
 * memory has a bound, callers ask ledger_desk_check before they begin anything new. */
#ifndef TIERWAY_GATEWAY_LEDGER_WRITER_H
#define TIERWAY_GATEWAY_LEDGER_WRITER_H

#include "store/store.h"

#include <uv.h>

struct ledger_writer;
struct ledger_desk;
struct ledger_entry;

#define LEDGER_KEPT_MAX 65536 /* rows that are kept, after which nothing new may begin */

struct ledger_writer_options {
    int64_t patience; /* milliseconds from the first failure of rows on until who waits is told */
    /* One line when the store cannot be written to, and when it can again; from the writer's
     * thread. NULL allowed. */
    void (*report)(void *context, const char *line);
    void *context;
};

/* Starts the thread. Takes the store over whatever the result. TW_NO_MEMORY, TW_IO. */
enum tw_status ledger_writer_open(struct store *store, const struct ledger_writer_options *options,
                                  struct ledger_writer **writer, struct tw_error *error);
/* Writes what is left, for so many milliseconds where it cannot be written at once; ends the thread
 * and closes the store. How many rows were lost. All desks have to be closed. NULL allowed. */
size_t ledger_writer_close(struct ledger_writer *writer, int64_t patience);

struct ledger_writer_state {
    bool failing; /* the store could not be written to the last time */
    size_t kept;  /* rows that wait because of that */
};
struct ledger_writer_state ledger_writer_state(struct ledger_writer *writer); /* any thread */

/* A desk belongs to its loop's thread. TW_NO_MEMORY, TW_IO. */
enum tw_status ledger_desk_open(struct ledger_writer *writer, uv_loop_t *loop,
                                struct ledger_desk **desk, struct tw_error *error);
/* Once everything that was handed in is written, calls closed (NULL allowed) from the loop and
 * frees the desk. Nothing may be handed in any more, but from what the desk itself calls. */
void ledger_desk_close(struct ledger_desk *desk, void (*closed)(void *context), void *context);

/* Whether something new may begin. TW_FULL: too many rows are kept. TW_BUSY: the store has been
 * failing for longer than anybody waits; whoever needs its rows durable must not begin. */
enum tw_status ledger_desk_check(const struct ledger_desk *desk);

/* status: TW_OK where the rows are durable; otherwise they are kept, and written later. From the
 * loop. */
typedef void (*ledger_written)(void *context, enum tw_status status);

/* Hands in the rows of one request, which are copied. written is called once, unless it is
 * forgotten before; NULL: nobody waits. entry may be NULL. TW_NO_MEMORY, and what ledger_row_check
 * says: nothing is written then, and written is not called. */
enum tw_status ledger_desk_add(struct ledger_desk *desk, const struct ledger_row *rows,
                               size_t count, ledger_written written, void *context,
                               struct ledger_entry **entry, struct tw_error *error);
/* The same, and lets go of the request's reservation; count may be 0. */
enum tw_status ledger_desk_settle(struct ledger_desk *desk, const struct ledger_row *rows,
                                  size_t count, int64_t reservation, ledger_written written,
                                  void *context, struct ledger_entry **entry,
                                  struct tw_error *error);
/* Hands in an order for budget_reserve. It and all that it points to have to stay until decided is
 * called, which it is in any case; its `choose` is called on the writer's thread. A reservation has
 * to be given back by ledger_desk_settle. TW_NO_MEMORY: decided is not called. */
enum tw_status ledger_desk_reserve(struct ledger_desk *desk, struct budget_order *order,
                                   ledger_written decided, void *context, struct tw_error *error);
/* The rows are written all the same, and nobody is told. */
void ledger_entry_forget(struct ledger_entry *entry);

#endif
