/* front/parse_slip.c: what authors most often write where the grammar wants something else, each
 * with the mend that it needs.
 *
 * Slips that show in three tokens in a row are rows of a table; parse_spelling.c has the others. */
#include "front/parse_slip.h"

#include "front/tier.tab.h"

#include <string.h>

/* Kinds of tokens for the table, beside those of the grammar. END is the grammar's own 0. */
enum { ANY = -1, COMPARISON = -2, STATEMENT = -3, FIRST_WORD = -4 };

enum position { AT_FOUND, AT_BEFORE, BEHIND_BEFORE };

struct slip {
    int before, found;
    const char *expected, *expected_too; /* names in the grammar; NULL for anything */
    enum position at;
    enum finding_name name;
    const char *message, *help; /* {before}, {found} and {after} stand for those tokens */
};

/* The first row that fits is said. */
static const struct slip slips[] = {
    {TIER_OTHERWISE, TIER_WHEN, "->", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "`otherwise` takes no condition", "write `when ... -> TIER`, above `otherwise`"},
    {':', TIER_OTHERWISE, "when", NULL, AT_FOUND, FINDING_UNEXPECTED, "`otherwise` takes no label",
     "leave the label out"},
    {TIER_OTHERWISE, TIER_NAME, "->", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "`->` is missing before `{found}`", "write `-> {found}`"},
    {ANY, TIER_NAME, "when", "by", AT_FOUND, FINDING_UNEXPECTED,
     "`when` is missing before the values of this example", "write `when {found} = ...`"},
    {TIER_NAME, TIER_FROM, "':'", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "the type of `{before}` is missing", "write `{before}: string`, or another type"},
    {TIER_NAME, TIER_IS_VALUE, "':'", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "the type of `{before}` is missing", "write `{before}: string`, or another type"},
    {FIRST_WORD, ':', NULL, NULL, AT_BEFORE, FINDING_UNEXPECTED,
     "`{before}` is a word of the language and cannot be a label", "take another label"},

    /* Something is missing. */
    {TIER_WHEN, TIER_ARROW, NULL, NULL, AT_FOUND, FINDING_MISSING_CONDITION,
     "a condition is missing before `->`",
     "write what must hold, or `otherwise -> ...` for every other request"},
    {ANY, TIER_ARROW, "'('", NULL, BEHIND_BEFORE, FINDING_MISSING_CONDITION,
     "a condition is missing after `{before}`", "write what must hold"},
    {ANY, ')', "'('", NULL, AT_FOUND, FINDING_MISSING_CONDITION,
     "a condition is missing before `)`", "write what must hold"},
    {TIER_ELSE, TIER_ARROW, "reject", NULL, AT_BEFORE, FINDING_UNEXPECTED,
     "`else` stands behind a tier, and begins no rule",
     "write `otherwise -> ...` for every other request"},
    {TIER_ELSE, STATEMENT, "reject", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "a tier is missing after `else`", "write `else TIER`, or leave `else` out"},
    {TIER_ARROW, STATEMENT, "reject", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "a tier is missing after `->`", "write it, for example `-> default`"},
    {ANY, STATEMENT, "->", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED, "this rule has no action",
     "add `-> TIER` after its condition"},
    {ANY, STATEMENT, "'('", NULL, BEHIND_BEFORE, FINDING_MISSING_CONDITION,
     "a condition is missing after `{before}`", "write what must hold"},
    {'{', '}', "a duration", NULL, AT_FOUND, FINDING_UNEXPECTED, "this list is empty",
     "a list has at least one value"},
    {',', '}', "a duration", NULL, AT_BEFORE, FINDING_UNEXPECTED, "this comma is one too many",
     "leave it out"},
    {ANY, STATEMENT, "a duration", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "a value is missing after `{before}`", "write the value"},
    {ANY, TIER_ARROW, "a duration", "','", BEHIND_BEFORE, FINDING_UNEXPECTED,
     "this list has no `}`", "add `}` behind its last value"},
    {ANY, TIER_ARROW, "a duration", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "a value is missing after `{before}`", "write the value"},
    {ANY, ')', "a duration", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "a value is missing after `{before}`", "write the value"},
    {ANY, TIER_ARROW, "')'", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "a parenthesis is open that has no `)`", "add `)`"},
    {ANY, STATEMENT, "')'", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED,
     "a parenthesis is open that has no `)`", "add `)`"},
    {ANY, TIER_ARROW, "'}'", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED, "this list has no `}`",
     "add `}` behind its last value"},
    {ANY, STATEMENT, "'}'", NULL, BEHIND_BEFORE, FINDING_UNEXPECTED, "this list has no `}`",
     "add `}` behind its last value"},

    /* Several values. */
    {TIER_EQUAL, '{', "a duration", NULL, AT_BEFORE, FINDING_UNEXPECTED,
     "`==` compares with one value", "write `in {...}`"},
    {TIER_NOT_EQUAL, '{', "a duration", NULL, AT_BEFORE, FINDING_UNEXPECTED,
     "`!=` compares with one value", "write `not in {...}`"},
    {TIER_IN, '(', NULL, NULL, AT_FOUND, FINDING_UNEXPECTED, "a list stands in braces",
     "write `in {a, b}`"},
    {ANY, '}', "..", NULL, AT_BEFORE, FINDING_UNEXPECTED, "a comma is missing before `{before}`",
     "write `, {before}`"},

    /* Signs that join. */
    {ANY, COMPARISON, "and", NULL, AT_FOUND, FINDING_UNEXPECTED, "comparisons cannot be chained",
     "join two comparisons with `and`, or write `in low..high`"},
    {ANY, COMPARISON, "=", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "an example gives values, it does not compare", "write `=` and one value"},
    {ANY, TIER_IN, "=", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "an example gives values, it does not compare", "write `=` and one value"},
    {ANY, ',', "and", "->", AT_FOUND, FINDING_UNEXPECTED, "conditions are joined by `and` or `or`",
     "write `and`"},
    {ANY, TIER_AND, "','", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "the values of an example are separated by commas", "write `,`"},
    {ANY, ',', "else", NULL, AT_FOUND, FINDING_UNEXPECTED, "a rule has one action",
     "write `else` before the tier to try next"},
    {ANY, TIER_OR, "else", NULL, AT_FOUND, FINDING_UNEXPECTED, "a rule has one action",
     "write `else` before the tier to try next"},
    {ANY, TIER_AND, "else", NULL, AT_FOUND, FINDING_UNEXPECTED, "a rule has one action",
     "write `else` before the tier to try next"},
    {ANY, ':', "->", NULL, AT_FOUND, FINDING_UNEXPECTED, "`:` stands behind a label, before `when`",
     "write `->` before the tier"},
    {TIER_STRING, TIER_ELSE, "let", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "nothing follows a `reject`", "leave `else` out, or write `TIER else reject`"},
    {TIER_REJECT, TIER_ELSE, "let", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "nothing follows a `reject`", "leave `else` out, or write `TIER else reject`"},

    /* Parentheses and braces. */
    {ANY, '(', "==", NULL, AT_FOUND, FINDING_UNEXPECTED, "there are no functions",
     "compare an attribute as it is, for example `messages > 5`"},
    {ANY, ')', NULL, NULL, AT_FOUND, FINDING_UNEXPECTED, "this `)` closes nothing", "leave it out"},
    {ANY, '}', "and", NULL, AT_FOUND, FINDING_UNEXPECTED, "this `}` closes nothing",
     "leave it out"},
    {ANY, '{', "'('", NULL, AT_FOUND, FINDING_UNEXPECTED, "conditions are grouped by `(` and `)`",
     "write `(`"},
    {ANY, TIER_STRING, "==", NULL, AT_FOUND, FINDING_UNEXPECTED,
     "a comparison is missing before this text", "write `==`, `!=` or `like` before it"},
    {TIER_NAME, TIER_NAME, "==", "in", AT_FOUND, FINDING_UNEXPECTED,
     "a comparison is missing between `{before}` and `{found}`", "write `{before} == {found}`"},
    {TIER_NAME, TIER_INT, "==", "in", AT_FOUND, FINDING_UNEXPECTED,
     "a comparison is missing between `{before}` and `{found}`",
     "write `{before} > {found}`, or another comparison"},
};

