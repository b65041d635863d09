/* program/lower_switches.c: the plan "switches": the diagram's nodes as instructions.
 *
 * A node becomes a list of segments: runs of values, in order, that lead to one child; "not set"
 * is the least value. Two children make a test, more of them a switch. Nodes stand in the code in
 * depth-first order, so that a path lies close together and every jump leads forward. */
#include "program/lower.h"

#include <stdlib.h>
#include <string.h>

enum { NO_INSTRUCTION = 0xffffffff, MOST_SEGMENTS = 1 << 23, FEWEST_KEYS = 8, INDEXED_KEYS = 9 };

struct segment {
    int64_t low, high;
    diagram_ref child;
};

/* Where the runs of each class are. */
struct level_runs {
    bool in_order;   /* class i is run i */
    uint32_t *first; /* of each class, in `runs`; one more at the end */
    struct interval *runs;
    uint32_t widest; /* the class with most runs */
};

struct switches {
    struct lowered *out;
    const struct diagram *diagram;
    struct level_runs *levels; /* made when first needed */
    uint32_t *places;          /* of each node, its instruction */
    diagram_ref *nodes;        /* in the order of the code */
    uint32_t node_count;
    struct segment *segments; /* of the node at hand */
    size_t segment_count, segment_capacity;
    struct interval_room values; /* of the test at hand */
};

static uint32_t variable_of(const struct switches *switches, const struct diagram_node *node)
{
    return switches->out->diagram.order[node->level];
}

static void *need(struct switches *switches, void *memory)
{
    if (!memory)
        lower_fail(switches->out, TW_NO_MEMORY);
    return memory;
}

/* Nodes that can be reached, each after all that lead to it: the reverse of the order in which a
 * depth-first walk leaves them. The walk enters the last child first, so that the first child
 * follows its parent. */
static void place_node(struct switches *switches, diagram_ref ref)
{
    if (diagram_is_terminal(ref) || switches->places[ref] != NO_INSTRUCTION)
        return;
    const struct diagram_node *node = &switches->diagram->nodes[ref];
    switches->places[ref] = 0;
    for (uint32_t i = node->edge_count; i-- > 0;)
        place_node(switches, switches->diagram->edges[node->first_edge + i].child);
    switches->nodes[switches->node_count++] = ref;
}

static void place_nodes(struct switches *switches)
{
    size_t count = switches->diagram->node_count;
    struct arena *arena = switches->out->arena;
    switches->places = need(switches, ARENA_ARRAY(arena, uint32_t, count + 1));
    switches->nodes = need(switches, ARENA_ARRAY(arena, diagram_ref, count + 1));
    if (switches->out->status)
        return;
    memset(switches->places, 0xff, count * sizeof *switches->places);
    place_node(switches, switches->out->diagram.root);
    for (uint32_t i = 0; i < switches->node_count / 2; i++) {
        diagram_ref *front = &switches->nodes[i];
        diagram_ref *back = &switches->nodes[switches->node_count - 1 - i], swap = *front;
        *front = *back;
        *back = swap;
    }
    for (uint32_t i = 0; i < switches->node_count; i++)
        switches->places[switches->nodes[i]] = i;
}

static uint32_t target_of(const struct switches *switches, diagram_ref ref)
{
    if (!diagram_is_terminal(ref))
        return switches->places[ref];
    return ref == DIAGRAM_NONE ? TARGET_DECIDES | (uint32_t)switches->out->policy->rule_count : ref;
}

static bool runs_in_order(const struct variable_classes *variable)
{
    for (size_t i = 0; i < variable->run_count; i++)
        if (variable->runs[i].class != i)
            return false;
    return true;
}

/* Sorts the runs of a variable by class: counts, then places. */
static void sort_runs(struct switches *switches, const struct variable_classes *variable,
                      struct level_runs *level)
{
    struct arena *arena = switches->out->arena;
    uint32_t *next = need(switches, ARENA_ARRAY(arena, uint32_t, variable->count + 2));
    level->first = need(switches, ARENA_ARRAY(arena, uint32_t, variable->count + 2));
    level->runs = need(switches, ARENA_ARRAY(arena, struct interval, variable->run_count + 1));
    if (switches->out->status)
        return;
    for (size_t i = 0; i < variable->run_count; i++)
        level->first[variable->runs[i].class + 1]++;
    for (uint32_t class = 0; class < variable->count; class ++) {
        if (level->first[class + 1] > level->first[level->widest + 1] - level->first[level->widest])
            level->widest = class;
        level->first[class + 1] += level->first[class];
        next[class] = level->first[class];
    }
    for (size_t i = 0; i < variable->run_count; i++) {
        const struct class_run *run = &variable->runs[i];
        level->runs[next[run->class]++] = (struct interval){run->low, run->high};
    }
}

