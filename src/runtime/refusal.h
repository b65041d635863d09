/* runtime/refusal.h: what a provider's answer means: served, no room at this tier, a limit, an
 * error that passes, or one that does not. A table (refusals.def); constant data, any thread. */
#ifndef TIERWAY_RUNTIME_REFUSAL_H
#define TIERWAY_RUNTIME_REFUSAL_H

#include "base/text.h"
#include "store/store.h"

enum meaning {
#define MEANING(name, word, retry, step_down, wait, outcome) MEANING_##name,
#include "runtime/refusals.def"
};

/* What each meaning allows; see refusals.def. */
struct meaning_row {
    const char *word;
    bool retry, step_down, wait;
    enum ledger_outcome outcome;
};
const struct meaning_row *meaning_row(enum meaning meaning);

/* An answer, as far as its meaning goes. Texts may be empty. */
struct refusal_facts {
    struct text provider; /* of the policy: "openai" */
    struct text tier;     /* that the attempt asked for */
    int status;           /* of HTTP */
    bool error;           /* the answer has an error object, whatever its status */
    struct text type, code, message, param; /* of the error object */
};

enum meaning refusal_meaning(const struct refusal_facts *facts);

#endif
