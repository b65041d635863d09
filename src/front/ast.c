/* front/ast.c: the constructors that the grammar calls.
 *
 * They store what they are given and check nothing about its meaning. When memory is out they
 * return NULL and set parse->no_memory; NULL arguments are stored like any other, since the tree
 * is thrown away then. */
#include "front/parse_error.h"

static void *node(struct parse *parse, size_t size)
{
    void *made = arena_alloc(parse->arena, 1, size);
    if (!made)
        parse->no_memory = true;
    return made;
}

#define NODE(type) ((type *)node(parse, sizeof(type)))

/* While a list is read, the grammar holds its last element, which points at the first: appending
 * takes one step, and no element needs to know more than the next one. */
#define LIST_APPEND(last, element)                                                                 \
    do {                                                                                           \
        if (!(element))                                                                            \
            break;                                                                                 \
        (element)->next = (last) ? (last)->next : (element);                                       \
        if (last)                                                                                  \
            (last)->next = (element);                                                              \
        (last) = (element);                                                                        \
    } while (0)

/* Turns the last element of such a list into the first one of a plain list. */
#define LIST_FINISH(list)                                                                          \
    do {                                                                                           \
        __typeof__(list) end_ = (list);                                                            \
        if (!end_)                                                                                 \
            break;                                                                                 \
        (list) = end_->next;                                                                       \
        end_->next = NULL;                                                                         \
    } while (0)

struct name *name_new(struct parse *parse, const struct token *token)
{
    struct name *name = NODE(struct name);
    if (name && token) {
        name->text = token->text;
        name->span = token->span;
    }
    return name;
}

struct name *name_keyword(struct parse *parse, const char *word, struct span span)
{
    struct name *name = NODE(struct name);
    if (name) {
        name->text = text_of(word);
        name->span = span;
    }
    return name;
}

struct name *name_dotted(struct parse *parse, struct name *budget, struct name *member)
{
    struct name *name = NODE(struct name);
    if (!name || !budget || !member)
        return name;
    name->text = arena_format(parse->arena, "%.*s.%.*s", (int)budget->text.length,
                              budget->text.data, (int)member->text.length, member->text.data);
    name->span = span_join(budget->span, member->span);
    return name;
}

struct name *name_append(struct name *last, struct name *name)
{
    LIST_APPEND(last, name);
    return last;
}

struct value *value_literal(struct parse *parse, enum tw_type type, const struct token *token)
{
    struct value *value = NODE(struct value);
    if (value && token) {
        value->kind = VALUE_LITERAL;
        value->type = type;
        value->span = token->span;
        if (type == TW_TYPE_STRING)
            value->text = token->text;
        else
            value->number = token->number;
    }
    return value;
}

struct value *value_bad(struct parse *parse, const struct token *token)
{
    struct value *value = NODE(struct value);
    if (value && token) {
        value->kind = VALUE_BAD;
        value->span = token->span;
    }
    return value;
}

struct value *value_word(struct parse *parse, const struct name *name)
{
    struct value *value = NODE(struct value);
    if (value && name) {
        value->kind = VALUE_WORD;
        value->span = name->span;
        value->text = name->text;
    }
    return value;
}

static struct value *value_pair(struct parse *parse, enum value_kind kind, struct value *low,
                                struct value *high)
{
    struct value *value = NODE(struct value);
    if (!value || !low || !high)
        return value;
    value->kind = kind;
    value->span = span_join(low->span, high->span);
    value->low = low;
    value->high = high;
    return value;
}

struct value *value_range(struct parse *parse, struct value *low, struct value *high)
{
    return value_pair(parse, VALUE_RANGE, low, high);
}

struct value *value_schedule(struct parse *parse, struct value *days, struct value *times)
{
    return value_pair(parse, VALUE_SCHEDULE, days, times);
}

struct value *value_set(struct parse *parse, struct value *items, struct span span)
{
    struct value *value = NODE(struct value);
    LIST_FINISH(items);
    if (value) {
        value->kind = VALUE_SET;
        value->span = span;
        value->items = items;
    }
    return value;
}

