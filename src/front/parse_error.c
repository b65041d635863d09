/* front/parse_error.c: what the grammar could not read, said in a person's words.
 *
 * The generated parser tells what was found and which tokens could have come. Long lists of tokens
 * are folded into what they begin ("a condition", "a value", "a statement"), and the usual slips
 * get the mend that they need. */
#include "front/parse_slip.h"

#include <string.h>

/* The symbols of the generated parser are internal to it: names stand for them here. */
bool expects(const struct expectation *expectation, const char *name)
{
    for (int i = 0; i < expectation->count; i++)
        if (strcmp(expectation->names[i], name) == 0)
            return true;
    return false;
}

void expectation_add(struct expectation *expectation, int symbol, const char *name)
{
    (void)symbol;
    if (expectation->count < MAX_EXPECTED)
        expectation->names[expectation->count++] = name;
}

/* Tokens that are said together when the mark among them is expected. Order matters: what a row
 * names is said first, and each token once. */
struct group {
    const char *mark, *second_mark; /* both have to be expected; the second may be NULL */
    const char *said;
    const char *members; /* separated by blanks */
};

static const struct group groups[] = {
    {"let", NULL, "a statement",
     "edition provider tiers timezone include attribute budget let when otherwise never always "
     "expect \"a label\""},
    {"'('", "not", "a condition",
     "not '(' \"a name\" \"a string\" \"a number\" \"a percentage\" \"an amount of money\" "
     "\"a duration\" \"a time of day\" \"a date\" \"an instant\" \"true or false\" \"a value\""},
    {"a duration", NULL, "a value",
     "\"a name\" \"a string\" \"a number\" \"a percentage\" \"an amount of money\" "
     "\"a duration\" \"a time of day\" \"a date\" \"an instant\" \"true or false\" \"a value\""},
    {"in", NULL, "a comparison", "== != < <= > >= = not in like is '.'"},
    {"=", "==", "`=`", "== = '.'"},
    {"reject", "a name", "a tier", "\"a name\""},
};

static bool is_member(const char *members, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(members, name); at; at = strstr(at + 1, name)) {
        char before = at == members ? ' ' : at[-1];
        if ((before == ' ' || before == '"') &&
            (at[length] == ' ' || at[length] == '"' || !at[length]))
            return true;
    }
    return false;
}

static bool is_phrase(const char *name)
{
    return strchr(name, ' ') != NULL;
}

static void list_append(struct buffer *list, const char *name)
{
    buffer_string(list, list->length ? "\n" : "");
    if (is_phrase(name))
        buffer_string(list, name);
    else if (name[0] == '\'')
        buffer_format(list, "`%c`", name[1]);
    else
        buffer_format(list, "`%s`", name);
}

/* The names, one a line, groups first; names that a group covers are left out. */
static void list_expected(const struct expectation *expectation, struct buffer *list)
{
    bool covered[MAX_EXPECTED] = {false};
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        const struct group *group = &groups[g];
        bool marked = false;
        for (int i = 0; i < expectation->count; i++)
            marked |= !covered[i] && strcmp(expectation->names[i], group->mark) == 0;
        if (!marked || (group->second_mark && !expects(expectation, group->second_mark)))
            continue;
        list_append(list, group->said);
        for (int i = 0; i < expectation->count; i++)
            covered[i] |= is_member(group->members, expectation->names[i]);
    }
    for (int i = 0; i < expectation->count; i++)
        if (!covered[i] && strcmp(expectation->names[i], "end of file") != 0)
            list_append(list, expectation->names[i]);
}

/* "a, b or c" out of lines. */
static struct text join_list(struct arena *arena, struct text lines)
{
    struct text joined = {"", 0};
    while (lines.length) {
        const char *end = memchr(lines.data, '\n', lines.length);
        struct text line = {lines.data, end ? (size_t)(end - lines.data) : lines.length};
        lines.data += line.length + (end != NULL);
        lines.length -= line.length + (end != NULL);
        const char *between = !joined.length ? "" : lines.length ? ", " : " or ";
        joined = arena_format(arena, "%.*s%s%.*s", (int)joined.length, joined.data, between,
                              (int)line.length, line.data);
    }
    return joined;
}

struct text near_keyword(const struct expectation *expectation, struct text found)
{
    struct nearest nearest;
    nearest_init(&nearest, found);
    for (int i = 0; i < expectation->count; i++)
        if (!is_phrase(expectation->names[i]) && expectation->names[i][0] >= 'a')
            nearest_offer(&nearest, text_of(expectation->names[i]));
    return nearest.best;
}

static bool at_statement(const struct expectation *expectation)
{
    return expects(expectation, "let") && expects(expectation, "a label");
}

/* A statement that may be over, so that what follows is read as the start of another. */
static bool may_go_on(const struct expectation *expectation)
{
    return expects(expectation, "else") || expects(expectation, "and") ||
           expects(expectation, "','") || expects(expectation, "by") ||
           expects(expectation, "from");
}

