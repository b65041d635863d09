/* Near the deadline: when a job steps up, to what, and what the policy's author may forbid; the
 * times that this goes by. */
#include "queue/urgency.h"

#include "unit.h"

struct near {
    struct latencies latencies;
    struct urgency urgency;
    tw_policy *policy;
    tw_request *request;
    struct tw_action action;
};

static void near_open(struct near *near, const char *text)
{
    *near = (struct near){.policy = NULL};
    CU_ASSERT_EQUAL_FATAL(tw_policy_compile("t.tier", text, strlen(text), &near->policy, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tw_request_new(near->policy, &near->request), TW_OK);
    near->urgency = (struct urgency){
        .latencies = &near->latencies, .policy = near->policy, .model = TEXT("m"), .unseen = 30000};
}

static void near_close(struct near *near)
{
    tw_request_free(near->request);
    tw_policy_free(near->policy);
}

/* Whether it steps up with so much time left. */
static bool steps(struct near *near, int64_t left)
{
    uint32_t rule = tw_decide(near->policy, near->request);
    tw_policy_action(near->policy, near->request, rule, &near->action);
    near->urgency.left = left;
    return urgency_step_up(&near->urgency, &near->action);
}

static void see(struct near *near, const char *tier, int64_t milliseconds)
{
    latency_answered(&near->latencies, text_of(tier), TEXT("m"), milliseconds, 10);
}

/* Nothing was seen: 30 s for flex, and twice 30 s and a moment for what follows. */
static void test_unseen(void)
{
    struct near near;
    near_open(&near, "otherwise -> flex");
    CU_ASSERT_FALSE(steps(&near, 90100));
    CU_ASSERT_EQUAL(near.action.step_count, 1);
    CU_ASSERT_TRUE(steps(&near, 90099));
    CU_ASSERT_EQUAL(near.action.step_count, 1);
    CU_ASSERT_STRING_EQUAL(near.action.steps[0].name, "default");
    near_close(&near);
}

static void test_seen(void)
{
    struct near near;
    near_open(&near, "otherwise -> flex");
    see(&near, "flex", 1000);
    see(&near, "default", 200);
    CU_ASSERT_FALSE(steps(&near, 1000 + 2 * 200 + 100));
    CU_ASSERT_TRUE(steps(&near, 1000 + 2 * 200 + 100 - 1));
    near.urgency.model = TEXT("another");
    CU_ASSERT_TRUE(steps(&near, 90099));
    near_close(&near);
}

static void test_next_step(void)
{
    struct near near;
    near_open(&near, "otherwise -> flex retry 2 else priority timeout 9s else default");
    CU_ASSERT_TRUE(steps(&near, 0));
    CU_ASSERT_EQUAL(near.action.step_count, 2);
    CU_ASSERT_STRING_EQUAL(near.action.steps[0].name, "priority");
    CU_ASSERT_EQUAL(near.action.steps[0].timeout, 9000);
    CU_ASSERT_STRING_EQUAL(near.action.steps[1].name, "default");
    near_close(&near);
}

static void test_not_stepped_up(void)
{
    static const char *const policies[] = {
        "otherwise -> flex strict", "otherwise -> flex else reject \"no\"",
        "otherwise -> default",     "otherwise -> priority else flex",
        "otherwise -> reject",      "tiers {slow, quick} otherwise -> slow",
    };
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct near near;
        near_open(&near, policies[i]);
        CU_ASSERT_FALSE(steps(&near, 0));
        near_close(&near);
    }
}

/* What the request or a property says, an `else` overrules, since the author wrote it. */
static void test_named_tiers(void)
{
    struct near near;
    near_open(&near, "when force_tier is set -> force_tier otherwise -> flex");
    CU_ASSERT_EQUAL(tw_request_set(near.request, "force_tier", "flex", NULL), TW_OK);
    CU_ASSERT_FALSE(steps(&near, 0));
    tw_request_clear(near.request);
    CU_ASSERT_TRUE(steps(&near, 0));
    near.urgency.named_tiers_only = true;
    CU_ASSERT_FALSE(steps(&near, 0));
    near_close(&near);
    near_open(&near, "otherwise -> flex else default");
    near.urgency.named_tiers_only = true;
    CU_ASSERT_TRUE(steps(&near, 0));
    CU_ASSERT_EQUAL(near.action.step_count, 1);
    near_close(&near);
}

