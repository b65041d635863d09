/* program/emit.c: writes the sections of a program image.
 *
 * Each section is collected in a buffer of its own; strings are kept once. What is written here is
 * read back through verify.c like any other image. */
#include "program/emit.h"

#include <string.h>

#include "program/run/program.h"

struct writer {
    const struct lowered *lowered;
    struct arena *arena;
    struct buffer sections[SECTION_COUNT];
    struct map strings; /* text to its offset + 1 */
    enum tw_status status;
};

static const size_t record_sizes[] = {
#define TW_SECTION(name, text, type, most) sizeof(type),
#include "program/run/sections.def"
#undef TW_SECTION
};

static struct image_string write_string(struct writer *writer, struct text text)
{
    struct buffer *pool = &writer->sections[SECTION_STRINGS];
    uintptr_t known = (uintptr_t)map_get(&writer->strings, text);
    if (known)
        return (struct image_string){(uint32_t)known - 1, (uint32_t)text.length};
    struct image_string string = {(uint32_t)pool->length, (uint32_t)text.length};
    buffer_text(pool, text);
    buffer_byte(pool, '\0');
    if (!map_set(&writer->strings, text, (void *)((uintptr_t)string.offset + 1)))
        writer->status = TW_NO_MEMORY;
    return string;
}

static const uint32_t most_records[] = {
#define TW_SECTION(name, text, type, most) most,
#include "program/run/sections.def"
#undef TW_SECTION
};

static uint32_t section_count(const struct writer *writer, enum section section)
{
    return (uint32_t)(writer->sections[section].length / record_sizes[section]);
}

