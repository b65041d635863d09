/* Budgets under threads, processes, and processes that die: nothing is overrun, nothing stays
 * reserved. Every thread has its own store at one place, as processes would. */
#include "budget_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store_place.h"

#define NOON "2026-03-04T17:00:00Z"
enum { THREADS = 500, PROCESSES = 4, FITTING = 37, PATIENCE = 120000 /* milliseconds */ };

/* Room for FITTING requests of 3 cents, and one cent more. */
static const char policy_text[] = "budget daily $1.12 per day\n"
                                  "spent: when daily.left <= $0 -> reject \"spent\"\n"
                                  "otherwise -> default\n";

static struct store *open_store(const char *path)
{
    const struct store_options options = {.busy_wait = PATIENCE};
    struct store *store;
    struct tw_error error = {0};
    if (store_open(path, &options, &store, &error) != TW_OK)
        printf("\n%s\n", error.message);
    return store;
}

/* --- one request after another in each thread --- */

struct crowd {
    const struct budget_fixture *fixture;
    const char *path;
    int64_t percent_billed; /* of the estimate */
};

/* One request: asks, and settles what it is billed. False: something went wrong. */
static bool one_request(const struct crowd *crowd, struct store *store)
{
    struct budget_fixture own = *crowd->fixture;
    struct budget_question question;
    struct tw_error error = {0};
    enum tw_status status = tw_request_new(own.policy, &own.request);
    arena_init(&own.arena, 1 << 20);
    if (status == TW_OK) {
        question = question_of(&own, at(NOON), 300);
        status = budget_question_open(&question, &own.arena, &error);
    }
    if (status == TW_OK)
        status = budget_decide(&question, store, &error);
    if (status == TW_OK && question.order.reservation) {
        struct ledger_row row = budget_row(at(NOON), question.amount / 100 * crowd->percent_billed);
        sched_yield();
        status = ledger_settle(store, &row, 1, &question.order.reservation, 1, &error);
    }
    if (status != TW_OK)
        printf("\n%s\n", error.message);
    arena_free(&own.arena);
    tw_request_free(own.request);
    return status == TW_OK;
}

static void *run_thread(void *context)
{
    const struct crowd *crowd = context;
    struct store *store = open_store(crowd->path);
    bool good = store && one_request(crowd, store);
    store_close(store);
    return good ? context : NULL;
}

/* True if every thread did what it should. */
static bool run_threads(struct crowd *crowd, size_t count)
{
    pthread_t *threads = calloc(count, sizeof *threads);
    size_t started = 0, good = 0;
    while (threads && started < count &&
           pthread_create(&threads[started], NULL, run_thread, crowd) == 0)
        started++;
    for (size_t i = 0; i < started; i++) {
        void *result;
        good += pthread_join(threads[i], &result) == 0 && result;
    }
    free(threads);
    return good == count;
}

static void run_processes(struct crowd *crowd)
{
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        CU_ASSERT_NOT_EQUAL_FATAL(children[i], -1);
        if (children[i] == 0)
            _exit(run_threads(crowd, THREADS / PROCESSES) ? 0 : 1);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        CU_ASSERT_EQUAL(waitpid(children[i], &status, 0), children[i]);
        CU_ASSERT_EQUAL(status, 0);
    }
}

static enum tw_status add_cost(void *context, const struct ledger_row *row)
{
    int64_t *sums = context;
    sums[0]++;
    sums[1] += row->cost;
    return TW_OK;
}

static void check_crowd(const char *location, int64_t percent_billed, bool processes,
                        int64_t sums[2])
{
    struct budget_fixture fixture;
    budget_fixture_open(&fixture, policy_text, NULL);
    struct crowd crowd = {&fixture, location, percent_billed};
    if (processes)
        run_processes(&crowd);
    else
        CU_ASSERT_TRUE(run_threads(&crowd, THREADS));
    fixture.store = open_store(location);
    CU_ASSERT_EQUAL(ledger_each(fixture.store, LEDGER_ALL, add_cost, sums, NULL), TW_OK);
    struct budget_question question = ask(&fixture, at(NOON), 0);
    CU_ASSERT_EQUAL(question.order.buckets[0].spent, sums[1]); /* nothing stays reserved */
    budget_fixture_close(&fixture);
}

