/* diagram/diagram.c: making and combining diagrams; see diagram.h.
 *
 * Nodes are made by one function, which joins runs, drops nodes with a single child, and finds the
 * node that is there already. Results of operations are remembered in a cache that may forget. The
 * tables are on the heap and grow; a budget of edges bounds them. */
#include "diagram/diagram.h"

#include <stdlib.h>
#include <string.h>

enum operation { OPERATION_MERGE = 1, OPERATION_GUARD, OPERATION_WITHOUT, OPERATION_ALL };

struct diagram_memo {
    diagram_ref f, g, result;
    uint32_t operation; /* 0: free */
};

enum { FIRST_MEMO = 1 << 12, LARGEST_MEMO = 1 << 21, FIRST_UNIQUE = 1 << 10 };

enum tw_status diagram_init(struct diagram *diagram, const uint32_t *class_counts,
                            uint32_t level_count, size_t edge_limit)
{
    *diagram = (struct diagram){.edge_limit = edge_limit,
                                .level_count = level_count,
                                .unique_capacity = FIRST_UNIQUE,
                                .memo_capacity = FIRST_MEMO};
    diagram->class_counts = calloc(level_count + 1u, sizeof *diagram->class_counts);
    diagram->unique = calloc(FIRST_UNIQUE, sizeof *diagram->unique);
    diagram->memo = calloc(FIRST_MEMO, sizeof *diagram->memo);
    if (!diagram->class_counts || !diagram->unique || !diagram->memo) {
        diagram_free(diagram);
        return diagram->status = TW_NO_MEMORY;
    }
    if (level_count)
        memcpy(diagram->class_counts, class_counts, level_count * sizeof *class_counts);
    return TW_OK;
}

void diagram_settle(struct diagram *diagram)
{
    free(diagram->unique);
    free(diagram->memo);
    free(diagram->stack);
    diagram->unique = NULL;
    diagram->memo = NULL;
    diagram->stack = NULL;
    diagram->unique_capacity = diagram->memo_capacity = diagram->stack_capacity = 0;
}

void diagram_free(struct diagram *diagram)
{
    diagram_settle(diagram);
    free(diagram->nodes);
    free(diagram->edges);
    free(diagram->class_counts);
    *diagram = (struct diagram){0};
}

static bool give_up(struct diagram *diagram, enum tw_status status)
{
    if (!diagram->status)
        diagram->status = status;
    return false;
}

static bool reserve(struct diagram *diagram, void *array, size_t count, size_t more,
                    size_t *capacity, size_t size)
{
    void *items;
    if (count + more <= *capacity)
        return true;
    size_t larger = *capacity ? *capacity : 256;
    while (larger < count + more)
        larger *= 2;
    memcpy(&items, array, sizeof items);
    items = realloc(items, larger * size);
    if (!items)
        return give_up(diagram, TW_NO_MEMORY);
    memcpy(array, &items, sizeof items);
    *capacity = larger;
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0xff51afd7ed558ccdu;
    return hash ^ (hash >> 32);
}

static uint32_t hash_node(uint32_t level, const struct diagram_edge *edges, size_t count)
{
    uint64_t hash = mix(0x9e3779b97f4a7c15u, level);
    for (size_t i = 0; i < count; i++)
        hash = mix(hash, (uint64_t)edges[i].last << 32 | edges[i].child);
    return (uint32_t)hash;
}

static bool same_node(const struct diagram *diagram, const struct diagram_node *node,
                      const struct diagram_node *wanted, const struct diagram_edge *edges)
{
    return node->hash == wanted->hash && node->level == wanted->level &&
           node->edge_count == wanted->edge_count &&
           memcmp(diagram->edges + node->first_edge, edges, node->edge_count * sizeof *edges) == 0;
}

/* Enters all nodes into a table that is empty. */
static void fill_unique(const struct diagram *diagram, uint32_t *unique, size_t capacity)
{
    for (size_t i = 0; i < diagram->node_count; i++) {
        size_t at = diagram->nodes[i].hash & (capacity - 1);
        while (unique[at])
            at = (at + 1) & (capacity - 1);
        unique[at] = (uint32_t)i + 1;
    }
}

