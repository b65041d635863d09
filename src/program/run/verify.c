/* program/run/verify.c: from bytes to sections that can be relied on.
 *
 * Total: whatever the bytes are, the result is TW_OK or an error, and after TW_OK every offset,
 * index, length and jump that the run part follows is in range. The checksum finds accidents;
 * nothing else relies on it, since an attacker can compute one too. */
#include "program/run/program.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    size_t size;
    uint32_t most;
} sections[] = {
#define TW_SECTION(name, text, type, most) {text, sizeof(type), most},
#include "program/run/sections.def"
#undef TW_SECTION
};

static const struct {
    const char *text;
    enum operand operand;
} ops[] = {
#define TW_OP(name, text, operand, meaning) {text, OPERAND_##operand},
#include "program/run/ops.def"
#undef TW_OP
};

const char *op_text(enum op op)
{
    return ops[op].text;
}

enum operand op_operand(enum op op)
{
    return ops[op].operand;
}

const char *section_text(enum section section)
{
    return sections[section].text;
}

uint64_t image_checksum(const char *image, size_t length)
{
    size_t header = sizeof(struct image_header);
    return text_hash((struct text){image + header, length - header}, IMAGE_VERSION);
}

#define DAMAGED(...) fail(error, TW_DAMAGED, "damaged program image: " __VA_ARGS__)

static enum tw_status check_header(const struct tw_policy *policy, struct tw_error *error)
{
    const struct image_header *header = policy->header;
    if (policy->length < sizeof *header || memcmp(header->magic, IMAGE_MAGIC, 8) != 0)
        return fail(error, TW_DAMAGED, "this is not a program image");
    if (header->version > IMAGE_VERSION || header->edition > TW_EDITION)
        return fail(error, TW_NEWER,
                    "this image is of format %u, edition %u; this tierway runs up to %d and %d",
                    header->version, header->edition, IMAGE_VERSION, TW_EDITION);
    if (header->version != IMAGE_VERSION || header->edition < 1)
        return DAMAGED("format %u, edition %u", header->version, header->edition);
    if (header->length != policy->length || header->section_count != SECTION_COUNT)
        return DAMAGED("it is cut, or longer than it says");
    if (policy->length < sizeof *header + SECTION_COUNT * sizeof(struct image_section))
        return DAMAGED("the section table is cut");
    if (header->checksum != image_checksum(policy->image, policy->length))
        return DAMAGED("the checksum does not fit");
    return TW_OK;
}

/* Where a section's records are; NULL after a finding. */
static const void *locate(const struct tw_policy *policy, enum section kind, uint32_t *count)
{
    const struct image_section *entry =
        (const struct image_section *)(policy->image + sizeof *policy->header) + kind;
    size_t table_end = sizeof *policy->header + SECTION_COUNT * sizeof *entry;
    if (entry->kind != (uint32_t)kind || entry->offset % 8 != 0 || entry->offset < table_end ||
        entry->offset > policy->length || entry->count > sections[kind].most ||
        entry->count > (policy->length - entry->offset) / sections[kind].size)
        return NULL;
    *count = entry->count;
    return policy->image + entry->offset;
}

static enum tw_status find_sections(struct tw_policy *policy, struct tw_error *error)
{
#define TW_SECTION(name, text, type, most)                                                         \
    policy->section_##name = locate(policy, SECTION_##name, &policy->count_##name);                \
    if (!policy->section_##name)                                                                   \
        return DAMAGED("section %s", text);
#include "program/run/sections.def"
#undef TW_SECTION
    return TW_OK;
}

static bool string_good(const struct tw_policy *policy, struct image_string string)
{
    return string.offset < policy->count_STRINGS &&
           string.length < policy->count_STRINGS - string.offset &&
           policy->section_STRINGS[string.offset + string.length] == '\0';
}

static bool range_good(uint32_t first, uint32_t count, uint32_t total)
{
    return first <= total && count <= total - first;
}

static bool strings_good(const struct tw_policy *policy, const struct image_string *strings,
                         uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!string_good(policy, strings[i]))
            return false;
    return true;
}

