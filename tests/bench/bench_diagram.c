/* tests/bench/bench_diagram.c: how large the diagrams of hard policies are, and how long they take.
 *
 *     bench_diagram [--check] [--quick]
 *
 * Counts are the same on every machine. With --check, exits with 1 where one is over its bound or
 * where a policy that is too large is not found to be; --quick leaves out what takes long. */
#include "families.h"

#include "bench.h"
#include "diagram/question.h"
#include "front/front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct built_family {
    struct front front;
    struct buffer text;
    struct formula **formulas;
};

struct outcome {
    enum tw_status status;
    size_t nodes, edges;       /* made, those that were thrown away in between included */
    struct diagram_mark final; /* of them, what the root leads to */
    double milliseconds;
};

static void subject_read(struct built_family *subject, const struct family_case *at)
{
    buffer_init(&subject->text, TW_MAX_SOURCE);
    at->family->write(&subject->text, at->size);
    if (subject->text.status ||
        front_read(&subject->front, TEXT("family.tier"), buffer_view(&subject->text),
                   &read_from_disk) ||
        subject->front.findings.error_count)
        bench_trouble("%s %u is no policy", at->family->name, at->size);
    const struct policy_tree *policy = &subject->front.policy;
    subject->formulas = bench_memory(policy->rule_count, sizeof(struct formula *));
    for (size_t i = 0; i < policy->rule_count; i++)
        subject->formulas[i] = formula_of_condition(policy, policy->rules[i]->condition);
}

static void subject_free(struct built_family *subject)
{
    free(subject->formulas);
    front_free(&subject->front);
    buffer_free(&subject->text);
}

static struct outcome measure(struct built_family *subject)
{
    struct policy_diagram built;
    struct outcome outcome = {0};
    int64_t start = processor_time();
    outcome.status = policy_diagram_build_program(
        &built, &subject->front.arena, &subject->front.policy, subject->formulas, DIAGRAM_EDGES);
    outcome.milliseconds = (double)(processor_time() - start) * 1e-6;
    outcome.nodes = built.diagram.node_count;
    outcome.edges = built.diagram.edge_count;
    if (!outcome.status)
        outcome.final = diagram_reach(&built, built.root);
    policy_diagram_free(&built);
    return outcome;
}

static bool is_good(const struct family_case *at, const struct outcome *outcome)
{
    if (at->too_large)
        return outcome->status == TW_LIMIT;
    return outcome->status == TW_OK && outcome->final.nodes <= at->most_nodes &&
           outcome->edges <= at->most_edges;
}

static bool run_case(const struct family_case *at, bool check)
{
    struct built_family subject;
    subject_read(&subject, at);
    struct outcome outcome = measure(&subject);
    printf("%-9s %6u %7zu %9zu %9zu %9zu %9zu %9.2f  %s", at->family->name, at->size,
           subject.front.policy.rule_count, outcome.final.nodes, outcome.final.edges, outcome.nodes,
           outcome.edges, outcome.milliseconds, outcome.status ? "too large" : at->family->shape);
    bool good = !check || is_good(at, &outcome);
    puts(good ? "" : "  <- NOT AS EXPECTED");
    fflush(stdout);
    subject_free(&subject);
    return good;
}

int main(int argc, char **argv)
{
    bool check = false, quick = false, good = true;
    for (int i = 1; i < argc; i++) {
        check |= strcmp(argv[i], "--check") == 0;
        quick |= strcmp(argv[i], "--quick") == 0;
    }
    printf("%-9s %6s %7s %9s %9s %9s %9s %9s\n", "family", "size", "rules", "nodes", "edges",
           "made", "edges", "ms");
    for (size_t i = 0; i < family_case_count; i++)
        if (!quick || family_cases[i].size <= 20)
            good &= run_case(&family_cases[i], check);
    return good ? 0 : 1;
}
