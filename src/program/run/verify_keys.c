/* program/run/verify_keys.c: keys, tables and groups of masks. See verify.c.
 *
 * A table is safe when no request's sum leaves its cells: the least and the greatest share of each
 * variable are added up. A group of masks is safe when every row lies inside its section. */
#include "program/run/key_index.h"
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

/* Behind the last key stand as many as are looked at in one go. */
static bool ends_good(const struct tw_policy *policy, const struct image_index *index)
{
    const int64_t *keys = policy->section_CONSTANTS + index->key_first;
    uint64_t all = (uint64_t)index->key_count + INDEX_PROBES;
    if (!range_good(index->key_first, all, policy->count_CONSTANTS) || index->low != keys[0] - 1 ||
        index->high != keys[index->key_count - 1] || index->high == INT64_MAX)
        return false;
    for (uint64_t i = index->key_count; i < all; i++)
        if (keys[i] != INT64_MAX)
            return false;
    return true;
}

/* Each bucket begins behind the keys that are below it, and holds no more than are looked at: the
 * row that is found is the one that a search would find. */
bool index_good(struct checker *checker, const struct image_index *index)
{
    const struct tw_policy *policy = checker->policy;
    if (index->shift > 63 || index->key_count == 0 ||
        !keys_good(checker, index->key_first, index->key_count) || !ends_good(policy, index))
        return false;
    uint64_t last = index_bucket(index->low, index->shift, index->high);
    if (last >= policy->count_BUCKETS ||
        !range_good(index->bucket_first, last + 1, policy->count_BUCKETS) ||
        !spend(checker, last + 1))
        return false;
    const int64_t *keys = policy->section_CONSTANTS + index->key_first;
    const uint16_t *buckets = policy->section_BUCKETS + index->bucket_first;
    uint32_t row = 0;
    for (uint64_t bucket = 0; bucket <= last; bucket++) {
        uint32_t begin = row;
        while (row < index->key_count &&
               index_bucket(index->low, index->shift, keys[row]) == bucket)
            row++;
        if (buckets[bucket] != begin || row - begin > INDEX_PROBES)
            return false;
    }
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
    uint32_t variable;
    int64_t sum, least, greatest, last_threshold;
};

static bool threshold_good(const struct image_block *block, int place, struct prefix *prefix)
{
    int64_t share = block->shares[place];
    if (block->above[place] < prefix->last_threshold || share < -GREATEST_SHARE ||
        share > GREATEST_SHARE)
        return false;
    prefix->last_threshold = block->above[place];
    prefix->sum += share;
    prefix->least = prefix->sum < prefix->least ? prefix->sum : prefix->least;
    prefix->greatest = prefix->sum > prefix->greatest ? prefix->sum : prefix->greatest;
    return true;
}

static void add_reach(struct reach *reach, const struct prefix *prefix)
{
    reach->least += prefix->least;
    reach->greatest += prefix->greatest;
}

static bool blocks_good(const struct tw_policy *policy, const struct image_table *table,
                        struct reach *reach)
{
    struct prefix prefix = {.variable = UINT32_MAX};
    for (uint32_t i = 0; i < table->block_count * 4; i++) {
        const struct image_block *block = &policy->section_BLOCKS[table->block_first + i / 4];
        if (block->variables[i % 4] != prefix.variable) {
            add_reach(reach, &prefix);
            prefix =
                (struct prefix){.variable = block->variables[i % 4], .last_threshold = INT64_MIN};
            if (!take_variable(policy, reach, prefix.variable))
                return false;
        }
        if (!threshold_good(block, (int)(i % 4), &prefix))
            return false;
    }
    add_reach(reach, &prefix);
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

/* An axis whose keys are searched has no more of an index than the keys. */
static bool searched_good(struct checker *checker, const struct image_index *index)
{
    return index->key_count > 0 && keys_good(checker, index->key_first, index->key_count) &&
           index->low == 0 && index->high == 0 && index->bucket_first == 0 && index->shift == 0;
}

static bool direct_good(const struct image_index *index)
{
    return index->key_count == 0 && index->key_first == 0 && index->low == 0 && index->high == 0 &&
           index->bucket_first == 0 && index->shift == 0;
}

static bool axis_good(struct checker *checker, const struct image_masks *group, uint32_t number)
{
    const struct image_axis *axis = &checker->policy->section_AXES[group->axis_first + number];
    const struct image_index *index = &axis->index;
    if (axis->variable >= checker->policy->count_VARIABLES || axis->row_count == 0 ||
        !spend(checker, 1))
        return false;
    bool direct = number < group->direct_count;
    bool searched = number >= group->axis_count - group->searched_count;
    bool finds = direct     ? direct_good(index)
                 : searched ? searched_good(checker, index)
                            : index_good(checker, index);
    return finds && (direct || axis->row_count == index->key_count + (uint64_t)1) &&
           rows_good(checker, axis, group->word_count);
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
        group->direct_count + (uint64_t)group->searched_count > group->axis_count ||
        !range_good(group->axis_first, group->axis_count, policy->count_AXES) ||
        !owners_good(checker, group))
        return false;
    for (uint32_t i = 0; i < group->axis_count; i++)
        if (!axis_good(checker, group, i))
            return false;
    return true;
}
