/* Appending to the ledger against bare SQLite: the same file, pragmas, row and batch, in one run,
 * in turns. Prints rows a second of the best round of each, and their ratio.
 *
 * bench_ledger [ROUNDS] */
#include "base/clock.h"
#include "store/store_internal.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 64, BATCHES = 100 };

static struct ledger_row make_row(void)
{
    struct ledger_row row;
    ledger_row_init(&row);
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++)
        if (ledger_members[i].text)
            *ledger_text(&ledger_members[i], &row) = TEXT("sixteen letters.");
        else
            *ledger_number(&ledger_members[i], &row) = 1764000000123;
    row.outcome = 0;
    row.hour = 12;
    return row;
}

static double rate(int64_t begun)
{
    return (double)BATCH * BATCHES * 1e9 / (double)(clock_monotonic() - begun);
}

static double append_rows(const char *path, const struct ledger_row *rows)
{
    const struct store_options options = STORE_DEFAULTS;
    struct store *store;
    if (store_open(path, &options, &store, NULL) != TW_OK)
        exit(2);
    int64_t begun = clock_monotonic();
    for (int i = 0; i < BATCHES; i++)
        if (ledger_append(store, rows, BATCH, NULL) != TW_OK)
            exit(2);
    double result = rate(begun);
    store_close(store);
    return result;
}

static void run(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        exit(2);
}

static sqlite3_stmt *prepare(sqlite3 *database)
{
    sqlite3_stmt *insert;
    char sql[2048] = "INSERT INTO ledger VALUES (NULL";
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++)
        memcpy(sql + strlen(sql), ", ?", sizeof ", ?");
    memcpy(sql + strlen(sql), ")", sizeof ")");
    if (sqlite3_prepare_v2(database, sql, -1, &insert, NULL) != SQLITE_OK)
        exit(2);
    return insert;
}

static void insert_bare(sqlite3_stmt *insert, struct ledger_row *row)
{
    for (int i = 0; i < LEDGER_MEMBER_COUNT; i++) {
        const struct ledger_member *member = &ledger_members[i];
        if (member->text)
            sqlite3_bind_text(insert, i + 1, ledger_text(member, row)->data,
                              (int)ledger_text(member, row)->length, SQLITE_STATIC);
        else
            sqlite3_bind_int64(insert, i + 1, *ledger_number(member, row));
    }
    if (sqlite3_step(insert) != SQLITE_DONE)
        exit(2);
    sqlite3_reset(insert);
}

static double append_bare(const char *path, struct ledger_row *rows)
{
    sqlite3 *database;
    if (sqlite3_open(path, &database) != SQLITE_OK)
        exit(2);
    run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    sqlite3_stmt *insert = prepare(database);
    int64_t begun = clock_monotonic();
    for (int i = 0; i < BATCHES; i++) {
        run(database, "BEGIN IMMEDIATE");
        for (int j = 0; j < BATCH; j++)
            insert_bare(insert, &rows[j]);
        run(database, "COMMIT");
    }
    double result = rate(begun);
    sqlite3_finalize(insert);
    sqlite3_close(database);
    return result;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    char folder[] = "/tmp/tierway-bench-XXXXXX", path[64];
    struct ledger_row rows[BATCH];
    double best[2] = {0};
    if (!mkdtemp(folder))
        return 2;
    for (int i = 0; i < BATCH; i++)
        rows[i] = make_row();
    snprintf(path, sizeof path, "%s/ledger.db", folder);
    append_rows(path, rows);
    for (int i = 0; i < rounds; i++) {
        double ours = append_rows(path, rows), bare = append_bare(path, rows);
        best[0] = ours > best[0] ? ours : best[0];
        best[1] = bare > best[1] ? bare : best[1];
    }
    printf("ledger %.0f rows/s, bare SQLite %.0f rows/s, ratio %.2f\n", best[0], best[1],
           best[0] / best[1]);
    for (int i = 0; i < 4; i++) {
        static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
        snprintf(path, sizeof path, "%s/ledger.db%s", folder, endings[i]);
        unlink(path);
    }
    return rmdir(folder) != 0;
}
