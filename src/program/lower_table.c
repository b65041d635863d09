/* program/lower_table.c: the plan "table": one cell for each combination of classes.
 *
 * Classes that no node of the diagram tells apart share a place. The number of a request's cell is
 * a sum of shares: a variable with few values looks its share up (a column), others add one share
 * for each threshold that the value is above (blocks). */
#include "program/lower.h"

#include <string.h>

enum {
    MOST_CELLS = 32768,
    MOST_BLOCKS = 16,
    MOST_SHARES = 4096,  /* of one column */
    MOST_WORK = 1 << 18, /* classes looked at in all nodes together */
    MOST_RULES = UINT16_MAX,
    FACTOR_BITS = 40,
    LARGEST_LIMIT = 1 << 20 /* of a column: its square is no more than 2^40 */
};

/* Where all nodes of a variable lead a class, mixed. Two classes that differ share one by chance
 * about once in 10^30 policies; what comes of it is checked by validate.c. */
struct signature {
    uint64_t first, second;
};

/* One variable of the table. */
struct dimension {
    uint32_t variable, count;     /* places */
    struct signature *signatures; /* of each class */
    uint32_t *places;             /* of each class */
    uint32_t *samples;            /* of each place, a class */
    uint32_t stride;              /* cells from one place to the next */
    bool is_column;
    uint64_t unit, limit; /* of a column */
    size_t thresholds;
};

struct table {
    struct lowered *out;
    struct dimension *dimensions; /* of each level */
    uint32_t cell_count;
};

static bool give_up(struct table *table)
{
    lower_fail(table->out, TW_NO_MEMORY);
    return false;
}

/* Adds to each class's signature where this node leads it. */
static void sign(const struct table *table, struct dimension *dimension,
                 const struct diagram_node *node, uint32_t classes)
{
    const struct diagram_edge *edge = table->out->diagram.diagram.edges + node->first_edge;
    for (uint32_t class = 0; class < classes; class ++) {
        edge += class > edge->last;
        struct signature *signature = &dimension->signatures[class];
        signature->first = (signature->first ^ edge->child) * 0xff51afd7ed558ccdu;
        signature->first ^= signature->first >> 32;
        signature->second = (signature->second + edge->child) * 0xc4ceb9fe1a85ec53u;
        signature->second ^= signature->second >> 29;
    }
}

/* Classes that all nodes lead to the same children share a place. Gives each place a class. */
static bool number_places(struct table *table, struct dimension *dimension, uint32_t classes)
{
    struct map known;
    map_init(&known, table->out->arena);
    dimension->samples = ARENA_ARRAY(table->out->arena, uint32_t, classes);
    dimension->places = ARENA_ARRAY(table->out->arena, uint32_t, classes);
    if (!dimension->samples || !dimension->places)
        return give_up(table);
    for (uint32_t class = 0; class < classes; class ++) {
        struct text key = {(const char *)&dimension->signatures[class], sizeof(struct signature)};
        uintptr_t place = (uintptr_t)map_get(&known, key);
        if (!place) {
            dimension->samples[dimension->count] = class;
            place = ++dimension->count;
            if (!map_set(&known, key, (void *)place))
                return give_up(table);
        }
        dimension->places[class] = (uint32_t)place - 1;
    }
    return true;
}

/* Marks the nodes that can be reached; the sum of their classes, or more than MOST_WORK. */
static size_t mark_nodes(const struct diagram *diagram, diagram_ref ref, bool *marks)
{
    if (diagram_is_terminal(ref) || marks[ref])
        return 0;
    const struct diagram_node *node = &diagram->nodes[ref];
    size_t work = diagram->class_counts[node->level];
    marks[ref] = true;
    for (uint32_t i = 0; i < node->edge_count && work <= MOST_WORK; i++)
        work += mark_nodes(diagram, diagram->edges[node->first_edge + i].child, marks);
    return work;
}

/* The places of all variables. False where there is too much to look at. */
static bool find_places(struct table *table)
{
    const struct policy_diagram *from = &table->out->diagram;
    const struct diagram *diagram = &from->diagram;
    struct arena *arena = table->out->arena;
    bool *marks = ARENA_ARRAY(arena, bool, diagram->node_count + 1);
    table->dimensions = ARENA_ARRAY(arena, struct dimension, from->level_count + 1u);
    if (!marks || !table->dimensions)
        return give_up(table);
    if (mark_nodes(diagram, from->root, marks) > MOST_WORK)
        return false;
    for (uint32_t i = 0; i < from->level_count; i++) {
        struct dimension *dimension = &table->dimensions[i];
        dimension->variable = from->order[i];
        dimension->signatures = ARENA_ARRAY(arena, struct signature, diagram->class_counts[i]);
        if (!dimension->signatures)
            return give_up(table);
    }
    for (size_t i = 0; i < diagram->node_count; i++) {
        uint32_t level = diagram->nodes[i].level;
        if (marks[i])
            sign(table, &table->dimensions[level], &diagram->nodes[i],
                 diagram->class_counts[level]);
    }
    for (uint32_t i = 0; i < from->level_count; i++)
        if (!number_places(table, &table->dimensions[i], diagram->class_counts[i]))
            return false;
    return true;
}