static void threads_overrun_by_nothing(const char *location)
{
    int64_t sums[2] = {0};
    check_crowd(location, 100, false, sums);
    CU_ASSERT_EQUAL(sums[0], FITTING);
    CU_ASSERT_EQUAL(sums[1], FITTING * 3 * CENT);
}

static void processes_overrun_by_nothing(const char *location)
{
    int64_t sums[2] = {0};
    check_crowd(location, 100, true, sums);
    CU_ASSERT_EQUAL(sums[0], FITTING);
    CU_ASSERT_EQUAL(sums[1], FITTING * 3 * CENT);
}

static void what_is_not_billed_can_be_spent_again(const char *location)
{
    int64_t sums[2] = {0};
    check_crowd(location, 50, false, sums);
    CU_ASSERT(sums[0] >= FITTING && sums[0] <= 74);
    CU_ASSERT(sums[1] <= 112 * CENT);
}

/* --- owners that die --- */

/* A process that reserves 3 cents, says so, and waits to be killed. */
static pid_t start_owner(struct budget_fixture *fixture, const char *path)
{
    int pipes[2];
    char byte = 0;
    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        fixture->store = open_store(path);
        byte = ask(fixture, at(NOON), 300).order.reservation ? 'r' : '-';
        if (write(pipes[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    CU_ASSERT_EQUAL(read(pipes[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(byte, 'r');
    close(pipes[0]);
    close(pipes[1]);
    return child;
}

static int64_t spent_now(struct budget_fixture *fixture)
{
    return ask(fixture, at(NOON), 0).order.buckets[0].spent;
}

/* A database server gives a connection that broke off some seconds to come back. */
static void await_spent(struct budget_fixture *fixture, int64_t expected)
{
    for (int i = 0; i < 200 && spent_now(fixture) != expected; i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    CU_ASSERT_EQUAL(spent_now(fixture), expected);
}

static void what_a_dead_process_reserved_is_reclaimed(const char *location)
{
    struct budget_fixture fixture;
    budget_fixture_open(&fixture, policy_text, NULL);
    pid_t owners[3];
    for (int i = 0; i < 3; i++)
        owners[i] = start_owner(&fixture, location);
    fixture.store = open_store(location);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(spent_now(&fixture), (3 - i) * 3 * CENT);
        kill(owners[i], SIGKILL);
        CU_ASSERT_EQUAL(waitpid(owners[i], NULL, 0), owners[i]);
        await_spent(&fixture, (2 - i) * 3 * CENT);
    }
    budget_fixture_close(&fixture);
}

static void a_closed_store_reserves_nothing(const char *location)
{
    struct budget_fixture fixture;
    budget_fixture_open(&fixture, policy_text, location);
    CU_ASSERT_EQUAL(ask(&fixture, at(NOON), 300).amount, 3 * CENT);
    CU_ASSERT_EQUAL(spent_now(&fixture), 3 * CENT);
    store_close(fixture.store);
    fixture.store = open_store(location);
    CU_ASSERT_EQUAL(spent_now(&fixture), 0);
    budget_fixture_close(&fixture);
}

ON_EACH_LASTING_PLACE(threads_overrun_by_nothing)
ON_EACH_LASTING_PLACE(processes_overrun_by_nothing)
ON_EACH_LASTING_PLACE(what_is_not_billed_can_be_spent_again)
ON_EACH_LASTING_PLACE(what_a_dead_process_reserved_is_reclaimed)
ON_EACH_LASTING_PLACE(a_closed_store_reserves_nothing)

UNIT_TESTS({"500 threads overrun a budget by nothing", each_threads_overrun_by_nothing},
           {"4 processes overrun a budget by nothing", each_processes_overrun_by_nothing},
           {"what is not billed can be spent again", each_what_is_not_billed_can_be_spent_again},
           {"what a dead process reserved is reclaimed",
            each_what_a_dead_process_reserved_is_reclaimed},
           {"a closed store reserves nothing", each_a_closed_store_reserves_nothing})
