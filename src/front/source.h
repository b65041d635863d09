/* front/source.h: the texts that make a policy, and places in them.
 *
 * A span is a half-open range of bytes in one source; every token, tree node, instruction and
 * diagnostic carries one. Lines and columns are worked out only when a span is shown. */
#ifndef TIERWAY_FRONT_SOURCE_H
#define TIERWAY_FRONT_SOURCE_H

#include "base/arena.h"

#include <assert.h>

struct span {
    uint64_t source : 8; /* index into struct sources */
    uint64_t start : 28, end : 28;
};

#define MAX_SOURCES 256 /* files in one policy, the first included */
static_assert(MAX_SOURCES <= 1 << 8 && TW_MAX_SOURCE < 1 << 28, "a span says where in any source");

struct token {
    int kind; /* enum tier_token, from the grammar */
    struct span span;
    union {
        struct text text; /* a name as written, the value of a string */
        int64_t number;   /* the value of any other literal, in its type's scale */
    };
};

struct comment {
    struct span span; /* from '#' up to, without, the end of the line */
    bool own_line;    /* nothing but blanks before it on its line */
};

struct source {
    struct text name;      /* as shown to people */
    struct text path;      /* resolved, to find cycles; empty for text that is no file */
    struct text content;   /* two zero bytes follow it, which the scanner needs */
    uint32_t *line_starts; /* made by source_lines, NULL before */
    uint32_t line_count;
    struct token *tokens; /* in order, without the end; none once front_read is done */
    size_t token_count, token_capacity;
    uint32_t first_token; /* where it starts */
    struct comment *comments;
    size_t comment_count, comment_capacity;
    struct span
        included_at; /* the `include` that brought it in; source == its own index at the root */
};

#define MAX_INCLUDE_DEPTH 32
#define MAX_TOKENS 2000000 /* words, signs and comments of one file: about 100,000 rules */

struct sources {
    struct arena *arena;
    struct source *items[MAX_SOURCES];
    uint32_t count;
};

struct place {
    uint32_t line, column; /* from 1; columns in code points */
};

/* NULL on failure: out of memory, MAX_SOURCES reached, or more than TW_MAX_SOURCE bytes. The texts
 * are copied into the arena. */
struct source *sources_add(struct sources *sources, struct text name, struct text path,
                           struct text content);
struct place source_place(struct sources *sources, uint32_t source, uint32_t offset);
/* The text of a line, without its end. */
struct text source_line(struct sources *sources, uint32_t source, uint32_t line);
struct text span_text(const struct sources *sources, struct span span);
struct span span_join(struct span first, struct span last);
struct span span_after(struct span span); /* nothing, where that one ends */

#endif
