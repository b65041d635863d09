/* front/parse_error.h: between the generated parser and parse.c and parse_error.c. */
#ifndef TIERWAY_FRONT_PARSE_ERROR_H
#define TIERWAY_FRONT_PARSE_ERROR_H

#include "front/parse.h"

/* The next token of the source being read: its kind, 0 at the end. */
int parse_next_token(struct parse *parse, const struct token **token, struct span *span);
/* After an error at the token that was handed out last: go on at the next statement. */
void parse_begin_skipping(struct parse *parse);
/* The generated parser's stack is full: said as a limit that was passed. */
void parse_stack_full(struct parse *parse, struct span span, const char *message);
/* From the first span that holds anything to the last one; the spans lie `stride` bytes apart. */
struct span spans_join(const struct span *first, const struct span *last, size_t stride);
struct name *name_keyword(struct parse *parse, const char *word, struct span span);
struct value *value_bad(struct parse *parse, const struct token *token);
struct given *given_equal(struct parse *parse, struct name *name, struct span operator_span,
                          struct value *value);

enum { MAX_EXPECTED = 80 };

/* What the grammar could have gone on with, where it could not go on. */
struct expectation {
    int found; /* symbol number of the generated parser */
    const char *found_name;
    struct span span;
    int count;
    const char *names[MAX_EXPECTED]; /* as in the grammar's %token lines */
};

void expectation_add(struct expectation *expectation, int symbol, const char *name);
/* Adds the finding; always 0, which tells the generated parser that the error was reported. */
int parse_unexpected(struct parse *parse, const struct expectation *expectation);

#endif
