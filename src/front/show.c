/* front/show.c: tokens and tree as text.
 *
 * Takes what front_read made, also of a text with errors: then it shows what could be read.
 * Recursion follows the tree, whose depth the parser bounds (MAX_NESTING). */
#include "front/show.h"

#include "front/tier.tab.h"

#include <stdarg.h>
#include <stdio.h>

enum { PLACE_WIDTH = 16 };

void show_place(struct sources *sources, struct span span, struct buffer *out)
{
    size_t start = out->length;
    struct place first = source_place(sources, span.source, span.start);
    struct place last = source_place(sources, span.source, span.end);
    buffer_format(out, "%u:%u-%u:%u", first.line, first.column, last.line, last.column);
    size_t width = out->length - start;
    buffer_repeat(out, ' ', width < PLACE_WIDTH ? PLACE_WIDTH - width : 1);
}

/* The kind of a token that is not its own text; NULL for words and signs. */
static const char *kind_word(int kind)
{
    static const struct {
        int kind;
        const char *word;
    } kinds[] = {
        {TIER_NAME, "name"},   {TIER_STRING, "string"},     {TIER_INT, "int"},
        {TIER_BOOL, "bool"},   {TIER_PERCENT, "percent"},   {TIER_MONEY, "money"},
        {TIER_TIME, "time"},   {TIER_DURATION, "duration"}, {TIER_DATE, "date"},
        {TIER_BAD, "not one"}, {TIER_INSTANT, "instant"},   {TIER_STRAY, "stray"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].kind == kind)
            return kinds[i].word;
    return NULL;
}

static void show_token(struct front *front, const struct token *token, struct buffer *out)
{
    struct text written = span_text(&front->sources, token->span);
    const char *word = kind_word(token->kind);
    show_place(&front->sources, token->span, out);
    if (!word)
        buffer_text(out, written);
    else
        buffer_format(out, "%-10s%.*s", word, TEXT_ARGUMENTS(written));
    if (word && token->kind != TIER_NAME && token->kind != TIER_STRING && token->kind != TIER_BAD &&
        token->kind != TIER_STRAY)
        buffer_format(out, " = %lld", (long long)token->number);
    buffer_byte(out, '\n');
}

static void show_comment(struct front *front, const struct comment *comment, struct buffer *out)
{
    struct text written = span_text(&front->sources, comment->span);
    show_place(&front->sources, comment->span, out);
    buffer_format(out, "%-10s%.*s\n", "comment", TEXT_ARGUMENTS(written));
}

static void show_words(struct front *front, const struct source *source, struct buffer *out)
{
    size_t comment = 0;
    buffer_format(out, "# %.*s\n", TEXT_ARGUMENTS(source->name));
    for (size_t token = 0; token < source->token_count; token++) {
        uint32_t start = source->tokens[token].span.start;
        while (comment < source->comment_count && source->comments[comment].span.start < start)
            show_comment(front, &source->comments[comment++], out);
        show_token(front, &source->tokens[token], out);
    }
    while (comment < source->comment_count)
        show_comment(front, &source->comments[comment++], out);
}

/* Tokens are gone once they were parsed: the source is read again, and what there is to say about
 * it was said the first time. */
static void show_source(struct front *front, uint32_t index, struct buffer *out)
{
    struct arena arena;
    arena_init(&arena, FRONT_MEMORY_LIMIT);
    struct findings unsaid = {.sources = &front->sources, .arena = &arena};
    struct parse parse = {
        .arena = &arena, .token_arena = &arena, .sources = &front->sources, .findings = &unsaid};
    struct source source = {.name = front->sources.items[index]->name,
                            .content = front->sources.items[index]->content};
    if (scan_source(&parse, &source, index))
        show_words(front, &source, out);
    else
        out->status = TW_NO_MEMORY;
    arena_free(&arena);
}

void show_tokens(struct front *front, struct buffer *out)
{
    for (uint32_t i = 0; i < front->sources.count; i++)
        show_source(front, i, out);
}

struct tree {
    struct sources *sources;
    struct buffer *out;
    uint32_t source; /* of the line before, to name the file where it changes */
    int depth;
};

/* One node, at the tree's depth. */
PRINTF_LIKE(3, 4)
static void node(struct tree *tree, struct span span, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    show_place(tree->sources, span, tree->out);
    buffer_repeat(tree->out, ' ', (size_t)tree->depth * 2);
    buffer_format(tree->out, "%s\n", text);
}

static void named(struct tree *tree, const char *role, const struct name *name)
{
    if (name)
        node(tree, name->span, "%s %.*s", role, TEXT_ARGUMENTS(name->text));
}

static const char *const value_words[] = {
    [VALUE_WORD] = "word", [VALUE_RANGE] = "range",       [VALUE_SET] = "set",
    [VALUE_BAD] = "bad",   [VALUE_SCHEDULE] = "schedule",
};

