/* tests/bench/bench.h: measuring several ways of doing one thing side by side.
 *
 * All ways of a table are measured in every round, in an order that is shuffled for each round, so
 * that a slow moment of the machine falls on all of them alike. What is shown is the median over
 * the rounds, and the median of the rounds' ratios to one of the ways. The programs judge nothing:
 * they print, and with --output they also append what they print to a file. */
#ifndef TIERWAY_TESTS_BENCH_H
#define TIERWAY_TESTS_BENCH_H

#include "base/clock.h"

#include <stdio.h>

enum { BENCH_MOST_ROUNDS = 101 };

/* Numbers that look random and are the same in every run (splitmix64). */
struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);
int32_t random_below(struct random *random, int32_t limit); /* 0 to limit - 1; limit over 0 */

/* What the command line of every bench can say: --quick, --rounds N, --threads N, --output FILE. */
struct bench {
    int rounds;    /* 1 to BENCH_MOST_ROUNDS */
    int threads;   /* 0: not asked for */
    int64_t least; /* nanoseconds that one measurement lasts at least */
    bool quick;    /* sizes that only show that the program works */
    FILE *output;  /* NULL: not asked for */
    struct random order;
};

/* Exits with 2 after a message where an option is not known or the file cannot be written. */
void bench_options(struct bench *bench, int argc, char **argv);
/* Exits with 1 after a message where the output could not be written. */
void bench_end(struct bench *bench);

/* What a table is about. */
struct subject {
    const char *name;
    uint32_t rules;
    size_t requests;  /* 0: it is not about requests */
    const char *plan; /* of tierway's program; NULL: not said */
};

/* Appends one figure to the output file, if there is one, as a line of tab-separated fields:
 * compiler, subject, rules, requests, way, unit, value, ratio. ratio 0: there is none. */
void bench_record(const struct bench *bench, const struct subject *subject, const char *way,
                  const char *unit, double value, double ratio);

/* One way of doing it: a row of the table. */
struct way {
    const char *name;
    uint64_t (*run)(const void *context); /* does it `operations` times; a sum over its answers */
    const void *context;
    size_t operations;
    double median; /* result: nanoseconds an operation */
    double ratio;  /* result: to the baseline */
};

/* Measures all ways, prints the table and records it; ratios are to ways[baseline]. Exits with 1
 * after a message where a way's answers are not those of the first. */
void bench_table(struct bench *bench, const struct subject *subject, struct way *ways, size_t count,
                 size_t baseline);

/* Nanoseconds of processor time of this thread. Everything measured here runs without waiting, and
 * what else the machine does meanwhile is not counted. */
int64_t processor_time(void);

/* The middle one of `count` values, which are sorted in place; the lower of two. count over 0. */
double median(double *values, size_t count);

/* Tells the compiler that a result is used. */
static inline void keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* Memory for `count` zeroed objects; exits with 1 after a message where there is none. */
void *bench_memory(size_t count, size_t size);
/* Prints what went wrong in a bench and exits with 1. */
_Noreturn void bench_trouble(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
