/* tests/bench/counted.h: allocations and locks, counted by wrapping the functions at link time
 * (counted_functions in CMakeLists.txt). Threads may allocate meanwhile. */
#ifndef TIERWAY_TESTS_BENCH_COUNTED_H
#define TIERWAY_TESTS_BENCH_COUNTED_H

#include <stddef.h>

struct counts {
    size_t allocations;   /* calls of malloc, calloc, realloc and free */
    size_t locks;         /* calls of pthread_mutex_lock, pthread_rwlock_rdlock and _wrlock */
    long long live, peak; /* bytes of the heap in use: now, and the most since counts_begin */
};

/* From now on `peak` is counted from what is in use now. */
void counts_begin(void);
struct counts counts_now(void);

#endif
