/* store/store_memory.c: a store that is gone when it is closed; for tests and short runs.
 *
 * Rows are copied into an arena of at most MEMORY_MAX bytes; beyond that, TW_FULL. */
#include "store/store_memory.h"

#include <stdlib.h>

#define MEMORY_MAX ((size_t)1 << 30)

static struct memory_row *copy_row(struct arena *arena, const struct ledger_row *row)
{
    struct memory_row *copy = ARENA_NEW(arena, struct memory_row);
    if (!copy)
        return NULL;
    copy->row = *row;
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++) {
        const struct ledger_member *member = &ledger_members[i];
        if (!member->text)
            continue;
        struct text *text = ledger_text(member, &copy->row);
        *text = arena_text(arena, *text);
    }
    return arena->failed ? NULL : copy;
}

enum tw_status memory_settle(struct store *store, const struct ledger_row *rows, size_t count,
                             const int64_t *reservations, size_t reservation_count,
                             struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    struct memory_row *first = NULL, **end = &first;
    memory->arena.failed = memory->arena.over_limit = false;
    for (size_t i = 0; i < count; i++) {
        struct memory_row *copy = copy_row(&memory->arena, &rows[i]);
        if (!copy)
            return memory->arena.over_limit
                       ? fail(error, TW_FULL, "the store in memory is full")
                       : fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
        *end = copy;
        end = &copy->next;
    }
    if (count) {
        *memory->end = first;
        memory->end = end;
        memory->count += count;
    }
    memory_release(memory, reservations, reservation_count);
    return TW_OK;
}

static enum tw_status memory_each(struct store *store, struct ledger_range range,
                                  ledger_row_visitor visit, void *context, struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    (void)error;
    for (const struct memory_row *at = memory->first; at; at = at->next) {
        enum tw_status status = ledger_in_range(&at->row, range) ? visit(context, &at->row) : TW_OK;
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

static int compare_groups(const void *left, const void *right)
{
    const struct ledger_row *a = *(const struct ledger_row *const *)left;
    const struct ledger_row *b = *(const struct ledger_row *const *)right;
    int order = text_compare(a->served_tier, b->served_tier);
    if (order == 0)
        order = text_compare(a->rule, b->rule);
    return order ? order : (a->outcome > b->outcome) - (a->outcome < b->outcome);
}

/* rows are sorted by group. */
static enum tw_status visit_groups(const struct ledger_row **rows, size_t count,
                                   ledger_group_visitor visit, void *context)
{
    for (size_t i = 0; i < count;) {
        const struct ledger_row *first = rows[i];
        struct ledger_group group = {.served_tier = first->served_tier,
                                     .rule = first->rule,
                                     .outcome = (enum ledger_outcome)first->outcome};
        for (; i < count && compare_groups(&first, &rows[i]) == 0; i++)
            ledger_group_add(&group, rows[i]);
        enum tw_status status = visit(context, &group);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

static enum tw_status memory_groups(struct store *store, struct ledger_range range,
                                    ledger_group_visitor visit, void *context,
                                    struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    const struct ledger_row **rows = calloc(memory->count + 1, sizeof(struct ledger_row *));
    if (!rows)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    size_t count = 0;
    for (const struct memory_row *at = memory->first; at; at = at->next)
        if (ledger_in_range(&at->row, range))
            rows[count++] = &at->row;
    qsort(rows, count, sizeof *rows, compare_groups);
    enum tw_status status = visit_groups(rows, count, visit, context);
    free(rows);
    return status;
}

static void memory_close(struct store *store)
{
    struct memory_store *memory = (struct memory_store *)store;
    memory_budget_free(memory);
    arena_free(&memory->arena);
    free(memory);
}

enum tw_status store_memory_open(struct store **store, struct tw_error *error)
{
    static const struct store_operations operations = {
        .settle = memory_settle,
        .reserve = memory_reserve,
        .each = memory_each,
        .groups = memory_groups,
        .submit = memory_submit,
        .claim = memory_claim,
        .end = memory_end,
        .extend = memory_extend,
        .cancel = memory_cancel,
        .cancel_batch = memory_cancel_batch,
        .retry = memory_retry,
        .find = memory_find,
        .list = memory_list,
        .count = memory_count,
        .claim_callbacks = memory_claim_callbacks,
        .end_callback = memory_end_callback,
        .wait = memory_wait,
        .close = memory_close,
    };
    struct memory_store *memory = calloc(1, sizeof *memory);
    if (!memory)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    memory->store.operations = &operations;
    memory->end = memory->learnt = &memory->first;
    memory->jobs_end = &memory->jobs;
    usual_output_init(&memory->usual);
    arena_init(&memory->arena, MEMORY_MAX);
    *store = &memory->store;
    return TW_OK;
}
