/* gateway/config_yaml.c: the configuration file, read with libyaml's events.
 *
 * The part of YAML that is read: one document of mappings, lists and plain or quoted values.
 * Anchors, aliases and tags are refused, since nothing here needs them. All problems are collected,
 * but for what libyaml cannot read, which ends the reading. Owns the parser; what is kept goes to
 * the config's arena. */
#include "gateway/config.h"

#include "base/quotation.h"
#include "gateway/config_settings.h"

#include <string.h>

#include <yaml.h>

enum { KEYS_MAX = 64 /* of one mapping */ };

struct reading {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one, NO_EVENT where there is none */
    struct config *config;
    const char *name;
    struct buffer *problems;
    bool bad;    /* some problem was found */
    bool broken; /* and nothing more can be read */
    enum tw_status status;
};

/* A mapping being read: its settings and the struct they are in. */
struct mapping {
    const struct settings_table *table;
    void *base;
    const char *section; /* "limits", NULL for the top level */
    struct text keys[KEYS_MAX];
    size_t key_count;
};

static void problem(struct reading *reading, yaml_mark_t mark, const char *message)
{
    reading->bad = true;
    buffer_format(reading->problems, "%s:%zu:%zu: %s\n", reading->name, mark.line + 1,
                  mark.column + 1, message);
}

static void problem_here(struct reading *reading, const char *message)
{
    problem(reading, reading->event.start_mark, message);
}

static void break_off(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    reading->broken = true;
    if (parser->error == YAML_MEMORY_ERROR) {
        reading->status = TW_NO_MEMORY;
        return;
    }
    struct tw_error error;
    fail(&error, TW_INVALID, "this is not YAML: %s%s%s",
         parser->problem ? parser->problem : "it cannot be read", parser->context ? " " : "",
         parser->context ? parser->context : "");
    problem(reading, parser->problem_mark, error.message);
}

static bool uses_more_than_values(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    case YAML_ALIAS_EVENT:
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return false;
    }
    return false;
}

/* Goes on to the next event. Once broken, what comes is the end of the stream for ever. */
static yaml_event_type_t next(struct reading *reading)
{
    yaml_event_delete(&reading->event);
    if (reading->broken || !yaml_parser_parse(&reading->parser, &reading->event)) {
        if (!reading->broken)
            break_off(reading);
        reading->event = (yaml_event_t){.type = YAML_STREAM_END_EVENT};
    } else if (uses_more_than_values(&reading->event)) {
        problem_here(reading, "anchors, aliases and tags are not read here");
    }
    return reading->event.type;
}

/* Passes over the value whose first event is the current one. */
static void skip_value(struct reading *reading)
{
    size_t depth = 0;
    for (;; next(reading)) {
        yaml_event_type_t type = reading->event.type;
        if (type == YAML_STREAM_END_EVENT)
            return;
        depth += type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT;
        depth -= type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT;
        if (depth == 0)
            return;
    }
}

static struct text scalar_text(const yaml_event_t *event)
{
    return (struct text){(const char *)event->data.scalar.value, event->data.scalar.length};
}

/* A plain value that YAML takes for "nothing". */
static bool is_nothing(const yaml_event_t *event)
{
    struct text text = scalar_text(event);
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.length == 0 || text_is(text, "~") || text_is(text, "null"));
}

static void note(struct reading *reading, enum tw_status status, const char *name,
                 const struct tw_error *error)
{
    struct tw_error shown;
    if (status == TW_OK)
        return;
    if (status == TW_NO_MEMORY)
        reading->status = status;
    fail(&shown, status, "`%s`: %s", name, error->message);
    problem_here(reading, shown.message);
}

static void read_scalar(struct reading *reading, const struct setting *row, void *base)
{
    struct tw_error error = {.code = TW_OK};
    enum tw_status status;
    if (is_nothing(&reading->event))
        status = fail(&error, TW_INVALID, "it has no value");
    else if (row->kind == SETTING_WORDS)
        status = fail(&error, TW_INVALID, "it is a list, as [a, b]");
    else
        status =
            setting_set(&reading->config->arena, row, base, scalar_text(&reading->event), &error);
    note(reading, status, row->path, &error);
}

static void read_words(struct reading *reading, const struct setting *row, void *base)
{
    struct config_words *words = setting_member(base, row);
    struct tw_error error;
    *words = (struct config_words){.given = true};
    while (next(reading) != YAML_SEQUENCE_END_EVENT && !reading->broken) {
        if (reading->event.type != YAML_SCALAR_EVENT) {
            problem_here(reading, "an item of this list is a single value");
            skip_value(reading);
            continue;
        }
        enum tw_status status =
            setting_add_word(&reading->config->arena, words, scalar_text(&reading->event), &error);
        note(reading, status, row->path, &error);
    }
}

