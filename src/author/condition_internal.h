/* author/condition_internal.h: what the files of condition_text.h share.
 *
 * A test is the classes of one variable for which it is to hold. Each writer appends it as one or
 * more tests joined by `or` and gives their number, so that the one who asked knows whether it
 * needs parentheses. */
#ifndef TIERWAY_AUTHOR_CONDITION_INTERNAL_H
#define TIERWAY_AUTHOR_CONDITION_INTERNAL_H

#include "author/condition_text.h"

enum mark {
    LEFT_OUT,
    WANTED,
    IMPOSSIBLE, /* no request is so, as a Friday that is a Monday: free to be in or out */
};

struct writing {
    struct policy_diagram *built;
    struct buffer *out;
};

struct chosen {
    const struct variable_classes *classes;
    const struct variable *about;
    struct text name;
    const enum mark *marks; /* of each class */
};

/* Puts parentheses around all that was appended from `start` on. */
void condition_enclose(struct buffer *out, size_t start);

/* condition_values.c: tests of numbers, words and times of day. */

/* The values of the classes that have the mark. False when memory is out. */
bool condition_gather(struct writing *writing, const struct chosen *chosen, enum mark mark,
                      struct interval_set *set);
/* A set of values, or all that are not in `others`, whichever is shorter. */
void condition_write_values(struct writing *writing, const struct chosen *chosen,
                            struct interval_set set, struct interval_set others);

/* condition_strings.c: tests of strings. */
size_t condition_write_strings(struct writing *writing, const struct chosen *chosen);

/* condition_clock.c: the second of the week, and dates that are cut by weekday. */
size_t condition_write_moments(struct writing *writing, const struct chosen *chosen);
size_t condition_write_dates(struct writing *writing, const struct chosen *chosen);

#endif
