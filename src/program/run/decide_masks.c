/* program/run/decide_masks.c: a decision by bit masks.
 *
 * Each axis tells by its variable which conjunctions it allows; the first conjunction that all of
 * them allow is the lowest bit that is left. The axes do not wait for each other. */
#include "program/run/program.h"
#include "program/run/search.h"

#if HAVE_AVX2
#include <immintrin.h>
#endif

/* A request's rows of a group of several words, and which words may have a bit left. */
struct request_rows {
    const uint64_t *words[IMAGE_MOST_AXES];
    uint64_t summary;
};

static inline uint32_t row_of(const struct tw_policy *policy, const struct image_axis *axis,
                              const int64_t *values)
{
    int64_t value = values[axis->variable];
    if (axis->key_count)
        return keys_at_most(policy->section_CONSTANTS + axis->key_first, axis->key_count, value);
    uint32_t last = axis->row_count - 1;
    return (uint64_t)value < last ? (uint32_t)value : last;
}

/* Where a group goes on once a bit is found in one of its words. */
static inline uint32_t owner_of(const struct tw_policy *policy, const struct image_masks *group,
                                uint32_t word, uint64_t left)
{
    uint32_t bit = word * 64 + (uint32_t)__builtin_ctzll(left);
    return TARGET_DECIDES | policy->section_OWNERS[group->owner_first + bit];
}

/* The whole of a group with one word. */
static inline uint64_t single_word(const struct tw_policy *policy, const struct image_masks *group,
                                   const int64_t *values)
{
    const struct image_axis *axes = policy->section_AXES + group->axis_first;
    uint64_t left = ~(uint64_t)0;
    for (uint32_t i = 0; i < group->axis_count; i++)
        left &= policy->section_MASKS[axes[i].word_first + row_of(policy, &axes[i], values)];
    return left;
}

static inline void find_rows(const struct tw_policy *policy, const struct image_masks *group,
                             const int64_t *values, struct request_rows *rows)
{
    const struct image_axis *axes = policy->section_AXES + group->axis_first;
    const uint64_t *masks = policy->section_MASKS;
    rows->summary = ~(uint64_t)0;
    for (uint32_t i = 0; i < group->axis_count; i++) {
        uint32_t row = row_of(policy, &axes[i], values);
        rows->words[i] = masks + axes[i].word_first + (size_t)row * group->word_count;
        rows->summary &= masks[axes[i].summary_first + row];
    }
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

uint32_t masks_go(const struct tw_policy *policy, const struct image_instruction *at,
                  const int64_t *values)
{
    const struct image_masks *group = &policy->section_GROUPS[at->operand];
    if (group->word_count == 1) {
        uint64_t left = single_word(policy, group, values);
        return left ? owner_of(policy, group, 0, left) : at->otherwise;
    }
    struct request_rows rows;
    find_rows(policy, group, values, &rows);
    return first_of_words(policy, group, &rows, rows.summary, at->otherwise);
}

#if HAVE_AVX2
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

AVX2 uint32_t masks_go_avx2(const struct tw_policy *policy, const struct image_instruction *at,
                            const int64_t *values)
{
    const struct image_masks *group = &policy->section_GROUPS[at->operand];
    if (group->word_count < 4) /* nothing to do at once */
        return masks_go(policy, at, values);
    struct request_rows rows;
    find_rows(policy, group, values, &rows);
    uint32_t fours = group->word_count / 4 * 4, word, found;
    uint64_t left;
    while (rows.summary && (word = (uint32_t)__builtin_ctzll(rows.summary) / 4 * 4) < fours) {
        if (first_of_four(&rows, group->axis_count, word, &found, &left))
            return owner_of(policy, group, found, left);
        rows.summary &= ~((uint64_t)15 << word);
    }
    return first_of_words(policy, group, &rows, rows.summary, at->otherwise);
}
#endif
