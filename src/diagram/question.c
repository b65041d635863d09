/* diagram/question.c: walking diagrams, each node once.
 *
 * What a walk notes of a node it keeps in the policy diagram's `visits`, stamped with the number of
 * the walk, so that a walk over a small part costs nothing for the rest. */
#include "diagram/question.h"

#include <stdlib.h>
#include <string.h>

/* Starts a walk: no node is visited. False when memory is out. */
static bool visits_begin(struct policy_diagram *built)
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

static bool is_visited(const struct policy_diagram *built, diagram_ref node)
{
    return built->visits.notes[node].walk == built->visits.walk;
}

static void note(struct policy_diagram *built, diagram_ref node, uint32_t value)
{
    built->visits.notes[node] = (struct visit_note){built->visits.walk, value};
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
        return built->visits.notes[ref].value;
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

/* A search for the request that is nearest to a base: a class for each variable. */
struct search {
    struct policy_diagram *built;
    const uint32_t *base;
};

static uint32_t base_class(const struct search *search, uint32_t level)
{
    return search->base[search->built->order[level]];
}

/* Whether the edge's run holds the class of the base. */
static bool keeps_base(const struct search *search, const struct diagram_node *node, uint32_t index)
{
    const struct diagram_edge *edges = search->built->diagram.edges + node->first_edge;
    uint32_t class = base_class(search, node->level);
    return class <= edges[index].last && (index == 0 || class > edges[index - 1].last);
}

static uint32_t cost_of(const struct search *search, diagram_ref ref);

/* How many variables are away from the base on the best way through this edge. */
static uint32_t cost_through(const struct search *search, const struct diagram_node *node,
                             uint32_t index)
{
    uint32_t cost = cost_of(search, search->built->diagram.edges[node->first_edge + index].child);
    return cost == UINT32_MAX || keeps_base(search, node, index) ? cost : cost + 1;
}

static uint32_t cost_of(const struct search *search, diagram_ref ref)
{
    struct policy_diagram *built = search->built;
    if (diagram_is_terminal(ref))
        return ref == DIAGRAM_NONE ? UINT32_MAX : 0;
    if (is_visited(built, ref))
        return built->visits.notes[ref].value;
    const struct diagram_node *node = &built->diagram.nodes[ref];
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < node->edge_count; i++) {
        uint32_t cost = cost_through(search, node, i);
        best = cost < best ? cost : best;
    }
    note(built, ref, best);
    return best;
}

/* The class of the base where the run holds it, else the run's first class. */
static uint32_t class_on(const struct search *search, const struct diagram_node *node,
                         uint32_t index)
{
    const struct diagram_edge *edges = search->built->diagram.edges + node->first_edge;
    if (keeps_base(search, node, index))
        return base_class(search, node->level);
    return index == 0 ? 0 : edges[index - 1].last + 1;
}

static void follow(const struct search *search, diagram_ref ref, struct assignment *assignment)
{
    struct policy_diagram *built = search->built;
    while (!diagram_is_terminal(ref)) {
        const struct diagram_node *node = &built->diagram.nodes[ref];
        uint32_t best = cost_of(search, ref), index = 0;
        while (cost_through(search, node, index) != best)
            index++;
        assignment->changed += !keeps_base(search, node, index);
        assignment->classes[built->order[node->level]] = class_on(search, node, index);
        ref = built->diagram.edges[node->first_edge + index].child;
    }
}

bool diagram_nearest(struct policy_diagram *built, diagram_ref from, const uint32_t *base,
                     struct assignment *assignment)
{
    const struct search search = {built, base};
    size_t variables = built->policy->variable_count;
    assignment->changed = 0;
    assignment->classes = ARENA_ARRAY(built->arena, uint32_t, variables);
    if (!assignment->classes || !visits_begin(built))
        return false;
    memcpy(assignment->classes, base, variables * sizeof *base);
    follow(&search, from, assignment);
    return true;
}

bool diagram_simplest(struct policy_diagram *built, diagram_ref from, struct assignment *assignment)
{
    size_t variables = built->policy->variable_count;
    uint32_t *initial = ARENA_ARRAY(built->arena, uint32_t, variables);
    for (size_t i = 0; initial && i < variables; i++)
        initial[i] = built->classes.variables[i].initial;
    return initial && diagram_nearest(built, from, initial, assignment);
}
