/* diagram/visits.h: what a walk over a policy's diagram notes of each node.
 *
 * Notes are stamped with the number of the walk, so that a walk over a small part costs nothing for
 * the rest. One walk at a time. */
#ifndef TIERWAY_DIAGRAM_VISITS_H
#define TIERWAY_DIAGRAM_VISITS_H

#include "diagram/build.h"

/* Starts a walk: no node is visited. False when memory is out, which the diagram's status says. */
bool visits_begin(struct policy_diagram *built);

static inline bool is_visited(const struct policy_diagram *built, diagram_ref node)
{
    return built->visits.notes[node].walk == built->visits.walk;
}

static inline uint32_t noted(const struct policy_diagram *built, diagram_ref node)
{
    return built->visits.notes[node].value;
}

static inline void note(struct policy_diagram *built, diagram_ref node, uint32_t value)
{
    built->visits.notes[node] = (struct visit_note){built->visits.walk, value};
}

#endif
