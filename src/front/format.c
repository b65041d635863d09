/* front/format.c: takes a policy's text apart for the layout, and proves that nothing was lost.
 *
 * The parser says where statements begin; the scanner has kept every token and comment with its
 * place. The layout only chooses what stands between them. What comes out is scanned again and
 * compared, word for word, before anybody sees it. Everything but the result is in the arena of
 * the caller's findings. */
#include "front/format.h"

#include "front/format_layout.h"
#include "front/parse.h"

#include <string.h>

/* The tokens and comments of one source, in order. */
struct pieces {
    struct piece *items;
    size_t count;
};

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Blanks at a comment's end are no part of it, nor is what else the scanner takes for a blank. */
static struct text without_blank_end(struct text text)
{
    while (text.length && is_blank(text.data[text.length - 1]))
        text.length--;
    return text;
}

static uint32_t newlines_between(struct text content, uint32_t start, uint32_t end)
{
    uint32_t newlines = 0;
    for (uint32_t at = start; at < end; at++)
        newlines += content.data[at] == '\n';
    return newlines;
}

/* Merges tokens and comments by place. */
static struct pieces pieces_of(struct arena *arena, const struct sources *sources,
                               uint32_t source_index)
{
    const struct source *source = sources->items[source_index];
    size_t count = source->token_count + source->comment_count, t = 0, c = 0;
    struct pieces pieces = {ARENA_ARRAY(arena, struct piece, count), count};
    uint32_t end = 0;
    for (size_t i = 0; pieces.items && i < count; i++) {
        const struct token *token = t < source->token_count ? &source->tokens[t] : NULL;
        const struct comment *comment = c < source->comment_count ? &source->comments[c] : NULL;
        bool is_token = !comment || (token && token->span.start < comment->span.start);
        struct span span = is_token ? token->span : comment->span;
        struct text text = span_text(sources, span);
        pieces.items[i] =
            (struct piece){.kind = is_token ? token->kind : COMMENT,
                           .span = span,
                           .text = is_token ? text : without_blank_end(text),
                           .newlines = newlines_between(source->content, end, span.start)};
        end = span.end;
        t += is_token;
        c += !is_token;
    }
    return pieces;
}

/* The statement at hand, and the one that comes after it in the formatted text. */
struct division {
    struct entry *entries;
    size_t count;
    const struct statement *current, *next;
};

/* Statements of included files are not the text's own. */
static const struct statement *own_statement(const struct statement *statement)
{
    while (statement && statement->span.source != 0)
        statement = statement->next;
    return statement;
}

static void begin_entry(struct division *division, struct piece *piece)
{
    bool first = division->count == 0;
    struct entry *entry = &division->entries[division->count++];
    *entry = (struct entry){.is_comment = piece->kind == COMMENT,
                            .apart = !first && piece->newlines > 1,
                            .pieces = piece,
                            .count = 1};
}

static void place_token(struct division *division, struct piece *piece)
{
    const struct statement *next = division->next;
    if (next && piece->span.start >= next->span.start) {
        begin_entry(division, piece);
        division->entries[division->count - 1].kind = next->kind;
        division->current = next;
        division->next = own_statement(next->next);
    } else if (division->count) {
        division->entries[division->count - 1].count++;
    }
}

/* A comment is inside a statement, behind one on its last line, or stands alone. */
static void place_comment(struct division *division, struct piece *piece)
{
    const struct statement *current = division->current;
    struct entry *last = division->count ? &division->entries[division->count - 1] : NULL;
    if (current && piece->span.start < current->span.end)
        last->count++;
    else if (last && piece->newlines == 0)
        last->trailing = piece;
    else
        begin_entry(division, piece);
}

static bool divide(struct arena *arena, struct pieces pieces, const struct statement *first,
                   struct division *division)
{
    *division = (struct division){.entries = ARENA_ARRAY(arena, struct entry, pieces.count),
                                  .next = own_statement(first)};
    for (size_t i = 0; division->entries && i < pieces.count; i++)
        if (pieces.items[i].kind == COMMENT)
            place_comment(division, &pieces.items[i]);
        else
            place_token(division, &pieces.items[i]);
    return division->entries != NULL;
}

static bool same_pieces(struct pieces before, struct pieces after)
{
    if (before.count != after.count)
        return false;
    for (size_t i = 0; i < before.count; i++)
        if (before.items[i].kind != after.items[i].kind ||
            !text_equal(before.items[i].text, after.items[i].text))
            return false;
    return true;
}

/* Reads the result again: TW_OK where it holds the same words and comments. */
static enum tw_status prove(struct arena *arena, struct pieces before, struct text result)
{
    struct sources sources = {.arena = arena};
    struct findings findings = {.sources = &sources, .arena = arena};
    struct parse parse = {
        .arena = arena, .token_arena = arena, .sources = &sources, .findings = &findings};
    struct source *source = sources_add(&sources, TEXT("result"), TEXT(""), result);
    if (!source || !scan_source(&parse, source, 0))
        return TW_NO_MEMORY;
    struct pieces after = pieces_of(arena, &sources, 0);
    if (arena->failed)
        return TW_NO_MEMORY;
    return findings.count == 0 && same_pieces(before, after) ? TW_OK : TW_UNKNOWN;
}

/* Included files are not formatted, and need not be there: each reads as an empty one. The parser
 * asks for the text itself first, which is no file here. */
static enum tw_status read_nothing(void *context, struct arena *arena, struct text path,
                                   struct text *content, struct text *identity)
{
    bool *is_include = context;
    (void)arena;
    (void)path;
    if (!*is_include) {
        *is_include = true;
        return TW_NOT_FOUND;
    }
    *identity = TEXT("included");
    if (content)
        *content = TEXT("");
    return TW_OK;
}

/* TW_OK where the text has no errors. */
static enum tw_status parse_alone(struct parse *parse, struct text name, struct text content)
{
    bool is_include = false;
    struct file_reader reader = {read_nothing, &is_include};
    enum tw_status status = parse_policy(parse, &reader, name, content);
    if (status)
        return status;
    return parse->findings->error_count ? TW_REFUSED : TW_OK;
}

static enum tw_status format_parsed(struct parse *parse, struct buffer *out)
{
    struct pieces pieces = pieces_of(parse->arena, parse->sources, 0);
    struct division division;
    if (!pieces.items || !divide(parse->arena, pieces, parse->first, &division))
        return TW_NO_MEMORY;
    size_t start = out->length;
    layout_print(division.entries, division.count, out);
    if (out->status)
        return out->status;
    struct text result = {out->data ? out->data + start : "", out->length - start};
    return prove(parse->arena, pieces, result);
}

enum tw_status format_policy(struct text name, struct text content, struct findings *findings,
                             struct buffer *out, struct tw_error *error)
{
    struct parse parse = {.arena = findings->arena,
                          .token_arena = findings->arena,
                          .sources = findings->sources,
                          .findings = findings};
    if (content.length > TW_MAX_SOURCE)
        return fail(error, TW_LIMIT, "a policy has at most %d bytes", TW_MAX_SOURCE);
    enum tw_status status = parse_alone(&parse, name, content);
    if (status == TW_OK)
        status = format_parsed(&parse, out);
    if (status == TW_UNKNOWN)
        return fail(error, status, "internal mistake: formatting would have changed the words");
    return status ? fail(error, status, "%s", tw_status_text(status)) : TW_OK;
}
