/* front/format_layout.c: where spaces and line breaks go.
 *
 * Takes statements as lists of tokens and comments; gives the text. Each statement is one line.
 * Consecutive rules align their `when` and `->`, consecutive `let`s their `=`, and comments behind
 * consecutive statements stand in one column. A statement that does not fit into LINE_WIDTH is left
 * out of that, and is broken: before `->`, then, where a part is still too long, before each
 * `else`, `or`, `and`, and behind commas, outer parentheses before inner ones. */
#include "front/format_layout.h"

#include "front/parse.h"
#include "front/tier.tab.h"

enum {
    LINE_WIDTH = 100,
    CONTINUATION = 4, /* how far the further lines of a statement are indented */
    COMMENT_GAP = 2,  /* blanks before a comment behind something */
};

/* Ranks of line breaks: -> and else, then three for each depth of parentheses. */
enum { RANK_ARROW, RANK_ELSE, RANK_INNER, RANK_OR = 0, RANK_AND, RANK_COMMA, RANKS_EACH_DEPTH };
#define NO_BREAK UINT32_MAX

static bool hugs_previous(int kind)
{
    return kind == ',' || kind == ')' || kind == '}' || kind == ':' || kind == '.' ||
           kind == TIER_DOTS;
}

static bool hugs_next(int kind)
{
    return kind == '(' || kind == '{' || kind == '.' || kind == TIER_DOTS;
}

static uint32_t rank_of(const struct piece *piece, const struct piece *previous, uint32_t depth)
{
    uint32_t inner = RANK_INNER + depth * RANKS_EACH_DEPTH;
    if (previous->kind == ',')
        return inner + RANK_COMMA;
    switch (piece->kind) {
    case TIER_ARROW:
        return RANK_ARROW;
    case TIER_ELSE:
        return RANK_ELSE;
    case TIER_OR:
        return inner + RANK_OR;
    case TIER_AND:
        return inner + RANK_AND;
    default:
        return NO_BREAK;
    }
}

/* The columns, from the spaces. */
static void measure(struct entry *entry)
{
    size_t column = 0;
    for (size_t i = 0; i < entry->count; i++) {
        struct piece *piece = &entry->pieces[i];
        piece->column = column + piece->spaces;
        column = piece->column + piece->width;
    }
}

static void space_out(struct entry *entry)
{
    uint32_t depth = 0;
    entry->plain = !entry->is_comment;
    for (size_t i = 0; i < entry->count; i++) {
        struct piece *piece = &entry->pieces[i];
        const struct piece *previous = i ? piece - 1 : NULL;
        piece->width = utf8_count(piece->text);
        piece->spaces = previous && !hugs_previous(piece->kind) && !hugs_next(previous->kind);
        depth -= piece->kind == ')';
        piece->rank = previous ? rank_of(piece, previous, depth) : NO_BREAK;
        depth += piece->kind == '(';
        if (piece->kind == COMMENT)
            entry->plain = false;
    }
    measure(entry);
}

static size_t end_column(const struct entry *entry)
{
    const struct piece *last = &entry->pieces[entry->count - 1];
    return last->column + last->width;
}

/* What is to stand in one column with the neighbours' own: NULL where a statement has none. */
typedef struct piece *anchor_function(const struct entry *entry);

static struct piece *find_kind(const struct entry *entry, int kind)
{
    for (size_t i = 0; i < entry->count; i++)
        if (entry->pieces[i].kind == kind)
            return &entry->pieces[i];
    return NULL;
}

static struct piece *anchor_when(const struct entry *entry)
{
    return entry->kind == STATEMENT_RULE ? find_kind(entry, TIER_WHEN) : NULL;
}

static struct piece *anchor_arrow(const struct entry *entry)
{
    return find_kind(entry, TIER_ARROW);
}

static struct piece *anchor_equals(const struct entry *entry)
{
    return find_kind(entry, TIER_IS_VALUE);
}

