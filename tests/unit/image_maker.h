/* tests/unit/image_maker.h: program images by hand, record for record, so that what loads and runs
 * an image is tested without the compiler, and with records that the compiler never writes.
 *
 *     struct maker maker;
 *     maker_init(&maker, 3);                          three rules before `otherwise`
 *     uint32_t first = MAKER_ADD(&maker, JUMPS, jumps); the number of the first record
 *     tw_policy *policy = maker_load(&maker, &error); NULL where it is refused
 *     maker_free(&maker); */
#ifndef TIERWAY_TESTS_IMAGE_MAKER_H
#define TIERWAY_TESTS_IMAGE_MAKER_H

#include "program/run/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maker {
    struct buffer sections[SECTION_COUNT];
};

static const size_t maker_sizes[] = {
#define TW_SECTION(name, text, type, most) sizeof(type),
#include "program/run/sections.def"
#undef TW_SECTION
};

#define MAKER_ADD(maker, section, records)                                                         \
    maker_add(maker, SECTION_##section, records, sizeof(records) / maker_sizes[SECTION_##section])
#define MAKER_RECORDS(maker, section, type) ((type *)(maker)->sections[SECTION_##section].data)

static inline uint32_t maker_add(struct maker *maker, enum section section, const void *records,
                                 size_t count)
{
    struct buffer *buffer = &maker->sections[section];
    uint32_t first = (uint32_t)(buffer->length / maker_sizes[section]);
    buffer_append(buffer, records, count * maker_sizes[section]);
    return first;
}

static inline struct image_string maker_text(struct maker *maker, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    uint32_t offset = maker_add(maker, SECTION_STRINGS, text, length + (size_t)1);
    return (struct image_string){offset, length};
}

/* A variable of its own with an attribute of that name. */
static inline uint32_t maker_variable(struct maker *maker, const char *name, enum tw_type type,
                                      bool unset)
{
    struct image_variable variable = {
        .type = type, .can_be_unset = unset, .needed = 1, .class_count = type == TW_TYPE_STRING};
    type_domain(type, PROJECT_WHOLE, 0, &variable.low, &variable.high);
    uint32_t index = maker_add(maker, SECTION_VARIABLES, &variable, 1);
    struct image_attribute attribute = {.name = maker_text(maker, name),
                                        .variable = index,
                                        .type = type,
                                        .needed = 1,
                                        .has_default = !unset};
    maker_add(maker, SECTION_ATTRIBUTES, &attribute, 1);
    return index;
}

static inline void maker_builtin(struct maker *maker, const struct builtin_attribute *from)
{
    size_t count = 0;
    const char *const *words = builtin_words(from->variable, &count);
    if (from->projection != PROJECT_WHOLE)
        count = 0;
    struct image_attribute attribute = {.name = maker_text(maker, from->name),
                                        .variable = from->variable,
                                        .type = from->type,
                                        .projection = from->projection,
                                        .from = from->from,
                                        .builtin = 1,
                                        .has_default = !from->unset};
    attribute.word_first = maker_add(maker, SECTION_WORDS, NULL, 0);
    attribute.word_count = from->type == TW_TYPE_TIER ? 1 : (uint32_t)count;
    for (uint32_t i = 0; i < attribute.word_count; i++) {
        struct image_string word = maker_text(maker, words ? words[i] : "auto");
        maker_add(maker, SECTION_WORDS, &word, 1);
    }
    maker_add(maker, SECTION_ATTRIBUTES, &attribute, 1);
    struct image_variable *row =
        MAKER_RECORDS(maker, VARIABLES, struct image_variable) + from->variable;
    if (from->projection != PROJECT_WHOLE && from->projection != PROJECT_NOW)
        return;
    *row = (struct image_variable){.type = from->type,
                                   .can_be_unset = from->unset,
                                   .needed = 1,
                                   .initial = from->initial,
                                   .class_count = from->type == TW_TYPE_STRING};
    type_domain(from->type, PROJECT_WHOLE, attribute.word_count, &row->low, &row->high);
}

/* Rules r0, r1, ... and `otherwise`; rule i takes the one tier there is. */
static inline void maker_rules(struct maker *maker, uint32_t rule_count)
{
    struct image_step step = {.timeout = -1};
    maker_add(maker, SECTION_STEPS, &step, 1);
    for (uint32_t i = 0; i <= rule_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "r%u", i);
        struct image_rule rule = {.name = maker_text(maker, i < rule_count ? name : "otherwise"),
                                  .step_count = 1};
        maker_add(maker, SECTION_RULES, &rule, 1);
    }
}