bool is_comparison(int kind)
{
    return kind == TIER_EQUAL || kind == TIER_NOT_EQUAL || kind == TIER_LESS ||
           kind == TIER_LESS_EQUAL || kind == TIER_GREATER || kind == TIER_GREATER_EQUAL;
}

static bool kind_fits(const struct slip_place *place, int wanted, const struct token *token)
{
    switch (wanted) {
    case ANY:
        return true;
    case COMPARISON:
        return is_comparison(token->kind);
    case STATEMENT:
        return token->kind == 0 || begins_statement(token->kind) ||
               strcmp(place->expectation->found_name, "a label") == 0;
    case FIRST_WORD:
        return begins_statement(token->kind);
    default:
        return token->kind == wanted;
    }
}

static bool row_fits(const struct slip_place *place, const struct slip *slip)
{
    return kind_fits(place, slip->before, place->before) &&
           kind_fits(place, slip->found, place->found) &&
           (!slip->expected || expects(place->expectation, slip->expected)) &&
           (!slip->expected_too || expects(place->expectation, slip->expected_too));
}

struct text text_at(const struct slip_place *place, const struct token *token)
{
    return token->kind ? span_text(place->parse->sources, token->span) : TEXT("");
}

/* The template with the tokens' own text in it. */
static void expand(const struct slip_place *place, const char *template, struct buffer *out)
{
    static const char *const names[] = {"{before}", "{found}", "{after}"};
    const struct token *tokens[] = {place->before, place->found, place->after};
    buffer_init(out, 400);
    while (*template) {
        size_t i = 0;
        while (i < 3 && strncmp(template, names[i], strlen(names[i])) != 0)
            i++;
        if (i < 3)
            buffer_text(out, text_at(place, tokens[i]));
        else
            buffer_byte(out, *template);
        template += i < 3 ? strlen(names[i]) : 1;
    }
}

