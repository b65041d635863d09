/* simulate/log_columns.h: what the names of a log's members mean.
 *
 * Lines of a log have the same members in the same order nearly always, so a name is looked up by
 * the place at which it stood last time, and in a small table of the names that were seen. Its size
 * is fixed, however many names a log has. */
#ifndef TIERWAY_SIMULATE_LOG_COLUMNS_H
#define TIERWAY_SIMULATE_LOG_COLUMNS_H

#include "simulate/log_record.h"

enum { COLUMN_PLACES = 256, COLUMN_SLOTS = 512, COLUMN_NAME_MAX = 128, COLUMN_MEMBERS_MAX = 6 };

/* A row of log_facts.def. */
struct log_member {
    enum log_format format;
    const char *name, *pointer;
    enum log_fact fact;
};

enum column_meaning {
    COLUMN_ATTRIBUTE,         /* or nothing, where nobody reads it */
    COLUMN_FACT,              /* the value is that of the only member */
    COLUMN_FACT_OR_ATTRIBUTE, /* the same, and an attribute where it is no such fact */
    COLUMN_POINTERS           /* the members' facts are inside the value */
};

struct log_column {
    enum column_meaning meaning;
    const struct log_member *members; /* those of this name; NULL where there are none */
    size_t member_count;
    struct text first_names[COLUMN_MEMBERS_MAX]; /* that each pointer begins with */
    int attribute[LOG_SIDES];                    /* see struct log_value */
};

struct column_slot {
    char name[COLUMN_NAME_MAX];
    size_t length;
    bool used;
    struct log_column column;
};

struct log_columns {
    enum log_format format;
    const tw_policy *policies[LOG_SIDES]; /* NULL: none */
    struct column_slot slots[COLUMN_SLOTS];
    uint16_t places[COLUMN_PLACES]; /* the slot of the name that stood there last */
};

/* Fills in all of `columns`. The policies must outlive it. */
void log_columns_init(struct log_columns *columns, enum log_format format,
                      const tw_policy *const policies[LOG_SIDES]);
/* What a name means that stands at this place of its line, counted from 0. The result lives until
 * the next call. */
const struct log_column *log_columns_find(struct log_columns *columns, size_t place,
                                          struct text name);
/* The format whose names these are: the one with most of them, LOG_NATIVE on a tie. counts: how
 * many of the names each format knows. */
void log_format_count(struct text name, size_t counts[LOG_FORMAT_COUNT]);
enum log_format log_format_best(const size_t counts[LOG_FORMAT_COUNT]);

/* Whether a rule of the policy reads the attribute, or one that follows from it. */
bool log_attribute_wanted(const tw_policy *policy, int attribute);

#endif
