/* program/disassemble.c: a program in words.
 *
 *     12  between   tokens 5001 or more                then 13  else 14
 *     13  decide    patient */
#include "program/compile.h"

#include "program/run/program.h"

/* The attribute that is the whole of a variable, or the clock's `now`. */
static const char *variable_name(const tw_policy *policy, uint32_t variable)
{
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++) {
        const struct image_attribute *row = &policy->section_ATTRIBUTES[i];
        if (row->variable == variable &&
            (row->projection == PROJECT_WHOLE || row->projection == PROJECT_NOW))
            return policy->attributes[i].name;
    }
    return "?";
}

/* A literal's text by its number. */
static void print_literal(const tw_policy *policy, const struct image_variable *row, int64_t number,
                          struct buffer *out)
{
    for (uint32_t i = 0; i < row->literal_capacity; i++) {
        const struct image_literal *literal = &policy->section_LITERALS[row->literal_first + i];
        if (literal->number == number && number) {
            buffer_format(out, "\"%s\"", image_text(policy, literal->text));
            return;
        }
    }
    buffer_string(out, "other");
}

static const struct image_attribute *words_of(const tw_policy *policy, uint32_t variable)
{
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (policy->section_ATTRIBUTES[i].variable == variable &&
            policy->section_ATTRIBUTES[i].word_count)
            return &policy->section_ATTRIBUTES[i];
    return NULL;
}

/* The second of the week as a day and a time. */
static void print_moment(int64_t moment, struct buffer *out)
{
    buffer_format(out, "%s ", weekday_words[moment / SECONDS_PER_DAY]);
    value_print(out, TW_TYPE_TIME, moment % SECONDS_PER_DAY);
}

static void print_value(const tw_policy *policy, uint32_t variable, int64_t value,
                        struct buffer *out)
{
    const struct image_variable *row = &policy->section_VARIABLES[variable];
    const struct image_attribute *words = words_of(policy, variable);
    if (row->type == TW_TYPE_STRING)
        print_literal(policy, row, value, out);
    else if (words && value >= 0 && value < words->word_count)
        buffer_string(out, policy->words[words->word_first + value]);
    else if (row->type == TW_TYPE_NOW && value >= 0 && value < SECONDS_PER_WEEK)
        print_moment(value, out);
    else
        value_print(out, (enum tw_type)row->type, value);
}

static void print_interval(const tw_policy *policy, uint32_t variable, int64_t low, int64_t high,
                           struct buffer *out)
{
    const struct image_variable *row = &policy->section_VARIABLES[variable];
    print_value(policy, variable, low, out);
    if (high == low)
        return;
    if (high == row->high && high == INT64_MAX) {
        buffer_string(out, " or more");
        return;
    }
    buffer_string(out, "..");
    print_value(policy, variable, high, out);
}

static void print_set(const tw_policy *policy, const struct image_instruction *at,
                      struct buffer *out)
{
    const struct image_set *set = &policy->section_SETS[at->operand];
    for (uint32_t i = 0; i < set->count; i++) {
        const struct image_interval *interval = &policy->section_INTERVALS[set->first + i];
        buffer_string(out, i ? ", " : "");
        print_interval(policy, at->variable, interval->low, interval->high, out);
    }
}

static void print_mask(const tw_policy *policy, const struct image_instruction *at,
                       struct buffer *out)
{
    uint64_t mask = (uint64_t)policy->section_CONSTANTS[at->operand];
    const char *between = "";
    for (int bit = 0; bit < 64; bit++) {
        if (!(mask >> bit & 1))
            continue;
        buffer_string(out, between);
        print_value(policy, at->variable, bit, out);
        between = ", ";
    }
}

static void print_operand(const tw_policy *policy, const struct image_instruction *at,
                          struct buffer *out)
{
    const int64_t *bounds = policy->section_CONSTANTS + at->operand;
    switch (op_operand((enum op)at->op)) {
    case OPERAND_NONE:
        return;
    case OPERAND_CONSTANT:
        print_interval(policy, at->variable, bounds[0], bounds[1], out);
        return;
    case OPERAND_MASK:
        print_mask(policy, at, out);
        return;
    case OPERAND_SET:
        print_set(policy, at, out);
        return;
    case OPERAND_PATTERN:
        buffer_format(out, "\"%s\"", image_text(policy, policy->section_PATTERNS[at->operand]));
        return;
    case OPERAND_RULE:
        buffer_string(out, image_text(policy, policy->section_RULES[at->operand].name));
        return;
    }
}

static void print_instruction(const tw_policy *policy, uint32_t index, struct buffer *out)
{
    const struct image_instruction *at = &policy->section_CODE[index];
    size_t start = out->length;
    buffer_format(out, "%5u  %-8s ", index, op_text((enum op)at->op));
    if (at->op != OP_DECIDE)
        buffer_format(out, "%s ", variable_name(policy, at->variable));
    print_operand(policy, at, out);
    if (at->op != OP_DECIDE) {
        size_t width = out->length - start;
        buffer_repeat(out, ' ', width < 56 ? 56 - width : 1);
        buffer_format(out, "then %u  else %u", at->then, at->otherwise);
    }
    buffer_byte(out, '\n');
}

void disassemble(const tw_policy *policy, struct buffer *out)
{
    buffer_format(out, "# program %s, format %u, edition %u, %zu bytes\n", policy->hash,
                  policy->header->version, policy->header->edition, policy->length);
    buffer_format(out, "# %u instructions, at most %u for one decision\n", policy->count_CODE,
                  policy->header->longest_run);
    for (uint32_t i = 0; i < policy->count_CODE; i++)
        print_instruction(policy, i, out);
}
