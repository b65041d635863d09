/* The ledger's writer: rows from several loops, in order, each told once, none lost. */
#include "unit.h"

#include "gateway/ledger_writer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOPS = 3, ENTRIES = 500 };

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
    CU_ASSERT_EQUAL_FATAL(ledger_writer_open(store, &writer, NULL), TW_OK);
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
    ledger_writer_close(writer);
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

/* A store that may not be written: everybody is told. A row that none may hold: refused at once. */
static void test_failures(void)
{
    struct store *store;
    struct ledger_writer *writer;
    struct loop_run run = {.number = 0};
    const struct store_options options = {.read_only = true};
    struct tw_error error;
    CU_ASSERT_EQUAL_FATAL(store_open("memory:", &options, &store, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(ledger_writer_open(store, &writer, NULL), TW_OK);
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
    ledger_writer_close(writer);
    ledger_writer_close(NULL);
    CU_ASSERT_EQUAL(uv_loop_close(&run.loop), 0);
}

UNIT_TESTS({"several loops", test_loops}, {"failures", test_failures})