/* A search in the table ends only if a place is free; numbers tell its texts apart. */
static bool literals_good(const struct tw_policy *policy, const struct image_variable *variable)
{
    uint32_t capacity = variable->literal_capacity, used = 0;
    if (capacity == 0)
        return variable->literal_count == 0;
    if ((capacity & (capacity - 1)) != 0 ||
        !range_good(variable->literal_first, capacity, policy->count_LITERALS))
        return false;
    const struct image_literal *literals = policy->section_LITERALS + variable->literal_first;
    for (uint32_t i = 0; i < capacity; i++) {
        if (literals[i].number == 0)
            continue;
        used++;
        if (literals[i].number > variable->literal_count || !string_good(policy, literals[i].text))
            return false;
    }
    return used == variable->literal_count && used < capacity;
}

static bool variable_good(const struct tw_policy *policy, const struct image_variable *variable)
{
    bool initial = variable->can_be_unset || variable->type == TW_TYPE_STRING ||
                   (variable->initial >= variable->low && variable->initial <= variable->high);
    return variable->type <= TW_TYPE_NOW && variable->low > VALUE_UNSET &&
           variable->low <= variable->high && initial &&
           string_good(policy, variable->initial_text) &&
           (variable->literal_capacity == 0 || variable->type == TW_TYPE_STRING) &&
           literals_good(policy, variable);
}

/* Which projections may look at a variable of which type: request_set and request_print rely on it.
 */
static bool projection_good(const struct tw_policy *policy, const struct image_attribute *attribute)
{
    static const enum tw_type types[] = {
        [PROJECT_INTERACTIVE] = TW_TYPE_BOOL, [PROJECT_TIME] = TW_TYPE_TIME,
        [PROJECT_HOUR] = TW_TYPE_INT,         [PROJECT_WEEKDAY] = TW_TYPE_WEEKDAY,
        [PROJECT_NOW] = TW_TYPE_NOW,          [PROJECT_LEFT] = TW_TYPE_MONEY,
        [PROJECT_USED] = TW_TYPE_PERCENT,
    };
    const struct image_variable *variable = &policy->section_VARIABLES[attribute->variable];
    if (attribute->projection == PROJECT_WHOLE)
        return attribute->type == variable->type && attribute->type != TW_TYPE_NOW;
    if (attribute->type != types[attribute->projection])
        return false;
    if (attribute->projection == PROJECT_INTERACTIVE)
        return attribute->variable == VARIABLE_REQUEST_TYPE;
    if (attribute->projection == PROJECT_LEFT || attribute->projection == PROJECT_USED)
        return variable->type == TW_TYPE_MONEY && variable->low == 0 && !variable->can_be_unset &&
               attribute->budget_and_one != 0;
    return attribute->variable == VARIABLE_CLOCK;
}

static bool words_good(const struct tw_policy *policy, const struct image_attribute *attribute)
{
    const struct image_variable *variable = &policy->section_VARIABLES[attribute->variable];
    if (!range_good(attribute->word_first, attribute->word_count, policy->count_WORDS))
        return false;
    if (attribute->type != TW_TYPE_ENUM && attribute->type != TW_TYPE_TIER)
        return attribute->word_count == 0;
    return variable->low == 0 && attribute->word_count > 0 &&
           variable->high == (int64_t)attribute->word_count - 1 &&
           (attribute->type != TW_TYPE_TIER || attribute->word_count == policy->count_TIERS);
}

static bool attribute_good(const struct tw_policy *policy, const struct image_attribute *attribute)
{
    return string_good(policy, attribute->name) && attribute->name.length > 0 &&
           string_good(policy, attribute->source) &&
           attribute->variable < policy->count_VARIABLES && attribute->type <= TW_TYPE_NOW &&
           attribute->projection <= PROJECT_USED && attribute->from <= TW_FROM_HEALTH &&
           attribute->budget_and_one <= policy->count_BUDGETS &&
           (attribute->has_default != 0) !=
               (policy->section_VARIABLES[attribute->variable].can_be_unset != 0) &&
           words_good(policy, attribute) && projection_good(policy, attribute);
}

