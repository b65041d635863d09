/* tests/property/diagram.c [policies] [requests] [seed]: the decision diagram against the
 * reference.
 *
 * For random policies and random requests: the class of each value, followed down the diagram from
 * its root, has to lead to the rule that the reference evaluator finds. A class's own sample has to
 * fall into that class. On a disagreement the policy is printed. */
#include "policy_generator.h"

#include "diagram/build.h"
#include "front/front.h"

#include <stdio.h>
#include <stdlib.h>

struct agreement {
    uint64_t pairs, failed, given_up;
};

struct subject {
    struct front *front;
    struct policy_diagram built;
    int64_t *values;
    struct text *texts;
};

static uint32_t class_of(const struct subject *subject, uint32_t variable)
{
    const struct variable_classes *classes = &subject->built.classes.variables[variable];
    bool is_text = subject->front->policy.variables[variable].type == TW_TYPE_STRING;
    if (is_text && subject->values[variable] != VALUE_UNSET)
        return class_of_text(classes, subject->texts[variable]);
    return class_of_number(classes, subject->values[variable]);
}

/* The rule that the diagram leads to, rule_count for none. */
static size_t follow(const struct subject *subject)
{
    const struct diagram *diagram = &subject->built.diagram;
    diagram_ref at = subject->built.root;
    while (!diagram_is_terminal(at)) {
        const struct diagram_node *node = &diagram->nodes[at];
        const struct diagram_edge *edge = diagram->edges + node->first_edge;
        uint32_t class = class_of(subject, subject->built.order[node->level]);
        while (edge->last < class)
            edge++;
        at = edge->child;
    }
    return at == DIAGRAM_NONE ? subject->front->policy.rule_count : at & ~TERMINAL_BIT;
}

/* The date's weekday decides, as where a request is made from an instant. */
static void mend_clock(const struct subject *subject)
{
    int64_t second = subject->values[VARIABLE_CLOCK] % SECONDS_PER_DAY;
    int64_t day = weekday_of_days(subject->values[VARIABLE_DATE]);
    subject->values[VARIABLE_CLOCK] = day * SECONDS_PER_DAY + second;
}

/* A weekday's class of dates can be empty, and has no sample then. */
static bool sample_is_good(const struct subject *subject, uint32_t variable, uint32_t class)
{
    const struct variable_classes *classes = &subject->built.classes.variables[variable];
    const struct variable *about = &subject->front->policy.variables[variable];
    int64_t value = subject->values[variable];
    if (class == classes->unset)
        return true;
    if (about->type == TW_TYPE_STRING)
        return class_of_text(classes, classes->samples[class]) == class;
    int64_t sample = class_sample(classes, value == VALUE_UNSET ? about->low : value, class);
    return sample == VALUE_UNSET ? classes->by_weekday : class_of_number(classes, sample) == class;
}

static bool samples_are_good(const struct subject *subject)
{
    for (uint32_t i = 0; i < subject->front->policy.variable_count; i++)
        for (uint32_t class = 0; class < subject->built.classes.variables[i].count; class ++)
            if (!sample_is_good(subject, i, class))
                return false;
    return true;
}

static bool check_requests(struct subject *subject, uint64_t seed, int requests,
                           struct agreement *agreement)
{
    struct random random = {seed ^ 0xd1a9};
    struct boundaries boundaries;
    struct arena arena;
    bool good = true;
    arena_init(&arena, 64 << 20);
    if (!boundaries_find(&boundaries, &arena, &subject->front->policy))
        abort();
    for (int i = 0; i < requests && good; i++, agreement->pairs++) {
        const struct valuation valuation = {subject->values, subject->texts};
        valuation_generate(&boundaries, &random, &arena, subject->values, subject->texts);
        mend_clock(subject);
        good = follow(subject) == reference_decide(&subject->front->policy, &valuation) &&
               (i > 0 || samples_are_good(subject));
    }
    arena_free(&arena);
    return good;
}

static bool check_diagram(struct front *front, uint64_t seed, int requests,
                          struct agreement *agreement)
{
    struct subject subject = {.front = front};
    size_t variables = front->policy.variable_count;
    subject.values = calloc(variables, sizeof *subject.values);
    subject.texts = calloc(variables, sizeof *subject.texts);
    enum tw_status status =
        policy_diagram_build(&subject.built, &front->arena, &front->policy, DIAGRAM_EDGES);
    bool good = status == TW_LIMIT;
    agreement->given_up += status == TW_LIMIT;
    if (status == TW_OK)
        good = check_requests(&subject, seed, requests, agreement);
    policy_diagram_free(&subject.built);
    free(subject.values);
    free(subject.texts);
    return good;
}

static void check_policy_of(uint64_t seed, int requests, struct feature_counts *counts,
                            struct agreement *agreement)
{
    struct buffer text;
    struct front front;
    buffer_init(&text, 1 << 20);
    policy_generate(seed, counts, &text);
    bool good = front_read(&front, TEXT("random.tier"), buffer_view(&text), &read_from_disk) == 0 &&
                front.findings.error_count == 0 && check_diagram(&front, seed, requests, agreement);
    if (!good)
        printf("seed %llu, policy:\n%s\n", (unsigned long long)seed, text.data);
    agreement->failed += !good;
    front_free(&front);
    buffer_free(&text);
}

int main(int argc, char **argv)
{
    uint64_t policies = argc > 1 ? strtoull(argv[1], NULL, 10) : 2500;
    int requests = argc > 2 ? atoi(argv[2]) : 50;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    struct feature_counts counts = {0};
    struct agreement agreement = {0};
    for (uint64_t i = 0; i < policies && agreement.failed < 10; i++)
        check_policy_of(seed + i, requests, &counts, &agreement);
    printf("%llu policies given up\n%llu passed, %llu failed\n",
           (unsigned long long)agreement.given_up,
           (unsigned long long)(agreement.pairs - agreement.failed),
           (unsigned long long)agreement.failed);
    return agreement.failed > 0 || agreement.pairs == 0;
}
