/* What the verifier asks of each record of a program image: an image that has one of every kind
 * loads and decides, and with one field changed it is refused for that record. Texts become
 * classes by literals and automata. */
#include "image_maker.h"
#include "unit.h"

enum { RULES = 3 };

struct sample {
    struct maker maker;
    uint32_t number, word, pair; /* variables: an int, two strings */
};

/* "a" has class 1, "bb" class 2; of others the automaton tells an even length (0) from an odd one
 * (3). */
static void add_word(struct sample *sample)
{
    static const char *const texts[] = {"a", "bb"};
    struct maker *maker = &sample->maker;
    struct image_literal literals[4];
    const uint32_t steps[] = {1, 0}, classes[] = {0, 3};
    struct image_automaton automaton = {.state_count = 2, .symbol_count = 1};
    sample->word = maker_variable(maker, "word", TW_TYPE_STRING, true);
    for (int i = 0; i < 4; i++)
        literals[i] = (struct image_literal){.text = {UINT32_MAX, 0}};
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t hash = literal_hash(text_of(texts[i])), place = hash & 3;
        while (literals[place].text.offset != UINT32_MAX)
            place = (place + 1) & 3;
        literals[place] = (struct image_literal){maker_text(maker, texts[i]), i + 1, hash};
    }
    automaton.step_first = MAKER_ADD(maker, AUTOMATON_STEPS, steps);
    automaton.class_first = MAKER_ADD(maker, AUTOMATON_CLASSES, classes);
    struct image_variable *row =
        MAKER_RECORDS(maker, VARIABLES, struct image_variable) + sample->word;
    row->literal_first = MAKER_ADD(maker, LITERALS, literals);
    row->literal_capacity = 4;
    row->literal_count = 2;
    row->class_count = 4;
    row->automaton_and_one = maker_add(maker, SECTION_AUTOMATA, &automaton, 1) + 1;
}

/* Two axes of two words: the number's rows by keys, the word's by class. */
static void add_masks(struct sample *sample)
{
    struct maker *maker = &sample->maker;
    const uint64_t words[] = {
        0, 0, 1, 0, 3, 4 /* rows */, 0, 1, 3 /* summaries */, 0, 0, 3, 4 /* rows */,
        0, 3 /* summaries */};
    const struct image_axis axes[] = {
        {.variable = sample->number,
         .key_count = 2,
         .row_count = 3,
         .word_first = 0,
         .summary_first = 6},
        {.variable = sample->word, .row_count = 2, .word_first = 9, .summary_first = 13}};
    const struct image_masks group = {.axis_count = 2, .word_count = 2};
    const uint32_t owners[128] = {[0] = 2, [1] = 1, [66] = 1};
    MAKER_ADD(maker, MASKS, words);
    MAKER_ADD(maker, AXES, axes);
    MAKER_ADD(maker, OWNERS, owners);
    maker_add(maker, SECTION_GROUPS, &group, 1);
}

/* cell = 2 * (number - 10, at most 1) + (above 5 of messages) + (above 9 of them) */
static void add_table(struct maker *maker, uint32_t number)
{
    const uint32_t shares[] = {0, 2};
    const uint16_t cells[] = {0, 1, 2, 3, 0};
    const struct image_column column = {
        .variable = number, .share_count = 2, .low = 10, .limit = 1, .factor = (uint64_t)1 << 40};
    const struct image_block block = {.variable = VARIABLE_MESSAGES,
                                      .above = {5, 9, INT64_MAX, INT64_MAX},
                                      .shares = {1, 1, 0, 0}};
    const struct image_table table = {.column_count = 1, .block_count = 1, .cell_count = 5};
    MAKER_ADD(maker, SHARES, shares);
    MAKER_ADD(maker, CELLS, cells);
    maker_add(maker, SECTION_COLUMNS, &column, 1);
    maker_add(maker, SECTION_BLOCKS, &block, 1);
    maker_add(maker, SECTION_TABLES, &table, 1);
}