/* The cells' number, with the first level's places farthest apart. */
static bool count_cells(struct table *table)
{
    const struct policy_diagram *from = &table->out->diagram;
    uint64_t stride = 1;
    for (uint32_t i = from->level_count; i-- > 0;) {
        table->dimensions[i].stride = (uint32_t)stride;
        stride *= table->dimensions[i].count;
        stride = stride > MOST_CELLS ? MOST_CELLS + 1u : stride;
    }
    table->cell_count = (uint32_t)stride;
    return stride <= MOST_CELLS;
}

static const struct variable_classes *classes_of(const struct table *table, uint32_t variable)
{
    return &table->out->diagram.classes.variables[variable];
}

/* Where a place begins among the values: every run whose place is not that of the run before. */
static bool begins(const struct table *table, const struct dimension *dimension, size_t run)
{
    const struct class_run *runs = classes_of(table, dimension->variable)->runs;
    return run == 0 || dimension->places[runs[run].class] != dimension->places[runs[run - 1].class];
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* A column for a variable whose thresholds are multiples of a unit, counted from the low end, and
 * not too many units apart. What is not set lands at the limit, which is out of the domain then. */
static bool is_column(const struct table *table, struct dimension *dimension)
{
    const struct variable_classes *classes = classes_of(table, dimension->variable);
    struct domain domain = domain_of(table->out, dimension->variable);
    uint64_t unit = 0, last = 0;
    if (table->out->policy->variables[dimension->variable].type == TW_TYPE_STRING) {
        unit = 1;
        last = (uint64_t)domain.high;
    }
    for (size_t i = 1; i < classes->run_count; i++) {
        if (!begins(table, dimension, i))
            continue;
        last = (uint64_t)classes->runs[i].low - (uint64_t)domain.low;
        unit = common_divisor(unit, last);
    }
    unit = unit ? unit : 1;
    uint64_t span = (uint64_t)domain.high - (uint64_t)domain.low;
    if (domain.can_be_unset)
        last = span < LARGEST_LIMIT ? span / unit * unit + unit : span;
    dimension->unit = unit;
    dimension->limit = last;
    return last / unit < MOST_SHARES && last <= LARGEST_LIMIT;
}

static size_t count_thresholds(const struct table *table, const struct dimension *dimension)
{
    const struct variable_classes *classes = classes_of(table, dimension->variable);
    size_t count = classes->unset != UINT32_MAX;
    for (size_t i = 1; i < classes->run_count; i++)
        count += begins(table, dimension, i);
    return count;
}

static bool choose_forms(struct table *table)
{
    size_t blocks = 0;
    for (uint32_t i = 0; i < table->out->diagram.level_count; i++) {
        struct dimension *dimension = &table->dimensions[i];
        dimension->is_column = dimension->count == 1 || is_column(table, dimension);
        dimension->thresholds = dimension->is_column ? 0 : count_thresholds(table, dimension);
        blocks += (dimension->thresholds + 3) / 4;
    }
    return blocks <= MOST_BLOCKS;
}

bool table_plan(struct lowered *lowered, struct table **result)
{
    struct table *table = *result = ARENA_NEW(lowered->arena, struct table);
    if (!table) {
        lower_fail(lowered, TW_NO_MEMORY);
        return false;
    }
    table->out = lowered;
    return lowered->policy->rule_count <= MOST_RULES && find_places(table) && count_cells(table) &&
           choose_forms(table);
}

static uint32_t share_of_class(const struct dimension *dimension, uint32_t class)
{
    return dimension->places[class] * dimension->stride;
}

/* The factor is 2^40 / unit rounded up, so that value * factor is over value * 2^40 / unit by less
 * than value, and value * unit is at most 2^40: the quotient is exact. */
static void write_column(struct table *table, const struct dimension *dimension)
{
    const struct variable_classes *classes = classes_of(table, dimension->variable);
    struct domain domain = domain_of(table->out, dimension->variable);
    struct image_column column = {.variable = dimension->variable,
                                  .share_count = (uint32_t)(dimension->limit / dimension->unit) + 1,
                                  .low = domain.low,
                                  .limit = dimension->limit};
    uint64_t one = (uint64_t)1 << FACTOR_BITS;
    column.factor = (one + dimension->unit - 1) / dimension->unit;
    uint32_t *shares =
        writer_room(&table->out->writer, SECTION_SHARES, column.share_count, &column.share_first);
    bool is_text = classes->runs == NULL;
    for (uint64_t i = 0, run = 0; shares && i < column.share_count; i++) {
        int64_t value = (int64_t)((uint64_t)domain.low + i * dimension->unit);
        bool unset = domain.can_be_unset && i + 1 == column.share_count;
        while (!is_text && !unset && classes->runs[run].high < value)
            run++;
        uint32_t class = unset ? classes->unset : is_text ? (uint32_t)i : classes->runs[run].class;
        shares[i] = share_of_class(dimension, class);
    }
    WRITE(&table->out->writer, COLUMNS, column);
    table->out->needed[dimension->variable] = true;
}

/* Fills blocks of four from the end of the section on. */
struct thresholds {
    struct writer *writer;
    struct image_block block;
    size_t used;
};

static void flush(struct thresholds *thresholds)
{
    if (thresholds->used)
        WRITE(thresholds->writer, BLOCKS, thresholds->block);
    thresholds->used = 0;
    for (int i = 0; i < 4; i++) {
        thresholds->block.above[i] = INT64_MAX;
        thresholds->block.shares[i] = 0;
    }
}

static void add_threshold(struct thresholds *thresholds, int64_t above, int64_t share)
{
    thresholds->block.above[thresholds->used] = above;
    thresholds->block.shares[thresholds->used++] = share;
    if (thresholds->used == 4)
        flush(thresholds);
}

/* The least value's share goes into the base; each threshold adds the difference to the next. */
static uint32_t write_blocks(struct table *table, const struct dimension *dimension)
{
    const struct variable_classes *classes = classes_of(table, dimension->variable);
    struct thresholds thresholds = {.writer = &table->out->writer,
                                    .block = {.variable = dimension->variable}};
    flush(&thresholds);
    uint32_t base = share_of_class(dimension, classes->runs[0].class), share = base;
    if (classes->unset != UINT32_MAX) {
        base = share_of_class(dimension, classes->unset);
        add_threshold(&thresholds, classes->runs[0].low - 1, (int64_t)share - base);
    }
    for (size_t i = 1; i < classes->run_count; i++) {
        if (!begins(table, dimension, i))
            continue;
        uint32_t next = share_of_class(dimension, classes->runs[i].class);
        add_threshold(&thresholds, classes->runs[i].low - 1, (int64_t)next - share);
        share = next;
    }
    flush(&thresholds);
    table->out->needed[dimension->variable] = true;
    return base;
}

/* All cells under one choice of places for the levels above. */
static void fill_cells(const struct table *table, uint16_t *cells, uint32_t level, diagram_ref ref)
{
    const struct diagram *diagram = &table->out->diagram.diagram;
    if (level == table->out->diagram.level_count) {
        *cells =
            (uint16_t)(ref == DIAGRAM_NONE ? table->out->policy->rule_count : ref & ~TERMINAL_BIT);
        return;
    }
    const struct dimension *dimension = &table->dimensions[level];
    bool tests = !diagram_is_terminal(ref) && diagram->nodes[ref].level == level;
    for (uint32_t place = 0; place < dimension->count; place++) {
        diagram_ref child = ref;
        if (tests) {
            const struct diagram_edge *edge = diagram->edges + diagram->nodes[ref].first_edge;
            while (edge->last < dimension->samples[place])
                edge++;
            child = edge->child;
        }
        fill_cells(table, cells + place * dimension->stride, level + 1, child);
    }
}

void lower_table(struct lowered *lowered, struct table *table)
{
    struct writer *writer = &lowered->writer;
    struct image_table record = {.cell_count = table->cell_count};
    for (uint32_t i = 0; i < lowered->diagram.level_count; i++) {
        const struct dimension *dimension = &table->dimensions[i];
        if (dimension->count == 1)
            continue;
        if (dimension->is_column)
            write_column(table, dimension);
        else
            record.base += write_blocks(table, dimension);
    }
    record.column_count = writer_count(writer, SECTION_COLUMNS);
    record.block_count = writer_count(writer, SECTION_BLOCKS);
    uint16_t *cells = writer_room(writer, SECTION_CELLS, table->cell_count, &record.cell_first);
    if (cells)
        fill_cells(table, cells, 0, lowered->diagram.root);
    struct image_instruction instruction = {.op = OP_TABLE};
    instruction.operand = WRITE(writer, TABLES, record);
    lowered->start = WRITE(writer, CODE, instruction);
}
