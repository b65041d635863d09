/* tests/bench/bench.c: rounds, medians, tables. Trouble ends the program: a bench has no caller. */
#include "bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int32_t random_below(struct random *random, int32_t limit)
{
    return (int32_t)((random_next(random) >> 32) * (uint64_t)limit >> 32);
}

_Noreturn void bench_trouble(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *bench_memory(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        bench_trouble("out of memory");
    return memory;
}

static int number_option(const char *name, const char *text, int most)
{
    char *end = NULL;
    long number = text ? strtol(text, &end, 10) : 0;
    if (!text || *end || number < 1 || number > most) {
        fprintf(stderr, "bench: %s takes a number from 1 to %d\n", name, most);
        exit(2);
    }
    return (int)number;
}

static FILE *open_output(const char *path)
{
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) {
        fprintf(stderr, "bench: cannot write to %s\n", path ? path : "a file without a name");
        exit(2);
    }
    return file;
}

void bench_options(struct bench *bench, int argc, char **argv)
{
    *bench = (struct bench){.rounds = 9, .least = 10 * 1000 * 1000, .order = {1}};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            bench->quick = true;
            bench->rounds = 1;
            bench->least = 0;
            continue;
        }
        if (strcmp(argv[i], "--rounds") == 0) {
            bench->rounds = number_option(argv[i], argv[i + 1], BENCH_MOST_ROUNDS);
        } else if (strcmp(argv[i], "--threads") == 0) {
            bench->threads = number_option(argv[i], argv[i + 1], 256);
        } else if (strcmp(argv[i], "--output") == 0) {
            bench->output = open_output(argv[i + 1]);
        } else {
            fprintf(stderr, "usage: %s [--quick] [--rounds N] [--threads N] [--output FILE]\n",
                    argv[0]);
            exit(2);
        }
        i++; /* the option's argument */
    }
}

void bench_end(struct bench *bench)
{
    if (bench->output && fclose(bench->output))
        bench_trouble("cannot write the output");
}

#ifdef __clang__
static const char compiler[] = "clang";
#else
static const char compiler[] = "gcc";
#endif

void bench_record(const struct bench *bench, const struct subject *subject, const char *way,
                  const char *unit, double value, double ratio)
{
    if (bench->output)
        fprintf(bench->output, "%s\t%s\t%u\t%zu\t%s\t%s\t%.4g\t%.4g\n", compiler, subject->name,
                subject->rules, subject->requests, way, unit, value, ratio);
}

int64_t processor_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return values[(count - 1) / 2];
}

/* Repeats until the measurement is long enough for the clock; nanoseconds an operation. */
static double measure_once(const struct bench *bench, const struct way *way)
{
    int64_t start = processor_time(), spent;
    size_t times = 0;
    do {
        keep(way->run(way->context));
        times++;
        spent = processor_time() - start;
    } while (spent < bench->least);
    return (double)spent / (double)(times * way->operations);
}

static void shuffle(struct random *random, size_t *order, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = (size_t)random_below(random, (int32_t)i + 1), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* Also the first run of each way, which warms caches and is not counted. */
static void check_answers(const struct way *ways, size_t count)
{
    uint64_t expected = ways[0].run(ways[0].context);
    for (size_t i = 1; i < count; i++)
        if (ways[i].run(ways[i].context) != expected)
            bench_trouble("`%s` does not answer as `%s`", ways[i].name, ways[0].name);
}

/* `values` and `ratios` of one way over the rounds lie together. */
static void measure_all(struct bench *bench, struct way *ways, size_t count, size_t baseline)
{
    double *values = bench_memory(count * BENCH_MOST_ROUNDS * 2, sizeof *values);
    double *ratios = values + count * BENCH_MOST_ROUNDS;
    size_t *order = bench_memory(count, sizeof *order), rounds = (size_t)bench->rounds;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t round = 0; round < rounds; round++) {
        shuffle(&bench->order, order, count);
        for (size_t i = 0; i < count; i++)
            values[order[i] * rounds + round] = measure_once(bench, &ways[order[i]]);
        for (size_t i = 0; i < count; i++)
            ratios[i * rounds + round] =
                values[i * rounds + round] / values[baseline * rounds + round];
    }
    for (size_t i = 0; i < count; i++) {
        ways[i].median = median(values + i * rounds, rounds);
        ways[i].ratio = median(ratios + i * rounds, rounds);
    }
    free(values);
    free(order);
}

void bench_table(struct bench *bench, const struct subject *subject, struct way *ways, size_t count,
                 size_t baseline)
{
    char title[120];
    check_answers(ways, count);
    measure_all(bench, ways, count, baseline);
    snprintf(title, sizeof title, "%s, %u rule%s, %zu requests%s%s", subject->name, subject->rules,
             subject->rules == 1 ? "" : "s", subject->requests, subject->plan ? ": " : "",
             subject->plan ? subject->plan : "");
    printf("\n%-56s %10s %10s\n", title, "ns", "ratio");
    for (size_t i = 0; i < count; i++) {
        printf("  %-54s %10.1f %10.2f%s\n", ways[i].name, ways[i].median, ways[i].ratio,
               i == baseline ? " <- 1" : "");
        bench_record(bench, subject, ways[i].name, "ns", ways[i].median, ways[i].ratio);
    }
    fflush(stdout);
}
