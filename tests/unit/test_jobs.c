/* The queue of jobs, the same tests on both kinds of store; then files: kills, several processes.
 */
#include "store/jobs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_place.h"

enum { LEASE = 100, MANY = 400, PROCESSES = 4 };

static struct store *open_store(const char *path)
{
    struct store *store;
    CU_ASSERT_EQUAL_FATAL(store_open(path, &STORE_DEFAULTS, &store, NULL), TW_OK);
    return store;
}

static void on_each_kind(void (*test)(struct store *store))
{
    struct place place = place_make();
    const char *locations[] = {"memory:", place.path};
    for (size_t i = 0; i < 2; i++) {
        struct store *store = open_store(locations[i]);
        test(store);
        store_close(store);
    }
    place_remove(&place);
}

/* What visitors saw: the numbers of all jobs, and the last job without its texts. */
struct seen {
    size_t count;
    int64_t numbers[8];
    struct job last;
    char id[16], body[16], result[16];
    enum tw_status give;
};

static void copy(char *to, struct text from)
{
    snprintf(to, 16, "%.*s", TEXT_ARGUMENTS(from));
}

static enum tw_status see(void *context, const struct job *job)
{
    struct seen *seen = context;
    if (seen->count < 8)
        seen->numbers[seen->count] = job->number;
    seen->count++;
    seen->last = *job;
    copy(seen->id, job->id);
    copy(seen->body, job->body);
    copy(seen->result, job->result);
    return seen->give;
}

static bool submit(struct store *store, const char *id, int64_t due)
{
    struct job_submission one = {.id = text_of(id), .body = text_of(id), .due = due};
    CU_ASSERT_EQUAL(job_submit(store, &one, 1, 7, NULL), TW_OK);
    return !one.existed;
}

static struct seen claim(struct store *store, int64_t now, size_t limit)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(job_claim(store, now, LEASE, limit, see, &seen, NULL), TW_OK);
    return seen;
}

static struct seen find(struct store *store, const char *id)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(job_find(store, text_of(id), see, &seen, NULL), TW_OK);
    return seen;
}

static bool end(struct store *store, const struct job *job, enum job_state state, int64_t due)
{
    bool back = state == JOB_QUEUED;
    struct job_ending ending = {.number = job->number,
                                .claim = job->claim,
                                .state = state,
                                .result = back ? TEXT("") : TEXT("words"),
                                .due = due,
                                .refused = back};
    CU_ASSERT_EQUAL(job_end(store, &ending, 1, NULL, 0, NULL, 0, NULL), TW_OK);
    return !ending.lost;
}

static void expect_counts(struct store *store, const int64_t expected[JOB_STATE_COUNT])
{
    int64_t counts[JOB_STATE_COUNT];
    CU_ASSERT_EQUAL(job_counts(store, counts, NULL), TW_OK);
    for (size_t i = 0; i < JOB_STATE_COUNT; i++)
        CU_ASSERT_EQUAL(counts[i], expected[i]);
}

static void submission(struct store *store)
{
    struct job_submission made = {.body = TEXT("b")};
    CU_ASSERT_TRUE(submit(store, "a", 5));
    CU_ASSERT_FALSE(submit(store, "a", 9));
    CU_ASSERT_EQUAL(job_submit(store, &made, 1, 7, NULL), TW_OK);
    CU_ASSERT_EQUAL(made.id.length, 36);
    struct seen a = find(store, "a");
    CU_ASSERT_STRING_EQUAL(a.body, "a");
    CU_ASSERT_EQUAL(a.last.due, 5);
    CU_ASSERT_EQUAL(a.last.submitted, 7);
    CU_ASSERT_EQUAL(a.last.state, JOB_QUEUED);
    CU_ASSERT_EQUAL(job_find(store, TEXT("c"), see, &a, NULL), TW_NOT_FOUND);
    expect_counts(store, (int64_t[]){2, 0, 0, 0, 0});
}

/* One bad submission, and none is there. */
static void bad_submissions(struct store *store)
{
    static char bytes[JOB_BYTES_MAX + 1];
    struct job_submission pair[2] = {{.id = TEXT("x"), .body = TEXT("x")}, {.id = TEXT("y")}};
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_INVALID);
    pair[1].body = (struct text){bytes, sizeof bytes};
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_LIMIT);
    pair[1].body = TEXT("y");
    pair[1].due = -1;
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_INVALID);
    pair[1].due = 0;
    pair[1].id = TEXT("\xff");
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_INVALID);
    pair[1].id = (struct text){bytes, JOB_ID_MAX + 1};
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_LIMIT);
    pair[1].id = TEXT("x");
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_OK);
    CU_ASSERT_TRUE(pair[1].existed);
    CU_ASSERT_EQUAL(job_claim(store, 0, 0, 1, see, NULL, NULL), TW_INVALID);
    expect_counts(store, (int64_t[]){1, 0, 0, 0, 0});
}