/* The clock and the request type have places of their own, which requests rely on. */
static bool builtins_good(const struct tw_policy *policy)
{
    const struct image_variable *variables = policy->section_VARIABLES;
    return policy->count_VARIABLES >= VARIABLE_BUILTIN_COUNT &&
           policy->count_ATTRIBUTES >= VARIABLE_BUILTIN_COUNT &&
           variables[VARIABLE_CLOCK].type == TW_TYPE_NOW && variables[VARIABLE_CLOCK].low == 0 &&
           variables[VARIABLE_CLOCK].high == SECONDS_PER_WEEK - 1 &&
           !variables[VARIABLE_CLOCK].can_be_unset &&
           variables[VARIABLE_DATE].type == TW_TYPE_DATE &&
           !variables[VARIABLE_DATE].can_be_unset &&
           variables[VARIABLE_REQUEST_TYPE].type == TW_TYPE_ENUM &&
           variables[VARIABLE_REQUEST_TYPE].high == REQUEST_TYPE_BACKGROUND &&
           !variables[VARIABLE_REQUEST_TYPE].can_be_unset &&
           variables[VARIABLE_USER].type == TW_TYPE_STRING &&
           variables[VARIABLE_SAMPLE].type == TW_TYPE_PERCENT;
}

static enum tw_status check_schema(const struct tw_policy *policy, struct tw_error *error)
{
    if (policy->count_INFO != 1 || policy->count_TIERS == 0)
        return DAMAGED("no info, or no tiers");
    const struct image_info *info = policy->section_INFO;
    if (!string_good(policy, info->name) || !string_good(policy, info->timezone) ||
        !string_good(policy, info->provider) ||
        !strings_good(policy, policy->section_TIERS, policy->count_TIERS) ||
        !strings_good(policy, policy->section_WORDS, policy->count_WORDS) ||
        !strings_good(policy, policy->section_PATTERNS, policy->count_PATTERNS))
        return DAMAGED("a string is out of range");
    for (uint32_t i = 0; i < policy->count_VARIABLES; i++)
        if (!variable_good(policy, &policy->section_VARIABLES[i]))
            return DAMAGED("variable %u", i);
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (!attribute_good(policy, &policy->section_ATTRIBUTES[i]))
            return DAMAGED("attribute %u", i);
    for (uint32_t i = 0; i < policy->count_BUDGETS; i++) {
        const struct image_budget *budget = &policy->section_BUDGETS[i];
        if (!string_good(policy, budget->name) || !string_good(policy, budget->window) ||
            budget->limit <= 0 || budget->by_and_one > policy->count_ATTRIBUTES)
            return DAMAGED("budget %u", i);
    }
    return builtins_good(policy) ? TW_OK : DAMAGED("the built-in attributes are not in place");
}

static bool set_good(const struct tw_policy *policy, const struct image_set *set)
{
    if (!range_good(set->first, set->count, policy->count_INTERVALS))
        return false;
    const struct image_interval *intervals = policy->section_INTERVALS + set->first;
    for (uint32_t i = 0; i < set->count; i++)
        if (intervals[i].low > intervals[i].high || intervals[i].low == VALUE_UNSET ||
            (i > 0 && intervals[i].low <= intervals[i - 1].high))
            return false;
    return true;
}

static bool operand_good(const struct tw_policy *policy, const struct image_instruction *at)
{
    const int64_t *bounds = policy->section_CONSTANTS + at->operand;
    switch (ops[at->op].operand) {
    case OPERAND_NONE:
        return at->operand == 0;
    case OPERAND_CONSTANT:
        return policy->count_CONSTANTS >= 2 && at->operand <= policy->count_CONSTANTS - 2 &&
               bounds[0] > VALUE_UNSET && bounds[0] <= bounds[1];
    case OPERAND_MASK:
        return at->operand < policy->count_CONSTANTS;
    case OPERAND_SET:
        return at->operand < policy->count_SETS;
    case OPERAND_PATTERN:
        return at->operand < policy->count_PATTERNS &&
               policy->section_VARIABLES[at->variable].type == TW_TYPE_STRING;
    case OPERAND_RULE:
        return at->operand < policy->count_RULES;
    }
    return false;
}

