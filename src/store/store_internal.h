/* store/store_internal.h: what each kind of store provides; for this folder only. */
#ifndef TIERWAY_STORE_STORE_INTERNAL_H
#define TIERWAY_STORE_STORE_INTERNAL_H

#include "store/batches.h"

/* What ledger_settle takes. */
struct ledger_settlement {
    const struct ledger_row *rows;
    size_t row_count;
    const int64_t *reservations;
    size_t reservation_count;
};

/* What a kind of store does. jobs.c and batches.c have checked what holds for every kind: that the
 * store may be written, the limits, UTF-8 and ranges that the headers state, that a limit is not 0.
 * Texts may hold any bytes that UTF-8 allows, NUL included. `error` may be NULL. Results by pointer
 * are filled on TW_OK only; those of booleans were set to false before. */
struct store_operations {
    enum tw_status (*settle)(struct store *store, const struct ledger_row *rows, size_t count,
                             const int64_t *reservations, size_t reservation_count,
                             struct tw_error *error);
    enum tw_status (*reserve)(struct store *store, struct budget_order *const *orders, size_t count,
                              struct tw_error *error);
    enum tw_status (*each)(struct store *store, struct ledger_range range, ledger_row_visitor visit,
                           void *context, struct tw_error *error);
    enum tw_status (*groups)(struct store *store, struct ledger_range range,
                             ledger_group_visitor visit, void *context, struct tw_error *error);

    enum tw_status (*submit)(struct store *store, struct job_submission *submissions, size_t count,
                             int64_t now, struct tw_error *error);
    /* `until`: when the claims run out. */
    enum tw_status (*claim)(struct store *store, int64_t now, int64_t until, size_t limit,
                            job_visitor visit, void *context, struct tw_error *error);
    /* A job that is done or failed and has a callback owes it from the ending's `ended` on. */
    enum tw_status (*end)(struct store *store, struct job_ending *endings, size_t count,
                          const struct ledger_settlement *settlement, struct tw_error *error);
    enum tw_status (*extend)(struct store *store, int64_t number, int64_t claim, int64_t lease,
                             bool *lost, struct tw_error *error);
    /* Those that are cancelled and have a callback owe it from `now` on. */
    enum tw_status (*cancel)(struct store *store, struct text id, int64_t now, bool *cancelled,
                             struct tw_error *error);
    enum tw_status (*cancel_batch)(struct store *store, struct text batch, int64_t now,
                                   int64_t *cancelled, struct tw_error *error);
    /* It owes no callback until it ends again. Where it has one, callback_tries grows by 1, so that
     * a claim of the callback of its earlier end is nobody's any more. */
    enum tw_status (*retry)(struct store *store, struct text id, int64_t now, int64_t deadline,
                            bool *retried, struct tw_error *error);
    enum tw_status (*find)(struct store *store, struct text id, job_visitor visit, void *context,
                           bool *found, struct tw_error *error);
    enum tw_status (*list)(struct store *store, const struct job_filter *filter,
                           enum job_state state, int64_t after, size_t limit, job_visitor visit,
                           void *context, struct tw_error *error);
    /* `counts` is all 0 before. */
    enum tw_status (*count)(struct store *store, const struct job_filter *filter,
                            struct job_counts *counts, struct tw_error *error);
    /* Those that are due first, first. A claim moves the due time to `until`. */
    enum tw_status (*claim_callbacks)(struct store *store, int64_t now, int64_t until, size_t limit,
                                      job_visitor visit, void *context, struct tw_error *error);
    enum tw_status (*end_callback)(struct store *store, int64_t number, int64_t tries, int64_t due,
                                   struct tw_error *error);
    /* `milliseconds` is over 0. */
    enum tw_status (*wait)(struct store *store, int64_t milliseconds, struct tw_error *error);

    /* NULL, all of them, in a kind that keeps no files and batches. `added` is false where the id
     * is there already. */
    enum tw_status (*file_add)(struct store *store, const struct stored_file *file, bool *added,
                               struct tw_error *error);
    enum tw_status (*file_find)(struct store *store, struct text id, bool with_content,
                                stored_file_visitor visit, void *context, bool *found,
                                struct tw_error *error);
    enum tw_status (*file_list)(struct store *store, const struct list_part *part,
                                stored_file_visitor visit, void *context, struct tw_error *error);
    enum tw_status (*file_delete)(struct store *store, struct text id, bool *deleted,
                                  struct tw_error *error);
    enum tw_status (*batch_add)(struct store *store, const struct batch *batch, bool *added,
                                struct tw_error *error);
    enum tw_status (*batch_find)(struct store *store, struct text id, batch_visitor visit,
                                 void *context, bool *found, struct tw_error *error);
    enum tw_status (*batch_list)(struct store *store, const struct list_part *part,
                                 batch_visitor visit, void *context, struct tw_error *error);
    enum tw_status (*batch_list_state)(struct store *store, enum batch_state state,
                                       batch_visitor visit, void *context, struct tw_error *error);
    enum tw_status (*batch_change)(struct store *store, const struct batch *batch,
                                   enum batch_state from, bool *changed, struct tw_error *error);

    void (*close)(struct store *store);
};

/* The first member of each kind's own struct. */
struct store {
    const struct store_operations *operations;
    bool read_only;
};

/* TW_READ_ONLY where it was opened for reading only. */
enum tw_status store_check_writable(const struct store *store, struct tw_error *error);
/* TW_LIMIT or TW_INVALID where the text called `name` is over `most` bytes or no UTF-8. */
enum tw_status store_check_text(const char *name, struct text text, size_t most,
                                struct tw_error *error);

enum tw_status store_memory_open(struct store **store, struct tw_error *error);
enum tw_status store_sqlite_open(const char *path, const struct store_options *options,
                                 struct store **store, struct tw_error *error);

enum tw_status store_postgres_open(const char *address, const struct store_options *options,
                                   struct store **store, struct tw_error *error);

/* The members of struct ledger_row as data, in the order of ledger.def. */
struct ledger_member {
    const char *name;
    size_t offset;
    bool text; /* struct text, else int64_t */
    bool required;
};
enum {
#define LEDGER_TEXT(name, required) LEDGER_MEMBER_##name,
#define LEDGER_NUMBER(name, required) LEDGER_MEMBER_##name,
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    LEDGER_MEMBER_COUNT
};
extern const struct ledger_member ledger_members[LEDGER_MEMBER_COUNT];

struct text *ledger_text(const struct ledger_member *member, struct ledger_row *row);
int64_t *ledger_number(const struct ledger_member *member, struct ledger_row *row);
bool ledger_in_range(const struct ledger_row *row, struct ledger_range range);
/* a + b, at most INT64_MAX; neither is negative. */
int64_t sum_of(int64_t a, int64_t b);

#endif
