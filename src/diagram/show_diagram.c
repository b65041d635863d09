/* diagram/show_diagram.c: the decision diagram of a policy's rules, as text and for Graphviz.
 *
 * Reads the checked tree, builds the diagram as a program does, and writes into the caller's
 * buffer. Nodes are numbered from the root down, in the order in which they are met. */
#include "diagram/question.h"
#include "diagram/show.h"

#include <stdlib.h>

enum { MOST_NAMED = 3 }; /* classes of a run that are written out one by one */

struct picture {
    struct policy_diagram built;
    const struct policy_tree *policy;
    struct buffer *out;
    uint32_t *numbers; /* of each node, from 1; 0 before it is met */
    uint32_t *nodes;   /* in the order of their numbers */
    size_t count;
};

static const struct variable_classes *classes_at(const struct picture *picture, uint32_t level)
{
    return &picture->built.classes.variables[picture->built.order[level]];
}

static void write_ranges(const struct picture *picture, uint32_t level, uint32_t class,
                         struct buffer *out)
{
    const struct variable_classes *classes = classes_at(picture, level);
    const char *between = "";
    for (size_t i = 0; i < classes->run_count; i++) {
        const struct class_run *run = &classes->runs[i];
        if (run->class != class)
            continue;
        buffer_string(out, between);
        show_interval(picture->policy, picture->built.order[level],
                      (struct interval){run->low, run->high}, out);
        between = ", ";
    }
}

/* The texts of a class that the policy names; of any other class the patterns it matches. */
static void write_class_texts(const struct variable_classes *classes, uint32_t class,
                              struct buffer *out)
{
    const char *between = "";
    uint32_t number;
    for (size_t i = 0; i < classes->text_count; i++) {
        if (classes->text_classes[i] != class)
            continue;
        buffer_string(out, between);
        value_quote(out, classes->texts[i]);
        between = ", ";
    }
    if (between[0])
        return;
    struct pattern_walk walk = pattern_walk(&classes->patterns, classes->samples[class]);
    while ((number = pattern_walk_next(&walk)) != PATTERN_END) {
        buffer_string(out, between[0] ? " and like " : "like ");
        value_quote(out, classes->patterns.items[number]);
        between = " ";
    }
    bool names_any = classes->text_count || classes->patterns.count;
    if (!between[0])
        buffer_string(out, names_any ? "any other text" : "any text");
}

static void write_class(const struct picture *picture, uint32_t level, uint32_t class,
                        struct buffer *out)
{
    const struct variable_classes *classes = classes_at(picture, level);
    bool is_text = picture->policy->variables[picture->built.order[level]].type == TW_TYPE_STRING;
    if (class == classes->unset)
        buffer_string(out, "not set");
    else if (is_text)
        write_class_texts(classes, class, out);
    else
        write_ranges(picture, level, class, out);
}

/* A run of classes: a few one by one, else their numbers. */
static void write_run(const struct picture *picture, uint32_t level, uint32_t first, uint32_t last,
                      struct buffer *out)
{
    if (last - first >= MOST_NAMED) {
        buffer_format(out, "classes %u..%u", first, last);
        return;
    }
    for (uint32_t class = first; class <= last; class ++) {
        buffer_string(out, class == first ? "" : ", ");
        write_class(picture, level, class, out);
    }
}

static void write_rule(const struct picture *picture, diagram_ref terminal, struct buffer *out)
{
    if (terminal == DIAGRAM_NONE) {
        buffer_string(out, "otherwise");
        return;
    }
    const struct statement *rule = picture->policy->rules[terminal & ~TERMINAL_BIT];
    struct place place =
        source_place(picture->policy->sources, rule->span.source, rule->span.start);
    if (rule->name)
        buffer_format(out, "%.*s, line %u", TEXT_ARGUMENTS(rule->name->text), place.line);
    else
        buffer_format(out, "line %u", place.line);
}

static void meet(struct picture *picture, diagram_ref ref)
{
    if (diagram_is_terminal(ref) || picture->numbers[ref])
        return;
    picture->nodes[picture->count++] = ref;
    picture->numbers[ref] = (uint32_t)picture->count;
}

/* Numbers the nodes, nearest to the root first. */
static bool number_nodes(struct picture *picture)
{
    const struct diagram *diagram = &picture->built.diagram;
    struct arena *arena = picture->built.arena;
    picture->numbers = ARENA_ARRAY(arena, uint32_t, diagram->node_count + 1);
    picture->nodes = ARENA_ARRAY(arena, uint32_t, diagram->node_count + 1);
    if (!picture->numbers || !picture->nodes)
        return false;
    meet(picture, picture->built.root);
    for (size_t i = 0; i < picture->count; i++) {
        const struct diagram_node *node = &diagram->nodes[picture->nodes[i]];
        for (uint32_t k = 0; k < node->edge_count; k++)
            meet(picture, diagram->edges[node->first_edge + k].child);
    }
    return true;
}

static struct text variable_name(const struct picture *picture, uint32_t level)
{
    return picture->policy->variables[picture->built.order[level]].name;
}

static void write_level(const struct picture *picture, uint32_t level)
{
    const struct variable_classes *classes = classes_at(picture, level);
    buffer_format(picture->out, "  %.*s, %u classes\n",
                  TEXT_ARGUMENTS(variable_name(picture, level)), classes->count);
    for (uint32_t class = 0; class < classes->count; class ++) {
        buffer_format(picture->out, "    %u: ", class);
        write_class(picture, level, class, picture->out);
        buffer_byte(picture->out, '\n');
    }
}

static void write_target(const struct picture *picture, diagram_ref ref)
{
    if (diagram_is_terminal(ref))
        write_rule(picture, ref, picture->out);
    else
        buffer_format(picture->out, "node %u", picture->numbers[ref]);
}