static bool grow_unique(struct diagram *diagram)
{
    size_t capacity = diagram->unique_capacity * 2;
    uint32_t *unique = calloc(capacity, sizeof *unique);
    if (!unique)
        return give_up(diagram, TW_NO_MEMORY);
    fill_unique(diagram, unique, capacity);
    free(diagram->unique);
    diagram->unique = unique;
    diagram->unique_capacity = capacity;
    return true;
}

struct diagram_mark diagram_mark(const struct diagram *diagram)
{
    return (struct diagram_mark){diagram->node_count, diagram->edge_count};
}

void diagram_release(struct diagram *diagram, struct diagram_mark mark)
{
    if (diagram->status == TW_NO_MEMORY)
        return;
    diagram->status = TW_OK;
    diagram->node_count = mark.nodes;
    diagram->edge_count = mark.edges;
    diagram->stack_count = 0;
    memset(diagram->unique, 0, diagram->unique_capacity * sizeof *diagram->unique);
    fill_unique(diagram, diagram->unique, diagram->unique_capacity);
    memset(diagram->memo, 0, diagram->memo_capacity * sizeof *diagram->memo);
}

static diagram_ref add_node(struct diagram *diagram, size_t place, struct diagram_node node,
                            const struct diagram_edge *edges)
{
    size_t count = node.edge_count;
    if (diagram->edge_count + count > diagram->edge_limit) {
        give_up(diagram, TW_LIMIT);
        return DIAGRAM_NONE;
    }
    if (!reserve(diagram, &diagram->nodes, diagram->node_count, 1, &diagram->node_capacity,
                 sizeof *diagram->nodes) ||
        !reserve(diagram, &diagram->edges, diagram->edge_count, count, &diagram->edge_capacity,
                 sizeof *diagram->edges))
        return DIAGRAM_NONE;
    node.first_edge = (uint32_t)diagram->edge_count;
    diagram->nodes[diagram->node_count] = node;
    memcpy(diagram->edges + diagram->edge_count, edges, count * sizeof *edges);
    diagram->edge_count += count;
    diagram->unique[place] = (uint32_t)++diagram->node_count;
    return (diagram_ref)diagram->node_count - 1;
}

/* The node with the edges on the stack from `base` on, which are taken off it. */
diagram_ref diagram_end(struct diagram *diagram, uint32_t level, size_t base)
{
    size_t count = diagram->stack_count - base;
    const struct diagram_edge *edges = diagram->stack + base;
    diagram->stack_count = base;
    if (diagram->status)
        return DIAGRAM_NONE;
    if (count == 1)
        return edges[0].child;
    if (diagram->node_count * 2 >= diagram->unique_capacity && !grow_unique(diagram))
        return DIAGRAM_NONE;
    struct diagram_node node = {
        .level = level, .edge_count = (uint32_t)count, .hash = hash_node(level, edges, count)};
    size_t at = node.hash & (diagram->unique_capacity - 1);
    for (; diagram->unique[at]; at = (at + 1) & (diagram->unique_capacity - 1))
        if (same_node(diagram, &diagram->nodes[diagram->unique[at] - 1], &node, edges))
            return diagram->unique[at] - 1;
    return add_node(diagram, at, node, edges);
}

/* Adds a run up to class `last`, joined with the run before where the child is the same. */
void diagram_run(struct diagram *diagram, size_t base, uint32_t last, diagram_ref child)
{
    if (diagram->stack_count > base && diagram->stack[diagram->stack_count - 1].child == child) {
        diagram->stack[diagram->stack_count - 1].last = last;
        return;
    }
    if (reserve(diagram, &diagram->stack, diagram->stack_count, 1, &diagram->stack_capacity,
                sizeof *diagram->stack))
        diagram->stack[diagram->stack_count++] = (struct diagram_edge){last, child};
}

size_t diagram_begin(struct diagram *diagram)
{
    return diagram->stack_count;
}

diagram_ref diagram_branch(struct diagram *diagram, uint32_t level, struct class_set set,
                           diagram_ref inside)
{
    size_t base = diagram_begin(diagram);
    uint32_t classes = diagram->class_counts[level], next = 0;
    for (size_t i = 0; i < set.count; i++) {
        if (set.spans[i].low > next)
            diagram_run(diagram, base, set.spans[i].low - 1, DIAGRAM_NONE);
        diagram_run(diagram, base, set.spans[i].high, inside);
        next = set.spans[i].high + 1;
    }
    if (next < classes)
        diagram_run(diagram, base, classes - 1, DIAGRAM_NONE);
    return diagram_end(diagram, level, base);
}

