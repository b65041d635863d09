/* Programs made by hand: what each kind of instruction decides, and thousands of random tables,
 * masks and switches against a plain evaluation, on each vector unit that the machine has. */
#include "image_maker.h"
#include "unit.h"

#include "../property/random.h"

enum { INPUTS = 6, RULES = 200, TRIES = 400, QUESTIONS = 40, MOST_KEYS = 40 };

/* A program and its request; inputs are int variables that may be unset. */
struct trial {
    struct maker maker;
    uint32_t inputs[INPUTS];
    tw_policy *policy;
    tw_request *request;
    struct random random;
};

static void trial_begin(struct trial *trial, uint64_t seed)
{
    memset(trial, 0, sizeof *trial);
    trial->random.state = seed;
    maker_init(&trial->maker, RULES);
    for (int i = 0; i < INPUTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%d", i);
        trial->inputs[i] = maker_variable(&trial->maker, name, TW_TYPE_INT, true);
    }
}

static bool trial_load(struct trial *trial)
{
    struct tw_error error = {.message = ""};
    trial->policy = maker_load(&trial->maker, &error);
    if (!trial->policy)
        printf("refused: %s\n", error.message);
    return trial->policy && tw_request_new(trial->policy, &trial->request) == TW_OK;
}

static void trial_end(struct trial *trial)
{
    tw_request_free(trial->request);
    tw_policy_free(trial->policy);
    maker_free(&trial->maker);
}

static uint32_t below(struct trial *trial, uint32_t bound)
{
    return (uint32_t)random_below(&trial->random, bound);
}

/* Mostly near what keys are, else anything. */
static int64_t draw_value(struct trial *trial)
{
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, 0, -1};
    uint32_t kind = below(trial, 10);
    if (kind == 0)
        return ends[below(trial, 6)];
    if (kind == 1)
        return (int64_t)random_next(&trial->random);
    return (int64_t)below(trial, 120) - 10;
}

static void draw_request(struct trial *trial)
{
    for (int i = 0; i < INPUTS; i++)
        trial->request->values[trial->inputs[i]] = draw_value(trial);
}

static uint32_t draw_rule(struct trial *trial)
{
    return TARGET_DECIDES | below(trial, RULES + 1);
}

/* Ascending keys from -10 to about 110 into `constants`. Returns how many. */
static uint32_t add_keys(struct trial *trial, uint32_t *first)
{
    int64_t keys[MOST_KEYS], key = -10;
    uint32_t count = 1 + below(trial, MOST_KEYS);
    for (uint32_t i = 0; i < count; i++)
        keys[i] = key += 1 + below(trial, 5);
    if (below(trial, 20) == 0)
        keys[count - 1] = INT64_MAX;
    if (below(trial, 20) == 0)
        keys[0] = INT64_MIN + 1;
    *first = maker_add(&trial->maker, SECTION_CONSTANTS, keys, count);
    return count;
}

static const enum vector_unit units[] = {VECTOR_NONE, VECTOR_AVX2};

/* What every unit says; UINT32_MAX where they differ. */
static uint32_t decide_on_all(struct trial *trial)
{
    uint32_t answer = tw_decide(trial->policy, trial->request);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i] > vector_unit_here())
            continue;
        program_use(trial->policy, units[i]);
        if (tw_decide(trial->policy, trial->request) != answer)
            return UINT32_MAX;
    }
    return answer;
}

