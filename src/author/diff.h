/* author/diff.h: two policies compared, for every possible request. */
#ifndef TIERWAY_AUTHOR_DIFF_H
#define TIERWAY_AUTHOR_DIFF_H

#include "front/front.h"

/* Requests that get one action from the old policy and another from the new one. */
struct difference {
    struct text old_text, new_text; /* the actions in the language: "flex retry 3 else default" */
    struct text old_json, new_json; /* as objects, see docs/formats.md */
    struct text when;               /* a condition that holds for just these requests */
    struct text witness;            /* one of them, the simplest: attributes as JSON */
    struct text example;            /* the same as ATTR = VALUE, ... */
};

struct comparison_result {
    struct difference *items; /* none: the policies are equal */
    size_t count, capacity;
};

/* Compares two policies without errors. Results live in the old one's arena; the new one's tree is
 * changed and good for nothing else afterwards.
 * TW_OK; TW_UNKNOWN where they cannot be compared (another zone with a clock that both read, other
 * tiers, an attribute declared in another way), TW_LIMIT where diagram or conditions grow too
 * large, TW_NO_MEMORY; error says why. */
enum tw_status diff_policies(struct front *old, struct front *new, struct comparison_result *result,
                             struct tw_error *error);

#endif
