/* front/parse_slip.h: the usual slips, between parse_error.c, parse_slip.c and parse_spelling.c. */
#ifndef TIERWAY_FRONT_PARSE_SLIP_H
#define TIERWAY_FRONT_PARSE_SLIP_H

#include "front/parse_error.h"

/* The token that cannot stand where it does, and what stands around it. Tokens of kind 0 stand for
 * what is beyond the text. */
struct slip_place {
    struct parse *parse;
    const struct expectation *expectation;
    size_t index; /* of the token found; the number of tokens at the text's end */
    const struct token *before, *found, *after;
    bool same_line; /* before and found */
};

/* Adds a finding where the place is one of the usual slips; false where it is none. */
bool report_slip(const struct slip_place *place);
/* parse_spelling.c: the same for slips of spelling. */
bool report_spelling(const struct slip_place *place);

bool is_comparison(int kind);
/* The text of one of the place's tokens; empty beyond the text's ends. */
struct text text_at(const struct slip_place *place, const struct token *token);
/* Adds a finding; in message and help {before}, {found} and {after} stand for those tokens. */
void report_at(const struct slip_place *place, struct span span, enum finding_name name,
               const char *message, const char *help);

/* Did the text read so far ask for a token of this name, as in the grammar's %token lines? */
bool expects(const struct expectation *expectation, const char *name);
/* The keyword among the expected tokens that the word found was most likely meant to be, or an
 * empty text. */
struct text near_keyword(const struct expectation *expectation, struct text found);
/* parse.c: does a statement begin with a token of this kind? */
bool begins_statement(int kind);

#endif