#define WRITE(writer, section, record)                                                             \
    buffer_append(&(writer)->sections[SECTION_##section], &(record), sizeof(record))

static void write_info(struct writer *writer)
{
    const struct policy_tree *policy = writer->lowered->policy;
    struct image_info info = {
        .name = write_string(writer, policy->sources->items[0]->name),
        .timezone = write_string(writer, policy->timezone),
        .provider = write_string(writer, text_of(policy->provider ? policy->provider->name : "")),
        .reads_clock = policy->reads_clock,
        .rule_count = (uint32_t)policy->rule_count};
    WRITE(writer, INFO, info);
    for (size_t i = 0; i < policy->tier_count; i++) {
        struct image_string tier = write_string(writer, policy->tiers[i]);
        WRITE(writer, TIERS, tier);
    }
}

/* An open-addressing table at most half full. */
static void write_literals(struct writer *writer, const struct literal_table *table,
                           struct image_variable *variable)
{
    uint32_t capacity = 4;
    while (capacity < table->count * 2)
        capacity *= 2;
    struct image_literal *places = ARENA_ARRAY(writer->arena, struct image_literal, capacity);
    if (!places) {
        writer->status = TW_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < table->count; i++) {
        uint32_t hash = (uint32_t)text_hash(table->texts[i], 0), at = hash & (capacity - 1);
        while (places[at].number)
            at = (at + 1) & (capacity - 1);
        places[at] = (struct image_literal){
            .text = write_string(writer, table->texts[i]), .number = (uint32_t)i + 1, .hash = hash};
    }
    for (uint32_t i = 0; i < capacity; i++)
        places[i].text = places[i].number ? places[i].text : write_string(writer, TEXT(""));
    variable->literal_first = section_count(writer, SECTION_LITERALS);
    variable->literal_capacity = capacity;
    variable->literal_count = (uint32_t)table->count;
    buffer_append(&writer->sections[SECTION_LITERALS], places, capacity * sizeof *places);
}

static void write_variables(struct writer *writer)
{
    const struct policy_tree *policy = writer->lowered->policy;
    for (size_t i = 0; i < policy->variable_count; i++) {
        const struct variable *from = &policy->variables[i];
        const struct literal_table *table = &writer->lowered->literals[i];
        struct image_variable variable = {.low = from->low,
                                          .high = from->high,
                                          .initial = from->initial,
                                          .initial_text = write_string(writer, from->initial_text),
                                          .type = from->type,
                                          .can_be_unset = from->can_be_unset,
                                          .needed = writer->lowered->needed[i]};
        if (table->count)
            write_literals(writer, table, &variable);
        WRITE(writer, VARIABLES, variable);
    }
}

static uint32_t index_of_budget(const struct policy_tree *policy, const struct budget *budget)
{
    for (uint32_t i = 0; i < policy->budget_count; i++)
        if (policy->budgets[i] == budget)
            return i + 1;
    return 0;
}

static uint32_t index_of_attribute(const struct policy_tree *policy,
                                   const struct attribute *attribute)
{
    for (uint32_t i = 0; attribute && i < policy->attribute_count; i++)
        if (policy->attributes[i] == attribute)
            return i + 1;
    return 0;
}

/* What a budget is kept by is read whenever the budget is. */
static bool keeps_needed_budget(const struct lowered *lowered, const struct attribute *attribute)
{
    const struct policy_tree *policy = lowered->policy;
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (policy->attributes[i]->budget && policy->attributes[i]->budget->by == attribute &&
            lowered->needed[policy->attributes[i]->variable])
            return true;
    return false;
}

static void write_attributes(struct writer *writer)
{
    const struct policy_tree *policy = writer->lowered->policy;
    for (size_t i = 0; i < policy->attribute_count; i++) {
        const struct attribute *from = policy->attributes[i];
        struct image_attribute attribute = {.name = write_string(writer, from->name),
                                            .source = write_string(writer, from->source),
                                            .variable = from->variable,
                                            .type = from->type,
                                            .projection = from->projection,
                                            .from = from->from,
                                            .word_first = section_count(writer, SECTION_WORDS),
                                            .word_count = (uint32_t)from->word_count,
                                            .budget_and_one = index_of_budget(policy, from->budget),
                                            .builtin = from->builtin,
                                            .has_default = from->has_default,
                                            .needed = writer->lowered->needed[from->variable] ||
                                                      keeps_needed_budget(writer->lowered, from)};
        for (size_t word = 0; word < from->word_count; word++) {
            struct image_string string = write_string(writer, from->words[word]);
            WRITE(writer, WORDS, string);
        }
        WRITE(writer, ATTRIBUTES, attribute);
    }
    for (size_t i = 0; i < policy->budget_count; i++) {
        const struct budget *from = policy->budgets[i];
        struct image_budget budget = {.name = write_string(writer, from->name),
                                      .window = write_string(writer, from->window),
                                      .limit = from->limit,
                                      .by_and_one = index_of_attribute(policy, from->by)};
        WRITE(writer, BUDGETS, budget);
    }
}

static void write_steps(struct writer *writer, const struct action *action, struct image_rule *rule)
{
    const struct policy_tree *policy = writer->lowered->policy;
    rule->step_first = section_count(writer, SECTION_STEPS);
    rule->reject = action && action->reject;
    rule->reason = write_string(writer, action ? action->reason : TEXT(""));
    for (const struct step *step = action ? action->steps : NULL; step; step = step->next) {
        struct image_step record = {.timeout = step->timeout_milliseconds,
                                    .tier = step->tier_index < 0 ? 0 : (uint32_t)step->tier_index,
                                    .attribute_and_one =
                                        index_of_attribute(policy, step->attribute),
                                    .retry = step->retry_count,
                                    .strict = step->strict};
        WRITE(writer, STEPS, record);
        rule->step_count++;
    }
    if (action)
        return;
    /* No `otherwise` is written: the provider's first tier. */
    struct image_step implicit = {.timeout = -1};
    WRITE(writer, STEPS, implicit);
    rule->step_count = 1;
}

static void write_rule(struct writer *writer, const struct statement *statement, bool last)
{
    const struct policy_tree *policy = writer->lowered->policy;
    struct image_rule rule = {.label = write_string(writer, TEXT(""))};
    struct text file = policy->sources->items[0]->name, name = TEXT("otherwise");
    if (statement) {
        struct place place =
            source_place(policy->sources, statement->span.source, statement->span.start);
        rule.line = place.line;
        rule.column = place.column;
        rule.start = statement->span.start;
        rule.end = statement->span.end;
        file = policy->sources->items[statement->span.source]->name;
    }
    if (statement && !last) {
        bool labelled = statement->name != NULL;
        name = labelled ? statement->name->text : arena_format(writer->arena, "line %u", rule.line);
        rule.label = write_string(writer, labelled ? name : TEXT(""));
    }
    rule.name = write_string(writer, name);
    rule.file = write_string(writer, file);
    write_steps(writer, statement ? statement->action : NULL, &rule);
    WRITE(writer, RULES, rule);
}

static void write_code(struct writer *writer)
{
    const struct lowered *from = writer->lowered;
    struct buffer *sections = writer->sections;
    buffer_append(&sections[SECTION_CONSTANTS], from->constants,
                  from->constant_count * sizeof *from->constants);
    buffer_append(&sections[SECTION_INTERVALS], from->intervals,
                  from->interval_count * sizeof *from->intervals);
    buffer_append(&sections[SECTION_SETS], from->sets, from->set_count * sizeof *from->sets);
    buffer_append(&sections[SECTION_CODE], from->code, from->code_count * sizeof *from->code);
    for (size_t i = 0; i < from->pattern_count; i++) {
        struct image_string pattern = write_string(writer, from->patterns[i]);
        WRITE(writer, PATTERNS, pattern);
    }
    for (size_t i = 0; i < from->policy->rule_count; i++)
        write_rule(writer, from->policy->rules[i], false);
    write_rule(writer, from->policy->otherwise, true);
}

static uint64_t write_sources(struct writer *writer)
{
    const struct sources *sources = writer->lowered->policy->sources;
    uint64_t hash = 0;
    for (uint32_t i = 0; i < sources->count; i++) {
        hash = text_hash(sources->items[i]->content, hash);
        buffer_text(&writer->sections[SECTION_SOURCE], sources->items[i]->content);
        buffer_byte(&writer->sections[SECTION_SOURCE], '\0');
    }
    return hash;
}

/* Names, types and views of all attributes: two policies with the same schema read the same
 * request. */
static uint64_t schema_hash(const struct policy_tree *policy)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < policy->attribute_count; i++) {
        const struct attribute *attribute = policy->attributes[i];
        uint32_t shape[] = {attribute->type, attribute->projection, attribute->variable};
        hash = text_hash(attribute->name, hash);
        hash = text_hash((struct text){(const char *)shape, sizeof shape}, hash);
        for (size_t word = 0; word < attribute->word_count; word++)
            hash = text_hash(attribute->words[word], hash);
    }
    return hash;
}

