/* front/ast.h: the tree of a policy.
 *
 * The grammar builds it and checks nothing; check.c fills in the fields headed "after check".
 * Nodes live in the compile's arena and are never freed singly. Lists are chained by `next`. */
#ifndef TIERWAY_FRONT_AST_H
#define TIERWAY_FRONT_AST_H

#include "front/diagnostics.h"

/* A name as written, with its place. */
struct name {
    struct text text;
    struct span span;
    struct name *next; /* in the list it is part of */
};

/* What can stand where a value is needed. */
enum value_kind {
    VALUE_LITERAL,  /* 5k, $0.05, 22:00, "text", true */
    VALUE_WORD,     /* low, mon, flex, or the name of a `let` */
    VALUE_RANGE,    /* low..high */
    VALUE_SET,      /* {a, b, c..d} */
    VALUE_SCHEDULE, /* mon..fri 22:00..06:00, in a set or alone */
    VALUE_BAD,      /* was no literal: said so already, checks nothing */
};

struct value {
    enum value_kind kind;
    enum tw_type type; /* of a literal; INSTANT literals have TW_TYPE_NOW */
    struct span span;
    union {
        int64_t number;   /* of a literal that is no string */
        struct text text; /* of a string literal or a word */
        struct {
            struct value *low;  /* of a range; of a schedule: the days */
            struct value *high; /* of a range; of a schedule: the times */
        };
        struct value *items; /* of a set */
    };
    struct value *next; /* in the list it is part of */
};

enum comparison {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL,
};

enum condition_kind {
    CONDITION_OR,
    CONDITION_AND,
    CONDITION_NOT,
    CONDITION_COMPARE, /* operand comparison value */
    CONDITION_IN,      /* operand in value */
    CONDITION_LIKE,    /* operand like value */
    CONDITION_IS_SET,
    CONDITION_NAME, /* a bool attribute, or a `let` that names a condition */
};

/* One value of a test, in the scale of the attribute that is tested. */
struct item {
    union {
        struct text text; /* of a string */
        struct {
            int64_t low, high; /* inclusive, but for times of day: [low, high), and may wrap */
        };
    };
    int32_t from, to; /* of a schedule: times of day as a range; whole days are 0..86400 */
    bool range;       /* written as low..high */
};

struct condition {
    enum condition_kind kind;
    struct span span;
    struct span operator_span;
    enum comparison comparison;
    bool negated;           /* not in, not like, is not set */
    bool parentheses;       /* written in parentheses */
    uint32_t item_count;    /* after check, of `items` */
    struct condition *next; /* among its parent's children */
    struct name *operand;   /* "tokens", "daily.used", or a `let` */
    union {
        struct condition *children; /* of AND and OR two or more, of NOT one; see condition_parts */
        struct value *value;        /* of COMPARE, IN and LIKE */
    };

    /* after check */
    const struct attribute *attribute;
    struct statement *named; /* the `let` whose condition this name stands for */
    union {
        struct condition *last; /* of AND and OR, before check too: the last child */
        struct item *items;     /* of a test: one for COMPARE and LIKE, several for IN */
    };
};

/* The first of the conditions that an AND, OR or NOT is made of; NULL for others. */
static inline struct condition *condition_parts(const struct condition *condition)
{
    return condition->kind <= CONDITION_NOT ? condition->children : NULL;
}

struct step {
    struct name *tier;
    struct span span, strict_span;
    struct value *timeout; /* NULL where not given */
    struct value *retry;
    struct value *again; /* an option given a second time; check refuses it */
    struct step *next;   /* after `else` */
    bool strict, strict_again;

    /* after check */
    uint32_t retry_count;
    int tier_index;                    /* -1 where `attribute` gives the tier */
    const struct attribute *attribute; /* of type tier */
    int64_t timeout_milliseconds;      /* -1 where not given */
};

struct action {
    struct span span;
    struct step *steps; /* in order of `else`; NULL for a plain reject */
    struct text reason;
    struct span reject_span;
    bool reject;
};

/* attr = value in an `expect` */
struct given {
    struct name *attribute_name;
    struct value *value;
    struct span span;
    struct given *next;

    /* after check: one item */
    const struct attribute *attribute;
    struct item item;
};

/* How large a condition is once every name in it is written out. */
struct measure {
    uint64_t size;   /* parts: tests, and what joins them */
    unsigned height; /* parts inside one another */
    unsigned lets;   /* names that stand for one another */
};

enum statement_kind {
    STATEMENT_EDITION,
    STATEMENT_PROVIDER,
    STATEMENT_TIERS,
    STATEMENT_TIMEZONE,
    STATEMENT_INCLUDE,
    STATEMENT_ATTRIBUTE,
    STATEMENT_BUDGET,
    STATEMENT_LET,
    STATEMENT_RULE,
    STATEMENT_OTHERWISE,
    STATEMENT_NEVER,
    STATEMENT_ALWAYS,
    STATEMENT_EXPECT,
    STATEMENT_GIVEN_UP, /* had a syntax error; `name` is what it would have defined */
};

struct statement {
    enum statement_kind kind;
    struct span span;
    struct statement *next;

    struct name *name;           /* of what is defined, or the rule's label, NULL without one */
    struct value *value;         /* edition, timezone, include, default, budget limit, let */
    struct name *words;          /* tiers, enum words */
    struct name *type;           /* attribute */
    struct name *source_kind;    /* attribute: header, body */
    struct value *source_value;  /* attribute: the string behind it */
    struct name *window;         /* budget: day, week, month */
    struct name *by;             /* budget: attribute; expect: label */
    struct condition *condition; /* rule, let, property */
    struct action *action;       /* rule, otherwise */
    struct name *tier;           /* property, expect (NULL: reject) */
    struct given *givens;        /* expect */

    /* after check */
    int tier_index;
    struct statement *rule; /* expect: the rule that `by` names */
    bool used;              /* let, label */
    bool checking;          /* let: to find cycles */
    struct measure measure; /* let: size 0 before it was measured */
};

/* silence.c: takes out the warnings that `# lint: allow NAME reason` comments silence: on their own
 * line, or on the next line that holds anything else, and to the end of the statement that begins
 * there. Adds findings for such comments that are wrong or silence nothing. */
void findings_silence(struct findings *findings, const struct statement *statements);

#endif
