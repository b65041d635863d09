/* The queue of jobs, the same tests on each kind of store; then those that outlive a process:
 * kills, several processes. */
#include <signal.h>
#include <sys/wait.h>

#include "job_probe.h"

enum { MANY = 400, PROCESSES = 4 };

static void submission(struct store *store)
{
    struct job_submission made = {.body = TEXT("b")};
    CU_ASSERT_TRUE(submit(store, "a", 5));
    CU_ASSERT_FALSE(submit(store, "a", 9));
    CU_ASSERT_EQUAL(job_submit(store, &made, 1, 7, NULL), TW_OK);
    CU_ASSERT_EQUAL(made.id.length, 36);
    CU_ASSERT_EQUAL(memcmp(made.id.data, "job-000000000007", 16), 0);
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
    pair[1].deadline = -1;
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_INVALID);
    pair[1].deadline = 0;
    pair[1].owner = TEXT("\xff");
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_INVALID);
    pair[1].owner = TEXT("");
    pair[1].batch = (struct text){bytes, JOB_ID_MAX + 1};
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_LIMIT);
    pair[1].batch = TEXT("");
    pair[1].callback = (struct text){bytes, JOB_CALLBACK_MAX + 1};
    CU_ASSERT_EQUAL(job_submit(store, pair, 2, 0, NULL), TW_LIMIT);
    pair[1].callback = TEXT("");
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

static void submit_with(struct store *store, const char *id, int64_t due, int64_t deadline)
{
    struct job_submission one = {
        .id = text_of(id), .body = text_of(id), .due = due, .deadline = deadline};
    CU_ASSERT_EQUAL(job_submit(store, &one, 1, 7, NULL), TW_OK);
}

/* The nearest deadline of those that are due comes first; of two alike, the older job. */
static void order(struct store *store)
{
    submit_with(store, "later", 10, 900);
    submit_with(store, "first", 10, 800);
    submit_with(store, "second", 5, 800);
    submit_with(store, "not due", 20, 100);
    CU_ASSERT_EQUAL(claim(store, 4, 0).count, 0);
    struct seen seen = claim(store, 9, 8);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "second");
    CU_ASSERT_TRUE(end(store, &seen.last, JOB_QUEUED, 15));
    seen = claim(store, 19, 2);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(seen.numbers[0], 2);
    CU_ASSERT_EQUAL(seen.numbers[1], 3);
    CU_ASSERT_EQUAL(seen.last.lease, 19 + LEASE);
    CU_ASSERT_EQUAL(seen.last.deadline, 800);
    seen = claim(store, 20, 8);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(seen.numbers[0], 4);
    CU_ASSERT_STRING_EQUAL(seen.id, "later");
}

