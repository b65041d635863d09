/* The queue against bare SQLite: submitting, then claiming, ending and keeping the ledger row, one
 * at a time and in batches, in one run, in turns; and what an append to a file with fdatasync takes
 * on this disk. Then the next claim with 1,000 queued, and with ten or a hundred times as many at a
 * time, up to QUEUED. Prints jobs a second of the best round of each, and our ratios to them.
 *
 * Bare SQLite has the same pragmas, bodies, results and ledger rows, and does claim, end and row in
 * one transaction; once on our tables with the statements that matter, once on one table of jobs
 * with two partial indexes.
 *
 * bench_jobs [ROUNDS [QUEUED]] */
#include "base/clock.h"
#include "store/jobs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 64, SINGLES = 640, BATCHED = 3200, BODY = 1024, RESULT = 256, LEASE = 60000 };

#define NOW INT64_C(1764000000000)
#define FAR INT64_C(1864000000000)

static char body[BODY], result[RESULT];

static _Noreturn void trouble(const char *what)
{
    fprintf(stderr, "bench_jobs: %s\n", what);
    exit(2);
}

static struct ledger_row make_row(void)
{
    struct ledger_row row;
    ledger_row_init(&row);
    row.request_id = TEXT("req-0123456789abcdef0123456789abcdef");
    row.attempt = 1;
    row.instant = NOW;
    row.model = TEXT("gpt-5-mini");
    row.chosen_tier = row.attempted_tier = row.served_tier = TEXT("flex");
    row.rule = TEXT("otherwise");
    row.policy_hash = TEXT("0123456789abcdef");
    row.input_tokens = row.output_tokens = 1000;
    row.cost = row.default_cost = 1000000;
    row.latency = 1000;
    row.http_status = 200;
    return row;
}

/* One of the things that are compared: each works on a file of its own. */
struct contestant {
    const char *name;
    const char *const *sql; /* NULL: the store */
    char path[96];
    struct store *store;
    sqlite3 *database;
    sqlite3_stmt *submit, *body, *claim, *end, *row, *begin, *commit;
    int64_t next; /* id */
};

enum { ID_SIZE = 40 };

static struct text make_id(struct contestant *one, char id[ID_SIZE])
{
    return (struct text){id, (size_t)snprintf(id, ID_SIZE, "job-%032lld", (long long)one->next++)};
}

/* --- the store --- */

static void submit_ours(struct contestant *one, size_t count)
{
    struct job_submission jobs[BATCH];
    char ids[BATCH][ID_SIZE];
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct job_submission){.id = make_id(one, ids[i]),
                                          .body = {body, BODY},
                                          .due = NOW,
                                          .deadline = NOW + 86400000};
    if (job_submit(one->store, jobs, count, NOW, NULL) != TW_OK)
        trouble("submitting");
}

struct claims {
    struct job_ending endings[BATCH];
    size_t count;
};

static enum tw_status take(void *context, const struct job *job)
{
    struct claims *claims = context;
    claims->endings[claims->count++] = (struct job_ending){.number = job->number,
                                                           .claim = job->claim,
                                                           .state = JOB_DONE,
                                                           .result = {result, RESULT},
                                                           .ended = NOW};
    return TW_OK;
}

static void work_ours(struct contestant *one, size_t count)
{
    struct claims claims = {.count = 0};
    struct ledger_row rows[BATCH];
    for (size_t i = 0; i < count; i++)
        rows[i] = make_row();
    if (job_claim(one->store, NOW, LEASE, count, take, &claims, NULL) != TW_OK ||
        claims.count != count ||
        job_end(one->store, claims.endings, count, rows, count, NULL, 0, NULL) != TW_OK)
        trouble("working");
}

/* --- bare SQLite --- */

enum { SQL_TABLES, SQL_SUBMIT, SQL_BODY, SQL_CLAIM, SQL_END, SQL_STATEMENTS };

static const char *const our_tables[SQL_STATEMENTS] = {
    [SQL_TABLES] = "",
    [SQL_SUBMIT] = "INSERT INTO jobs (id, submitted, due, deadline, stage) VALUES (?, ?, ?, ?, 1)",
    [SQL_BODY] = "INSERT INTO job_bodies VALUES (?, ?)",
    [SQL_CLAIM] = "UPDATE jobs SET stage = 2, claim = claim + 1, lease = ? WHERE number ="
                  " (SELECT number FROM jobs INDEXED BY jobs_ready WHERE state = 0 AND stage = 1"
                  "  ORDER BY deadline, number LIMIT 1) RETURNING number,"
                  " (SELECT body FROM job_bodies WHERE job_bodies.number = jobs.number)",
    [SQL_END] = ("UPDATE jobs SET state = 2, stage = 0, ended = ?2, result = ?3"
                 " WHERE number = ?1 AND stage = 2"),
};

