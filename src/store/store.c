/* store/store.c: opens the kind of store that a location names, and passes calls on to it.
 *
 * Checks what every kind would have to check: rows, and that a store may be written. */
#include "store/store_internal.h"

#include <string.h>

static bool starts_with(const char *location, const char *prefix)
{
    return strncmp(location, prefix, strlen(prefix)) == 0;
}

enum tw_status store_open(const char *location, const struct store_options *options,
                          struct store **store, struct tw_error *error)
{
    *store = NULL;
    if (*location == '\0')
        return fail(error, TW_INVALID, "the store's path is empty");
    enum tw_status status;
    if (starts_with(location, "postgres://") || starts_with(location, "postgresql://"))
        status = store_postgres_open(location, options, store, error);
    else if (strcmp(location, "memory:") == 0)
        status = store_memory_open(store, error);
    else
        status = store_sqlite_open(location, options, store, error);
    if (status == TW_OK)
        (*store)->read_only = options->read_only;
    return status;
}

void store_close(struct store *store)
{
    if (store)
        store->operations->close(store);
}

enum tw_status ledger_append(struct store *store, const struct ledger_row *rows, size_t count,
                             struct tw_error *error)
{
    return ledger_settle(store, rows, count, NULL, 0, error);
}

enum tw_status store_check_writable(const struct store *store, struct tw_error *error)
{
    return store->read_only ? fail(error, TW_READ_ONLY, "the store was opened for reading only")
                            : TW_OK;
}

enum tw_status store_check_text(const char *name, struct text text, size_t most,
                                struct tw_error *error)
{
    if (text.length > most)
        return fail(error, TW_LIMIT, "%s is over %zu bytes", name, most);
    if (utf8_valid_prefix(text) != text.length)
        return fail(error, TW_INVALID, "%s is not UTF-8", name);
    return TW_OK;
}

enum tw_status ledger_settle(struct store *store, const struct ledger_row *rows, size_t count,
                             const int64_t *reservations, size_t reservation_count,
                             struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = ledger_row_check(&rows[i], error);
    if (status != TW_OK || count + reservation_count == 0)
        return status;
    return store->operations->settle(store, rows, count, reservations, reservation_count, error);
}

enum tw_status budget_reserve(struct store *store, struct budget_order *const *orders, size_t count,
                              struct tw_error *error)
{
    enum tw_status status = store_check_writable(store, error);
    for (size_t i = 0; i < count; i++)
        orders[i]->reservation = 0;
    if (status != TW_OK || count == 0)
        return status;
    status = store->operations->reserve(store, orders, count, error);
    for (size_t i = 0; i < count && status != TW_OK; i++)
        orders[i]->reservation = 0;
    return status;
}

enum tw_status ledger_each(struct store *store, struct ledger_range range, ledger_row_visitor visit,
                           void *context, struct tw_error *error)
{
    return store->operations->each(store, range, visit, context, error);
}

enum tw_status ledger_groups(struct store *store, struct ledger_range range,
                             ledger_group_visitor visit, void *context, struct tw_error *error)
{
    return store->operations->groups(store, range, visit, context, error);
}
