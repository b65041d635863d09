/* program/emit.c: writes what a program image says about itself: variables, attributes, rules, the
 * policy's text. What a run needs is there already, see lower.h; both are read back through
 * verify.c like any other image. */
#include "program/emit.h"

#include "program/run/literal.h"

#include <stdio.h>

enum { SMALL_TABLE = 1024 }; /* literals */

static void write_info(struct lowered *lowered)
{
    const struct policy_tree *policy = lowered->policy;
    struct writer *writer = &lowered->writer;
    struct image_info info = {
        .name = writer_string(writer, policy->sources->items[0]->name),
        .timezone = writer_string(writer, policy->timezone),
        .provider = writer_string(writer, text_of(policy->provider ? policy->provider->name : "")),
        .reads_clock = policy->reads_clock,
        .rule_count = (uint32_t)policy->rule_count,
        .plan = lowered->plan,
        .start = lowered->start};
    WRITE(writer, INFO, info);
    for (size_t i = 0; i < policy->tier_count; i++) {
        struct image_string tier = writer_string(writer, policy->tiers[i]);
        WRITE(writer, TIERS, tier);
    }
}

/* An open-addressing table at most half full; a small one at most a quarter, so that almost every
 * text is in its first place. */
static void write_literals(struct lowered *lowered, const struct text_numbers *numbers,
                           struct image_variable *variable)
{
    uint32_t capacity = 4;
    while (capacity < numbers->count * (numbers->count <= SMALL_TABLE ? 4 : 2))
        capacity *= 2;
    struct image_literal *literals =
        writer_room(&lowered->writer, SECTION_LITERALS, capacity, &variable->literal_first);
    for (uint32_t i = 0; literals && i < capacity; i++)
        literals[i].text.offset = UINT32_MAX;
    for (uint32_t i = 0; literals && i < numbers->count; i++) {
        struct literal_key key = literal_key(numbers->texts[i]);
        uint32_t at = key.hash & (capacity - 1);
        while (literals[at].text.offset != UINT32_MAX)
            at = (at + 1) & (capacity - 1);
        literals[at] =
            (struct image_literal){.ends = {key.ends[0], key.ends[1]},
                                   .text = writer_new_string(&lowered->writer, numbers->texts[i]),
                                   .class = numbers->classes[i]};
    }
    variable->literal_capacity = capacity;
    variable->literal_count = (uint32_t)numbers->count;
}

