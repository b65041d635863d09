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

/* TRUE for the requests of these classes, one for each variable, else NONE. */
diagram_ref diagram_of_classes(struct policy_diagram *built, const uint32_t *classes);

#endif
