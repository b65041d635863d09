/* store/store_postgres_connection.c: reaching the database, and waiting for its bytes.
 *
 * Nothing here waits for ever: a connection is made within a stated time, silence of a stated
 * length loses it. libpq's own messages never hold the password; those about an address that cannot
 * be read hold the address, and are not passed on. */
#include "store/store_postgres.h"

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

enum { SQLSTATE_SIZE = 5, NAME_MAX_BYTES = 1024, OLDEST_SERVER = 120000 };

/* Limits of one connection: a query that takes a minute, or another's lock that is not let go of,
 * ends as an error. Without statistics the planner does not know that the indexes are there for a
 * reason. */
static const char settings[] =
    "SELECT set_config('search_path', 'tierway', false),"
    " set_config('statement_timeout', '600s', false), set_config('lock_timeout', '10s', false),"
    " set_config('idle_in_transaction_session_timeout', '10s', false),"
    " set_config('client_min_messages', 'warning', false),"
    " set_config('tcp_keepalives_idle', '10', false),"
    " set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false), set_config('jit', 'off', false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false),"
    " set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false),"
    " set_config('enable_sort', 'off', false)";

static int64_t milliseconds_now(void)
{
    return clock_monotonic() / 1000000;
}

/* --- the address --- */

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0 && options->val && *options->val)
            return options->val;
    return NULL;
}

enum tw_status postgres_address_name(const struct postgres_library *library, const char *address,
                                     char **name, struct tw_error *error)
{
    PQconninfoOption *options = library->conninfoParse(address, NULL);
    *name = NULL;
    if (!options)
        return fail(error, TW_INVALID,
                    "the store's address is no postgres://USER:PASSWORD@HOST:PORT/DATABASE that "
                    "PostgreSQL's library can read");
    const char *host = option_of(options, "host"), *port = option_of(options, "port");
    const char *database = option_of(options, "dbname");
    if (!host)
        host = option_of(options, "hostaddr");
    struct buffer text;
    buffer_init(&text, NAME_MAX_BYTES);
    buffer_format(&text, "postgres://%s%s%s/%s", host ? host : "", port ? ":" : "",
                  port ? port : "", database ? database : "");
    library->conninfoFree(options);
    if (text.status == TW_OK)
        *name = text.data;
    else
        buffer_free(&text);
    return *name ? TW_OK : fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
}

/* --- connecting --- */

/* The text after the SQLSTATE in "FATAL:  28P01: why\n...", which is kept; the whole where there is
 * none. */
static struct text reason_of(struct postgres_store *postgres, const char *message)
{
    const char *start = message;
    postgres->sqlstate[0] = '\0';
    for (const char *at = strstr(message, ":  "); at; at = strstr(at + 3, ":  ")) {
        size_t length = 0;
        while (length < SQLSTATE_SIZE && isalnum((unsigned char)at[3 + length]))
            length++;
        if (length != SQLSTATE_SIZE || strncmp(at + 3 + length, ": ", 2) != 0)
            continue;
        memcpy(postgres->sqlstate, at + 3, SQLSTATE_SIZE);
        postgres->sqlstate[SQLSTATE_SIZE] = '\0';
        start = at + 3 + SQLSTATE_SIZE + 2;
    }
    return (struct text){start, strcspn(start, "\n")};
}

static enum tw_status connect_status(const struct postgres_store *postgres)
{
    if (strncmp(postgres->sqlstate, "28", 2) == 0 ||
        (!postgres->sqlstate[0] && postgres->connection &&
         postgres->library.connectionNeedsPassword(postgres->connection)))
        return TW_INVALID;
    return strcmp(postgres->sqlstate, "3D000") == 0 ? TW_NOT_FOUND : TW_BUSY;
}

static enum tw_status connect_failure(struct postgres_store *postgres, struct tw_error *error)
{
    const char *message = postgres->connection
                              ? postgres->library.errorMessage(postgres->connection)
                              : "out of memory";
    struct text reason = reason_of(postgres, message);
    enum tw_status status = connect_status(postgres);
    postgres->lost = status == TW_BUSY;
    fail(error, status, "the store '%s' cannot be reached: %.*s", postgres->name,
         TEXT_ARGUMENTS(reason));
    postgres_disconnect(postgres);
    return status;
}

static enum tw_status wait_for_socket(int socket, short events, int64_t milliseconds)
{
    struct pollfd entry = {.fd = socket, .events = events};
    int64_t end = milliseconds_now() + milliseconds;
    for (;;) {
        int64_t left = end - milliseconds_now();
        int ready = poll(&entry, 1, left > 0 ? (int)(left < 1000000 ? left : 1000000) : 0);
        if (ready > 0)
            return TW_OK;
        if (ready < 0 && errno != EINTR)
            return TW_IO;
        if (ready == 0 && left <= 0)
            return TW_TIMEOUT;
    }
}

