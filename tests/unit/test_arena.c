/* tests/unit/test_arena.c: memory that is freed at once: places, growth, limits. */
#include "unit.h"

#include "base/arena.h"

#include <stdalign.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { LARGE_COUNT = 1 << 20 }; /* numbers: several times what shares a block with others */

static bool is_aligned(const void *place, size_t alignment)
{
    return (uintptr_t)place % alignment == 0;
}

static void packs_by_alignment(void)
{
    struct arena arena;
    arena_init(&arena, 10000);
    const char *first = arena_alloc(&arena, 1, 1), *second = arena_alloc(&arena, 3, 1);
    CU_ASSERT_PTR_EQUAL(second, first + 1);
    CU_ASSERT(is_aligned(ARENA_NEW(&arena, uint32_t), alignof(uint32_t)));
    arena_alloc(&arena, 1, 1);
    CU_ASSERT(is_aligned(ARENA_NEW(&arena, struct text), alignof(struct text)));
    arena_alloc(&arena, 1, 1);
    CU_ASSERT(is_aligned(ARENA_NEW(&arena, __int128), alignof(__int128)));
    CU_ASSERT_EQUAL(arena.used, 1 + 3 + 4 + 1 + sizeof(struct text) + 1 + sizeof(__int128));
    arena_free(&arena);
}

static void hands_out_zeros(void)
{
    static const size_t sizes[] = {0, 1, 5000, 200000, 3000000};
    struct arena arena;
    arena_init(&arena, 10000000);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *bytes = arena_alloc(&arena, sizes[i], 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        size_t zeros = 0;
        while (zeros < sizes[i] && bytes[zeros] == 0)
            zeros++;
        CU_ASSERT_EQUAL(zeros, sizes[i]);
        memset(bytes, 1, sizes[i]);
    }
    CU_ASSERT_EQUAL(arena.used, 3205001);
    arena_free(&arena);
    CU_ASSERT_EQUAL(arena.used, 0);
}

static void grows_where_it_is(void)
{
    struct arena arena;
    arena_init(&arena, 10000);
    size_t capacity = 0;
    int *numbers = arena_grow(&arena, NULL, 0, &capacity, sizeof *numbers);
    CU_ASSERT_EQUAL(capacity, 1);
    CU_ASSERT_PTR_EQUAL(arena_grow(&arena, numbers, 0, &capacity, sizeof *numbers), numbers);
    CU_ASSERT_PTR_EQUAL(arena_grow(&arena, numbers, 1, &capacity, sizeof *numbers), numbers);
    CU_ASSERT_EQUAL(capacity, 2);
    CU_ASSERT_EQUAL(arena.used, 2 * sizeof *numbers);
    numbers[0] = 7, numbers[1] = 8;
    ARENA_NEW(&arena, int);
    int *moved = arena_grow(&arena, numbers, 2, &capacity, sizeof *numbers);
    CU_ASSERT(moved != numbers && moved[0] == 7 && moved[1] == 8);
    CU_ASSERT_EQUAL(capacity, 4);
    arena_free(&arena);
}

/* Two arrays in turn, so that neither stays the newest thing, and past every size of block. */
static void keeps_what_large_arrays_hold(void)
{
    struct arena arena;
    arena_init(&arena, 100000000);
    uint32_t *numbers[2] = {NULL, NULL};
    size_t capacities[2] = {0, 0};
    for (uint32_t i = 0; i < LARGE_COUNT; i++) {
        for (uint32_t k = 0; k < 2; k++) {
            numbers[k] = arena_grow(&arena, numbers[k], i, &capacities[k], sizeof *numbers[k]);
            CU_ASSERT_PTR_NOT_NULL_FATAL(numbers[k]);
            numbers[k][i] = 2 * i + k;
        }
    }
    size_t wrong = 0;
    for (uint32_t i = 0; i < LARGE_COUNT; i++)
        wrong += numbers[0][i] != 2 * i || numbers[1][i] != 2 * i + 1;
    CU_ASSERT_EQUAL(wrong, 0);
    /* What growing left behind is no more than the small blocks hold. */
    CU_ASSERT(arena.used < 2 * LARGE_COUNT * sizeof **numbers + 600000);
    arena_free(&arena);
}

static void tells_the_limit_from_no_memory(void)
{
    struct arena arena;
    size_t capacity = 0;
    arena_init(&arena, 100);
    CU_ASSERT_EQUAL(arena_status(&arena), TW_OK);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&arena, 100, 1));
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, 1, 1));
    CU_ASSERT(arena.failed && arena.over_limit);
    CU_ASSERT_EQUAL(arena_status(&arena), TW_LIMIT);
    CU_ASSERT_PTR_NULL(arena_grow(&arena, NULL, 0, &capacity, 8));
    CU_ASSERT_EQUAL(capacity, 0);
    CU_ASSERT_EQUAL(arena_text(&arena, TEXT("a")).length, 0);
    arena_free(&arena);
    CU_ASSERT_EQUAL(arena_status(&arena), TW_OK);
    arena.failed = true;
    CU_ASSERT_EQUAL(arena_status(&arena), TW_NO_MEMORY);
    arena_free(&arena);
}

static void refuses_sizes_beyond_numbers(void)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX / 2);
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, SIZE_MAX / 2, 3));
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, SIZE_MAX, SIZE_MAX));
    CU_ASSERT_EQUAL(arena_status(&arena), TW_LIMIT);
    CU_ASSERT_EQUAL(arena.used, 0);
    arena_free(&arena);
}

static void goes_on_when_cleared(void)
{
    static const size_t sizes[] = {100, 3000, 200000};
    struct arena arena;
    arena_init(&arena, 300000);
    arena_clear(&arena); /* nothing to free */
    for (size_t i = 0; i < COUNT(sizes); i++) {
        memset(arena_alloc(&arena, sizes[i], 1), 1, sizes[i]);
        arena_clear(&arena);
        CU_ASSERT_EQUAL(arena.used, 0);
        char *bytes = arena_alloc(&arena, 900, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        CU_ASSERT(bytes[0] == 0 && memcmp(bytes, bytes + 1, 899) == 0);
    }
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, 300000, 1));
    arena_clear(&arena);
    CU_ASSERT_EQUAL(arena_status(&arena), TW_OK);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&arena, 300000, 1));
    arena_free(&arena);
}

UNIT_TESTS({"things lie close, each aligned", packs_by_alignment},
           {"what is handed out is zero", hands_out_zeros},
           {"the newest array grows where it is", grows_where_it_is},
           {"large arrays grow without copies left behind", keeps_what_large_arrays_hold},
           {"the limit is told from no memory", tells_the_limit_from_no_memory},
           {"a cleared arena goes on with zeros", goes_on_when_cleared},
           {"sizes that overflow are refused", refuses_sizes_beyond_numbers})