void report_at(const struct slip_place *place, struct span span, enum finding_name name,
               const char *message, const char *help)
{
    struct buffer text;
    expand(place, message, &text);
    if (place->found->kind == 0 && name == FINDING_UNEXPECTED)
        name = FINDING_UNEXPECTED_END;
    struct finding *finding =
        finding_add(place->parse->findings, name, span, "%s", text.data ? text.data : message);
    buffer_free(&text);
    expand(place, help, &text);
    finding_help(place->parse->findings, finding, "%s", text.data ? text.data : help);
    buffer_free(&text);
}

static struct span span_at(const struct slip_place *place, enum position at)
{
    struct span before = place->before->span;
    if (at == AT_BEFORE)
        return before;
    if (at == BEHIND_BEFORE)
        return (struct span){place->expectation->span.source, before.end, before.end};
    return place->expectation->span;
}

static bool report_row(const struct slip_place *place)
{
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        if (!row_fits(place, &slips[i]))
            continue;
        report_at(place, span_at(place, slips[i].at), slips[i].name, slips[i].message,
                  slips[i].help);
        return true;
    }
    return false;
}

/* The closing quote is missing: said by the scanner, and the rest of the line went with it. */
static bool is_in_broken_string(const struct slip_place *place)
{
    struct text before = text_at(place, place->before);
    return place->before->kind == TIER_STRING &&
           (before.length < 2 || before.data[before.length - 1] == '\\' ||
            (before.data[0] == '"' && before.data[before.length - 1] != '"'));
}

/* A keyword with a typo is said as that. */
static bool is_near_keyword(const struct slip_place *place)
{
    return place->found->kind == TIER_NAME &&
           near_keyword(place->expectation, text_at(place, place->found)).length > 0;
}

bool report_slip(const struct slip_place *place)
{
    return is_in_broken_string(place) || report_spelling(place) ||
           (!is_near_keyword(place) && report_row(place));
}
