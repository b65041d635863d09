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
    struct text clocks;             /* "6h ahead": how the new clock then is; else empty */
};

/* An attribute or budget that both read and declare in different ways, other than its default. */
struct declaration_difference {
    struct text name, old, new; /* "enum {a, b} from header "X"" */
};

struct comparison_result {
    struct difference *items; /* none of both: the policies are equal */
    size_t count, capacity;
    const struct declaration_difference *declarations;
    size_t declaration_count;
};

/* Compares two policies without errors, for every request that both can read: what it gives to an
 * attribute, both take. Where both read the clock in different zones, every distance of the two
 * clocks between 1970 and 2100 is compared. Results live in the old one's arena.
 * TW_OK; TW_LIMIT where diagram or conditions grow too large, TW_NO_MEMORY; error says why. */
enum tw_status diff_policies(struct front *old, struct front *new, struct comparison_result *result,
                             struct tw_error *error);

#endif
