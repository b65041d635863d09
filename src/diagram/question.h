/* diagram/question.h: what a diagram answers. */
#ifndef TIERWAY_DIAGRAM_QUESTION_H
#define TIERWAY_DIAGRAM_QUESTION_H

#include "diagram/build.h"

/* TRUE where `from` leads to a terminal that passes, else NONE. test gets the terminal's value, or
 * DIAGRAM_NONE. */
diagram_ref diagram_where(struct policy_diagram *built, diagram_ref from,
                          bool (*test)(void *context, uint32_t value), void *context);
/* TRUE where `from` leads to this terminal (DIAGRAM_NONE: to no match), else NONE. */
diagram_ref diagram_select(struct policy_diagram *built, diagram_ref from, uint32_t value);

/* How many nodes, and edges of them, `from` leads to. Zeros where memory ran out. */
struct diagram_mark diagram_reach(struct policy_diagram *built, diagram_ref from);

/* A request as the class of each variable. */
struct assignment {
    uint32_t *classes; /* of each variable of the policy; of the arena */
    size_t changed;    /* how many are not the class of the default */
};

/* TRUE for the requests of these classes, one for each variable, else NONE. */
diagram_ref diagram_of_classes(struct policy_diagram *built, const uint32_t *classes);

/* A request that leads from `from` to a terminal other than NONE, with as few variables away from
 * their defaults as there can be. Only for a diagram that is not NONE. False when memory is out. */
bool diagram_simplest(struct policy_diagram *built, diagram_ref from,
                      struct assignment *assignment);
/* The same with as few variables as there can be away from the classes in `base`. */
bool diagram_nearest(struct policy_diagram *built, diagram_ref from, const uint32_t *base,
                     struct assignment *assignment);

#endif