static const char *const one_table[SQL_STATEMENTS] = {
    [SQL_TABLES] = "DROP TABLE jobs; DROP TABLE job_bodies;"
                   "CREATE TABLE jobs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
                   " state INTEGER NOT NULL DEFAULT 0, claim INTEGER NOT NULL DEFAULT 0,"
                   " submitted INTEGER NOT NULL, due INTEGER NOT NULL, deadline INTEGER NOT NULL,"
                   " lease INTEGER, ended INTEGER, body BLOB NOT NULL, result BLOB);"
                   "CREATE INDEX jobs_ready ON jobs (deadline) WHERE state = 0;"
                   "CREATE INDEX jobs_lease ON jobs (lease) WHERE state = 1",
    [SQL_SUBMIT] = "INSERT INTO jobs (id, submitted, due, deadline, body) VALUES (?, ?, ?, ?, ?)",
    [SQL_CLAIM] = "UPDATE jobs SET state = 1, claim = claim + 1, lease = ? WHERE number ="
                  " (SELECT number FROM jobs INDEXED BY jobs_ready WHERE state = 0"
                  "  ORDER BY deadline, number LIMIT 1) RETURNING number, body",
    [SQL_END] = "UPDATE jobs SET state = 2, ended = ?2, result = ?3"
                " WHERE number = ?1 AND state = 1",
};

static sqlite3_stmt *prepare(struct contestant *one, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sql && sqlite3_prepare_v2(one->database, sql, -1, &statement, NULL) != SQLITE_OK)
        trouble(sqlite3_errmsg(one->database));
    return statement;
}

static void step(struct contestant *one, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        trouble(sqlite3_errmsg(one->database));
    sqlite3_reset(statement);
}

static void submit_bare(struct contestant *one, size_t count)
{
    char id[ID_SIZE];
    step(one, one->begin);
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_text(one->submit, 1, id, (int)make_id(one, id).length, SQLITE_STATIC);
        sqlite3_bind_int64(one->submit, 2, NOW);
        sqlite3_bind_int64(one->submit, 3, NOW);
        sqlite3_bind_int64(one->submit, 4, NOW + 86400000);
        if (!one->body)
            sqlite3_bind_blob(one->submit, 5, body, BODY, SQLITE_STATIC);
        step(one, one->submit);
        if (!one->body)
            continue;
        sqlite3_bind_int64(one->body, 1, sqlite3_last_insert_rowid(one->database));
        sqlite3_bind_blob(one->body, 2, body, BODY, SQLITE_STATIC);
        step(one, one->body);
    }
    step(one, one->commit);
}

static int64_t claim_bare(struct contestant *one)
{
    sqlite3_bind_int64(one->claim, 1, NOW + LEASE);
    if (sqlite3_step(one->claim) != SQLITE_ROW)
        trouble("nothing to claim");
    int64_t number = sqlite3_column_int64(one->claim, 0);
    memcpy(body, sqlite3_column_blob(one->claim, 1), BODY);
    step(one, one->claim);
    return number;
}

static void end_bare(struct contestant *one, int64_t number)
{
    sqlite3_bind_int64(one->end, 1, number);
    sqlite3_bind_int64(one->end, 2, NOW);
    sqlite3_bind_blob(one->end, 3, result, RESULT, SQLITE_STATIC);
    step(one, one->end);
}

static void append_bare(struct contestant *one, const struct ledger_row *row)
{
    sqlite3_stmt *insert = one->row;
    int at = 0;
#define LEDGER_TEXT(name, required)                                                                \
    if (++at, row->name.length)                                                                    \
        sqlite3_bind_text(insert, at, row->name.data, (int)row->name.length, SQLITE_STATIC);
#define LEDGER_NUMBER(name, required)                                                              \
    if (++at, row->name != LEDGER_UNKNOWN)                                                         \
        sqlite3_bind_int64(insert, at, row->name);
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    step(one, insert);
}