static void endings(struct store *store)
{
    submit(store, "a", 0);
    submit(store, "b", 0);
    struct job a = claim(store, 1, 1).last, b = claim(store, 1, 1).last;
    CU_ASSERT_TRUE(end(store, &a, JOB_DONE, 0));
    CU_ASSERT_FALSE(end(store, &a, JOB_FAILED, 0));
    CU_ASSERT_STRING_EQUAL(find(store, "a").result, "words");
    CU_ASSERT_EQUAL(find(store, "a").last.ended, 77);
    CU_ASSERT_TRUE(end(store, &b, JOB_QUEUED, 50));
    CU_ASSERT_EQUAL(find(store, "b").last.refusals, 1);
    CU_ASSERT_EQUAL(find(store, "b").last.ended, 0);
    CU_ASSERT_EQUAL(claim(store, 49, 1).count, 0);
    b = claim(store, 50, 1).last;
    CU_ASSERT_EQUAL(b.claim, 2);
    CU_ASSERT_TRUE(end(store, &b, JOB_FAILED, 0));
    expect_counts(store, (int64_t[]){0, 0, 1, 1, 0});
    struct job_ending bad = {.number = 1, .state = JOB_CANCELLED, .ended = 5};
    CU_ASSERT_EQUAL(job_end(store, &bad, 1, NULL, 0, NULL, 0, NULL), TW_INVALID);
    bad = (struct job_ending){.number = 1, .state = JOB_DONE};
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
    CU_ASSERT_EQUAL(second.expired, 1);
    CU_ASSERT_EQUAL(job_extend(store, first.number, first.claim, 900, &lost, NULL), TW_OK);
    CU_ASSERT_TRUE(lost);
    CU_ASSERT_FALSE(end(store, &first, JOB_DONE, 0));
    CU_ASSERT_TRUE(end(store, &second, JOB_DONE, 0));
    struct job_counts counts;
    CU_ASSERT_EQUAL(job_count(store, &all_jobs, &counts, NULL), TW_OK);
    CU_ASSERT_EQUAL(counts.expired, 1);
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
    CU_ASSERT_EQUAL(job_cancel(store, TEXT("a"), 60, &cancelled, NULL), TW_OK);
    CU_ASSERT_TRUE(cancelled);
    CU_ASSERT_FALSE(end(store, &a, JOB_DONE, 0));
    CU_ASSERT_EQUAL(find(store, "a").last.ended, 60);
    CU_ASSERT_EQUAL(job_cancel(store, TEXT(""), 60, &cancelled, NULL), TW_OK);
    CU_ASSERT_FALSE(cancelled);
    CU_ASSERT_EQUAL(job_cancel(store, TEXT("a"), 60, &cancelled, NULL), TW_OK);
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
    CU_ASSERT_EQUAL(job_list(store, &all_jobs, JOB_QUEUED, 1, 1, see, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "b");
    CU_ASSERT_EQUAL(job_list(store, &all_jobs, JOB_DONE, 0, 9, see, &seen, NULL), TW_OK);
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
    struct job_ending ending = {
        .number = a.number, .claim = a.claim, .state = JOB_DONE, .ended = 5};
    CU_ASSERT_EQUAL(job_end(store, &ending, 1, &row, 1, NULL, 0, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(find(store, "a").last.state, JOB_RUNNING);
    row.request_id = row.rule = TEXT("r");
    CU_ASSERT_EQUAL(job_end(store, &ending, 1, &row, 1, NULL, 0, NULL), TW_OK);
    CU_ASSERT_FALSE(ending.lost);
    CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, count_row, &rows, NULL), TW_OK);
    CU_ASSERT_EQUAL(rows, 1);
}

ON_EACH_STORE(submission)
ON_EACH_STORE(bad_submissions)
ON_EACH_STORE(order)
ON_EACH_STORE(endings)
ON_EACH_STORE(leases)
ON_EACH_STORE(refused_visits)
ON_EACH_STORE(cancelling)
ON_EACH_STORE(paging)
ON_EACH_STORE(with_ledger)

/* A worker that is killed with a claim: the job is there, and comes back when the lease is over. */
static void killed(const char *location)
{
    struct store *store = place_open(location);
    submit(store, "a", 0);
    store_close(store);
    pid_t child = fork();
    if (child == 0) {
        claim(place_open(location), 0, 1);
        raise(SIGKILL);
    }
    int status = 0;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    store = place_open(location);
    CU_ASSERT_EQUAL(find(store, "a").last.state, JOB_RUNNING);
    CU_ASSERT_EQUAL(claim(store, LEASE - 1, 1).count, 0);
    CU_ASSERT_EQUAL(claim(store, LEASE, 1).last.claim, 2);
    store_close(store);
}

/* Claims three at a time until there is none; the exit status says whether all went well. */
static int work(const char *location)
{
    struct store *store;
    if (store_open(location, &STORE_DEFAULTS, &store, NULL) != TW_OK)
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
static void several_processes(const char *location)
{
    static struct job_submission jobs[MANY];
    struct store *store = place_open(location);
    for (size_t i = 0; i < MANY; i++)
        jobs[i] = (struct job_submission){.body = TEXT("x")};
    CU_ASSERT_EQUAL(job_submit(store, jobs, MANY, 0, NULL), TW_OK);
    store_close(store);
    for (size_t i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            _exit(work(location));
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = -1;
        CU_ASSERT_TRUE(wait(&status) > 0);
        CU_ASSERT_EQUAL(status, 0);
    }
    int count = 0;
    store = place_open(location);
    CU_ASSERT_EQUAL(
        job_list(store, &all_jobs, JOB_RUNNING, 0, MANY + 1, expect_one_claim, &count, NULL),
        TW_OK);
    CU_ASSERT_EQUAL(count, MANY);
    store_close(store);
}

ON_EACH_LASTING_PLACE(killed)
ON_EACH_LASTING_PLACE(several_processes)

UNIT_TESTS({"submission", each_submission}, {"bad submissions", each_bad_submissions},
           {"order", each_order}, {"endings", each_endings}, {"leases", each_leases},
           {"refused visits", each_refused_visits}, {"cancelling", each_cancelling},
           {"paging", each_paging}, {"with the ledger", each_with_ledger}, {"killed", each_killed},
           {"several processes", each_several_processes})
