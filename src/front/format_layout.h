/* front/format_layout.h: between format.c, which takes a text apart, and format_layout.c. */
#ifndef TIERWAY_FRONT_FORMAT_LAYOUT_H
#define TIERWAY_FRONT_FORMAT_LAYOUT_H

#include "front/ast.h"

enum { COMMENT = -1 }; /* the kind of a piece that is a comment */

/* A token or a comment. */
struct piece {
    int kind;          /* of the token, or COMMENT */
    struct span span;  /* in the text being formatted */
    struct text text;  /* as written, a comment without blanks at its end */
    uint32_t newlines; /* between the piece before and this one */

    /* set by the layout */
    uint32_t rank; /* how early a line that is too long is broken before it; 0 is first */
    size_t spaces; /* before it, where it does not begin a line */
    size_t column; /* where it stands if the statement is written on one line */
    size_t width;  /* in code points */
};

/* A statement, or a comment between statements. */
struct entry {
    enum statement_kind kind; /* of a statement */
    bool is_comment;
    bool plain; /* a statement without comments between its tokens */
    bool apart; /* a blank line stands before it */
    struct piece *pieces;
    size_t count;
    const struct piece *trailing; /* the comment behind the statement, or NULL */

    /* set by the layout */
    size_t body_length; /* of the text without what stands behind it */
    size_t last_width;  /* of the last line of that, in code points */
};

/* Lays out the entries and appends the text to out. A failure is left in out->status. */
void layout_print(struct entry *entries, size_t count, struct buffer *out);

#endif