/* Loads what `make` wrote and compares it with what `expect` says, over many seeds. */
static void compare(void (*make)(struct trial *), uint32_t (*expect)(const struct trial *))
{
    uint64_t wrong = 0;
    for (uint64_t seed = 1; seed <= TRIES; seed++) {
        struct trial trial;
        trial_begin(&trial, seed);
        make(&trial);
        bool loaded = trial_load(&trial);
        CU_ASSERT_TRUE(loaded);
        for (int i = 0; loaded && i < QUESTIONS; i++) {
            draw_request(&trial);
            wrong += decide_on_all(&trial) != expect(&trial);
        }
        trial_end(&trial);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Tables. */

static uint32_t add_column(struct trial *trial, uint32_t input, struct image_table *table)
{
    uint32_t shares[64], greatest = 0, count = 1 + below(trial, 64);
    struct image_column column = {.variable = trial->inputs[input],
                                  .low = (int64_t)below(trial, 20) - 10,
                                  .share_count = count};
    uint64_t width = 1 + below(trial, 4);
    column.factor = ((uint64_t)1 << 40) / width + (width != 1);
    column.limit = (count - 1) * width;
    for (uint32_t i = 0; i < count; i++) {
        shares[i] = below(trial, 4) * (1 + input);
        greatest = shares[i] > greatest ? shares[i] : greatest;
    }
    column.share_first = maker_add(&trial->maker, SECTION_SHARES, shares, count);
    maker_add(&trial->maker, SECTION_COLUMNS, &column, 1);
    table->column_count++;
    return greatest;
}

/* One to three blocks of a variable. `least` is moved to the least sum, the greatest returned. */
static int64_t add_blocks(struct trial *trial, uint32_t input, struct image_table *table,
                          int64_t *least)
{
    int64_t threshold = below(trial, 10) == 0 ? INT64_MIN : -10, sum = 0, greatest = 0, lowest = 0;
    for (uint32_t block = 0, count = 1 + below(trial, 3); block < count; block++) {
        struct image_block record = {.variable = trial->inputs[input]};
        for (int place = 0; place < 4; place++) {
            bool used = block + 1 < count || place < 2;
            record.above[place] = used ? threshold : INT64_MAX;
            record.shares[place] = used ? (int64_t)below(trial, 9) - 4 : 0;
            threshold = threshold == INT64_MIN ? -9 : threshold + below(trial, 20);
            sum += record.shares[place];
            lowest = sum < lowest ? sum : lowest;
            greatest = sum > greatest ? sum : greatest;
        }
        maker_add(&trial->maker, SECTION_BLOCKS, &record, 1);
        table->block_count++;
    }
    *least += lowest;
    return greatest;
}

static void make_table(struct trial *trial)
{
    struct image_table table = {.column_count = 0};
    int64_t least = 0, greatest = 0;
    uint32_t columns = below(trial, INPUTS + 1);
    for (uint32_t i = 0; i < columns; i++)
        greatest += add_column(trial, i, &table);
    for (uint32_t i = columns; i < INPUTS; i++)
        greatest += add_blocks(trial, i, &table, &least);
    table.base = (uint32_t)-least;
    table.cell_count = (uint32_t)(greatest - least) + 1;
    for (uint32_t i = 0; i < table.cell_count; i++) {
        uint16_t cell = (uint16_t)below(trial, RULES + 1);
        maker_add(&trial->maker, SECTION_CELLS, &cell, 1);
    }
    maker_add(&trial->maker, SECTION_TABLES, &table, 1);
    struct image_instruction code = {.op = OP_TABLE};
    maker_add(&trial->maker, SECTION_CODE, &code, 1);
    maker_start(&trial->maker, PLAN_TABLE, 0);
}

static int64_t plain_column(const struct trial *trial, const struct image_column *column)
{
    __int128 above_low = (__int128)trial->request->values[column->variable] - column->low;
    if (above_low < 0 || above_low > (__int128)column->limit)
        above_low = (__int128)column->limit;
    __int128 index = above_low * (__int128)column->factor / ((__int128)1 << 40);
    return trial->policy->section_SHARES[column->share_first + (size_t)index];
}

static uint32_t plain_table(const struct trial *trial)
{
    const tw_policy *policy = trial->policy;
    int64_t cell = policy->section_TABLES->base;
    for (uint32_t i = 0; i < policy->count_COLUMNS; i++)
        cell += plain_column(trial, &policy->section_COLUMNS[i]);
    for (uint32_t i = 0; i < policy->count_BLOCKS * 4; i++) {
        const struct image_block *block = &policy->section_BLOCKS[i / 4];
        if (trial->request->values[block->variable] > block->above[i % 4])
            cell += block->shares[i % 4];
    }
    return policy->section_CELLS[cell];
}

static void test_random_tables(void)
{
    compare(make_table, plain_table);
}

/* Masks: one to three groups, each but the last going on at the next. */

static void add_words(struct trial *trial, struct image_axis *axis, uint32_t words, int density)
{
    uint32_t count = axis->row_count * words;
    axis->word_first = maker_add(&trial->maker, SECTION_MASKS, NULL, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = ~(uint64_t)0;
        for (int turn = 0; turn < density; turn++)
            word &= random_next(&trial->random);
        maker_add(&trial->maker, SECTION_MASKS, &word, 1);
    }
    if (words == 1)
        return;
    axis->summary_first = maker_add(&trial->maker, SECTION_MASKS, NULL, 0);
    for (uint32_t row = 0; row < axis->row_count; row++) {
        uint64_t summary = 0;
        for (uint32_t i = 0; i < words; i++)
            summary |= (uint64_t)(MAKER_RECORDS(&trial->maker, MASKS,
                                                uint64_t)[axis->word_first + row * words + i] != 0)
                       << i;
        maker_add(&trial->maker, SECTION_MASKS, &summary, 1);
    }
}

static void add_group(struct trial *trial)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 8, 31, 64};
    struct image_axis axes[INPUTS];
    struct image_masks group = {.axis_count = 1 + below(trial, INPUTS),
                                .word_count = sizes[below(trial, 8)]};
    int density = (int)below(trial, 6);
    for (uint32_t i = 0; i < group.axis_count; i++) {
        axes[i] =
            (struct image_axis){.variable = trial->inputs[i], .row_count = 1 + below(trial, 30)};
        if (below(trial, 2)) {
            axes[i].key_count = add_keys(trial, &axes[i].key_first);
            axes[i].row_count = axes[i].key_count + 1;
        }
        add_words(trial, &axes[i], group.word_count, density);
    }
    group.axis_first = maker_add(&trial->maker, SECTION_AXES, axes, group.axis_count);
    group.owner_first = maker_add(&trial->maker, SECTION_OWNERS, NULL, 0);
    for (uint32_t i = 0; i < group.word_count * 64; i++) {
        uint32_t owner = below(trial, RULES + 1);
        maker_add(&trial->maker, SECTION_OWNERS, &owner, 1);
    }
    maker_add(&trial->maker, SECTION_GROUPS, &group, 1);
}

