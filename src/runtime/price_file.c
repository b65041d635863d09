/* runtime/price_file.c: reads price files (JSON, docs/prices.md) into price tables.
 *
 * Takes bytes from anywhere. Everything in the file has to be known: a member that is spelled wrong
 * would otherwise be a price that is silently missing. The table owns copies of all it keeps.
 *
 * Each kind of object is a list of its members with the function that reads each. What stands under
 * "models" is read by price_file_row.c, the rules over what was read are in price_check.c, and what
 * is wrong is said by price_report.c. */
#include "runtime/price_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, TABLE_MEMORY = 128 << 20 };

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
    snprintf(name, sizeof name, "%.*s", TEXT_ARGUMENTS(member->name));
    if (nearest.best.length)
        snprintf(what, sizeof what, "is no member of a price file; did you mean '%.*s'?",
                 TEXT_ARGUMENTS(nearest.best));
    return complain(loader, TW_INVALID, name, what);
}

static enum tw_status read_member(struct loader *loader, const struct member_rule *rules,
                                  const struct json_member *member, uint32_t *seen)
{
    const struct member_rule *rule = find_rule(rules, member);
    if (!rule)
        return unknown_member(loader, rules, member);
    uint32_t bit = UINT32_C(1) << (rule - rules);
    if (*seen & bit)
        return complain(loader, TW_INVALID, rule->name, "stands there twice");
    *seen |= bit;
    return rule->read(loader, rule, member->value);
}

enum tw_status read_members(struct loader *loader, const char *name,
                            const struct member_rule *rules, struct json_value object)
{
    uint32_t seen = 0;
    struct json_member member;
    const char *start = loader->at;
    enum tw_status status = TW_OK;
    if (object.kind != JSON_OBJECT)
        return complain(loader, TW_INVALID, name, "must be an object");
    struct json_iterator iterator = json_members_begin(object);
    while (status == TW_OK && json_next_member(&iterator, &member)) {
        loader->at = member.name.data - 1;
        status = read_member(loader, rules, &member, &seen);
    }
    loader->at = start;
    return status;
}

enum tw_status read_text(struct loader *loader, const char *member, struct json_value value,
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

enum tw_status read_ignored(struct loader *loader, const struct member_rule *rule,
                            struct json_value value)
{
    (void)loader, (void)rule, (void)value;
    return TW_OK;
}

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

static enum tw_status read_table_provider(struct loader *loader, const struct member_rule *rule,
                                          struct json_value value)
{
    return read_text(loader, rule->name, value, &loader->table->provider);
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
        {"unit", read_ignored, 0},
        {"keys", read_ignored, 0},
        {"sources", read_ignored, 0},
        {"warning", read_ignored, 0},
        {"multipliers_seen", read_ignored, 0},
        {"flex_accepted_probe", read_ignored, 0},
        {NULL, NULL, 0},
    };
    return read_members(loader, rule->name, meta_rules, value);
}

static const struct member_rule file_rules[] = {
    {"name", read_name, 0},
    {"source", read_source, 0},
    {"provider", read_table_provider, 0},
    {"date", read_date, 0},
    {"currency", read_currency, 0},
    {"unit", read_unit, 0},
    {"other_tiers", read_other_tiers, 0},
    {"sources", read_ignored, 0},
    {"note", read_ignored, 0},
    {"meta", read_meta, 0},
    {"models", read_models, 0},
    {NULL, NULL, 0},
};

static int compare_rows(const void *a, const void *b)
{
    const struct price_row *left = a, *right = b;
    int order = text_compare(left->model, right->model);
    if (order == 0)
        order = text_compare(left->provider, right->provider);
    if (order == 0)
        order = (left->from > right->from) - (left->from < right->from);
    return order ? order : (left->element > right->element) - (left->element < right->element);
}

/* The table's models, each with its rows. */
static enum tw_status index_rows(struct loader *loader)
{
    struct price_table *table = loader->table;
    size_t capacity = 0;
    map_init(&table->by_model, &table->arena);
    for (size_t i = 0; i < table->count; i++) {
        struct price_row *row = &table->rows[i];
        struct price_model *models = table->models;
        if (i > 0 && text_equal(table->rows[i - 1].model, row->model)) {
            models[table->model_count - 1].count++;
            continue;
        }
        models = arena_grow(&table->arena, models, table->model_count, &capacity, sizeof *models);
        if (!models)
            return no_memory(loader);
        table->models = models;
        models[table->model_count++] = (struct price_model){row->model, row, 1};
    }
    /* Room for twice as many: a snapshot is first looked for under its own name, in vain. */
    if (!map_reserve(&table->by_model, 2 * table->model_count))
        return no_memory(loader);
    for (size_t i = 0; i < table->model_count; i++)
        if (!map_set(&table->by_model, table->models[i].name, &table->models[i]))
            return no_memory(loader);
    return TW_OK;
}

/* What json_parse says begins with the place: "byte 17: ". */
static enum tw_status not_json(struct loader *loader, enum tw_status status, const char *message)
{
    static const char prefix[] = "byte ";
    size_t offset = 0;
    if (strncmp(message, prefix, sizeof prefix - 1) == 0)
        offset = strtoull(message + sizeof prefix - 1, NULL, 10);
    loader->at = loader->document.data + (offset < loader->document.length ? offset : 0);
    return complain(loader, status, NULL, message);
}

/* Rows without a provider of their own have the file's. */
static void inherit_provider(struct price_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].provider.length == 0)
            table->rows[i].provider = table->provider;
}

static enum tw_status read_document(struct loader *loader)
{
    struct price_table *table = loader->table;
    struct json_value root;
    struct tw_error error;
    enum tw_status status = json_parse(loader->document, &root, &error);
    if (status != TW_OK)
        return not_json(loader, status, error.message);
    status = read_members(loader, "file", file_rules, root);
    if (status != TW_OK)
        return status;
    if (table->count == 0 && !(loader->report && loader->report->errors))
        return complain(loader, TW_INVALID, "models", "is missing or empty");
    inherit_provider(table);
    if (table->count)
        qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
    status = check_neighbours(loader);
    return status == TW_OK ? index_rows(loader) : status;
}

static enum tw_status load(struct loader *loader)
{
    struct price_table *table = calloc(1, sizeof *table);
    if (!table)
        return no_memory(loader);
    loader->table = table;
    loader->tier = -1;
    arena_init(&table->arena, TABLE_MEMORY);
    table->source = table->provider = table->date = TEXT("");
    table->name = arena_text(&table->arena, loader->file);
    return table->arena.failed ? no_memory(loader) : read_document(loader);
}

enum tw_status price_table_parse(struct text name, struct text json, struct price_table **table,
                                 struct tw_error *error)
{
    struct loader loader = {.file = name, .document = json, .error = error};
    enum tw_status status = load(&loader);
    *table = loader.table;
    if (status != TW_OK) {
        price_table_free(loader.table);
        *table = NULL;
    }
    return status;
}

void price_table_free(struct price_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->zone_count; i++)
        zone_free(table->zones[i]);
    arena_free(&table->arena);
    free(table);
}

enum tw_status price_table_check(struct text name, struct text json, struct price_report *report,
                                 struct tw_error *error)
{
    struct loader loader = {.file = name, .document = json, .report = report, .error = error};
    *report = (struct price_report){.count = 0};
    arena_init(&report->arena, PRICE_REPORT_MEMORY);
    enum tw_status status = load(&loader);
    if (status == TW_OK)
        report->models = loader.table->model_count;
    price_report_place(report, json);
    price_table_free(loader.table);
    return status;
}