struct value *value_append(struct value *last, struct value *value)
{
    LIST_APPEND(last, value);
    return last;
}

static struct condition *condition_new(struct parse *parse, enum condition_kind kind,
                                       struct span span)
{
    struct condition *condition = NODE(struct condition);
    if (condition) {
        condition->kind = kind;
        condition->span = span;
    }
    return condition;
}

/* `a or b or c` is one OR with three children: a long chain must not make a deep tree. */
struct condition *condition_join(struct parse *parse, enum condition_kind kind,
                                 struct condition *left, struct condition *right)
{
    if (!left || !right)
        return NULL;
    if (left->kind == kind && !left->parentheses) {
        left->last->next = right;
        left->last = right;
        left->span = span_join(left->span, right->span);
        return left;
    }
    struct condition *joined = condition_new(parse, kind, span_join(left->span, right->span));
    if (joined) {
        joined->children = left;
        left->next = right;
        joined->last = right;
    }
    return joined;
}

struct condition *condition_not(struct parse *parse, struct condition *inner, struct span span)
{
    struct condition *condition = condition_new(parse, CONDITION_NOT, span);
    if (condition)
        condition->children = inner;
    return condition;
}

struct condition *condition_grouped(struct condition *inner, struct span span)
{
    if (inner) {
        inner->parentheses = true;
        inner->span = span;
    }
    return inner;
}

struct condition *condition_test(struct parse *parse, enum condition_kind kind, bool negated,
                                 struct name *operand, struct value *value, struct span span)
{
    struct condition *condition = condition_new(parse, kind, span);
    if (condition) {
        condition->negated = negated;
        condition->operand = operand;
        condition->value = value;
    }
    return condition;
}

struct condition *condition_compare(struct parse *parse, struct name *operand,
                                    enum comparison comparison, struct span operator_span,
                                    struct value *value)
{
    if (!operand || !value)
        return NULL;
    struct condition *condition =
        condition_new(parse, CONDITION_COMPARE, span_join(operand->span, value->span));
    if (condition) {
        condition->operand = operand;
        condition->comparison = comparison;
        condition->operator_span = operator_span;
        condition->value = value;
    }
    return condition;
}

struct action *action_steps(struct parse *parse, struct step *steps, struct span span)
{
    struct action *action = NODE(struct action);
    LIST_FINISH(steps);
    if (action) {
        action->span = span;
        action->steps = steps;
    }
    return action;
}

struct action *action_reject(struct parse *parse, struct step *steps, const struct token *reason,
                             struct span reject, struct span span)
{
    struct action *action = action_steps(parse, steps, span);
    if (action) {
        action->reject = true;
        action->reject_span = reject;
        action->reason = reason ? reason->text : (struct text){"", 0};
    }
    return action;
}

struct step *step_new(struct parse *parse, struct name *tier)
{
    struct step *step = NODE(struct step);
    if (step && tier) {
        step->tier = tier;
        step->span = tier->span;
        step->tier_index = -1;
        step->timeout_milliseconds = -1;
    }
    return step;
}

struct step *step_append(struct step *last, struct step *step)
{
    LIST_APPEND(last, step);
    return last;
}

struct step *step_strict(struct step *step, struct span span)
{
    if (!step)
        return NULL;
    step->strict_again = step->strict;
    step->strict = true;
    step->strict_span = span;
    step->span = span_join(step->span, span);
    return step;
}

static struct step *step_option(struct step *step, struct value **place, struct value *value)
{
    if (!step || !value)
        return NULL;
    if (*place)
        step->again = value;
    else
        *place = value;
    step->span = span_join(step->span, value->span);
    return step;
}

struct step *step_timeout(struct step *step, struct value *value)
{
    return step ? step_option(step, &step->timeout, value) : NULL;
}

struct step *step_retry(struct step *step, struct value *value)
{
    return step ? step_option(step, &step->retry, value) : NULL;
}

