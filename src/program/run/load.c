/* program/run/load.c: loading a program, and what it says about itself.
 *
 * Loading takes the image over, verifies it, and makes the few tables of pointers that the public
 * functions hand out. The policy owns all of it. */
#include "program/run/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum tw_status make_words(struct tw_policy *policy)
{
    policy->words = calloc(policy->count_WORDS + 1u, sizeof *policy->words);
    for (uint32_t i = 0; policy->words && i < policy->count_WORDS; i++)
        policy->words[i] = image_text(policy, policy->section_WORDS[i]);
    return policy->words ? TW_OK : TW_NO_MEMORY;
}

static int64_t view(const struct tw_policy *policy, const struct image_attribute *row,
                    int64_t value)
{
    return projection_view((enum projection)row->projection, value, budget_limit(policy, row));
}

static enum tw_status make_attributes(struct tw_policy *policy)
{
    policy->attributes = calloc(policy->count_ATTRIBUTES, sizeof *policy->attributes);
    if (!policy->attributes)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++) {
        const struct image_attribute *row = &policy->section_ATTRIBUTES[i];
        const struct image_variable *variable = &policy->section_VARIABLES[row->variable];
        policy->attributes[i] =
            (struct tw_attribute){.name = image_text(policy, row->name),
                                  .type = (enum tw_type)row->type,
                                  .from = (enum tw_source_kind)row->from,
                                  .source = image_text(policy, row->source),
                                  .needed = row->needed,
                                  .builtin = row->builtin,
                                  .has_default = row->has_default,
                                  .default_value = view(policy, row, variable->initial),
                                  .default_text = image_text(policy, variable->initial_text),
                                  .word_count = row->word_count,
                                  .words = policy->words + row->word_first};
    }
    return TW_OK;
}

static enum tw_status make_names(struct tw_policy *policy)
{
    uint32_t capacity = 64;
    while (capacity < policy->count_ATTRIBUTES * 2)
        capacity *= 2;
    policy->names = calloc(capacity, sizeof *policy->names);
    if (!policy->names)
        return TW_NO_MEMORY;
    policy->names_capacity = capacity;
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++) {
        struct text name = image_slice(policy, policy->section_ATTRIBUTES[i].name);
        uint32_t at = (uint32_t)text_hash(name, 0) & (capacity - 1);
        while (policy->names[at])
            at = (at + 1) & (capacity - 1);
        policy->names[at] = i + 1;
    }
    return TW_OK;
}

int attribute_find(const struct tw_policy *policy, struct text name)
{
    uint32_t mask = policy->names_capacity - 1;
    for (uint32_t at = (uint32_t)text_hash(name, 0) & mask; policy->names[at]; at = (at + 1) & mask)
        if (text_equal(image_slice(policy, policy->section_ATTRIBUTES[policy->names[at] - 1].name),
                       name))
            return (int)policy->names[at] - 1;
    return -1;
}

static enum tw_status open_zone(struct tw_policy *policy, struct tw_error *error)
{
    struct text name = image_slice(policy, policy->section_INFO->timezone);
    enum tw_status status = zone_open(name, &policy->zone);
    if (status == TW_NOT_FOUND)
        return fail(error, status, "the system knows no time zone \"%s\"", name.data);
    return status;
}

enum tw_status policy_load_taken(struct buffer *image, tw_policy **result, struct tw_error *error)
{
    *result = NULL;
    enum tw_status status = TW_NO_MEMORY;
    struct tw_policy *policy = calloc(1, sizeof *policy);
    size_t length = image->length;
    buffer_repeat(image, '\0', sizeof(struct image_header)); /* where an image is cut off */
    if (!policy || image->status) {
        buffer_free(image);
        goto done;
    }
    policy->length = length;
    policy->image = image->data; /* malloc aligns to 16 */
    *image = (struct buffer){0};
    policy->header = (const struct image_header *)policy->image;
    if ((status = program_verify(policy, error)) != TW_OK ||
        (status = make_words(policy)) != TW_OK || (status = make_attributes(policy)) != TW_OK ||
        (status = make_names(policy)) != TW_OK || (status = ready_make(policy)) != TW_OK ||
        (status = open_zone(policy, error)) != TW_OK)
        goto done;
    program_use(policy, vector_unit_here());
    snprintf(policy->hash, sizeof policy->hash, "%016" PRIx64, policy->header->source_hash);
    *result = policy;
    policy = NULL;
done:
    if (status == TW_NO_MEMORY)
        fail(error, TW_NO_MEMORY, "out of memory");
    tw_policy_free(policy);
    return status;
}