static void read_setting(struct reading *reading, const struct setting *row, void *base)
{
    yaml_event_type_t type = reading->event.type;
    struct tw_error error;
    if (type == YAML_SCALAR_EVENT) {
        read_scalar(reading, row, base);
    } else if (type == YAML_SEQUENCE_START_EVENT && row->kind == SETTING_WORDS) {
        read_words(reading, row, base);
    } else {
        note(reading,
             fail(&error, TW_INVALID, "it is a %s",
                  row->kind == SETTING_WORDS ? "list, as [a, b]" : "single value"),
             row->path, &error);
        skip_value(reading);
    }
}

/* The part of a row's path that is a key in this mapping; empty where it belongs elsewhere. */
static struct text key_of(const struct mapping *mapping, const struct setting *row)
{
    const char *dot = strchr(row->path, '.');
    if (!mapping->section)
        return dot ? (struct text){row->path, (size_t)(dot - row->path)} : text_of(row->path);
    size_t length = strlen(mapping->section);
    bool inside = dot && (size_t)(dot - row->path) == length &&
                  strncmp(row->path, mapping->section, length) == 0;
    return inside ? text_of(dot + 1) : TEXT("");
}

/* The first row with that key: a setting, or one in the section of that name. */
static const struct setting *find_row(const struct mapping *mapping, struct text key)
{
    for (size_t i = 0; i < mapping->table->count; i++)
        if (key.length && text_equal(key_of(mapping, &mapping->table->rows[i]), key))
            return &mapping->table->rows[i];
    return NULL;
}

static bool is_section(const struct mapping *mapping, const struct setting *row)
{
    return !mapping->section && strchr(row->path, '.') != NULL;
}

static bool takes_callers(const struct reading *reading, const struct mapping *mapping)
{
    return mapping->base == reading->config && !mapping->section;
}

static void unknown_key(struct reading *reading, const struct mapping *mapping, struct text key)
{
    struct nearest nearest;
    struct tw_error error;
    nearest_init(&nearest, key);
    for (size_t i = 0; i < mapping->table->count; i++)
        nearest_offer(&nearest, key_of(mapping, &mapping->table->rows[i]));
    if (takes_callers(reading, mapping))
        nearest_offer(&nearest, TEXT("callers"));
    if (nearest.best.length)
        fail(&error, TW_NOT_FOUND, "there is no setting %s here; did you mean `%.*s`?",
             quote(key).text, TEXT_ARGUMENTS(nearest.best));
    else
        fail(&error, TW_NOT_FOUND, "there is no setting %s here", quote(key).text);
    problem_here(reading, error.message);
}

/* Notes a key, and says so where the mapping has it already. */
static bool is_repeated(struct reading *reading, struct mapping *mapping, struct text key)
{
    for (size_t i = 0; i < mapping->key_count; i++)
        if (text_equal(mapping->keys[i], key)) {
            problem_here(reading, "this setting stands here twice");
            return true;
        }
    if (mapping->key_count < KEYS_MAX)
        mapping->keys[mapping->key_count++] = key;
    return false;
}

static void read_mapping(struct reading *reading, struct mapping *mapping);

static void read_section(struct reading *reading, const struct mapping *outer, struct text key)
{
    struct text section = arena_text(&reading->config->arena, key);
    struct mapping inner = {.table = outer->table, .base = outer->base, .section = section.data};
    if (!section.data)
        reading->status = TW_NO_MEMORY;
    else if (reading->event.type == YAML_MAPPING_START_EVENT)
        read_mapping(reading, &inner);
    else {
        problem_here(reading, "this is a section: its settings stand below it, each on a line");
        skip_value(reading);
    }
}

static struct config_caller *add_caller(struct reading *reading)
{
    struct config *config = reading->config;
    struct config_caller *callers =
        arena_grow(&config->arena, config->callers, config->caller_count, &config->caller_capacity,
                   sizeof *config->callers);
    if (!callers) {
        reading->status = TW_NO_MEMORY;
        return NULL;
    }
    config->callers = callers;
    struct config_caller *caller = &callers[config->caller_count++];
    *caller = (struct config_caller){.line = (uint32_t)reading->event.start_mark.line + 1,
                                     .column = (uint32_t)reading->event.start_mark.column + 1};
    return caller;
}

