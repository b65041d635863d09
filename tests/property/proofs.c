/* tests/property/proofs.c [count] [first]: lint's proofs against brute force.
 *
 * For random policies over small domains, every request is tried with the reference evaluator. What
 * lint says has to be what comes out, no more and no less; what it brings as a witness has to be a
 * request of which it is true, with as few attributes away from their defaults as there can be. The
 * same with a budget so small that questions are asked by pieces, or stay open. */
#include "expectation.h"
#include "small_policy.h"

#include "author/examples.h"
#include "author/lint.h"
#include "base/json.h"
#include "diagram/diagram.h"
#include "program/compile.h"
#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

enum { YEAR_BEGINS = 1767225600 };

/* How often each finding was expected, over all policies. */
struct tally {
    size_t findings[FINDING_COUNT];
    size_t passed, failed, too_large;
    size_t by_pieces, open; /* trials with a small budget, and those that left something open */
};

struct trial {
    struct tally *tally;
    struct text source;
    struct front front;
    struct space space;
    struct expectation expectation;
    tw_policy *policy;
    size_t edge_limit; /* of the diagram of all rules */
    bool open;         /* lint said that something could not be settled */
    size_t troubles;
};

static void trouble(struct trial *trial, const char *what, enum finding_name name, struct span span)
{
    struct text text = span_text(trial->front.policy.sources, span);
    if (trial->troubles++ == 0)
        printf("%.*s\n", TEXT_ARGUMENTS(trial->source));
    printf("  %s: %s at `%.*s`\n", what, finding_text(name), TEXT_ARGUMENTS(text));
}

static bool same_span(struct span a, struct span b)
{
    return a.source == b.source && a.start == b.start && a.end == b.end;
}

static bool is_proved(enum finding_name name)
{
    return name >= FINDING_DEAD_RULE && name <= FINDING_UNSETTLED;
}

/* The program and the reference have to agree with the sets, or the sets are no judge. */
static void check_decisions(struct trial *trial)
{
    struct space *space = &trial->space;
    for (size_t i = 0; i < space->count; i++) {
        struct valuation valuation = space_request(space, i);
        size_t rule = reference_decide(space->policy, &valuation);
        struct request_set set = rule < space->policy->rule_count ? trial->expectation.own[rule]
                                                                  : trial->expectation.rest;
        if (!set_has(set, i))
            trouble(trial, "decided otherwise than enumerated", FINDING_UNSETTLED,
                    space->policy->rules[0]->span);
    }
}

/* Do the rules that are related to the finding, all but `left_out`, take the rule's requests? */
static bool covers(struct trial *trial, const struct finding *finding, size_t rule,
                   const struct related *left_out)
{
    struct space *space = &trial->space;
    struct request_set open = set_new(space, false);
    set_or(space, open, trial->expectation.holds[rule]);
    for (const struct related *at = finding->related; at; at = at->next)
        for (size_t i = 0; i < rule && at != left_out; i++)
            if (same_span(space->policy->rules[i]->span, at->span))
                set_minus(space, open, trial->expectation.holds[i]);
    return set_empty(space, open);
}

static void check_covering(struct trial *trial, const struct finding *finding, size_t rule)
{
    if (!covers(trial, finding, rule, NULL))
        trouble(trial, "related rules do not take all", finding->name, finding->span);
    for (const struct related *at = finding->related; at; at = at->next)
        if (covers(trial, finding, rule, at))
            trouble(trial, "a related rule is not needed", finding->name, finding->span);
}

static bool set_member(tw_request *request, const struct json_member *member)
{
    struct buffer text;
    struct tw_error error;
    buffer_init(&text, 1000);
    int attribute = attribute_find(request->policy, member->name);
    if (member->value.kind == JSON_STRING)
        (void)!json_string_decode(member->value, &text);
    else
        buffer_text(&text, member->value.raw);
    bool good =
        attribute >= 0 && request_set(request, attribute, buffer_view(&text), &error) == TW_OK;
    buffer_free(&text);
    return good;
}

