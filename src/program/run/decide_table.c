/* program/run/decide_table.c: a decision by a dense table.
 *
 * Every variable adds its share to the number of the cell, without a branch that depends on a
 * value. The verifier has added up the least and the greatest shares: each sum is a cell. */
#include "program/run/program.h"

#if HAVE_AVX2
#include <immintrin.h>
#endif

static inline int64_t column_share(const struct tw_policy *policy,
                                   const struct image_column *column, const int64_t *values)
{
    uint64_t above_low = (uint64_t)values[column->variable] - (uint64_t)column->low;
    uint64_t bounded = above_low < column->limit ? above_low : column->limit;
    return policy->section_SHARES[column->share_first + (bounded * column->factor >> 40)];
}

static inline int64_t columns_sum(const struct tw_policy *policy, const int64_t *values)
{
    const struct ready_table *table = &policy->table;
    int64_t sum = table->base;
    for (uint32_t i = 0; i < table->column_count; i++)
        sum += column_share(policy, &table->columns[i], values);
    return sum;
}

uint32_t table_decides(const struct tw_policy *policy, const struct tw_request *request)
{
    const struct ready_table *table = &policy->table;
    int64_t cell = columns_sum(policy, request->values);
    for (uint32_t i = 0; i < table->block_count; i++) {
        const struct image_block *block = &table->blocks[i];
        int64_t value = request->values[block->variable];
        for (int place = 0; place < 4; place++)
            cell += block->shares[place] & -(int64_t)(value > block->above[place]);
    }
    return table->cells[cell];
}

#if HAVE_AVX2
static AVX2 inline int64_t sum_of_lanes(__m256i lanes)
{
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    return _mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}

AVX2 uint32_t table_decides_avx2(const struct tw_policy *policy, const struct tw_request *request)
{
    const struct ready_table *table = &policy->table;
    __m256i sums = _mm256_setzero_si256();
    for (uint32_t i = 0; i < table->block_count; i++) {
        const struct image_block *block = &table->blocks[i];
        __m256i value = _mm256_set1_epi64x(request->values[block->variable]);
        __m256i above = _mm256_loadu_si256((const __m256i *)block->above);
        __m256i shares = _mm256_loadu_si256((const __m256i *)block->shares);
        sums = _mm256_add_epi64(sums, _mm256_and_si256(shares, _mm256_cmpgt_epi64(value, above)));
    }
    return table->cells[columns_sum(policy, request->values) + sum_of_lanes(sums)];
}
#endif