diagram_ref diagram_test(struct diagram *diagram, uint32_t level, struct class_set set)
{
    return diagram_branch(diagram, level, set, DIAGRAM_TRUE);
}

/* The result where it is plain to see; false where the two have to be walked. */
static bool is_plain(enum operation operation, diagram_ref f, diagram_ref g, diagram_ref *result)
{
    switch (operation) {
    case OPERATION_MERGE:
        *result = f == DIAGRAM_NONE ? g : f;
        return f == g || diagram_is_terminal(f) || g == DIAGRAM_NONE;
    case OPERATION_GUARD:
        *result = f == DIAGRAM_NONE ? DIAGRAM_NONE : g;
        return diagram_is_terminal(f) || g == DIAGRAM_NONE;
    case OPERATION_WITHOUT:
        *result = f == DIAGRAM_NONE ? g : DIAGRAM_NONE;
        return diagram_is_terminal(f) || g == DIAGRAM_NONE;
    case OPERATION_ALL:
        break;
    }
    return false;
}

static struct diagram_memo *memo_place(struct diagram *diagram, enum operation operation,
                                       diagram_ref f, diagram_ref g)
{
    uint64_t hash = mix(mix((uint64_t)operation, (uint64_t)f << 32 | g), 0x51u);
    return &diagram->memo[hash & (diagram->memo_capacity - 1)];
}

/* The cache grows with the diagram. Without memory it stays as it is: it only has to be right. */
static void grow_memo(struct diagram *diagram)
{
    struct diagram_memo *old = diagram->memo;
    size_t old_capacity = diagram->memo_capacity, capacity = old_capacity;
    while (capacity < diagram->node_count && capacity < LARGEST_MEMO)
        capacity *= 2;
    struct diagram_memo *memo = capacity == old_capacity ? NULL : calloc(capacity, sizeof *memo);
    if (!memo)
        return;
    diagram->memo = memo;
    diagram->memo_capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].operation)
            *memo_place(diagram, (enum operation)old[i].operation, old[i].f, old[i].g) = old[i];
    free(old);
}

/* A node's edges, or one run over everything for what does not test this level. */
struct cursor {
    size_t edge;
    bool split;
};

static struct cursor cursor_at(const struct diagram *diagram, diagram_ref ref, uint32_t level)
{
    bool split = !diagram_is_terminal(ref) && diagram->nodes[ref].level == level;
    return (struct cursor){split ? diagram->nodes[ref].first_edge : 0, split};
}

static uint32_t level_of(const struct diagram *diagram, diagram_ref ref)
{
    return diagram_is_terminal(ref) ? UINT32_MAX : diagram->nodes[ref].level;
}

/* Moves on to the first run that reaches past class `last`. */
static void skip_to(const struct diagram *diagram, struct cursor *cursor, diagram_ref ref,
                    uint32_t last)
{
    if (!cursor->split)
        return;
    size_t low = cursor->edge,
           high = diagram->nodes[ref].first_edge + diagram->nodes[ref].edge_count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (diagram->edges[middle].last <= last)
            low = middle + 1;
        else
            high = middle;
    }
    cursor->edge = low;
}

static diagram_ref apply(struct diagram *diagram, enum operation operation, diagram_ref f,
                         diagram_ref g);

static diagram_ref walk(struct diagram *diagram, enum operation operation, diagram_ref f,
                        diagram_ref g)
{
    uint32_t f_level = level_of(diagram, f), g_level = level_of(diagram, g);
    uint32_t level = f_level < g_level ? f_level : g_level;
    uint32_t end = diagram->class_counts[level] - 1, last = 0;
    struct cursor left = cursor_at(diagram, f, level), right = cursor_at(diagram, g, level);
    size_t base = diagram_begin(diagram);
    do {
        /* Read through the cursors each time: the arrays may move while children are made. */
        const struct diagram_edge *edges = diagram->edges;
        uint32_t left_last = left.split ? edges[left.edge].last : end;
        uint32_t right_last = right.split ? edges[right.edge].last : end;
        diagram_ref left_child = left.split ? edges[left.edge].child : f;
        diagram_ref right_child = right.split ? edges[right.edge].child : g;
        if (operation == OPERATION_GUARD && left_child == DIAGRAM_NONE) {
            /* Nothing of g counts here: a narrow condition on a wide node costs little. */
            last = left_last;
            diagram_run(diagram, base, last, DIAGRAM_NONE);
            left.edge++;
            skip_to(diagram, &right, g, last);
            continue;
        }
        last = left_last < right_last ? left_last : right_last;
        diagram_ref child = apply(diagram, operation, left_child, right_child);
        diagram_run(diagram, base, last, child);
        left.edge += left_last == last;
        right.edge += right_last == last;
    } while (last < end && !diagram->status);
    return diagram_end(diagram, level, base);
}

