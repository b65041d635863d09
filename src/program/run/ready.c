/* program/run/ready.c: what a policy makes ready when it is loaded, so that requests and decisions
 * have it at hand: axes with pointers, attributes that are set without a further look, and the
 * values of a request that is clear. The policy owns all of it; ready_free frees it. */
#include "program/run/key_index.h"

#include <stdlib.h>

static bool make_axes(struct tw_policy *policy)
{
    policy->axes = calloc(policy->count_AXES + 1u, sizeof *policy->axes);
    for (uint32_t i = 0; policy->axes && i < policy->count_AXES; i++) {
        const struct image_axis *row = &policy->section_AXES[i];
        policy->axes[i] =
            (struct ready_axis){.index = ready_index(policy, &row->index),
                                .rows = policy->section_MASKS + row->word_first,
                                .summaries = policy->section_MASKS + row->summary_first,
                                .variable = row->variable,
                                .last_row = row->row_count - 1};
    }
    return policy->axes != NULL;
}

/* Does each value of the column have a share of its own? */
static bool is_unit(const struct image_column *column)
{
    return column->factor == (uint64_t)1 << COLUMN_FRACTION;
}

static void make_columns(struct tw_policy *policy, const struct image_column *from)
{
    struct ready_table *table = &policy->table;
    for (uint32_t i = 0; i < table->column_count; i++)
        table->unit_count += is_unit(&from[i]);
    struct ready_column *unit = table->columns, *other = unit + table->unit_count;
    for (uint32_t i = 0; i < table->column_count; i++)
        *(is_unit(&from[i]) ? unit++ : other++) =
            (struct ready_column){.shares = policy->section_SHARES + from[i].share_first,
                                  .low = from[i].low,
                                  .limit = from[i].limit,
                                  .factor = from[i].factor,
                                  .variable = from[i].variable};
}

/* Are all thresholds of one variable? */
static bool is_uniform(const struct image_block *block)
{
    return block->variables[0] == block->variables[3]; /* in a row, so those between are alike */
}

static void make_blocks(struct ready_table *table, const struct image_block *from)
{
    for (uint32_t i = 0; i < table->block_count; i++)
        table->uniform_count += is_uniform(&from[i]);
    struct image_block *uniform = table->blocks, *mixed = uniform + table->uniform_count;
    for (uint32_t i = 0; i < table->block_count; i++)
        *(is_uniform(&from[i]) ? uniform++ : mixed++) = from[i];
}

/* The order of columns and blocks makes no difference to the sum. */
static bool make_table(struct tw_policy *policy)
{
    const struct image_table *from = policy->section_TABLES;
    struct ready_table *table = &policy->table;
    if (policy->count_TABLES == 0)
        return true;
    *table =
        (struct ready_table){.columns = calloc(from->column_count + 1u, sizeof *table->columns),
                             .blocks = calloc(from->block_count + 1u, sizeof *table->blocks),
                             .cells = policy->section_CELLS + from->cell_first,
                             .base = from->base,
                             .column_count = from->column_count,
                             .block_count = from->block_count};
    if (!table->columns || !table->blocks)
        return false;
    make_columns(policy, policy->section_COLUMNS + from->column_first);
    make_blocks(table, policy->section_BLOCKS + from->block_first);
    return true;
}

/* Nothing follows from the attribute's value, and nothing else shows its variable. */
static bool is_plain(const struct image_attribute *row)
{
    return row->projection == PROJECT_WHOLE && row->budget_and_one == 0 &&
           row->variable != VARIABLE_REQUEST_TYPE && row->variable != VARIABLE_DATE &&
           row->variable != VARIABLE_USER;
}

static struct ready_setter setter_of(const struct tw_policy *policy,
                                     const struct image_attribute *row)
{
    const struct image_variable *variable = &policy->section_VARIABLES[row->variable];
    struct ready_setter setter = {.low = 0, .high = -1, .variable = row->variable};
    if (!is_plain(row))
        return setter;
    if (row->type == TW_TYPE_STRING) {
        setter.mask = variable->literal_capacity - 1;
        setter.other_class = variable->other_class;
        if (variable->literal_capacity && !variable->automaton_and_one)
            setter.literals = policy->section_LITERALS + variable->literal_first;
        return setter;
    }
    type_domain((enum tw_type)row->type, PROJECT_WHOLE, row->word_count, &setter.low, &setter.high);
    if (setter.low < variable->low)
        setter.low = variable->low;
    if (setter.high > variable->high)
        setter.high = variable->high;
    return setter;
}

static bool make_setters(struct tw_policy *policy)
{
    policy->setters = calloc(policy->count_ATTRIBUTES + 1u, sizeof *policy->setters);
    for (uint32_t i = 0; policy->setters && i < policy->count_ATTRIBUTES; i++)
        policy->setters[i] = setter_of(policy, &policy->section_ATTRIBUTES[i]);
    return policy->setters != NULL;
}

static bool make_initial(struct tw_policy *policy)
{
    policy->initial_values = calloc(policy->count_VARIABLES, sizeof *policy->initial_values);
    policy->initial_texts = calloc(policy->count_VARIABLES, sizeof *policy->initial_texts);
    if (!policy->initial_values || !policy->initial_texts)
        return false;
    for (uint32_t i = 0; i < policy->count_VARIABLES; i++) {
        const struct image_variable *row = &policy->section_VARIABLES[i];
        policy->initial_values[i] = row->can_be_unset ? VALUE_UNSET : row->initial;
        if (row->type != TW_TYPE_STRING || row->can_be_unset)
            continue;
        struct text text = image_slice(policy, row->initial_text);
        policy->initial_values[i] = text_class(policy, i, text);
        policy->initial_texts[policy->initial_text_count++] = (struct initial_text){i, text};
    }
    return true;
}

enum tw_status ready_make(struct tw_policy *policy)
{
    return make_table(policy) && make_axes(policy) && make_setters(policy) && make_initial(policy)
               ? TW_OK
               : TW_NO_MEMORY;
}

void ready_free(struct tw_policy *policy)
{
    free(policy->table.columns);
    free(policy->table.blocks);
    free(policy->axes);
    free(policy->setters);
    free(policy->initial_values);
    free(policy->initial_texts);
}