static void sample_make(struct sample *sample)
{
    struct maker *maker = &sample->maker;
    maker_init(maker, RULES);
    sample->number = maker_variable(maker, "number", TW_TYPE_INT, true);
    sample->pair = maker_variable(maker, "pair", TW_TYPE_STRING, true);
    add_word(sample);
    add_masks(sample);
    add_table(maker, sample->number);
    bool second = key_place(7, 1) == 1; /* of the two places of the hash table */
    const int64_t constants[] = {5, 9, second ? VALUE_UNSET : 7, second ? 7 : VALUE_UNSET};
    const uint32_t rule_1 = TARGET_DECIDES | 1, rule_2 = TARGET_DECIDES | 2;
    const uint32_t jumps[] = {rule_1, 4, 1, 2, rule_2, 2, second ? 3 : rule_1, second ? rule_1 : 3};
    const uint16_t number = (uint16_t)sample->number;
    const struct image_interval interval = {100, 200};
    const struct image_set set = {0, 1};
    const struct image_instruction code[] = {
        {.op = OP_DIRECT, .variable = number, .operand = 0, .then = 3},
        {.op = OP_SEARCH, .variable = number, .operand = 0, .then = 3, .otherwise = 2},
        {.op = OP_HASH, .variable = number, .operand = 2, .then = 6, .otherwise = 1},
        {.op = OP_MASKS, .otherwise = 4},
        {.op = OP_AMONG, .variable = number, .then = rule_2, .otherwise = 5},
        {.op = OP_TABLE}};
    MAKER_ADD(maker, CONSTANTS, constants);
    MAKER_ADD(maker, JUMPS, jumps);
    MAKER_ADD(maker, CODE, code);
    maker_add(maker, SECTION_INTERVALS, &interval, 1);
    maker_add(maker, SECTION_SETS, &set, 1);
    maker_start(maker, PLAN_SWITCHES, 0);
}

static void test_decides(void)
{
    static const struct {
        int64_t number;
        const char *word;
        int64_t messages;
        uint32_t rule;
    } rows[] = {
        {0, "a", 0, 1},           /* direct */
        {5, "a", 0, 2},           /* search: 5 to 8 */
        {9, "a", 0, 2},           /* masks: the last row and class 1 */
        {9, "bb", 0, 2},          /* a class behind the rows is in the last one */
        {9, "even", 0, 2},        /* class 0 allows none; the table: at the limit */
        {9, "even", 6, 3},        /* the table: below 10 is at the limit */
        {1, "even", 6, 3},        /* direct to `among` */
        {150, "even", 0, 2},      /* among */
        {10, "even", 6, 1},       /* the first share */
        {11, "even", 10, 0},      /* the last cell */
        {VALUE_UNSET, "a", 6, 3}, /* not set: the last jump, below every key, a free place */
    };
    struct sample sample;
    struct tw_error error = {.message = ""};
    tw_request *request;
    sample_make(&sample);
    tw_policy *policy = maker_load(&sample.maker, &error);
    CU_ASSERT_STRING_EQUAL(error.message, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(policy);
    CU_ASSERT_EQUAL_FATAL(tw_request_new(policy, &request), TW_OK);
    int word = tw_policy_find_attribute(policy, "word");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request->values[sample.number] = rows[i].number;
        request->values[VARIABLE_MESSAGES] = rows[i].messages;
        tw_request_set_text(request, (size_t)word, rows[i].word, strlen(rows[i].word));
        uint32_t rule = tw_decide(policy, request);
        if (rule != rows[i].rule)
            printf("row %zu: rule %u\n", i, rule);
        CU_ASSERT_EQUAL(rule, rows[i].rule);
    }
    tw_request_free(request);
    tw_policy_free(policy);
    maker_free(&sample.maker);
}