/* The built-in attributes, one tier, `rule_count` rules and `otherwise`, which always decides. */
static inline void maker_init(struct maker *maker, uint32_t rule_count)
{
    for (int i = 0; i < SECTION_COUNT; i++)
        buffer_init(&maker->sections[i], IMAGE_LIMIT);
    maker_text(maker, "");
    struct image_string tier = maker_text(maker, "auto"), zone = maker_text(maker, "UTC");
    struct image_info info = {
        .timezone = zone, .rule_count = rule_count, .start = TARGET_DECIDES | rule_count};
    struct image_variable variables[VARIABLE_BUILTIN_COUNT] = {{.low = 0}};
    maker_add(maker, SECTION_INFO, &info, 1);
    maker_add(maker, SECTION_TIERS, &tier, 1);
    MAKER_ADD(maker, VARIABLES, variables);
    for (size_t i = 0; i < builtin_attribute_count; i++)
        maker_builtin(maker, &builtin_attributes[i]);
    maker_rules(maker, rule_count);
}

static inline void maker_start(struct maker *maker, enum plan plan, uint32_t target)
{
    struct image_info *info = MAKER_RECORDS(maker, INFO, struct image_info);
    info->plan = plan;
    info->start = target;
}

static inline void maker_free(struct maker *maker)
{
    for (int i = 0; i < SECTION_COUNT; i++)
        buffer_free(&maker->sections[i]);
}

/* What the header says of the rest, as far as the rest is sound. */
static inline void maker_seal(struct buffer *image)
{
    struct image_header *header = (struct image_header *)image->data;
    struct tw_policy policy = {.image = image->data, .length = image->length, .header = header};
    struct checker checker = {&policy, CHECKER_RECORDS};
    if (!verify_sections(&policy, NULL) && !verify_schema(&checker, NULL) &&
        !verify_actions(&checker, NULL) && !verify_code(&checker, NULL))
        header->longest_run = program_longest_run(&policy);
    header->checksum = image_checksum(image->data, image->length);
}

/* The bytes of the image into `image`, which the caller frees. */
static inline void maker_join(const struct maker *maker, struct buffer *image)
{
    struct image_section table[SECTION_COUNT];
    struct image_header header = {
        .version = IMAGE_VERSION, .edition = TW_EDITION, .section_count = SECTION_COUNT};
    memcpy(header.magic, IMAGE_MAGIC, sizeof header.magic);
    header.length = sizeof header + sizeof table;
    for (uint32_t i = 0; i < SECTION_COUNT; i++) {
        size_t length = maker->sections[i].length;
        table[i] = (struct image_section){i, (uint32_t)(length / maker_sizes[i]), header.length};
        header.length += (length + 7) / 8 * 8;
    }
    buffer_init(image, IMAGE_LIMIT);
    buffer_append(image, &header, sizeof header);
    buffer_append(image, table, sizeof table);
    for (int i = 0; i < SECTION_COUNT; i++) {
        buffer_append(image, maker->sections[i].data, maker->sections[i].length);
        buffer_repeat(image, '\0', (8 - image->length % 8) % 8);
    }
    maker_seal(image);
}

/* NULL where it is refused; `error` then says why. */
static inline tw_policy *maker_load(const struct maker *maker, struct tw_error *error)
{
    struct buffer image;
    tw_policy *policy;
    maker_join(maker, &image);
    enum tw_status status = tw_policy_load(image.data, image.length, &policy, error);
    buffer_free(&image);
    return status == TW_OK ? policy : NULL;
}

#endif
