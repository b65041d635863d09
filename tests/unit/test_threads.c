/* One program, shared by several threads without a lock. */
#include "unit.h"

#include "tierway/policy.h"

#include <pthread.h>

static const char policy_text[] =
    "timezone \"Europe/Berlin\"\n"
    "when model like \"gpt-5*\" and tokens > 1000 -> flex else default\n"
    "when user in {\"ann\", \"bob\"} and time in 22:00..06:00 -> flex strict\n"
    "otherwise -> auto\n";

enum { THREADS = 4, ROUNDS = 20000 };

struct worker {
    pthread_t thread;
    const tw_policy *policy;
    int number;
    unsigned wrong;
};

static uint32_t expected_rule(bool large, bool night)
{
    return large ? 0 : night ? 1 : 2;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    tw_request *request;
    if (tw_request_new(worker->policy, &request) != TW_OK) {
        worker->wrong++;
        return NULL;
    }
    for (int round = 0; round < ROUNDS; round++) {
        bool large = (round + worker->number) % 3 == 0, night = round % 2 == 0;
        tw_request_clear(request);
        tw_request_set(request, "model", "gpt-5.1", NULL);
        tw_request_set(request, "tokens", large ? "2k" : "10", NULL);
        tw_request_set(request, "user", "bob", NULL);
        /* In Berlin it is one hour later in January. */
        tw_request_set(request, "now", night ? "2026-01-05T21:30:00Z" : "2026-01-05T11:30:00Z",
                       NULL);
        worker->wrong += tw_decide(worker->policy, request) != expected_rule(large, night);
    }
    tw_request_free(request);
    return NULL;
}

static void threads_share_a_program(void)
{
    struct worker workers[THREADS];
    tw_policy *policy;
    CU_ASSERT_EQUAL_FATAL(
        tw_policy_compile("test.tier", policy_text, sizeof policy_text - 1, &policy, NULL), TW_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.policy = policy, .number = i};
        CU_ASSERT_EQUAL_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        CU_ASSERT_EQUAL(workers[i].wrong, 0);
    }
    tw_policy_free(policy);
}

UNIT_TESTS({"threads share a program", threads_share_a_program})
