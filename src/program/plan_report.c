/* program/plan_report.c: which plan a policy got, and what the choice rests on; for people. */
#include "program/emit.h"

#include "program/run/program.h"

/* Nodes and edges that can be reached. */
struct size {
    size_t nodes, edges;
};

static void measure(const struct diagram *diagram, diagram_ref ref, bool *seen, struct size *size)
{
    if (diagram_is_terminal(ref) || seen[ref])
        return;
    const struct diagram_node *node = &diagram->nodes[ref];
    seen[ref] = true;
    size->nodes++;
    size->edges += node->edge_count;
    for (uint32_t i = 0; i < node->edge_count; i++)
        measure(diagram, diagram->edges[node->first_edge + i].child, seen, size);
}

static void report_diagram(const struct lowered *lowered, struct buffer *out)
{
    const struct diagram *diagram = &lowered->diagram.diagram;
    struct size size = {0};
    if (!lowered->has_diagram) {
        buffer_format(out, "diagram: none; %s\n",
                      lowered->has_classes ? "it would be larger than its budget of edges"
                                           : "its patterns are too many");
        return;
    }
    bool *seen = ARENA_ARRAY(lowered->kept, bool, diagram->node_count + 1);
    if (!seen)
        return;
    measure(diagram, lowered->diagram.root, seen, &size);
    buffer_format(out, "diagram: %zu nodes, %zu edges\n", size.nodes, size.edges);
}

/* The classes of each variable that tests read, most tested first, and how many combinations. */
static void report_classes(const struct lowered *lowered, struct buffer *out)
{
    const struct policy_diagram *diagram = &lowered->diagram;
    unsigned __int128 product = 1;
    const __int128 most = 1000000000000000;
    buffer_string(out, "classes:");
    if (!lowered->has_classes) {
        buffer_string(out, " not known\n");
        return;
    }
    for (uint32_t i = 0; i < diagram->level_count; i++) {
        uint32_t variable = diagram->order[i], count = diagram->classes.variables[variable].count;
        struct text name = lowered->policy->variables[variable].name;
        buffer_format(out, "%s %.*s %u", i ? "," : "",
                      TEXT_ARGUMENTS(name.length ? name : TEXT("now")), count);
        product = product > (unsigned __int128)most ? product : product * count;
    }
    if (product > (unsigned __int128)most)
        buffer_string(out, "; over 10^15 combinations\n");
    else
        buffer_format(out, "%s%llu combinations\n", diagram->level_count ? "; " : " none; ",
                      (unsigned long long)product);
}

static void report_program(const tw_policy *policy, struct buffer *out)
{
    struct tw_attribute attribute;
    size_t needed = 0;
    buffer_string(out, "attributes needed:");
    for (size_t i = 0; tw_policy_attribute(policy, i, &attribute); i++)
        if (attribute.needed)
            buffer_format(out, "%s %s", needed++ ? "," : "", attribute.name);
    buffer_string(out, needed ? "\n" : " none\n");
    buffer_format(out, "instructions: %u\nlongest run: %u steps\nimage: %zu bytes\n",
                  policy->count_CODE, policy->header->longest_run, policy->length);
}

void show_program_plan(const tw_policy *policy, struct buffer *out)
{
    buffer_format(out, "plan: %s\nrules: %u\n", plan_text((enum plan)policy->section_INFO->plan),
                  tw_policy_rule_count(policy));
    report_program(policy, out);
}

static enum tw_status report(struct lowered *lowered, struct buffer *out)
{
    struct buffer image;
    tw_policy *policy;
    enum tw_status status = emit_image(lowered, &image);
    if (status == TW_OK)
        status = policy_load_taken(&image, &policy, NULL);
    buffer_free(&image);
    if (status)
        return status;
    buffer_format(out, "plan: %s; %s\n", plan_text(lowered->plan), lowered->facts.reason);
    buffer_format(out, "rules: %zu, of %zu tests\n", lowered->policy->rule_count,
                  lowered->facts.tests);
    report_classes(lowered, out);
    report_diagram(lowered, out);
    if (lowered->plan == PLAN_MASKS)
        buffer_format(out, "masks: %zu conjunctions, in %zu words of %zu groups\n",
                      lowered->facts.conjunctions, lowered->facts.words, lowered->facts.groups);
    report_program(policy, out);
    tw_policy_free(policy);
    return out->status;
}

enum tw_status compile_show_plan(struct front *front, struct buffer *out)
{
    struct lowered lowered;
    enum tw_status status = lower_policy(&lowered, &front->arena, &front->policy, ANY_PLAN);
    if (status == TW_OK)
        status = report(&lowered, out);
    lowered_free(&lowered);
    return status;
}
