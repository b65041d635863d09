/* program/lower.c: formulas to code.
 *
 * Jump targets lie ahead and are not known yet when a test is emitted: they are labels first, and
 * are filled in at the end. Everything lives in the compile's arena. */
#include "program/lower.h"

#include <string.h>

#include "program/run/program.h"

/* Labels are numbers; where each one stands is known once it was placed. */
struct labels {
    uint32_t *places;
    size_t count, capacity;
};

struct builder {
    struct lowered *out;
    struct labels labels;
};

static bool failed(struct lowered *out, enum tw_status status)
{
    if (!out->status)
        out->status = status;
    return false;
}

/* Appends one element to an array of the arena; its index, or UINT32_MAX. */
#define APPEND(out, array, count, capacity, element)                                               \
    append((out), (void **)&(out)->array, &(out)->count, &(out)->capacity, &(element),             \
           sizeof(element))

static uint32_t append(struct lowered *out, void **array, size_t *count, size_t *capacity,
                       const void *element, size_t size)
{
    if (*count == MAX_INSTRUCTIONS) {
        failed(out, TW_LIMIT);
        return UINT32_MAX;
    }
    void *grown = arena_grow(out->arena, *array, *count, capacity, size);
    if (!grown) {
        failed(out, TW_NO_MEMORY);
        return UINT32_MAX;
    }
    *array = grown;
    memcpy((char *)grown + *count * size, element, size);
    return (uint32_t)(*count)++;
}

static uint32_t label_new(struct builder *builder)
{
    struct labels *labels = &builder->labels;
    uint32_t *places = arena_grow(builder->out->arena, labels->places, labels->count,
                                  &labels->capacity, sizeof *places);
    if (!places) {
        failed(builder->out, TW_NO_MEMORY);
        return 0;
    }
    labels->places = places;
    return (uint32_t)labels->count++;
}

static void label_place(struct builder *builder, uint32_t label)
{
    if (!builder->out->status)
        builder->labels.places[label] = (uint32_t)builder->out->code_count;
}

/* What is stored under these bytes already, or 0: indices are kept with one added. */
static uint32_t shared_find(struct lowered *out, char kind, const void *bytes, size_t size,
                            struct text *key)
{
    char *copy = arena_alloc(out->arena, size + 1, 1);
    if (!copy) {
        failed(out, TW_NO_MEMORY);
        return 0;
    }
    copy[0] = kind;
    if (size)
        memcpy(copy + 1, bytes, size);
    *key = (struct text){copy, size + 1};
    return (uint32_t)(uintptr_t)map_get(&out->shared, *key);
}

static uint32_t shared_keep(struct lowered *out, struct text key, uint32_t index)
{
    if (index != UINT32_MAX && !map_set(&out->shared, key, (void *)((uintptr_t)index + 1)))
        failed(out, TW_NO_MEMORY);
    return index;
}

/* Two constants in a row. */
static uint32_t add_bounds(struct lowered *out, struct interval bounds)
{
    struct text key = {"", 0};
    uint32_t known = shared_find(out, 'b', &bounds, sizeof bounds, &key);
    if (known || out->status)
        return known - 1;
    uint32_t index = APPEND(out, constants, constant_count, constant_capacity, bounds.low);
    APPEND(out, constants, constant_count, constant_capacity, bounds.high);
    return shared_keep(out, key, index);
}

static uint32_t add_mask(struct lowered *out, int64_t mask)
{
    struct text key = {"", 0};
    uint32_t known = shared_find(out, 'm', &mask, sizeof mask, &key);
    if (known || out->status)
        return known - 1;
    return shared_keep(out, key, APPEND(out, constants, constant_count, constant_capacity, mask));
}

static uint32_t add_set(struct lowered *out, struct interval_set set)
{
    struct text key = {"", 0};
    uint32_t known = shared_find(out, 's', set.items, set.count * sizeof *set.items, &key);
    if (known || out->status)
        return known - 1;
    struct image_set record = {(uint32_t)out->interval_count, (uint32_t)set.count};
    for (size_t i = 0; i < set.count; i++) {
        struct image_interval interval = {set.items[i].low, set.items[i].high};
        APPEND(out, intervals, interval_count, interval_capacity, interval);
    }
    return shared_keep(out, key, APPEND(out, sets, set_count, set_capacity, record));
}

