/* store/store_postgres_transaction.c: transactions that survive a lost connection.
 *
 * When a connection is lost before the answer to a commit came, nobody knows whether it was done.
 * So each write leaves its mark, a number that grows, in its session's row, in the same
 * transaction. Once the old connection is gone for good (its session's lock can be taken), the row
 * tells which write was the last one that was done. */
#include "store/store_postgres.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

enum {
    FIRST_DELAY = 10, /* milliseconds before a further try; doubled each time, half of it random */
    LAST_DELAY = 1000,
    CONNECT_WAIT = 10000 /* milliseconds for a connection */
};

static int64_t milliseconds_now(void)
{
    return clock_monotonic() / 1000000;
}

/* --- trying again --- */

/* Full of chance, so that many who lost their connections together do not come back together. */
static void wait_a_little(int64_t delay)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t wait = delay / 2 + now.tv_nsec / 1000 % (delay / 2 + 1);
    nanosleep(&(struct timespec){.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000}, NULL);
}

static enum tw_status connect_again(struct postgres_store *postgres, int64_t end,
                                    struct tw_error *error)
{
    int64_t left = end - milliseconds_now();
    int64_t most = left > 1000 ? left : 1000;
    enum tw_status status =
        postgres_connect(postgres, most < CONNECT_WAIT ? most : CONNECT_WAIT, error);
    if (status == TW_OK)
        status = postgres_migrate(postgres, error);
    if (status == TW_OK && postgres->session)
        status = postgres_session_resume(postgres, error);
    if (status != TW_OK)
        postgres_disconnect(postgres);
    return status;
}

/* A server that starts, stops, or has no room for one more: worth waiting for. */
static bool may_pass(const struct postgres_store *postgres)
{
    return postgres->lost || postgres_is_conflict(postgres);
}

enum tw_status postgres_try(struct postgres_store *postgres, postgres_attempt attempt,
                            void *context, struct tw_error *error)
{
    int64_t end = milliseconds_now() + postgres->busy_wait;
    for (int64_t delay = FIRST_DELAY;; delay = 2 * delay < LAST_DELAY ? 2 * delay : LAST_DELAY) {
        enum tw_status status = TW_OK;
        postgres->lost = false;
        if (!postgres->connection)
            status = connect_again(postgres, end, error);
        if (status == TW_OK)
            status = attempt(postgres, context, error);
        if (status == TW_OK || !may_pass(postgres))
            return status;
        if (milliseconds_now() + delay >= end)
            return TW_BUSY;
        wait_a_little(delay);
    }
}

struct repeat {
    const struct postgres_call *calls;
    size_t count;
};

static enum tw_status repeat_once(struct postgres_store *postgres, void *context,
                                  struct tw_error *error)
{
    const struct repeat *repeat = context;
    return postgres_run(postgres, repeat->calls, repeat->count, error);
}

enum tw_status postgres_repeat(struct postgres_store *postgres, const struct postgres_call *calls,
                               size_t count, struct tw_error *error)
{
    return postgres_try(postgres, repeat_once, &(struct repeat){calls, count}, error);
}

/* --- writes that are done once --- */

static enum tw_status read_mark(struct postgres_store *postgres, int64_t *mark,
                                struct tw_error *error)
{
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    postgres_arguments_init(&arguments);
    postgres_number(&arguments, postgres->session);
    enum tw_status status =
        postgres_run(postgres,
                     &(struct postgres_call){
                         .statement = POSTGRES_READ_MARK, .arguments = &arguments, .rows = &rows},
                     1, error);
    postgres_arguments_free(&arguments);
    *mark = 0;
    if (status == TW_OK && rows.count == 1)
        *mark = postgres_get_number(&rows, 0, 0);
    postgres_rows_free(&rows);
    return status;
}

enum tw_status postgres_resolve(struct postgres_store *postgres, bool *done, struct tw_error *error)
{
    int64_t mark;
    *done = false;
    if (!postgres->unknown)
        return TW_OK;
    enum tw_status status = read_mark(postgres, &mark, error);
    if (status != TW_OK)
        return status;
    postgres->unknown = false;
    *done = mark == postgres->write;
    postgres_pending_resolve(&postgres->pending, *done);
    return TW_OK;
}

struct writing {
    const struct postgres_call *calls;
    size_t count;
    int64_t first; /* the mark of this write's first attempt */
    bool *before;
};

static enum tw_status run_marked(struct postgres_store *postgres, const struct writing *writing,
                                 struct tw_error *error)
{
    struct postgres_call calls[POSTGRES_CALLS];
    struct postgres_arguments mark;
    size_t count = 0;
    postgres_arguments_init(&mark);
    postgres_number(&mark, postgres->session);
    postgres_number(&mark, ++postgres->write);
    calls[count++] = (struct postgres_call){.statement = POSTGRES_MARK, .arguments = &mark};
    for (size_t i = 0; i < writing->count; i++)
        calls[count++] = writing->calls[i];
    enum tw_status status = postgres_run(postgres, calls, count, error);
    postgres->unknown = postgres->lost;
    postgres_arguments_free(&mark);
    return status;
}

static enum tw_status write_once(struct postgres_store *postgres, void *context,
                                 struct tw_error *error)
{
    struct writing *writing = context;
    bool done;
    enum tw_status status = postgres_session_open(postgres, error);
    if (status == TW_OK)
        status = postgres_resolve(postgres, &done, error);
    if (status != TW_OK)
        return status;
    *writing->before = done && postgres->write > writing->first;
    return *writing->before ? TW_OK : run_marked(postgres, writing, error);
}

enum tw_status postgres_write(struct postgres_store *postgres, const struct postgres_call *calls,
                              size_t count, bool *before, struct tw_error *error)
{
    bool unwanted;
    struct writing writing = {.calls = calls,
                              .count = count,
                              .first = postgres->write,
                              .before = before ? before : &unwanted};
    *writing.before = false;
    if (count + 1 > POSTGRES_CALLS)
        return fail(error, TW_INTERNAL, "too many calls at once");
    return postgres_try(postgres, write_once, &writing, error);
}

void postgres_rollback(struct postgres_store *postgres)
{
    bool lost = postgres->lost;
    char sqlstate[sizeof postgres->sqlstate];
    memcpy(sqlstate, postgres->sqlstate, sizeof sqlstate);
    if (!postgres->connection)
        return;
    if (postgres_run(postgres, &(struct postgres_call){.statement = POSTGRES_ROLLBACK}, 1, NULL) !=
        TW_OK)
        postgres_disconnect(postgres);
    postgres->lost = lost;
    memcpy(postgres->sqlstate, sqlstate, sizeof sqlstate);
}
