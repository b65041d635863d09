/* base/attribute.c: the table of built-in attributes (attributes.def) and the words of their enums.
 * Constant data only. */
#include "base/attribute.h"

const struct builtin_attribute builtin_attributes[] = {
#define TW_ATTRIBUTE(variable, name, type, projection, from, source, unset, initial, meaning)      \
    {VARIABLE_##variable,                                                                          \
     name,                                                                                         \
     TW_TYPE_##type,                                                                               \
     PROJECT_##projection,                                                                         \
     TW_FROM_##from,                                                                               \
     source,                                                                                       \
     unset,                                                                                        \
     initial,                                                                                      \
     meaning},
#include "base/attributes.def"
#undef TW_ATTRIBUTE
};

const size_t builtin_attribute_count = sizeof builtin_attributes / sizeof builtin_attributes[0];

const char *const weekday_words[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static const char *const priority_words[] = {"critical", "high", "normal", "low"};
static const char *const request_type_words[] = {"interactive", "async", "background"};

const char *const *builtin_words(enum builtin_variable variable, size_t *count)
{
    if (variable == VARIABLE_PRIORITY) {
        *count = sizeof priority_words / sizeof priority_words[0];
        return priority_words;
    }
    if (variable == VARIABLE_REQUEST_TYPE) {
        *count = sizeof request_type_words / sizeof request_type_words[0];
        return request_type_words;
    }
    *count = 0;
    return NULL;
}

#define LAST_DATE 2932896 /* 9999-12-31 */

void type_domain(enum tw_type type, enum projection projection, size_t word_count, int64_t *low,
                 int64_t *high)
{
    static const struct {
        int64_t low, high;
    } domains[] = {
        [TW_TYPE_BOOL] = {0, 1},
        [TW_TYPE_INT] = {INT64_MIN + 1, INT64_MAX},
        [TW_TYPE_PERCENT] = {0, INT64_MAX},
        [TW_TYPE_MONEY] = {0, INT64_MAX},
        [TW_TYPE_DURATION] = {0, INT64_MAX},
        [TW_TYPE_TIME] = {0, SECONDS_PER_DAY - 1},
        [TW_TYPE_WEEKDAY] = {0, 6},
        [TW_TYPE_DATE] = {0, LAST_DATE},
        [TW_TYPE_STRING] = {0, INT64_MAX},
        [TW_TYPE_NOW] = {0, SECONDS_PER_WEEK - 1},
    };
    if (type == TW_TYPE_ENUM || type == TW_TYPE_TIER) {
        *low = 0;
        *high = word_count ? (int64_t)word_count - 1 : 0;
    } else if (projection == PROJECT_HOUR) {
        *low = 0;
        *high = 23;
    } else if (projection == PROJECT_LEFT) {
        *low = INT64_MIN + 1; /* a budget can be overdrawn */
        *high = INT64_MAX;
    } else {
        *low = domains[type].low;
        *high = domains[type].high;
    }
}

int64_t projection_view(enum projection projection, int64_t value, int64_t limit)
{
    switch (projection) {
    case PROJECT_WHOLE:
    case PROJECT_NOW:
        return value;
    case PROJECT_INTERACTIVE:
        return value == REQUEST_TYPE_INTERACTIVE;
    case PROJECT_TIME:
        return value % SECONDS_PER_DAY;
    case PROJECT_HOUR:
        return value % SECONDS_PER_DAY / 3600;
    case PROJECT_WEEKDAY:
        return value / SECONDS_PER_DAY;
    case PROJECT_LEFT:
        return limit - value;
    case PROJECT_USED: {
        __int128 share = (__int128)value * PERCENT_ALL / limit;
        return share < INT64_MAX ? (int64_t)share : INT64_MAX;
    }
    }
    return value;
}
