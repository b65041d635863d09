/* runtime/price_file_row.c: what stands under "models" of a price file: rates, long-context blocks,
 * windows, and the time in which a row is in force.
 *
 * A rate goes from its decimal text straight to an integer; one that would lose a digit is refused.
 * See price_file.h. */
#include "runtime/price_file.h"

#include "base/value.h"
#include "base/zone_names.h"
#include "runtime/price_schedule.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 50000, WINDOWS_MAX = 32 };

static struct price_rates *rates_of(const struct loader *loader)
{
    return loader->window ? &loader->window->rates : &loader->row->rates;
}

static struct price_sheet *sheet_of(const struct loader *loader)
{
    return loader->in_long ? &rates_of(loader)->long_sheet : &rates_of(loader)->sheet;
}

/* Rates. */

static enum tw_status bad_rate(struct loader *loader, const char *member, struct text number)
{
    const char *point = memchr(number.data, '.', number.length);
    size_t whole = point ? (size_t)(point - number.data) : number.length;
    if (whole <= 12 && point)
        return complain(loader, TW_INVALID, member, "has more than 6 decimals");
    return complain(loader, TW_INVALID, member, "is over 100000 USD per 1M tokens");
}

static enum tw_status read_rate(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    struct text number = value.raw;
    int64_t rate;
    if (value.kind != JSON_NUMBER && !json_string_plain(value, &number))
        return complain(loader, TW_INVALID, rule->name,
                        "must be a number or a decimal string; leave it out if it is not known");
    if (number.length && number.data[0] == '-')
        return complain(loader, TW_INVALID, rule->name, "is negative");
    enum tw_status status = decimal_parse(number, PRICE_DECIMALS, &rate);
    if (status == TW_LIMIT || (status == TW_OK && rate > PRICE_MAX))
        return bad_rate(loader, rule->name, status == TW_OK ? TEXT("") : number);
    if (status != TW_OK)
        return complain(loader, TW_INVALID, rule->name,
                        "must be a plain decimal number of USD per 1M tokens, like \"2.50\"");
    sheet_of(loader)->rate[loader->tier][rule->index] = rate;
    return TW_OK;
}

static const struct member_rule rate_rules[] = {
#define PRICE_RATE(name, member) {member, read_rate, PRICE_RATE_##name},
#include "runtime/price.def"
#undef PRICE_RATE
    {NULL, NULL, 0},
};

/* The rules over a tier look at the object: a rate that is there and wrong is not missing too. */
static enum tw_status check_needed(struct loader *loader, struct json_value tier)
{
    static const enum price_rate needed[] = {PRICE_RATE_INPUT, PRICE_RATE_OUTPUT};
    struct json_value rate;
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0] && status == TW_OK; i++)
        if (json_find(tier, text_of(price_rate_member(needed[i])), &rate) == TW_NOT_FOUND)
            status = complain(loader, TW_INVALID, price_rate_member(needed[i]),
                              "is missing: a tier that has a price has one for input and output");
    return status;
}

static enum tw_status read_tier(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    if (value.kind != JSON_OBJECT)
        return complain(loader, TW_INVALID, rule->name, "must be an object of rates");
    loader->tier = rule->index;
    enum tw_status status = read_members(loader, rule->name, rate_rules, value);
    if (status == TW_OK)
        status = check_needed(loader, value);
    loader->tier = -1;
    return status;
}

#define PRICE_TIER(name, report, member) {member, read_tier, PRICE_TIER_##name},

/* The long-context block. */

static enum tw_status read_threshold(struct loader *loader, const struct member_rule *rule,
                                     struct json_value value)
{
    int64_t *above = &rates_of(loader)->long_above;
    if (json_integer(value, above) != TW_OK || *above < 1)
        return complain(loader, TW_INVALID, rule->name, "must be a number of tokens, 1 or more");
    return TW_OK;
}

static const struct member_rule long_rules[] = {
    {"above_input_tokens", read_threshold, 0},
#include "runtime/price.def"
    {NULL, NULL, 0},
};

static enum tw_status read_long_sheet(struct loader *loader, const struct member_rule *rule,
                                      struct json_value value)
{
    loader->in_long = true;
    enum tw_status status = read_members(loader, rule->name, long_rules, value);
    loader->in_long = false;
    return status;
}

static enum tw_status read_long(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    struct json_value above;
    if (rates_of(loader)->long_above >= 0)
        return complain(loader, TW_INVALID, rule->name, "is a second long-context block");
    if (json_find(value, TEXT("above_input_tokens"), &above) == TW_NOT_FOUND)
        return complain(loader, TW_INVALID, rule->name, "needs above_input_tokens");
    return read_long_sheet(loader, rule, value);
}

