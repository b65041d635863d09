/* runtime/price_file.c: reads price files (JSON, docs/prices.md) into price tables.
 *
 * Takes bytes from anywhere. A rate goes from its decimal text straight to an integer; one that
 * would lose a digit is refused. Everything in the file has to be known: a member that is spelled
 * wrong would otherwise be a price that is silently missing. The table owns copies of all it keeps.
 *
 * Each kind of object is a list of its members with the function that reads each. */
#include "runtime/price.h"

#include "base/json.h"
#include "base/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, ROWS_MAX = 50000, TABLE_MEMORY = 128 << 20 };

struct loader {
    struct text file;
    struct price_table *table;
    size_t capacity; /* of the table's rows */
    struct tw_error *error;
    /* Where in the file we are; also what messages name. */
    size_t element; /* of models, from 1; 0 outside */
    struct price_row *row;
    bool in_long; /* in the row's long-context block */
    int tier;     /* enum price_tier, or -1 */
};

struct member_rule {
    const char *name;
    enum tw_status (*read)(struct loader *loader, const struct member_rule *rule,
                           struct json_value value);
    int index; /* enum price_tier or enum price_rate, where it is one */
};

/* Says what is wrong with a member, and where it stands. */
static enum tw_status complain(struct loader *loader, enum tw_status status, const char *member,
                               const char *what)
{
    char where[128] = "";
    if (loader->row && loader->row->model.length)
        snprintf(where, sizeof where, "model '%.*s': ", (int)loader->row->model.length,
                 loader->row->model.data);
    else if (loader->element)
        snprintf(where, sizeof where, "element %zu of models: ", loader->element);
    return fail(loader->error, status, "%.*s: %s%s%s%s%s %s", (int)loader->file.length,
                loader->file.data, where, loader->in_long ? "long_context." : "",
                loader->tier >= 0 ? price_tier_member((enum price_tier)loader->tier) : "",
                loader->tier >= 0 ? "." : "", member, what);
}

