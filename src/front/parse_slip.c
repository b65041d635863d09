/* front/parse_slip.c: what authors most often write where the grammar wants something else, each
 * with the mend that it needs.
 *
 * Slips that show in three tokens in a row are rows of a table. The rest are functions: those that
 * look at the spelling of a name, or at tokens that touch. */
#include "front/parse_slip.h"

#include "front/tier.tab.h"

#include <string.h>

#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

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

static bool is_comparison(int kind)
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

static struct text text_at(const struct slip_place *place, const struct token *token)
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

static void report_at(const struct slip_place *place, struct span span, enum finding_name name,
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

static const struct token *token_at(const struct slip_place *place, size_t index)
{
    static const struct token none = {0};
    const struct source *source = place->parse->source;
    return index < source->token_count ? &source->tokens[index] : &none;
}

/* No blank between them. */
static bool touch(const struct token *left, const struct token *right)
{
    return left->kind && right->kind && left->span.end == right->span.start;
}

static bool ends_value(int kind)
{
    return kind == ',' || kind == ')' || kind == '}';
}

/* From one token on to the last that touches it and may be part of the same text. */
static struct span run_from(const struct slip_place *place, size_t index)
{
    struct span span = token_at(place, index)->span;
    for (const struct token *next = token_at(place, ++index);
         next->span.start == span.end && next->kind && !ends_value(next->kind);
         next = token_at(place, ++index))
        span.end = next->span.end;
    return span;
}

/* From the token found to the last one on its line. */
static struct span rest_of_line(const struct slip_place *place)
{
    struct span span = token_at(place, place->index)->span;
    const char *content = place->parse->source->content.data;
    for (size_t i = place->index + 1; token_at(place, i)->kind; i++) {
        struct span next = token_at(place, i)->span;
        if (memchr(content + span.end, '\n', next.start - span.end))
            break;
        span.end = next.end;
    }
    return span;
}

static bool is_word(int kind)
{
    return kind == TIER_NAME || (kind > TIER_BAD && kind < TIER_ARROW);
}

/* Text without quotes: gpt-4.1, Europe/Berlin, gpt-4*. */
static bool report_unquoted(const struct slip_place *place)
{
    const struct expectation *expectation = place->expectation;
    bool wants_string = expects(expectation, "a string") && !expects(expectation, "a number");
    bool in_list = expects(expectation, "'}'") && expects(expectation, "','");
    bool behind_value = ((expects(expectation, "and") && !expects(expectation, "==")) || in_list) &&
                        place->before->kind == TIER_NAME && touch(place->before, place->found);
    bool is_path = expects(expectation, "a duration") && !expects(expectation, "'('") &&
                   place->found->kind == TIER_STRAY && touch(place->found, place->after);
    int found = place->found->kind;
    struct span span;
    if (place->before->kind == TIER_REJECT && place->same_line && is_word(found))
        span = rest_of_line(place);
    else if (is_path || (wants_string && place->same_line && is_word(found)))
        span = run_from(place, place->index);
    else if (behind_value && (found == '.' || found == TIER_STRAY || found == TIER_INT))
        span = run_from(place, place->index - 1);
    else
        return false;
    struct text run = span_text(place->parse->sources, span);
    struct finding *finding = finding_add(place->parse->findings, FINDING_UNEXPECTED, span,
                                          "a text stands in double quotes");
    finding_help(place->parse->findings, finding, "write \"%.*s\"", TEXT_ARGUMENTS(run));
    return true;
}

static void report_stray(const struct slip_place *place)
{
    struct findings *findings = place->parse->findings;
    struct text found = text_at(place, place->found);
    unsigned char byte = (unsigned char)found.data[0];
    struct finding *finding;
    if (byte < 0x20 || byte == 0x7f) {
        finding_add(findings, FINDING_STRAY_CHARACTER, place->found->span,
                    "a control character (0x%02x) is no part of the language", byte);
    } else if (strchr("*+/-", byte) && expects(place->expectation, "and")) {
        finding = finding_add(findings, FINDING_STRAY_CHARACTER, place->found->span,
                              "there is no arithmetic");
        finding_help(findings, finding, "compare an attribute with a constant: `tokens > 5k`");
    } else {
        finding = finding_add(findings, FINDING_STRAY_CHARACTER, place->found->span,
                              "`%.*s` is no part of the language", TEXT_ARGUMENTS(found));
        if (byte == '\'' || byte == '`' || byte == 0xe2)
            finding_help(findings, finding, "strings stand in double quotes: \"text\"");
    }
}

/* 5,000 and $1,000: the digits behind the comma touch it, and are three. */
static bool report_grouping(const struct slip_place *place)
{
    const struct token *before = place->before, *after = place->after;
    bool number = before->kind == TIER_INT || before->kind == TIER_MONEY;
    if (!number || place->found->kind != ',' || after->kind != TIER_INT ||
        !touch(before, place->found) || !touch(place->found, after) ||
        after->span.end - after->span.start != 3)
        return false;
    report_at(place, span_join(before->span, after->span), FINDING_UNEXPECTED,
              "digits are grouped by `_`", "write `{before}_{after}`");
    return true;
}

static bool follows_operand(const struct token *token)
{
    return is_comparison(token->kind) || token->kind == TIER_IN || token->kind == TIER_LIKE ||
           token->kind == TIER_IS || token->kind == TIER_IS_VALUE || token->kind == '.';
}

/* `== low, normal` and `in 1k..5k, 9k`: behind the comma stands a value and no condition. */
static bool report_bare_list(const struct slip_place *place)
{
    int after = place->after->kind;
    if (place->found->kind != ',' || !expects(place->expectation, "->") || after == TIER_NOT ||
        after == '(' || follows_operand(token_at(place, place->index + 2)))
        return false;
    if (expects(place->expectation, ".."))
        report_at(place, place->found->span, FINDING_UNEXPECTED, "a list stands in braces",
                  "write `in {{before}, {after}}`");
    else
        report_at(place, place->found->span, FINDING_UNEXPECTED, "a list stands in braces",
                  "write `in {...}`");
    return true;
}

/* 30 m, 5 k */
static bool report_unit_apart(const struct slip_place *place)
{
    static const char *const units[] = {"ms", "s", "m", "h", "d", "k", "M"};
    struct text found = text_at(place, place->found);
    if (place->before->kind != TIER_INT || place->found->kind != TIER_NAME || !place->same_line)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!text_is(found, units[i]))
            continue;
        report_at(place, span_join(place->before->span, place->found->span), FINDING_UNEXPECTED,
                  "a unit follows its number without a blank", "write `{before}{found}`");
        return true;
    }
    return false;
}