static void test_classes(void)
{
    static const struct {
        const char *text;
        int64_t class;
    } rows[] = {{"a", 1}, {"bb", 2}, {"", 0}, {"b", 3}, {"ab", 0}, {"a longer text than it", 3}};
    struct sample sample;
    sample_make(&sample);
    tw_policy *policy = maker_load(&sample.maker, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(policy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_EQUAL(text_class(policy, sample.word, text_of(rows[i].text)), rows[i].class);
    CU_ASSERT_EQUAL(text_class(policy, sample.pair, TEXT("anything")), 0);
    tw_policy_free(policy);
    maker_free(&sample.maker);
}

/* The hash is a part of the format. Every length has a way of its own to be read. */
static void test_literal_hash(void)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz0123456789";
    uint32_t hashes[sizeof text];
    for (size_t length = 0; length < sizeof text; length++) {
        hashes[length] = literal_hash((struct text){text, length});
        for (size_t before = 0; before < length; before++)
            CU_ASSERT_NOT_EQUAL(hashes[length], hashes[before]);
    }
    for (size_t at = 0; at + 1 < sizeof text; at++) {
        char changed[sizeof text];
        memcpy(changed, text, sizeof text);
        changed[at] ^= 1;
        for (size_t length = at + 1; length < sizeof text; length++)
            CU_ASSERT_NOT_EQUAL(literal_hash((struct text){changed, length}), hashes[length]);
    }
}

struct damage {
    enum section section;
    size_t at, size;
    int64_t value;
    const char *message;
};

#define DAMAGE(section, type, record, field, value, message)                                       \
    {                                                                                              \
        SECTION_##section, (record) * sizeof(type) + offsetof(type, field),                        \
            sizeof(((type *)0)->field), value, message                                             \
    }
#define VARIABLE(field, value) /* of `word` */                                                     \
    DAMAGE(VARIABLES, struct image_variable, VARIABLE_BUILTIN_COUNT + 2, field, value,             \
           "variable 20")
#define CODE(record, field, value)                                                                 \
    DAMAGE(CODE, struct image_instruction, record, field, value, "instruction " #record)
#define NUMBER(section, type, record, value, message)                                              \
    {                                                                                              \
        SECTION_##section, (record) * sizeof(type), sizeof(type), value, message                   \
    }
#define TABLE(field, value) DAMAGE(TABLES, struct image_table, 0, field, value, "table 0")
#define COLUMN(field, value) DAMAGE(COLUMNS, struct image_column, 0, field, value, "table 0")
#define BLOCK(field, value) DAMAGE(BLOCKS, struct image_block, 0, field, value, "table 0")
#define GROUP(field, value) DAMAGE(GROUPS, struct image_masks, 0, field, value, "group of masks 0")
#define AXIS(record, field, value)                                                                 \
    DAMAGE(AXES, struct image_axis, record, field, value, "group of masks 0")
#define AUTOMATON(field, value)                                                                    \
    DAMAGE(AUTOMATA, struct image_automaton, 0, field, value, "variable 20")

static const struct damage damages[] = {
    DAMAGE(INFO, struct image_info, 0, plan, PLAN_COUNT, "plan 4"),
    DAMAGE(INFO, struct image_info, 0, start, 6, "where it begins"),
    DAMAGE(INFO, struct image_info, 0, start, TARGET_DECIDES | (RULES + 1), "where it begins"),
    VARIABLE(class_count, 3),
    VARIABLE(class_count, 0),
    VARIABLE(other_class, 4),
    VARIABLE(literal_count, 1),
    VARIABLE(literal_capacity, 3),
    VARIABLE(literal_capacity, 8),
    VARIABLE(literal_first, 1),
    VARIABLE(automaton_and_one, 2),
    DAMAGE(VARIABLES, struct image_variable, VARIABLE_TOKENS, class_count, 1, "variable 8"),
    AUTOMATON(state_count, 3),
    AUTOMATON(state_count, 0),
    AUTOMATON(symbol_count, 2),
    AUTOMATON(step_first, 1),
    AUTOMATON(class_first, 1),
    AUTOMATON(symbols[255], 1),
    NUMBER(AUTOMATON_STEPS, uint32_t, 1, 2, "variable 20"),
    NUMBER(AUTOMATON_CLASSES, uint32_t, 1, 4, "variable 20"),
    CODE(0, op, OP_COUNT),
    CODE(0, reserved, 1),
    CODE(0, variable, VARIABLE_BUILTIN_COUNT + 3),
    CODE(0, operand, 6),
    CODE(0, then, 0),
    CODE(0, then, 9),
    CODE(0, otherwise, 1),
    CODE(1, operand, 3),
    CODE(1, operand, 1), /* keys that do not ascend, or one that is unset */
    CODE(1, then, 6),
    CODE(1, otherwise, 0),
    CODE(1, otherwise, UINT32_MAX),
    CODE(2, operand, 0), /* no free place */
    CODE(2, operand, 3),
    CODE(2, then, 7),
    CODE(2, otherwise, 0),
    CODE(2, otherwise, 25),
    CODE(3, variable, 1),
    CODE(3, operand, 1),
    CODE(3, then, 4),
    CODE(3, otherwise, 3),
    CODE(3, otherwise, 6),
    CODE(4, operand, 1),
    CODE(4, then, TARGET_DECIDES | (RULES + 1)),
    CODE(4, otherwise, 4),
    CODE(5, variable, 1),
    CODE(5, operand, 1),
    CODE(5, then, 1),
    CODE(5, otherwise, 1),
    NUMBER(CONSTANTS, int64_t, 1, 5, "group of masks 0"), /* keys of an axis too */
    NUMBER(CONSTANTS, int64_t, 0, INT64_MIN, "group of masks 0"),
    NUMBER(JUMPS, uint32_t, 0, 0, "instruction 0"),
    NUMBER(JUMPS, uint32_t, 2, 6, "instruction 0"),
    NUMBER(JUMPS, uint32_t, 3, 1, "instruction 1"),
    NUMBER(JUMPS, uint32_t, 7, TARGET_DECIDES | (RULES + 1), "instruction 2"),
    DAMAGE(INTERVALS, struct image_interval, 0, low, 201, "set 0"),
    TABLE(column_first, 1),
    TABLE(column_count, 2),
    TABLE(block_first, 1),
    TABLE(block_count, 2),
    TABLE(cell_first, 1),
    TABLE(cell_count, 4),
    TABLE(cell_count, 6),
    TABLE(base, 1),
    COLUMN(variable, VARIABLE_BUILTIN_COUNT + 3),
    COLUMN(variable, VARIABLE_MESSAGES), /* has a block */
    COLUMN(share_first, 1),
    COLUMN(share_count, 0),
    COLUMN(share_count, 3),
    COLUMN(limit, 2),
    COLUMN(factor, INT64_MIN), /* 2^63: one share for each 2^-23 */
    COLUMN(limit, 1 << 24),
    NUMBER(SHARES, uint32_t, 1, 3, "table 0"),
    NUMBER(CELLS, uint16_t, 4, RULES + 1, "table 0"),
    BLOCK(variable, VARIABLE_BUILTIN_COUNT + 3),
    BLOCK(above[1], 4),
    BLOCK(shares[0], 2),
    BLOCK(shares[0], -1),
    BLOCK(shares[1], -2),
    BLOCK(shares[3], 1),
    BLOCK(shares[0], INT64_MAX),
    GROUP(axis_first, 1),
    GROUP(axis_count, 0),
    GROUP(axis_count, 3),
    GROUP(word_count, 0),
    GROUP(word_count, 1),
    GROUP(word_count, 65),
    GROUP(owner_first, 1),
    AXIS(0, variable, VARIABLE_BUILTIN_COUNT + 3),
    AXIS(0, key_first, 3),
    AXIS(0, key_count, 1),
    AXIS(0, row_count, 2),
    AXIS(0, word_first, 2),
    AXIS(0, summary_first, 0),
    AXIS(1, key_first, 1),
    AXIS(1, row_count, 0),
    AXIS(1, row_count, 3),
    AXIS(1, word_first, 12),
    AXIS(1, summary_first, 14),
    NUMBER(MASKS, uint64_t, 8, 1, "group of masks 0"), /* a summary that lacks a word */
    NUMBER(OWNERS, uint32_t, 127, RULES + 1, "group of masks 0"),
};

static void check_damage(const struct damage *damage, size_t number)
{
    struct sample sample;
    struct tw_error error = {.message = ""};
    char expected[120];
    sample_make(&sample);
    memcpy(sample.maker.sections[damage->section].data + damage->at, &damage->value, damage->size);
    snprintf(expected, sizeof expected, "damaged program image: %s", damage->message);
    tw_policy *policy = maker_load(&sample.maker, &error);
    if (policy || strcmp(error.message, expected) != 0)
        printf("damage %zu (%s): %s\n", number, damage->message, error.message);
    CU_ASSERT_PTR_NULL(policy);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
    tw_policy_free(policy);
    maker_free(&sample.maker);
}

static void test_damages(void)
{
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++)
        check_damage(&damages[i], i);
}

/* Records that point at the same ones again and again do not make verifying slow. */
static void test_no_hang(void)
{
    struct maker maker;
    struct tw_error error = {.message = ""};
    const uint32_t jump = TARGET_DECIDES;
    const struct image_instruction at = {.op = OP_DIRECT, .then = 1 << 20};
    maker_init(&maker, RULES);
    for (int i = 0; i < 1 << 20; i++)
        maker_add(&maker, SECTION_JUMPS, &jump, 1);
    for (int i = 0; i < 1 << 10; i++)
        maker_add(&maker, SECTION_CODE, &at, 1);
    maker_start(&maker, PLAN_SWITCHES, 0);
    CU_ASSERT_PTR_NULL(maker_load(&maker, &error));
    CU_ASSERT_STRING_EQUAL(error.message, "damaged program image: instruction 128");
    maker_free(&maker);
}

static void test_longest_run(void)
{
    struct sample sample;
    struct buffer image;
    struct tw_error error;
    tw_policy *policy;
    sample_make(&sample);
    maker_join(&sample.maker, &image);
    struct image_header *header = (struct image_header *)image.data;
    /* three switches, two axes and two words, among, and a table of two variables */
    CU_ASSERT_EQUAL(header->longest_run, 3 + 4 + 1 + 3);
    header->longest_run--;
    CU_ASSERT_EQUAL(tw_policy_load(image.data, image.length, &policy, &error), TW_DAMAGED);
    CU_ASSERT_STRING_EQUAL(error.message, "damaged program image: its longest run");
    buffer_free(&image);
    maker_free(&sample.maker);
}

UNIT_TESTS({"decides", test_decides}, {"classes", test_classes},
           {"literal hash", test_literal_hash}, {"damages", test_damages},
           {"no hang", test_no_hang}, {"longest run", test_longest_run})
