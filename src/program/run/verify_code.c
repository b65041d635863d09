/* program/run/verify_code.c: sets, instructions, and the jumps of switches. See verify.c. */
#include "program/run/verify.h"

static bool set_good(struct checker *checker, const struct image_set *set)
{
    const struct tw_policy *policy = checker->policy;
    if (!range_good(set->first, set->count, policy->count_INTERVALS) || !spend(checker, set->count))
        return false;
    const struct image_interval *intervals = policy->section_INTERVALS + set->first;
    for (uint32_t i = 0; i < set->count; i++)
        if (intervals[i].low > intervals[i].high || intervals[i].low == VALUE_UNSET ||
            (i > 0 && intervals[i].low <= intervals[i - 1].high))
            return false;
    return true;
}

static bool jumps_good(struct checker *checker, uint32_t index, uint32_t first, uint64_t count)
{
    const struct tw_policy *policy = checker->policy;
    if (!range_good(first, count, policy->count_JUMPS) || !spend(checker, count))
        return false;
    for (uint64_t i = 0; i < count; i++)
        if (!target_good(policy, policy->section_JUMPS[first + i], index + 1))
            return false;
    return true;
}

static bool direct_good(struct checker *checker, uint32_t index, const struct image_instruction *at)
{
    return at->then > 0 && at->otherwise == 0 && jumps_good(checker, index, at->operand, at->then);
}

static bool search_good(struct checker *checker, uint32_t index, const struct image_instruction *at)
{
    return at->otherwise > 0 && keys_good(checker, at->operand, at->otherwise) &&
           jumps_good(checker, index, at->then, at->otherwise + (uint64_t)1);
}

/* A search ends at a free place, so there has to be one. */
static bool hash_good(struct checker *checker, uint32_t index, const struct image_instruction *at)
{
    const struct tw_policy *policy = checker->policy;
    if (at->otherwise == 0 || at->otherwise > 24)
        return false;
    uint32_t places = 1u << at->otherwise, place = 0;
    if (!range_good(at->operand, places, policy->count_CONSTANTS) || !spend(checker, places))
        return false;
    while (place < places && policy->section_CONSTANTS[at->operand + place] != VALUE_UNSET)
        place++;
    return place < places && jumps_good(checker, index, at->then, places);
}

static bool test_good(const struct tw_policy *policy, const struct image_instruction *at)
{
    const int64_t *bounds = policy->section_CONSTANTS + at->operand;
    switch (op_operand((enum op)at->op)) {
    case OPERAND_NONE:
        return at->operand == 0;
    case OPERAND_NUMBER:
        return true;
    case OPERAND_CONSTANT:
        return range_good(at->operand, 2, policy->count_CONSTANTS) && bounds[0] > VALUE_UNSET &&
               bounds[0] <= bounds[1];
    case OPERAND_BITS:
        return at->operand < policy->count_CONSTANTS;
    case OPERAND_SET:
        return at->operand < policy->count_SETS;
    case OPERAND_PATTERN:
        return at->operand < policy->count_PATTERNS &&
               policy->section_VARIABLES[at->variable].type == TW_TYPE_STRING;
    case OPERAND_DIRECT:
    case OPERAND_SEARCH:
    case OPERAND_HASH:
    case OPERAND_TABLE:
    case OPERAND_MASKS:
        break;
    }
    return false;
}

static bool instruction_good(struct checker *checker, uint32_t index)
{
    const struct tw_policy *policy = checker->policy;
    const struct image_instruction *at = &policy->section_CODE[index];
    if (at->op >= OP_COUNT || at->variable >= policy->count_VARIABLES || at->reserved != 0)
        return false;
    enum operand operand = op_operand((enum op)at->op);
    if (operand == OPERAND_DIRECT)
        return direct_good(checker, index, at);
    if (operand == OPERAND_SEARCH)
        return search_good(checker, index, at);
    if (operand == OPERAND_HASH)
        return hash_good(checker, index, at);
    /* What does not test a variable names the first one. */
    if (operand == OPERAND_TABLE)
        return at->variable == 0 && at->then == 0 && at->otherwise == 0 &&
               at->operand < policy->count_TABLES;
    if (operand == OPERAND_MASKS)
        return at->variable == 0 && at->then == 0 && at->operand < policy->count_GROUPS &&
               target_good(policy, at->otherwise, index + 1);
    return test_good(policy, at) && target_good(policy, at->then, index + 1) &&
           target_good(policy, at->otherwise, index + 1);
}

enum tw_status verify_code(struct checker *checker, struct tw_error *error)
{
    const struct tw_policy *policy = checker->policy;
    for (uint32_t i = 0; i < policy->count_SETS; i++)
        if (!set_good(checker, &policy->section_SETS[i]))
            return DAMAGED("set %u", i);
    for (uint32_t i = 0; i < policy->count_TABLES; i++)
        if (!table_good(checker, &policy->section_TABLES[i]))
            return DAMAGED("table %u", i);
    for (uint32_t i = 0; i < policy->count_GROUPS; i++)
        if (!masks_good(checker, &policy->section_GROUPS[i]))
            return DAMAGED("group of masks %u", i);
    for (uint32_t i = 0; i < policy->count_CODE; i++)
        if (!instruction_good(checker, i))
            return DAMAGED("instruction %u", i);
    if (!target_good(policy, policy->section_INFO->start, 0))
        return DAMAGED("where it begins");
    return TW_OK;
}