static void work_bare(struct contestant *one, size_t count)
{
    int64_t numbers[BATCH];
    struct ledger_row row = make_row();
    step(one, one->begin);
    for (size_t i = 0; i < count; i++)
        numbers[i] = claim_bare(one);
    for (size_t i = 0; i < count; i++) {
        end_bare(one, numbers[i]);
        append_bare(one, &row);
    }
    step(one, one->commit);
}

static sqlite3_stmt *prepare_row(struct contestant *one)
{
    char sql[1024] = "INSERT INTO ledger VALUES (NULL";
#define LEDGER_TEXT(name, required) strncat(sql, ", ?", 4);
#define LEDGER_NUMBER(name, required) strncat(sql, ", ?", 4);
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    strncat(sql, ")", 2);
    return prepare(one, sql);
}

static void execute(struct contestant *one, const char *sql)
{
    if (sqlite3_exec(one->database, sql, NULL, NULL, NULL) != SQLITE_OK)
        trouble(sqlite3_errmsg(one->database));
}

/* --- a file --- */

/* Appends a second, each flushed: what the disk allows. */
static double append_file(const char *folder)
{
    char path[96];
    snprintf(path, sizeof path, "%s/file", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int64_t begun = clock_monotonic();
    for (int i = 0; i < SINGLES; i++)
        if (write(file, body, BODY) != BODY || fdatasync(file) != 0)
            trouble("appending to a file");
    double rate = SINGLES * 1e9 / (double)(clock_monotonic() - begun);
    close(file);
    unlink(path);
    return rate;
}

/* --- both --- */

static void open_contestant(struct contestant *one, const char *folder)
{
    const struct store_options options = STORE_DEFAULTS;
    snprintf(one->path, sizeof one->path, "%s/%s", folder,
             one->sql == one_table ? "one"
             : one->sql            ? "bare"
                                   : "ours");
    if (store_open(one->path, &options, &one->store, NULL) != TW_OK)
        trouble("opening the store");
    if (!one->sql)
        return;
    store_close(one->store);
    if (sqlite3_open(one->path, &one->database) != SQLITE_OK)
        trouble("opening the file");
    execute(one, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    execute(one, one->sql[SQL_TABLES]);
    one->submit = prepare(one, one->sql[SQL_SUBMIT]);
    one->body = prepare(one, one->sql[SQL_BODY]);
    one->claim = prepare(one, one->sql[SQL_CLAIM]);
    one->end = prepare(one, one->sql[SQL_END]);
    one->row = prepare_row(one);
    one->begin = prepare(one, "BEGIN IMMEDIATE");
    one->commit = prepare(one, "COMMIT");
}

static void close_contestant(struct contestant *one)
{
    sqlite3_stmt *statements[] = {one->submit, one->body,  one->claim, one->end,
                                  one->row,    one->begin, one->commit};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        sqlite3_finalize(statements[i]);
    if (one->sql)
        sqlite3_close(one->database);
    else
        store_close(one->store);
}

static void remove_files(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char file[112];
        snprintf(file, sizeof file, "%s%s", path, endings[i]);
        unlink(file);
    }
}

/* Jobs a second. */
static double submit(struct contestant *one, size_t total, size_t batch)
{
    int64_t begun = clock_monotonic();
    for (size_t done = 0; done < total; done += batch)
        (one->sql ? submit_bare : submit_ours)(one, batch);
    return (double)total * 1e9 / (double)(clock_monotonic() - begun);
}

static double work(struct contestant *one, size_t total, size_t batch)
{
    int64_t begun = clock_monotonic();
    for (size_t done = 0; done < total; done += batch)
        (one->sql ? work_bare : work_ours)(one, batch);
    return (double)total * 1e9 / (double)(clock_monotonic() - begun);
}

static const struct {
    const char *name;
    double (*run)(struct contestant *one, size_t total, size_t batch);
    size_t total, batch;
} tasks[] = {
    {"submit singly", submit, SINGLES, 1},
    {"submit in batches of 64", submit, BATCHED, BATCH},
    {"claim, end, row singly", work, SINGLES, 1},
    {"claim, end, row in batches of 64", work, BATCHED, BATCH},
};
enum { TASKS = sizeof tasks / sizeof tasks[0], CONTESTANTS = 3 };

static void keep_most(double *most, double rate)
{
    *most = rate > *most ? rate : *most;
}

static void compare(const char *folder, int rounds)
{
    struct contestant all[CONTESTANTS] = {{.name = "tierway"},
                                          {.name = "same tables", .sql = our_tables},
                                          {.name = "one table", .sql = one_table}};
    double best[CONTESTANTS][TASKS] = {{0}}, file = 0;
    for (int i = 0; i < CONTESTANTS; i++)
        open_contestant(&all[i], folder);
    for (int round = 0; round < rounds; round++) {
        for (int task = 0; task < TASKS; task++)
            for (int i = 0; i < CONTESTANTS; i++) {
                struct contestant *one = &all[(i + round) % CONTESTANTS];
                keep_most(&best[one - all][task],
                          tasks[task].run(one, tasks[task].total, tasks[task].batch));
            }
        keep_most(&file, append_file(folder));
    }
    for (int task = 0; task < TASKS; task++)
        printf("%-34s %8.0f/s   bare, same tables %8.0f/s, ratio %.2f   bare, one table %8.0f/s,"
               " ratio %.2f\n",
               tasks[task].name, best[0][task], best[1][task], best[0][task] / best[1][task],
               best[2][task], best[0][task] / best[2][task]);
    printf("%-34s %8.0f/s\n", "append of 1 KB with fdatasync", file);
    for (int i = 0; i < CONTESTANTS; i++) {
        close_contestant(&all[i]);
        remove_files(all[i].path);
    }
}

/* --- the next claim --- */

static void fill(struct store *store, size_t count, int64_t due)
{
    static struct job_submission jobs[1000];
    for (size_t done = 0; done < count; done += 1000) {
        for (size_t i = 0; i < 1000; i++)
            jobs[i] = (struct job_submission){
                .body = {body, 100},
                .due = due,
                .deadline = NOW + (int64_t)((done + i) * 2654435761U % 86400000)};
        if (job_submit(store, jobs, 1000, NOW, NULL) != TW_OK)
            trouble("filling");
    }
}

/* Microseconds for one, of the best of ten times 64. They are put back; the next ones differ. */
static double next_claim(struct store *store)
{
    int64_t best = INT64_MAX;
    for (int round = 0; round < 10; round++) {
        struct claims claims = {.count = 0};
        int64_t begun = clock_monotonic();
        for (int i = 0; i < BATCH; i++)
            if (job_claim(store, NOW, LEASE, 1, take, &claims, NULL) != TW_OK)
                trouble("claiming");
        int64_t took = clock_monotonic() - begun;
        best = took < best ? took : best;
        for (size_t i = 0; i < claims.count; i++)
            claims.endings[i] = (struct job_ending){.number = claims.endings[i].number,
                                                    .claim = claims.endings[i].claim,
                                                    .state = JOB_QUEUED,
                                                    .due = FAR};
        if (claims.count != BATCH ||
            job_end(store, claims.endings, BATCH, NULL, 0, NULL, 0, NULL) != TW_OK)
            trouble("putting back");
    }
    return (double)best / 1e3 / BATCH;
}

/* Prints the time of a claim with 1,000 queued, then with a hundred times as many, then with all,
 * then with as many again that wait for their due time. */
static void grow(const char *folder, size_t queued)
{
    const struct store_options options = STORE_DEFAULTS;
    const size_t sizes[] = {1000, 100000 < queued ? 100000 : queued, queued};
    char path[96];
    struct store *store;
    double first = 0;
    size_t filled = 0;
    snprintf(path, sizeof path, "%s/many", folder);
    if (store_open(path, &options, &store, NULL) != TW_OK)
        trouble("opening the store");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; filled = sizes[i++]) {
        fill(store, sizes[i] - filled, NOW);
        double took = next_claim(store);
        first = i ? first : took;
        printf("next claim, %7zu queued %26.1f us   %.2f times the first\n", sizes[i], took,
               took / first);
    }
    fill(store, queued, FAR);
    double took = next_claim(store);
    printf("next claim, and %7zu that wait %19.1f us   %.2f times the first\n", queued, took,
           took / first);
    store_close(store);
    remove_files(path);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    size_t queued = argc > 2 ? (size_t)atol(argv[2]) : 1000000;
    char folder[] = "/tmp/tierway-bench-XXXXXX";
    if (queued < 1000)
        trouble("QUEUED is at least 1000");
    if (!mkdtemp(folder))
        trouble("making a folder");
    memset(body, 'b', sizeof body);
    memset(result, 'r', sizeof result);
    compare(folder, rounds);
    grow(folder, queued);
    return rmdir(folder) != 0;
}