/* An attempt may take what the next tier does not need; one that nothing follows as long as it
 * likes. */
static void test_timeout(void)
{
    struct near near;
    near_open(&near, "otherwise -> flex else default");
    see(&near, "default", 200);
    steps(&near, 100000);
    CU_ASSERT_EQUAL(urgency_timeout(&near.urgency, &near.action, 0), 100000 - 2 * 200 - 100);
    CU_ASSERT_EQUAL(urgency_timeout(&near.urgency, &near.action, 1), INT64_MAX);
    near.urgency.left = 0;
    CU_ASSERT_EQUAL(urgency_timeout(&near.urgency, &near.action, 0), 1);
    near_close(&near);
}

static void test_other_provider(void)
{
    struct near near;
    near_open(&near, "provider gemini otherwise -> flex");
    CU_ASSERT_TRUE(steps(&near, 0));
    CU_ASSERT_STRING_EQUAL(near.action.steps[0].name, "standard");
    near_close(&near);
}

/* --- latencies --- */

static void test_quantile(void)
{
    struct latencies latencies = {.uses = 0};
    CU_ASSERT_EQUAL(latency_usual(&latencies, TEXT("flex"), TEXT("m")), -1);
    for (int i = 1; i <= 1000; i++)
        latency_answered(&latencies, TEXT("flex"), TEXT("m"), i, -1);
    /* Of 937 to 1000, the 61st of 64. */
    CU_ASSERT_EQUAL(latency_usual(&latencies, TEXT("flex"), TEXT("m")), 997);
    latency_answered(&latencies, TEXT("default"), TEXT("m"), 7, 100);
    CU_ASSERT_EQUAL(latency_usual(&latencies, TEXT("default"), TEXT("m")), 7);
    CU_ASSERT_EQUAL(latency_usual(&latencies, TEXT("default"), TEXT("mm")), -1);
    CU_ASSERT_EQUAL(latency_tokens(&latencies, TEXT("default"), TEXT("m")), 100);
    CU_ASSERT_EQUAL(latency_tokens(&latencies, TEXT("default"), TEXT("mm")), 0);
}

/* How long another attempt may be put off: with a next tier, and without one. */
static void test_slack(void)
{
    struct near near;
    near_open(&near, "otherwise -> flex strict");
    see(&near, "flex", 1000);
    steps(&near, 5000);
    CU_ASSERT_EQUAL(urgency_slack(&near.urgency, &near.action, 0), 4000);
    near_close(&near);
    near_open(&near, "otherwise -> flex else default");
    see(&near, "flex", 1000);
    see(&near, "default", 200);
    steps(&near, 5000);
    CU_ASSERT_EQUAL(urgency_slack(&near.urgency, &near.action, 0), 5000 - 1000 - 500);
    CU_ASSERT_EQUAL(urgency_slack(&near.urgency, &near.action, 1), 5000 - 200);
    near_close(&near);
}

/* More models than there is room for: those used last are kept. */
static void test_many_models(void)
{
    struct latencies latencies = {.uses = 0};
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "m%d", i);
        latency_answered(&latencies, TEXT("flex"), text_of(name), i, -1);
    }
    CU_ASSERT_EQUAL(latency_usual(&latencies, TEXT("flex"), TEXT("m999")), 999);
    CU_ASSERT_EQUAL(latency_usual(&latencies, TEXT("flex"), TEXT("m936")), 936);
    CU_ASSERT_EQUAL(latency_usual(&latencies, TEXT("flex"), TEXT("m935")), -1);
}

UNIT_TESTS({"nothing was seen", test_unseen}, {"what was seen", test_seen},
           {"the next step", test_next_step}, {"not stepped up", test_not_stepped_up},
           {"named tiers", test_named_tiers}, {"timeout", test_timeout},
           {"another provider", test_other_provider}, {"quantile", test_quantile},
           {"slack", test_slack}, {"many models", test_many_models})
