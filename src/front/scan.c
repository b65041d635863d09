/* front/scan.c: bytes to tokens and comments, with the values of literals worked out.
 *
 * Takes a source; fills in its tokens and comments, in the compile's arena, and adds findings for
 * what is no token. The generated scanner (grammar/tier.l) needs a little memory of its own: it
 * comes from a reserve inside struct scan, so that the scanner can neither leak nor fail. */
#include "front/scan.h"

#include "front/tier.tab.h"

#define YY_NO_UNISTD_H
#include "front/tier.lex.h"

#include <string.h>

_Noreturn void scan_fatal(const char *message)
{
    (void)message;
    __builtin_trap(); /* every byte has a rule, and the reserve is large enough for one buffer */
}

static void *from_reserve(struct scan *scan, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    size_t needed = (size + unit - 1) / unit * unit;
    if (needed > sizeof scan->reserve - scan->reserve_used)
        return NULL;
    void *memory = (char *)scan->reserve + scan->reserve_used;
    scan->reserve_used += needed;
    return memory;
}

void *scanner_alloc(yy_size_t size, yyscan_t scanner)
{
    return from_reserve(scanner_get_extra(scanner), size);
}

/* The stack of buffers never grows: there is one buffer, and it is ours. */
void *scanner_realloc(void *old, yy_size_t size, yyscan_t scanner)
{
    (void)old;
    return from_reserve(scanner_get_extra(scanner), size);
}

void scanner_free(void *old, yyscan_t scanner)
{
    (void)old;
    (void)scanner;
}

/* Resolves the escapes of a string between its quotes. */
static struct text string_value(struct scan *scan, struct text quoted, bool escapes)
{
    struct text inside = inside_quotes(quoted);
    if (!escapes || !memchr(inside.data, '\\', inside.length))
        return inside;
    char *value = arena_alloc(scan->parse->arena, inside.length + 1, 1);
    size_t length = 0;
    for (size_t i = 0; value && i < inside.length; i++) {
        if (inside.data[i] != '\\') {
            value[length++] = inside.data[i];
            continue;
        }
        i++;
        const char *from = strchr("\"\\nt", inside.data[i]);
        if (from && *from) {
            value[length++] = "\"\\\n\t"[from - strchr("\"\\nt", '"')];
            continue;
        }
        int width = (int)utf8_character(inside.data + i, inside.length - i);
        uint32_t start = scan->span.start + (uint32_t)i;
        struct finding *finding =
            finding_add(scan->parse->findings, FINDING_BAD_ESCAPE,
                        (struct span){scan->span.source, start, start + 1 + (uint32_t)width},
                        "`\\%.*s` is not an escape in a string", width, inside.data + i);
        finding_help(scan->parse->findings, finding, "write \\\", \\\\, \\n or \\t");
    }
    return value ? (struct text){value, length} : (struct text){"", 0};
}

