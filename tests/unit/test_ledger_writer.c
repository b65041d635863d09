/* The ledger's writer: rows from several loops, in order, each told once, none lost. */
#include "unit.h"

#include "gateway/ledger_writer.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOPS = 3, ENTRIES = 500 };

static const struct ledger_writer_options options_of_writer = {.patience = 1000};

struct loop_run {
    struct ledger_writer *writer;
    uv_loop_t loop;
    struct ledger_desk *desk;
    uv_thread_t thread;
    int number;
    size_t added, told, failed;
    bool closed;
};

static struct ledger_row make_row(const char *request_id, int64_t attempt)
{
    struct ledger_row row;
    ledger_row_init(&row);
    row.request_id = text_of(request_id);
    row.attempt = attempt;
    row.model = TEXT("gpt-5");
    row.rule = TEXT("otherwise");
    return row;
}

static void on_written(void *context, enum tw_status status)
{
    struct loop_run *run = context;
    run->told++;
    run->failed += status != TW_OK;
}

static void on_closed(void *context)
{
    ((struct loop_run *)context)->closed = true;
}

static void add(struct loop_run *run)
{
    char name[32];
    snprintf(name, sizeof name, "%d-%zu", run->number, run->added++);
    const struct ledger_row rows[] = {make_row(name, 1), make_row(name, 2)};
    struct ledger_entry *entry;
    CU_ASSERT_EQUAL(ledger_desk_add(run->desk, rows, 2, on_written, run, &entry, NULL), TW_OK);
    memset(name, '?', sizeof name); /* the texts are copied */
    if (run->added % 10 == 0)
        ledger_entry_forget(entry);
}

static void run_loop(void *context)
{
    struct loop_run *run = context;
    uv_loop_init(&run->loop);
    CU_ASSERT_EQUAL(ledger_desk_open(run->writer, &run->loop, &run->desk, NULL), TW_OK);
    while (run->added < ENTRIES) {
        add(run);
        uv_run(&run->loop, UV_RUN_NOWAIT);
    }
    ledger_desk_close(run->desk, on_closed, run);
    uv_run(&run->loop, UV_RUN_DEFAULT);
    CU_ASSERT_EQUAL(uv_loop_close(&run->loop), 0);
}

struct order {
    size_t rows;
    size_t next[LOOPS]; /* number of the entry whose rows are to come */
};

static enum tw_status check_row(void *context, const struct ledger_row *row)
{
    struct order *order = context;
    char name[64];
    int loop = row->request_id.data[0] - '0';
    CU_ASSERT_FATAL(loop >= 0 && loop < LOOPS);
    snprintf(name, sizeof name, "%d-%zu", loop, order->next[loop]);
    CU_ASSERT_TRUE(text_is(row->request_id, name));
    CU_ASSERT_TRUE(text_is(row->model, "gpt-5"));
    order->next[loop] += row->attempt == 2;
    order->rows++;
    return TW_OK;
}

static void test_loops(void)
{
    char folder[] = "/tmp/tierway-writer-XXXXXX", path[64], command[96];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ledger.db", folder);
    struct store *store;
    struct ledger_writer *writer;
    const struct store_options options = STORE_DEFAULTS;
    CU_ASSERT_EQUAL_FATAL(store_open(path, &options, &store, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(ledger_writer_open(store, &options_of_writer, &writer, NULL), TW_OK);
    struct loop_run runs[LOOPS] = {0};
    for (int i = 0; i < LOOPS; i++) {
        runs[i].writer = writer;
        runs[i].number = i;
        uv_thread_create(&runs[i].thread, run_loop, &runs[i]);
    }
    for (int i = 0; i < LOOPS; i++) {
        uv_thread_join(&runs[i].thread);
        CU_ASSERT_EQUAL(runs[i].told, ENTRIES - ENTRIES / 10);
        CU_ASSERT_EQUAL(runs[i].failed, 0);
        CU_ASSERT_TRUE(runs[i].closed);
    }
    CU_ASSERT_EQUAL(ledger_writer_close(writer, 1000), 0);
    CU_ASSERT_EQUAL_FATAL(store_open(path, &options, &store, NULL), TW_OK);
    struct order order = {0};
    CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, check_row, &order, NULL), TW_OK);
    CU_ASSERT_EQUAL(order.rows, LOOPS * ENTRIES * 2);
    store_close(store);
    static const char *const ends[] = {"", "-wal", "-shm", "-lock"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(command, sizeof command, "%s%s", path, ends[i]);
        unlink(command);
    }
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

/* A writer on a store that somebody else holds, and a loop with a desk. */
struct outage {
    char folder[40], path[64];
    sqlite3 *other;
    struct ledger_writer *writer;
    struct loop_run run;
    int lines; /* that were reported */
};

static void count_line(void *context, const char *line)
{
    struct outage *outage = context;
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "the ledger can"));
    outage->lines++;
}

