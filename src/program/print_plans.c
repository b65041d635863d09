/* program/print_plans.c: tables and groups of masks in words, for the disassembler.
 *
 *     priority low                                       adds 4
 *     tokens above 5000                                  adds 1
 *     cell 0..2                                          then night
 *
 *     model "gpt-5"                                      allows 0, 3..5
 *     conjunction 0..2                                   then night */
#include "program/printer.h"

static void begin_variable(struct printer *printer, uint32_t variable, size_t *start)
{
    *start = begin_detail(printer);
    buffer_format(printer->out, "%s ", variable_name(printer->policy, variable));
}

static void end_share(struct printer *printer, size_t start, int64_t share)
{
    print_tail(printer, start, "adds");
    buffer_number(printer->out, share);
    buffer_byte(printer->out, '\n');
}

/* The least number above the column's `low` that has share number `index`. factor > 0 */
static uint64_t share_begins(const struct image_column *column, uint64_t index)
{
    unsigned __int128 product = (unsigned __int128)index << 40;
    return (uint64_t)((product + column->factor - 1) / column->factor);
}

/* Runs of equal shares as intervals, and what is at the limit or beyond. */
static void print_column(struct printer *printer, const struct image_column *column)
{
    const uint32_t *shares = printer->policy->section_SHARES + column->share_first;
    uint64_t last = column->limit * column->factor >> 40;
    size_t start;
    for (uint64_t index = 0, next; index < last; index = next) {
        next = index + 1;
        while (next < last && shares[next] == shares[index])
            next++;
        uint64_t low = share_begins(column, index), end = share_begins(column, next);
        begin_variable(printer, column->variable, &start);
        print_interval(printer, column->variable, (int64_t)((uint64_t)column->low + low),
                       (int64_t)((uint64_t)column->low + end - 1));
        end_share(printer, start, shares[index]);
    }
    begin_variable(printer, column->variable, &start);
    buffer_string(printer->out, "else");
    end_share(printer, start, shares[last]);
}

static void print_block(struct printer *printer, const struct image_block *block)
{
    for (int place = 0; place < 4; place++) {
        size_t start;
        if (block->above[place] == INT64_MAX)
            continue;
        begin_variable(printer, block->variable, &start);
        buffer_string(printer->out, block->above[place] == VALUE_UNSET ? "set" : "above ");
        if (block->above[place] != VALUE_UNSET)
            print_value(printer, block->variable, block->above[place]);
        end_share(printer, start, block->shares[place]);
    }
}

static void print_numbers(struct printer *printer, uint32_t low, uint32_t high)
{
    buffer_number(printer->out, low);
    if (high == low)
        return;
    buffer_string(printer->out, "..");
    buffer_number(printer->out, high);
}

void print_table(struct printer *printer, const struct image_table *table)
{
    const tw_policy *policy = printer->policy;
    const uint16_t *cells = policy->section_CELLS + table->cell_first;
    if (table->base) {
        size_t start = begin_detail(printer);
        buffer_string(printer->out, "always");
        end_share(printer, start, table->base);
    }
    for (uint32_t i = 0; i < table->column_count; i++)
        print_column(printer, &policy->section_COLUMNS[table->column_first + i]);
    for (uint32_t i = 0; i < table->block_count; i++)
        print_block(printer, &policy->section_BLOCKS[table->block_first + i]);
    for (uint32_t cell = 0, next; cell < table->cell_count; cell = next) {
        for (next = cell + 1; next < table->cell_count && cells[next] == cells[cell];)
            next++;
        size_t start = begin_detail(printer);
        buffer_string(printer->out, "cell ");
        print_numbers(printer, cell, next - 1);
        end_detail(printer, start, "then", TARGET_DECIDES | cells[cell]);
    }
}

static bool bit_of(const uint64_t *words, uint32_t bit)
{
    return words[bit / 64] >> bit % 64 & 1;
}

/* The numbers of the bits, runs as `3..5`; "none" where there is none. */
static void print_mask(struct printer *printer, const uint64_t *words, uint32_t bit_count)
{
    const char *between = "";
    for (uint32_t bit = 0, next; bit < bit_count; bit = next) {
        next = bit + 1;
        if (!bit_of(words, bit))
            continue;
        while (next < bit_count && bit_of(words, next))
            next++;
        buffer_string(printer->out, between);
        print_numbers(printer, bit, next - 1);
        between = ", ";
    }
    if (*between == '\0')
        buffer_string(printer->out, "none");
}

static void print_axis_row(struct printer *printer, const struct image_axis *axis, uint32_t row,
                           uint32_t word_count)
{
    const tw_policy *policy = printer->policy;
    size_t start;
    begin_variable(printer, axis->variable, &start);
    if (axis->key_count)
        print_row(printer, axis->variable, policy->section_CONSTANTS + axis->key_first,
                  axis->key_count, row);
    else if (row + 1 < axis->row_count)
        print_value(printer, axis->variable, row);
    else
        buffer_string(printer->out, "else");
    print_tail(printer, start, "allows");
    print_mask(printer, policy->section_MASKS + axis->word_first + (size_t)row * word_count,
               word_count * 64);
    buffer_byte(printer->out, '\n');
}

void print_masks(struct printer *printer, const struct image_masks *group)
{
    const tw_policy *policy = printer->policy;
    const uint32_t *owners = policy->section_OWNERS + group->owner_first;
    uint32_t count = group->word_count * 64;
    for (uint32_t i = 0; i < group->axis_count; i++) {
        const struct image_axis *axis = &policy->section_AXES[group->axis_first + i];
        for (uint32_t row = 0; row < axis->row_count; row++)
            print_axis_row(printer, axis, row, group->word_count);
    }
    for (uint32_t bit = 0, next; bit < count; bit = next) {
        for (next = bit + 1; next < count && owners[next] == owners[bit];)
            next++;
        size_t start = begin_detail(printer);
        buffer_string(printer->out, "conjunction ");
        print_numbers(printer, bit, next - 1);
        end_detail(printer, start, "then", TARGET_DECIDES | owners[bit]);
    }
}