static void write_node(const struct picture *picture, size_t index)
{
    const struct diagram_node *node = &picture->built.diagram.nodes[picture->nodes[index]];
    const struct diagram_edge *edges = picture->built.diagram.edges + node->first_edge;
    buffer_format(picture->out, "  node %zu: %.*s\n", index + 1,
                  TEXT_ARGUMENTS(variable_name(picture, node->level)));
    for (uint32_t i = 0; i < node->edge_count; i++) {
        buffer_string(picture->out, "    ");
        write_run(picture, node->level, i ? edges[i - 1].last + 1 : 0, edges[i].last, picture->out);
        buffer_string(picture->out, " -> ");
        write_target(picture, edges[i].child);
        buffer_byte(picture->out, '\n');
    }
}

static enum tw_status write_text(struct picture *picture)
{
    struct diagram_mark size = diagram_reach(&picture->built, picture->built.root);
    buffer_format(picture->out, "diagram\n  %zu rules, %zu nodes, %zu edges\n",
                  picture->policy->rule_count, size.nodes, size.edges);
    buffer_string(picture->out, "variables, in the order in which they are tested\n");
    for (uint32_t level = 0; level < picture->built.level_count; level++)
        write_level(picture, level);
    buffer_string(picture->out, "nodes\n");
    for (size_t i = 0; i < picture->count; i++)
        write_node(picture, i);
    if (picture->count == 0) {
        buffer_string(picture->out, "  every request -> ");
        write_rule(picture, picture->built.root, picture->out);
        buffer_byte(picture->out, '\n');
    }
    return picture->out->status;
}

/* A label in quotes: what would end it is escaped. */
static void write_label(const struct picture *picture, const struct buffer *label)
{
    buffer_string(picture->out, " [label=\"");
    for (size_t i = 0; i < label->length; i++) {
        if (label->data[i] == '"' || label->data[i] == '\\')
            buffer_byte(picture->out, '\\');
        buffer_byte(picture->out, label->data[i]);
    }
    buffer_byte(picture->out, '"');
}

static enum tw_status write_dot_edge(const struct picture *picture, size_t from,
                                     const struct diagram_node *node, uint32_t index)
{
    const struct diagram_edge *edges = picture->built.diagram.edges + node->first_edge;
    diagram_ref child = edges[index].child;
    bool terminal = diagram_is_terminal(child);
    struct buffer label;
    buffer_init(&label, SHOW_LABEL_LIMIT);
    write_run(picture, node->level, index ? edges[index - 1].last + 1 : 0, edges[index].last,
              &label);
    buffer_format(picture->out, "  n%zu -> %c%u", from, terminal ? 'r' : 'n',
                  !terminal               ? picture->numbers[child]
                  : child == DIAGRAM_NONE ? (uint32_t)picture->policy->rule_count
                                          : child & ~TERMINAL_BIT);
    write_label(picture, &label);
    buffer_string(picture->out, "];\n");
    enum tw_status status = label.status;
    buffer_free(&label);
    return status;
}

static enum tw_status write_dot_terminal(const struct picture *picture, diagram_ref terminal)
{
    struct buffer label;
    buffer_init(&label, SHOW_LABEL_LIMIT);
    write_rule(picture, terminal, &label);
    buffer_format(picture->out, "  r%u",
                  terminal == DIAGRAM_NONE ? (uint32_t)picture->policy->rule_count
                                           : terminal & ~TERMINAL_BIT);
    write_label(picture, &label);
    buffer_string(picture->out, " shape=box];\n");
    enum tw_status status = label.status;
    buffer_free(&label);
    return status;
}

static enum tw_status write_dot(struct picture *picture)
{
    enum tw_status status = TW_OK;
    buffer_string(picture->out, "digraph policy {\n");
    for (uint32_t i = 0; i < picture->policy->rule_count && !status; i++)
        status = write_dot_terminal(picture, diagram_terminal(i));
    if (!status)
        status = write_dot_terminal(picture, DIAGRAM_NONE);
    for (size_t i = 0; i < picture->count && !status; i++) {
        const struct diagram_node *node = &picture->built.diagram.nodes[picture->nodes[i]];
        buffer_format(picture->out, "  n%zu [label=\"%.*s\"];\n", i + 1,
                      TEXT_ARGUMENTS(variable_name(picture, node->level)));
        for (uint32_t k = 0; k < node->edge_count && !status; k++)
            status = write_dot_edge(picture, i + 1, node, k);
    }
    buffer_string(picture->out, "}\n");
    return status ? status : picture->out->status;
}

static enum tw_status draw(struct front *front, struct buffer *out,
                           enum tw_status (*write)(struct picture *picture))
{
    const struct policy_tree *policy = &front->policy;
    struct picture picture = {.policy = policy, .out = out};
    struct formula **formulas =
        ARENA_ARRAY(&front->arena, struct formula *, policy->rule_count + 1);
    for (size_t i = 0; formulas && i < policy->rule_count; i++) {
        formulas[i] = formula_of_condition(policy, policy->rules[i]->condition);
        if (!formulas[i])
            return TW_NO_MEMORY;
    }
    if (!formulas)
        return TW_NO_MEMORY;
    enum tw_status status = policy_diagram_build_program(&picture.built, &front->arena, policy,
                                                         formulas, DIAGRAM_EDGES);
    if (!status)
        status = number_nodes(&picture) ? write(&picture) : TW_NO_MEMORY;
    policy_diagram_free(&picture.built);
    return status;
}

enum tw_status show_diagram(struct front *front, struct buffer *out)
{
    return draw(front, out, write_text);
}

enum tw_status show_diagram_dot(struct front *front, struct buffer *out)
{
    return draw(front, out, write_dot);
}
