/* store/store_postgres.c: opening and closing a store on PostgreSQL.
 *
 * A database that is not reached when the store is opened is an error at once; one that is lost
 * later is waited for (store_postgres_transaction.c). */
#include "store/store_postgres.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

enum { CONNECT_WAIT = 10000, RETRY_DELAY = 50 }; /* milliseconds */

static enum tw_status connect_and_migrate(struct postgres_store *postgres, struct tw_error *error)
{
    enum tw_status status = postgres_connect(postgres, CONNECT_WAIT, error);
    if (status == TW_OK)
        status = postgres_migrate(postgres, error);
    return status;
}

/* A server that is starting, or has no room for one more now, answers so. */
static bool is_not_ready(const struct postgres_store *postgres)
{
    return strcmp(postgres->sqlstate, "57P03") == 0 || postgres_is_conflict(postgres);
}

static enum tw_status connect_first(struct postgres_store *postgres, struct tw_error *error)
{
    int64_t end = clock_monotonic() / 1000000 + postgres->busy_wait;
    enum tw_status status = connect_and_migrate(postgres, error);
    while (status != TW_OK && is_not_ready(postgres) && clock_monotonic() / 1000000 < end) {
        nanosleep(&(struct timespec){.tv_nsec = RETRY_DELAY * 1000000L}, NULL);
        status = connect_and_migrate(postgres, error);
    }
    return status;
}

static void postgres_close(struct store *store)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    postgres_session_close(postgres);
    postgres_disconnect(postgres);
    usual_output_free(&postgres->budget.usual);
    postgres_library_close(&postgres->library);
    free(postgres->pending.rows);
    free(postgres->ledger_add);
    free(postgres->ledger_rows);
    free(postgres->address);
    free(postgres->name);
    free(postgres);
}

static const struct store_operations operations = {
    .settle = postgres_ledger_settle,
    .reserve = postgres_budget_reserve,
    .each = postgres_ledger_each,
    .groups = postgres_ledger_groups,
    .submit = postgres_job_submit,
    .claim = postgres_job_claim,
    .end = postgres_job_end,
    .extend = postgres_job_extend,
    .cancel = postgres_job_cancel,
    .cancel_batch = postgres_job_cancel_batch,
    .retry = postgres_job_retry,
    .find = postgres_job_find,
    .list = postgres_job_list,
    .count = postgres_job_count,
    .claim_callbacks = postgres_job_claim_callbacks,
    .end_callback = postgres_job_end_callback,
    .wait = postgres_job_wait,
    .file_add = postgres_file_add,
    .file_find = postgres_file_find,
    .file_list = postgres_file_list,
    .file_delete = postgres_file_delete,
    .batch_add = postgres_batch_add,
    .batch_find = postgres_batch_find,
    .batch_list = postgres_batch_list,
    .batch_list_state = postgres_batch_list_state,
    .batch_change = postgres_batch_change,
    .close = postgres_close,
};

static enum tw_status set_up(struct postgres_store *postgres, const char *address,
                             struct tw_error *error)
{
    postgres->address = strdup(address);
    if (!postgres->address)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    enum tw_status status = postgres_library_open(&postgres->library, error);
    if (status == TW_OK)
        status = postgres_address_name(&postgres->library, address, &postgres->name, error);
    if (status == TW_OK)
        status = postgres_ledger_make_sql(postgres, error);
    return status == TW_OK ? connect_first(postgres, error) : status;
}

enum tw_status store_postgres_open(const char *address, const struct store_options *options,
                                   struct store **store, struct tw_error *error)
{
    struct postgres_store *postgres = calloc(1, sizeof *postgres);
    if (!postgres)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    postgres->store = (struct store){&operations, options->read_only};
    postgres->busy_wait = options->busy_wait;
    usual_output_init(&postgres->budget.usual);
    enum tw_status status = set_up(postgres, address, error);
    if (status == TW_OK)
        *store = &postgres->store;
    else
        postgres_close(&postgres->store);
    return status;
}
