/* front/parse_spelling.c: slips that show in the spelling of a name, or in tokens that touch: text
 * without quotes, digits grouped by commas, words of other languages.
 *
 * Each function adds one finding and returns true, or returns false where its slip is not there. */
#include "front/parse_slip.h"

#include "front/tier.tab.h"

#include <string.h>

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

bool report_spelling(const struct slip_place *place)
{
    if (report_unquoted(place))
        return true;
    if (place->found->kind == TIER_STRAY) {
        report_stray(place);
        return true;
    }
    return report_grouping(place) || report_bare_list(place) || report_range(place) ||
           report_unit_apart(place) || report_word(place) || report_name(place) || report_is(place);
}
