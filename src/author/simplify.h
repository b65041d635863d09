/* author/simplify.h: a policy without what lint proves needless. */
#ifndef TIERWAY_AUTHOR_SIMPLIFY_H
#define TIERWAY_AUTHOR_SIMPLIFY_H

#include "front/front.h"

/* Something that was taken out, or that lint would have out and that stays. */
struct simplify_note {
    enum finding_name name;
    uint32_t offset, line; /* of it, in the policy as it was given */
    struct text what;      /* the text in question */
    struct text why;       /* taken out: what lint says of it; else what keeps it */
};

struct simplify_notes {
    struct simplify_note *items;
    size_t count, capacity;
};

struct simplification {
    struct text text; /* the same as the policy's where nothing was taken out */
    struct simplify_notes removed, kept;
    bool unsettled; /* lint left questions open, so that more might go */
};

/* Takes out dead and removable rules, needless parts of conditions and a dead `otherwise`, joins
 * neighbours with one action, and takes out `let`s that nothing uses any more, until nothing is
 * left to take out. What `# lint: allow` silences stays, and so does what included files hold. The
 * rest is left as it is written; a text in the canonical layout stays in it.
 *
 * Each step is proved by comparing the policy with the one given: every request gets the same
 * action, and every example that passed passes.
 *
 * front   a policy without errors; results live in its arena, its tree is left as it is
 * reader  of files that it includes
 *
 * TW_OK; TW_REFUSED where a property does not hold; TW_LIMIT or TW_UNKNOWN where the proof could
 * not be made; TW_NO_MEMORY. Then error says why, and the result means nothing. */
enum tw_status simplify_policy(struct front *front, const struct file_reader *reader,
                               struct simplification *result, struct tw_error *error);

#endif