static void show_value(struct tree *tree, const struct value *value)
{
    struct text written = span_text(tree->sources, value->span);
    if (value->kind == VALUE_LITERAL)
        node(tree, value->span, "%s %.*s",
             value->type == TW_TYPE_NOW ? "instant" : type_word(value->type),
             TEXT_ARGUMENTS(written));
    else if (value->kind == VALUE_WORD)
        node(tree, value->span, "word %.*s", TEXT_ARGUMENTS(value->text));
    else
        node(tree, value->span, "%s", value_words[value->kind]);
    tree->depth++;
    if (value->kind == VALUE_RANGE || value->kind == VALUE_SCHEDULE) {
        show_value(tree, value->low);
        show_value(tree, value->high);
    } else if (value->kind == VALUE_SET) {
        for (const struct value *item = value->items; item; item = item->next)
            show_value(tree, item);
    }
    tree->depth--;
}

static const char *test_words(const struct condition *condition)
{
    static const char *const signs[] = {
        [COMPARE_EQUAL] = "==",      [COMPARE_NOT_EQUAL] = "!=", [COMPARE_LESS] = "<",
        [COMPARE_LESS_EQUAL] = "<=", [COMPARE_GREATER] = ">",    [COMPARE_GREATER_EQUAL] = ">=",
    };
    static const char *const words[][2] = {
        [CONDITION_OR] = {"or", "or"},           [CONDITION_AND] = {"and", "and"},
        [CONDITION_NOT] = {"not", "not"},        [CONDITION_IN] = {"in", "not in"},
        [CONDITION_LIKE] = {"like", "not like"}, [CONDITION_IS_SET] = {"is set", "is not set"},
        [CONDITION_NAME] = {"holds", "holds"},
    };
    if (condition->kind == CONDITION_COMPARE)
        return signs[condition->comparison];
    return words[condition->kind][condition->negated];
}

static void show_condition(struct tree *tree, const struct condition *condition)
{
    if (condition->operand)
        node(tree, condition->span, "%.*s %s", TEXT_ARGUMENTS(condition->operand->text),
             test_words(condition));
    else
        node(tree, condition->span, "%s", test_words(condition));
    tree->depth++;
    if (!condition_parts(condition) && condition->value)
        show_value(tree, condition->value);
    for (const struct condition *part = condition_parts(condition); part; part = part->next)
        show_condition(tree, part);
    tree->depth--;
}

static void show_option(struct tree *tree, const char *word, const struct value *value)
{
    if (!value)
        return;
    node(tree, value->span, "%s", word);
    tree->depth++;
    show_value(tree, value);
    tree->depth--;
}

static void show_step(struct tree *tree, const struct step *step)
{
    node(tree, step->span, "step %.*s%s", TEXT_ARGUMENTS(step->tier->text),
         step->strict ? " strict" : "");
    tree->depth++;
    show_option(tree, "timeout", step->timeout);
    show_option(tree, "retry", step->retry);
    tree->depth--;
}

static void show_action(struct tree *tree, const struct action *action)
{
    for (const struct step *step = action->steps; step; step = step->next)
        show_step(tree, step);
    if (action->reject)
        node(tree, action->reject_span, "reject \"%.*s\"", TEXT_ARGUMENTS(action->reason));
}

static void show_givens(struct tree *tree, const struct given *first)
{
    for (const struct given *given = first; given; given = given->next) {
        node(tree, given->span, "given %.*s", TEXT_ARGUMENTS(given->attribute_name->text));
        tree->depth++;
        show_value(tree, given->value);
        tree->depth--;
    }
}

static const char *const statement_words[] = {
    [STATEMENT_EDITION] = "edition", [STATEMENT_PROVIDER] = "provider",
    [STATEMENT_TIERS] = "tiers",     [STATEMENT_TIMEZONE] = "timezone",
    [STATEMENT_INCLUDE] = "include", [STATEMENT_ATTRIBUTE] = "attribute",
    [STATEMENT_BUDGET] = "budget",   [STATEMENT_LET] = "let",
    [STATEMENT_RULE] = "rule",       [STATEMENT_OTHERWISE] = "otherwise",
    [STATEMENT_NEVER] = "never",     [STATEMENT_ALWAYS] = "always",
    [STATEMENT_EXPECT] = "expect",   [STATEMENT_GIVEN_UP] = "given up",
};

static void show_parts(struct tree *tree, const struct statement *statement)
{
    named(tree, "name", statement->name);
    named(tree, "type", statement->type);
    for (const struct name *word = statement->words; word; word = word->next)
        named(tree, "word", word);
    named(tree, "tier", statement->tier);
    if (statement->value)
        show_value(tree, statement->value);
    named(tree, "from", statement->source_kind);
    if (statement->source_value)
        show_value(tree, statement->source_value);
    named(tree, "per", statement->window);
    named(tree, "by", statement->by);
    if (statement->condition)
        show_condition(tree, statement->condition);
    if (statement->action)
        show_action(tree, statement->action);
    show_givens(tree, statement->givens);
}

void show_tree(struct front *front, struct buffer *out)
{
    struct tree tree = {.sources = &front->sources, .out = out, .source = UINT32_MAX};
    for (const struct statement *at = front->statements; at; at = at->next) {
        if (at->span.source != tree.source)
            buffer_format(out, "# %.*s\n",
                          TEXT_ARGUMENTS(front->sources.items[at->span.source]->name));
        tree.source = at->span.source;
        node(&tree, at->span, "%s", statement_words[at->kind]);
        tree.depth++;
        show_parts(&tree, at);
        tree.depth--;
    }
}
