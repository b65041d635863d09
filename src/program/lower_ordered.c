/* program/lower_ordered.c: the plan "rules in order": each rule a chain of tests that jump forward,
 * to the rule's decision or to the next rule.
 *
 * Jump targets lie ahead and are not known yet when a test is emitted: they are labels first, and
 * are filled in at the end. */
#include "program/lower.h"

/* Labels are numbers; the target of each one is known once it was placed. */
struct labels {
    uint32_t *targets;
    size_t count, capacity;
};

struct builder {
    struct lowered *out;
    struct labels labels;
};

/* The label of a target: the decision for a rule, or a place in the code that comes later. */
static uint32_t label_new(struct builder *builder, uint32_t target)
{
    struct labels *labels = &builder->labels;
    uint32_t *targets = arena_grow(builder->out->arena, labels->targets, labels->count,
                                   &labels->capacity, sizeof *targets);
    if (!targets) {
        lower_fail(builder->out, TW_NO_MEMORY);
        return 0;
    }
    labels->targets = targets;
    targets[labels->count] = target;
    return (uint32_t)labels->count++;
}

static void label_place(struct builder *builder, uint32_t label)
{
    if (!builder->out->status)
        builder->labels.targets[label] = writer_count(&builder->out->writer, SECTION_CODE);
}

static void emit_pattern(struct builder *builder, const struct formula *test, uint32_t then,
                         uint32_t otherwise)
{
    struct image_instruction instruction = {.op = test->negated ? OP_UNLIKE : OP_LIKE,
                                            .variable = (uint16_t)test->variable,
                                            .operand = add_pattern(builder->out, test->texts[0]),
                                            .then = then,
                                            .otherwise = otherwise};
    builder->out->needed[test->variable] = true;
    WRITE(&builder->out->writer, CODE, instruction);
}

/* A jump without a test: what always or never holds. Every value is at least 0 or is not. */
static void emit_jump(struct builder *builder, const struct formula *test, uint32_t target)
{
    struct image_instruction instruction = {
        .op = OP_IS_SET, .variable = (uint16_t)test->variable, .then = target, .otherwise = target};
    WRITE(&builder->out->writer, CODE, instruction);
}

static void emit_test(struct builder *builder, const struct formula *test, uint32_t then,
                      uint32_t otherwise)
{
    struct lowered *out = builder->out;
    if (test->kind == FORMULA_LIKE && !out->has_classes) {
        emit_pattern(builder, test, then, otherwise);
        return;
    }
    struct interval_set set = values_of_test(out, test);
    struct interval_set other = values_other(out, domain_of(out, test->variable), set);
    if (out->status)
        return;
    if (set.count == 0 || other.count == 0) {
        emit_jump(builder, test, set.count ? then : otherwise);
        return;
    }
    struct image_instruction instruction =
        test_of_values(out, test->variable, set, then, otherwise);
    WRITE(&out->writer, CODE, instruction);
}

static void emit_formula(struct builder *builder, const struct formula *formula, uint32_t then,
                         uint32_t otherwise);

/* `and` goes on with its next part when one holds, `or` when one does not. */
static void emit_parts(struct builder *builder, const struct formula *formula, uint32_t then,
                       uint32_t otherwise)
{
    bool is_and = formula->kind == FORMULA_AND;
    for (const struct formula *part = formula_parts(formula); part && !builder->out->status;
         part = part->next) {
        uint32_t next = part->next ? label_new(builder, 0) : is_and ? then : otherwise;
        emit_formula(builder, part, is_and ? next : then, is_and ? otherwise : next);
        if (part->next)
            label_place(builder, next);
    }
}

static void emit_formula(struct builder *builder, const struct formula *formula, uint32_t then,
                         uint32_t otherwise)
{
    if (formula->kind == FORMULA_AND || formula->kind == FORMULA_OR)
        emit_parts(builder, formula, then, otherwise);
    else
        emit_test(builder, formula, then, otherwise);
}

static void fill_in_targets(const struct builder *builder)
{
    const struct writer *writer = &builder->out->writer;
    struct image_instruction *code =
        (struct image_instruction *)(void *)writer->sections[SECTION_CODE].data;
    for (uint32_t i = 0; i < writer_count(writer, SECTION_CODE); i++) {
        code[i].then = builder->labels.targets[code[i].then];
        code[i].otherwise = builder->labels.targets[code[i].otherwise];
    }
}

void lower_ordered(struct lowered *lowered)
{
    struct builder builder = {.out = lowered};
    uint32_t rules = (uint32_t)lowered->policy->rule_count;
    lowered->start = rules ? 0 : TARGET_DECIDES;
    for (uint32_t i = 0; i < rules && !lowered->status; i++) {
        uint32_t decide = label_new(&builder, TARGET_DECIDES | i);
        uint32_t next = label_new(&builder, TARGET_DECIDES | rules);
        emit_formula(&builder, lowered->formulas[i], decide, next);
        if (i + 1 < rules)
            label_place(&builder, next);
    }
    if (!lowered->status && !lowered->writer.sections[SECTION_CODE].status)
        fill_in_targets(&builder);
}