static void make_levels(struct switches *switches)
{
    const struct policy_diagram *diagram = &switches->out->diagram;
    switches->levels = need(
        switches, ARENA_ARRAY(switches->out->arena, struct level_runs, diagram->level_count + 1u));
    for (uint32_t i = 0; i < diagram->level_count && !switches->out->status; i++) {
        uint32_t variable = diagram->order[i];
        const struct variable_classes *classes = &diagram->classes.variables[variable];
        bool is_text = switches->out->policy->variables[variable].type == TW_TYPE_STRING;
        switches->levels[i].in_order = is_text || runs_in_order(classes);
        if (!switches->levels[i].in_order)
            sort_runs(switches, classes, &switches->levels[i]);
    }
}

static void add_segment(struct switches *switches, int64_t low, int64_t high, diagram_ref child)
{
    struct segment *last =
        switches->segment_count ? &switches->segments[switches->segment_count - 1] : NULL;
    if (last && last->child == child && last->high != VALUE_UNSET && last->high < low &&
        last->high + 1 == low) {
        last->high = high;
        return;
    }
    struct segment *segments =
        arena_grow(switches->out->arena, switches->segments, switches->segment_count,
                   &switches->segment_capacity, sizeof *segments);
    if (!need(switches, segments))
        return;
    switches->segments = segments;
    segments[switches->segment_count++] = (struct segment){low, high, child};
}

static int compare_segments(const void *left, const void *right)
{
    const struct segment *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

/* Where classes lie in order of their values: a segment for each edge. */
static void segments_in_order(struct switches *switches, const struct diagram_node *node,
                              const struct variable_classes *classes, bool is_text)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < node->edge_count; i++) {
        struct diagram_edge edge = switches->diagram->edges[node->first_edge + i];
        uint32_t last = edge.last - (edge.last == classes->unset);
        if (edge.last == classes->unset && first > last)
            break; /* "not set" alone, which is the first segment already */
        add_segment(switches, is_text ? (int64_t)first : classes->runs[first].low,
                    is_text ? (int64_t)last : classes->runs[last].high, edge.child);
        first = edge.last + 1;
    }
}

static diagram_ref child_of_class(const struct switches *switches, const struct diagram_node *node,
                                  uint32_t class)
{
    const struct diagram_edge *edges = switches->diagram->edges + node->first_edge;
    uint32_t low = 0, high = node->edge_count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (edges[middle].last < class)
            low = middle + 1;
        else
            high = middle;
    }
    return edges[low].child;
}

/* The segments between those that are there lead to `usual`. Takes the segments from `from` on. */
static void fill_gaps(struct switches *switches, size_t from, struct domain domain,
                      diagram_ref usual)
{
    size_t count = switches->segment_count - from;
    struct segment *listed = ARENA_ARRAY(switches->out->arena, struct segment, count + 1);
    if (!need(switches, listed))
        return;
    if (count)
        memcpy(listed, switches->segments + from, count * sizeof *listed);
    qsort(listed, count, sizeof *listed, compare_segments);
    switches->segment_count = from;
    int64_t next = domain.low;
    for (size_t i = 0; i < count; i++) {
        if (listed[i].low > next)
            add_segment(switches, next, listed[i].low - 1, usual);
        add_segment(switches, listed[i].low, listed[i].high, listed[i].child);
        if (listed[i].high == domain.high)
            return;
        next = listed[i].high + 1;
    }
    add_segment(switches, next, domain.high, usual);
}

/* Where a class may lie anywhere: the runs of all edges but those that lead where the widest class
 * does, which fills what is between. */
static void segments_by_class(struct switches *switches, const struct diagram_node *node,
                              const struct variable_classes *classes, struct domain domain)
{
    const struct level_runs *level = &switches->levels[node->level];
    diagram_ref usual = child_of_class(switches, node, level->widest);
    size_t from = switches->segment_count;
    uint32_t first = 0;
    for (uint32_t i = 0; i < node->edge_count && !switches->out->status; i++) {
        struct diagram_edge edge = switches->diagram->edges[node->first_edge + i];
        for (uint32_t class = first; edge.child != usual && class <= edge.last; class ++)
            for (uint32_t run = level->first[class];
                 class != classes->unset && run < level->first[class + 1]; run++)
                add_segment(switches, level->runs[run].low, level->runs[run].high, edge.child);
        first = edge.last + 1;
    }
    fill_gaps(switches, from, domain, usual);
}

