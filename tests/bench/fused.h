/* tests/bench/fused.h: a plain bytecode of fused compare-and-branch instructions, and two loops
 * that run it. It tries the rules in order: what later ways of running a policy are measured by. */
#ifndef TIERWAY_TESTS_BENCH_FUSED_H
#define TIERWAY_TESTS_BENCH_FUSED_H

#include "policies.h"

struct fused_program;

struct fused_program *fused_new(const struct workload *workload);
void fused_free(struct fused_program *program);
/* program: struct fused_program; row: SLOTS numbers. */
uint32_t fused_switch(const void *program, const void *row);
uint32_t fused_threaded(const void *program, const void *row);

/* The same program in the words of libpcap's packet filter, run by its interpreter. A row is SLOTS
 * numbers in network byte order. Only built where libpcap is there. */
struct filter_program;
struct filter_program *filter_new(const struct workload *workload);
void filter_free(struct filter_program *program);
uint32_t filter_run(const void *program, const void *row);
/* The rows as the filter reads them; free() them. */
int32_t *filter_rows(const int32_t *rows, size_t count);

#endif
