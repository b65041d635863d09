/* front/parse.h: text to tokens to tree.
 *
 * parse_policy reads one text and every file that it includes, and gives the statements of all of
 * them in order. Errors become findings; parsing goes on at the next statement. */
#ifndef TIERWAY_FRONT_PARSE_H
#define TIERWAY_FRONT_PARSE_H

#include "front/ast.h"

#define MAX_NESTING                                                                                \
    200 /* parentheses and `not`s inside one another: all that recurses is bounded */

struct parse {
    struct arena *arena;
    struct arena *token_arena; /* of tokens: may be freed once all is parsed, or be the same one */
    struct sources *sources;
    struct findings *findings;
    struct source *source; /* being read now */
    uint32_t source_index;
    size_t next_token; /* index of the token that the grammar gets next */
    bool skipping;     /* after an error: up to the start of the next statement */
    bool abandoned;    /* nested too deep: nothing more is read from this source */
    uint32_t nesting;  /* open parentheses and `not`s, for MAX_NESTING */
    uint32_t nots;     /* those `not`s of them whose test goes on, in the parentheses at hand */
    uint8_t outer_nots[MAX_NESTING + 1]; /* the same in each of the parentheses around it */
    uint32_t parentheses;
    uint32_t include_depth;
    struct statement *first, **tail;
    bool no_memory;
};

/* Reads a whole file for `include`. The default reads from disk; tests and fuzzers give their own.
 * content is allocated in the arena. path is set to what identifies the file. */
struct file_reader {
    enum tw_status (*read)(void *context, struct arena *arena, struct text path,
                           struct text *content, struct text *identity);
    void *context;
};
extern const struct file_reader read_from_disk;

/* What the grammar's actions build, and nothing else: see grammar/tier.y. Every constructor returns
 * NULL and sets parse->no_memory when memory is out, and takes the NULL that another one returned.
 */
struct statement *statement_new(struct parse *parse, enum statement_kind kind, struct span span);
void statement_add(struct parse *parse, struct statement *statement);
struct statement *statement_value(struct parse *parse, enum statement_kind kind, struct span span,
                                  struct value *value);
struct statement *statement_provider(struct parse *parse, struct span span, struct name *name);
struct statement *statement_tiers(struct parse *parse, struct span span, struct name *names);
struct statement *statement_attribute(struct parse *parse, struct span span, struct name *name,
                                      struct statement *type, struct value *initial,
                                      struct statement *source);
struct statement *statement_budget(struct parse *parse, struct span span, struct name *name,
                                   struct value *limit, struct name *window, struct name *by);
struct statement *statement_let(struct parse *parse, struct span span, struct name *name,
                                struct value *value, struct condition *condition);
struct statement *statement_rule(struct parse *parse, struct span span, struct name *label,
                                 struct condition *condition, struct action *action);
struct statement *statement_property(struct parse *parse, enum statement_kind kind,
                                     struct span span, struct name *tier,
                                     struct condition *condition);
struct statement *statement_expect(struct parse *parse, struct span span, struct name *tier,
                                   struct name *by, struct given *givens);
/* Half-made statements that carry a type or a source up to statement_attribute. */
struct statement *type_new(struct parse *parse, struct name *type, struct name *words);
struct statement *source_new(struct parse *parse, struct name *kind, struct value *value);

struct name *name_new(struct parse *parse, const struct token *token);
struct name *name_dotted(struct parse *parse, struct name *budget, struct name *member);
struct name *name_append(struct name *last, struct name *name);
struct value *value_literal(struct parse *parse, enum tw_type type, const struct token *token);
struct value *value_word(struct parse *parse, const struct name *name);
struct value *value_range(struct parse *parse, struct value *low, struct value *high);
struct value *value_set(struct parse *parse, struct value *items, struct span span);
struct value *value_schedule(struct parse *parse, struct value *days, struct value *times);
struct value *value_append(struct value *last, struct value *value);
struct condition *condition_join(struct parse *parse, enum condition_kind kind,
                                 struct condition *left, struct condition *right);
struct condition *condition_not(struct parse *parse, struct condition *inner, struct span span);
struct condition *condition_grouped(struct condition *inner, struct span span);
struct condition *condition_test(struct parse *parse, enum condition_kind kind, bool negated,
                                 struct name *operand, struct value *value, struct span span);
struct condition *condition_compare(struct parse *parse, struct name *operand,
                                    enum comparison comparison, struct span operator_span,
                                    struct value *value);
/* `5000 < tokens`: a finding, and the comparison turned round so that checking goes on. */
struct condition *condition_value_first(struct parse *parse, struct value *value,
                                        enum comparison comparison, struct span operator_span,
                                        struct name *operand);
/* `=` where the language writes `==`: a finding. */
enum comparison comparison_single(struct parse *parse, struct span span);
struct action *action_steps(struct parse *parse, struct step *steps, struct span span);
struct action *action_reject(struct parse *parse, struct step *steps, const struct token *reason,
                             struct span reject, struct span span);
struct step *step_new(struct parse *parse, struct name *tier);
struct step *step_append(struct step *last, struct step *step);
struct step *step_strict(struct step *chain, struct span span);
struct step *step_timeout(struct step *chain, struct value *value);
struct step *step_retry(struct step *chain, struct value *value);
struct given *given_new(struct parse *parse, struct name *name, struct value *value);
struct given *given_append(struct given *last, struct given *given);

/* For the generated parser. */
struct parser_value;
bool parse_drops_token(
    struct parse *parse); /* after an error: is the token at hand to be skipped */

/* Parses a text as the root of a policy into statements (in order, includes expanded).
 * Returns TW_OK, or TW_NO_MEMORY; errors in the text are findings. */
enum tw_status parse_policy(struct parse *parse, const struct file_reader *reader, struct text name,
                            struct text content);

/* scan.c: fills source->tokens and source->comments; findings for what is no token. */
bool scan_source(struct parse *parse, struct source *source, uint32_t source_index);

#endif
