/* What the gateway counts: cells of several threads, bounded labels, Prometheus' text format. */
#include "exposition.h"

#include "gateway/metrics.h"

#include <pthread.h>
#include <stdint.h>

#define POLICY                                                                                     \
    "edition 1\n"                                                                                  \
    "cheap: when priority == low -> flex else default\n"                                           \
    "when model == \"m\" -> priority\n"                                                            \
    "otherwise -> default\n"

static tw_policy *compile(const char *text)
{
    tw_policy *policy = NULL;
    CU_ASSERT_EQUAL_FATAL(tw_policy_compile("a.tier", text, strlen(text), &policy, NULL), TW_OK);
    return policy;
}

static struct buffer page_of(const struct metrics *metrics)
{
    struct buffer page;
    buffer_init(&page, 1 << 20);
    metrics_print(metrics, &page);
    CU_ASSERT_EQUAL_FATAL(page.status, TW_OK);
    return page;
}

static bool has_line(const struct buffer *page, const char *line)
{
    const char *found = strstr(page->data, line);
    return found && (found == page->data || found[-1] == '\n') && found[strlen(line)] == '\n';
}

#define HAS_LINE(page, line)                                                                       \
    do {                                                                                           \
        if (!has_line(page, line))                                                                 \
            printf("\n  not there: %s\n", line);                                                   \
        CU_ASSERT_TRUE(has_line(page, line));                                                      \
    } while (0)

