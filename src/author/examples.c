/* author/examples.c: each `expect` becomes a request with every other attribute at its default. */
#include "author/examples.h"

#include "front/reference.h"
#include "program/run/program.h"

static int index_of(const struct policy_tree *policy, const struct attribute *attribute)
{
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (policy->attributes[i] == attribute)
            return (int)i;
    return -1;
}

static enum tw_status set_given(const struct policy_tree *policy, tw_request *request,
                                const struct given *given, struct tw_error *error)
{
    int attribute = index_of(policy, given->attribute);
    if (given->attribute->type == TW_TYPE_STRING)
        return request_set_text(request, attribute, given->item.text, false);
    if (given->attribute->type == TW_TYPE_NOW)
        return request_set_instant(request, given->item.low);
    return request_set_number(request, attribute, given->item.low, error);
}

static struct text describe(struct arena *arena, struct text tier, struct text rule)
{
    if (rule.length == 0)
        return tier;
    return arena_format(arena, "%.*s by %.*s", TEXT_ARGUMENTS(tier), TEXT_ARGUMENTS(rule));
}

static struct text describe_expected(struct front *front, const struct statement *statement)
{
    struct text tier =
        statement->tier ? front->policy.tiers[statement->tier_index] : TEXT("reject");
    return describe(&front->arena, tier, statement->by ? statement->by->text : TEXT(""));
}

/* The rule that the example names, rule_count for `otherwise`; -1 where it names none. */
static int64_t expected_rule(const struct policy_tree *policy, const struct statement *statement)
{
    if (!statement->by)
        return -1;
    for (size_t i = 0; i < policy->rule_count; i++)
        if (policy->rules[i] == statement->rule)
            return (int64_t)i;
    return (int64_t)policy->rule_count;
}

static bool agrees(const struct policy_tree *policy, const tw_request *request, uint32_t rule)
{
    struct valuation valuation = {request->values, request->texts};
    return reference_decide(policy, &valuation) == rule;
}

static void judge(struct front *front, const tw_policy *policy, const tw_request *request,
                  struct example_result *result)
{
    const struct statement *statement = result->statement;
    struct tw_action action;
    struct tw_rule rule;
    tw_policy_action(policy, request, result->rule, &action);
    tw_policy_rule(policy, result->rule, &rule);
    bool rejected = action.step_count == 0;
    bool right_tier = statement->tier
                          ? !rejected && action.steps[0].tier == (uint32_t)statement->tier_index
                          : rejected;
    int64_t wanted = expected_rule(&front->policy, statement);
    result->passed = right_tier && (wanted < 0 || wanted == result->rule);
    result->expected = describe_expected(front, statement);
    result->decided =
        describe(&front->arena, rejected ? TEXT("reject") : text_of(action.steps[0].name),
                 text_of(rule.name));
}

static enum tw_status run_one(struct front *front, const tw_policy *policy, tw_request *request,
                              struct example_result *result, struct tw_error *error)
{
    tw_request_clear(request);
    for (const struct given *given = result->statement->givens; given; given = given->next) {
        enum tw_status status = set_given(&front->policy, request, given, error);
        if (status)
            return status;
    }
    result->rule = tw_decide(policy, request);
    if (!agrees(&front->policy, request, result->rule))
        return fail(error, TW_INVALID,
                    "internal error: program and reference evaluator disagree on an example");
    judge(front, policy, request, result);
    return TW_OK;
}

static size_t count_examples(const struct front *front)
{
    size_t count = 0;
    for (const struct statement *at = front->statements; at; at = at->next)
        count += at->kind == STATEMENT_EXPECT;
    return count;
}

enum tw_status run_examples(struct front *front, const tw_policy *policy,
                            struct example_result **results, size_t *count, struct tw_error *error)
{
    tw_request *request;
    size_t next = 0;
    *count = count_examples(front);
    *results = ARENA_ARRAY(&front->arena, struct example_result, *count);
    if (!*results || tw_request_new(policy, &request) != TW_OK)
        return fail(error, TW_NO_MEMORY, "out of memory");
    enum tw_status status = TW_OK;
    for (const struct statement *at = front->statements; at && !status; at = at->next) {
        if (at->kind != STATEMENT_EXPECT)
            continue;
        struct example_result *result = &(*results)[next++];
        result->statement = at;
        status = run_one(front, policy, request, result, error);
    }
    tw_request_free(request);
    return status;
}
