/* cli/prices_show.c: tierway prices show MODEL: which row prices a model, how it was found, and
 * what it says of every tier. What it does not say is shown as unknown. */
#include "base/json.h"
#include "cli/grid.h"
#include "cli/prices.h"
#include "cli/shared_options.h"
#include "runtime/price_write.h"

enum { OUTPUT_MAX = 1 << 20, CELLS_MAX = 16 << 20, CELL_MAX = 8192 };

struct showing {
    const struct command *command;
    const char *prices, *at, *provider;
    const struct price_table *table;
    struct price_question question;
    const struct price_row *row; /* NULL: there is no price, for this reason: */
    struct tw_error why;
    enum price_match match;
    const struct price_window *window; /* at that instant */
    struct grid grid;
};

static const char *const head[] = {"TIER", "WHEN", "INPUT", "CACHED", "CACHE WRITE", "OUTPUT"};

static void add_rates(struct grid *grid, struct text tier, struct text when, const int64_t *rates)
{
    struct buffer cell;
    buffer_init(&cell, CELL_MAX);
    grid_cell(grid, tier);
    grid_cell(grid, when);
    for (int rate = 0; rate < PRICE_RATE_COUNT; rate++) {
        if (rates)
            print_rate(rates[rate], &cell);
        else
            buffer_string(&cell, rate == 0 ? "unknown" : "");
        grid_cell(grid, buffer_view(&cell));
        buffer_clear(&cell);
    }
    buffer_free(&cell);
}

static void add_line(void *context, const struct rate_line *line)
{
    struct showing *showing = context;
    struct buffer when;
    buffer_init(&when, CELL_MAX);
    print_condition(line, &when);
    add_rates(&showing->grid, text_of(price_tier_member(line->tier)), buffer_view(&when),
              line->rates);
    buffer_free(&when);
}

/* Tiers that the row says nothing of. */
static void add_unknown(struct showing *showing)
{
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++)
        if (!price_row_offers(showing->row, (enum price_tier)tier))
            add_rates(&showing->grid, text_of(price_tier_member((enum price_tier)tier)),
                      showing->table->others_as_default ? TEXT("as standard") : TEXT(""), NULL);
}

static void print_fact(struct buffer *out, const char *name, struct text text)
{
    if (text.length)
        buffer_format(out, "%s: %.*s\n", name, TEXT_ARGUMENTS(text));
}

static void print_origin(const struct showing *showing, struct buffer *out)
{
    static const char *const ways[] = {
        [PRICE_MATCH_EXACT] = "exact: the model's own name",
        [PRICE_MATCH_SNAPSHOT] = "snapshot: the name without its date",
        [PRICE_MATCH_ANY] = "any: the row for every model that has none",
    };
    const struct price_row *row = showing->row;
    const struct price_table *table = showing->table;
    buffer_format(out, "Model: %.*s\n", TEXT_ARGUMENTS(showing->question.model));
    buffer_format(out, "Row: %.*s (%s)\n", TEXT_ARGUMENTS(row->model), ways[showing->match]);
    print_fact(out, "Provider", row->provider);
    print_fact(out, "Table", table->name);
    print_fact(out, "Source", row->source.length ? row->source : table->source);
    print_fact(out, "Date", row->date.length ? row->date : table->date);
}

static void print_time(const struct showing *showing, struct buffer *out)
{
    const struct price_row *row = showing->row;
    if (row->from != PRICE_EVER || row->until != PRICE_FOREVER) {
        buffer_string(out, "In force: ");
        print_force(row, out);
        buffer_byte(out, '\n');
    }
    if (row->window_count == 0)
        return;
    buffer_string(out, "At ");
    price_instant_print(out, showing->question.instant);
    if (showing->window)
        buffer_format(out, ": the rates of %.*s %.*s\n", TEXT_ARGUMENTS(showing->window->when),
                      TEXT_ARGUMENTS(showing->window->zone_name));
    else
        buffer_string(out, ": outside of all windows\n");
}