/* The same block as a collection of figures names it, with the threshold in the name. */
static enum tw_status read_above_272k(struct loader *loader, const struct member_rule *rule,
                                      struct json_value value)
{
    if (rates_of(loader)->long_above >= 0)
        return complain(loader, TW_INVALID, rule->name, "is a second long-context block");
    rates_of(loader)->long_above = rule->index;
    return read_long_sheet(loader, rule, value);
}

/* Windows. */

static enum tw_status add_hours(struct loader *loader, const char *member, struct text hours)
{
    struct arena *arena = &loader->table->arena;
    struct tw_error error;
    enum tw_status status = price_schedule_add(loader->window, hours, arena, &error);
    if (status == TW_NO_MEMORY || arena->failed)
        return no_memory(loader);
    return status == TW_OK ? TW_OK : complain(loader, status, member, error.message);
}

/* Hours of the week, with commas between them. */
static enum tw_status read_when(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    enum tw_status status = read_text(loader, rule->name, value, &loader->window->when);
    struct text rest = loader->window->when;
    while (status == TW_OK && rest.data && value.kind == JSON_STRING) {
        const char *comma = memchr(rest.data, ',', rest.length);
        size_t length = comma ? (size_t)(comma - rest.data) : rest.length;
        status = add_hours(loader, rule->name, (struct text){rest.data, length});
        rest = comma ? (struct text){comma + 1, rest.length - length - 1} : (struct text){NULL, 0};
    }
    return status;
}

static enum tw_status no_zone(struct loader *loader, const char *member, struct text name)
{
    struct buffer near;
    buffer_init(&near, 128);
    zone_name_near(name, &near);
    char what[256] = "is no time zone; write a name such as \"UTC\" or \"Asia/Shanghai\"";
    if (near.length)
        snprintf(what, sizeof what, "is no time zone; did you mean '%.*s'?",
                 TEXT_ARGUMENTS(buffer_view(&near)));
    buffer_free(&near);
    return complain(loader, TW_INVALID, member, what);
}

/* A file's windows share the zones that they name. */
static enum tw_status open_zone(struct loader *loader, const char *member, struct text name)
{
    struct price_table *table = loader->table;
    size_t i = 0;
    while (i < table->zone_count && !text_equal(table->zone_names[i], name))
        i++;
    if (i == PRICE_ZONES_MAX)
        return complain(loader, TW_LIMIT, member, "is the 33rd time zone of the file, of 32");
    if (i == table->zone_count) {
        enum tw_status status = zone_open(name, &table->zones[i]);
        if (status == TW_NO_MEMORY)
            return no_memory(loader);
        if (status != TW_OK)
            return no_zone(loader, member, name);
        table->zone_names[table->zone_count++] = name;
    }
    loader->window->zone = table->zones[i];
    return TW_OK;
}

static enum tw_status read_zone(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    struct text *name = &loader->window->zone_name;
    enum tw_status status = read_text(loader, rule->name, value, name);
    bool is_string = status == TW_OK && value.kind == JSON_STRING;
    return is_string ? open_zone(loader, rule->name, *name) : status;
}

static const struct member_rule window_rules[] = {
    {"when", read_when, 0},         {"zone", read_zone, 0},
#include "runtime/price.def"
    {"long_context", read_long, 0}, {"above_272k_input_tokens", read_above_272k, 272000},
    {"note", read_ignored, 0},      {NULL, NULL, 0},
};

static enum tw_status check_present(struct loader *loader, struct json_value object,
                                    const char *member)
{
    struct json_value value;
    if (object.kind != JSON_OBJECT || json_find(object, text_of(member), &value) != TW_NOT_FOUND)
        return TW_OK;
    return complain(loader, TW_INVALID, member, "is missing");
}

static enum tw_status read_window(struct loader *loader, struct json_value value)
{
    enum tw_status status = read_members(loader, NULL, window_rules, value);
    if (status == TW_OK)
        status = check_present(loader, value, "when");
    if (status == TW_OK)
        status = check_present(loader, value, "zone");
    return status;
}

static size_t count_elements(struct json_value array)
{
    struct json_iterator iterator = json_elements_begin(array);
    size_t count = 0;
    while (json_next_element(&iterator, &array))
        count++;
    return count;
}

static enum tw_status read_windows(struct loader *loader, const struct member_rule *rule,
                                   struct json_value value)
{
    struct price_row *row = loader->row;
    if (value.kind != JSON_ARRAY)
        return complain(loader, TW_INVALID, rule->name, "must be an array");
    size_t count = count_elements(value);
    if (count > WINDOWS_MAX)
        return complain(loader, TW_LIMIT, rule->name, "has more than 32 elements");
    row->windows = ARENA_ARRAY(&loader->table->arena, struct price_window, count);
    if (!row->windows)
        return no_memory(loader);
    struct json_iterator iterator = json_elements_begin(value);
    enum tw_status status = TW_OK;
    while (status == TW_OK && json_next_element(&iterator, &value)) {
        loader->window = &row->windows[row->window_count++];
        loader->window->when = loader->window->zone_name = TEXT("");
        price_rates_clear(&loader->window->rates);
        loader->at = value.raw.data;
        status = read_window(loader, value);
    }
    loader->window = NULL;
    return status;
}