static bool read_witness(struct trial *trial, tw_request *request, struct text witness,
                         size_t *given)
{
    struct json_value root;
    struct json_member member;
    tw_request_clear(request);
    *given = 0;
    if (json_parse(witness, &root, NULL) != TW_OK || root.kind != JSON_OBJECT)
        return false;
    struct json_iterator members = json_members_begin(root);
    for (; json_next_member(&members, &member); ++*given)
        if (!map_get(&trial->front.policy.attribute_names, member.name) ||
            !set_member(request, &member))
            return false;
    return true;
}

static size_t fewest_changes(const struct trial *trial, struct request_set region)
{
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < trial->space.count; i++)
        if (set_has(region, i) && space_changed(&trial->space, i) < fewest)
            fewest = space_changed(&trial->space, i);
    return fewest;
}

/* Of properties, the simplest request is found by pieces too. */
static bool is_property(enum finding_name name)
{
    return name == FINDING_BROKEN_NEVER || name == FINDING_BROKEN_ALWAYS;
}

/* What is true of a request with nothing given has to be said with something all the same. */
static size_t at_least_one(size_t changes)
{
    return changes ? changes : 1;
}

static void check_witness(struct trial *trial, const struct finding *finding,
                          const struct expected *expected)
{
    tw_request *request;
    size_t given;
    if (tw_request_new(trial->policy, &request) != TW_OK)
        abort();
    if (finding->example.length == 0 || !read_witness(trial, request, finding->witness, &given)) {
        trouble(trial, "no good witness", finding->name, finding->span);
    } else {
        struct valuation valuation = {request->values, request->texts};
        size_t number = space_find(&trial->space, &valuation);
        if (number == SIZE_MAX || !set_has(expected->region, number))
            trouble(trial, "the witness shows nothing", finding->name, finding->span);
        else if ((trial->edge_limit == DIAGRAM_EDGES || is_property(finding->name)) &&
                 given > at_least_one(fewest_changes(trial, expected->region)))
            trouble(trial, "a simpler witness exists", finding->name, finding->span);
    }
    tw_request_free(request);
}

static void check_finding(struct trial *trial, const struct finding *finding)
{
    struct expectation *expectation = &trial->expectation;
    size_t i = 0;
    while (i < expectation->count && (expectation->items[i].name != finding->name ||
                                      !same_span(expectation->items[i].span, finding->span)))
        i++;
    if (i == expectation->count) {
        trouble(trial, "false alarm", finding->name, finding->span);
        return;
    }
    struct expected expected = expectation->items[i];
    trial->tally->findings[finding->name]++;
    expectation->items[i] = expectation->items[--expectation->count];
    if (finding->name == FINDING_DEAD_RULE)
        check_covering(trial, finding, expected.rule);
    if (expected.witnessed)
        check_witness(trial, finding, &expected);
}

static void check_findings(struct trial *trial)
{
    const struct findings *findings = &trial->front.findings;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].name == FINDING_UNSETTLED)
            trial->open = true;
        else if (is_proved(findings->items[i].name))
            check_finding(trial, &findings->items[i]);
    for (size_t i = 0; i < trial->expectation.count && !trial->open; i++)
        trouble(trial, "missed", trial->expectation.items[i].name,
                trial->expectation.items[i].span);
}

/* Every example that a finding brings has to pass once it is written into the policy. */
static void run_all_examples(struct trial *trial, struct front *front)
{
    struct example_result *results;
    struct tw_error error;
    tw_policy *policy = NULL;
    size_t count = 0, failed = 0;
    enum tw_status status = compile_front(front, &policy, &error);
    if (!status)
        status = run_examples(front, policy, &results, &count, &error);
    for (size_t i = 0; i < count && !status; i++)
        failed += !results[i].passed;
    if (status || failed)
        trouble(trial, status ? error.message : "an example fails", FINDING_UNSETTLED,
                trial->front.policy.rules[0]->span);
    tw_policy_free(policy);
}