static enum tw_status no_memory(struct loader *loader)
{
    return fail(loader->error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
}

static const struct member_rule *find_rule(const struct member_rule *rules,
                                           const struct json_member *member)
{
    const struct member_rule *rule = rules;
    while (rule->name && !json_key_is(member, text_of(rule->name)))
        rule++;
    return rule->name ? rule : NULL;
}

static enum tw_status unknown_member(struct loader *loader, const struct member_rule *rules,
                                     const struct json_member *member)
{
    struct nearest nearest;
    nearest_init(&nearest, member->name);
    for (const struct member_rule *rule = rules; rule->name; rule++)
        nearest_offer(&nearest, text_of(rule->name));
    char name[64], what[128] = "is no member of a price file";
    snprintf(name, sizeof name, "%.*s", (int)member->name.length, member->name.data);
    if (nearest.best.length)
        snprintf(what, sizeof what, "is no member of a price file; did you mean '%.*s'?",
                 (int)nearest.best.length, nearest.best.data);
    return complain(loader, TW_INVALID, name, what);
}

/* Reads the members of an object, each at most once. At most 32 rules, ended by one without name.
 */
static enum tw_status read_members(struct loader *loader, const char *name,
                                   const struct member_rule *rules, struct json_value object)
{
    uint32_t seen = 0;
    struct json_member member;
    if (object.kind != JSON_OBJECT)
        return complain(loader, TW_INVALID, name, "must be an object");
    struct json_iterator iterator = json_members_begin(object);
    while (json_next_member(&iterator, &member)) {
        const struct member_rule *rule = find_rule(rules, &member);
        if (!rule)
            return unknown_member(loader, rules, &member);
        uint32_t bit = UINT32_C(1) << (rule - rules);
        if (seen & bit)
            return complain(loader, TW_INVALID, rule->name, "stands there twice");
        seen |= bit;
        enum tw_status status = rule->read(loader, rule, member.value);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

static enum tw_status read_text(struct loader *loader, const char *member, struct json_value value,
                                struct text *text)
{
    struct buffer buffer;
    buffer_init(&buffer, TEXT_MAX);
    enum tw_status status = json_string_decode(value, &buffer);
    if (status == TW_OK) {
        *text = arena_text(&loader->table->arena, buffer_view(&buffer));
        status = loader->table->arena.failed ? no_memory(loader) : TW_OK;
    } else if (status == TW_NO_MEMORY) {
        status = no_memory(loader);
    } else {
        status = complain(loader, status, member,
                          status == TW_LIMIT ? "is longer than 4096 bytes" : "must be a string");
    }
    buffer_free(&buffer);
    return status;
}

static enum tw_status ignore(struct loader *loader, const struct member_rule *rule,
                             struct json_value value)
{
    (void)loader, (void)rule, (void)value;
    return TW_OK;
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
    struct price_row *row = loader->row;
    struct price_sheet *sheet = loader->in_long ? &row->long_sheet : &row->sheet;
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
    sheet->rate[loader->tier][rule->index] = rate;
    return TW_OK;
}

static const struct member_rule rate_rules[] = {
#define PRICE_RATE(name, member) {member, read_rate, PRICE_RATE_##name},
#include "runtime/price.def"
#undef PRICE_RATE
    {NULL, NULL, 0},
};

static enum tw_status read_tier(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    if (value.kind != JSON_OBJECT)
        return complain(loader, TW_INVALID, rule->name, "must be an object of rates");
    loader->tier = rule->index;
    enum tw_status status = read_members(loader, rule->name, rate_rules, value);
    loader->tier = -1;
    return status;
}

#define PRICE_TIER(name, report, member) {member, read_tier, PRICE_TIER_##name},

/* The long-context block. */

static enum tw_status read_threshold(struct loader *loader, const struct member_rule *rule,
                                     struct json_value value)
{
    if (json_integer(value, &loader->row->long_above) != TW_OK || loader->row->long_above < 1)
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
    if (loader->row->long_above >= 0)
        return complain(loader, TW_INVALID, rule->name, "is a second long-context block");
    enum tw_status status = read_long_sheet(loader, rule, value);
    if (status == TW_OK && loader->row->long_above < 0)
        return complain(loader, TW_INVALID, rule->name, "needs above_input_tokens");
    return status;
}

/* The same block as a collection of figures names it, with the threshold in the name. */
static enum tw_status read_above_272k(struct loader *loader, const struct member_rule *rule,
                                      struct json_value value)
{
    if (loader->row->long_above >= 0)
        return complain(loader, TW_INVALID, rule->name, "is a second long-context block");
    loader->row->long_above = rule->index;
    return read_long_sheet(loader, rule, value);
}

/* A model. */

static enum tw_status read_model_name(struct loader *loader, const struct member_rule *rule,
                                      struct json_value value)
{
    enum tw_status status = read_text(loader, rule->name, value, &loader->row->model);
    if (status == TW_OK && loader->row->model.length == 0)
        return complain(loader, TW_INVALID, rule->name, "is empty");
    return status;
}

static enum tw_status read_model_source(struct loader *loader, const struct member_rule *rule,
                                        struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->row->source);
}

static const struct member_rule model_rules[] = {
    {"model", read_model_name, 0},
    {"source", read_model_source, 0},
#include "runtime/price.def"
    {"long_context", read_long, 0},
    {"above_272k_input_tokens", read_above_272k, 272000},
    {"note", ignore, 0},
    {"mode", ignore, 0},
    {"max_input_tokens", ignore, 0},
    {"max_output_tokens", ignore, 0},
    {"regional_uplift", ignore, 0},
    {NULL, NULL, 0},
};
#undef PRICE_TIER

static void clear_sheet(struct price_sheet *sheet)
{
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++)
        for (int rate = 0; rate < PRICE_RATE_COUNT; rate++)
            sheet->rate[tier][rate] = PRICE_UNKNOWN;
}

static enum tw_status add_row(struct loader *loader)
{
    struct price_table *table = loader->table;
    if (table->count == ROWS_MAX)
        return complain(loader, TW_LIMIT, "models", "has more than 50000 elements");
    struct price_row *rows =
        arena_grow(&table->arena, table->rows, table->count, &loader->capacity, sizeof *rows);
    if (!rows)
        return no_memory(loader);
    table->rows = rows;
    loader->row = &rows[table->count++];
    *loader->row = (struct price_row){.model = TEXT(""), .source = TEXT(""), .long_above = -1};
    clear_sheet(&loader->row->sheet);
    clear_sheet(&loader->row->long_sheet);
    return TW_OK;
}

static enum tw_status read_model(struct loader *loader, struct json_value value)
{
    struct json_value name;
    if (json_find(value, TEXT("model"), &name) == TW_NOT_FOUND)
        return complain(loader, TW_INVALID, "model", "is missing");
    enum tw_status status = add_row(loader);
    if (status != TW_OK)
        return status;
    /* First of all the name, so that messages about the other members can say it. */
    status = read_model_name(loader, &model_rules[0], name);
    return status == TW_OK ? read_members(loader, "element", model_rules, value) : status;
}

static enum tw_status read_models(struct loader *loader, const struct member_rule *rule,
                                  struct json_value value)
{
    if (value.kind != JSON_ARRAY)
        return complain(loader, TW_INVALID, rule->name, "must be an array");
    struct json_value element;
    struct json_iterator iterator = json_elements_begin(value);
    enum tw_status status = TW_OK;
    while (status == TW_OK && json_next_element(&iterator, &element)) {
        loader->element++;
        loader->row = NULL;
        status = read_model(loader, element);
    }
    if (status == TW_OK) {
        loader->element = 0;
        loader->row = NULL;
    }
    return status;
}

/* The file. */

static enum tw_status read_name(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->table->name);
}

