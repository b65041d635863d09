/* tests/bench/stages.h: one policy taken through each stage, with what the stage took.
 *
 * The only file of bench_compile that knows which stages a compile has inside. */
#ifndef TIERWAY_TESTS_BENCH_STAGES_H
#define TIERWAY_TESTS_BENCH_STAGES_H

#include "policies.h"

enum stage {
#define STAGE(name, text) STAGE_##name,
#include "stages.def"
#undef STAGE
    STAGE_COUNT
};

struct stages {
    double milliseconds[STAGE_COUNT]; /* of processor time */
    size_t arena; /* bytes that the checked tree and all that hangs on it took */
    size_t heap;  /* bytes of the heap at its peak while reading and compiling */
    size_t image; /* bytes */
};

const char *stage_text(enum stage stage);
/* Exits with 1 after a message where a stage fails. with_lint: else its time is left at 0. */
void stages_run(const struct workload *workload, struct stages *stages, bool with_lint);
/* Reads and compiles, and no more. */
void stages_compile(const struct workload *workload);
/* Compares two policies that were read before: milliseconds; less than 0, after a message, where
 * the comparison gives up. */
double stages_diff(const struct workload *old, const struct workload *new, size_t *differences);

#endif