static enum tw_status finish_connecting(struct postgres_store *postgres, int64_t end,
                                        struct tw_error *error)
{
    const struct postgres_library *library = &postgres->library;
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
        if (wanted == PGRES_POLLING_FAILED)
            return connect_failure(postgres, error);
        short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (wait_for_socket(library->socket(postgres->connection), events,
                            end - milliseconds_now()) != TW_OK) {
            postgres_disconnect(postgres);
            postgres->lost = true;
            return fail(error, TW_BUSY, "the store '%s' cannot be reached: no answer in time",
                        postgres->name);
        }
        wanted = library->connectPoll(postgres->connection);
    }
    return TW_OK;
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static enum tw_status start_connecting(struct postgres_store *postgres, struct tw_error *error)
{
    /* What stands before the address may be set otherwise in it. */
    static const char *const keywords[] = {
        "keepalives_idle",  "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", "connect_timeout",     "fallback_application_name",
        "dbname",           "client_encoding",     NULL};
    const char *const values[] = {"10",   "5", "3", "20000", "10", "tierway", postgres->address,
                                  "UTF8", NULL};
    postgres->connection = postgres->library.connectStartParams(keywords, values, 1);
    if (!postgres->connection || postgres->library.status(postgres->connection) == CONNECTION_BAD)
        return connect_failure(postgres, error);
    postgres->library.setErrorVerbosity(postgres->connection, PQERRORS_VERBOSE);
    postgres->library.setNoticeReceiver(postgres->connection, ignore_notice, NULL);
    return TW_OK;
}

static enum tw_status check_server(struct postgres_store *postgres, struct tw_error *error)
{
    const char *encoding =
        postgres->library.parameterStatus(postgres->connection, "server_encoding");
    if (postgres->library.serverVersion(postgres->connection) < OLDEST_SERVER)
        return fail(error, TW_INVALID, "the store '%s' is a PostgreSQL before version 12",
                    postgres->name);
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return fail(error, TW_INVALID,
                    "the store '%s' is a database with the encoding %s; UTF8 is "
                    "needed",
                    postgres->name, encoding ? encoding : "unknown");
    return TW_OK;
}

enum tw_status postgres_connect(struct postgres_store *postgres, int64_t milliseconds,
                                struct tw_error *error)
{
    int64_t end = milliseconds_now() + milliseconds;
    postgres_disconnect(postgres);
    enum tw_status status = start_connecting(postgres, error);
    if (status == TW_OK)
        status = finish_connecting(postgres, end, error);
    if (status == TW_OK)
        status = check_server(postgres, error);
    if (status == TW_OK && postgres->library.setnonblocking(postgres->connection, 1) != 0)
        status = connect_failure(postgres, error);
    if (status == TW_OK)
        status = postgres_execute(postgres, settings, NULL, error);
    if (status != TW_OK)
        postgres_disconnect(postgres);
    return status;
}

void postgres_disconnect(struct postgres_store *postgres)
{
    if (postgres->connection)
        postgres->library.finish(postgres->connection);
    postgres->connection = NULL;
    postgres->listening = postgres->notified = false;
    memset(postgres->prepared, 0, sizeof postgres->prepared);
}

/* --- bytes --- */

enum tw_status postgres_lose(struct postgres_store *postgres, const char *why,
                             struct tw_error *error)
{
    struct text reason = {why, strcspn(why, "\n")};
    postgres->lost = true;
    postgres->sqlstate[0] = '\0';
    return fail(error, TW_BUSY, "the connection to the store '%s' was lost: %.*s", postgres->name,
                TEXT_ARGUMENTS(reason));
}

enum tw_status postgres_await(struct postgres_store *postgres, int64_t milliseconds,
                              struct tw_error *error)
{
    const struct postgres_library *library = &postgres->library;
    int unsent = library->flush(postgres->connection);
    short events = unsent ? POLLIN | POLLOUT : POLLIN;
    if (unsent < 0)
        return postgres_lose(postgres, library->errorMessage(postgres->connection), error);
    if (wait_for_socket(library->socket(postgres->connection), events, milliseconds) != TW_OK)
        return postgres_lose(postgres, "no answer in time", error);
    if (!library->consumeInput(postgres->connection))
        return postgres_lose(postgres, library->errorMessage(postgres->connection), error);
    return TW_OK;
}

void postgres_take_notifications(struct postgres_store *postgres)
{
    PGnotify *notification;
    int own = postgres->library.backendPID(postgres->connection);
    while ((notification = postgres->library.notifies(postgres->connection))) {
        postgres->notified |= notification->be_pid != own;
        postgres->library.freemem(notification);
    }
}

enum tw_status postgres_await_notification(struct postgres_store *postgres, int64_t milliseconds,
                                           struct tw_error *error)
{
    int64_t end = milliseconds_now() + milliseconds;
    enum tw_status status = TW_OK;
    postgres_take_notifications(postgres);
    while (status == TW_OK && !postgres->notified && milliseconds_now() < end) {
        int socket = postgres->library.socket(postgres->connection);
        if (wait_for_socket(socket, POLLIN, end - milliseconds_now()) != TW_OK)
            break;
        if (!postgres->library.consumeInput(postgres->connection))
            status = postgres_lose(postgres, postgres->library.errorMessage(postgres->connection),
                                   error);
        else
            postgres_take_notifications(postgres);
    }
    return status;
}
