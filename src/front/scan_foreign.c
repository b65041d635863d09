/* front/scan_foreign.c: signs and words of other languages, each said with our own.
 *
 * They are read as what they mean, so that the rest of the statement is checked too. */
#include "front/scan.h"

#include "front/tier.tab.h"

int scan_foreign(struct scan *scan, int kind, const char *own)
{
    scan->foreign = own;
    return kind;
}

int scan_bracket(struct scan *scan, int kind, const char *own)
{
    if (kind == '{')
        scan->open_brackets++;
    else if (scan->open_brackets > 0)
        return scan->open_brackets--, kind;
    return scan_foreign(scan, kind, own);
}

struct text inside_quotes(struct text quoted)
{
    size_t before = (unsigned char)quoted.data[0] == 0xe2 ? 3 : 1;
    size_t behind = (unsigned char)quoted.data[quoted.length - 1] >= 0x80 ? 3 : 1;
    return (struct text){quoted.data + before, quoted.length - before - behind};
}

/* The digits of an amount, without the sign of its currency on either side. */
static struct text amount_of(struct text money)
{
    while (money.length && (money.data[0] < '0' || money.data[0] > '9'))
        money.data++, money.length--;
    while (money.length && ((unsigned char)money.data[money.length - 1] >= 0x80 ||
                            money.data[money.length - 1] == '$'))
        money.length--;
    return money;
}

static void report_money(struct scan *scan, struct text found)
{
    struct findings *findings = scan->parse->findings;
    struct text amount = amount_of(found);
    bool dollars = found.data[found.length - 1] == '$';
    struct finding *finding =
        finding_add(findings, FINDING_FOREIGN_WORD, scan->span,
                    dollars ? "the `$` stands before the amount" : "money is in US dollars");
    finding_help(findings, finding, "write `$%.*s`", (int)amount.length, amount.data);
    scan->foreign = arena_format(scan->parse->arena, "$%.*s", (int)amount.length, amount.data).data;
}

static void report_string(struct scan *scan, struct text found)
{
    struct text inside = inside_quotes(found);
    struct finding *finding = finding_add(scan->parse->findings, FINDING_FOREIGN_WORD, scan->span,
                                          "strings stand in straight double quotes");
    finding_help(scan->parse->findings, finding, "write \"%.*s\"", (int)inside.length, inside.data);
}

/* Signs whose mend is more than another spelling. */
static const struct {
    const char *found, *message, *help;
} signs[] = {
    {";", "statements have no `;` between them", "leave it out"},
    {"[", "a list stands in braces", "write `{a, b}`"},
    {"]", "a list stands in braces", "write `{a, b}`"},
    {"-->", "the arrow is shorter", "write `->`"},
    {"//", "comments begin with `#`", "write `#` instead of `//`"},
    {"--", "comments begin with `#`", "write `#` instead of `--`"},
    {"/*", "comments begin with `#`, and end with their line", "write `#` before each line"},
    {"~", "there are no regular expressions",
     "write `like \"gpt-4*\"`: `*` is any text, `?` one character"},
    {"=~", "there are no regular expressions",
     "write `like \"gpt-4*\"`: `*` is any text, `?` one character"},
};

static bool report_sign(struct scan *scan, struct text found)
{
    struct findings *findings = scan->parse->findings;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        struct text sign = text_of(signs[i].found);
        if (found.length < sign.length || !text_equal((struct text){found.data, sign.length}, sign))
            continue;
        finding_help(
            findings,
            finding_add(findings, FINDING_FOREIGN_WORD, scan->span, "%s", signs[i].message), "%s",
            signs[i].help);
        return true;
    }
    return false;
}

void report_foreign(struct scan *scan)
{
    struct findings *findings = scan->parse->findings;
    struct text found = span_text(scan->parse->sources, scan->span);
    if (scan->foreign[0] == '$') {
        report_money(scan, found);
    } else if (scan->foreign[0] == '"') {
        report_string(scan, found);
    } else if (!report_sign(scan, found)) {
        struct finding *finding =
            finding_add(findings, FINDING_FOREIGN_WORD, scan->span,
                        "`%.*s` is not a word of this language", (int)found.length, found.data);
        finding_help(findings, finding, "write `%s`", scan->foreign);
    }
}
