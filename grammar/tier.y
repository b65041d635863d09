/* grammar/tier.y: the sentences of the policy language, edition 1.
 *
 * Takes the tokens of one source (front/parse.c hands them out); gives statements. Each action is
 * one call of a constructor: nothing is checked, folded or read here. Everything is made in the
 * compile's arena, so no value needs a destructor. An error inside a statement gives up that
 * statement only: parsing goes on at the next one. Conflicts are not tolerated: restate the rule
 * rather than raise %expect. */

%code requires {
#include "front/parse.h"
}

%define api.pure full
%define api.prefix {tier_}
%define api.token.prefix {TIER_}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {struct parse *parse}

%union {
    const struct token *token;
    struct name *name;
    struct value *value;
    enum comparison comparison;
    struct condition *condition;
    struct step *step;
    struct action *action;
    struct given *given;
    struct statement *statement;
}

%code {
#include "front/parse_error.h"

#define YYLLOC_DEFAULT(current, right, count)                                                      \
    ((current) = (count) == 1 ? YYRHSLOC(right, 1)                                                 \
                 : (count)                                                                         \
                     ? spans_join(&YYRHSLOC(right, 1), &YYRHSLOC(right, count), sizeof *(right))   \
                     : span_after(YYRHSLOC(right, 0)))

static int tier_lex(TIER_STYPE *value, struct span *span, struct parse *parse)
{
    return parse_next_token(parse, &value->token, span);
}

static void tier_error(const struct span *span, struct parse *parse, const char *message)
{
    parse_stack_full(parse, *span, message);
}
}

%token <token> NAME "a name" LABEL "a label" STRING "a string"
%token <token> INT "a number" PERCENT "a percentage" MONEY "an amount of money"
%token <token> DURATION "a duration" TIME "a time of day" DATE "a date" INSTANT "an instant"
%token <token> BOOL "true or false" BAD "a value"
%token EDITION "edition" PROVIDER "provider" TIERS "tiers" TIMEZONE "timezone" INCLUDE "include"
%token ATTRIBUTE "attribute" BUDGET "budget" LET "let" WHEN "when" OTHERWISE "otherwise"
%token NEVER "never" ALWAYS "always" EXPECT "expect"
%token AND "and" OR "or" NOT "not" IN "in" LIKE "like" IS "is" SET "set"
%token TIMEOUT "timeout" RETRY "retry" ELSE "else" REJECT "reject" STRICT "strict"
%token PER "per" BY "by" FROM "from"
%token ARROW "->" DOTS ".." EQUAL "==" NOT_EQUAL "!=" LESS "<" LESS_EQUAL "<=" GREATER ">"
%token GREATER_EQUAL ">=" IS_VALUE "="
%token STRAY "a stray character" /* stands in no sentence */

%type <name> name names operand label by_name by_rule
%type <value> literal string word value item items range set in_value initial
%type <comparison> comparison
%type <condition> condition conjunction negation test
%type <step> chain step
%type <action> action
%type <given> given givens
%type <statement> statement type source

%%

policy:
    %empty
  | policy statement                    { statement_add(parse, $2); }
  | policy error                        { yyerrok; if (parse_drops_token(parse)) yyclearin; }
  ;

