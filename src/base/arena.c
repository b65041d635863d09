/* base/arena.c: blocks that double in size, chained; see arena.h.
 *
 * Small things share blocks, of which the newest is being filled. What is large has a block to
 * itself: an array in one grows by realloc and leaves no copy behind. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BLOCK = 1024,
    KEPT_BLOCK = 4096, /* the largest that arena_clear keeps */
    LARGEST_BLOCK = 1 << 18,
    LARGE = LARGEST_BLOCK / 4
};

struct arena_block {
    struct arena_block *older;
    size_t used;
    size_t capacity;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

static void free_chain(struct arena_block *block)
{
    while (block) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
}

void arena_free(struct arena *arena)
{
    free_chain(arena->newest);
    free_chain(arena->large);
    arena_init(arena, arena->limit);
}

void arena_clear(struct arena *arena)
{
    struct arena_block *kept = arena->newest;
    bool keep = kept && kept->capacity <= KEPT_BLOCK;
    if (keep)
        arena->newest = kept->older;
    arena_free(arena);
    if (!keep)
        return;
    memset(kept->bytes, 0, kept->used); /* what is handed out is zeroed */
    kept->used = 0;
    kept->older = NULL;
    arena->newest = kept;
}

enum tw_status arena_status(const struct arena *arena)
{
    return arena->over_limit ? TW_LIMIT : arena->failed ? TW_NO_MEMORY : TW_OK;
}

/* May the arena hand out `bytes` more? */
static bool within_limit(struct arena *arena, size_t bytes)
{
    if (bytes <= arena->limit - arena->used)
        return true;
    arena->failed = arena->over_limit = true;
    return false;
}

static struct arena_block *add_block(struct arena *arena, struct arena_block **chain,
                                     size_t capacity)
{
    struct arena_block *block = calloc(1, sizeof *block + capacity);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    block->capacity = capacity;
    block->older = *chain;
    *chain = block;
    return block;
}

static size_t next_capacity(const struct arena *arena, size_t at_least)
{
    size_t capacity = arena->newest ? arena->newest->capacity * 2 : FIRST_BLOCK;
    if (capacity > LARGEST_BLOCK)
        capacity = LARGEST_BLOCK;
    return capacity < at_least ? at_least : capacity;
}

/* A type's size is a multiple of its alignment, so that the largest power of two in the size is
 * enough, up to the largest alignment there is. */
static size_t round_up(size_t offset, size_t size)
{
    size_t bits = size | alignof(max_align_t), unit = bits & (0 - bits);
    return (offset + unit - 1) & (0 - unit);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        bytes = SIZE_MAX;
    if (!within_limit(arena, bytes))
        return NULL;
    struct arena_block *block = arena->newest;
    size_t start = block ? round_up(block->used, size) : 0;
    if (bytes >= LARGE) {
        block = add_block(arena, &arena->large, bytes);
        start = 0;
    } else if (!block || start > block->capacity || block->capacity - start < bytes) {
        block = add_block(arena, &arena->newest, next_capacity(arena, bytes));
        start = 0;
    }
    if (!block)
        return NULL;
    block->used = start + bytes;
    arena->used += bytes;
    return block->bytes + start;
}

struct text arena_text(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, text.length + 1, 1);
    if (!copy)
        return (struct text){"", 0};
    if (text.length)
        memcpy(copy, text.data, text.length);
    return (struct text){copy, text.length};
}

struct text arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *copy = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1, 1);
    if (copy)
        vsnprintf(copy, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return copy ? (struct text){copy, (size_t)length} : (struct text){"", 0};
}

/* An array of LARGE bytes or more has a block to itself, which moves with it. */
static void *grow_block(struct arena *arena, const void *array, size_t bytes)
{
    struct arena_block **place = &arena->large;
    while ((*place)->bytes != array)
        place = &(*place)->older;
    struct arena_block *block = realloc(*place, sizeof *block + bytes);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    *place = block;
    arena->used += bytes - block->used;
    block->used = block->capacity = bytes;
    return block->bytes;
}

/* Grows an array that is the last thing in its block where it is; false where it is not. */
static bool extend(struct arena *arena, const char *array, size_t old_bytes, size_t bytes)
{
    struct arena_block *block = arena->newest;
    if (!old_bytes || bytes >= LARGE || array + old_bytes != block->bytes + block->used ||
        bytes - old_bytes > block->capacity - block->used)
        return false;
    block->used += bytes - old_bytes;
    arena->used += bytes - old_bytes;
    return true;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t larger = *capacity ? *capacity * 2 : 1;
    size_t old_bytes = *capacity * size, bytes = larger * size;
    if (!within_limit(arena, bytes - old_bytes))
        return NULL;
    if (old_bytes >= LARGE) {
        array = grow_block(arena, array, bytes);
    } else if (!extend(arena, array, old_bytes, bytes)) {
        void *moved = arena_alloc(arena, larger, size);
        if (moved && old_bytes)
            memcpy(moved, array, old_bytes);
        array = moved;
    }
    if (array)
        *capacity = larger;
    return array;
}
