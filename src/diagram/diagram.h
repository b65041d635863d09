/* diagram/diagram.h: multi-terminal interval decision diagrams.
 *
 * A node tests one variable and has one child for each run of that variable's classes; a terminal
 * is a number, or NONE for "no match". Diagrams are ordered, reduced and shared: two functions are
 * equal exactly when their references are.
 *
 *          model                    [0..3] -> a, [4] -> b, [5..9] -> a
 *         /  |  \
 *        a   b   a
 *
 * After Bryant 1986 (ordered diagrams), with intervals as in Christiansen and Fleury 2004 (MTIDD)
 * and terminals as in Fujita, McGeer and Yang 1997 (MTBDD). One thread at a time. */
#ifndef TIERWAY_DIAGRAM_DIAGRAM_H
#define TIERWAY_DIAGRAM_DIAGRAM_H

#include "diagram/classes.h"

typedef uint32_t diagram_ref; /* a node, or a terminal where TERMINAL_BIT is set */

#define TERMINAL_BIT 0x80000000u
#define DIAGRAM_NONE 0xffffffffu
#define DIAGRAM_TRUE TERMINAL_BIT /* the terminal 0: for conditions */
#define DIAGRAM_EDGES 4000000u    /* the default budget of edges, about 100 MB at the most */

struct diagram_edge {
    uint32_t last; /* the last class of the run; runs are in order and cover all classes */
    diagram_ref child;
};

struct diagram_node {
    uint32_t level; /* position of its variable in the order */
    uint32_t first_edge, edge_count;
    uint32_t hash; /* of all the rest */
};

struct diagram {
    struct diagram_node *nodes;
    size_t node_count, node_capacity;
    struct diagram_edge *edges;
    size_t edge_count, edge_capacity;
    uint32_t *unique; /* hash table of node numbers + 1 */
    size_t unique_capacity;
    struct diagram_memo *memo; /* direct-mapped cache of results */
    size_t memo_capacity;
    uint32_t checks;            /* calls of diagram_all so far, which tell their memos apart */
    struct diagram_edge *stack; /* edges of nodes in the making */
    size_t stack_count, stack_capacity;
    size_t edge_limit;
    uint32_t level_count;
    uint32_t *class_counts; /* of each level */
    enum tw_status status;  /* TW_LIMIT once the budget ran out, TW_NO_MEMORY */
};

/* How far a diagram had grown. */
struct diagram_mark {
    size_t nodes, edges;
};

/* class_counts: of each level, copied. */
enum tw_status diagram_init(struct diagram *diagram, const uint32_t *class_counts,
                            uint32_t level_count, size_t edge_limit);
/* Frees what only making nodes needs: from then on nodes may be read, and none be made. */
void diagram_settle(struct diagram *diagram);
void diagram_free(struct diagram *diagram);

struct diagram_mark diagram_mark(const struct diagram *diagram);
/* Forgets what was made since the mark, and that the budget ran out; references to later nodes mean
 * nothing from then on. That memory ran out is not forgotten. */
void diagram_release(struct diagram *diagram, struct diagram_mark mark);

static inline bool diagram_is_terminal(diagram_ref ref)
{
    return (ref & TERMINAL_BIT) != 0;
}

static inline diagram_ref diagram_terminal(uint32_t value)
{
    return TERMINAL_BIT | value;
}

/* Once status is set, results mean nothing; every function may still be called. */
/* TRUE where the variable of `level` is in the set, else NONE. */
diagram_ref diagram_test(struct diagram *diagram, uint32_t level, struct class_set set);
/* `inside`, which tests later levels only, where the variable of `level` is in the set, else NONE.
 */
diagram_ref diagram_branch(struct diagram *diagram, uint32_t level, struct class_set set,
                           diagram_ref inside);
/* The same by hand, for a whole node: begin, one run after another up to its last class (the last
 * run ends with the last class), end. Other nodes may be made in between. */
size_t diagram_begin(struct diagram *diagram);
void diagram_run(struct diagram *diagram, size_t base, uint32_t last, diagram_ref child);
diagram_ref diagram_end(struct diagram *diagram, uint32_t level, size_t base);
/* f where it matches, else g. */
diagram_ref diagram_merge(struct diagram *diagram, diagram_ref f, diagram_ref g);
/* g where f matches, else NONE. */
diagram_ref diagram_guard(struct diagram *diagram, diagram_ref f, diagram_ref g);
/* g where f does not match, else NONE. */
diagram_ref diagram_without(struct diagram *diagram, diagram_ref f, diagram_ref g);
/* Does every terminal pass that `g` leads to where `f` matches? test gets its value, or
 * DIAGRAM_NONE. Ends at the first that does not pass, and makes no nodes. */
bool diagram_all(struct diagram *diagram, diagram_ref f, diagram_ref g,
                 bool (*test)(void *context, uint32_t value), void *context);

#endif