/* The reader of these tests has to refuse what is wrong, or they say nothing. */
static void test_reader(void)
{
    static const struct {
        const char *text;
        const char *complaint;
    } rows[] = {
        {"# HELP a_total h\n# TYPE a_total counter\na_total 1\n", NULL},
        {"# HELP a h\n# TYPE a gauge\na{b=\"c\\\\\\\"\\n\"} -1.5\n", NULL},
        {"a 1\n", "a line of another family"},
        {"# HELP a h\n# TYPE a counter\na 1\n", "a counter that does not end in _total"},
        {"# HELP a h\n# TYPE a gauge\na 1\na 2\n", "a series stands there twice"},
        {"# HELP a h\n# TYPE a gauge\na{b=\"c\\x\"} 1\n", "labels that cannot be read"},
        {"# HELP a h\n# TYPE a gauge\na{b=c} 1\n", "labels that cannot be read"},
        {"# HELP a h\n# TYPE a gauge\na one\n", "a line without a number"},
        {"# HELP a h\n# TYPE a gauge\na 1", "a line that is empty, too long or without its end"},
        {"# HELP a h\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n",
         "a bucket that is smaller than the one before"},
        {"# HELP a h\n# TYPE a gauge\n# HELP a h\n", "a family stands there twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t series, line;
        const char *complaint = exposition_check(rows[i].text, &series, &line);
        if (rows[i].complaint) {
            CU_ASSERT_PTR_NOT_NULL_FATAL(complaint);
            CU_ASSERT_STRING_EQUAL(complaint, rows[i].complaint);
        } else {
            CU_ASSERT_PTR_NULL(complaint);
        }
    }
}

static void test_empty_page(void)
{
    struct metrics *metrics = metrics_open(2);
    struct buffer page = page_of(metrics);
    exposition_assert(page.data);
    HAS_LINE(&page, "tierway_open_requests 0");
    HAS_LINE(&page, "tierway_decision_duration_seconds_count 0");
    HAS_LINE(&page, "# TYPE tierway_requests_total counter");
    CU_ASSERT_PTR_NULL(strstr(page.data, "tierway_requests_total{"));
    buffer_free(&page);
    metrics_close(metrics);
}

static struct metrics_request request_of(const struct metrics *metrics, const uint16_t *labels,
                                         uint32_t rule)
{
    return (struct metrics_request){
        .requested = METRICS_NONE,
        .chosen = metrics_tier(metrics, TEXT("flex")),
        .served = metrics_tier(metrics, TEXT("default")),
        .rule = labels[rule],
        .outcome = METRICS_ANSWERED,
        .tokens = {100, 60, 20, -1},
        .cost = 1250000000,         /* $0.00125 */
        .default_cost = 2500000000, /* $0.0025 */
        .duration = 30000000,       /* 30 ms */
        .first_byte = 5000000,      /* on a bound */
        .decision = 251,
        .received = 1000,
        .sent = 2000,
    };
}

static void test_request(void)
{
    struct metrics *metrics = metrics_open(2);
    tw_policy *policy = compile(POLICY);
    uint16_t *labels = metrics_label_policy(metrics, policy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(labels);
    struct metrics_request request = request_of(metrics, labels, 0);
    metrics_count_request(metrics_block(metrics, 0), &request);
    metrics_count_request(metrics_block(metrics, 1), &request);
    request.cost = -1;
    request.rule = labels[2];
    request.duration = 2000000000000; /* past the last bound */
    request.first_byte = request.decision = -1;
    metrics_count_request(metrics_block(metrics, 1), &request);
    struct buffer page = page_of(metrics);
    exposition_assert(page.data);
    HAS_LINE(&page, "tierway_requests_total{tier=\"default\",outcome=\"answered\"} 3");
    HAS_LINE(&page, "tierway_requested_total{tier=\"none\"} 3");
    HAS_LINE(&page, "tierway_chosen_total{tier=\"flex\"} 3");
    HAS_LINE(&page, "tierway_rule_requests_total{rule=\"cheap\"} 2");
    HAS_LINE(&page, "tierway_rule_requests_total{rule=\"otherwise\"} 1");
    HAS_LINE(&page, "tierway_tokens_total{tier=\"default\",kind=\"input\"} 300");
    HAS_LINE(&page, "tierway_tokens_total{tier=\"default\",kind=\"output\"} 60");
    CU_ASSERT_PTR_NULL(strstr(page.data, "kind=\"reasoning\""));
    HAS_LINE(&page, "tierway_cost_dollars_total{tier=\"default\"} 0.0025");
    HAS_LINE(&page, "tierway_cost_at_default_dollars_total{tier=\"default\"} 0.005");
    HAS_LINE(&page, "tierway_unpriced_requests_total{tier=\"default\"} 1");
    HAS_LINE(&page, "tierway_sent_bytes_total 6000");
    HAS_LINE(&page, "tierway_request_duration_seconds_bucket{tier=\"default\",le=\"0.025\"} 0");
    HAS_LINE(&page, "tierway_request_duration_seconds_bucket{tier=\"default\",le=\"0.05\"} 2");
    HAS_LINE(&page, "tierway_request_duration_seconds_bucket{tier=\"default\",le=\"900\"} 2");
    HAS_LINE(&page, "tierway_request_duration_seconds_bucket{tier=\"default\",le=\"+Inf\"} 3");
    HAS_LINE(&page, "tierway_request_duration_seconds_sum{tier=\"default\"} 2000.06");
    HAS_LINE(&page, "tierway_request_duration_seconds_count{tier=\"default\"} 3");
    HAS_LINE(&page, "tierway_time_to_first_byte_seconds_bucket{tier=\"default\",le=\"0.005\"} 2");
    HAS_LINE(&page, "tierway_decision_duration_seconds_bucket{le=\"0.00000025\"} 0");
    HAS_LINE(&page, "tierway_decision_duration_seconds_bucket{le=\"0.0000005\"} 2");
    buffer_free(&page);
    free(labels);
    tw_policy_free(policy);
    metrics_close(metrics);
}

static void test_unknown_words(void)
{
    struct metrics *metrics = metrics_open(1);
    CU_ASSERT_EQUAL(metrics_tier(metrics, TEXT("")), METRICS_NONE);
    CU_ASSERT_EQUAL(metrics_tier(metrics, TEXT("flex")), METRICS_OTHER);
    tw_policy *policy = compile(POLICY);
    free(metrics_label_policy(metrics, policy));
    uint16_t flex = metrics_tier(metrics, TEXT("flex"));
    CU_ASSERT(flex > METRICS_NONE);
    CU_ASSERT_EQUAL(metrics_tier(metrics, TEXT("made up by a caller")), METRICS_OTHER);
    free(metrics_label_policy(metrics, policy));
    CU_ASSERT_EQUAL(metrics_tier(metrics, TEXT("flex")), flex);
    tw_policy_free(policy);
    metrics_close(metrics);
}

/* More rules than there are labels: those that come too late share one. */
static void test_many_rules(void)
{
    enum { RULES = 400 };
    struct metrics *metrics = metrics_open(1);
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_string(&text, "edition 1\n");
    for (int i = 0; i < RULES; i++)
        buffer_format(&text, "rule_%d: when tokens == %d -> flex else default\n", i, i);
    buffer_string(&text, "otherwise -> default\n");
    tw_policy *policy = compile(text.data);
    uint16_t *labels = metrics_label_policy(metrics, policy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(labels);
    CU_ASSERT_EQUAL(labels[0], 2);
    CU_ASSERT_EQUAL(labels[METRICS_RULES - 3], METRICS_RULES - 1);
    CU_ASSERT_EQUAL(labels[METRICS_RULES - 2], METRICS_OTHER);
    CU_ASSERT_EQUAL(labels[RULES], METRICS_OTHER);
    for (int i = 0; i <= RULES; i++)
        metrics_add(&metrics_block(metrics, 0)->rules[labels[i]][0], 1);
    struct buffer page = page_of(metrics);
    exposition_assert(page.data);
    HAS_LINE(&page, "tierway_rule_requests_total{rule=\"rule_0\"} 1");
    HAS_LINE(&page, "tierway_rule_requests_total{rule=\"other\"} 147");
    buffer_free(&page);
    free(labels);
    tw_policy_free(policy);
    buffer_free(&text);
    metrics_close(metrics);
}

static void test_escapes(void)
{
    struct buffer out;
    buffer_init(&out, 1 << 10);
    metrics_print_label(&out, "file", TEXT("a\"b\\c\nd"));
    CU_ASSERT_STRING_EQUAL(out.data, "file=\"a\\\"b\\\\c\\nd\"");
    buffer_clear(&out);
    metrics_print_head(&out, "a_b", "gauge", "What it is.");
    metrics_print_value(&out, "a_b", "c=\"d\"", -3);
    CU_ASSERT_STRING_EQUAL(out.data, "# HELP a_b What it is.\n# TYPE a_b gauge\na_b{c=\"d\"} -3\n");
    buffer_free(&out);
}

enum { THREADS = 4, EACH = 50000 };

struct counting {
    pthread_t thread;
    struct metrics_block *block;
};

static void *count_many(void *context)
{
    struct counting *counting = context;
    struct metrics_request request = {
        .duration = 1, .first_byte = -1, .decision = 1, .outcome = METRICS_REJECTED, .cost = -1};
    for (int i = 0; i < EACH; i++)
        metrics_count_request(counting->block, &request);
    return NULL;
}

/* Pages are read while the others count: each is well-formed, and at the end nothing is lost. */
static void test_threads(void)
{
    struct counting threads[THREADS];
    struct metrics *metrics = metrics_open(THREADS);
    for (int i = 0; i < THREADS; i++) {
        threads[i].block = metrics_block(metrics, (size_t)i);
        CU_ASSERT_EQUAL((uintptr_t)threads[i].block % 64, 0);
        pthread_create(&threads[i].thread, NULL, count_many, &threads[i]);
    }
    for (int i = 0; i < 20; i++) {
        struct buffer page = page_of(metrics);
        size_t series, line;
        CU_ASSERT_PTR_NULL(exposition_check(page.data, &series, &line));
        buffer_free(&page);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i].thread, NULL);
    struct buffer page = page_of(metrics);
    HAS_LINE(&page, "tierway_requests_total{tier=\"other\",outcome=\"rejected\"} 200000");
    HAS_LINE(&page, "tierway_decision_duration_seconds_count 200000");
    buffer_free(&page);
    metrics_close(metrics);
}

UNIT_TESTS({"the tests' own reader", test_reader}, {"an empty page", test_empty_page},
           {"a request", test_request}, {"unknown words", test_unknown_words},
           {"many rules", test_many_rules}, {"escapes", test_escapes}, {"threads", test_threads})