static uint32_t add_pattern(struct lowered *out, struct text pattern)
{
    struct text key = {"", 0};
    uint32_t known = shared_find(out, 'p', pattern.data, pattern.length, &key);
    if (known || out->status)
        return known - 1;
    return shared_keep(out, key, APPEND(out, patterns, pattern_count, pattern_capacity, pattern));
}

static void emit(struct builder *builder, enum op op, uint32_t variable, uint32_t operand,
                 uint32_t then, uint32_t otherwise)
{
    struct image_instruction instruction = {.op = (uint8_t)op,
                                            .variable = (uint16_t)variable,
                                            .operand = operand,
                                            .then = then,
                                            .otherwise = otherwise};
    builder->out->needed[variable] |= op != OP_DECIDE;
    APPEND(builder->out, code, code_count, code_capacity, instruction);
}

static bool fits_mask(struct interval_set set)
{
    return set.count > 0 && set.items[0].low >= 0 && set.items[set.count - 1].high < 64;
}

static int64_t mask_of(struct interval_set set)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < set.count; i++)
        for (int64_t bit = set.items[i].low; bit <= set.items[i].high; bit++)
            mask |= (uint64_t)1 << bit;
    return (int64_t)mask;
}

static void emit_set(struct builder *builder, uint32_t variable, struct interval_set set,
                     uint32_t then, uint32_t otherwise)
{
    struct lowered *out = builder->out;
    if (set.count == 1)
        emit(builder, OP_BETWEEN, variable, add_bounds(out, set.items[0]), then, otherwise);
    else if (fits_mask(set))
        emit(builder, OP_BITS, variable, add_mask(out, mask_of(set)), then, otherwise);
    else
        emit(builder, OP_AMONG, variable, add_set(out, set), then, otherwise);
}