static void read_caller(struct reading *reading)
{
    if (reading->event.type != YAML_MAPPING_START_EVENT) {
        problem_here(reading, "a caller is given by `- name: NAME` and `sha256: HASH`");
        skip_value(reading);
        return;
    }
    if (reading->config->caller_count == CONFIG_CALLERS_MAX) {
        problem_here(reading, "there are too many callers");
        reading->broken = true;
        return;
    }
    struct config_caller *caller = add_caller(reading);
    struct mapping mapping = {.table = &caller_table, .base = caller};
    if (caller && settings_default(&reading->config->arena, &caller_table, caller) == TW_OK)
        read_mapping(reading, &mapping);
    else
        reading->broken = true;
}

static void read_callers(struct reading *reading)
{
    if (reading->event.type != YAML_SEQUENCE_START_EVENT) {
        problem_here(reading, "callers are a list: `- name: NAME`, one for each");
        skip_value(reading);
        return;
    }
    while (next(reading) != YAML_SEQUENCE_END_EVENT && !reading->broken)
        read_caller(reading);
}

static void read_value(struct reading *reading, const struct mapping *mapping, struct text key)
{
    const struct setting *row = find_row(mapping, key);
    if (!row) {
        read_callers(reading);
    } else if (is_section(mapping, row)) {
        read_section(reading, mapping, key);
    } else {
        read_setting(reading, row, mapping->base);
        if (mapping->table == &config_table)
            reading->config->origins[row - config_settings] = ORIGIN_FILE;
    }
}

/* The current event as a key of the mapping that can be read; empty, after a problem, where it is
 * not one. */
static struct text read_key(struct reading *reading, struct mapping *mapping)
{
    if (reading->event.type != YAML_SCALAR_EVENT) {
        problem_here(reading, "a setting's name is a single word");
        skip_value(reading);
        return TEXT("");
    }
    struct text key = arena_text(&reading->config->arena, scalar_text(&reading->event));
    bool known =
        find_row(mapping, key) || (takes_callers(reading, mapping) && text_is(key, "callers"));
    if (!known)
        unknown_key(reading, mapping, key);
    return known && !is_repeated(reading, mapping, key) ? key : TEXT("");
}

/* One key and its value; the current event is the key. */
static void read_member(struct reading *reading, struct mapping *mapping)
{
    struct text key = read_key(reading, mapping);
    next(reading);
    if (key.length)
        read_value(reading, mapping, key);
    else
        skip_value(reading);
}

static void read_mapping(struct reading *reading, struct mapping *mapping)
{
    while (next(reading) != YAML_MAPPING_END_EVENT && !reading->broken)
        read_member(reading, mapping);
}

/* An empty file leaves everything as it is. */
static void read_stream(struct reading *reading)
{
    struct mapping top = {.table = &config_table, .base = reading->config};
    next(reading); /* the start of the stream */
    if (next(reading) == YAML_STREAM_END_EVENT)
        return;
    yaml_event_type_t type = next(reading);
    if (type == YAML_MAPPING_START_EVENT)
        read_mapping(reading, &top);
    else if (!(type == YAML_SCALAR_EVENT && is_nothing(&reading->event)))
        problem_here(reading, "a configuration is lines of the form `setting: value`");
    if (reading->broken)
        return;
    if (type != YAML_MAPPING_START_EVENT)
        skip_value(reading);
    next(reading); /* the end of the document */
    if (next(reading) != YAML_STREAM_END_EVENT)
        problem_here(reading, "there is more than one document");
}

enum tw_status config_read(struct config *config, const char *name, struct text yaml,
                           struct buffer *problems)
{
    struct reading reading = {.config = config, .name = name, .problems = problems};
    if (yaml.length > CONFIG_FILE_MAX) {
        buffer_format(problems, "%s: it is larger than %d bytes\n", name, CONFIG_FILE_MAX);
        return TW_INVALID;
    }
    if (!yaml_parser_initialize(&reading.parser))
        return TW_NO_MEMORY;
    yaml_parser_set_input_string(&reading.parser, (const unsigned char *)yaml.data, yaml.length);
    config->file = arena_text(&config->arena, text_of(name)).data;
    read_stream(&reading);
    yaml_event_delete(&reading.event);
    yaml_parser_delete(&reading.parser);
    if (reading.status || config->arena.failed)
        return TW_NO_MEMORY;
    return reading.bad ? TW_INVALID : TW_OK;
}