static void make_masks(struct trial *trial)
{
    uint32_t groups = 1 + below(trial, 3);
    for (uint32_t i = 0; i < groups; i++) {
        add_group(trial);
        struct image_instruction code = {
            .op = OP_MASKS, .operand = i, .otherwise = i + 1 < groups ? i + 1 : draw_rule(trial)};
        maker_add(&trial->maker, SECTION_CODE, &code, 1);
    }
    maker_start(&trial->maker, PLAN_MASKS, 0);
}

static bool axis_allows(const struct trial *trial, const struct image_axis *axis, uint32_t words,
                        uint32_t bit)
{
    const tw_policy *policy = trial->policy;
    int64_t value = trial->request->values[axis->variable];
    uint32_t row = 0;
    if (axis->key_count)
        while (row < axis->key_count && value >= policy->section_CONSTANTS[axis->key_first + row])
            row++;
    else
        row = value >= 0 && value < axis->row_count ? (uint32_t)value : axis->row_count - 1;
    return policy->section_MASKS[axis->word_first + row * words + bit / 64] >> bit % 64 & 1;
}

static uint32_t plain_masks(const struct trial *trial)
{
    const tw_policy *policy = trial->policy;
    for (uint32_t at = 0; at < policy->count_GROUPS; at++) {
        const struct image_masks *group = &policy->section_GROUPS[at];
        for (uint32_t bit = 0; bit < group->word_count * 64; bit++) {
            uint32_t axis = 0;
            while (axis < group->axis_count &&
                   axis_allows(trial, &policy->section_AXES[group->axis_first + axis],
                               group->word_count, bit))
                axis++;
            if (axis == group->axis_count)
                return policy->section_OWNERS[group->owner_first + bit];
        }
    }
    return policy->section_CODE[policy->count_CODE - 1].otherwise & ~TARGET_DECIDES;
}

static void test_random_masks(void)
{
    compare(make_masks, plain_masks);
}

/* Switches: a random way down through up to 30 of them. */

enum { NODES = 30 };

static uint32_t draw_target(struct trial *trial, uint32_t node)
{
    if (node + 1 == NODES || below(trial, 3) == 0)
        return draw_rule(trial);
    return node + 1 + below(trial, NODES - node - 1);
}

static uint32_t add_jumps(struct trial *trial, uint32_t node, uint32_t count)
{
    uint32_t first = maker_add(&trial->maker, SECTION_JUMPS, NULL, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t jump = draw_target(trial, node);
        maker_add(&trial->maker, SECTION_JUMPS, &jump, 1);
    }
    return first;
}

/* Keys at their places; all free places go on alike. */
static void make_hash(struct trial *trial, uint32_t node, struct image_instruction *at)
{
    int64_t keys[64];
    uint32_t jumps[64], bits = 1 + below(trial, 6), places = 1u << bits;
    uint32_t free_jump = draw_target(trial, node);
    for (uint32_t i = 0; i < places; i++) {
        keys[i] = VALUE_UNSET;
        jumps[i] = free_jump;
    }
    for (uint32_t i = 0; i + 1 < places; i++) {
        int64_t key = i == 1 ? INT64_MAX : (int64_t)i * 3 - 5;
        uint32_t place = key_place(key, bits);
        while (keys[place] != VALUE_UNSET)
            place = (place + 1) % places;
        keys[place] = key;
        jumps[place] = draw_target(trial, node);
    }
    at->operand = maker_add(&trial->maker, SECTION_CONSTANTS, keys, places);
    at->then = maker_add(&trial->maker, SECTION_JUMPS, jumps, places);
    at->otherwise = bits;
}

