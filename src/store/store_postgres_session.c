/* store/store_postgres_session.c: a store that writes has a session, a row that outlives its
 * connections, and holds an advisory lock on the row's number while it is connected.
 *
 * A session whose lock can be taken is not connected. Some seconds later what it had reserved is
 * dropped, a day later its row. A store that comes back sooner goes on with its session; the
 * server's end of its old connection is ended first, so that nothing of it can still be committed.
 */
#include "store/store_postgres.h"

#include "base/clock.h"

enum { LOOK_EACH = 1000 }; /* milliseconds */

/* A statement whose only parameter is the session's number; *count: how many rows it gave. */
static enum tw_status run_for_session(struct postgres_store *postgres,
                                      const enum postgres_statement *which, size_t count,
                                      int *last_rows, struct tw_error *error)
{
    struct postgres_arguments number;
    struct postgres_call calls[2];
    struct postgres_rows rows = {.result = NULL};
    postgres_arguments_init(&number);
    postgres_number(&number, postgres->session);
    for (size_t i = 0; i < count; i++)
        calls[i] = (struct postgres_call){.statement = which[i], .arguments = &number};
    calls[count - 1].rows = &rows;
    enum tw_status status = postgres_run(postgres, calls, count, error);
    *last_rows = status == TW_OK ? rows.count : 0;
    postgres_rows_free(&rows);
    postgres_arguments_free(&number);
    return status;
}

enum tw_status postgres_session_open(struct postgres_store *postgres, struct tw_error *error)
{
    struct postgres_rows rows = {.result = NULL};
    if (postgres->session)
        return TW_OK;
    enum tw_status status = postgres_run(
        postgres, &(struct postgres_call){.statement = POSTGRES_ADD_SESSION, .rows = &rows}, 1,
        error);
    if (status == TW_OK)
        postgres->session = postgres_get_number(&rows, 0, 0);
    postgres_rows_free(&rows);
    return status;
}

enum tw_status postgres_session_resume(struct postgres_store *postgres, struct tw_error *error)
{
    static const enum postgres_statement statements[] = {POSTGRES_EXPEL, POSTGRES_KEEP_SESSION};
    int rows;
    enum tw_status status = run_for_session(postgres, statements, 2, &rows, error);
    if (status != TW_OK || rows == 1)
        return status;
    postgres->session = 0;
    postgres->unknown = false;
    return postgres_session_open(postgres, error);
}

void postgres_session_close(struct postgres_store *postgres)
{
    static const enum postgres_statement statements[] = {POSTGRES_DROP_RESERVATIONS,
                                                         POSTGRES_DROP_SESSION};
    int rows;
    if (postgres->session && postgres->connection)
        run_for_session(postgres, statements, 2, &rows, NULL);
}

enum tw_status postgres_session_reclaim(struct postgres_store *postgres, struct tw_error *error)
{
    static const enum postgres_statement statements[] = {POSTGRES_MISS_SESSIONS,
                                                         POSTGRES_DROP_SESSIONS};
    int64_t now = clock_monotonic() / 1000000;
    int rows;
    if (postgres->budget.looked && now < postgres->budget.looked + LOOK_EACH)
        return TW_OK;
    enum tw_status status = run_for_session(postgres, statements, 2, &rows, error);
    if (status == TW_OK)
        postgres->budget.looked = now;
    return status;
}