/* Recursion is as deep as there are variables in the order. */
static diagram_ref apply(struct diagram *diagram, enum operation operation, diagram_ref f,
                         diagram_ref g)
{
    diagram_ref result;
    if (is_plain(operation, f, g, &result))
        return result;
    struct diagram_memo *memo = memo_place(diagram, operation, f, g);
    if (memo->operation == (uint32_t)operation && memo->f == f && memo->g == g)
        return memo->result;
    result = walk(diagram, operation, f, g);
    grow_memo(diagram);
    *memo_place(diagram, operation, f, g) = (struct diagram_memo){f, g, result, operation};
    return result;
}

diagram_ref diagram_merge(struct diagram *diagram, diagram_ref f, diagram_ref g)
{
    return diagram->status ? DIAGRAM_NONE : apply(diagram, OPERATION_MERGE, f, g);
}

diagram_ref diagram_guard(struct diagram *diagram, diagram_ref f, diagram_ref g)
{
    return diagram->status ? DIAGRAM_NONE : apply(diagram, OPERATION_GUARD, f, g);
}

diagram_ref diagram_without(struct diagram *diagram, diagram_ref f, diagram_ref g)
{
    return diagram->status ? DIAGRAM_NONE : apply(diagram, OPERATION_WITHOUT, f, g);
}

struct check {
    struct diagram *diagram;
    bool (*test)(void *context, uint32_t value);
    void *context;
};

static bool all_below(const struct check *check, diagram_ref f, diagram_ref g);

static bool walk_all(const struct check *check, diagram_ref f, diagram_ref g)
{
    const struct diagram *diagram = check->diagram;
    uint32_t f_level = level_of(diagram, f), g_level = level_of(diagram, g);
    uint32_t level = f_level < g_level ? f_level : g_level;
    uint32_t end = diagram->class_counts[level] - 1, last = 0;
    struct cursor left = cursor_at(diagram, f, level), right = cursor_at(diagram, g, level);
    do {
        const struct diagram_edge *edges = diagram->edges;
        uint32_t left_last = left.split ? edges[left.edge].last : end;
        uint32_t right_last = right.split ? edges[right.edge].last : end;
        diagram_ref left_child = left.split ? edges[left.edge].child : f;
        if (left_child == DIAGRAM_NONE) {
            last = left_last;
            left.edge++;
            skip_to(diagram, &right, g, last);
            continue;
        }
        if (!all_below(check, left_child, right.split ? edges[right.edge].child : g))
            return false;
        last = left_last < right_last ? left_last : right_last;
        left.edge += left_last == last;
        right.edge += right_last == last;
    } while (last < end);
    return true;
}

/* What passed is remembered; the first that does not ends everything. */
static bool all_below(const struct check *check, diagram_ref f, diagram_ref g)
{
    struct diagram *diagram = check->diagram;
    if (f == DIAGRAM_NONE)
        return true;
    if (diagram_is_terminal(g))
        return check->test(check->context, g == DIAGRAM_NONE ? g : g & ~TERMINAL_BIT);
    struct diagram_memo *memo = memo_place(diagram, OPERATION_ALL, f, g);
    if (memo->operation == OPERATION_ALL && memo->f == f && memo->g == g &&
        memo->result == diagram->checks)
        return true;
    if (!walk_all(check, f, g))
        return false;
    *memo = (struct diagram_memo){f, g, diagram->checks, OPERATION_ALL};
    return true;
}

bool diagram_all(struct diagram *diagram, diagram_ref f, diagram_ref g,
                 bool (*test)(void *context, uint32_t value), void *context)
{
    const struct check check = {diagram, test, context};
    diagram->checks++;
    return !diagram->status && all_below(&check, f, g);
}
