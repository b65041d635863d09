/* tests/unit/store_place.h: where a test's store is, for the same tests on every kind of store.
 *
 * To have the suite run on one more kind, add a row to store_kinds: how its place is made, empty,
 * and how it goes. A kind that needs a server gets its address from a fixture of CTest
 * (tests/stores). */
#ifndef TIERWAY_TESTS_STORE_PLACE_H
#define TIERWAY_TESTS_STORE_PLACE_H

#include "store/store.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libpq-fe.h>

struct store_place {
    char folder[64];    /* of a database file, or the database's name on a server */
    char path[96];      /* of a database in it */
    char location[512]; /* for store_open */
};

static inline struct store_place place_make(void)
{
    struct store_place place = {.folder = "/tmp/tierway-store-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place.folder));
    snprintf(place.path, sizeof place.path, "%s/ledger.db", place.folder);
    snprintf(place.location, sizeof place.location, "%s", place.path);
    return place;
}

static inline void place_remove(const struct store_place *place)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char path[112];
        snprintf(path, sizeof path, "%s%s", place->path, endings[i]);
        unlink(path);
    }
    CU_ASSERT_EQUAL(rmdir(place->folder), 0);
}

static inline bool sqlite_place_make(struct store_place *place)
{
    *place = place_make();
    return true;
}

static inline bool memory_place_make(struct store_place *place)
{
    *place = (struct store_place){.location = "memory:"};
    return true;
}

static inline void memory_place_remove(const struct store_place *place)
{
    (void)place;
}

/* --- PostgreSQL: a database of its own on the fixture's server --- */

/* The server's address in the file that TIERWAY_TEST_POSTGRES names; false where there is none. */
static inline bool postgres_server(char address[256])
{
    static bool said;
    const char *name = getenv("TIERWAY_TEST_POSTGRES");
    FILE *file = name ? fopen(name, "r") : NULL;
    bool found = file && fgets(address, 256, file);
    if (file)
        fclose(file);
    if (found)
        address[strcspn(address, "\n")] = '\0';
    else if (!said)
        said = printf("\nskipped: no PostgreSQL server is there, nothing is run on one\n") > 0;
    return found;
}

/* A statement of the tests' own, past the store. */
static inline bool postgres_sql(const char *address, const char *sql)
{
    PGconn *connection = PQconnectdb(address);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done)
        printf("\n%s: %s", sql, PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
    return done;
}

/* libpq is not built for the thread sanitizer, which would see races in it. */
#if defined(__SANITIZE_THREAD__)
#define WATCHES_THREADS true
#elif defined(__has_feature)
#define WATCHES_THREADS __has_feature(thread_sanitizer)
#else
#define WATCHES_THREADS false
#endif

static inline bool postgres_place_make(struct store_place *place)
{
    static int count;
    char server[256], sql[128];
    if (WATCHES_THREADS || !postgres_server(server))
        return false;
    *place = (struct store_place){.folder = ""};
    snprintf(place->folder, sizeof place->folder, "t_%d_%d", (int)getpid(), ++count);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0", place->folder);
    CU_ASSERT_TRUE_FATAL(postgres_sql(server, sql));
    snprintf(place->location, sizeof place->location, "%.*s/%s",
             (int)(strrchr(server, '/') - server), server, place->folder);
    return true;
}

static inline void postgres_place_remove(const struct store_place *place)
{
    char server[256], sql[128];
    snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", place->folder);
    CU_ASSERT_TRUE(postgres_server(server) && postgres_sql(server, sql));
}

struct store_kind {
    const char *name;
    bool lasting; /* outlives being closed, may be opened several times */
    bool (*make)(struct store_place *place); /* false: there is none of this kind here */
    void (*remove)(const struct store_place *place);
};

static const struct store_kind store_kinds[] = {
    {"memory", false, memory_place_make, memory_place_remove},
    {"sqlite", true, sqlite_place_make, place_remove},
    {"postgres", true, postgres_place_make, postgres_place_remove},
};
enum { STORE_KINDS = sizeof store_kinds / sizeof store_kinds[0] };

static inline struct store *place_open(const char *location)
{
    struct store *store;
    struct tw_error error = {.message = ""};
    enum tw_status status = store_open(location, &STORE_DEFAULTS, &store, &error);
    if (status != TW_OK)
        printf("\n%s: %s\n", location, error.message);
    CU_ASSERT_EQUAL_FATAL(status, TW_OK);
    return store;
}

/* Says which kind a failure was seen on. */
static inline void say_kind(const struct store_kind *kind, unsigned failures_before)
{
    if (CU_get_number_of_failures() > failures_before)
        printf("\n  (on a store of the kind %s)\n", kind->name);
}

/* Runs a test on an empty place of each kind; with `lasting` only of those that are. */
static inline void on_each_place(bool lasting, void (*test)(const char *location))
{
    for (size_t i = 0; i < STORE_KINDS; i++) {
        const struct store_kind *kind = &store_kinds[i];
        struct store_place place;
        unsigned failures = CU_get_number_of_failures();
        if ((lasting && !kind->lasting) || !kind->make(&place))
            continue;
        test(place.location);
        kind->remove(&place);
        say_kind(kind, failures);
    }
}

/* The same with a store that was opened there. */
static inline void on_each_store(bool lasting, void (*test)(struct store *store))
{
    for (size_t i = 0; i < STORE_KINDS; i++) {
        const struct store_kind *kind = &store_kinds[i];
        struct store_place place;
        unsigned failures = CU_get_number_of_failures();
        if ((lasting && !kind->lasting) || !kind->make(&place))
            continue;
        struct store *store = place_open(place.location);
        test(store);
        store_close(store);
        kind->remove(&place);
        say_kind(kind, failures);
    }
}

/* each_NAME: runs NAME on each kind. */
#define ON_EACH_STORE(name)                                                                        \
    static void each_##name(void)                                                                  \
    {                                                                                              \
        on_each_store(false, name);                                                                \
    }
#define ON_EACH_LASTING_STORE(name)                                                                \
    static void each_##name(void)                                                                  \
    {                                                                                              \
        on_each_store(true, name);                                                                 \
    }
#define ON_EACH_LASTING_PLACE(name)                                                                \
    static void each_##name(void)                                                                  \
    {                                                                                              \
        on_each_place(true, name);                                                                 \
    }

#endif
