/* diagram/formula.c: conditions of the tree to formulas, in the compile's arena.
 *
 * Recursion is bounded: the parser limits nesting, the check limits `let`s in `let`s, and both
 * limit the size of what comes out. */
#include "diagram/formula.h"

#include <stdlib.h>

static struct formula *formula_new(struct arena *arena, enum formula_kind kind)
{
    struct formula *formula = ARENA_NEW(arena, struct formula);
    if (formula)
        formula->kind = kind;
    return formula;
}

static int compare_texts(const void *left, const void *right)
{
    return text_compare(*(const struct text *)left, *(const struct text *)right);
}

static bool fill_texts(struct arena *arena, const struct condition *test, struct formula *formula)
{
    formula->texts = ARENA_ARRAY(arena, struct text, test->item_count);
    if (!formula->texts)
        return false;
    for (size_t i = 0; i < test->item_count; i++)
        formula->texts[i] = test->items[i].text;
    qsort(formula->texts, test->item_count, sizeof *formula->texts, compare_texts);
    for (size_t i = 0; i < test->item_count; i++)
        if (i == 0 || !text_equal(formula->texts[i], formula->texts[formula->text_count - 1]))
            formula->texts[formula->text_count++] = formula->texts[i];
    return true;
}

static struct formula *of_test(const struct policy_tree *policy, const struct condition *test,
                               bool negated)
{
    enum formula_kind kind = test->kind == CONDITION_IS_SET            ? FORMULA_IS_SET
                             : test->attribute->type != TW_TYPE_STRING ? FORMULA_RANGES
                             : test->kind == CONDITION_LIKE            ? FORMULA_LIKE
                                                                       : FORMULA_TEXTS;
    struct formula *formula = formula_new(policy->arena, kind);
    if (!formula)
        return NULL;
    formula->variable = test->attribute->variable;
    formula->negated = negated != test->negated;
    if (test->kind == CONDITION_COMPARE && test->comparison == COMPARE_NOT_EQUAL)
        formula->negated = !negated;
    if (kind == FORMULA_IS_SET)
        return formula;
    if (kind != FORMULA_RANGES)
        return fill_texts(policy->arena, test, formula) ? formula : NULL;
    const struct variable *variable = &policy->variables[formula->variable];
    struct interval_set set;
    formula->negated = false;
    if (!interval_set_of_test(policy, test, &set))
        return NULL;
    formula->set = set;
    if (negated &&
        !interval_set_complement(policy->arena, set, variable->low, variable->high, &formula->set))
        return NULL;
    return formula;
}

static struct formula *of_condition(const struct policy_tree *policy,
                                    const struct condition *condition, bool negated);

/* De Morgan: a negated `and` is the `or` of the negations. */
static struct formula *of_children(const struct policy_tree *policy,
                                   const struct condition *condition, bool negated)
{
    bool is_and = (condition->kind == CONDITION_AND) != negated;
    struct formula *formula = formula_new(policy->arena, is_and ? FORMULA_AND : FORMULA_OR);
    struct formula **end = formula ? &formula->children : NULL;
    for (const struct condition *child = condition->children; end && child; child = child->next) {
        *end = of_condition(policy, child, negated);
        end = *end ? &(*end)->next : NULL;
    }
    return end ? formula : NULL;
}

/* What a `let` stands for, at the place where it is used. */
static struct formula *of_name(const struct policy_tree *policy, const struct condition *name,
                               bool negated)
{
    struct formula *formula = of_condition(policy, name->named->condition, negated);
    if (formula)
        formula->named = true;
    return formula;
}

static struct formula *of_kind(const struct policy_tree *policy, const struct condition *condition,
                               bool negated)
{
    if (condition->named)
        return of_name(policy, condition, negated);
    if (condition->kind == CONDITION_NOT)
        return of_condition(policy, condition->children, !negated);
    if (condition->kind == CONDITION_AND || condition->kind == CONDITION_OR)
        return of_children(policy, condition, negated);
    return of_test(policy, condition, negated);
}

static struct formula *of_condition(const struct policy_tree *policy,
                                    const struct condition *condition, bool negated)
{
    struct formula *formula = of_kind(policy, condition, negated);
    if (formula) {
        formula->span = condition->span;
        formula->inverted = negated;
    }
    return formula;
}

struct formula *formula_of_condition(const struct policy_tree *policy,
                                     const struct condition *condition)
{
    return of_condition(policy, condition, false);
}