static void print_text(struct showing *showing, struct buffer *out)
{
    struct arena arena;
    arena_init(&arena, CELLS_MAX);
    print_origin(showing, out);
    print_time(showing, out);
    buffer_string(out, "\nUSD per 1M tokens:\n");
    grid_init(&showing->grid, &arena, head, sizeof head / sizeof head[0]);
    each_rate_line(showing->row, add_line, showing);
    add_unknown(showing);
    grid_print(&showing->grid, out);
    if (arena.failed)
        out->status = arena_status(&arena);
    arena_free(&arena);
}

static void write_member(struct buffer *out, const char *name, struct text text)
{
    buffer_format(out, ",\n  \"%s\": ", name);
    json_write_string(out, text);
}

static void print_json(const struct showing *showing, struct buffer *out)
{
    buffer_string(out, "{\n  \"model\": ");
    json_write_string(out, showing->question.model);
    buffer_string(out, ",\n  \"at\": \"");
    price_instant_print(out, showing->question.instant);
    buffer_byte(out, '"');
    write_member(out, "table", showing->table->name);
    write_member(out, "table_date", showing->table->date);
    if (!showing->row) {
        write_member(out, "unknown", text_of(showing->why.message));
        buffer_string(out, ",\n  \"row\": null\n}\n");
        return;
    }
    write_member(out, "match", text_of(price_match_name(showing->match)));
    buffer_string(out, ",\n  \"window\": ");
    if (showing->window)
        buffer_number(out, showing->window - showing->row->windows);
    else
        buffer_string(out, "null");
    buffer_string(out, ",\n  \"row\": ");
    price_row_write(showing->row, 2, out);
    buffer_string(out, "\n}\n");
}

/* The reason, and the name that was likely meant. */
static void print_unknown(struct showing *showing, struct buffer *out)
{
    struct nearest nearest;
    nearest_init(&nearest, showing->question.model);
    buffer_format(out, "unknown: %s\n", showing->why.message);
    if (map_get(&showing->table->by_model, showing->question.model))
        return;
    for (size_t i = 0; i < showing->table->model_count; i++)
        nearest_offer(&nearest, showing->table->models[i].name);
    if (nearest.best.length)
        buffer_format(out, "did you mean %.*s?\n", TEXT_ARGUMENTS(nearest.best));
}

static bool has_price(const struct showing *showing)
{
    bool has = false;
    for (int tier = 0; showing->row && tier < PRICE_TIER_COUNT; tier++)
        has = has || price_row_offers(showing->row, (enum price_tier)tier);
    return has;
}

static int show(struct showing *showing, enum output_format format)
{
    struct buffer out;
    buffer_init(&out, OUTPUT_MAX);
    showing->question.provider = text_of(showing->provider);
    enum tw_status found = price_find(showing->table, &showing->question, &showing->row,
                                      &showing->match, &showing->why);
    if (found == TW_OK)
        showing->window = price_row_window(showing->row, showing->question.instant);
    if (format == FORMAT_JSON)
        print_json(showing, &out);
    else
        (found == TW_OK ? print_text : print_unknown)(showing, &out);
    int status = print_all(showing->command, &out, has_price(showing) ? EXIT_DONE : EXIT_NO);
    buffer_free(&out);
    return status;
}

int prices_show(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct showing showing = {.command = command, .prices = "openai"};
    const char *format_name = "text";
    enum output_format format;
    int first;
    const struct option_row rows[] = {
        SHARED_PRICES(&showing.prices),
        {"at", OPTION_TEXT, "INSTANT", "When: a day or an instant (default: now)", &showing.at},
        {"provider", OPTION_TEXT, "NAME", "Only this provider's prices", &showing.provider},
        SHARED_FORMAT(&format_name, "text or json"),
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (argc - first != 1)
        return usage_trouble(command, "name one model");
    struct price_table *table;
    struct tw_error error;
    if (!format_parse(command, format_name, formats, &format) ||
        !read_price_instant(command, showing.at, &showing.question.instant))
        return EXIT_TROUBLE;
    if (price_table_open(showing.prices, &table, &error) != TW_OK)
        return trouble(command, "%s", error.message);
    showing.table = table;
    showing.question.model = text_of(argv[first]);
    status = show(&showing, format);
    price_table_free(table);
    return status;
}
