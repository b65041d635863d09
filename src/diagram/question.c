/* diagram/question.c: walking diagrams, each node once. */
#include "diagram/question.h"

#include "diagram/visits.h"

#include <stdlib.h>
#include <string.h>

bool visits_begin(struct policy_diagram *built)
{
    struct visits *visits = &built->visits;
    size_t nodes = built->diagram.node_count;
    visits->walk++;
    if (nodes <= visits->capacity)
        return true;
    size_t capacity = nodes * 2;
    struct visit_note *notes = realloc(visits->notes, capacity * sizeof *notes);
    if (!notes) {
        built->diagram.status = TW_NO_MEMORY;
        return false;
    }
    memset(notes + visits->capacity, 0, (capacity - visits->capacity) * sizeof *notes);
    visits->notes = notes;
    visits->capacity = capacity;
    return true;
}

struct selection {
    struct policy_diagram *built;
    bool (*test)(void *context, uint32_t value);
    void *context;
};

static diagram_ref select_from(const struct selection *selection, diagram_ref ref)
{
    struct policy_diagram *built = selection->built;
    struct diagram *diagram = &built->diagram;
    if (diagram_is_terminal(ref)) {
        uint32_t value = ref == DIAGRAM_NONE ? ref : ref & ~TERMINAL_BIT;
        return selection->test(selection->context, value) ? DIAGRAM_TRUE : DIAGRAM_NONE;
    }
    if (is_visited(built, ref))
        return noted(built, ref);
    /* Edges may move while nodes are made, so they are read anew each time. */
    const struct diagram_node node = diagram->nodes[ref];
    size_t base = diagram_begin(diagram);
    for (uint32_t i = 0; i < node.edge_count && !diagram->status; i++) {
        struct diagram_edge edge = diagram->edges[node.first_edge + i];
        diagram_run(diagram, base, edge.last, select_from(selection, edge.child));
    }
    diagram_ref result = diagram_end(diagram, node.level, base);
    note(built, ref, result);
    return result;
}

diagram_ref diagram_where(struct policy_diagram *built, diagram_ref from,
                          bool (*test)(void *context, uint32_t value), void *context)
{
    const struct selection selection = {built, test, context};
    if (built->diagram.status || !visits_begin(built))
        return DIAGRAM_NONE;
    return select_from(&selection, from);
}

static bool is_value(void *context, uint32_t value)
{
    const uint32_t *wanted = context;
    return value == *wanted;
}

diagram_ref diagram_select(struct policy_diagram *built, diagram_ref from, uint32_t value)
{
    return diagram_where(built, from, is_value, &value);
}

static void reach_from(struct policy_diagram *built, diagram_ref ref, struct diagram_mark *reached)
{
    if (diagram_is_terminal(ref) || is_visited(built, ref))
        return;
    const struct diagram_node *node = &built->diagram.nodes[ref];
    note(built, ref, 0);
    reached->nodes++;
    reached->edges += node->edge_count;
    for (uint32_t i = 0; i < node->edge_count; i++)
        reach_from(built, built->diagram.edges[node->first_edge + i].child, reached);
}

struct diagram_mark diagram_reach(struct policy_diagram *built, diagram_ref from)
{
    struct diagram_mark reached = {0, 0};
    if (visits_begin(built))
        reach_from(built, from, &reached);
    return reached;
}

diagram_ref diagram_of_classes(struct policy_diagram *built, const uint32_t *classes)
{
    struct diagram *diagram = &built->diagram;
    diagram_ref result = DIAGRAM_TRUE;
    for (uint32_t level = built->level_count; level-- > 0;) {
        uint32_t class = classes[built->order[level]];
        struct class_span span = {class, class};
        diagram_ref here = diagram_test(diagram, level, (struct class_set){&span, 1, 1});
        result = diagram_guard(diagram, here, result);
    }
    return result;
}