static void find_segments(struct switches *switches, const struct diagram_node *node)
{
    uint32_t variable = variable_of(switches, node);
    const struct variable_classes *classes = &switches->out->diagram.classes.variables[variable];
    bool is_text = switches->out->policy->variables[variable].type == TW_TYPE_STRING;
    switches->segment_count = 0;
    if (classes->unset != UINT32_MAX)
        add_segment(switches, VALUE_UNSET, VALUE_UNSET,
                    child_of_class(switches, node, classes->unset));
    if (switches->levels[node->level].in_order)
        segments_in_order(switches, node, classes, is_text);
    else
        segments_by_class(switches, node, classes, domain_of(switches->out, variable));
}

static bool has_two_children(const struct switches *switches)
{
    const struct segment *segments = switches->segments;
    diagram_ref first = segments[0].child, second = first;
    for (size_t i = 1; i < switches->segment_count; i++) {
        if (segments[i].child == first || segments[i].child == second)
            continue;
        if (second != first)
            return false;
        second = segments[i].child;
    }
    return true;
}

/* A node with two children: the values that lead to the second one. */
static void write_test(struct switches *switches, uint32_t variable)
{
    struct lowered *out = switches->out;
    const struct segment *segments = switches->segments;
    diagram_ref first = segments[0].child, second = first;
    struct interval_set set = set_again(out, &switches->values, switches->segment_count);
    if (!set.items)
        return;
    for (size_t i = 0; i < switches->segment_count; i++) {
        if (segments[i].child == first)
            continue;
        second = segments[i].child;
        set.items[set.count++] = (struct interval){segments[i].low, segments[i].high};
    }
    struct image_instruction test =
        test_of_values(out, variable, set, target_of(switches, second), target_of(switches, first));
    WRITE(&out->writer, CODE, test);
}

/* Values from 0 on, one jump each; the last jump is for all that are greater, and for "not set". */
static bool write_direct(struct switches *switches, struct image_instruction instruction,
                         struct domain domain)
{
    const struct segment *segments = switches->segments;
    size_t count = switches->segment_count, first = segments[0].low == VALUE_UNSET;
    diagram_ref beyond = segments[0].low == VALUE_UNSET ? segments[0].child : DIAGRAM_NONE;
    int64_t last = segments[count - 1].low;
    bool alike = !first || beyond == segments[count - 1].child;
    if (domain.low < 0 || (!alike && domain.high >= MOST_SEGMENTS))
        return false;
    size_t jumps = alike ? (size_t)last + 1 : (size_t)domain.high + 2;
    if (last >= MOST_SEGMENTS || jumps > 8 * count + 56)
        return false;
    uint32_t *room =
        writer_room(&switches->out->writer, SECTION_JUMPS, jumps, &instruction.operand);
    for (size_t i = first, value = 0; room && i < count; i++) {
        uint32_t target = target_of(switches, segments[i].child);
        for (; value < jumps && (int64_t)value <= segments[i].high; value++)
            room[value] = target;
    }
    if (room && !alike)
        room[jumps - 1] = target_of(switches, beyond);
    instruction.op = OP_DIRECT;
    instruction.then = (uint32_t)jumps;
    WRITE(&switches->out->writer, CODE, instruction);
    return true;
}

/* Single values among others that all lead to one child, which "not set" leads to as well. Gives
 * the number of single values that lead elsewhere. */
static size_t count_keys(const struct switches *switches, diagram_ref *usual)
{
    const struct segment *segments = switches->segments;
    size_t keys = 0;
    bool found = false;
    for (size_t i = 0; i < switches->segment_count; i++) {
        if (segments[i].low == segments[i].high && segments[i].low != VALUE_UNSET)
            continue;
        if (found && segments[i].child != *usual)
            return 0;
        *usual = segments[i].child;
        found = true;
    }
    for (size_t i = 0; found && i < switches->segment_count; i++)
        keys += segments[i].child != *usual;
    return keys;
}

