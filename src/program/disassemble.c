/* program/disassemble.c: a program in words.
 *
 *     12  between   tokens 5001 or more                then patient  else 13
 *     13  direct    priority
 *                   low                                then named
 *                                                      else otherwise */
#include "program/compile.h"

#include "program/printer.h"

static void print_set(struct printer *printer, const struct image_instruction *at)
{
    const struct image_set *set = &printer->policy->section_SETS[at->operand];
    for (uint32_t i = 0; i < set->count; i++) {
        const struct image_interval *interval = &printer->policy->section_INTERVALS[set->first + i];
        buffer_string(printer->out, i ? ", " : "");
        print_interval(printer, at->variable, interval->low, interval->high);
    }
}

static void print_bits(struct printer *printer, const struct image_instruction *at)
{
    uint64_t bits = (uint64_t)printer->policy->section_CONSTANTS[at->operand];
    const char *between = "";
    for (int bit = 0; bit < 64; bit++) {
        if (!(bits >> bit & 1))
            continue;
        buffer_string(printer->out, between);
        print_value(printer, at->variable, bit);
        between = ", ";
    }
}

static void print_operand(struct printer *printer, const struct image_instruction *at)
{
    const tw_policy *policy = printer->policy;
    const int64_t *bounds = policy->section_CONSTANTS + at->operand;
    switch (op_operand((enum op)at->op)) {
    case OPERAND_NUMBER:
        print_value(printer, at->variable, at->operand);
        return;
    case OPERAND_CONSTANT:
        print_interval(printer, at->variable, bounds[0], bounds[1]);
        return;
    case OPERAND_BITS:
        print_bits(printer, at);
        return;
    case OPERAND_SET:
        print_set(printer, at);
        return;
    case OPERAND_PATTERN:
        buffer_format(printer->out, "\"%s\"",
                      image_text(policy, policy->section_PATTERNS[at->operand]));
        return;
    case OPERAND_NONE:
    case OPERAND_DIRECT:
    case OPERAND_SEARCH:
    case OPERAND_HASH:
    case OPERAND_TABLE:
    case OPERAND_MASKS:
        return;
    }
}

/* How many of the jumps from the first one on lead to the same target. */
static uint32_t run_of_jumps(const uint32_t *jumps, uint32_t count)
{
    uint32_t length = 1;
    while (length < count && jumps[length] == jumps[0])
        length++;
    return length;
}

static void print_direct(struct printer *printer, const struct image_instruction *at)
{
    const uint32_t *jumps = printer->policy->section_JUMPS + at->operand;
    uint32_t last = at->then - 1;
    for (uint32_t value = 0, length; value < last; value += length) {
        size_t start = begin_detail(printer);
        length = run_of_jumps(jumps + value, last - value);
        print_interval(printer, at->variable, value, value + length - 1);
        end_detail(printer, start, "then", jumps[value]);
    }
    end_detail(printer, begin_detail(printer), "else", jumps[last]);
}

static void print_search(struct printer *printer, const struct image_instruction *at)
{
    const int64_t *keys = printer->policy->section_CONSTANTS + at->operand;
    for (uint32_t row = 0; row <= at->otherwise; row++) {
        size_t start = begin_detail(printer);
        print_row(printer, at->variable, keys, at->otherwise, row);
        end_detail(printer, start, "then", printer->policy->section_JUMPS[at->then + row]);
    }
}

static void print_hash(struct printer *printer, const struct image_instruction *at)
{
    const int64_t *keys = printer->policy->section_CONSTANTS + at->operand;
    const uint32_t *jumps = printer->policy->section_JUMPS + at->then;
    uint32_t free_place = 0;
    for (uint32_t place = 0; place < 1u << at->otherwise; place++) {
        if (keys[place] == VALUE_UNSET) {
            free_place = place;
            continue;
        }
        size_t start = begin_detail(printer);
        print_value(printer, at->variable, keys[place]);
        end_detail(printer, start, "then", jumps[place]);
    }
    end_detail(printer, begin_detail(printer), "else", jumps[free_place]);
}

static void print_details(struct printer *printer, const struct image_instruction *at)
{
    switch (op_operand((enum op)at->op)) {
    case OPERAND_DIRECT:
        print_direct(printer, at);
        return;
    case OPERAND_SEARCH:
        print_search(printer, at);
        return;
    case OPERAND_HASH:
        print_hash(printer, at);
        return;
    case OPERAND_TABLE:
        print_table(printer, &printer->policy->section_TABLES[at->operand]);
        return;
    case OPERAND_MASKS:
        print_masks(printer, &printer->policy->section_GROUPS[at->operand]);
        return;
    case OPERAND_NONE:
    case OPERAND_NUMBER:
    case OPERAND_CONSTANT:
    case OPERAND_BITS:
    case OPERAND_SET:
    case OPERAND_PATTERN:
        return;
    }
}

static bool tests_one_variable(enum op op)
{
    return op != OP_TABLE && op != OP_MASKS;
}

static bool is_switch(enum op op)
{
    return op == OP_DIRECT || op == OP_SEARCH || op == OP_HASH;
}

static void print_instruction(struct printer *printer, uint32_t index)
{
    const struct image_instruction *at = &printer->policy->section_CODE[index];
    enum op op = (enum op)at->op;
    size_t start = printer->out->length;
    buffer_format(printer->out, op == OP_TABLE ? "%5u  %s" : "%5u  %-8s", index, op_text(op));
    if (tests_one_variable(op)) {
        buffer_format(printer->out, " %s", variable_name(printer->policy, at->variable));
        buffer_string(printer->out, is_switch(op) || op == OP_IS_SET ? "" : " ");
        print_operand(printer, at);
    }
    if (tests_one_variable(op) && !is_switch(op)) {
        print_tail(printer, start, "then");
        print_target(printer, at->then);
        buffer_string(printer->out, "  else ");
        print_target(printer, at->otherwise);
    } else if (op == OP_MASKS) {
        print_tail(printer, start, "else");
        print_target(printer, at->otherwise);
    }
    buffer_byte(printer->out, '\n');
    print_details(printer, at);
}

static void print_head(struct printer *printer)
{
    const tw_policy *policy = printer->policy;
    const struct image_info *info = policy->section_INFO;
    buffer_format(printer->out, "# program %s, format %u, edition %u, %zu bytes\n", policy->hash,
                  policy->header->version, policy->header->edition, policy->length);
    buffer_format(
        printer->out, "# plan: %s; %u instruction%s, at most %u step%s for one decision\n",
        plan_text((enum plan)info->plan), policy->count_CODE, policy->count_CODE == 1 ? "" : "s",
        policy->header->longest_run, policy->header->longest_run == 1 ? "" : "s");
    if (info->start == 0)
        return;
    buffer_string(printer->out, "# begins at ");
    print_target(printer, info->start);
    buffer_byte(printer->out, '\n');
}

void disassemble(const tw_policy *policy, struct buffer *out)
{
    struct printer printer;
    if (!printer_init(&printer, policy, out)) {
        out->status = TW_NO_MEMORY;
        return;
    }
    print_head(&printer);
    for (uint32_t i = 0; i < policy->count_CODE; i++)
        print_instruction(&printer, i);
    printer_free(&printer);
}
