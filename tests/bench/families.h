/* tests/bench/families.h: policies that make diagrams large, each in several sizes.
 *
 * The same size gives the same text on every machine. */
#ifndef TIERWAY_TESTS_BENCH_FAMILIES_H
#define TIERWAY_TESTS_BENCH_FAMILIES_H

#include "base/text.h"

struct family {
    const char *name;
    const char *shape; /* in a few words */
    void (*write)(struct buffer *out, unsigned size);
};

/* What the diagram of one policy of a family may come to. */
struct family_case {
    const struct family *family;
    unsigned size;
    size_t most_nodes; /* of the diagram */
    size_t most_edges; /* made for it, with those that were needed only on the way */
    bool too_large;    /* runs out of the budget */
};

extern const struct family_case family_cases[];
extern const size_t family_case_count;

#endif