static void write_variables(struct lowered *lowered)
{
    const struct policy_tree *policy = lowered->policy;
    struct writer *writer = &lowered->writer;
    for (size_t i = 0; i < policy->variable_count; i++) {
        const struct variable *from = &policy->variables[i];
        const struct text_numbers *numbers = &lowered->texts[i];
        struct image_variable variable = {.low = from->low,
                                          .high = from->high,
                                          .initial = from->initial,
                                          .initial_text = writer_string(writer, from->initial_text),
                                          .type = from->type,
                                          .can_be_unset = from->can_be_unset,
                                          .needed = lowered->needed[i],
                                          .class_count = numbers->class_count,
                                          .other_class = numbers->other,
                                          .automaton_and_one = numbers->automaton_and_one};
        if (numbers->count)
            write_literals(lowered, numbers, &variable);
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

static void write_attributes(struct lowered *lowered)
{
    const struct policy_tree *policy = lowered->policy;
    struct writer *writer = &lowered->writer;
    for (size_t i = 0; i < policy->attribute_count; i++) {
        const struct attribute *from = policy->attributes[i];
        struct image_attribute attribute = {.name = writer_string(writer, from->name),
                                            .source = writer_string(writer, from->source),
                                            .variable = from->variable,
                                            .type = from->type,
                                            .projection = from->projection,
                                            .from = from->from,
                                            .word_first = writer_count(writer, SECTION_WORDS),
                                            .word_count = (uint32_t)from->word_count,
                                            .budget_and_one = index_of_budget(policy, from->budget),
                                            .builtin = from->builtin,
                                            .has_default = from->has_default,
                                            .needed = lowered->needed[from->variable] ||
                                                      keeps_needed_budget(lowered, from)};
        for (size_t word = 0; word < from->word_count; word++) {
            struct image_string string = writer_string(writer, from->words[word]);
            WRITE(writer, WORDS, string);
        }
        WRITE(writer, ATTRIBUTES, attribute);
    }
    for (size_t i = 0; i < policy->budget_count; i++) {
        const struct budget *from = policy->budgets[i];
        struct image_budget budget = {.name = writer_string(writer, from->name),
                                      .window = writer_string(writer, from->window),
                                      .limit = from->limit,
                                      .by_and_one = index_of_attribute(policy, from->by)};
        WRITE(writer, BUDGETS, budget);
    }
}

static void write_steps(struct lowered *lowered, const struct action *action,
                        struct image_rule *rule)
{
    struct writer *writer = &lowered->writer;
    rule->step_first = writer_count(writer, SECTION_STEPS);
    rule->reject = action && action->reject;
    rule->reason = writer_string(writer, action ? action->reason : TEXT(""));
    for (const struct step *step = action ? action->steps : NULL; step; step = step->next) {
        struct image_step record = {.timeout = step->timeout_milliseconds,
                                    .tier = step->tier_index < 0 ? 0 : (uint32_t)step->tier_index,
                                    .attribute_and_one =
                                        index_of_attribute(lowered->policy, step->attribute),
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

/* "line 12": no other rule begins there, so that a look-up would find nothing. */
static struct image_string line_name(struct writer *writer, uint32_t line)
{
    char room[32];
    int length = snprintf(room, sizeof room, "line %u", line);
    return writer_new_string(writer, (struct text){room, (size_t)length});
}

static void write_rule(struct lowered *lowered, const struct statement *statement, bool last)
{
    const struct policy_tree *policy = lowered->policy;
    struct writer *writer = &lowered->writer;
    struct image_rule rule = {.label = {0, 0}};
    struct text file = policy->sources->items[0]->name;
    if (statement) {
        struct place place =
            source_place(policy->sources, statement->span.source, statement->span.start);
        rule.line = place.line;
        rule.column = place.column;
        rule.start = statement->span.start;
        rule.end = statement->span.end;
        file = policy->sources->items[statement->span.source]->name;
    }
    if (!statement || last)
        rule.name = writer_string(writer, TEXT("otherwise"));
    else if (statement->name)
        rule.name = rule.label = writer_new_string(writer, statement->name->text);
    else
        rule.name = line_name(writer, rule.line);
    rule.file = writer_string(writer, file);
    write_steps(lowered, statement ? statement->action : NULL, &rule);
    WRITE(writer, RULES, rule);
}

static void write_rules(struct lowered *lowered)
{
    writer_reserve(&lowered->writer, SECTION_RULES, lowered->policy->rule_count + 1);
    for (size_t i = 0; i < lowered->policy->rule_count; i++)
        write_rule(lowered, lowered->policy->rules[i], false);
    write_rule(lowered, lowered->policy->otherwise, true);
}

static uint64_t source_hash(const struct sources *sources)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < sources->count; i++)
        hash = text_hash(sources->items[i]->content, hash);
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

/* The most steps of a run; 0 when memory is out. */
static uint32_t longest_run(const struct writer *writer)
{
    struct tw_policy view = {0};
#define TW_SECTION(name, text, type, most)                                                         \
    view.section_##name = (const void *)buffer_view(&writer->sections[SECTION_##name]).data;       \
    view.count_##name = writer_count(writer, SECTION_##name);
#include "program/run/sections.def"
#undef TW_SECTION
    return program_longest_run(&view);
}

enum tw_status emit_image(struct lowered *lowered, struct buffer *image)
{
    struct image_header header = {
        .magic = IMAGE_MAGIC, .version = IMAGE_VERSION, .edition = TW_EDITION};
    const struct sources *sources = lowered->policy->sources;
    buffer_init(image, IMAGE_ROOM(IMAGE_LIMIT));
    write_info(lowered);
    write_variables(lowered);
    write_attributes(lowered);
    write_rules(lowered);
    header.source_hash = source_hash(sources);
    header.schema_hash = schema_hash(lowered->policy);
    enum tw_status status = lowered->status ? lowered->status : writer_status(&lowered->writer);
    if (status)
        return status;
    header.longest_run = longest_run(&lowered->writer);
    if (header.longest_run == 0)
        return TW_NO_MEMORY;
    return writer_join(&lowered->writer, header, sources, image);
}
