/* program/conjunctions.h: conditions as alternatives of "this variable in this set, and that one in
 * that", for the plan "masks". */
#ifndef TIERWAY_PROGRAM_CONJUNCTIONS_H
#define TIERWAY_PROGRAM_CONJUNCTIONS_H

#include "program/lower.h"

struct constraint {
    uint32_t variable;
    struct interval_set set;
};

struct conjunction {
    uint32_t rule;
    uint32_t count;
    struct constraint *constraints; /* ascending by variable; each one leaves some values out */
};

/* In the order of their rules. */
struct conjunctions {
    struct conjunction *items;
    size_t count, capacity;
    uint32_t otherwise; /* the target where none holds */
};

/* The conjunctions of all rules, up to the first rule that always holds. False where they would be
 * too many, or memory is out (then status says so). */
bool conjunctions_find(struct lowered *lowered, struct conjunctions *found);

#endif
