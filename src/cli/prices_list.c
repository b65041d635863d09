/* cli/prices_list.c: tierway prices list: the rows of a table, as a list or as a price file. */
#include "cli/grid.h"
#include "cli/prices.h"
#include "cli/shared_options.h"
#include "runtime/price_write.h"

enum { OUTPUT_MAX = 64 << 20, CELLS_MAX = 256 << 20, CELL_MAX = 8192 };

struct listing {
    const struct command *command;
    const char *prices, *model, *at;
    int64_t instant;
    const struct price_table *table;
    const struct price_row **rows; /* that were asked for, in the order of the file's models */
    size_t count;
    /* While a list is made. */
    struct grid grid;
    struct arena arena;
    const struct price_row *last;
};

static const char *const head[] = {"MODEL",  "PROVIDER",    "IN FORCE", "TIER",   "WHEN", "INPUT",
                                   "CACHED", "CACHE WRITE", "OUTPUT",   "SOURCE", "DATE"};

static bool is_wanted(const struct listing *listing, const struct price_row *row)
{
    if (listing->model && !glob_matches(text_of(listing->model), row->model))
        return false;
    return !listing->at || (listing->instant >= row->from && listing->instant < row->until);
}

/* The rows by their place in the file. False where memory is out. */
static bool choose_rows(struct listing *listing)
{
    const struct price_table *table = listing->table;
    listing->rows = ARENA_ARRAY(&listing->arena, const struct price_row *, table->count);
    if (!listing->rows)
        return false;
    for (size_t i = 0; i < table->count; i++)
        listing->rows[table->rows[i].element] = &table->rows[i];
    for (size_t i = 0; i < table->count; i++)
        if (is_wanted(listing, listing->rows[i]))
            listing->rows[listing->count++] = listing->rows[i];
    return true;
}

static void add_cell(struct grid *grid, struct buffer *cell)
{
    grid_cell(grid, buffer_view(cell));
    buffer_clear(cell);
}

/* What is the same for all lines of a row stands in the first. */
static void add_line(void *context, const struct rate_line *line)
{
    struct listing *listing = context;
    const struct price_row *row = line->row;
    const struct text none = TEXT("");
    bool first = row != listing->last;
    struct grid *grid = &listing->grid;
    struct buffer cell;
    buffer_init(&cell, CELL_MAX);
    listing->last = row;
    grid_cell(grid, first ? row->model : none);
    grid_cell(grid, first ? row->provider : none);
    if (first)
        print_force(row, &cell);
    add_cell(grid, &cell);
    grid_cell(grid, text_of(price_tier_member(line->tier)));
    print_condition(line, &cell);
    add_cell(grid, &cell);
    for (int rate = 0; rate < PRICE_RATE_COUNT; rate++) {
        print_rate(line->rates[rate], &cell);
        add_cell(grid, &cell);
    }
    grid_cell(grid, first ? row->source : none);
    grid_cell(grid, first ? row->date : none);
    buffer_free(&cell);
}

static void print_list(struct listing *listing, struct buffer *out)
{
    const struct price_table *table = listing->table;
    grid_init(&listing->grid, &listing->arena, head, sizeof head / sizeof head[0]);
    for (size_t i = 0; i < listing->count; i++)
        each_rate_line(listing->rows[i], add_line, listing);
    buffer_format(out, "Table %.*s", TEXT_ARGUMENTS(table->name));
    if (table->date.length)
        buffer_format(out, " of %.*s", TEXT_ARGUMENTS(table->date));
    buffer_format(out, ": %zu of %zu rows, USD per 1M tokens\n", listing->count, table->count);
    if (table->source.length)
        buffer_format(out, "Source: %.*s\n", TEXT_ARGUMENTS(table->source));
    if (table->others_as_default)
        buffer_string(out, "A tier without rates costs what standard costs.\n");
    if (listing->count == 0)
        return;
    buffer_byte(out, '\n');
    grid_print(&listing->grid, out);
}

static int list(struct listing *listing, enum output_format format)
{
    struct buffer out;
    buffer_init(&out, OUTPUT_MAX);
    arena_init(&listing->arena, CELLS_MAX);
    if (!choose_rows(listing))
        ;
    else if (format == FORMAT_JSON)
        price_table_write(listing->table, listing->rows, listing->count, &out);
    else
        print_list(listing, &out);
    if (listing->arena.failed)
        out.status = arena_status(&listing->arena);
    int status = print_all(listing->command, &out, listing->count ? EXIT_DONE : EXIT_NO);
    arena_free(&listing->arena);
    buffer_free(&out);
    return status;
}

int prices_list(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct listing listing = {.command = command, .prices = "openai"};
    const char *format_name = "text";
    enum output_format format;
    int first;
    const struct option_row rows[] = {
        SHARED_PRICES(&listing.prices),
        {"model", OPTION_TEXT, "GLOB", "Only models like this: \"gpt-5*\"", &listing.model},
        {"at", OPTION_TEXT, "INSTANT", "Only rows in force then: 2026-08-16, or an instant",
         &listing.at},
        SHARED_FORMAT(&format_name, "text or json"),
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (first < argc)
        return usage_trouble(command, "it takes options only");
    struct price_table *table;
    struct tw_error error;
    if (!format_parse(command, format_name, formats, &format) ||
        !read_price_instant(command, listing.at, &listing.instant))
        return EXIT_TROUBLE;
    if (price_table_open(listing.prices, &table, &error) != TW_OK)
        return trouble(command, "%s", error.message);
    listing.table = table;
    status = list(&listing, format);
    price_table_free(table);
    return status;
}
