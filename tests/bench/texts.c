/* tests/bench/texts.c: P3 from strings, and patterns. One handle is used again and again; what a
 * request holds is set on it through the public functions before each decision. */
#include "texts.h"

#include "engines.h"
#include "patterns.h"

#include <stdlib.h>

/* What is set for every request. */
struct text_requests {
    const tw_policy *policy;
    tw_request *request;
    int model, team, tokens; /* attributes; team -1: the policy has none */
    const struct text_request *items;
    size_t count;
};

static void set_text(tw_request *request, int attribute, struct text text)
{
    tw_request_set_text(request, (size_t)attribute, text.data, text.length);
}

static uint64_t text_requests_run(const void *context)
{
    const struct text_requests *requests = context;
    uint64_t sum = 0;
    for (size_t i = 0; i < requests->count; i++) {
        const struct text_request *item = &requests->items[i];
        set_text(requests->request, requests->model, item->model);
        if (requests->team >= 0)
            set_text(requests->request, requests->team, item->team);
        tw_request_set_number(requests->request, (size_t)requests->tokens, item->tokens);
        sum += tw_decide(requests->policy, requests->request) * (uint64_t)(i + 1);
    }
    return sum;
}

static void text_requests_begin(struct text_requests *requests, const char *name, struct text text,
                                const struct text_request *items, size_t count)
{
    tw_policy *policy = policy_compile(name, text, RUN_BEST);
    *requests = (struct text_requests){.policy = policy, .items = items, .count = count};
    requests->model = tw_policy_find_attribute(policy, "model");
    requests->team = tw_policy_find_attribute(policy, "team");
    requests->tokens = tw_policy_find_attribute(policy, "tokens");
    if (tw_request_new(policy, &requests->request))
        bench_trouble("out of memory");
}

static void text_requests_end(struct text_requests *requests)
{
    tw_request_free(requests->request);
    tw_policy_free((tw_policy *)requests->policy);
}

static struct text_request *model_requests(const int32_t *rows, size_t count, struct buffer *texts)
{
    struct text_request *items = bench_memory(count, sizeof *items);
    buffer_init(texts, 64 << 20);
    buffer_reserve(texts, count * 24); /* so that the texts stay where they are */
    for (size_t i = 0; i < count; i++) {
        const int32_t *row = rows + i * SLOTS;
        size_t start = texts->length;
        buffer_format(texts, "m%d", row[MODEL_MODEL]);
        size_t middle = texts->length;
        buffer_format(texts, "team%d", row[MODEL_TEAM]);
        items[i] = (struct text_request){{texts->data + start, middle - start},
                                         {texts->data + middle, texts->length - middle},
                                         row[MODEL_TOKENS]};
    }
    if (texts->status || texts->length > count * 24)
        bench_trouble("the requests' texts do not fit");
    return items;
}

void bench_texts(struct bench *bench, uint32_t rules, size_t count)
{
    struct workload workload;
    struct buffer texts;
    struct text_requests requests;
    workload_models(&workload, rules);
    int32_t *rows = workload_rows(&workload, count);
    struct text_request *items = model_requests(rows, count, &texts);
    struct hand_table *hand = hand_table_new(&workload);
    text_requests_begin(&requests, workload.name, buffer_view(&workload.text), items, count);
    struct engine engine = {hand_table_text, hand, items, sizeof *items, count};
    struct way ways[] = {{"tierway", text_requests_run, &requests, count, 0, 0},
                         {"hand-written C, hash table", engine_run, &engine, count, 0, 0}};
    struct subject subject = {"P3 from strings", rules, count, policy_plan(requests.policy)};
    bench_table(bench, &subject, ways, sizeof ways / sizeof ways[0], 1);
    text_requests_end(&requests);
    hand_table_free(hand);
    free(items);
    free(rows);
    buffer_free(&texts);
    workload_free(&workload);
}

void bench_patterns(struct bench *bench, uint32_t rules, size_t count)
{
    struct pattern_policy policy;
    struct buffer texts;
    struct text_requests requests;
    patterns_new(&policy, rules);
    struct text_request *items = patterns_requests(&policy, count, &texts);
    text_requests_begin(&requests, "patterns", buffer_view(&policy.text), items, count);
    struct engine compare = {patterns_compare, &policy, items, sizeof *items, count};
    struct engine matcher = {patterns_fnmatch, &policy, items, sizeof *items, count};
    struct way ways[] = {{"tierway", text_requests_run, &requests, count, 0, 0},
                         {"hand-written C, rules in order", engine_run, &compare, count, 0, 0},
                         {"fnmatch, rules in order", engine_run, &matcher, count, 0, 0}};
    struct subject subject = {"patterns from strings", rules, count, policy_plan(requests.policy)};
    bench_table(bench, &subject, ways, sizeof ways / sizeof ways[0], 1);
    text_requests_end(&requests);
    free(items);
    buffer_free(&texts);
    patterns_free(&policy);
}