/* Moves the anchors of all statements that fit into a line to one column. */
static void align(struct entry *entries, size_t count, anchor_function *anchor_of)
{
    size_t column = 0;
    for (size_t i = 0; i < count; i++) {
        const struct piece *anchor = entries[i].plain ? anchor_of(&entries[i]) : NULL;
        if (anchor && end_column(&entries[i]) <= LINE_WIDTH && anchor->column > column)
            column = anchor->column;
    }
    for (size_t i = 0; i < count; i++) {
        struct piece *anchor = entries[i].plain ? anchor_of(&entries[i]) : NULL;
        if (!anchor || anchor->column >= column ||
            end_column(&entries[i]) + column - anchor->column > LINE_WIDTH)
            continue;
        anchor->spaces += column - anchor->column;
        measure(&entries[i]);
    }
}

/* Statements of one sort are laid out with regard to each other. */
enum sort { SORT_RULE, SORT_LET, SORT_OTHER };

static enum sort sort_of(const struct entry *entry)
{
    if (entry->kind == STATEMENT_RULE || entry->kind == STATEMENT_OTHERWISE)
        return SORT_RULE;
    return entry->kind == STATEMENT_LET ? SORT_LET : SORT_OTHER;
}

/* How many entries, from the first, are statements of one sort with nothing between them. */
static size_t group_length(const struct entry *entries, size_t count)
{
    size_t length = 1;
    while (!entries[0].is_comment && length < count && !entries[length].is_comment &&
           !entries[length].apart && sort_of(&entries[length]) == sort_of(&entries[0]))
        length++;
    return length;
}

static void align_group(struct entry *entries, size_t count)
{
    switch (sort_of(entries)) {
    case SORT_RULE:
        align(entries, count, anchor_when);
        align(entries, count, anchor_arrow);
        break;
    case SORT_LET:
        align(entries, count, anchor_equals);
        break;
    case SORT_OTHER:
        break;
    }
}

static void align_groups(struct entry *entries, size_t count)
{
    size_t length;
    for (size_t i = 0; i < count; i += length) {
        length = group_length(entries + i, count - i);
        if (!entries[i].is_comment)
            align_group(entries + i, length);
    }
}

/* Writes one statement. */
struct printer {
    struct buffer *out;
    size_t column;
    bool line_begun; /* something stands on the line already */
};

static void new_line(struct printer *printer)
{
    buffer_byte(printer->out, '\n');
    buffer_repeat(printer->out, ' ', CONTINUATION);
    printer->column = CONTINUATION;
    printer->line_begun = false;
}

static size_t run_width(const struct printer *printer, const struct piece *first,
                        const struct piece *end)
{
    return end[-1].column + end[-1].width - first->column +
           (printer->line_begun ? first->spaces : 0);
}

static bool fits(const struct printer *printer, const struct piece *first, const struct piece *end)
{
    return printer->column + run_width(printer, first, end) <= LINE_WIDTH;
}

static void print_pieces(struct printer *printer, const struct piece *first,
                         const struct piece *end)
{
    printer->column += run_width(printer, first, end);
    for (const struct piece *piece = first; piece < end; piece++) {
        if (printer->line_begun)
            buffer_repeat(printer->out, ' ', piece->spaces);
        buffer_text(printer->out, piece->text);
        printer->line_begun = true;
    }
}

static uint32_t first_rank(const struct piece *first, const struct piece *end)
{
    uint32_t rank = NO_BREAK;
    for (const struct piece *piece = first + 1; piece < end; piece++)
        if (piece->rank < rank)
            rank = piece->rank;
    return rank;
}

static const struct piece *next_of_kind(const struct piece *piece, const struct piece *end,
                                        int kind)
{
    while (piece < end && piece->kind != kind)
        piece++;
    return piece;
}

static const struct piece *next_of_rank(const struct piece *piece, const struct piece *end,
                                        uint32_t rank)
{
    while (piece < end && piece->rank != rank)
        piece++;
    return piece;
}

