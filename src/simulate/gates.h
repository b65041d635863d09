/* simulate/gates.h: conditions on a replay that make a pipeline fail: `cost > +5%`. */
#ifndef TIERWAY_SIMULATE_GATES_H
#define TIERWAY_SIMULATE_GATES_H

#include "simulate/figures.h"

enum gate_kind { GATE_MONEY, GATE_SAVING, GATE_DURATION, GATE_SHARE };

enum gate_subject {
#define GATE(name, kind, meaning) GATE_SUBJECT_##name,
#include "simulate/gates.def"
#undef GATE
    GATE_SUBJECT_TIER
};

enum gate_operator { GATE_MORE, GATE_AT_LEAST, GATE_LESS, GATE_AT_MOST };

enum gate_unit { GATE_ABSOLUTE, GATE_PERCENT };

struct gate {
    enum gate_subject subject;
    struct text tier; /* of GATE_SUBJECT_TIER; of the text that was parsed */
    enum gate_operator compare;
    enum gate_unit unit;
    bool change;   /* against the old side */
    int64_t value; /* picodollars, milliseconds, requests, or parts per million */
};

/* Reads "NAME OPERATOR VALUE". A name that is none of gates.def has to be a tier of a policy. The
 * text must outlive the gate. TW_INVALID: error says what is wrong and what there is. */
enum tw_status gate_parse(struct text text, const tw_policy *const policies[SIDES],
                          struct gate *gate, struct tw_error *error);
/* Whether the condition holds. TW_UNKNOWN where it cannot be told: nothing is compared, or no
 * latency is known. */
enum tw_status gate_holds(const struct gate *gate, const struct figures *figures, bool *holds,
                          struct tw_error *error);

#endif
