/* gateway/metrics.c: labels that are known, and counting.
 *
 * Owns the blocks and the labels' texts. A label once given a number keeps it: its text is written
 * before the count of labels grows, which is what a reader looks at. */
#include "gateway/metrics_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void labels_init(struct labels *labels, size_t limit)
{
    labels->limit = limit;
    labels->names[METRICS_OTHER] = "other";
    labels->names[METRICS_NONE] = "none";
    atomic_init(&labels->count, 2);
}

static void labels_free(struct labels *labels)
{
    for (size_t i = 2; i < atomic_load(&labels->count); i++)
        free((char *)(uintptr_t)labels->names[i]);
}

/* METRICS_OTHER where it is not known. */
static uint16_t labels_find(const struct labels *labels, struct text name)
{
    size_t count = atomic_load_explicit(&labels->count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        if (text_is(name, labels->names[i]))
            return (uint16_t)i;
    return METRICS_OTHER;
}

/* The lock is held. */
static uint16_t labels_learn(struct labels *labels, struct text name)
{
    size_t count = atomic_load_explicit(&labels->count, memory_order_relaxed);
    uint16_t known = labels_find(labels, name);
    if (known != METRICS_OTHER || count == labels->limit)
        return known;
    char *copy = strndup(name.data, name.length);
    if (!copy)
        return METRICS_OTHER;
    labels->names[count] = copy;
    atomic_store_explicit(&labels->count, count + 1, memory_order_release);
    return (uint16_t)count;
}

struct metrics *metrics_open(size_t threads)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    size_t size = threads * sizeof(struct metrics_block);
    metrics_cell *blocks = metrics ? aligned_alloc(_Alignof(struct metrics_block), size) : NULL;
    if (!blocks) {
        free(metrics);
        return NULL;
    }
    for (size_t i = 0; i < size / sizeof *blocks; i++)
        atomic_init(&blocks[i], 0);
    metrics->blocks = (struct metrics_block *)(void *)blocks;
    metrics->threads = threads;
    labels_init(&metrics->tiers, METRICS_TIERS);
    labels_init(&metrics->rules, METRICS_RULES);
    pthread_mutex_init(&metrics->learning, NULL);
    return metrics;
}

void metrics_close(struct metrics *metrics)
{
    if (!metrics)
        return;
    labels_free(&metrics->tiers);
    labels_free(&metrics->rules);
    pthread_mutex_destroy(&metrics->learning);
    free(metrics->blocks);
    free(metrics);
}

struct metrics_block *metrics_block(struct metrics *metrics, size_t thread)
{
    return &metrics->blocks[thread];
}

uint16_t *metrics_label_policy(struct metrics *metrics, const tw_policy *policy)
{
    uint32_t count = tw_policy_rule_count(policy);
    uint16_t *numbers = calloc((size_t)count + 1, sizeof *numbers);
    if (!numbers)
        return NULL;
    pthread_mutex_lock(&metrics->learning);
    for (size_t i = 0; i < tw_policy_tier_count(policy); i++)
        labels_learn(&metrics->tiers, text_of(tw_policy_tier(policy, i)));
    for (uint32_t i = 0; i <= count; i++) {
        struct tw_rule rule;
        if (tw_policy_rule(policy, i, &rule))
            numbers[i] = labels_learn(&metrics->rules, text_of(rule.name));
    }
    pthread_mutex_unlock(&metrics->learning);
    return numbers;
}

uint16_t metrics_tier(const struct metrics *metrics, struct text tier)
{
    return tier.length ? labels_find(&metrics->tiers, tier) : METRICS_NONE;
}

static void observe(metrics_cell *row, const struct bounds *bounds, int64_t nanoseconds)
{
    size_t bucket = 0;
    while (bucket < bounds->count && nanoseconds > bounds->nanoseconds[bucket])
        bucket++;
    metrics_add(&row[bucket], 1);
    metrics_add(&row[METRICS_BUCKETS + 1], nanoseconds);
}

void metrics_observe_seconds(metrics_cell *row, int64_t nanoseconds)
{
    observe(row, &metrics_seconds, nanoseconds);
}

void metrics_observe_decision(metrics_cell *row, int64_t nanoseconds)
{
    observe(row, &metrics_decisions, nanoseconds);
}

/* Money counts only where both figures are known, so that their difference is what was saved. */
static void count_cost(struct metrics_block *block, const struct metrics_request *request)
{
    if (request->cost < 0 || request->default_cost < 0) {
        if (request->outcome == METRICS_ANSWERED)
            metrics_add(&block->unpriced[request->served][0], 1);
        return;
    }
    metrics_add(&block->cost[request->served][0], request->cost);
    metrics_add(&block->default_cost[request->served][0], request->default_cost);
}

static void count_durations(struct metrics_block *block, const struct metrics_request *request)
{
    if (request->duration >= 0)
        metrics_observe_seconds(block->duration[request->served], request->duration);
    if (request->first_byte >= 0)
        metrics_observe_seconds(block->first_byte[request->served], request->first_byte);
    if (request->decision >= 0)
        metrics_observe_decision(block->decision[0], request->decision);
}

void metrics_count_request(struct metrics_block *block, const struct metrics_request *request)
{
    metrics_add(&block->requests[request->served][request->outcome], 1);
    metrics_add(&block->requested[request->requested][0], 1);
    metrics_add(&block->chosen[request->chosen][0], 1);
    metrics_add(&block->rules[request->rule][0], 1);
    for (int kind = 0; kind < METRICS_TOKEN_KINDS; kind++)
        if (request->tokens[kind] > 0)
            metrics_add(&block->tokens[request->served][kind], request->tokens[kind]);
    metrics_add(&block->received_bytes[0][0], request->received > 0 ? request->received : 0);
    metrics_add(&block->sent_bytes[0][0], request->sent > 0 ? request->sent : 0);
    count_cost(block, request);
    count_durations(block, request);
}
