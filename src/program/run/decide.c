/* program/run/decide.c: the evaluator. Allocates nothing, takes no lock, checks nothing that the
 * verifier has checked: every jump goes forward, every index is in range, the run ends. */
#include "program/run/program.h"

static bool among(const struct tw_policy *policy, uint32_t set, int64_t value)
{
    const struct image_interval *intervals =
        policy->section_INTERVALS + policy->section_SETS[set].first;
    uint32_t low = 0, high = policy->section_SETS[set].count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (intervals[middle].high < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < policy->section_SETS[set].count && intervals[low].low <= value;
}

static bool like(const struct tw_policy *policy, uint32_t pattern, struct text text)
{
    return glob_matches(image_slice(policy, policy->section_PATTERNS[pattern]), text);
}

uint32_t tw_decide(const struct tw_policy *policy, const struct tw_request *request)
{
    const struct image_instruction *code = policy->section_CODE, *at = code;
    const int64_t *constants = policy->section_CONSTANTS;
    for (;;) {
        int64_t value = request->values[at->variable];
        bool holds = false;
        switch ((enum op)at->op) {
        case OP_BETWEEN: {
            const int64_t *bounds = constants + at->operand;
            /* One comparison for both ends: below low wraps round to a large number. */
            holds =
                (uint64_t)value - (uint64_t)bounds[0] <= (uint64_t)bounds[1] - (uint64_t)bounds[0];
            break;
        }
        case OP_BITS:
            holds = (uint64_t)value < 64 && ((uint64_t)constants[at->operand] >> value & 1);
            break;
        case OP_AMONG:
            holds = among(policy, at->operand, value);
            break;
        case OP_LIKE:
            holds = value != VALUE_UNSET && like(policy, at->operand, request->texts[at->variable]);
            break;
        case OP_UNLIKE:
            holds =
                value != VALUE_UNSET && !like(policy, at->operand, request->texts[at->variable]);
            break;
        case OP_IS_SET:
            holds = value != VALUE_UNSET;
            break;
        case OP_DECIDE:
        case OP_COUNT:
            return at->operand;
        }
        at = code + (holds ? at->then : at->otherwise);
    }
}
