/* author/draft.h: a policy's text in the making, and where each byte of it came from. */
#ifndef TIERWAY_AUTHOR_DRAFT_H
#define TIERWAY_AUTHOR_DRAFT_H

#include "base/text.h"

/* Bytes start..end - 1 of a text are replaced by `put`. */
struct edit {
    uint32_t start, end;
    struct text put;
};

struct draft {
    struct buffer text;
    struct buffer origins; /* of each byte, its offset in the first text, as a uint32_t */
};

/* Starts with a text as it is. A failure, here and below, is in draft->text.status. */
void draft_begin(struct draft *draft, struct text text);
void draft_free(struct draft *draft);
/* `to`, which is empty, becomes `from` with the edits made; they are in order and apart. */
void draft_edit(const struct draft *from, const struct edit *edits, size_t count, struct draft *to);
/* Where the byte at `offset` stood in the first text. */
uint32_t draft_origin(const struct draft *draft, uint32_t offset);

/* Edits that take something out and leave no hole.
 *
 * A statement goes with its lines, where it has them for itself, and with the comment behind it.
 * Comments right above it go too where they speak of it alone (a blank line or another comment
 * follows), as do `# lint: allow` comments. */
struct edit edit_without_statement(struct text text, uint32_t start, uint32_t end);
/* A part of a line goes with the blanks before it; the whole line, where nothing else is on it. */
struct edit edit_without_part(struct text text, uint32_t start, uint32_t end);
/* Lines on which edits that touch leave nothing go as a whole, and of two blank lines that would
 * then meet, one goes. The edits are in order and apart, and still are then. */
void edits_close_gaps(struct text text, struct edit *edits, size_t count);

#endif
