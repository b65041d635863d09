/* program/run/verify_keys.c: keys, tables and groups of masks. See verify.c.
 *
 * A table is safe when no request's sum leaves its cells: the least and the greatest share of each
 * variable are added up. A group of masks is safe when every row lies inside its section. */
#include "program/run/verify.h"

#define GREATEST_SHARE ((int64_t)1 << 32) /* so that no sum of all shares leaves 64 bits */

bool keys_good(struct checker *checker, uint32_t first, uint32_t count)
{
    const struct tw_policy *policy = checker->policy;
    if (!range_good(first, count, policy->count_CONSTANTS) || !spend(checker, count))
        return false;
    const int64_t *keys = policy->section_CONSTANTS + first;
    for (uint32_t i = 0; i < count; i++)
        if (keys[i] <= (i > 0 ? keys[i - 1] : VALUE_UNSET))
            return false;
    return true;
}

/* The cells that requests can reach, and the variables that have their shares already. */
struct reach {
    int64_t least, greatest;
    uint64_t taken[4096 / 64];
};

static bool take_variable(const struct tw_policy *policy, struct reach *reach, uint32_t variable)
{
    if (variable >= policy->count_VARIABLES || (reach->taken[variable / 64] >> variable % 64 & 1))
        return false;
    reach->taken[variable / 64] |= (uint64_t)1 << variable % 64;
    return true;
}

static bool column_good(struct checker *checker, const struct image_column *column,
                        struct reach *reach)
{
    const struct tw_policy *policy = checker->policy;
    uint64_t farthest;
    if (!take_variable(policy, reach, column->variable) || column->share_count == 0 ||
        !range_good(column->share_first, column->share_count, policy->count_SHARES) ||
        __builtin_mul_overflow(column->limit, column->factor, &farthest) ||
        farthest >> 40 >= column->share_count || !spend(checker, column->share_count))
        return false;
    const uint32_t *shares = policy->section_SHARES + column->share_first;
    uint32_t least = shares[0], greatest = shares[0];
    for (uint32_t i = 1; i < column->share_count; i++) {
        least = shares[i] < least ? shares[i] : least;
        greatest = shares[i] > greatest ? shares[i] : greatest;
    }
    reach->least += least;
    reach->greatest += greatest;
    return true;
}

/* The sums that the shares of one variable can have: those of its first thresholds, however many.
 */
struct prefix {
    int64_t sum, least, greatest, last_threshold;
};

static bool block_good(const struct image_block *block, struct prefix *prefix)
{
    for (int place = 0; place < 4; place++) {
        int64_t share = block->shares[place];
        if (block->above[place] < prefix->last_threshold || share < -GREATEST_SHARE ||
            share > GREATEST_SHARE)
            return false;
        prefix->last_threshold = block->above[place];
        prefix->sum += share;
        prefix->least = prefix->sum < prefix->least ? prefix->sum : prefix->least;
        prefix->greatest = prefix->sum > prefix->greatest ? prefix->sum : prefix->greatest;
    }
    return true;
}

static bool blocks_good(const struct tw_policy *policy, const struct image_table *table,
                        struct reach *reach)
{
    const struct image_block *blocks = policy->section_BLOCKS + table->block_first;
    for (uint32_t i = 0; i < table->block_count;) {
        uint32_t variable = blocks[i].variable;
        struct prefix prefix = {.last_threshold = INT64_MIN};
        if (!take_variable(policy, reach, variable))
            return false;
        for (; i < table->block_count && blocks[i].variable == variable; i++)
            if (!block_good(&blocks[i], &prefix))
                return false;
        reach->least += prefix.least;
        reach->greatest += prefix.greatest;
    }
    return true;
}

static bool cells_good(struct checker *checker, const struct image_table *table)
{
    const struct tw_policy *policy = checker->policy;
    if (!range_good(table->cell_first, table->cell_count, policy->count_CELLS) ||
        !spend(checker, table->cell_count))
        return false;
    for (uint32_t i = 0; i < table->cell_count; i++)
        if (policy->section_CELLS[table->cell_first + i] >= policy->count_RULES)
            return false;
    return true;
}

bool table_good(struct checker *checker, const struct image_table *table)
{
    const struct tw_policy *policy = checker->policy;
    struct reach reach = {.least = table->base, .greatest = table->base};
    if (!range_good(table->column_first, table->column_count, policy->count_COLUMNS) ||
        !range_good(table->block_first, table->block_count, policy->count_BLOCKS) ||
        !spend(checker, table->column_count + (uint64_t)table->block_count) ||
        !cells_good(checker, table))
        return false;
    for (uint32_t i = 0; i < table->column_count; i++)
        if (!column_good(checker, &policy->section_COLUMNS[table->column_first + i], &reach))
            return false;
    return blocks_good(policy, table, &reach) && reach.least >= 0 &&
           reach.greatest < table->cell_count;
}

/* The words of a row that are not 0, as bits. */
static uint64_t summary_of(const uint64_t *words, uint32_t word_count)
{
    uint64_t summary = 0;
    for (uint32_t i = 0; i < word_count; i++)
        summary |= (uint64_t)(words[i] != 0) << i;
    return summary;
}

/* A summary that is wrong would let one unit find a bit that another one passes over. */
static bool rows_good(struct checker *checker, const struct image_axis *axis, uint32_t word_count)
{
    const struct tw_policy *policy = checker->policy;
    uint64_t words = (uint64_t)axis->row_count * word_count;
    if (!range_good(axis->word_first, words, policy->count_MASKS))
        return false;
    if (word_count == 1)
        return axis->summary_first == 0;
    if (!range_good(axis->summary_first, axis->row_count, policy->count_MASKS) ||
        !spend(checker, words))
        return false;
    const uint64_t *rows = policy->section_MASKS + axis->word_first;
    const uint64_t *summaries = policy->section_MASKS + axis->summary_first;
    for (uint32_t i = 0; i < axis->row_count; i++)
        if (summaries[i] != summary_of(rows + (size_t)i * word_count, word_count))
            return false;
    return true;
}

static bool axis_good(struct checker *checker, const struct image_axis *axis, uint32_t word_count)
{
    if (axis->variable >= checker->policy->count_VARIABLES || axis->row_count == 0 ||
        !spend(checker, 1))
        return false;
    bool rows = axis->key_count ? axis->row_count == axis->key_count + (uint64_t)1 &&
                                      keys_good(checker, axis->key_first, axis->key_count)
                                : axis->key_first == 0;
    return rows && rows_good(checker, axis, word_count);
}

static bool owners_good(struct checker *checker, const struct image_masks *group)
{
    const struct tw_policy *policy = checker->policy;
    uint32_t count = group->word_count * 64;
    if (!range_good(group->owner_first, count, policy->count_OWNERS) || !spend(checker, count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (policy->section_OWNERS[group->owner_first + i] >= policy->count_RULES)
            return false;
    return true;
}

bool masks_good(struct checker *checker, const struct image_masks *group)
{
    const struct tw_policy *policy = checker->policy;
    if (group->word_count == 0 || group->word_count > 64 || group->axis_count == 0 ||
        group->axis_count > IMAGE_MOST_AXES ||
        !range_good(group->axis_first, group->axis_count, policy->count_AXES) ||
        !owners_good(checker, group))
        return false;
    for (uint32_t i = 0; i < group->axis_count; i++)
        if (!axis_good(checker, &policy->section_AXES[group->axis_first + i], group->word_count))
            return false;
    return true;
}