enum tw_status tw_policy_load(const void *image, size_t length, tw_policy **policy,
                              struct tw_error *error)
{
    struct buffer copy;
    *policy = NULL;
    if (length > IMAGE_LIMIT)
        return fail(error, TW_DAMAGED, "this is no program image: it is larger than any");
    buffer_init(&copy, IMAGE_ROOM(length));
    buffer_reserve(&copy, IMAGE_ROOM(length));
    buffer_append(&copy, image, length);
    return policy_load_taken(&copy, policy, error);
}

void tw_policy_free(tw_policy *policy)
{
    if (!policy)
        return;
    zone_free(policy->zone);
    ready_free(policy);
    free(policy->names);
    free(policy->attributes);
    free(policy->words);
    free(policy->image);
    free(policy);
}

const void *tw_policy_image(const tw_policy *policy, size_t *length)
{
    *length = policy->length;
    return policy->image;
}

const char *tw_policy_hash(const tw_policy *policy)
{
    return policy->hash;
}

const char *tw_policy_timezone(const tw_policy *policy)
{
    return image_text(policy, policy->section_INFO->timezone);
}

const char *tw_policy_provider(const tw_policy *policy)
{
    return image_text(policy, policy->section_INFO->provider);
}

size_t tw_policy_tier_count(const tw_policy *policy)
{
    return policy->count_TIERS;
}

const char *tw_policy_tier(const tw_policy *policy, size_t index)
{
    return index < policy->count_TIERS ? image_text(policy, policy->section_TIERS[index]) : NULL;
}

size_t tw_policy_attribute_count(const tw_policy *policy)
{
    return policy->count_ATTRIBUTES;
}

bool tw_policy_attribute(const tw_policy *policy, size_t index, struct tw_attribute *attribute)
{
    if (index >= policy->count_ATTRIBUTES)
        return false;
    *attribute = policy->attributes[index];
    return true;
}

int tw_policy_find_attribute(const tw_policy *policy, const char *name)
{
    return attribute_find(policy, text_of(name));
}

uint32_t tw_policy_rule_count(const tw_policy *policy)
{
    return policy->section_INFO->rule_count;
}

bool tw_policy_rule(const tw_policy *policy, uint32_t rule, struct tw_rule *description)
{
    if (rule >= policy->count_RULES)
        return false;
    const struct image_rule *row = &policy->section_RULES[rule];
    const char *label = image_text(policy, row->label);
    *description = (struct tw_rule){.name = image_text(policy, row->name),
                                    .label = label,
                                    .file = image_text(policy, row->file),
                                    .line = row->line,
                                    .column = row->column};
    return true;
}

static struct tw_step step_of(const struct tw_policy *policy, const struct tw_request *request,
                              const struct image_step *row)
{
    uint32_t tier = row->tier;
    if (row->attribute_and_one) {
        uint32_t variable = policy->section_ATTRIBUTES[row->attribute_and_one - 1].variable;
        int64_t value = request ? request->values[variable] : VALUE_UNSET;
        tier = value == VALUE_UNSET ? 0 : (uint32_t)value;
    }
    return (struct tw_step){.tier = tier,
                            .name = image_text(policy, policy->section_TIERS[tier]),
                            .timeout = row->timeout,
                            .retry = row->retry,
                            .strict = row->strict};
}

bool tw_policy_action(const tw_policy *policy, const tw_request *request, uint32_t rule,
                      struct tw_action *action)
{
    if (rule >= policy->count_RULES)
        return false;
    const struct image_rule *row = &policy->section_RULES[rule];
    action->step_count = row->step_count;
    action->reads_attribute = false;
    for (uint32_t i = 0; i < row->step_count; i++) {
        const struct image_step *step = &policy->section_STEPS[row->step_first + i];
        action->steps[i] = step_of(policy, request, step);
        action->reads_attribute |= step->attribute_and_one != 0;
    }
    action->reject = row->reject;
    action->reason = image_text(policy, row->reason);
    return true;
}
