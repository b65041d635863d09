/* Deciding allocates nothing and takes no lock: counted by wrapping the functions at link time. */
#include "unit.h"

#include "tierway/policy.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { DECISIONS = 1000000, REQUESTS = 64 };

/* Volatile: compilers know that malloc does not change a variable of ours. */
static volatile size_t allocations, locks;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

void __wrap_free(void *memory)
{
    allocations++;
    __real_free(memory);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    locks++;
    return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    locks++;
    return __real_pthread_rwlock_rdlock(lock);
}

/* Without this, zero would say nothing. */
static void test_counters_count(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    allocations = locks = 0;
    void *volatile memory = malloc(1);
    memory = realloc(memory, 2);
    free(memory);
    memory = calloc(1, 1);
    free(memory);
    CU_ASSERT_EQUAL(allocations, 5);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_unlock(&lock);
    CU_ASSERT_EQUAL(locks, 2);
}

static tw_policy *compile(const char *text)
{
    tw_policy *policy;
    CU_ASSERT_EQUAL_FATAL(tw_policy_compile("quiet.tier", text, strlen(text), &policy, NULL),
                          TW_OK);
    return policy;
}

static void set(tw_request *request, const char *name, const char *value)
{
    struct tw_error error;
    CU_ASSERT_EQUAL_FATAL(tw_request_set(request, name, value, &error), TW_OK);
}

/* Requests that differ in everything that the policies below read. */
static void fill(tw_request *request, size_t number)
{
    static const char *const priorities[] = {"critical", "high", "normal", "low"};
    static const char *const models[] = {"gpt-4.1", "gpt-5-mini", "o3", "m7"};
    static const char *const days[] = {"mon", "wed", "sat", "sun"};
    char text[16];
    snprintf(text, sizeof text, "%zu", number * 137 % 9000);
    set(request, "tokens", text);
    snprintf(text, sizeof text, "%02zu:30", number * 5 % 24);
    set(request, "time", text);
    set(request, "weekday", days[number % 4]);
    set(request, "priority", priorities[number / 4 % 4]);
    if (number % 3)
        set(request, "model", models[number / 2 % 4]);
    if (number % 8 == 0)
        set(request, "force_tier", "flex");
}

/* Decides over and over; checks that nothing was counted and that at least so many rules decided.
 */
static void check_quiet(const char *text, size_t different)
{
    tw_policy *policy = compile(text);
    tw_request *requests[REQUESTS];
    size_t hits[64] = {0}, seen = 0;
    for (size_t i = 0; i < REQUESTS; i++) {
        CU_ASSERT_EQUAL_FATAL(tw_request_new(policy, &requests[i]), TW_OK);
        fill(requests[i], i);
    }
    allocations = locks = 0;
    for (size_t i = 0; i < DECISIONS; i++)
        hits[tw_decide(policy, requests[i % REQUESTS]) % 64]++;
    CU_ASSERT_EQUAL(allocations, 0);
    CU_ASSERT_EQUAL(locks, 0);
    for (size_t i = 0; i < 64; i++)
        seen += hits[i] > 0;
    CU_ASSERT(seen >= different);
    for (size_t i = 0; i < REQUESTS; i++)
        tw_request_free(requests[i]);
    tw_policy_free(policy);
}

static void test_router(void)
{
    check_quiet("timezone \"UTC\"\n"
                "when force_tier is set                            -> force_tier\n"
                "when priority in {critical, high}                 -> default\n"
                "when priority == low or tokens > 5k               -> flex else default\n"
                "when time in 22:00..06:00 and priority == normal  -> flex else auto\n"
                "otherwise                                         -> auto\n",
                5);
}

static void test_schedules_and_patterns(void)
{
    check_quiet("timezone \"Europe/Berlin\"\n"
                "when now in {mon..thu 22:00..06:00, sat}          -> flex else auto\n"
                "when model like \"gpt-4*\"                          -> default\n"
                "when model is set and model not in {\"o3\", \"m7\"}   -> flex else auto\n"
                "when not (model like \"*3\") and weekday in wed..sun -> default\n"
                "when model is not set and tokens in 1000..8000    -> flex else auto\n"
                "otherwise                                         -> auto\n",
                5);
}

static void test_many_rules(void)
{
    char text[8192];
    size_t length = 0;
    for (int i = 0; i < 60; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "when model == \"m%d\" and tokens > %d -> flex else auto\n", i,
                                   i * 10);
    CU_ASSERT_FATAL(length < sizeof text);
    check_quiet(text, 2);
}

UNIT_TESTS({"the counters count", test_counters_count}, {"a router", test_router},
           {"schedules, sets and patterns", test_schedules_and_patterns},
           {"many rules", test_many_rules})
