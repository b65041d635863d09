/* store/store_internal.h: what each kind of store provides; for this folder only. */
#ifndef TIERWAY_STORE_STORE_INTERNAL_H
#define TIERWAY_STORE_STORE_INTERNAL_H

#include "store/jobs.h"

/* What ledger_settle takes. */
struct ledger_settlement {
    const struct ledger_row *rows;
    size_t row_count;
    const int64_t *reservations;
    size_t reservation_count;
};

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
    enum tw_status (*end)(struct store *store, struct job_ending *endings, size_t count,
                          const struct ledger_settlement *settlement, struct tw_error *error);
    enum tw_status (*extend)(struct store *store, int64_t number, int64_t claim, int64_t lease,
                             bool *lost, struct tw_error *error);
    enum tw_status (*cancel)(struct store *store, struct text id, bool *cancelled,
                             struct tw_error *error);
    enum tw_status (*find)(struct store *store, struct text id, job_visitor visit, void *context,
                           struct tw_error *error);
    enum tw_status (*list)(struct store *store, enum job_state state, int64_t after, size_t limit,
                           job_visitor visit, void *context, struct tw_error *error);
    enum tw_status (*counts)(struct store *store, int64_t counts[JOB_STATE_COUNT],
                             struct tw_error *error);
    void (*close)(struct store *store);
};

/* The first member of each kind's own struct. */
struct store {
    const struct store_operations *operations;
    bool read_only;
};

enum tw_status store_memory_open(struct store **store, struct tw_error *error);
enum tw_status store_sqlite_open(const char *path, const struct store_options *options,
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
