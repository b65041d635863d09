/* author/witness.h: a request that shows what a finding says. */
#ifndef TIERWAY_AUTHOR_WITNESS_H
#define TIERWAY_AUTHOR_WITNESS_H

#include "diagram/nearest.h"
#include "diagram/question.h"
#include "front/reference.h"

struct witness {
    struct text json;   /* attributes, as decide --jsonl reads them */
    struct text expect; /* a statement that passes: "expect flex by night when tokens = 5001" */
    struct text givens; /* the same attributes: "tokens = 5001, priority = low" */
    size_t rule;        /* that decides it, by the reference evaluator; rule_count for otherwise */
};

/* Values of the assigned classes; where a class is the base's own, the base's value (base NULL: the
 * defaults). result lives in the diagram's arena. False when memory is out. */
bool witness_values(struct policy_diagram *built, const struct assignment *assignment,
                    const struct valuation *base, struct valuation *result);
/* From an assignment of classes. False when memory is out. */
bool witness_of(struct policy_diagram *built, const struct assignment *assignment,
                struct witness *witness);
/* The request alone: which rule decides it is not asked. instant: stands for the whole clock, as
 * `now`; -1: the clock is as the classes say. */
bool witness_request(struct policy_diagram *built, const struct assignment *assignment,
                     int64_t instant, struct witness *witness);
/* The simplest request for which `region` is TRUE. region must not be NONE. */
bool witness_in(struct policy_diagram *built, diagram_ref region, struct witness *witness);

/* The same with this text for a string variable, where the text is of the class that the request
 * has. */
bool witness_with_text(struct policy_diagram *built, diagram_ref region, uint32_t variable,
                       struct text text, struct witness *witness);

#endif