static bool write_hash(struct switches *switches, struct image_instruction instruction)
{
    struct writer *writer = &switches->out->writer;
    diagram_ref usual;
    size_t keys = count_keys(switches, &usual);
    if (keys < FEWEST_KEYS)
        return false;
    uint32_t bits = 4;
    while (((size_t)1 << bits) < keys * 2)
        bits++;
    uint32_t mask = ((uint32_t)1 << bits) - 1;
    int64_t *places = writer_room(writer, SECTION_CONSTANTS, mask + 1u, &instruction.operand);
    uint32_t *jumps = writer_room(writer, SECTION_JUMPS, mask + 1u, &instruction.then);
    for (uint32_t i = 0; places && jumps && i <= mask; i++) {
        places[i] = VALUE_UNSET;
        jumps[i] = target_of(switches, usual);
    }
    for (size_t i = 0; places && jumps && i < switches->segment_count; i++) {
        const struct segment *segment = &switches->segments[i];
        if (segment->child == usual)
            continue;
        uint32_t at = key_place(segment->low, bits);
        while (places[at] != VALUE_UNSET)
            at = (at + 1) & mask;
        places[at] = segment->low;
        jumps[at] = target_of(switches, segment->child);
    }
    instruction.op = OP_HASH;
    instruction.otherwise = bits;
    WRITE(writer, CODE, instruction);
    return true;
}

/* False where the keys are such that no index was made. */
static bool use_index(struct lowered *lowered, const int64_t *keys, size_t count,
                      struct image_instruction *instruction)
{
    struct image_index index;
    if (!make_index(lowered, keys, count, &index))
        return false;
    instruction->op = OP_INDEX;
    instruction->operand = WRITE(&lowered->writer, INDEXES, index);
    return true;
}

static void write_search(struct switches *switches, struct image_instruction instruction)
{
    struct lowered *out = switches->out;
    const struct segment *segments = switches->segments;
    size_t keys = switches->segment_count - 1;
    int64_t *lows = ARENA_ARRAY(out->arena, int64_t, keys + 1);
    uint32_t *jumps =
        writer_room(&out->writer, SECTION_JUMPS, switches->segment_count, &instruction.then);
    if (!need(switches, lows) || !jumps)
        return;
    for (size_t i = 0; i < switches->segment_count; i++) {
        jumps[i] = target_of(switches, segments[i].child);
        if (i)
            lows[i - 1] = segments[i].low;
    }
    if (keys < INDEXED_KEYS || !use_index(out, lows, keys, &instruction)) {
        instruction.op = OP_SEARCH;
        instruction.operand = add_constants(out, lows, keys);
        instruction.otherwise = (uint32_t)keys;
    }
    WRITE(&out->writer, CODE, instruction);
}

static void write_node(struct switches *switches, const struct diagram_node *node)
{
    uint32_t variable = variable_of(switches, node);
    find_segments(switches, node);
    if (switches->out->status)
        return;
    switches->out->needed[variable] = true;
    if (has_two_children(switches)) {
        write_test(switches, variable);
        return;
    }
    struct image_instruction instruction = {.variable = (uint16_t)variable};
    if (!write_direct(switches, instruction, domain_of(switches->out, variable)) &&
        !write_hash(switches, instruction))
        write_search(switches, instruction);
}

/* At most so many runs have to be looked at to write a node. */
static size_t count_runs(const struct switches *switches, const struct diagram_node *node)
{
    const struct level_runs *level = &switches->levels[node->level];
    if (level->in_order)
        return node->edge_count;
    diagram_ref usual = child_of_class(switches, node, level->widest);
    size_t count = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < node->edge_count; i++) {
        struct diagram_edge edge = switches->diagram->edges[node->first_edge + i];
        if (edge.child != usual)
            count += level->first[edge.last + 1] - level->first[first];
        first = edge.last + 1;
    }
    return count;
}

bool switches_plan(struct lowered *lowered, struct switches **result)
{
    struct switches *switches = ARENA_NEW(lowered->arena, struct switches);
    *result = switches;
    if (!switches) {
        lower_fail(lowered, TW_NO_MEMORY);
        return false;
    }
    *switches = (struct switches){.out = lowered, .diagram = &lowered->diagram.diagram};
    make_levels(switches);
    place_nodes(switches);
    size_t runs = 0;
    for (uint32_t i = 0; i < switches->node_count && !lowered->status; i++) {
        const struct diagram_node *node = &switches->diagram->nodes[switches->nodes[i]];
        runs += count_runs(switches, node);
    }
    return !lowered->status && runs <= MOST_SEGMENTS;
}

void lower_switches(struct lowered *lowered, struct switches *switches)
{
    lowered->start = target_of(switches, lowered->diagram.root);
    writer_reserve(&lowered->writer, SECTION_CODE, switches->node_count);
    for (uint32_t i = 0; i < switches->node_count && !lowered->status; i++)
        write_node(switches, &switches->diagram->nodes[switches->nodes[i]]);
}