static void order(struct store *store)
{
    submit(store, "late", 20);
    submit(store, "first", 10);
    submit(store, "second", 10);
    struct seen seen = claim(store, 9, 8);
    CU_ASSERT_EQUAL(seen.count, 0);
    seen = claim(store, 20, 2);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(seen.numbers[0], 2);
    CU_ASSERT_EQUAL(seen.numbers[1], 3);
    CU_ASSERT_EQUAL(seen.last.lease, 20 + LEASE);
    seen = claim(store, 20, 8);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "late");
}

static void endings(struct store *store)
{
    submit(store, "a", 0);
    submit(store, "b", 0);
    struct job a = claim(store, 1, 1).last, b = claim(store, 1, 1).last;
    CU_ASSERT_TRUE(end(store, &a, JOB_DONE, 0));
    CU_ASSERT_FALSE(end(store, &a, JOB_FAILED, 0));
    CU_ASSERT_STRING_EQUAL(find(store, "a").result, "words");
    CU_ASSERT_TRUE(end(store, &b, JOB_QUEUED, 50));
    CU_ASSERT_EQUAL(find(store, "b").last.refusals, 1);
    CU_ASSERT_EQUAL(claim(store, 49, 1).count, 0);
    b = claim(store, 50, 1).last;
    CU_ASSERT_EQUAL(b.claim, 2);
    CU_ASSERT_TRUE(end(store, &b, JOB_FAILED, 0));
    expect_counts(store, (int64_t[]){0, 0, 1, 1, 0});
    struct job_ending bad = {.number = 1, .state = JOB_CANCELLED};
    CU_ASSERT_EQUAL(job_end(store, &bad, 1, NULL, 0, NULL, 0, NULL), TW_INVALID);
}

static void leases(struct store *store)
{
    bool lost = true;
    submit(store, "a", 0);
    struct job first = claim(store, 0, 1).last;
    CU_ASSERT_EQUAL(job_extend(store, first.number, first.claim, 500, &lost, NULL), TW_OK);
    CU_ASSERT_FALSE(lost);
    CU_ASSERT_EQUAL(claim(store, 499, 1).count, 0);
    struct job second = claim(store, 500, 1).last;
    CU_ASSERT_EQUAL(second.claim, 2);
    CU_ASSERT_EQUAL(job_extend(store, first.number, first.claim, 900, &lost, NULL), TW_OK);
    CU_ASSERT_TRUE(lost);
    CU_ASSERT_FALSE(end(store, &first, JOB_DONE, 0));
    CU_ASSERT_TRUE(end(store, &second, JOB_DONE, 0));
}

static void refused_visits(struct store *store)
{
    struct seen seen = {.give = TW_LIMIT};
    submit(store, "a", 0);
    CU_ASSERT_EQUAL(job_claim(store, 0, LEASE, 1, see, &seen, NULL), TW_LIMIT);
    CU_ASSERT_EQUAL(find(store, "a").last.state, JOB_QUEUED);
    CU_ASSERT_EQUAL(claim(store, 0, 1).last.claim, 1);
}

static void cancelling(struct store *store)
{
    bool cancelled;
    submit(store, "a", 0);
    struct job a = claim(store, 0, 1).last;
    CU_ASSERT_EQUAL(job_cancel(store, TEXT("a"), &cancelled, NULL), TW_OK);
    CU_ASSERT_TRUE(cancelled);
    CU_ASSERT_FALSE(end(store, &a, JOB_DONE, 0));
    CU_ASSERT_EQUAL(job_cancel(store, TEXT("a"), &cancelled, NULL), TW_OK);
    CU_ASSERT_FALSE(cancelled);
    CU_ASSERT_EQUAL(claim(store, 9999, 1).count, 0);
    CU_ASSERT_STRING_EQUAL(job_state_name(find(store, "a").last.state), "cancelled");
}