/* Lists are filled; everything else is broken at all places of a rank or at none. */
static bool is_filled(uint32_t rank)
{
    return rank >= RANK_INNER && (rank - RANK_INNER) % RANKS_EACH_DEPTH == RANK_COMMA;
}

/* Writes tokens that stand next to each other. Recursion is bounded: each level breaks at a later
 * rank, and there are not many more ranks than MAX_NESTING times three. */
static void print_run(struct printer *printer, const struct piece *first, const struct piece *end)
{
    uint32_t rank = fits(printer, first, end) ? NO_BREAK : first_rank(first, end);
    if (rank == NO_BREAK) {
        print_pieces(printer, first, end);
        return;
    }
    const struct piece *next;
    for (const struct piece *part = first; part < end; part = next) {
        next = next_of_rank(part + 1, end, rank);
        if (part > first && !(is_filled(rank) && fits(printer, part, next)))
            new_line(printer);
        print_run(printer, part, next);
    }
}

/* A comment inside a statement: on the line where it was, and nothing behind it. */
static void print_inner_comment(struct printer *printer, const struct piece *comment)
{
    if (comment->newlines == 0)
        buffer_repeat(printer->out, ' ', COMMENT_GAP);
    else if (printer->line_begun)
        new_line(printer);
    buffer_text(printer->out, comment->text);
    new_line(printer);
}

/* The first token's own spaces are the indentation of a rule without a label among labelled ones.
 */
static void print_statement(struct entry *entry, struct buffer *out)
{
    struct printer printer = {.out = out, .column = entry->pieces[0].spaces};
    const struct piece *end = entry->pieces + entry->count, *next;
    size_t start = out->length;
    buffer_repeat(out, ' ', entry->pieces[0].spaces);
    for (const struct piece *piece = entry->pieces; piece < end; piece = next) {
        next = next_of_kind(piece, end, COMMENT);
        if (next > piece)
            print_run(&printer, piece, next);
        if (next < end)
            print_inner_comment(&printer, next++);
    }
    entry->last_width = printer.column;
    entry->body_length = out->length - start;
}

static void print_comment_entry(struct entry *entry, struct buffer *out)
{
    buffer_text(out, entry->pieces[0].text);
    entry->body_length = entry->pieces[0].text.length;
}

/* Where the comments behind the statements of one group begin. */
static size_t comment_column(const struct entry *entries, size_t count)
{
    size_t widest = 0;
    for (size_t i = 0; i < count; i++)
        if (entries[i].trailing && entries[i].last_width > widest)
            widest = entries[i].last_width;
    return widest + COMMENT_GAP;
}

static void print_line_end(const struct entry *entry, size_t column, struct buffer *out)
{
    if (entry->trailing) {
        buffer_repeat(out, ' ', column - entry->last_width);
        buffer_text(out, entry->trailing->text);
    }
    buffer_byte(out, '\n');
}

/* The statements are laid out in a buffer of their own first: only then is it known how wide the
 * last line of each is. */
static void print_entries(struct entry *entries, size_t count, const char *body, struct buffer *out)
{
    size_t length;
    for (size_t i = 0; i < count; i += length) {
        length = group_length(entries + i, count - i);
        size_t column = comment_column(entries + i, length);
        for (size_t j = i; j < i + length; j++) {
            if (entries[j].apart)
                buffer_byte(out, '\n');
            buffer_append(out, body, entries[j].body_length);
            body += entries[j].body_length;
            print_line_end(&entries[j], column, out);
        }
    }
}

void layout_print(struct entry *entries, size_t count, struct buffer *out)
{
    struct buffer bodies;
    buffer_init(&bodies, out->limit);
    for (size_t i = 0; i < count; i++)
        space_out(&entries[i]);
    align_groups(entries, count);
    for (size_t i = 0; i < count; i++)
        if (entries[i].is_comment)
            print_comment_entry(&entries[i], &bodies);
        else
            print_statement(&entries[i], &bodies);
    if (bodies.status)
        out->status = bodies.status;
    else
        print_entries(entries, count, bodies.data, out);
    buffer_free(&bodies);
}
