/* base/arena.h: memory that is freed all at once.
 *
 * One arena holds everything a compile makes (as libpcap does per filter): nothing in it is freed
 * singly, so no error path can leak. Not safe for several threads at once. */
#ifndef TIERWAY_BASE_ARENA_H
#define TIERWAY_BASE_ARENA_H

#include "base/text.h"

struct arena {
    struct arena_block *newest, *large; /* shared blocks, and those that hold one thing */
    size_t used;                        /* bytes handed out, all blocks together */
    size_t limit;                       /* the most that may be handed out */
    bool failed;     /* some request could not be met: out of memory, or over the limit */
    bool over_limit; /* the second of these */
};

void arena_init(struct arena *arena, size_t limit);
void arena_free(struct arena *arena);
/* Frees what the arena holds, as arena_free does, but for one small block that it goes on with. */
void arena_clear(struct arena *arena);
/* count * size zeroed bytes, aligned for objects of this size; NULL on failure, when
 * arena->failed is set too. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
/* TW_OK while every request was met; then TW_LIMIT or TW_NO_MEMORY. */
enum tw_status arena_status(const struct arena *arena);
/* A copy with a NUL behind it; {"", 0} on failure. */
struct text arena_text(struct arena *arena, struct text text);
struct text arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), (count), sizeof(type)))

/* Makes room for one more element in an array of `count` elements with room for `*capacity`:
 * returns the array (then its old address may be gone), or NULL on failure with nothing changed.
 * The room is not zeroed. An array that is the newest thing in the arena grows where it is. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size);

#endif