static void paging(struct store *store)
{
    struct seen seen = {.give = TW_OK};
    static const char *const ids[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        submit(store, ids[i], 0);
    CU_ASSERT_EQUAL(job_list(store, JOB_QUEUED, 1, 1, see, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "b");
    CU_ASSERT_EQUAL(job_list(store, JOB_DONE, 0, 9, see, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.count, 1);
}

static enum tw_status count_row(void *context, const struct ledger_row *row)
{
    (void)row;
    ++*(int *)context;
    return TW_OK;
}

/* A row that no store may hold keeps the job from ending, too. */
static void with_ledger(struct store *store)
{
    int rows = 0;
    struct ledger_row row;
    ledger_row_init(&row);
    submit(store, "a", 0);
    struct job a = claim(store, 0, 1).last;
    struct job_ending ending = {.number = a.number, .claim = a.claim, .state = JOB_DONE};
    CU_ASSERT_EQUAL(job_end(store, &ending, 1, &row, 1, NULL, 0, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(find(store, "a").last.state, JOB_RUNNING);
    row.request_id = row.model = row.rule = TEXT("r");
    CU_ASSERT_EQUAL(job_end(store, &ending, 1, &row, 1, NULL, 0, NULL), TW_OK);
    CU_ASSERT_FALSE(ending.lost);
    CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, count_row, &rows, NULL), TW_OK);
    CU_ASSERT_EQUAL(rows, 1);
}

#define BOTH(test)                                                                                 \
    static void both_##test(void)                                                                  \
    {                                                                                              \
        on_each_kind(test);                                                                        \
    }
BOTH(submission)
BOTH(bad_submissions)
BOTH(order)
BOTH(endings)
BOTH(leases)
BOTH(refused_visits)
BOTH(cancelling)
BOTH(paging)
BOTH(with_ledger)

/* A worker that is killed with a claim: the job is there, and comes back when the lease is over. */
static void killed(void)
{
    struct place place = place_make();
    struct store *store = open_store(place.path);
    submit(store, "a", 0);
    store_close(store);
    pid_t child = fork();
    if (child == 0) {
        claim(open_store(place.path), 0, 1);
        raise(SIGKILL);
    }
    int status = 0;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    store = open_store(place.path);
    CU_ASSERT_EQUAL(find(store, "a").last.state, JOB_RUNNING);
    CU_ASSERT_EQUAL(claim(store, LEASE - 1, 1).count, 0);
    CU_ASSERT_EQUAL(claim(store, LEASE, 1).last.claim, 2);
    store_close(store);
    place_remove(&place);
}

/* Claims three at a time until there is none; the exit status says whether all went well. */
static int work(const char *path)
{
    struct store *store;
    if (store_open(path, &STORE_DEFAULTS, &store, NULL) != TW_OK)
        return 1;
    for (size_t count = 1; count;) {
        struct seen seen = {.give = TW_OK};
        if (job_claim(store, 0, LEASE, 3, see, &seen, NULL) != TW_OK)
            return 1;
        count = seen.count;
    }
    store_close(store);
    return 0;
}

static enum tw_status expect_one_claim(void *context, const struct job *job)
{
    ++*(int *)context;
    CU_ASSERT_EQUAL(job->claim, 1);
    return TW_OK;
}

/* Each job is claimed once: all are running, and none was claimed a second time. */
static void several_processes(void)
{
    struct place place = place_make();
    static struct job_submission jobs[MANY];
    struct store *store = open_store(place.path);
    for (size_t i = 0; i < MANY; i++)
        jobs[i] = (struct job_submission){.body = TEXT("x")};
    CU_ASSERT_EQUAL(job_submit(store, jobs, MANY, 0, NULL), TW_OK);
    store_close(store);
    for (size_t i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            _exit(work(place.path));
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = -1;
        CU_ASSERT_TRUE(wait(&status) > 0);
        CU_ASSERT_EQUAL(status, 0);
    }
    int count = 0;
    store = open_store(place.path);
    CU_ASSERT_EQUAL(job_list(store, JOB_RUNNING, 0, MANY + 1, expect_one_claim, &count, NULL),
                    TW_OK);
    CU_ASSERT_EQUAL(count, MANY);
    store_close(store);
    place_remove(&place);
}

UNIT_TESTS({"submission", both_submission}, {"bad submissions", both_bad_submissions},
           {"order", both_order}, {"endings", both_endings}, {"leases", both_leases},
           {"refused visits", both_refused_visits}, {"cancelling", both_cancelling},
           {"paging", both_paging}, {"with the ledger", both_with_ledger}, {"killed", killed},
           {"several processes", several_processes})