statement:
    EDITION literal                     { $$ = statement_value(parse, STATEMENT_EDITION, @$, $2); }
  | PROVIDER name                       { $$ = statement_provider(parse, @$, $2); }
  | TIERS '{' names '}'                 { $$ = statement_tiers(parse, @$, $3); }
  | TIMEZONE string                     { $$ = statement_value(parse, STATEMENT_TIMEZONE, @$, $2); }
  | INCLUDE string                      { $$ = statement_value(parse, STATEMENT_INCLUDE, @$, $2); }
  | ATTRIBUTE name ':' type initial source
                                        { $$ = statement_attribute(parse, @$, $2, $4, $5, $6); }
  | BUDGET name literal PER name by_name
                                        { $$ = statement_budget(parse, @$, $2, $3, $5, $6); }
  | LET name IS_VALUE condition         { $$ = statement_let(parse, @$, $2, NULL, $4); }
  | LET name IS_VALUE literal           { $$ = statement_let(parse, @$, $2, $4, NULL); }
  | LET name IS_VALUE range             { $$ = statement_let(parse, @$, $2, $4, NULL); }
  | LET name IS_VALUE set               { $$ = statement_let(parse, @$, $2, $4, NULL); }
  | label WHEN condition ARROW action   { $$ = statement_rule(parse, @$, $1, $3, $5); }
  | OTHERWISE ARROW action              { $$ = statement_rule(parse, @$, NULL, NULL, $3); }
  | NEVER name WHEN condition           { $$ = statement_property(parse, STATEMENT_NEVER, @$, $2, $4); }
  | ALWAYS name WHEN condition          { $$ = statement_property(parse, STATEMENT_ALWAYS, @$, $2, $4); }
  | EXPECT name by_rule WHEN givens     { $$ = statement_expect(parse, @$, $2, $3, $5); }
  | EXPECT REJECT by_rule WHEN givens   { $$ = statement_expect(parse, @$, NULL, $3, $5); }
  ;

label:
    %empty                              { $$ = NULL; }
  | LABEL ':'                           { $$ = name_new(parse, $1); }
  ;

name:
    NAME                                { $$ = name_new(parse, $1); }
  ;

names:
    name                                { $$ = name_append(NULL, $1); }
  | names ',' name                      { $$ = name_append($1, $3); }
  ;

string:
    STRING                              { $$ = value_literal(parse, TW_TYPE_STRING, $1); }
  ;

type:
    name                                { $$ = type_new(parse, $1, NULL); }
  | name '{' names '}'                  { $$ = type_new(parse, $1, $3); }
  ;

initial:
    %empty                              { $$ = NULL; }
  | IS_VALUE value                      { $$ = $2; }
  ;

source:
    %empty                              { $$ = NULL; }
  | FROM name string                    { $$ = source_new(parse, $2, $3); }
  ;

by_name:
    %empty                              { $$ = NULL; }
  | BY name                             { $$ = $2; }
  ;

by_rule:
    by_name
  | BY OTHERWISE                        { $$ = name_keyword(parse, "otherwise", @2); }
  ;

condition:
    conjunction
  | condition OR conjunction            { $$ = condition_join(parse, CONDITION_OR, $1, $3); }
  ;

conjunction:
    negation
  | conjunction AND negation            { $$ = condition_join(parse, CONDITION_AND, $1, $3); }
  ;

negation:
    test
  | NOT negation                        { $$ = condition_not(parse, $2, @$); }
  ;

test:
    '(' condition ')'                   { $$ = condition_grouped($2, @$); }
  | operand                             { $$ = condition_test(parse, CONDITION_NAME, false, $1, NULL, @$); }
  | operand comparison value            { $$ = condition_compare(parse, $1, $2, @2, $3); }
  | literal comparison operand          { $$ = condition_value_first(parse, $1, $2, @2, $3); }
  | operand IN in_value                 { $$ = condition_test(parse, CONDITION_IN, false, $1, $3, @$); }
  | operand NOT IN in_value             { $$ = condition_test(parse, CONDITION_IN, true, $1, $4, @$); }
  | operand LIKE value                  { $$ = condition_test(parse, CONDITION_LIKE, false, $1, $3, @$); }
  | operand NOT LIKE value              { $$ = condition_test(parse, CONDITION_LIKE, true, $1, $4, @$); }
  | operand IS SET                      { $$ = condition_test(parse, CONDITION_IS_SET, false, $1, NULL, @$); }
  | operand IS NOT SET                  { $$ = condition_test(parse, CONDITION_IS_SET, true, $1, NULL, @$); }
  ;

operand:
    name
  | name '.' name                       { $$ = name_dotted(parse, $1, $3); }
  ;

