/* program/run/decide.c: the evaluator. Allocates nothing, takes no lock, checks nothing that the
 * verifier has checked: every target is forward, every index is in range, the run ends. */
#include "program/run/program.h"
#include "program/run/search.h"

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

static inline uint32_t direct(const struct tw_policy *policy, const struct image_instruction *at,
                              int64_t value)
{
    uint32_t last = at->then - 1, jump = (uint64_t)value < last ? (uint32_t)value : last;
    return policy->section_JUMPS[at->operand + jump];
}

static inline uint32_t search(const struct tw_policy *policy, const struct image_instruction *at,
                              int64_t value)
{
    const int64_t *keys = policy->section_CONSTANTS + at->operand;
    return policy->section_JUMPS[at->then + keys_at_most(keys, at->otherwise, value)];
}

static inline uint32_t hash(const struct tw_policy *policy, const struct image_instruction *at,
                            int64_t value)
{
    const int64_t *keys = policy->section_CONSTANTS + at->operand;
    uint32_t mask = (1u << at->otherwise) - 1, place = key_place(value, at->otherwise);
    while (keys[place] != value && keys[place] != VALUE_UNSET)
        place = (place + 1) & mask;
    return policy->section_JUMPS[at->then + place];
}

/* The instructions in turn. A switch has its jump at once; a test says whether it holds. */
static uint32_t run(const struct tw_policy *policy, const struct tw_request *request)
{
    const struct image_instruction *code = policy->section_CODE;
    const int64_t *constants = policy->section_CONSTANTS;
    uint32_t target = policy->section_INFO->start;
    while (!(target & TARGET_DECIDES)) {
        const struct image_instruction *at = code + target;
        int64_t value = request->values[at->variable];
        bool holds = false;
        switch ((enum op)at->op) {
        case OP_EQUALS:
            holds = value == (int64_t)at->operand;
            break;
        case OP_AT_LEAST:
            holds = value >= (int64_t)at->operand;
            break;
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
        case OP_DIRECT:
            target = direct(policy, at, value);
            continue;
        case OP_SEARCH:
            target = search(policy, at, value);
            continue;
        case OP_HASH:
            target = hash(policy, at, value);
            continue;
        case OP_TABLE:
            return policy->table_decides(policy, request);
        case OP_MASKS:
            target = policy->masks_go(policy, at, request->values);
            continue;
        case OP_COUNT:
            return 0;
        }
        target = holds ? at->then : at->otherwise;
    }
    return target & ~TARGET_DECIDES;
}

uint32_t tw_decide(const struct tw_policy *policy, const struct tw_request *request)
{
    return policy->decide(policy, request);
}

static void find_table(struct tw_policy *policy)
{
    const struct image_table *table = policy->section_TABLES;
    if (policy->count_TABLES)
        policy->table =
            (struct ready_table){.columns = policy->section_COLUMNS + table->column_first,
                                 .blocks = policy->section_BLOCKS + table->block_first,
                                 .cells = policy->section_CELLS + table->cell_first,
                                 .base = table->base,
                                 .column_count = table->column_count,
                                 .block_count = table->block_count};
}

void program_use(struct tw_policy *policy, enum vector_unit unit)
{
    uint32_t start = policy->section_INFO->start;
    find_table(policy);
    policy->table_decides = table_decides;
    policy->masks_go = masks_go;
#if HAVE_AVX2
    if (unit == VECTOR_AVX2) {
        policy->table_decides = table_decides_avx2;
        policy->masks_go = masks_go_avx2;
    }
#endif
    (void)unit; /* where there is only one */
    bool by_table = !(start & TARGET_DECIDES) && policy->section_CODE[start].op == OP_TABLE;
    policy->decide = by_table ? policy->table_decides : run;
}
