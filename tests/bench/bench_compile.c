/* tests/bench/bench_compile.c: milliseconds and memory from text to a running policy, by stage.
 *
 *     bench_compile [--quick] [--rounds N] [--output FILE] */
#include "stages.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_LINT = 2000 }; /* milliseconds: a lint that takes longer is measured once */

/* Kilobytes of resident memory, at its peak, of a process that has done this. NULL: nothing. */
static long peak_of(void (*work)(const struct workload *), const struct workload *workload)
{
    struct rusage usage;
    int status;
    malloc_trim(0); /* what is free here would not show as growth there */
    pid_t child = fork();
    if (child < 0)
        bench_trouble("cannot start a process");
    if (child == 0) {
        if (work)
            work(workload);
        _exit(0);
    }
    if (wait4(child, &status, 0, &usage) != child || status != 0)
        bench_trouble("the process that compiles failed");
    return usage.ru_maxrss;
}

static void print_megabytes(const struct bench *bench, const struct subject *subject,
                            const char *what, double bytes)
{
    printf(" %9.2f", bytes / 1e6);
    bench_record(bench, subject, what, "MB", bytes / 1e6, 0);
}

static void bench_stages(const struct bench *bench, const struct workload *workload)
{
    struct subject subject = {workload->name, workload->rule_count, 0, NULL};
    struct stages stages;
    double values[STAGE_COUNT][BENCH_MOST_ROUNDS];
    long grown = peak_of(stages_compile, workload) - peak_of(NULL, workload);
    stages_run(workload, &stages, true); /* warms up */
    bool again = stages.milliseconds[STAGE_LINT] < LONG_LINT;
    double lint = stages.milliseconds[STAGE_LINT];
    for (int round = 0; round < bench->rounds; round++) {
        stages_run(workload, &stages, again);
        if (!again)
            stages.milliseconds[STAGE_LINT] = lint;
        for (int i = 0; i < STAGE_COUNT; i++)
            values[i][round] = stages.milliseconds[i];
    }
    printf("%-14s %6u", workload->name, workload->rule_count);
    for (int i = 0; i < STAGE_COUNT; i++) {
        double middle = median(values[i], (size_t)bench->rounds);
        printf(" %9.3f", middle);
        bench_record(bench, &subject, stage_text((enum stage)i), "ms", middle, 0);
    }
    print_megabytes(bench, &subject, "arena", (double)stages.arena);
    print_megabytes(bench, &subject, "heap", (double)stages.heap);
    print_megabytes(bench, &subject, "process", (double)grown * 1024);
    print_megabytes(bench, &subject, "image", (double)stages.image);
    printf("\n");
    fflush(stdout);
}

static void print_header(void)
{
    printf("milliseconds and megabytes\n%-14s %6s", "policy", "rules");
    for (int i = 0; i < STAGE_COUNT; i++)
        printf(" %9s", stage_text((enum stage)i));
    printf(" %9s %9s %9s %9s\n", "arena", "heap", "process", "image");
}

static void bench_models(const struct bench *bench, uint32_t rules)
{
    struct workload workload;
    workload_models(&workload, rules);
    bench_stages(bench, &workload);
    workload_free(&workload);
}

static void bench_boxes(const struct bench *bench, uint32_t rules)
{
    struct workload workload;
    workload_boxes(&workload, rules);
    bench_stages(bench, &workload);
    workload_free(&workload);
}

static void bench_one_diff(const struct bench *bench, const char *way, const struct workload *old,
                           const struct workload *new)
{
    struct subject subject = {"P3 models", old->rule_count, 0, NULL};
    double values[BENCH_MOST_ROUNDS];
    size_t differences = 0;
    for (int round = 0; round < bench->rounds; round++) {
        values[round] = stages_diff(old, new, &differences);
        if (values[round] < 0)
            return;
    }
    double middle = median(values, (size_t)bench->rounds);
    printf("%s, %u rules: %.3f ms, %zu differences\n", way, old->rule_count, middle, differences);
    bench_record(bench, &subject, way, "ms", middle, 0);
}

/* P3 compared with itself, and with one where one rule of 40 wants other tokens. */
static void bench_diff(const struct bench *bench, uint32_t rules)
{
    struct workload old, changed;
    workload_models(&old, rules);
    workload_models_changed(&changed, rules, 40);
    bench_one_diff(bench, "diff, equal", &old, &old);
    bench_one_diff(bench, "diff, one rule of 40", &old, &changed);
    workload_free(&old);
    workload_free(&changed);
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {20, 200, 2048, 10000};
    struct bench bench;
    bench_options(&bench, argc, argv);
    print_header();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!bench.quick || sizes[i] <= 200)
            bench_models(&bench, sizes[i]);
    bench_boxes(&bench, bench.quick ? 8 : 64);
    if (!bench.quick)
        bench_boxes(&bench, 2048);
    bench_diff(&bench, 200);
    bench_end(&bench);
    return 0;
}
