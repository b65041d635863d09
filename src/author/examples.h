/* author/examples.h: running a policy's `expect` statements. */
#ifndef TIERWAY_AUTHOR_EXAMPLES_H
#define TIERWAY_AUTHOR_EXAMPLES_H

#include "front/front.h"

/* What became of one `expect`. */
struct example_result {
    const struct statement *statement;
    bool passed;
    uint32_t rule;        /* that decided */
    struct text expected; /* "flex by night" */
    struct text decided;  /* "auto by line 9" */
};

/* Runs all examples of a policy without errors, in order, on its program and on the reference
 * evaluator. results is allocated in front's arena. TW_OK; TW_NO_MEMORY; TW_INVALID where program
 * and reference disagree, which is our mistake and not the author's. */
enum tw_status run_examples(struct front *front, const tw_policy *policy,
                            struct example_result **results, size_t *count, struct tw_error *error);

#endif
