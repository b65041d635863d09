/* author/simplify_edits.h: from what lint found to edits of the text. */
#ifndef TIERWAY_AUTHOR_SIMPLIFY_EDITS_H
#define TIERWAY_AUTHOR_SIMPLIFY_EDITS_H

#include "author/draft.h"
#include "front/front.h"

/* Steps that simplify takes one after another; each may make room for the one before it. */
enum simplify_step {
    STEP_NEEDLESS,  /* what can go all at once: each rule decides the same requests as before */
    STEP_REMOVABLE, /* rules whose requests others take: one may need another */
    STEP_JOIN,
    STEP_COUNT, /* what simplify does not look at */
};

enum simplify_step step_of(enum finding_name name);

struct edits {
    struct edit *items; /* in order and apart */
    size_t count, capacity;
};

/* What keeps the finding's subject in the text, though lint would have it out; empty where nothing
 * does. `front` was linted and not compared. */
struct text kept_because(struct front *front, const struct finding *finding);

/* The edits for some findings together. An edit that meets another one is left for the next time,
 * so that at least the first finding's are there. False when memory is out. */
bool edits_make(struct front *front, const struct finding *findings, size_t count,
                struct edits *edits);

#endif