struct given *given_new(struct parse *parse, struct name *name, struct value *value)
{
    struct given *given = NODE(struct given);
    if (!given || !name || !value)
        return given;
    given->attribute_name = name;
    given->value = value;
    given->span = span_join(name->span, value->span);
    return given;
}

struct given *given_append(struct given *last, struct given *given)
{
    LIST_APPEND(last, given);
    return last;
}

struct statement *statement_new(struct parse *parse, enum statement_kind kind, struct span span)
{
    struct statement *statement = NODE(struct statement);
    if (statement) {
        statement->kind = kind;
        statement->span = span;
    }
    return statement;
}

struct statement *statement_value(struct parse *parse, enum statement_kind kind, struct span span,
                                  struct value *value)
{
    struct statement *statement = statement_new(parse, kind, span);
    if (statement)
        statement->value = value;
    return statement;
}

struct statement *statement_provider(struct parse *parse, struct span span, struct name *name)
{
    struct statement *statement = statement_new(parse, STATEMENT_PROVIDER, span);
    if (statement)
        statement->name = name;
    return statement;
}

struct statement *statement_tiers(struct parse *parse, struct span span, struct name *names)
{
    struct statement *statement = statement_new(parse, STATEMENT_TIERS, span);
    LIST_FINISH(names);
    if (statement)
        statement->words = names;
    return statement;
}

struct statement *type_new(struct parse *parse, struct name *type, struct name *words)
{
    struct statement *statement = NODE(struct statement);
    LIST_FINISH(words);
    if (statement) {
        statement->type = type;
        statement->words = words;
    }
    return statement;
}

struct statement *source_new(struct parse *parse, struct name *kind, struct value *value)
{
    struct statement *statement = NODE(struct statement);
    if (statement) {
        statement->source_kind = kind;
        statement->source_value = value;
    }
    return statement;
}

struct statement *statement_attribute(struct parse *parse, struct span span, struct name *name,
                                      struct statement *type, struct value *initial,
                                      struct statement *source)
{
    struct statement *statement = statement_new(parse, STATEMENT_ATTRIBUTE, span);
    if (!statement || !type)
        return statement;
    statement->name = name;
    statement->type = type->type;
    statement->words = type->words;
    statement->value = initial;
    statement->source_kind = source ? source->source_kind : NULL;
    statement->source_value = source ? source->source_value : NULL;
    return statement;
}

struct statement *statement_budget(struct parse *parse, struct span span, struct name *name,
                                   struct value *limit, struct name *window, struct name *by)
{
    struct statement *statement = statement_value(parse, STATEMENT_BUDGET, span, limit);
    if (statement) {
        statement->name = name;
        statement->window = window;
        statement->by = by;
    }
    return statement;
}

struct statement *statement_let(struct parse *parse, struct span span, struct name *name,
                                struct value *value, struct condition *condition)
{
    struct statement *statement = statement_value(parse, STATEMENT_LET, span, value);
    if (statement) {
        statement->name = name;
        statement->condition = condition;
    }
    return statement;
}

struct statement *statement_rule(struct parse *parse, struct span span, struct name *label,
                                 struct condition *condition, struct action *action)
{
    enum statement_kind kind = condition ? STATEMENT_RULE : STATEMENT_OTHERWISE;
    struct statement *statement = statement_new(parse, kind, span);
    if (statement) {
        statement->name = label;
        statement->condition = condition;
        statement->action = action;
    }
    return statement;
}

struct statement *statement_property(struct parse *parse, enum statement_kind kind,
                                     struct span span, struct name *tier,
                                     struct condition *condition)
{
    struct statement *statement = statement_new(parse, kind, span);
    if (statement) {
        statement->tier = tier;
        statement->condition = condition;
    }
    return statement;
}

struct statement *statement_expect(struct parse *parse, struct span span, struct name *tier,
                                   struct name *by, struct given *givens)
{
    struct statement *statement = statement_new(parse, STATEMENT_EXPECT, span);
    LIST_FINISH(givens);
    if (statement) {
        statement->tier = tier;
        statement->by = by;
        statement->givens = givens;
    }
    return statement;
}
