/* program/run/decide_table.c: a decision by a dense table.
 *
 * Every variable adds its share to the number of the cell, without a branch that depends on a
 * value. The verifier has added up the least and the greatest shares: each sum is a cell. */
#include "program/run/program.h"
#include "program/run/search.h"

#if HAVE_AVX2
#include <immintrin.h>
#endif

static inline uint64_t above_low(const struct ready_column *column, const int64_t *values)
{
    uint64_t above = (uint64_t)values[column->variable] - (uint64_t)column->low;
    return lesser(above, column->limit);
}

static inline int64_t columns_sum(const struct tw_policy *policy, const int64_t *values)
{
    const struct ready_table *table = &policy->table;
    const struct ready_column *column = table->columns, *units = column + table->unit_count;
    const struct ready_column *end = column + table->column_count;
    int64_t sum = table->base;
    for (; column < units; column++)
        sum += column->shares[above_low(column, values)];
    for (; column < end; column++)
        sum += column->shares[above_low(column, values) * column->factor >> COLUMN_FRACTION];
    return sum;
}

uint32_t table_decides(const struct tw_policy *policy, const struct tw_request *request)
{
    const struct ready_table *table = &policy->table;
    const struct image_block *end = table->blocks + table->block_count;
    int64_t cell = columns_sum(policy, request->values);
    for (const struct image_block *block = table->blocks; block < end; block++)
        for (int place = 0; place < 4; place++) {
            int64_t value = request->values[block->variables[place]];
            cell += share_above(value, block->above[place], block->shares[place]);
        }
    return table->cells[cell];
}

#if HAVE_AVX2
static AVX2 inline int64_t sum_of_lanes(__m256i lanes)
{
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    return _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

/* The shares of the thresholds that the lanes' values are above. */
static AVX2 inline __m256i shares_of(const struct image_block *block, __m256i values)
{
    __m256i above = _mm256_loadu_si256((const __m256i *)block->above);
    __m256i shares = _mm256_loadu_si256((const __m256i *)block->shares);
    return _mm256_and_si256(shares, _mm256_cmpgt_epi64(values, above));
}

AVX2 uint32_t table_decides_avx2(const struct tw_policy *policy, const struct tw_request *request)
{
    const struct ready_table *table = &policy->table;
    const struct image_block *block = table->blocks, *mixed = block + table->uniform_count;
    const struct image_block *end = block + table->block_count;
    const int64_t *values = request->values;
    __m256i sums = _mm256_setzero_si256();
    for (; block < mixed; block++)
        sums = _mm256_add_epi64(sums,
                                shares_of(block, _mm256_set1_epi64x(values[block->variables[0]])));
    for (; block < end; block++)
        sums = _mm256_add_epi64(
            sums, shares_of(block, _mm256_set_epi64x(
                                       values[block->variables[3]], values[block->variables[2]],
                                       values[block->variables[1]], values[block->variables[0]])));
    return table->cells[columns_sum(policy, values) + sum_of_lanes(sums)];
}
#endif