/* Only `..` can follow: `9 to 17`, `9-17`, `low high`. */
static bool report_range(const struct slip_place *place)
{
    if (place->expectation->count != 1 || !expects(place->expectation, ".."))
        return false;
    struct text before = text_at(place, place->before);
    const struct token *low = token_at(place, place->index - 2);
    if (text_is(before, "to") || text_is(before, "until") || text_is(before, "through"))
        report_at(place, place->before->span, FINDING_UNEXPECTED, "a range is written with `..`",
                  "write `low..high`");
    else if (before.length && before.data[0] == '-' && touch(low, place->before))
        report_at(place, span_join(low->span, place->before->span), FINDING_UNEXPECTED,
                  "a range is written with `..`", "write `low..high`");
    else if (place->before->kind == TIER_TIME)
        report_at(place, place->before->span, FINDING_UNEXPECTED, "this window has no end",
                  "write `{before}..24:00`, or another end");
    else
        return false;
    return true;
}

/* `is null`, `is not None`, `is low` */
static bool report_is(const struct slip_place *place)
{
    static const char *const nothing[] = {"null",  "None", "nil",       "empty",  "unset",
                                          "blank", "NULL", "undefined", "missing"};
    struct text found = text_at(place, place->found);
    bool negated = place->before->kind == TIER_NOT;
    if (!expects(place->expectation, "set") || place->found->kind == 0)
        return false;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        if (!text_is(found, nothing[i]))
            continue;
        report_at(place, place->found->span, FINDING_FOREIGN_WORD,
                  "`{found}` is not a word of this language",
                  negated ? "write `is set`" : "write `is not set`");
        return true;
    }
    report_at(place, place->found->span, FINDING_UNEXPECTED,
              "`is` only asks whether an attribute is set",
              negated ? "write `!= {found}`" : "write `== {found}`");
    return true;
}