static enum tw_status read_source(struct loader *loader, const struct member_rule *rule,
                                  struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->table->source);
}

static enum tw_status read_date(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->table->date);
}

/* A member with one value that we can work with. */
static enum tw_status read_fixed(struct loader *loader, struct json_value value, const char *member,
                                 const char *expected, const char *complaint)
{
    struct text text;
    if (!json_string_plain(value, &text) || !text_is(text, expected))
        return complain(loader, TW_INVALID, member, complaint);
    return TW_OK;
}

static enum tw_status read_currency(struct loader *loader, const struct member_rule *rule,
                                    struct json_value value)
{
    return read_fixed(loader, value, rule->name, "USD", "must be \"USD\"");
}

static enum tw_status read_unit(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    return read_fixed(loader, value, rule->name, "USD per 1M tokens",
                      "must be \"USD per 1M tokens\"");
}

static enum tw_status read_other_tiers(struct loader *loader, const struct member_rule *rule,
                                       struct json_value value)
{
    loader->table->others_as_default = true;
    return read_fixed(loader, value, rule->name, "standard", "must be \"standard\" or left out");
}

/* What a collection of figures says about itself. */
static enum tw_status read_meta(struct loader *loader, const struct member_rule *rule,
                                struct json_value value)
{
    static const struct member_rule meta_rules[] = {
        {"collected", read_date, 0},
        {"unit", ignore, 0},
        {"keys", ignore, 0},
        {"sources", ignore, 0},
        {"warning", ignore, 0},
        {"multipliers_seen", ignore, 0},
        {"flex_accepted_probe", ignore, 0},
        {NULL, NULL, 0},
    };
    return read_members(loader, rule->name, meta_rules, value);
}

static const struct member_rule file_rules[] = {
    {"name", read_name, 0}, {"source", read_source, 0},
    {"date", read_date, 0}, {"currency", read_currency, 0},
    {"unit", read_unit, 0}, {"other_tiers", read_other_tiers, 0},
    {"sources", ignore, 0}, {"note", ignore, 0},
    {"meta", read_meta, 0}, {"models", read_models, 0},
    {NULL, NULL, 0},
};

static int compare_rows(const void *a, const void *b)
{
    return text_compare(((const struct price_row *)a)->model, ((const struct price_row *)b)->model);
}

static enum tw_status sort_rows(struct loader *loader)
{
    struct price_table *table = loader->table;
    if (table->count == 0)
        return complain(loader, TW_INVALID, "models", "is missing or empty");
    qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
    for (size_t i = 1; i < table->count; i++) {
        loader->row = &table->rows[i];
        if (text_equal(table->rows[i - 1].model, loader->row->model))
            return complain(loader, TW_INVALID, "model", "has two rows");
    }
    return TW_OK;
}

enum tw_status price_table_parse(struct text name, struct text json, struct price_table **table,
                                 struct tw_error *error)
{
    struct loader loader = {.file = name, .error = error, .tier = -1};
    struct json_value root;
    *table = NULL;
    loader.table = calloc(1, sizeof *loader.table);
    if (!loader.table)
        return no_memory(&loader);
    arena_init(&loader.table->arena, TABLE_MEMORY);
    loader.table->source = loader.table->date = TEXT("");
    loader.table->name = arena_text(&loader.table->arena, name);
    enum tw_status status = loader.table->arena.failed ? no_memory(&loader) : TW_OK;
    if (status == TW_OK)
        status = json_parse(json, &root, error);
    if (status == TW_OK)
        status = read_members(&loader, "file", file_rules, root);
    if (status == TW_OK)
        status = sort_rows(&loader);
    if (status == TW_OK)
        *table = loader.table;
    else
        price_table_free(loader.table);
    return status;
}

void price_table_free(struct price_table *table)
{
    if (!table)
        return;
    arena_free(&table->arena);
    free(table);
}