static void lock_store(struct outage *outage, bool locked)
{
    CU_ASSERT_EQUAL(
        sqlite3_exec(outage->other, locked ? "BEGIN IMMEDIATE" : "COMMIT", NULL, NULL, NULL),
        SQLITE_OK);
}

static void outage_begin(struct outage *outage, int64_t patience)
{
    const struct store_options options = {.busy_wait = 1};
    struct store *store;
    *outage = (struct outage){.folder = "/tmp/tierway-writer-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(outage->folder));
    snprintf(outage->path, sizeof outage->path, "%s/ledger.db", outage->folder);
    CU_ASSERT_EQUAL_FATAL(store_open(outage->path, &options, &store, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(outage->path, &outage->other), SQLITE_OK);
    const struct ledger_writer_options writer = {
        .patience = patience, .report = count_line, .context = outage};
    CU_ASSERT_EQUAL_FATAL(ledger_writer_open(store, &writer, &outage->writer, NULL), TW_OK);
    uv_loop_init(&outage->run.loop);
    CU_ASSERT_EQUAL_FATAL(
        ledger_desk_open(outage->writer, &outage->run.loop, &outage->run.desk, NULL), TW_OK);
    lock_store(outage, true);
}

/* Runs the loop until so many were told, or much too long. */
static void run_until_told(struct outage *outage, size_t told)
{
    for (int i = 0; i < 20000 && outage->run.told < told; i++) {
        uv_run(&outage->run.loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    CU_ASSERT_EQUAL(outage->run.told, told);
}

static void outage_end(struct outage *outage, size_t lost, size_t rows)
{
    struct order order = {0};
    struct store *store;
    static const char *const ends[] = {"", "-wal", "-shm", "-lock"};
    ledger_desk_close(outage->run.desk, on_closed, &outage->run);
    uv_run(&outage->run.loop, UV_RUN_DEFAULT);
    CU_ASSERT_EQUAL(uv_loop_close(&outage->run.loop), 0);
    CU_ASSERT_EQUAL(ledger_writer_close(outage->writer, lost ? 0 : 20000), lost);
    CU_ASSERT_EQUAL(sqlite3_close(outage->other), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(store_open(outage->path, &STORE_DEFAULTS, &store, NULL), TW_OK);
    CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, check_row, &order, NULL), TW_OK);
    CU_ASSERT_EQUAL(order.rows, rows);
    store_close(store);
    for (size_t i = 0; i < 4; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", outage->path, ends[i]);
        unlink(name);
    }
    CU_ASSERT_EQUAL(rmdir(outage->folder), 0);
}

/* Who waits is told late that the rows are not durable, and they are written all the same. */
static void test_kept(void)
{
    struct outage outage;
    outage_begin(&outage, 20);
    for (int i = 0; i < 9; i++)
        add(&outage.run);
    run_until_told(&outage, 9);
    CU_ASSERT_EQUAL(outage.run.failed, 9);
    CU_ASSERT_EQUAL(ledger_desk_check(outage.run.desk), TW_BUSY);
    struct ledger_writer_state state = ledger_writer_state(outage.writer);
    CU_ASSERT_TRUE(state.failing);
    CU_ASSERT_EQUAL(state.kept, 18);
    lock_store(&outage, false);
    add(&outage.run); /* the tenth is forgotten, and written behind the others */
    add(&outage.run);
    run_until_told(&outage, 10);
    CU_ASSERT_EQUAL(outage.run.failed, 9);
    CU_ASSERT_EQUAL(ledger_desk_check(outage.run.desk), TW_OK);
    state = ledger_writer_state(outage.writer);
    CU_ASSERT_FALSE(state.failing);
    CU_ASSERT_EQUAL(state.kept, 0);
    CU_ASSERT_EQUAL(outage.lines, 2);
    outage_end(&outage, 0, 22);
}

/* An outage that ends soon enough is seen by nobody. */
static void test_short_outage(void)
{
    struct outage outage;
    outage_begin(&outage, 60000);
    for (int i = 0; i < 5; i++)
        add(&outage.run);
    for (int i = 0; i < 20000 && !ledger_writer_state(outage.writer).failing; i++) {
        uv_run(&outage.run.loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    CU_ASSERT_EQUAL(ledger_desk_check(outage.run.desk), TW_OK);
    CU_ASSERT_EQUAL(outage.run.told, 0);
    lock_store(&outage, false);
    run_until_told(&outage, 5);
    CU_ASSERT_EQUAL(outage.run.failed, 0);
    outage_end(&outage, 0, 10);
}

/* There is a bound, after which nothing new may begin; and a writer that closes cannot wait. */
static void test_too_many(void)
{
    enum { MANY = LEDGER_KEPT_MAX / 2 };
    struct outage outage;
    outage_begin(&outage, 0);
    while (outage.run.added < MANY)
        add(&outage.run);
    run_until_told(&outage, MANY - MANY / 10);
    for (int i = 0; i < 20000 && ledger_writer_state(outage.writer).kept < LEDGER_KEPT_MAX; i++)
        usleep(1000);
    CU_ASSERT_EQUAL(ledger_desk_check(outage.run.desk), TW_FULL);
    outage_end(&outage, LEDGER_KEPT_MAX, 0);
}

/* A store that may not be written: everybody is told. A row that none may hold: refused at once. */
static void test_failures(void)
{
    struct store *store;
    struct ledger_writer *writer;
    struct loop_run run = {.number = 0};
    const struct store_options options = {.read_only = true};
    struct tw_error error;
    CU_ASSERT_EQUAL_FATAL(store_open("memory:", &options, &store, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(ledger_writer_open(store, &options_of_writer, &writer, NULL), TW_OK);
    uv_loop_init(&run.loop);
    CU_ASSERT_EQUAL_FATAL(ledger_desk_open(writer, &run.loop, &run.desk, NULL), TW_OK);
    for (int i = 0; i < 3; i++)
        add(&run);
    struct ledger_row bad = make_row("", 1);
    CU_ASSERT_EQUAL(ledger_desk_add(run.desk, &bad, 1, on_written, &run, NULL, &error), TW_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "request_id"));
    ledger_desk_close(run.desk, on_closed, &run);
    uv_run(&run.loop, UV_RUN_DEFAULT);
    CU_ASSERT_EQUAL(run.told, 3);
    CU_ASSERT_EQUAL(run.failed, 3);
    CU_ASSERT_TRUE(run.closed);
    CU_ASSERT_EQUAL(ledger_writer_close(writer, 0), 6);
    CU_ASSERT_EQUAL(ledger_writer_close(NULL, 0), 0);
    CU_ASSERT_EQUAL(uv_loop_close(&run.loop), 0);
}

UNIT_TESTS({"several loops", test_loops}, {"failures", test_failures}, {"kept", test_kept},
           {"a short outage", test_short_outage}, {"too many", test_too_many})