static void report_statement(struct parse *parse, const struct expectation *expectation,
                             struct text found)
{
    struct text near = near_keyword(expectation, found);
    struct finding *finding =
        finding_add(parse->findings, FINDING_UNKNOWN_STATEMENT, expectation->span,
                    "no statement begins with `%.*s`", (int)found.length, found.data);
    if (near.length)
        finding_help(parse->findings, finding, "did you mean `%.*s`?", (int)near.length, near.data);
    else
        finding_help(parse->findings, finding,
                     "a rule is written `when CONDITION -> TIER`, or `LABEL: when ...`");
}

static void report_list(struct parse *parse, const struct expectation *expectation,
                        struct text found)
{
    bool at_end = expectation->span.start == expectation->span.end;
    struct buffer list;
    buffer_init(&list, 4096);
    list_expected(expectation, &list);
    struct text expected = join_list(parse->arena, buffer_view(&list));
    buffer_free(&list);
    struct finding *finding;
    if (at_end)
        finding = finding_add(parse->findings, FINDING_UNEXPECTED_END, expectation->span,
                              "the text ends here, but %.*s is still to come", (int)expected.length,
                              expected.data);
    else
        finding = finding_add(parse->findings, FINDING_UNEXPECTED, expectation->span,
                              "expected %.*s, found `%.*s`", (int)expected.length, expected.data,
                              (int)found.length, found.data);
    struct text near = near_keyword(expectation, found);
    if (near.length)
        finding_help(parse->findings, finding, "did you mean `%.*s`?", (int)near.length, near.data);
    else if (expects(expectation, "a name") && strcmp(expectation->found_name, "a string") == 0)
        finding_help(parse->findings, finding, "write the name without quotes");
    else if (expects(expectation, "a name") && expectation->found_name[0] >= 'a' &&
             !is_phrase(expectation->found_name))
        finding_help(parse->findings, finding,
                     "`%.*s` is a word of the language and cannot be a name", (int)found.length,
                     found.data);
}

static const struct token no_token = {0};

static struct slip_place place_of(struct parse *parse, const struct expectation *expectation)
{
    const struct source *source = parse->source;
    bool at_end = expectation->span.start == expectation->span.end;
    size_t index = at_end ? source->token_count : parse->next_token - 1;
    struct slip_place place = {.parse = parse,
                               .expectation = expectation,
                               .index = index,
                               .before = index ? &source->tokens[index - 1] : &no_token,
                               .found = at_end ? &no_token : &source->tokens[index],
                               .after = index + 1 < source->token_count ? &source->tokens[index + 1]
                                                                        : &no_token};
    if (index && !at_end) {
        uint32_t start = place.before->span.end, end = place.found->span.start;
        place.same_line = !memchr(source->content.data + start, '\n', end - start);
    }
    return place;
}

int parse_unexpected(struct parse *parse, const struct expectation *expectation)
{
    if (parse->abandoned || parse->no_memory)
        return 0;
    struct slip_place place = place_of(parse, expectation);
    struct text found = span_text(parse->sources, expectation->span);
    if (!report_slip(&place)) {
        bool goes_on = may_go_on(expectation) && place.same_line;
        if (at_statement(expectation) && !goes_on && found.length)
            report_statement(parse, expectation, found);
        else
            report_list(parse, expectation, found);
    }
    parse_begin_skipping(parse);
    return 0;
}

enum comparison comparison_single(struct parse *parse, struct span span)
{
    struct finding *finding = finding_add(parse->findings, FINDING_FOREIGN_WORD, span,
                                          "`=` gives a name its value; it does not compare");
    finding_help(parse->findings, finding, "write `==`");
    return COMPARE_EQUAL;
}

struct given *given_equal(struct parse *parse, struct name *name, struct span operator_span,
                          struct value *value)
{
    struct finding *finding = finding_add(parse->findings, FINDING_FOREIGN_WORD, operator_span,
                                          "an example gives values, it does not compare");
    finding_help(parse->findings, finding, "write `=`");
    return given_new(parse, name, value);
}

struct condition *condition_value_first(struct parse *parse, struct value *value,
                                        enum comparison comparison, struct span operator_span,
                                        struct name *operand)
{
    static const struct {
        const char *sign;
        enum comparison turned;
    } turned[] = {
        [COMPARE_EQUAL] = {"==", COMPARE_EQUAL},
        [COMPARE_NOT_EQUAL] = {"!=", COMPARE_NOT_EQUAL},
        [COMPARE_LESS] = {">", COMPARE_GREATER},
        [COMPARE_LESS_EQUAL] = {">=", COMPARE_GREATER_EQUAL},
        [COMPARE_GREATER] = {"<", COMPARE_LESS},
        [COMPARE_GREATER_EQUAL] = {"<=", COMPARE_LESS_EQUAL},
    };
    if (!value || !operand)
        return NULL;
    struct span span = span_join(value->span, operand->span);
    struct text literal = span_text(parse->sources, value->span);
    struct finding *finding = finding_add(parse->findings, FINDING_VALUE_FIRST, span,
                                          "the attribute comes first in a comparison");
    finding_help(parse->findings, finding, "write `%.*s %s %.*s`", (int)operand->text.length,
                 operand->text.data, turned[comparison].sign, (int)literal.length, literal.data);
    struct condition *condition =
        condition_compare(parse, operand, turned[comparison].turned, operator_span, value);
    if (condition)
        condition->span = span;
    return condition;
}
