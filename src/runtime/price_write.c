/* runtime/price_write.c: see price_write.h. Members that the file may leave out are left out where
 * they say nothing. */
#include "runtime/price_write.h"

#include "base/json.h"
#include "base/value.h"

/* An object that is being written: where its members stand, and whether it has any yet. */
struct object {
    struct buffer *out;
    int indent; /* of its members */
    bool begun;
};

static struct object open_object(struct buffer *out, int indent)
{
    buffer_byte(out, '{');
    return (struct object){.out = out, .indent = indent + 2};
}

static void member(struct object *object, const char *name)
{
    buffer_string(object->out, object->begun ? ",\n" : "\n");
    buffer_repeat(object->out, ' ', (size_t)object->indent);
    buffer_format(object->out, "\"%s\": ", name);
    object->begun = true;
}

static void close_object(struct object *object)
{
    buffer_byte(object->out, '\n');
    buffer_repeat(object->out, ' ', (size_t)object->indent - 2);
    buffer_byte(object->out, '}');
}

static void text_member(struct object *object, const char *name, struct text text)
{
    if (text.length == 0)
        return;
    member(object, name);
    json_write_string(object->out, text);
}

static void instant_member(struct object *object, const char *name, int64_t instant)
{
    member(object, name);
    buffer_byte(object->out, '"');
    price_instant_print(object->out, instant);
    buffer_byte(object->out, '"');
}

/* {"input": "2.5", "output": "10"} */
static void write_rates(const int64_t rates[PRICE_RATE_COUNT], struct buffer *out)
{
    const char *before = "{";
    for (int rate = 0; rate < PRICE_RATE_COUNT; rate++) {
        if (rates[rate] == PRICE_UNKNOWN)
            continue;
        buffer_format(out, "%s\"%s\": \"", before, price_rate_member((enum price_rate)rate));
        decimal_print(out, rates[rate], PRICE_DECIMALS);
        buffer_byte(out, '"');
        before = ", ";
    }
    buffer_byte(out, '}');
}

static void sheet_members(struct object *object, const struct price_sheet *sheet)
{
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++) {
        if (!price_sheet_offers(sheet, (enum price_tier)tier))
            continue;
        member(object, price_tier_member((enum price_tier)tier));
        write_rates(sheet->rate[tier], object->out);
    }
}

static void rates_members(struct object *object, const struct price_rates *rates)
{
    sheet_members(object, &rates->sheet);
    if (rates->long_above < 0)
        return;
    member(object, "long_context");
    struct object block = open_object(object->out, object->indent);
    member(&block, "above_input_tokens");
    buffer_number(object->out, rates->long_above);
    sheet_members(&block, &rates->long_sheet);
    close_object(&block);
}

static void windows_member(struct object *object, const struct price_row *row)
{
    int indent = object->indent + 2;
    member(object, "windows");
    for (size_t i = 0; i < row->window_count; i++) {
        const struct price_window *window = &row->windows[i];
        buffer_string(object->out, i == 0 ? "[\n" : ",\n");
        buffer_repeat(object->out, ' ', (size_t)indent);
        struct object block = open_object(object->out, indent);
        text_member(&block, "when", window->when);
        text_member(&block, "zone", window->zone_name);
        rates_members(&block, &window->rates);
        close_object(&block);
    }
    buffer_byte(object->out, '\n');
    buffer_repeat(object->out, ' ', (size_t)object->indent);
    buffer_byte(object->out, ']');
}

/* `provider`: what the file says for all its rows. */
static void write_row(const struct price_row *row, struct text provider, int indent,
                      struct buffer *out)
{
    struct object object = open_object(out, indent);
    text_member(&object, "model", row->model);
    if (!text_equal(row->provider, provider))
        text_member(&object, "provider", row->provider);
    text_member(&object, "source", row->source);
    text_member(&object, "date", row->date);
    if (row->from != PRICE_EVER)
        instant_member(&object, "from", row->from);
    if (row->until != PRICE_FOREVER)
        instant_member(&object, "until", row->until);
    rates_members(&object, &row->rates);
    if (row->window_count)
        windows_member(&object, row);
    close_object(&object);
}

void price_row_write(const struct price_row *row, int indent, struct buffer *out)
{
    write_row(row, TEXT(""), indent, out);
}

void price_table_write(const struct price_table *table, const struct price_row *const *rows,
                       size_t count, struct buffer *out)
{
    struct object object = open_object(out, 0);
    text_member(&object, "name", table->name);
    text_member(&object, "provider", table->provider);
    text_member(&object, "source", table->source);
    text_member(&object, "date", table->date);
    text_member(&object, "currency", TEXT("USD"));
    text_member(&object, "unit", TEXT("USD per 1M tokens"));
    if (table->others_as_default)
        text_member(&object, "other_tiers", TEXT("standard"));
    member(&object, "models");
    buffer_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        buffer_string(out, i == 0 ? "\n    " : ",\n    ");
        write_row(rows[i], table->provider, 4, out);
    }
    buffer_string(out, count ? "\n  ]" : "]");
    close_object(&object);
    buffer_byte(out, '\n');
}
