/* author/condition_text.c: from nodes back to text.
 *
 * A node becomes `test and (rest)` for each of its children, joined by `or`. Tests are written
 * positively wherever they can be: a test of an attribute that is not set does not hold, and here
 * every class is meant as it stands. */
#include "author/condition_internal.h"

#include <stdlib.h>

/* Terminals beside DIAGRAM_TRUE and DIAGRAM_NONE. */
#define CANNOT_BE diagram_terminal(1)
#define NOT_KNOWN diagram_terminal(2)

void condition_enclose(struct buffer *out, size_t start)
{
    buffer_byte(out, ')');
    buffer_byte(out, ')'); /* room for the other one */
    if (out->status)
        return;
    memmove(out->data + start + 1, out->data + start, out->length - 1 - start);
    out->data[start] = '(';
}

static bool has_mark(const struct chosen *chosen, enum mark mark)
{
    for (uint32_t class = 0; class < chosen->classes->count; class ++)
        if (class != chosen->classes->unset && chosen->marks[class] == mark)
            return true;
    return false;
}

/* The test of those that are set. */
static size_t write_set_values(struct writing *writing, const struct chosen *chosen)
{
    struct interval_set wanted, others;
    if (chosen->about->type == TW_TYPE_STRING)
        return condition_write_strings(writing, chosen);
    if (chosen->about->type == TW_TYPE_NOW)
        return condition_write_moments(writing, chosen);
    if (chosen->classes->by_weekday)
        return condition_write_dates(writing, chosen);
    if (condition_gather(writing, chosen, WANTED, &wanted) &&
        condition_gather(writing, chosen, LEFT_OUT, &others))
        condition_write_values(writing, chosen, wanted, others);
    return 1;
}

static size_t write_test(struct writing *writing, uint32_t variable, const enum mark *marks)
{
    const struct policy_tree *policy = writing->built->policy;
    struct chosen chosen = {.classes = &writing->built->classes.variables[variable],
                            .about = &policy->variables[variable],
                            .name = policy->variables[variable].name,
                            .marks = marks};
    bool can_be_unset = chosen.classes->unset != UINT32_MAX;
    bool unset = can_be_unset && marks[chosen.classes->unset] == WANTED;
    bool set = has_mark(&chosen, WANTED);
    if (unset)
        buffer_format(writing->out, "%.*s is not set%s", TEXT_ARGUMENTS(chosen.name),
                      set ? " or " : "");
    if (can_be_unset && !has_mark(&chosen, LEFT_OUT) && set) {
        buffer_format(writing->out, "%.*s is set", TEXT_ARGUMENTS(chosen.name));
        return 1;
    }
    return unset + (set ? write_set_values(writing, &chosen) : 0);
}

/* Marks the classes that lead to the child of an edge; true where it is the first that does. */
static bool mark_classes(const struct diagram *diagram, const struct diagram_node *node,
                         uint32_t index, enum mark *marks)
{
    const struct diagram_edge *edges = diagram->edges + node->first_edge;
    diagram_ref wanted = edges[index].child;
    uint32_t class = 0;
    for (uint32_t i = 0; i < node->edge_count; i++) {
        diagram_ref child = edges[i].child;
        if (i < index && child == wanted)
            return false;
        for (; class <= edges[i].last; class ++)
            marks[class] = child == wanted ? WANTED : child == CANNOT_BE ? IMPOSSIBLE : LEFT_OUT;
    }
    return true;
}

static size_t write_node(struct writing *writing, diagram_ref ref);

/* Where all other requests of the node are in the region anyway, the rest alone says as much. */
static bool needs_test(const struct diagram *diagram, const struct diagram_node *node,
                       diagram_ref child)
{
    const struct diagram_edge *edges = diagram->edges + node->first_edge;
    for (uint32_t i = 0; i < node->edge_count; i++)
        if (edges[i].child != child && edges[i].child != DIAGRAM_TRUE &&
            edges[i].child != CANNOT_BE)
            return true;
    return diagram_is_terminal(child);
}

/* `test and rest`; how many tests joined by `or` that is. */
static size_t write_branch(struct writing *writing, const struct diagram_node *node, uint32_t index,
                           const enum mark *marks)
{
    struct buffer *out = writing->out;
    diagram_ref child = writing->built->diagram.edges[node->first_edge + index].child;
    size_t start = out->length;
    if (!needs_test(&writing->built->diagram, node, child))
        return write_node(writing, child);
    size_t parts = write_test(writing, writing->built->order[node->level], marks);
    if (diagram_is_terminal(child))
        return parts;
    if (parts > 1)
        condition_enclose(out, start);
    buffer_string(out, " and ");
    start = out->length;
    if (write_node(writing, child) > 1)
        condition_enclose(out, start);
    return 1;
}

