/* front/silence.c: `# lint: allow NAME reason` comments.
 *
 * Such a comment silences warnings of that name on its own line, or, where it stands alone, on the
 * next line that holds anything else; a statement that begins on that line is silenced to its end,
 * so that breaking a long rule changes nothing. Errors cannot be silenced. */
#include "front/ast.h"

#include <string.h>

enum { MOST_ALLOWS = 1000 };

struct allow {
    struct span span;
    enum finding_name name;
    bool valid;
    uint32_t first_line, last_line; /* whose findings it silences */
    bool used;
};

static struct text next_word(struct text *rest)
{
    *rest = text_trim(*rest);
    size_t length = 0;
    while (length < rest->length && rest->data[length] != ' ' && rest->data[length] != '\t')
        length++;
    struct text word = {rest->data, length};
    rest->data += length;
    rest->length -= length;
    return word;
}

/* Is this comment meant for lint? Leaves what follows `lint: allow` in rest. */
static bool is_allow(struct text comment, struct text *rest)
{
    *rest = (struct text){comment.data + 1, comment.length - 1};
    return text_is(next_word(rest), "lint:") && text_is(next_word(rest), "allow");
}

static bool blank_or_comment(struct text line)
{
    while (line.length && (line.data[0] == ' ' || line.data[0] == '\t'))
        line.data++, line.length--;
    return line.length == 0 || line.data[0] == '#';
}

/* `before` is the result for the comment before this one of the same file, or 0: of many comments
 * in a row, only the first looks for where they end. */
static uint32_t silenced_line(struct findings *findings, const struct comment *comment,
                              uint32_t before)
{
    uint32_t source = comment->span.source;
    uint32_t line = source_place(findings->sources, source, comment->span.start).line;
    if (!comment->own_line)
        return line;
    if (line < before)
        return before;
    uint32_t count = findings->sources->items[source]->line_count;
    do
        line++;
    while (line <= count && blank_or_comment(source_line(findings->sources, source, line)));
    return line;
}

static void check_allow(struct findings *findings, struct allow *allow, struct text rest)
{
    struct text name = next_word(&rest);
    allow->valid = finding_find(name, &allow->name);
    if (!allow->valid) {
        struct nearest nearest;
        nearest_init(&nearest, name);
        for (int i = 0; i < FINDING_COUNT; i++)
            nearest_offer(&nearest, text_of(finding_text((enum finding_name)i)));
        struct finding *finding =
            finding_add(findings, FINDING_BAD_ALLOW, allow->span, "no finding is called `%.*s`",
                        (int)name.length, name.data);
        if (nearest.best.length)
            finding_help(findings, finding, "did you mean `%.*s`?", (int)nearest.best.length,
                         nearest.best.data);
        return;
    }
    if (text_trim(rest).length == 0) {
        struct finding *finding =
            finding_add(findings, FINDING_BAD_ALLOW, allow->span,
                        "this silences `%.*s` and does not say why", (int)name.length, name.data);
        finding_help(findings, finding, "write the reason behind the name");
    }
}

static bool in_lines(const struct findings *findings, const struct allow *allow, uint32_t offset)
{
    uint32_t line = source_place(findings->sources, allow->span.source, offset).line;
    return line >= allow->first_line && line <= allow->last_line;
}

/* The last line of the statement that begins on this line; the line itself where none does. */
static uint32_t statement_end(struct findings *findings, const struct statement *statements,
                              uint32_t source, uint32_t line)
{
    struct text text = source_line(findings->sources, source, line);
    size_t start = (size_t)(text.data - findings->sources->items[source]->content.data);
    for (const struct statement *at = statements; text.length && at; at = at->next)
        if (at->span.source == source && at->span.start >= start &&
            at->span.start < start + text.length)
            return source_place(findings->sources, source, at->span.end).line;
    return line;
}

static bool silences(const struct findings *findings, const struct allow *allow,
                     const struct finding *finding)
{
    return allow->valid && finding->severity == TW_WARNING && finding->name == allow->name &&
           finding->span.source == allow->span.source &&
           in_lines(findings, allow, finding->span.start);
}

static void apply(struct findings *findings, struct allow *allow)
{
    size_t kept = 0;
    for (size_t i = 0; i < findings->count; i++) {
        if (silences(findings, allow, &findings->items[i]))
            allow->used = true;
        else
            findings->items[kept++] = findings->items[i];
    }
    findings->count = kept;
}

void findings_silence(struct findings *findings, const struct statement *statements)
{
    size_t count = 0;
    for (uint32_t s = 0; s < findings->sources->count; s++) {
        const struct source *source = findings->sources->items[s];
        uint32_t line = 0;
        for (size_t i = 0; i < source->comment_count; i++) {
            struct text rest;
            struct allow allow = {.span = source->comments[i].span};
            if (!is_allow(span_text(findings->sources, allow.span), &rest))
                continue;
            if (count++ == MOST_ALLOWS) {
                finding_add(findings, FINDING_TOO_LARGE, allow.span,
                            "a policy has at most %d `lint: allow` comments", MOST_ALLOWS);
                return;
            }
            line = silenced_line(findings, &source->comments[i], line);
            allow.first_line = line;
            allow.last_line = statement_end(findings, statements, s, line);
            check_allow(findings, &allow, rest);
            apply(findings, &allow);
            if (allow.valid && !allow.used)
                finding_help(findings,
                             finding_add(findings, FINDING_UNUSED_ALLOW, allow.span,
                                         "there is no `%s` here to silence",
                                         finding_text(allow.name)),
                             "take this comment out");
        }
    }
}
