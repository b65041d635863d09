/* tests/bench/bench_compile.c: milliseconds and memory from text to a running policy, by stage.
 *
 *     bench_compile [--quick] [--rounds N]
 *
 * Each row is P3 with that many rules. `arena` is what the tree and all that hangs on it took,
 * `process` how much the resident memory of a process that only compiles grew. */
#include "policies.h"

#include "author/lint.h"
#include "program/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum stage { READ, COMPILE, LOAD, LINT, STAGES };

enum { LONG_LINT = 2000 }; /* milliseconds: a lint that takes longer is measured once */

static const int64_t lint_now = 1735689600000; /* 2025-01-01T00:00:00Z */

struct stages {
    double milliseconds[STAGES];
    size_t arena, image; /* bytes */
};

static double milliseconds_since(int64_t start)
{
    return (double)(processor_time() - start) * 1e-6;
}

static void expect_ok(enum tw_status status, const char *what)
{
    if (status)
        bench_trouble("%s: %s", what, tw_status_text(status));
}

static void read_text(struct front *front, const struct workload *workload)
{
    expect_ok(front_read(front, TEXT("bench.tier"), buffer_view(&workload->text), &read_from_disk),
              "front_read");
    if (front->findings.error_count)
        bench_trouble("%s has errors", workload->name);
}

/* Loads the image a second time, on its own. */
static double load_again(const tw_policy *policy, size_t *length)
{
    tw_policy *again;
    const void *image = tw_policy_image(policy, length);
    int64_t start = processor_time();
    expect_ok(tw_policy_load(image, *length, &again, NULL), "tw_policy_load");
    double spent = milliseconds_since(start);
    tw_policy_free(again);
    return spent;
}

static void run_stages(const struct workload *workload, struct stages *stages, bool with_lint)
{
    struct front front;
    tw_policy *policy;
    int64_t start = processor_time();
    read_text(&front, workload);
    stages->milliseconds[READ] = milliseconds_since(start);
    start = processor_time();
    expect_ok(compile_front(&front, &policy, NULL), "compile_front");
    stages->milliseconds[COMPILE] = milliseconds_since(start);
    stages->arena = front.arena.used;
    stages->milliseconds[LOAD] = load_again(policy, &stages->image);
    if (with_lint) {
        start = processor_time();
        expect_ok(lint_policy(&front, lint_now), "lint_policy");
        stages->milliseconds[LINT] = milliseconds_since(start);
    }
    tw_policy_free(policy);
    front_free(&front);
}

static void compile_only(const struct workload *workload)
{
    struct front front;
    tw_policy *policy;
    read_text(&front, workload);
    expect_ok(compile_front(&front, &policy, NULL), "compile_front");
    tw_policy_free(policy);
    front_free(&front);
}

/* Kilobytes of resident memory, at its peak, of a process that has done this. NULL: nothing. */
static long peak_of(void (*work)(const struct workload *), const struct workload *workload)
{
    struct rusage usage;
    int status;
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

static void bench_rules(struct bench *bench, uint32_t rules)
{
    struct workload workload;
    struct stages stages;
    double values[STAGES][BENCH_MOST_ROUNDS];
    workload_models(&workload, rules);
    long grown = peak_of(compile_only, &workload) - peak_of(NULL, &workload);
    run_stages(&workload, &stages, true); /* warms up */
    bool again = stages.milliseconds[LINT] < LONG_LINT;
    for (int round = 0; round < bench->rounds; round++) {
        run_stages(&workload, &stages, again);
        for (int i = 0; i < STAGES; i++)
            values[i][round] = stages.milliseconds[i];
    }
    printf("%6u", rules);
    for (int i = 0; i < STAGES; i++)
        printf(" %10.3f", median(values[i], (size_t)bench->rounds));
    printf(" %9.2f %9.2f %9.2f\n", (double)stages.arena / 1048576, (double)stages.image / 1048576,
           (double)grown / 1024);
    fflush(stdout);
    workload_free(&workload);
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {20, 200, 2048, 10000};
    struct bench bench;
    bench_options(&bench, argc, argv);
    printf("P3: milliseconds; megabytes. compile includes one load.\n");
    printf("%6s %10s %10s %10s %10s %9s %9s %9s\n", "rules", "read", "compile", "load", "lint",
           "arena", "image", "process");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!bench.quick || sizes[i] <= 200)
            bench_rules(&bench, sizes[i]);
    return 0;
}