/* A model. */

static enum tw_status read_model_name(struct loader *loader, const struct member_rule *rule,
                                      struct json_value value)
{
    enum tw_status status = read_text(loader, rule->name, value, &loader->row->model);
    if (status == TW_OK && value.kind == JSON_STRING && loader->row->model.length == 0)
        return complain(loader, TW_INVALID, rule->name, "is empty");
    return status;
}

static enum tw_status read_provider(struct loader *loader, const struct member_rule *rule,
                                    struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->row->provider);
}

static enum tw_status read_row_source(struct loader *loader, const struct member_rule *rule,
                                      struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->row->source);
}

static enum tw_status read_row_date(struct loader *loader, const struct member_rule *rule,
                                    struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->row->date);
}

static enum tw_status read_instant(struct loader *loader, const char *member,
                                   struct json_value value, int64_t *instant)
{
    struct text text;
    struct tw_error error;
    if (!json_string_plain(value, &text))
        return complain(loader, TW_INVALID, member, "must be a string");
    enum tw_status status = price_instant_parse(text, instant, &error);
    return status == TW_OK ? TW_OK : complain(loader, status, member, error.message);
}

static enum tw_status read_from(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    return read_instant(loader, rule->name, value, &loader->row->from);
}

static enum tw_status read_until(struct loader *loader, const struct member_rule *rule,
                                 struct json_value value)
{
    return read_instant(loader, rule->name, value, &loader->row->until);
}

static const struct member_rule model_rules[] = {
    {"model", read_model_name, 0},
    {"provider", read_provider, 0},
    {"source", read_row_source, 0},
    {"date", read_row_date, 0},
    {"from", read_from, 0},
    {"until", read_until, 0},
#include "runtime/price.def"
    {"long_context", read_long, 0},
    {"above_272k_input_tokens", read_above_272k, 272000},
    {"windows", read_windows, 0},
    {"note", read_ignored, 0},
    {"mode", read_ignored, 0},
    {"max_input_tokens", read_ignored, 0},
    {"max_output_tokens", read_ignored, 0},
    {"regional_uplift", read_ignored, 0},
    {NULL, NULL, 0},
};
#undef PRICE_TIER

static enum tw_status add_row(struct loader *loader, struct json_value value)
{
    struct price_table *table = loader->table;
    struct price_row *rows =
        arena_grow(&table->arena, table->rows, table->count, &loader->capacity, sizeof *rows);
    if (!rows)
        return no_memory(loader);
    table->rows = rows;
    loader->row = &rows[table->count++];
    *loader->row = (struct price_row){.model = TEXT(""),
                                      .provider = TEXT(""),
                                      .source = TEXT(""),
                                      .date = TEXT(""),
                                      .from = PRICE_EVER,
                                      .until = PRICE_FOREVER,
                                      .element = loader->element,
                                      .offset = (size_t)(value.raw.data - loader->document.data)};
    price_rates_clear(&loader->row->rates);
    return TW_OK;
}

static enum tw_status read_model(struct loader *loader, struct json_value value)
{
    struct json_value name;
    if (value.kind != JSON_OBJECT)
        return complain(loader, TW_INVALID, NULL, "must be an object");
    if (json_find(value, TEXT("model"), &name) == TW_NOT_FOUND)
        return complain(loader, TW_INVALID, "model", "is missing");
    enum tw_status status = add_row(loader, value);
    if (status != TW_OK)
        return status;
    /* First of all the name, so that messages about the other members can say it. */
    if (json_string_plain(name, &name.raw))
        loader->row->model = arena_text(&loader->table->arena, name.raw);
    if (loader->table->arena.failed)
        return no_memory(loader);
    status = read_members(loader, NULL, model_rules, value);
    return status == TW_OK ? check_row(loader) : status;
}

enum tw_status read_models(struct loader *loader, const struct member_rule *rule,
                           struct json_value value)
{
    if (value.kind != JSON_ARRAY)
        return complain(loader, TW_INVALID, rule->name, "must be an array");
    struct json_iterator iterator = json_elements_begin(value);
    enum tw_status status = TW_OK;
    loader->element = 0;
    while (status == TW_OK && json_next_element(&iterator, &value)) {
        if (loader->element == ROWS_MAX)
            return complain(loader, TW_LIMIT, NULL, "is more than the 50000 models of a file");
        loader->in_models = true;
        loader->row = NULL;
        loader->at = value.raw.data;
        status = read_model(loader, value);
        loader->in_models = false;
        loader->element++;
    }
    loader->row = NULL;
    return status;
}
