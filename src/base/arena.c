/* base/arena.c: blocks that double in size, chained; see arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

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

void arena_free(struct arena *arena)
{
    struct arena_block *block = arena->newest;
    while (block) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    arena_init(arena, arena->limit);
}

static struct arena_block *add_block(struct arena *arena, size_t at_least)
{
    size_t capacity = arena->newest ? arena->newest->capacity * 2 : FIRST_BLOCK;
    if (capacity > LARGEST_BLOCK)
        capacity = LARGEST_BLOCK;
    if (capacity < at_least)
        capacity = at_least;
    struct arena_block *block = calloc(1, sizeof *block + capacity);
    if (!block)
        return NULL;
    block->capacity = capacity;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size && count > arena->limit / size)
        goto over_limit;
    size_t bytes = (count * size + unit - 1) / unit * unit;
    if (bytes > arena->limit - arena->used)
        goto over_limit;
    struct arena_block *block = arena->newest;
    if (!block || block->capacity - block->used < bytes)
        block = add_block(arena, bytes);
    if (!block)
        goto failed;
    void *result = block->bytes + block->used;
    block->used += bytes;
    arena->used += bytes;
    return result;
over_limit:
    arena->over_limit = true;
failed:
    arena->failed = true;
    return NULL;
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

void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t larger = *capacity ? *capacity * 2 : 8;
    void *moved = arena_alloc(arena, larger, size);
    if (!moved)
        return NULL;
    if (count)
        memcpy(moved, array, count * size);
    *capacity = larger;
    return moved;
}
