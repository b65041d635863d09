/* cli/grid.h: a table for people: columns as wide as their widest cell, empty columns left out. */
#ifndef TIERWAY_CLI_GRID_H
#define TIERWAY_CLI_GRID_H

#include "base/arena.h"

enum { GRID_COLUMNS = 12 };

struct grid {
    struct arena *arena; /* the cells' */
    size_t columns;      /* at most GRID_COLUMNS */
    struct text *cells;  /* line by line; the first line is the head */
    size_t count, capacity;
};

/* `head` has `columns` titles. */
void grid_init(struct grid *grid, struct arena *arena, const char *const *head, size_t columns);
/* The next cell, from left to right. The text is copied; it should be one line. A failure is kept
 * in the arena. */
void grid_cell(struct grid *grid, struct text text);
void grid_print(const struct grid *grid, struct buffer *out);

#endif
