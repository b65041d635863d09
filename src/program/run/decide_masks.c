/* program/run/decide_masks.c: a decision by bit masks.
 *
 * Each axis tells by its variable which conjunctions it allows; the first conjunction that all of
 * them allow is the lowest bit that is left. The axes do not wait for each other. */
#include "program/run/key_index.h"
#include "program/run/search.h"

#if HAVE_AVX2
#include <immintrin.h>
#endif

/* So that the function that it is given is a part of it. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Rows of an axis by an index; there is one such function for each vector unit. */
typedef uint32_t row_finder(const struct ready_axis *axis, const int64_t *values);

/* A request's rows of a group of several words, and which words may have a bit left. */
struct request_rows {
    const uint64_t *words[IMAGE_MOST_AXES];
    uint64_t summary;
};

static inline uint32_t direct_row(const struct ready_axis *axis, const int64_t *values)
{
    return (uint32_t)lesser((uint64_t)values[axis->variable], axis->last_row);
}

static inline uint32_t indexed_row(const struct ready_axis *axis, const int64_t *values)
{
    return index_row(&axis->index, values[axis->variable]);
}

static inline uint32_t searched_row(const struct ready_axis *axis, const int64_t *values)
{
    return keys_at_most(axis->index.keys, axis->last_row, values[axis->variable]);
}

/* Where a group goes on once a bit is found in one of its words. */
static inline uint32_t owner_of(const struct tw_policy *policy, const struct image_masks *group,
                                uint32_t word, uint64_t left)
{
    uint32_t bit = word * 64 + (uint32_t)__builtin_ctzll(left);
    return TARGET_DECIDES | policy->section_OWNERS[group->owner_first + bit];
}

/* A group with one word. Each kind of axis has a loop, without a branch that depends on a value. */
static ALWAYS_INLINE uint32_t single_word(const struct tw_policy *policy,
                                          const struct image_masks *group, const int64_t *values,
                                          uint32_t otherwise, row_finder *find_row)
{
    const struct ready_axis *axis = policy->axes + group->axis_first;
    const struct ready_axis *indexed = axis + group->direct_count, *end = axis + group->axis_count;
    const struct ready_axis *searched = end - group->searched_count;
    uint64_t left = ~(uint64_t)0;
    for (; axis < indexed; axis++)
        left &= axis->rows[direct_row(axis, values)];
    for (; axis < searched; axis++)
        left &= axis->rows[find_row(axis, values)];
    for (; axis < end; axis++)
        left &= axis->rows[searched_row(axis, values)];
    return left ? owner_of(policy, group, 0, left) : otherwise;
}

static inline void note_row(const struct ready_axis *axis, size_t row, uint32_t word_count,
                            struct request_rows *rows, uint32_t *count)
{
    rows->words[(*count)++] = axis->rows + row * word_count;
    rows->summary &= axis->summaries[row];
}

static ALWAYS_INLINE void find_rows(const struct tw_policy *policy, const struct image_masks *group,
                                    const int64_t *values, row_finder *find_row,
                                    struct request_rows *rows)
{
    const struct ready_axis *axis = policy->axes + group->axis_first;
    const struct ready_axis *indexed = axis + group->direct_count, *end = axis + group->axis_count;
    const struct ready_axis *searched = end - group->searched_count;
    uint32_t words = group->word_count, count = 0;
    rows->summary = ~(uint64_t)0;
    for (; axis < indexed; axis++)
        note_row(axis, direct_row(axis, values), words, rows, &count);
    for (; axis < searched; axis++)
        note_row(axis, find_row(axis, values), words, rows, &count);
    for (; axis < end; axis++)
        note_row(axis, searched_row(axis, values), words, rows, &count);
}

