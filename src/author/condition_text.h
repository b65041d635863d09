/* author/condition_text.h: a set of requests as a condition in the language itself. */
#ifndef TIERWAY_AUTHOR_CONDITION_TEXT_H
#define TIERWAY_AUTHOR_CONDITION_TEXT_H

#include "diagram/build.h"

#define CONDITION_TEXT_LIMIT (1u << 20) /* bytes of one condition */

/* Appends a condition that holds for exactly the requests for which `region` is TRUE. out->status
 * is TW_LIMIT where that takes more than the buffer's limit. region must not be NONE. */
void condition_text(struct policy_diagram *built, diagram_ref region, struct buffer *out);

#endif