static size_t write_node(struct writing *writing, diagram_ref ref)
{
    const struct diagram *diagram = &writing->built->diagram;
    const struct diagram_node node = diagram->nodes[ref];
    enum mark *marks =
        ARENA_ARRAY(writing->built->arena, enum mark, diagram->class_counts[node.level]);
    size_t parts = 0;
    if (!marks)
        writing->out->status = TW_NO_MEMORY;
    for (uint32_t i = 0; i < node.edge_count && !writing->out->status; i++) {
        diagram_ref child = diagram->edges[node.first_edge + i].child;
        if (child == DIAGRAM_NONE || child == CANNOT_BE || !mark_classes(diagram, &node, i, marks))
            continue;
        buffer_string(writing->out, parts ? " or " : "");
        parts += write_branch(writing, &node, i, marks);
    }
    return parts;
}

/* Takes nodes out that only tell what can be from what cannot. */
struct pruning {
    struct diagram *diagram;
    diagram_ref *results; /* of each node that was there before */
};

static diagram_ref prune(struct pruning *pruning, diagram_ref ref);

/* The one child of what can be; `ref` itself where there are several. */
static diagram_ref only_child(struct pruning *pruning, diagram_ref ref)
{
    const struct diagram_node node = pruning->diagram->nodes[ref];
    diagram_ref only = CANNOT_BE;
    for (uint32_t i = 0; i < node.edge_count; i++) {
        diagram_ref child = prune(pruning, pruning->diagram->edges[node.first_edge + i].child);
        if (child != CANNOT_BE && only != CANNOT_BE && child != only)
            return ref;
        only = child != CANNOT_BE ? child : only;
    }
    return only;
}

static diagram_ref prune(struct pruning *pruning, diagram_ref ref)
{
    struct diagram *diagram = pruning->diagram;
    if (diagram_is_terminal(ref) || pruning->results[ref] != NOT_KNOWN)
        return diagram_is_terminal(ref) ? ref : pruning->results[ref];
    diagram_ref result = only_child(pruning, ref);
    if (result == ref) {
        const struct diagram_node node = diagram->nodes[ref];
        size_t base = diagram_begin(diagram);
        for (uint32_t i = 0; i < node.edge_count; i++) {
            const struct diagram_edge edge = diagram->edges[node.first_edge + i];
            diagram_run(diagram, base, edge.last, prune(pruning, edge.child));
        }
        result = diagram_end(diagram, node.level, base);
    }
    pruning->results[ref] = result;
    return result;
}

/* The region, with what cannot be told from what is left out. */
static diagram_ref tell_apart(struct policy_diagram *built, diagram_ref region)
{
    struct diagram *diagram = &built->diagram;
    diagram_ref cannot_be = diagram_guard(diagram, built->impossible, CANNOT_BE);
    diagram_ref apart = diagram_merge(diagram, region, cannot_be);
    struct pruning pruning = {diagram, malloc((diagram->node_count + 1) * sizeof(diagram_ref))};
    if (!pruning.results)
        diagram->status = TW_NO_MEMORY;
    for (size_t i = 0; pruning.results && i < diagram->node_count; i++)
        pruning.results[i] = NOT_KNOWN;
    diagram_ref pruned = diagram->status ? region : prune(&pruning, apart);
    free(pruning.results);
    return pruned;
}

/* The same, or the region alone where nothing cannot be or the diagram has no room for more. */
static diagram_ref prepare(struct policy_diagram *built, diagram_ref region)
{
    struct diagram_mark mark = diagram_mark(&built->diagram);
    if (built->impossible == DIAGRAM_NONE)
        return region;
    diagram_ref apart = tell_apart(built, region);
    if (!built->diagram.status)
        return apart;
    diagram_release(&built->diagram, mark);
    return region;
}

void condition_text(struct policy_diagram *built, diagram_ref region, struct buffer *out)
{
    struct writing writing = {built, out};
    diagram_ref apart = prepare(built, region);
    if (diagram_is_terminal(apart))
        buffer_string(out, "tokens >= 0"); /* every request */
    else
        write_node(&writing, apart);
}