static void align(struct buffer *image)
{
    buffer_repeat(image, '\0', (8 - image->length % 8) % 8);
}

static enum tw_status join(struct writer *writer, struct image_header header, struct buffer *image)
{
    struct image_section table[SECTION_COUNT];
    uint64_t offset = sizeof header + sizeof table;
    for (int i = 0; i < SECTION_COUNT; i++) {
        table[i] =
            (struct image_section){(uint32_t)i, section_count(writer, (enum section)i), offset};
        offset += (writer->sections[i].length + 7) / 8 * 8;
        if (writer->sections[i].status)
            return writer->sections[i].status;
        if (table[i].count > most_records[i])
            return TW_LIMIT;
    }
    header.length = offset;
    header.section_count = SECTION_COUNT;
    buffer_append(image, &header, sizeof header);
    buffer_append(image, table, sizeof table);
    for (int i = 0; i < SECTION_COUNT; i++) {
        buffer_text(image, buffer_view(&writer->sections[i]));
        align(image);
    }
    if (image->status)
        return image->status;
    header.checksum = image_checksum(image->data, image->length);
    memcpy(image->data, &header, sizeof header);
    return TW_OK;
}

enum tw_status emit_image(const struct lowered *lowered, struct buffer *image)
{
    struct writer writer = {.lowered = lowered, .arena = lowered->arena};
    struct image_header header = {.version = IMAGE_VERSION, .edition = TW_EDITION};
    memcpy(header.magic, IMAGE_MAGIC, sizeof header.magic);
    map_init(&writer.strings, lowered->arena);
    buffer_init(image, IMAGE_LIMIT);
    for (int i = 0; i < SECTION_COUNT; i++)
        buffer_init(&writer.sections[i], IMAGE_LIMIT);
    write_string(&writer, TEXT(""));
    write_info(&writer);
    write_variables(&writer);
    write_attributes(&writer);
    write_code(&writer);
    header.source_hash = write_sources(&writer);
    header.schema_hash = schema_hash(lowered->policy);
    header.longest_run = program_longest_run(lowered->code, (uint32_t)lowered->code_count);
    enum tw_status status = writer.status ? writer.status : TW_OK;
    if (!status && header.longest_run == 0)
        status = TW_NO_MEMORY;
    if (!status)
        status = join(&writer, header, image);
    for (int i = 0; i < SECTION_COUNT; i++)
        buffer_free(&writer.sections[i]);
    return status;
}
