/* tests/bench/texts.h: requests whose strings are set anew for each decision. */
#ifndef TIERWAY_TESTS_BENCH_TEXTS_H
#define TIERWAY_TESTS_BENCH_TEXTS_H

#include "bench.h"

/* P3: model, team and tokens are set, then decided. */
void bench_texts(struct bench *bench, uint32_t rules, size_t count);
/* Rules `when model like "..." and tokens > t`. */
void bench_patterns(struct bench *bench, uint32_t rules, size_t count);

#endif