comparison:
    EQUAL                               { $$ = COMPARE_EQUAL; }
  | NOT_EQUAL                           { $$ = COMPARE_NOT_EQUAL; }
  | LESS                                { $$ = COMPARE_LESS; }
  | LESS_EQUAL                          { $$ = COMPARE_LESS_EQUAL; }
  | GREATER                             { $$ = COMPARE_GREATER; }
  | GREATER_EQUAL                       { $$ = COMPARE_GREATER_EQUAL; }
  | IS_VALUE                            { $$ = comparison_single(parse, @1); }
  ;

literal:
    string
  | INT                                 { $$ = value_literal(parse, TW_TYPE_INT, $1); }
  | PERCENT                             { $$ = value_literal(parse, TW_TYPE_PERCENT, $1); }
  | MONEY                               { $$ = value_literal(parse, TW_TYPE_MONEY, $1); }
  | DURATION                            { $$ = value_literal(parse, TW_TYPE_DURATION, $1); }
  | TIME                                { $$ = value_literal(parse, TW_TYPE_TIME, $1); }
  | DATE                                { $$ = value_literal(parse, TW_TYPE_DATE, $1); }
  | INSTANT                             { $$ = value_literal(parse, TW_TYPE_NOW, $1); }
  | BOOL                                { $$ = value_literal(parse, TW_TYPE_BOOL, $1); }
  | BAD                                 { $$ = value_bad(parse, $1); }
  ;

word:
    name                                { $$ = value_word(parse, $1); }
  ;

value:
    literal
  | word
  ;

range:
    literal DOTS value                  { $$ = value_range(parse, $1, $3); }
  | word DOTS value                     { $$ = value_range(parse, $1, $3); }
  ;

item:
    value
  | range
  | value range                         { $$ = value_schedule(parse, $1, $2); }
  | range range                         { $$ = value_schedule(parse, $1, $2); }
  ;

items:
    item                                { $$ = value_append(NULL, $1); }
  | items ',' item                      { $$ = value_append($1, $3); }
  ;

set:
    '{' items '}'                       { $$ = value_set(parse, $2, @$); }
  ;

in_value:
    item
  | set
  ;

action:
    chain                               { $$ = action_steps(parse, $1, @$); }
  | REJECT                              { $$ = action_reject(parse, NULL, NULL, @1, @$); }
  | REJECT STRING                       { $$ = action_reject(parse, NULL, $2, @1, @$); }
  | chain ELSE REJECT                   { $$ = action_reject(parse, $1, NULL, @3, @$); }
  | chain ELSE REJECT STRING            { $$ = action_reject(parse, $1, $4, @3, @$); }
  ;

chain:
    step                                { $$ = step_append(NULL, $1); }
  | chain ELSE step                     { $$ = step_append($1, $3); }
  ;

step:
    name                                { $$ = step_new(parse, $1); }
  | step STRICT                         { $$ = step_strict($1, @2); }
  | step TIMEOUT value                  { $$ = step_timeout($1, $3); }
  | step RETRY value                    { $$ = step_retry($1, $3); }
  ;

givens:
    given                               { $$ = given_append(NULL, $1); }
  | givens ',' given                    { $$ = given_append($1, $3); }
  ;

given:
    operand IS_VALUE value              { $$ = given_new(parse, $1, $3); }
  | operand EQUAL value                 { $$ = given_equal(parse, $1, @2, $3); }
  ;

%%

/* Bison knows which tokens could have come; parse_error.c says it in a person's words. */
static int yyreport_syntax_error(const yypcontext_t *context, struct parse *parse)
{
    yysymbol_kind_t expected[YYNTOKENS];
    struct expectation expectation = {.found = yypcontext_token(context),
                                      .span = *yypcontext_location(context)};
    int count = yypcontext_expected_tokens(context, expected, YYNTOKENS);
    for (int i = 0; i < count; i++)
        expectation_add(&expectation, expected[i], yysymbol_name(expected[i]));
    expectation.found_name = yysymbol_name(expectation.found);
    return parse_unexpected(parse, &expectation);
}