/* A byte order mark is not part of the text. */
static uint32_t mark_length(struct text content)
{
    return content.length >= 3 && memcmp(content.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

static bool add_comment(struct scan *scan)
{
    struct source *source = scan->source;
    struct comment *comments =
        arena_grow(scan->parse->arena, source->comments, source->comment_count,
                   &source->comment_capacity, sizeof *comments);
    if (!comments)
        return false;
    uint32_t at = scan->span.start;
    while (at > 0 && (source->content.data[at - 1] == ' ' || source->content.data[at - 1] == '\t'))
        at--;
    struct span span = scan->span;
    while (span.end > span.start && source->content.data[span.end - 1] == '\r')
        span.end--;
    source->comments = comments;
    bool own_line = at == mark_length(source->content) || source->content.data[at - 1] == '\n';
    comments[source->comment_count++] = (struct comment){span, own_line};
    return true;
}

static bool add_token(struct scan *scan, int kind)
{
    struct source *source = scan->source;
    struct token *tokens = arena_grow(scan->parse->token_arena, source->tokens, source->token_count,
                                      &source->token_capacity, sizeof *tokens);
    if (!tokens)
        return false;
    source->tokens = tokens;
    if (source->token_count == 0)
        source->first_token = scan->span.start;
    struct token *token = &tokens[source->token_count++];
    struct text written = span_text(scan->parse->sources, scan->span);
    *token = (struct token){.span = scan->span, .kind = kind};
    if (kind == TIER_STRING && memchr(written.data, '\0', written.length))
        finding_add(scan->parse->findings, FINDING_STRAY_CHARACTER, scan->span,
                    "a string cannot hold a zero byte");
    if (kind == TIER_STRING)
        token->text = string_value(scan, written, !scan->foreign);
    else if (kind == TIER_NAME)
        token->text = written;
    else
        token->kind = scan_literal(scan, kind, written, &token->number);
    return !scan->parse->arena->failed;
}

/* A string that does not end is taken to end with its line. */
static bool add_unterminated(struct scan *scan)
{
    struct finding *finding =
        finding_add(scan->parse->findings, FINDING_UNTERMINATED_STRING, scan->span,
                    "this string has no closing quote on its line");
    finding_help(scan->parse->findings, finding, "add `\"` where it ends");
    if (!add_token(scan, TIER_BAD))
        return false;
    struct token *token = &scan->source->tokens[scan->source->token_count - 1];
    token->kind = TIER_STRING;
    token->text = span_text(scan->parse->sources, scan->span);
    token->text.data++;
    token->text.length--;
    return true;
}

static bool keep(struct scan *scan, int kind)
{
    switch (kind) {
    case SCAN_BLANK:
        return true;
    case SCAN_COMMENT:
        return add_comment(scan);
    case SCAN_UNTERMINATED:
        return add_unterminated(scan);
    default:
        return add_token(scan, kind);
    }
}

/* text: where the source begins in what the scanner reads. */
static bool scan_all(struct scan *scan, yyscan_t scanner, const char *text)
{
    for (int kind = scanner_lex(scanner); kind != SCAN_END; kind = scanner_lex(scanner)) {
        uint32_t start = (uint32_t)(scanner_get_text(scanner) - text);
        uint32_t end = start + (uint32_t)scanner_get_leng(scanner);
        scan->span = (struct span){scan->span.source, start, end};
        if (kind != SCAN_BLANK &&
            scan->source->token_count + scan->source->comment_count == MAX_TOKENS) {
            finding_add(scan->parse->findings, FINDING_TOO_LARGE, scan->span,
                        "a file has at most %d words and signs", MAX_TOKENS);
            scan->source->token_count = 0;
            return true;
        }
        if (scan->foreign)
            report_foreign(scan);
        if (!keep(scan, kind))
            return false;
        scan->foreign = NULL;
    }
    return true;
}

/* Says once that the text is not UTF-8, and where; nothing more can be said about such a text. */
static bool check_utf8(struct parse *parse, struct source *source, uint32_t source_index)
{
    uint32_t bad = (uint32_t)utf8_valid_prefix(source->content);
    if (bad == source->content.length)
        return true;
    finding_add(parse->findings, FINDING_NOT_UTF8, (struct span){source_index, bad, bad + 1},
                "byte 0x%02x is not UTF-8 text", (unsigned char)source->content.data[bad]);
    return false;
}

/* What the generated scanner reads: the source itself, which it marks the end of each word in, and
 * takes the mark back. At each zero byte it reads its word again from the start, in case its buffer
 * ended there: with many of them in one comment that takes for ever. A text with such bytes is
 * read from a copy, where another byte that is no part of the language stands for them. */
static char *text_to_scan(struct arena *arena, struct text content)
{
    if (!memchr(content.data, '\0', content.length))
        return (char *)content.data;
    char *copy = arena_alloc(arena, content.length + 2, 1);
    for (size_t i = 0; copy && i < content.length; i++)
        copy[i] = content.data[i] ? content.data[i] : '\x01';
    return copy;
}

bool scan_source(struct parse *parse, struct source *source, uint32_t source_index)
{
    if (!check_utf8(parse, source, source_index))
        return true;
    struct scan scan = {.parse = parse, .source = source, .span = {source_index, 0, 0}};
    yyscan_t scanner;
    char *text = text_to_scan(parse->token_arena, source->content);
    if (!text || scanner_lex_init_extra(&scan, &scanner) != 0)
        return false;
    size_t mark = mark_length(source->content);
    bool done =
        scanner__scan_buffer(text + mark, source->content.length - mark + 2, scanner) != NULL &&
        scan_all(&scan, scanner, text);
    scanner_lex_destroy(scanner);
    return done && !parse->arena->failed;
}
