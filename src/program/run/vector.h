/* program/run/vector.h: code for vector units that not every machine has.
 *
 * Each such function has a scalar twin that gives the same results, and that every machine can run.
 * Which one runs is chosen when a program is loaded, by what the machine says of itself. */
#ifndef TIERWAY_PROGRAM_VECTOR_H
#define TIERWAY_PROGRAM_VECTOR_H

#include <stdint.h>

#if defined(__x86_64__)
#define HAVE_AVX2 1
#define AVX2 __attribute__((target("avx2")))
#else
#define HAVE_AVX2 0
#endif

enum vector_unit { VECTOR_NONE, VECTOR_AVX2 };

struct tw_policy;
struct tw_request;
struct image_instruction;

static inline enum vector_unit vector_unit_here(void)
{
#if HAVE_AVX2
    return __builtin_cpu_supports("avx2") ? VECTOR_AVX2 : VECTOR_NONE;
#else
    return VECTOR_NONE;
#endif
}

/* decide_table.c: the rule in the request's cell of the policy's table. */
uint32_t table_decides(const struct tw_policy *policy, const struct tw_request *request);
/* decide_masks.c: where a masks instruction goes on: a target. */
uint32_t masks_go(const struct tw_policy *policy, const struct image_instruction *at,
                  const int64_t *values);
#if HAVE_AVX2
uint32_t table_decides_avx2(const struct tw_policy *policy, const struct tw_request *request);
uint32_t masks_go_avx2(const struct tw_policy *policy, const struct image_instruction *at,
                       const int64_t *values);
#endif

#endif
