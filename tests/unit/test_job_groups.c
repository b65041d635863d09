/* Jobs of owners and batches, jobs that are tried again, callbacks, waiting: the same tests on each
 * kind of store. */
#include <pthread.h>
#include <time.h>

#include "job_probe.h"

/* A job of everything; the store tells what it was given. */
static void submit_for(struct store *store, const char *id, const char *owner, const char *batch,
                       const char *callback)
{
    struct job_submission one = {.id = text_of(id),
                                 .owner = text_of(owner),
                                 .batch = text_of(batch),
                                 .callback = text_of(callback),
                                 .body = text_of(id),
                                 .deadline = 1000};
    CU_ASSERT_EQUAL(job_submit(store, &one, 1, 7, NULL), TW_OK);
}

static enum tw_status check_texts(void *context, const struct job *job)
{
    ++*(int *)context;
    CU_ASSERT_TRUE(text_equal(job->owner, TEXT("ann")));
    CU_ASSERT_TRUE(text_equal(job->batch, TEXT("batch-\xc3\xa9")));
    CU_ASSERT_TRUE(text_equal(job->callback, TEXT("https://host/\x01")));
    CU_ASSERT_TRUE(text_equal(job->body, TEXT("a")));
    CU_ASSERT_EQUAL(job->result.length, 0);
    CU_ASSERT_EQUAL(job->deadline, 1000);
    return TW_OK;
}

