/* base/attribute.h: attributes of a request, and the variables behind them.
 *
 * Several attributes may be views of one variable: `time`, `hour`, `weekday` and `now` all read the
 * second of the week, `daily.used` and `daily.left` what was spent. A program tests variables;
 * people name attributes; the projection says how one is seen through the other. */
#ifndef TIERWAY_BASE_ATTRIBUTE_H
#define TIERWAY_BASE_ATTRIBUTE_H

#include "base/value.h"

enum projection {
    PROJECT_WHOLE,       /* the variable itself */
    PROJECT_INTERACTIVE, /* bool: the request type is `interactive` */
    PROJECT_TIME,        /* second of the day, of the second of the week */
    PROJECT_HOUR,
    PROJECT_WEEKDAY,
    PROJECT_NOW,
    PROJECT_LEFT, /* limit - spent */
    PROJECT_USED, /* spent / limit, an exact ratio, compared in parts per million */
};

/* The variables of the built-in attributes; a policy's own come after them. */
enum builtin_variable {
    VARIABLE_PRIORITY,
    VARIABLE_REQUEST_TYPE,
    VARIABLE_BATCH_MODE,
    VARIABLE_FORCE_TIER,
    VARIABLE_DEADLINE,
    VARIABLE_MODEL,
    VARIABLE_USER,
    VARIABLE_ENDPOINT,
    VARIABLE_TOKENS,
    VARIABLE_MAX_OUTPUT_TOKENS,
    VARIABLE_MESSAGES,
    VARIABLE_STREAM,
    VARIABLE_TOOLS,
    VARIABLE_CLOCK,
    VARIABLE_DATE,
    VARIABLE_ATTEMPT,
    VARIABLE_WAITED,
    VARIABLE_SAMPLE,
    VARIABLE_BUILTIN_COUNT
};

struct builtin_attribute {
    enum builtin_variable variable;
    const char *name;
    enum tw_type type;
    enum projection projection;
    enum tw_source_kind from;
    const char *source;
    bool unset;
    int64_t initial;
    const char *meaning;
};

extern const struct builtin_attribute builtin_attributes[];
extern const size_t builtin_attribute_count;

/* The words of a built-in enum; NULL for other variables. */
const char *const *builtin_words(enum builtin_variable variable, size_t *count);

extern const char *const weekday_words[7]; /* mon to sun */

#define REQUEST_TYPE_INTERACTIVE 0
#define REQUEST_TYPE_BACKGROUND 2

/* The clock that a request has until one is set: Monday, 2024-01-01, noon. Examples that name no
 * time get it, so that they say the same on every day. */
#define CLOCK_DEFAULT_DATE 19723
#define CLOCK_DEFAULT_SECOND (12 * 3600)

/* How a variable that has no value is held: no domain includes it, so that no test matches it. */
#define VALUE_UNSET INT64_MIN

/* What an attribute shows of its variable's value. limit: of a budget, else unused. A budget's
 * share is rounded down to a part per million; tests compare it exactly instead. */
int64_t projection_view(enum projection projection, int64_t value, int64_t limit);

/* The first and last value that a variable seen through this type and projection can have. */
void type_domain(enum tw_type type, enum projection projection, size_t word_count, int64_t *low,
                 int64_t *high);

#endif
