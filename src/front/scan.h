/* front/scan.h: between the generated scanner and scan.c, nobody else's business. */
#ifndef TIERWAY_FRONT_SCAN_H
#define TIERWAY_FRONT_SCAN_H

#include "front/parse.h"

#include <stddef.h>

/* What the scanner can meet beside the grammar's tokens. */
enum scan_kind {
    SCAN_END = 0,
    SCAN_BLANK = 10000,
    SCAN_COMMENT,
    SCAN_NUMBER,       /* digits with letters behind: scan.c finds out which literal */
    SCAN_UNTERMINATED, /* a string without its end */
};

struct scan {
    struct parse *parse;
    struct source *source;
    struct span span;        /* of what was read last */
    uint32_t open_brackets;  /* `[` without its `]` */
    const char *foreign;     /* the language's own spelling of what was read, or NULL */
    max_align_t reserve[64]; /* the generated scanner's own memory: its state and one buffer */
    size_t reserve_used;
};

/* Notes that what was read is another language's spelling, and returns the kind that it means. */
int scan_foreign(struct scan *scan, int kind, const char *own);
/* The same for `[` and `]`; a closing one is said with its opening one. */
int scan_bracket(struct scan *scan, int kind, const char *own);
/* scan_foreign.c: the finding for it. */
void report_foreign(struct scan *scan);
/* What stands between the quotes, straight or curly, of a string that has both. */
struct text inside_quotes(struct text quoted);
/* scan_literal.c: the kind of a literal and its value; one that is none is said, and becomes BAD.
 */
int scan_literal(struct scan *scan, int kind, struct text written, int64_t *number);
/* flex calls this when it cannot go on. */
_Noreturn void scan_fatal(const char *message);

#endif