static bool instruction_good(const struct tw_policy *policy, uint32_t index)
{
    const struct image_instruction *at = &policy->section_CODE[index];
    if (at->op >= OP_COUNT || at->variable >= policy->count_VARIABLES || at->reserved != 0 ||
        !operand_good(policy, at))
        return false;
    if (at->op == OP_DECIDE)
        return at->then == 0 && at->otherwise == 0;
    return at->then > index && at->then < policy->count_CODE && at->otherwise > index &&
           at->otherwise < policy->count_CODE;
}

static enum tw_status check_code(const struct tw_policy *policy, struct tw_error *error)
{
    for (uint32_t i = 0; i < policy->count_SETS; i++)
        if (!set_good(policy, &policy->section_SETS[i]))
            return DAMAGED("set %u", i);
    for (uint32_t i = 0; i < policy->count_CODE; i++)
        if (!instruction_good(policy, i))
            return DAMAGED("instruction %u", i);
    /* Jumps go forward and stay inside, so the last instruction is a decision. */
    return policy->count_CODE > 0 ? TW_OK : DAMAGED("there is no code");
}

static bool step_good(const struct tw_policy *policy, const struct image_step *step)
{
    if (step->attribute_and_one > policy->count_ATTRIBUTES || step->tier >= policy->count_TIERS)
        return false;
    if (step->attribute_and_one == 0)
        return true;
    const struct image_attribute *attribute =
        &policy->section_ATTRIBUTES[step->attribute_and_one - 1];
    return attribute->type == TW_TYPE_TIER && attribute->projection == PROJECT_WHOLE;
}

static enum tw_status check_actions(const struct tw_policy *policy, struct tw_error *error)
{
    if (policy->count_RULES != policy->section_INFO->rule_count + 1u)
        return DAMAGED("the number of rules");
    for (uint32_t i = 0; i < policy->count_STEPS; i++)
        if (!step_good(policy, &policy->section_STEPS[i]))
            return DAMAGED("step %u", i);
    for (uint32_t i = 0; i < policy->count_RULES; i++) {
        const struct image_rule *rule = &policy->section_RULES[i];
        if (!string_good(policy, rule->name) || !string_good(policy, rule->label) ||
            !string_good(policy, rule->file) || !string_good(policy, rule->reason) ||
            rule->step_count > TW_MAX_STEPS || (rule->step_count == 0 && !rule->reject) ||
            !range_good(rule->step_first, rule->step_count, policy->count_STEPS))
            return DAMAGED("rule %u", i);
    }
    return TW_OK;
}

uint32_t program_longest_run(const struct image_instruction *code, uint32_t count)
{
    uint32_t *longest = calloc(count ? count : 1, sizeof *longest);
    if (!longest)
        return 0;
    for (uint32_t i = count; i-- > 0;) {
        uint32_t then = code[i].op == OP_DECIDE ? 0 : longest[code[i].then];
        uint32_t otherwise = code[i].op == OP_DECIDE ? 0 : longest[code[i].otherwise];
        longest[i] = 1 + (then > otherwise ? then : otherwise);
    }
    uint32_t result = longest[0];
    free(longest);
    return result;
}

static enum tw_status check_longest_run(const struct tw_policy *policy, struct tw_error *error)
{
    uint32_t longest = program_longest_run(policy->section_CODE, policy->count_CODE);
    if (longest == 0)
        return fail(error, TW_NO_MEMORY, "out of memory");
    return longest == policy->header->longest_run ? TW_OK : DAMAGED("its longest run");
}

enum tw_status program_verify(struct tw_policy *policy, struct tw_error *error)
{
    static enum tw_status (*const checks[])(const struct tw_policy *, struct tw_error *) = {
        check_schema, check_code, check_actions, check_longest_run};
    enum tw_status status = check_header(policy, error);
    if (status == TW_OK)
        status = find_sections(policy, error);
    for (size_t i = 0; status == TW_OK && i < sizeof checks / sizeof checks[0]; i++)
        status = checks[i](policy, error);
    return status;
}
