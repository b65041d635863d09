/* front/check.h: names, types and units. Tree in, policy out.
 *
 * check_policy resolves every name, checks every type, and fills in the "after check" fields of the
 * tree. It goes on after an error with what it can; only a policy without errors may be lowered or
 * evaluated. */
#ifndef TIERWAY_FRONT_CHECK_H
#define TIERWAY_FRONT_CHECK_H

#include "base/attribute.h"
#include "base/map.h"
#include "base/provider.h"
#include "front/ast.h"

#define MAX_ATTRIBUTES 1000
#define MAX_WORDS 256                  /* of one enum */
#define MAX_ITEMS 100000               /* values of one test */
#define MAX_POLICY_ITEMS 2000000       /* values of all tests together */
#define MAX_GIVENS 1000                /* values of one example */
#define MAX_LET_DEPTH 64               /* `let`s that stand for one another */
#define MAX_CONDITION_SIZE 100000      /* parts of one condition with its `let`s written out */
#define MAX_POLICY_SIZE 1000000        /* the same for all rules and properties together */
#define MAX_CONDITION_HEIGHT 1000      /* parts inside one another: bounds all that recurses */
#define LONGEST_TIMEOUT (24 * 3600000) /* milliseconds */
#define MOST_RETRIES 100

/* What a program tests: one value of a request, or "not set". */
struct variable {
    struct text name; /* of the attribute that is the whole of it */
    enum tw_type type;
    int64_t low, high; /* its domain */
    bool can_be_unset;
    int64_t initial;
    struct text initial_text; /* of a string */
};

struct budget {
    struct text name;
    struct span span;
    int64_t limit; /* picodollars, over 0 */
    struct text window;
    const struct attribute *by; /* NULL: one bucket for all */
    bool used;
};

struct attribute {
    struct text name;
    enum tw_type type;
    enum projection projection;
    uint32_t variable;
    enum tw_source_kind from;
    struct text source;
    bool builtin;
    bool has_default;
    struct text *words; /* of an enum; of a tier, the policy's tiers */
    size_t word_count;
    struct budget *budget; /* of NAME.spent, NAME.left and NAME.used */
    struct span span;      /* of the declaration; empty for built-ins */
    bool used;             /* some condition, action or budget reads it */
};

struct policy_tree {
    struct arena *arena;
    struct sources *sources;
    struct findings *findings;
    struct statement *statements;

    const struct provider *provider; /* NULL where the policy lists its tiers */
    struct text tiers[MAX_TIERS];
    size_t tier_count;
    struct text timezone;
    bool timezone_named;
    bool reads_clock;
    struct span clock_span; /* of the first place that reads the clock */

    struct attribute **attributes; /* built-ins first, in the order of attributes.def */
    size_t attribute_count, attribute_capacity;
    struct variable *variables;
    size_t variable_count, variable_capacity;
    struct budget **budgets;
    size_t budget_count, budget_capacity;

    struct map attribute_names; /* to struct attribute */
    struct map let_names;       /* to struct statement */
    struct map labels;          /* to struct statement */
    struct map given_up;        /* names that something with an error would have defined */
    bool tiers_unknown;         /* the statement that names them has an error */

    struct statement **rules;
    size_t rule_count, rule_capacity;
    struct statement *otherwise; /* NULL where there is none */

    size_t item_count; /* for MAX_POLICY_ITEMS */
    uint64_t size;     /* for MAX_POLICY_SIZE */
};

/* Checks the statements into *policy. TW_OK (errors are findings), or TW_NO_MEMORY. */
enum tw_status check_policy(struct policy_tree *policy, struct arena *arena,
                            struct sources *sources, struct findings *findings,
                            struct statement *statements);

/* The value of an attribute given its variable's (the second of the week, what was spent). */
int64_t attribute_view(const struct attribute *attribute, int64_t variable_value);
/* The index of a tier by name or alias, -1 where there is none. */
int policy_tier_find(const struct policy_tree *policy, struct text name);
/* The attribute that is the whole of a variable; NULL for the clock, which has none. */
const struct attribute *policy_whole_attribute(const struct policy_tree *policy, uint32_t variable);
bool attribute_can_be_unset(const struct policy_tree *policy, const struct attribute *attribute);
/* "time", "hour" (wrapping) and weekday go round: a range may end before it starts. */
bool attribute_wraps(const struct attribute *attribute);

/* Inside the stage: declarations.c, check_condition.c, check_value.c, check_action.c. */
enum tw_status declare_all(struct policy_tree *policy);
void check_condition(struct policy_tree *policy, struct condition *condition);
void check_action(struct policy_tree *policy, struct action *action);
void check_expect(struct policy_tree *policy, struct statement *statement);
int check_tier(struct policy_tree *policy, const struct name *name);
/* Resolves a value for an attribute into items; false after a finding. many: sets and ranges may
 * stand here. */
bool resolve_value(struct policy_tree *policy, const struct attribute *attribute,
                   struct value *value, bool many, struct item **items, uint32_t *count);
/* A constant of a plain type outside a condition (timeout, retry, default): literal or `let`. */
bool resolve_constant(struct policy_tree *policy, enum tw_type type, struct value *value,
                      int64_t *number);
/* Would something that has an error, which was said, have defined this name? */
bool is_given_up(const struct policy_tree *policy, struct text name);
/* The attribute of this name, marked as used, or NULL after a finding. */
const struct attribute *resolve_attribute(struct policy_tree *policy, const struct name *name);
struct value *let_value(struct policy_tree *policy, struct statement *let);

/* `let a = b`: a name for whatever b is, a value or a condition. */
bool let_is_alias(const struct statement *let);
/* The `let` at the end of a chain of aliases; its own argument where that is none. In a chain that
 * leads back to itself, or is longer than MAX_LET_DEPTH, some alias of it. */
struct statement *let_alias_end(const struct policy_tree *policy, struct statement *let);

#endif
