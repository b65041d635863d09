/* tests/unit/job_probe.h: short ways to submit, claim, end and look at jobs. */
#ifndef TIERWAY_TESTS_JOB_PROBE_H
#define TIERWAY_TESTS_JOB_PROBE_H

#include "store/jobs.h"
#include "store_place.h"

enum { LEASE = 100 }; /* milliseconds */

/* What visitors saw: the numbers of all jobs, and the last job without its texts. */
struct seen {
    size_t count;
    int64_t numbers[8];
    struct job last;
    char id[16], body[16], result[16];
    enum tw_status give;
};

static inline void copy(char *to, struct text from)
{
    snprintf(to, 16, "%.*s", TEXT_ARGUMENTS(from));
}

static inline enum tw_status see(void *context, const struct job *job)
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

static inline bool submit(struct store *store, const char *id, int64_t due)
{
    struct job_submission one = {
        .id = text_of(id), .body = text_of(id), .due = due, .deadline = 1000};
    CU_ASSERT_EQUAL(job_submit(store, &one, 1, 7, NULL), TW_OK);
    return !one.existed;
}

static inline struct seen claim(struct store *store, int64_t now, size_t limit)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(job_claim(store, now, LEASE, limit, see, &seen, NULL), TW_OK);
    return seen;
}

static inline struct seen find(struct store *store, const char *id)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(job_find(store, text_of(id), see, &seen, NULL), TW_OK);
    return seen;
}

static inline bool end(struct store *store, const struct job *job, enum job_state state,
                       int64_t due)
{
    bool back = state == JOB_QUEUED;
    struct job_ending ending = {.number = job->number,
                                .claim = job->claim,
                                .state = state,
                                .result = back ? TEXT("") : TEXT("words"),
                                .due = due,
                                .ended = 77,
                                .refused = back};
    CU_ASSERT_EQUAL(job_end(store, &ending, 1, NULL, 0, NULL, 0, NULL), TW_OK);
    return !ending.lost;
}

static const struct job_filter all_jobs = {{"", 0}, {"", 0}};

static inline void expect_counts(struct store *store, const int64_t expected[JOB_STATE_COUNT])
{
    struct job_counts counts;
    CU_ASSERT_EQUAL(job_count(store, &all_jobs, &counts, NULL), TW_OK);
    for (size_t i = 0; i < JOB_STATE_COUNT; i++)
        CU_ASSERT_EQUAL(counts.of_state[i], expected[i]);
}

#endif
