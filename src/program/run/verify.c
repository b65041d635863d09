/* program/run/verify.c: from bytes to sections that can be relied on.
 *
 * Total: whatever the bytes are, the result is TW_OK or an error, and after TW_OK every offset,
 * index, length and jump that the run part follows is in range. The checksum finds accidents;
 * nothing else relies on it, since an attacker can compute one too. */
#include "program/run/verify.h"

#include "program/run/mix.h"

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

static const char *const plans[] = {
#define TW_PLAN(name, text, meaning) text,
#include "program/run/plans.def"
#undef TW_PLAN
};

const char *plan_text(enum plan plan)
{
    return plans[plan];
}

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
    return mix_hash((struct text){image + header, length - header}, IMAGE_VERSION);
}

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

enum tw_status verify_sections(struct tw_policy *policy, struct tw_error *error)
{
#define TW_SECTION(name, text, type, most)                                                         \
    policy->section_##name = locate(policy, SECTION_##name, &policy->count_##name);                \
    if (!policy->section_##name)                                                                   \
        return DAMAGED("section %s", text);
#include "program/run/sections.def"
#undef TW_SECTION
    return TW_OK;
}

/* The longest way on from a target; `longest` knows that of every later instruction. */
static uint32_t longest_from(const uint32_t *longest, uint32_t target)
{
    return target & TARGET_DECIDES ? 0 : longest[target];
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Stays at the greatest number where the sum is greater. */
static uint32_t sum(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static uint32_t longest_of_jumps(const struct tw_policy *policy, const uint32_t *longest,
                                 uint32_t first, uint32_t count)
{
    uint32_t result = 0;
    for (uint32_t i = 0; i < count; i++)
        result = greater(result, longest_from(longest, policy->section_JUMPS[first + i]));
    return result;
}

/* One for each variable, and one for the cell. */
static uint32_t table_steps(const struct tw_policy *policy, const struct image_table *table)
{
    const struct image_block *blocks = policy->section_BLOCKS + table->block_first;
    uint32_t steps = table->column_count + 1;
    for (uint32_t i = 0; i < table->block_count; i++)
        steps += i == 0 || blocks[i].variable != blocks[i - 1].variable;
    return steps;
}

static uint32_t longest_at(const struct tw_policy *policy, const uint32_t *longest, uint32_t index)
{
    const struct image_instruction *at = &policy->section_CODE[index];
    switch (op_operand((enum op)at->op)) {
    case OPERAND_DIRECT:
        return sum(1, longest_of_jumps(policy, longest, at->operand, at->then));
    case OPERAND_SEARCH:
        return sum(1, longest_of_jumps(policy, longest, at->then, at->otherwise + 1));
    case OPERAND_HASH:
        return sum(1, longest_of_jumps(policy, longest, at->then, 1u << at->otherwise));
    case OPERAND_TABLE:
        return table_steps(policy, &policy->section_TABLES[at->operand]);
    case OPERAND_MASKS: {
        const struct image_masks *group = &policy->section_GROUPS[at->operand];
        return sum(group->axis_count + group->word_count, longest_from(longest, at->otherwise));
    }
    case OPERAND_NONE:
    case OPERAND_NUMBER:
    case OPERAND_CONSTANT:
    case OPERAND_BITS:
    case OPERAND_SET:
    case OPERAND_PATTERN:
        break;
    }
    return sum(1, greater(longest_from(longest, at->then), longest_from(longest, at->otherwise)));
}

uint32_t program_longest_run(const struct tw_policy *policy)
{
    uint32_t *longest = calloc(policy->count_CODE + 1u, sizeof *longest);
    if (!longest)
        return 0;
    for (uint32_t i = policy->count_CODE; i-- > 0;)
        longest[i] = longest_at(policy, longest, i);
    uint32_t result = greater(1, longest_from(longest, policy->section_INFO->start));
    free(longest);
    return result;
}

static enum tw_status check_longest_run(const struct tw_policy *policy, struct tw_error *error)
{
    uint32_t longest = program_longest_run(policy);
    if (longest == 0)
        return fail(error, TW_NO_MEMORY, "out of memory");
    return longest == policy->header->longest_run ? TW_OK : DAMAGED("its longest run");
}

enum tw_status program_verify(struct tw_policy *policy, struct tw_error *error)
{
    struct checker checker = {policy, CHECKER_RECORDS};
    enum tw_status status;
    if ((status = check_header(policy, error)) != TW_OK ||
        (status = verify_sections(policy, error)) != TW_OK ||
        (status = verify_schema(&checker, error)) != TW_OK ||
        (status = verify_actions(&checker, error)) != TW_OK ||
        (status = verify_code(&checker, error)) != TW_OK)
        return status;
    return check_longest_run(policy, error);
}