static void check_examples(struct trial *trial)
{
    const struct findings *findings = &trial->front.findings;
    struct buffer text;
    struct front front;
    buffer_init(&text, 1 << 20);
    buffer_text(&text, trial->source);
    for (size_t i = 0; i < findings->count; i++)
        buffer_format(&text, "%.*s\n", TEXT_ARGUMENTS(findings->items[i].example));
    if (front_read(&front, TEXT("examples.tier"), buffer_view(&text), &read_from_disk) != TW_OK ||
        front.findings.error_count)
        trouble(trial, "an example is no statement", FINDING_UNSETTLED,
                trial->front.policy.rules[0]->span);
    else
        run_all_examples(trial, &front);
    if (trial->troubles)
        printf("%.*s", TEXT_ARGUMENTS(buffer_view(&text)));
    front_free(&front);
    buffer_free(&text);
}

/* Lint comes before the expectation, which does not look at what lint leaves in the tree. */
static enum tw_status lint(struct trial *trial)
{
    if (trial->edge_limit == DIAGRAM_EDGES)
        return lint_policy(&trial->front, YEAR_BEGINS, NULL);
    trial->tally->by_pieces++;
    return lint_proofs(&trial->front, trial->edge_limit, NULL);
}

static void judge(struct trial *trial)
{
    struct tally *tally = trial->tally;
    expectation_make(&trial->expectation, &trial->space);
    check_decisions(trial);
    check_findings(trial);
    check_examples(trial);
    tally->open += trial->open;
    tally->passed += trial->troubles == 0;
    tally->failed += trial->troubles > 0;
}

static void try_policy(struct tally *tally, struct text source, size_t edge_limit)
{
    struct trial trial = {.tally = tally, .source = source, .edge_limit = edge_limit};
    struct tw_error error;
    if (front_read(&trial.front, TEXT("random.tier"), source, &read_from_disk) != TW_OK ||
        trial.front.findings.error_count) {
        printf("%.*s\nis no policy: %.*s\n", TEXT_ARGUMENTS(source),
               TEXT_ARGUMENTS(trial.front.findings.items[0].message));
        tally->failed++;
    } else if (!space_make(&trial.space, &trial.front.policy)) {
        tally->too_large++;
    } else if (compile_front(&trial.front, &trial.policy, &error) != TW_OK ||
               lint(&trial) != TW_OK) {
        tally->failed++;
    } else {
        judge(&trial);
    }
    tw_policy_free(trial.policy);
    front_free(&trial.front);
}

/* A kind of finding that never came up was not tested. Small policies never pass the budget. */
static size_t report(const struct tally *tally)
{
    size_t untested = 0;
    for (int name = FINDING_DEAD_RULE; name < FINDING_UNSETTLED; name++) {
        printf("%-15s %zu\n", finding_text((enum finding_name)name), tally->findings[name]);
        untested += tally->findings[name] == 0;
    }
    printf("%zu left out, with more than %d requests\n", tally->too_large, MOST_REQUESTS);
    printf("%zu with a small budget, of which %zu left something open\n", tally->by_pieces,
           tally->open);
    return untested + (tally->open == 0) + (tally->open == tally->by_pieces);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    uint64_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct tally tally = {0};
    struct buffer source;
    buffer_init(&source, 1 << 20);
    for (; tally.passed + tally.failed < count && tally.failed < 20; number++) {
        buffer_clear(&source);
        buffer_format(&source, "# policy %llu\n", (unsigned long long)number);
        small_policy_write(number, &source);
        try_policy(&tally, buffer_view(&source), DIAGRAM_EDGES);
        if (number % 3 == 0)
            try_policy(&tally, buffer_view(&source), 20 + number % 200);
    }
    buffer_free(&source);
    tally.failed += report(&tally);
    printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    return tally.failed > 0;
}