static void texts(struct store *store)
{
    int seen = 0;
    submit_for(store, "a", "ann", "batch-\xc3\xa9", "https://host/\x01");
    CU_ASSERT_EQUAL(job_find(store, TEXT("a"), check_texts, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(job_list(store, &all_jobs, JOB_QUEUED, 0, 9, check_texts, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(job_claim(store, 0, LEASE, 1, check_texts, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen, 3);
}

/* --- owners and batches --- */

static struct seen list(struct store *store, struct job_filter filter, enum job_state state,
                        int64_t after)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(job_list(store, &filter, state, after, 2, see, &seen, NULL), TW_OK);
    return seen;
}

static struct job_counts count(struct store *store, struct job_filter filter)
{
    struct job_counts counts;
    CU_ASSERT_EQUAL(job_count(store, &filter, &counts, NULL), TW_OK);
    return counts;
}

#define OWNER(name) ((struct job_filter){.owner = TEXT(name)})
#define BATCH(name) ((struct job_filter){.batch = TEXT(name)})

static void filters(struct store *store)
{
    submit_for(store, "a", "ann", "x", "");
    submit_for(store, "b", "bob", "y", "");
    submit_for(store, "c", "ann", "y", "");
    submit_for(store, "d", "", "", "");
    submit_for(store, "e", "ann", "", "");
    struct seen seen = list(store, OWNER("ann"), JOB_QUEUED, 0);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(seen.numbers[0], 1);
    CU_ASSERT_EQUAL(seen.numbers[1], 3);
    CU_ASSERT_EQUAL(list(store, OWNER("ann"), JOB_QUEUED, 3).numbers[0], 5);
    CU_ASSERT_EQUAL(list(store, OWNER("ann"), JOB_DONE, 0).count, 0);
    CU_ASSERT_EQUAL(list(store, OWNER("an"), JOB_QUEUED, 0).count, 0);
    seen = list(store, BATCH("y"), JOB_QUEUED, 0);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(seen.numbers[1], 3);
    CU_ASSERT_EQUAL(count(store, OWNER("ann")).of_state[JOB_QUEUED], 3);
    CU_ASSERT_EQUAL(count(store, BATCH("y")).of_state[JOB_QUEUED], 2);
    CU_ASSERT_EQUAL(count(store, all_jobs).of_state[JOB_QUEUED], 5);
    CU_ASSERT_EQUAL(claim(store, 0, 4).count, 4); /* all but e */
    CU_ASSERT_EQUAL(list(store, OWNER("ann"), JOB_QUEUED, 0).numbers[0], 5);
    seen = list(store, OWNER("ann"), JOB_RUNNING, 0);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(seen.numbers[1], 3);
    CU_ASSERT_EQUAL(list(store, BATCH("y"), JOB_RUNNING, 2).numbers[0], 3);
    seen = list(store, all_jobs, JOB_RUNNING, 1);
    CU_ASSERT_EQUAL(seen.count, 2);
    CU_ASSERT_EQUAL(seen.numbers[0], 2);
    CU_ASSERT_EQUAL(count(store, OWNER("ann")).of_state[JOB_QUEUED], 1);
    CU_ASSERT_EQUAL(count(store, OWNER("ann")).of_state[JOB_RUNNING], 2);
    expect_counts(store, (int64_t[]){1, 4, 0, 0, 0});
    struct job_filter both = {TEXT("ann"), TEXT("x")};
    struct job_counts counts;
    CU_ASSERT_EQUAL(job_count(store, &both, &counts, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(job_list(store, &both, JOB_QUEUED, 0, 1, see, &seen, NULL), TW_INVALID);
}

/* Claims that ran out are counted with the jobs they were of. */
static void expired_claims(struct store *store)
{
    submit_for(store, "a", "ann", "x", "");
    submit_for(store, "b", "bob", "y", "");
    CU_ASSERT_EQUAL(claim(store, 0, 1).count, 1);
    CU_ASSERT_EQUAL(claim(store, LEASE, 2).count, 2);
    CU_ASSERT_EQUAL(claim(store, 2 * LEASE, 1).count, 1);
    CU_ASSERT_EQUAL(count(store, all_jobs).expired, 3);
    CU_ASSERT_EQUAL(count(store, OWNER("ann")).expired, 2);
    CU_ASSERT_EQUAL(count(store, BATCH("y")).expired, 1);
    CU_ASSERT_EQUAL(count(store, OWNER("x")).expired, 0);
}

static void cancelled_batch(struct store *store)
{
    int64_t cancelled = -1;
    submit_for(store, "a", "", "x", "");
    submit_for(store, "b", "", "x", "");
    submit_for(store, "c", "", "x", "");
    submit_for(store, "d", "", "y", "");
    CU_ASSERT_EQUAL(claim(store, 0, 1).numbers[0], 1);
    CU_ASSERT_EQUAL(job_cancel_batch(store, TEXT("x"), 50, &cancelled, NULL), TW_OK);
    CU_ASSERT_EQUAL(cancelled, 2);
    CU_ASSERT_EQUAL(find(store, "a").last.state, JOB_RUNNING);
    CU_ASSERT_EQUAL(find(store, "c").last.ended, 50);
    expect_counts(store, (int64_t[]){1, 1, 0, 0, 2});
    CU_ASSERT_EQUAL(job_cancel_batch(store, TEXT(""), 50, &cancelled, NULL), TW_OK);
    CU_ASSERT_EQUAL(cancelled, 0);
}

/* --- trying again --- */

static bool retry(struct store *store, const char *id)
{
    bool retried = true;
    CU_ASSERT_EQUAL(job_retry(store, text_of(id), 300, 4000, &retried, NULL), TW_OK);
    return retried;
}

static void retrying(struct store *store)
{
    bool retried, cancelled;
    submit(store, "a", 0);
    CU_ASSERT_FALSE(retry(store, "a"));
    CU_ASSERT_FALSE(retry(store, "b"));
    CU_ASSERT_TRUE(end(store, &(struct job){.number = 1, .claim = claim(store, 0, 1).last.claim},
                       JOB_QUEUED, 5));
    struct job failed = claim(store, 9, 1).last;
    CU_ASSERT_TRUE(end(store, &failed, JOB_FAILED, 0));
    CU_ASSERT_EQUAL(job_retry(store, TEXT("a"), 0, -1, &retried, NULL), TW_INVALID);
    CU_ASSERT_TRUE(retry(store, "a"));
    struct seen again = find(store, "a");
    CU_ASSERT_EQUAL(again.last.state, JOB_QUEUED);
    CU_ASSERT_EQUAL(again.last.due, 300);
    CU_ASSERT_EQUAL(again.last.deadline, 4000);
    CU_ASSERT_EQUAL(again.last.refusals, 0);
    CU_ASSERT_EQUAL(again.last.ended, 0);
    CU_ASSERT_STRING_EQUAL(again.result, "");
    CU_ASSERT_FALSE(end(store, &failed, JOB_DONE, 0));
    struct job third = claim(store, 300, 1).last;
    CU_ASSERT_EQUAL(third.claim, 3);
    CU_ASSERT_EQUAL(job_cancel(store, TEXT("a"), 310, &cancelled, NULL), TW_OK);
    CU_ASSERT_TRUE(retry(store, "a"));
    CU_ASSERT_FALSE(end(store, &third, JOB_DONE, 0));
    struct job fourth = claim(store, 320, 1).last;
    CU_ASSERT_TRUE(end(store, &fourth, JOB_DONE, 0));
    CU_ASSERT_STRING_EQUAL(find(store, "a").result, "words");
    CU_ASSERT_FALSE(retry(store, "a"));
}

/* --- callbacks --- */

static struct seen claim_callbacks(struct store *store, int64_t now, size_t limit)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(job_claim_callbacks(store, now, LEASE, limit, see, &seen, NULL), TW_OK);
    return seen;
}

static void end_callback(struct store *store, const struct job *job, int64_t due)
{
    CU_ASSERT_EQUAL(job_end_callback(store, job->number, job->callback_tries, due, NULL), TW_OK);
}

/* Owed from the end on, by whatever end; only where one was asked for. */
static void owed_callbacks(struct store *store)
{
    bool cancelled;
    submit_for(store, "a", "", "", "call");
    submit_for(store, "b", "", "", "");
    submit_for(store, "c", "", "", "call");
    struct job a = claim(store, 0, 1).last, b = claim(store, 0, 1).last;
    CU_ASSERT_EQUAL(claim_callbacks(store, 9999, 9).count, 0);
    CU_ASSERT_TRUE(end(store, &a, JOB_DONE, 0)); /* at 77 */
    CU_ASSERT_TRUE(end(store, &b, JOB_DONE, 0));
    CU_ASSERT_EQUAL(job_cancel(store, TEXT("c"), 70, &cancelled, NULL), TW_OK);
    struct seen seen = claim_callbacks(store, 76, 9);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "c");
    seen = claim_callbacks(store, 77, 9);
    CU_ASSERT_EQUAL(seen.count, 1);
    CU_ASSERT_STRING_EQUAL(seen.id, "a");
    CU_ASSERT_STRING_EQUAL(seen.result, "words");
    CU_ASSERT_EQUAL(seen.last.callback_tries, 1);
}

static void claimed_callbacks(struct store *store)
{
    submit_for(store, "a", "", "", "call");
    struct job a = claim(store, 0, 1).last;
    CU_ASSERT_TRUE(end(store, &a, JOB_FAILED, 0));
    struct seen refused = {.give = TW_LIMIT};
    CU_ASSERT_EQUAL(job_claim_callbacks(store, 80, LEASE, 1, see, &refused, NULL), TW_LIMIT);
    CU_ASSERT_EQUAL(job_claim_callbacks(store, 80, 0, 1, see, &refused, NULL), TW_INVALID);
    struct job first = claim_callbacks(store, 80, 1).last;
    CU_ASSERT_EQUAL(first.callback_tries, 1);
    CU_ASSERT_EQUAL(claim_callbacks(store, 80 + LEASE - 1, 1).count, 0);
    struct job second = claim_callbacks(store, 80 + LEASE, 1).last;
    end_callback(store, &first, -1); /* somebody else's by now */
    CU_ASSERT_EQUAL(second.callback_tries, 2);
    end_callback(store, &second, 500);
    CU_ASSERT_EQUAL(claim_callbacks(store, 499, 1).count, 0);
    struct job third = claim_callbacks(store, 500, 1).last;
    CU_ASSERT_EQUAL(third.callback_tries, 3);
    end_callback(store, &third, -1);
    CU_ASSERT_EQUAL(claim_callbacks(store, 999999, 1).count, 0);
    end_callback(store, &third, 5); /* once it is delivered it stays so */
    CU_ASSERT_EQUAL(claim_callbacks(store, 999999, 1).count, 0);
    CU_ASSERT_EQUAL(job_end_callback(store, 1, 3, -2, NULL), TW_INVALID);
}

/* What was claimed before a job was tried again says nothing about its next end. */
static void callbacks_of_retried(struct store *store)
{
    submit_for(store, "a", "", "", "call");
    struct job a = claim(store, 0, 1).last;
    CU_ASSERT_TRUE(end(store, &a, JOB_FAILED, 0));
    struct job stale = claim_callbacks(store, 80, 1).last;
    CU_ASSERT_TRUE(retry(store, "a"));
    CU_ASSERT_EQUAL(claim_callbacks(store, 9999, 1).count, 0);
    a = claim(store, 300, 1).last;
    CU_ASSERT_TRUE(end(store, &a, JOB_DONE, 0));
    end_callback(store, &stale, -1);
    CU_ASSERT_EQUAL(claim_callbacks(store, 310, 1).count, 1);
}

/* --- waiting --- */

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Waits that long where nobody else does anything; the first wait may end at once. */
static void waits_in_vain(struct store *store)
{
    CU_ASSERT_EQUAL(job_wait(store, 0, NULL), TW_OK);
    CU_ASSERT_EQUAL(job_wait(store, 1, NULL), TW_OK);
    int64_t begun = milliseconds();
    CU_ASSERT_EQUAL(job_wait(store, 50, NULL), TW_OK);
    CU_ASSERT_TRUE(milliseconds() - begun >= 49);
}

static void *submit_elsewhere(void *location)
{
    struct store *store = place_open(location);
    submit(store, "a", 0);
    store_close(store);
    return NULL;
}

/* What another connection did ends a wait long before its time, also if it came before. */
static void woken(const char *location)
{
    enum { LONG = 60000 };
    pthread_t thread;
    struct store *store = place_open(location);
    CU_ASSERT_EQUAL(claim(store, 0, 1).count, 0);
    CU_ASSERT_EQUAL(job_wait(store, 1, NULL), TW_OK);
    int64_t begun = milliseconds();
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, submit_elsewhere, (void *)location), 0);
    for (size_t found = 0; found == 0 && milliseconds() - begun < LONG;) {
        CU_ASSERT_EQUAL(job_wait(store, LONG, NULL), TW_OK);
        found = claim(store, 0, 1).count;
    }
    pthread_join(thread, NULL);
    CU_ASSERT_TRUE(milliseconds() - begun < LONG / 2);
    struct job a = find(store, "a").last;
    CU_ASSERT_EQUAL(a.state, JOB_RUNNING);
    CU_ASSERT_EQUAL(job_wait(store, 1, NULL), TW_OK);
    struct store *other = place_open(location);
    CU_ASSERT_TRUE(end(other, &a, JOB_DONE, 0));
    store_close(other);
    begun = milliseconds();
    CU_ASSERT_EQUAL(job_wait(store, LONG, NULL), TW_OK);
    CU_ASSERT_TRUE(milliseconds() - begun < LONG / 2);
    store_close(store);
}

ON_EACH_STORE(texts)
ON_EACH_STORE(filters)
ON_EACH_STORE(expired_claims)
ON_EACH_STORE(cancelled_batch)
ON_EACH_STORE(retrying)
ON_EACH_STORE(owed_callbacks)
ON_EACH_STORE(claimed_callbacks)
ON_EACH_STORE(callbacks_of_retried)
ON_EACH_STORE(waits_in_vain)
ON_EACH_LASTING_PLACE(woken)

UNIT_TESTS({"texts", each_texts}, {"filters", each_filters},
           {"expired claims", each_expired_claims}, {"a cancelled batch", each_cancelled_batch},
           {"retrying", each_retrying}, {"owed callbacks", each_owed_callbacks},
           {"claimed callbacks", each_claimed_callbacks},
           {"callbacks of what is tried again", each_callbacks_of_retried},
           {"waiting in vain", each_waits_in_vain}, {"woken", each_woken})