/* Goes through the words that `summary` names. */
static inline uint32_t first_of_words(const struct tw_policy *policy,
                                      const struct image_masks *group,
                                      const struct request_rows *rows, uint64_t summary,
                                      uint32_t otherwise)
{
    for (; summary; summary &= summary - 1) {
        uint32_t word = (uint32_t)__builtin_ctzll(summary);
        uint64_t left = ~(uint64_t)0;
        for (uint32_t i = 0; i < group->axis_count; i++)
            left &= rows->words[i][word];
        if (left)
            return owner_of(policy, group, word, left);
    }
    return otherwise;
}

/* Apart from the groups of one word, which need no place for rows. */
static __attribute__((noinline)) uint32_t several_words(const struct tw_policy *policy,
                                                        const struct image_masks *group,
                                                        const int64_t *values, uint32_t otherwise)
{
    struct request_rows rows;
    find_rows(policy, group, values, indexed_row, &rows);
    return first_of_words(policy, group, &rows, rows.summary, otherwise);
}

uint32_t masks_go(const struct tw_policy *policy, const struct image_instruction *at,
                  const int64_t *values)
{
    const struct image_masks *group = &policy->section_GROUPS[at->operand];
    if (group->word_count > 1)
        return several_words(policy, group, values, at->otherwise);
    return single_word(policy, group, values, at->otherwise, indexed_row);
}

#if HAVE_AVX2
static_assert(INDEX_PROBES == 4, "one vector");

static AVX2 inline uint32_t indexed_row_avx2(const struct ready_axis *axis, const int64_t *values)
{
    int64_t clamped = index_clamp(&axis->index, values[axis->variable]);
    uint32_t below = index_below(&axis->index, clamped);
    __m256i keys = _mm256_loadu_si256((const __m256i *)(axis->index.keys + below));
    __m256i above = _mm256_cmpgt_epi64(keys, _mm256_set1_epi64x(clamped));
    uint32_t lanes = (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(above));
    return below + (uint32_t)__builtin_ctz(lanes | 1u << INDEX_PROBES);
}

/* The first of four words that has a bit left on all axes. */
static AVX2 inline bool first_of_four(const struct request_rows *rows, uint32_t axis_count,
                                      uint32_t word, uint32_t *found, uint64_t *left)
{
    __m256i all = _mm256_loadu_si256((const __m256i *)(rows->words[0] + word));
    for (uint32_t i = 1; i < axis_count; i++)
        all = _mm256_and_si256(all, _mm256_loadu_si256((const __m256i *)(rows->words[i] + word)));
    if (_mm256_testz_si256(all, all))
        return false;
    __m256i empty = _mm256_cmpeq_epi64(all, _mm256_setzero_si256());
    uint64_t four[4];
    _mm256_storeu_si256((__m256i *)four, all);
    uint32_t lane =
        (uint32_t)__builtin_ctz(~(uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(empty)));
    *found = word + lane;
    *left = four[lane];
    return true;
}

static AVX2 __attribute__((noinline)) uint32_t several_words_avx2(const struct tw_policy *policy,
                                                                  const struct image_masks *group,
                                                                  const int64_t *values,
                                                                  uint32_t otherwise)
{
    struct request_rows rows;
    find_rows(policy, group, values, indexed_row_avx2, &rows);
    uint32_t fours = group->word_count / 4 * 4, word, found;
    uint64_t left;
    while (rows.summary && (word = (uint32_t)__builtin_ctzll(rows.summary) / 4 * 4) < fours) {
        if (first_of_four(&rows, group->axis_count, word, &found, &left))
            return owner_of(policy, group, found, left);
        rows.summary &= ~((uint64_t)15 << word);
    }
    return first_of_words(policy, group, &rows, rows.summary, otherwise);
}

AVX2 uint32_t masks_go_avx2(const struct tw_policy *policy, const struct image_instruction *at,
                            const int64_t *values)
{
    const struct image_masks *group = &policy->section_GROUPS[at->operand];
    if (group->word_count > 1)
        return several_words_avx2(policy, group, values, at->otherwise);
    return single_word(policy, group, values, at->otherwise, indexed_row_avx2);
}
#endif
