/* tests/bench/patterns.c: the policy's text, its requests, and the rules by hand. */
#include "patterns.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static enum pattern_kind kind_of(uint32_t rule)
{
    return rule % 25 == 24 ? PATTERN_CONTAINS : rule % 6 == 5 ? PATTERN_SUFFIX : PATTERN_PREFIX;
}

void patterns_new(struct pattern_policy *policy, uint32_t rules)
{
    static const struct {
        const char *before, *after;
    } shapes[] = {{"family", "-*"}, {"*-v", ""}, {"*-tuned", "-*"}};
    *policy = (struct pattern_policy){.rule_count = rules};
    policy->rules = bench_memory(rules, sizeof *policy->rules);
    buffer_init(&policy->text, TW_MAX_SOURCE);
    buffer_string(&policy->text, "edition 1\n");
    for (uint32_t i = 0; i < rules; i++) {
        struct pattern_rule *rule = &policy->rules[i];
        rule->kind = kind_of(i);
        rule->tokens = (int32_t)(i * 37 % 100) * 100;
        snprintf(rule->glob, sizeof rule->glob, "%s%u%s", shapes[rule->kind].before, i,
                 shapes[rule->kind].after);
        buffer_format(&policy->text, "when model like \"%s\" and tokens > %d -> flex else auto\n",
                      rule->glob, rule->tokens);
    }
    buffer_string(&policy->text, "otherwise -> auto\n");
}

void patterns_free(struct pattern_policy *policy)
{
    buffer_free(&policy->text);
    free(policy->rules);
}

struct text_request *patterns_requests(const struct pattern_policy *policy, size_t count,
                                       struct buffer *texts)
{
    enum { LONGEST = 48 };
    struct text_request *requests = bench_memory(count, sizeof *requests);
    struct random random = {count ^ 0x91ab};
    int32_t most = (int32_t)policy->rule_count * 2;
    buffer_init(texts, 64 << 20);
    buffer_reserve(texts, count * LONGEST); /* so that the texts stay where they are */
    for (size_t i = 0; i < count; i++) {
        size_t start = texts->length;
        buffer_format(texts, "family%d", random_below(&random, most));
        if (random_below(&random, 4) == 0)
            buffer_format(texts, "-tuned%d", random_below(&random, most));
        buffer_format(texts, "-2026-v%d", random_below(&random, most));
        requests[i].model = (struct text){texts->data + start, texts->length - start};
        requests[i].tokens = random_below(&random, 20000);
    }
    if (texts->status || texts->length > count * LONGEST)
        bench_trouble("the requests' texts do not fit");
    return requests;
}

static bool rule_matches(const struct pattern_rule *rule, struct text model)
{
    size_t length = strlen(rule->glob) - 1; /* without one star */
    switch (rule->kind) {
    case PATTERN_PREFIX:
        return model.length >= length && memcmp(model.data, rule->glob, length) == 0;
    case PATTERN_SUFFIX:
        return model.length >= length &&
               memcmp(model.data + model.length - length, rule->glob + 1, length) == 0;
    case PATTERN_CONTAINS:
        return memmem(model.data, model.length, rule->glob + 1, length - 1) != NULL;
    }
    return false;
}

uint32_t patterns_compare(const void *data, const void *row)
{
    const struct pattern_policy *policy = data;
    const struct text_request *request = row;
    for (uint32_t i = 0; i < policy->rule_count; i++)
        if (request->tokens > policy->rules[i].tokens &&
            rule_matches(&policy->rules[i], request->model))
            return i;
    return policy->rule_count;
}

uint32_t patterns_fnmatch(const void *data, const void *row)
{
    const struct pattern_policy *policy = data;
    const struct text_request *request = row;
    char model[64]; /* fnmatch wants a NUL */
    memcpy(model, request->model.data, request->model.length);
    model[request->model.length] = '\0';
    for (uint32_t i = 0; i < policy->rule_count; i++)
        if (request->tokens > policy->rules[i].tokens &&
            fnmatch(policy->rules[i].glob, model, 0) == 0)
            return i;
    return policy->rule_count;
}