static void make_node(struct trial *trial, uint32_t node)
{
    struct image_instruction at = {.variable = (uint16_t)trial->inputs[below(trial, INPUTS)],
                                   .op = (uint8_t)(OP_DIRECT + below(trial, 3))};
    uint32_t kind = below(trial, 6);
    if (kind == 0) {
        at.op = OP_EQUALS;
    } else if (kind == 1) {
        at.op = OP_AT_LEAST;
    } else if (at.op == OP_DIRECT) {
        at.then = 1 + below(trial, 50);
        at.operand = add_jumps(trial, node, at.then);
    } else if (at.op == OP_SEARCH) {
        at.otherwise = add_keys(trial, &at.operand);
        at.then = add_jumps(trial, node, at.otherwise + 1);
    } else {
        make_hash(trial, node, &at);
    }
    if (at.op == OP_EQUALS || at.op == OP_AT_LEAST) {
        at.operand = below(trial, 30) ? below(trial, 60) : UINT32_MAX;
        at.then = draw_target(trial, node);
        at.otherwise = draw_target(trial, node);
    }
    maker_add(&trial->maker, SECTION_CODE, &at, 1);
}

static void make_switches(struct trial *trial)
{
    for (uint32_t node = 0; node < NODES; node++)
        make_node(trial, node);
    maker_start(&trial->maker, PLAN_SWITCHES, 0);
}

static uint32_t plain_hash(const tw_policy *policy, const struct image_instruction *at,
                           int64_t value)
{
    uint32_t unset = 0;
    for (uint32_t i = 0; i < 1u << at->otherwise; i++) {
        if (policy->section_CONSTANTS[at->operand + i] == value)
            return policy->section_JUMPS[at->then + i];
        if (policy->section_CONSTANTS[at->operand + i] == VALUE_UNSET)
            unset = policy->section_JUMPS[at->then + i];
    }
    return unset;
}

static uint32_t plain_node(const tw_policy *policy, const struct image_instruction *at,
                           int64_t value)
{
    uint32_t row = 0;
    if (at->op == OP_EQUALS)
        return value == at->operand ? at->then : at->otherwise;
    if (at->op == OP_AT_LEAST)
        return value >= at->operand ? at->then : at->otherwise;
    if (at->op == OP_DIRECT)
        return policy
            ->section_JUMPS[at->operand +
                            (value >= 0 && value < at->then - 1 ? (uint32_t)value : at->then - 1)];
    if (at->op == OP_HASH)
        return plain_hash(policy, at, value);
    while (row < at->otherwise && value >= policy->section_CONSTANTS[at->operand + row])
        row++;
    return policy->section_JUMPS[at->then + row];
}

static uint32_t plain_switches(const struct trial *trial)
{
    const tw_policy *policy = trial->policy;
    uint32_t target = policy->section_INFO->start;
    while (!(target & TARGET_DECIDES)) {
        const struct image_instruction *at = &policy->section_CODE[target];
        target = plain_node(policy, at, trial->request->values[at->variable]);
    }
    return target & ~TARGET_DECIDES;
}

static void test_random_switches(void)
{
    compare(make_switches, plain_switches);
}

/* A policy without a rule decides without an instruction. */
static void test_no_code(void)
{
    struct trial trial;
    trial_begin(&trial, 1);
    CU_ASSERT_TRUE_FATAL(trial_load(&trial));
    CU_ASSERT_EQUAL(tw_decide(trial.policy, trial.request), RULES);
    CU_ASSERT_EQUAL(trial.policy->header->longest_run, 1);
    trial_end(&trial);
}

static uint32_t longest_run_of(void (*make)(struct trial *), uint64_t seed)
{
    struct trial trial;
    trial_begin(&trial, seed);
    make(&trial);
    CU_ASSERT_TRUE_FATAL(trial_load(&trial));
    uint32_t longest = trial.policy->header->longest_run;
    trial_end(&trial);
    return longest;
}

static void make_three_steps(struct trial *trial)
{
    const uint32_t decides = TARGET_DECIDES;
    const uint32_t jumps[] = {decides, 1, 2, decides};
    const int64_t keys[] = {5, 9};
    const struct image_instruction code[] = {
        {.op = OP_SEARCH, .operand = 0, .then = 0, .otherwise = 2},
        {.op = OP_DIRECT, .operand = 2, .then = 2},
        {.op = OP_EQUALS, .then = decides, .otherwise = decides}};
    MAKER_ADD(&trial->maker, CONSTANTS, keys);
    MAKER_ADD(&trial->maker, JUMPS, jumps);
    MAKER_ADD(&trial->maker, CODE, code);
    maker_start(&trial->maker, PLAN_SWITCHES, 0);
}

static void test_longest_run(void)
{
    CU_ASSERT_EQUAL(longest_run_of(make_table, 3), INPUTS + 1);
    CU_ASSERT_EQUAL(longest_run_of(make_three_steps, 1), 3);
}

UNIT_TESTS({"random tables", test_random_tables}, {"random masks", test_random_masks},
           {"random switches", test_random_switches}, {"no code", test_no_code},
           {"longest run", test_longest_run})
