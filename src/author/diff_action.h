/* author/diff_action.h: actions with the tiers of their steps fixed, in words and as objects. */
#ifndef TIERWAY_AUTHOR_DIFF_ACTION_H
#define TIERWAY_AUTHOR_DIFF_ACTION_H

#include "front/check.h"

struct fixed_action {
    const struct policy_tree *policy;
    const struct action *action; /* NULL: the implicit default */
    uint32_t tiers[TW_MAX_STEPS];
};

/* As the language writes it: "flex retry 3 else default". */
void fixed_action_text(const struct fixed_action *fixed, struct buffer *out);
/* As an object, with the members of a decision (docs/formats.md). */
void fixed_action_json(const struct fixed_action *fixed, struct buffer *out);

#endif