/* The numbers of the texts, as a set; what is not named at all has the number 0. */
static void emit_texts(struct builder *builder, const struct formula *formula, uint32_t then,
                       uint32_t otherwise)
{
    struct lowered *out = builder->out;
    const struct literal_table *table = &out->literals[formula->variable];
    struct interval_set set = {ARENA_ARRAY(out->arena, struct interval, formula->text_count + 1),
                               formula->text_count};
    if (!set.items) {
        failed(out, TW_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < formula->text_count; i++) {
        int64_t number = (int64_t)(uintptr_t)map_get(&table->numbers, formula->texts[i]);
        set.items[i] = (struct interval){number, number};
    }
    interval_set_normalize(&set);
    if (formula->negated &&
        !interval_set_complement(out->arena, set, 0, (int64_t)table->count, &set))
        failed(out, TW_NO_MEMORY);
    else
        emit_set(builder, formula->variable, set, then, otherwise);
}

static void emit_formula(struct builder *builder, const struct formula *formula, uint32_t then,
                         uint32_t otherwise);

/* `and` goes on with its next part when one holds, `or` when one does not. */
static void emit_parts(struct builder *builder, const struct formula *formula, uint32_t then,
                       uint32_t otherwise)
{
    bool is_and = formula->kind == FORMULA_AND;
    for (const struct formula *part = formula->children; part && !builder->out->status;
         part = part->next) {
        uint32_t next = part->next ? label_new(builder) : is_and ? then : otherwise;
        emit_formula(builder, part, is_and ? next : then, is_and ? otherwise : next);
        if (part->next)
            label_place(builder, next);
    }
}

static void emit_formula(struct builder *builder, const struct formula *formula, uint32_t then,
                         uint32_t otherwise)
{
    switch (formula->kind) {
    case FORMULA_AND:
    case FORMULA_OR:
        emit_parts(builder, formula, then, otherwise);
        return;
    case FORMULA_RANGES:
        emit_set(builder, formula->variable, formula->set, then, otherwise);
        return;
    case FORMULA_TEXTS:
        emit_texts(builder, formula, then, otherwise);
        return;
    case FORMULA_LIKE:
        emit(builder, formula->negated ? OP_UNLIKE : OP_LIKE, formula->variable,
             add_pattern(builder->out, formula->texts[0]), then, otherwise);
        return;
    case FORMULA_IS_SET:
        emit(builder, OP_IS_SET, formula->variable, 0, formula->negated ? otherwise : then,
             formula->negated ? then : otherwise);
        return;
    }
}

static void number_texts(struct lowered *out, const struct formula *formula)
{
    for (const struct formula *part = formula->children; part; part = part->next)
        number_texts(out, part);
    if (formula->kind != FORMULA_TEXTS)
        return;
    struct literal_table *table = &out->literals[formula->variable];
    for (size_t i = 0; i < formula->text_count; i++) {
        if (map_get(&table->numbers, formula->texts[i]))
            continue;
        struct text *texts =
            arena_grow(out->arena, table->texts, table->count, &table->capacity, sizeof *texts);
        if (!texts) {
            failed(out, TW_NO_MEMORY);
            return;
        }
        table->texts = texts;
        texts[table->count++] = formula->texts[i];
        if (!map_set(&table->numbers, formula->texts[i], (void *)(uintptr_t)table->count))
            failed(out, TW_NO_MEMORY);
    }
}

static void mark_actions(struct lowered *out)
{
    const struct policy_tree *policy = out->policy;
    for (size_t i = 0; i <= policy->rule_count; i++) {
        const struct statement *rule =
            i < policy->rule_count ? policy->rules[i] : policy->otherwise;
        for (const struct step *step = rule ? rule->action->steps : NULL; step; step = step->next)
            if (step->attribute)
                out->needed[step->attribute->variable] = true;
    }
}

static bool make_formulas(struct lowered *out)
{
    const struct policy_tree *policy = out->policy;
    size_t variables = policy->variable_count;
    out->formulas = ARENA_ARRAY(out->arena, struct formula *, policy->rule_count + 1);
    out->literals = ARENA_ARRAY(out->arena, struct literal_table, variables);
    out->needed = ARENA_ARRAY(out->arena, bool, variables);
    if (!out->formulas || !out->literals || !out->needed)
        return failed(out, TW_NO_MEMORY);
    for (size_t i = 0; i < variables; i++)
        map_init(&out->literals[i].numbers, out->arena);
    for (size_t i = 0; i < policy->rule_count; i++) {
        out->formulas[i] = formula_of_condition(policy, policy->rules[i]->condition);
        if (!out->formulas[i])
            return failed(out, TW_NO_MEMORY);
        number_texts(out, out->formulas[i]);
    }
    return !out->status;
}

static void fill_in_jumps(const struct builder *builder)
{
    struct lowered *out = builder->out;
    for (size_t i = 0; i < out->code_count; i++) {
        struct image_instruction *at = &out->code[i];
        if (at->op == OP_DECIDE)
            continue;
        at->then = builder->labels.places[at->then];
        at->otherwise = builder->labels.places[at->otherwise];
    }
}

enum tw_status lower_policy(struct lowered *lowered, struct arena *arena,
                            const struct policy_tree *policy)
{
    *lowered = (struct lowered){.arena = arena, .policy = policy};
    struct builder builder = {.out = lowered};
    map_init(&lowered->shared, arena);
    if (!make_formulas(lowered))
        return lowered->status;
    for (size_t i = 0; i < policy->rule_count && !lowered->status; i++) {
        uint32_t decide = label_new(&builder), next = label_new(&builder);
        emit_formula(&builder, lowered->formulas[i], decide, next);
        label_place(&builder, decide);
        emit(&builder, OP_DECIDE, 0, (uint32_t)i, 0, 0);
        label_place(&builder, next);
    }
    emit(&builder, OP_DECIDE, 0, (uint32_t)policy->rule_count, 0, 0);
    mark_actions(lowered);
    if (!lowered->status && builder.labels.places)
        fill_in_jumps(&builder);
    return lowered->status;
}
