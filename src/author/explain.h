/* author/explain.h: why a request gets its tier, and what would have to change for another one. */
#ifndef TIERWAY_AUTHOR_EXPLAIN_H
#define TIERWAY_AUTHOR_EXPLAIN_H

#include "front/front.h"
#include "front/reference.h"

/* What came of one rule. */
struct rule_outcome {
    const struct statement *rule;
    bool matched;
    const struct condition *failed; /* the first part that did not hold; NULL where it matched */
    struct text saw;                /* what that part's attribute was: "normal", "not set" */
};

struct explanation {
    size_t rule;                   /* that decided; rule_count for otherwise */
    struct rule_outcome *outcomes; /* of each rule up to the one that decided */
    size_t outcome_count;
};

/* Explains the decision for these values. Everything lives in front's arena. TW_OK or TW_NO_MEMORY.
 */
enum tw_status explain_decision(struct front *front, const struct valuation *valuation,
                                struct explanation *explanation);

/* One attribute that would have to be different. */
struct change {
    struct text name, from, to;
    enum tw_type type;
};

struct changes {
    struct change *items;
    size_t count, capacity;
    bool possible; /* false: no request gets that tier */
};

/* The fewest changes to the request that get it to `tier` at its first step; proved fewest by the
 * decision diagram. given: of each attribute of the policy, whether the request names it, so that
 * the changes do not contradict what it keeps; NULL: it names none. TW_OK; TW_LIMIT where the
 * policy's diagram outgrew its budget; TW_NO_MEMORY. */
enum tw_status explain_want(struct front *front, const struct valuation *valuation,
                            const unsigned char *given, uint32_t tier, struct changes *changes);

/* An attribute's value in the language's own form; "not set" where it has none. */
struct text explain_value(struct front *front, const struct attribute *attribute,
                          const struct valuation *valuation);

#endif
