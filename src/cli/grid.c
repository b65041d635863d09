/* cli/grid.c: see grid.h. Widths are counted in characters. */
#include "cli/grid.h"

void grid_init(struct grid *grid, struct arena *arena, const char *const *head, size_t columns)
{
    *grid = (struct grid){.arena = arena, .columns = columns};
    for (size_t i = 0; i < columns; i++)
        grid_cell(grid, text_of(head[i]));
}

void grid_cell(struct grid *grid, struct text text)
{
    struct text *cells =
        arena_grow(grid->arena, grid->cells, grid->count, &grid->capacity, sizeof *cells);
    if (!cells)
        return;
    grid->cells = cells;
    cells[grid->count++] = arena_text(grid->arena, text);
}

/* 0 for a column of empty cells under its title. */
static void measure(const struct grid *grid, size_t widths[GRID_COLUMNS])
{
    for (size_t i = grid->columns; i < grid->count; i++) {
        size_t *width = &widths[i % grid->columns], own = utf8_count(grid->cells[i]);
        *width = own > *width ? own : *width;
    }
    for (size_t i = 0; i < grid->columns; i++)
        if (widths[i] && utf8_count(grid->cells[i]) > widths[i])
            widths[i] = utf8_count(grid->cells[i]);
}

static void print_line(const struct grid *grid, const struct text *cells, const size_t *widths,
                       struct buffer *out)
{
    size_t blanks = 0;
    for (size_t i = 0; i < grid->columns; i++) {
        if (widths[i] == 0)
            continue;
        if (cells[i].length) {
            buffer_repeat(out, ' ', blanks);
            buffer_text(out, cells[i]);
            blanks = 0;
        }
        blanks += widths[i] - utf8_count(cells[i]) + 2;
    }
    buffer_byte(out, '\n');
}

void grid_print(const struct grid *grid, struct buffer *out)
{
    size_t widths[GRID_COLUMNS] = {0};
    if (grid->arena->failed)
        return;
    measure(grid, widths);
    for (size_t i = 0; i < grid->count; i += grid->columns)
        print_line(grid, &grid->cells[i], widths, out);
}
