/* author/draft.c: see draft.h. Owns the draft's two buffers; works on bytes and lines only. */
#include "author/draft.h"

#include "front/parse.h"

#include <string.h>

void draft_begin(struct draft *draft, struct text text)
{
    buffer_init(&draft->text, 2 * (size_t)TW_MAX_SOURCE);
    buffer_init(&draft->origins, 2 * (size_t)TW_MAX_SOURCE * sizeof(uint32_t));
    buffer_text(&draft->text, text);
    for (uint32_t i = 0; i < text.length; i++)
        buffer_append(&draft->origins, &i, sizeof i);
    if (draft->origins.status)
        draft->text.status = draft->origins.status;
}

void draft_free(struct draft *draft)
{
    buffer_free(&draft->text);
    buffer_free(&draft->origins);
}

uint32_t draft_origin(const struct draft *draft, uint32_t offset)
{
    uint32_t origin = 0;
    size_t count = draft->origins.length / sizeof origin;
    if (count == 0)
        return 0;
    size_t place = offset < count ? offset : count - 1;
    memcpy(&origin, draft->origins.data + place * sizeof origin, sizeof origin);
    return origin;
}

static void keep(const struct draft *from, uint32_t start, uint32_t end, struct draft *to)
{
    if (start >= end)
        return;
    buffer_append(&to->text, from->text.data + start, end - start);
    buffer_append(&to->origins, from->origins.data + start * sizeof(uint32_t),
                  (end - start) * sizeof(uint32_t));
}

void draft_edit(const struct draft *from, const struct edit *edits, size_t count, struct draft *to)
{
    uint32_t at = 0;
    draft_begin(to, TEXT(""));
    for (size_t i = 0; i < count; i++) {
        uint32_t origin = draft_origin(from, edits[i].start);
        keep(from, at, edits[i].start, to);
        buffer_text(&to->text, edits[i].put);
        for (size_t byte = 0; byte < edits[i].put.length; byte++)
            buffer_append(&to->origins, &origin, sizeof origin);
        at = edits[i].end;
    }
    keep(from, at, (uint32_t)from->text.length, to);
    if (to->origins.status)
        to->text.status = to->origins.status;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static uint32_t line_start(struct text text, uint32_t at)
{
    while (at > 0 && text.data[at - 1] != '\n')
        at--;
    return at;
}

/* The offset behind the line's newline, or the end of the text. */
static uint32_t next_line(struct text text, uint32_t at)
{
    while (at < text.length && text.data[at] != '\n')
        at++;
    return at < text.length ? at + 1 : at;
}

static uint32_t skip_blanks(struct text text, uint32_t at)
{
    while (at < text.length && is_blank(text.data[at]))
        at++;
    return at;
}

static uint32_t skip_blanks_back(struct text text, uint32_t at)
{
    while (at > 0 && is_blank(text.data[at - 1]))
        at--;
    return at;
}

static bool ends_line(struct text text, uint32_t at)
{
    return at == text.length || text.data[at] == '\n';
}

/* Is there nothing but blanks on the line that starts here? The end of the text counts as such. */
static bool blank_line(struct text text, uint32_t start)
{
    return ends_line(text, skip_blanks(text, start));
}

static bool comment_line(struct text text, uint32_t start)
{
    uint32_t at = skip_blanks(text, start);
    return at < text.length && text.data[at] == '#';
}

static bool allow_line(struct text text, uint32_t start)
{
    uint32_t at = skip_blanks(text, start);
    if (!comment_line(text, start))
        return false;
    at = skip_blanks(text, at + 1);
    return text.length - at >= 5 && memcmp(text.data + at, "lint:", 5) == 0;
}

/* The start of the first of the lines right above `start` that all pass. */
static uint32_t lines_above(struct text text, uint32_t start,
                            bool (*passes)(struct text text, uint32_t start))
{
    while (start > 0) {
        uint32_t above = line_start(text, start - 1);
        if (!passes(text, above))
            break;
        start = above;
    }
    return start;
}

/* Comments that begin with the text speak of all of it. */
static uint32_t with_comments(struct text text, uint32_t start, uint32_t end)
{
    uint32_t comments = lines_above(text, start, comment_line);
    bool alone = blank_line(text, end) || comment_line(text, end);
    return alone && comments > 0 ? comments : lines_above(text, start, allow_line);
}

struct edit edit_without_statement(struct text text, uint32_t start, uint32_t end)
{
    uint32_t first = skip_blanks_back(text, start), last = skip_blanks(text, end);
    bool comment = last < text.length && text.data[last] == '#';
    if (first != line_start(text, start) || !(comment || ends_line(text, last)))
        return edit_without_part(text, start, end);
    last = next_line(text, last);
    return (struct edit){with_comments(text, first, last), last, {"", 0}};
}

struct edit edit_without_part(struct text text, uint32_t start, uint32_t end)
{
    uint32_t first = skip_blanks_back(text, start), last = skip_blanks(text, end);
    bool begins = first == line_start(text, start);
    bool comment = last < text.length && text.data[last] == '#';
    if (begins && (comment || ends_line(text, last)))
        return (struct edit){first, next_line(text, last), {"", 0}};
    if (begins)
        return (struct edit){start, last, {"", 0}};
    return (struct edit){first, end, {"", 0}};
}

/* The end of the run of edits that begins at `first`: each takes out what the next one begins at.
 */
static size_t run_end(const struct edit *edits, size_t count, size_t first)
{
    size_t last = first;
    while (last + 1 < count && edits[last].end == edits[last + 1].start &&
           edits[last + 1].put.length == 0)
        last++;
    return last;
}

/* A run that leaves nothing but blanks on its line takes the line. */
static void take_line(struct text text, struct edit *first, struct edit *last)
{
    uint32_t start = skip_blanks_back(text, first->start), end = skip_blanks(text, last->end);
    if (start != line_start(text, start) || !ends_line(text, end) ||
        last->end == line_start(text, last->end))
        return;
    first->start = start;
    last->end = next_line(text, end);
}

/* Of two blank lines that would meet, one goes. */
static void join_blank_lines(struct text text, struct edit *first, struct edit *last)
{
    uint32_t start = first->start, end = last->end;
    if (start != line_start(text, start) || end != line_start(text, end))
        return;
    bool blank_above = start == 0 || blank_line(text, line_start(text, start - 1));
    if (blank_above && end < text.length && blank_line(text, end))
        last->end = next_line(text, end);
    else if (blank_above && end == text.length && start > 0)
        first->start = line_start(text, start - 1);
}

void edits_close_gaps(struct text text, struct edit *edits, size_t count)
{
    for (size_t first = 0, last; first < count; first = last + 1) {
        last = run_end(edits, count, first);
        if (edits[first].put.length)
            continue;
        take_line(text, &edits[first], &edits[last]);
        join_blank_lines(text, &edits[first], &edits[last]);
    }
}