/* Words that other languages have where ours has another. */
static const struct {
    const char *found, *expected, *help;
} words[] = {
    {"between", "==", "write `in low..high`"},
    {"contains", "==", "write `like \"*text*\"`"},
    {"includes", "==", "write `like \"*text*\"`"},
    {"matches", "==", "write `like \"text*\"`: `*` is any text, `?` one character"},
    {"startswith", "==", "write `like \"text*\"`"},
    {"starts", "==", "write `like \"text*\"`"},
    {"endswith", "==", "write `like \"*text\"`"},
    {"ends", "==", "write `like \"*text\"`"},
    {"equals", "==", "write `==`"},
    {"eq", "==", "write `==`"},
    {"ne", "==", "write `!=`"},
    {"gt", "==", "write `>`"},
    {"lt", "==", "write `<`"},
    {"over", "==", "write `>`"},
    {"above", "==", "write `>`"},
    {"under", "==", "write `<`"},
    {"below", "==", "write `<`"},
    {"but", "and", "write `and`"},
    {"unless", "and", "write `and not`"},
    {"unless", "let", "write `when not ...`"},
    {"daily", "per", "write `per day`"},
    {"weekly", "per", "write `per week`"},
    {"monthly", "per", "write `per month`"},
    {"tries", "retry", "write `retry`"},
    {"retries", "retry", "write `retry`"},
    {"attempts", "retry", "write `retry`"},
    {"fallback", "else", "write `else`"},
    {"elif", "let", "rules are tried in order: write `when`"},
    {"elsif", "let", "rules are tried in order: write `when`"},
    {"elseif", "let", "rules are tried in order: write `when`"},
    {"rule", "let", "write `when`"},
    {"route", "let", "write `when`"},
    {"default", "let", "write `otherwise -> ...` for every other request"},
    {"const", "let", "write `let`"},
    {"define", "let", "write `let`"},
    {"set", "let", "write `let`"},
    {"import", "let", "write `include`"},
    {"test", "let", "write `expect`"},
    {"assert", "let", "write `expect`, or `never` for what must not happen"},
};

static bool report_word(const struct slip_place *place)
{
    struct text found = text_at(place, place->found);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!text_is(found, words[i].found) || !expects(place->expectation, words[i].expected))
            continue;
        report_at(place, place->found->span, FINDING_FOREIGN_WORD,
                  "`{found}` is not a word of this language here", words[i].help);
        return true;
    }
    return false;
}

/* A rule without `when`, a label of two words, an arrow or quotes forgotten. */
static bool report_name(const struct slip_place *place)
{
    const struct expectation *expectation = place->expectation;
    int after = place->after->kind;
    bool at_start =
        expects(expectation, "let") && !(expects(expectation, "else") && place->same_line);
    bool at_when = place->before->kind == ':' && expects(expectation, "when");
    if (place->found->kind != TIER_NAME)
        return false;
    if ((at_start || at_when) && follows_operand(place->after))
        report_at(place, place->found->span, FINDING_UNEXPECTED,
                  "`when` is missing before this condition", "write `when {found} ...`");
    else if (at_start && after == TIER_NAME && token_at(place, place->index + 2)->kind == ':')
        report_at(place, span_join(place->found->span, place->after->span), FINDING_UNEXPECTED,
                  "a label is one word", "write `{found}-{after}:`");
    else if (expects(expectation, "->") && place->before->kind != TIER_OTHERWISE &&
             (after == 0 || after == TIER_ELSE || after == TIER_TIMEOUT || after == TIER_RETRY ||
              after == TIER_STRICT || begins_statement(after)))
        report_at(place, place->found->span, FINDING_UNEXPECTED, "`->` is missing before `{found}`",
                  "write `-> {found}`");
    else
        return false;
    return true;
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
    if (is_in_broken_string(place) || report_unquoted(place))
        return true;
    if (place->found->kind == TIER_STRAY) {
        report_stray(place);
        return true;
    }
    return report_grouping(place) || report_bare_list(place) || report_range(place) ||
           report_unit_apart(place) || report_word(place) || report_name(place) ||
           report_is(place) || (!is_near_keyword(place) && report_row(place));
}
