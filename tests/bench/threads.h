/* tests/bench/threads.h: one shared policy, many threads. */
#ifndef TIERWAY_TESTS_BENCH_THREADS_H
#define TIERWAY_TESTS_BENCH_THREADS_H

#include "bench.h"

/* P1 over 1, 2, 4, ... bench->threads threads that share one policy and read the same requests:
 * decisions a second, and processor time a decision with its ratio to that of one thread; then the
 * allocations and locks of a million decisions. */
void bench_threads(struct bench *bench);

#endif
