/* cli/bench.c: tierway bench FILE: how long one decision of a policy takes on this machine.
 *
 * Times are of the processor's clock that only goes forward. Each figure is the median of several
 * rounds, with the fastest one beside it: what else the machine does makes rounds slower, never
 * faster. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench_requests.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "program/compile.h"

enum {
    ROUNDS = 21,
    ROUND_TIME = 10000000, /* nanoseconds: at least so long */
    MOST_REQUESTS = 1 << 20
};

struct figure {
    double median, least; /* nanoseconds */
};

struct bench {
    const struct command *command;
    const char *path, *format_name;
    enum output_format format;
    int64_t count, seed;
    struct policy_file file;
    struct bench_requests requests;
    uint64_t *decided; /* how many requests each rule decided */
    struct figure bound, from_texts, compile;
    bool reads_texts;
    uint64_t sum; /* of decisions, so that they have to be made */
};

static int compare_times(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* measured: does something `times` times. */
typedef void (*measured)(struct bench *bench, int64_t times);

static double time_of(struct bench *bench, measured run, int64_t times)
{
    int64_t begun = clock_monotonic();
    run(bench, times);
    return (double)(clock_monotonic() - begun) / (double)times;
}

static struct figure measure(struct bench *bench, measured run)
{
    double times[ROUNDS];
    int64_t repeats = 1;
    while (time_of(bench, run, repeats) * (double)repeats < ROUND_TIME)
        repeats *= 2;
    for (size_t i = 0; i < ROUNDS; i++)
        times[i] = time_of(bench, run, repeats);
    qsort(times, ROUNDS, sizeof times[0], compare_times);
    return (struct figure){times[ROUNDS / 2], times[0]};
}

static void decide_bound(struct bench *bench, int64_t times)
{
    for (int64_t i = 0; i < times; i++)
        bench->sum += bench_requests_decide(&bench->requests, NULL);
}

static void decide_texts(struct bench *bench, int64_t times)
{
    for (int64_t i = 0; i < times; i++)
        bench->sum += bench_requests_decide_texts(&bench->requests);
}

static void compile_again(struct bench *bench, int64_t times)
{
    struct text text = buffer_view(&bench->file.content);
    for (int64_t i = 0; i < times; i++) {
        tw_policy *policy;
        bench->sum += tw_policy_compile(bench->path, text.data, text.length, &policy, NULL);
        tw_policy_free(policy);
    }
}

static struct figure for_each(struct figure all, int64_t count)
{
    return (struct figure){all.median / (double)count, all.least / (double)count};
}

static bool reads_texts(const tw_policy *policy)
{
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (policy->attributes[i].needed && policy->attributes[i].type == TW_TYPE_STRING)
            return true;
    return false;
}

static void measure_all(struct bench *bench)
{
    const tw_policy *policy = bench->file.policy;
    bench->reads_texts = reads_texts(policy);
    bench_requests_decide(&bench->requests, bench->decided);
    bench->bound = for_each(measure(bench, decide_bound), bench->count);
    if (bench->reads_texts)
        bench->from_texts = for_each(measure(bench, decide_texts), bench->count);
    bench->compile = measure(bench, compile_again);
}

static uint32_t rules_reached(const struct bench *bench)
{
    uint32_t reached = 0;
    for (uint32_t i = 0; i < tw_policy_rule_count(bench->file.policy); i++)
        reached += bench->decided[i] > 0;
    return reached;
}

static const char *plan_of(const struct bench *bench)
{
    return plan_text((enum plan)bench->file.policy->section_INFO->plan);
}

static void print_figure(const char *what, struct figure figure)
{
    printf("  %-36s %8.1f ns  (fastest round %.1f), %.1f million a second\n", what, figure.median,
           figure.least, 1000 / figure.median);
}

static void print_text(const struct bench *bench)
{
    const tw_policy *policy = bench->file.policy;
    uint32_t rules = tw_policy_rule_count(policy);
    printf("%s: %u rule%s, plan %s, at most %u steps\n", bench->path, rules, rules == 1 ? "" : "s",
           plan_of(bench), policy->header->longest_run);
    printf("%lld random requests; they reach %u of %u rules\n", (long long)bench->count,
           rules_reached(bench), rules);
    print_figure("one decision, attributes at hand", bench->bound);
    if (bench->reads_texts)
        print_figure("with its texts looked up", bench->from_texts);
    printf("  %-36s %8.3f ms  (fastest round %.3f)\n", "from text to a running policy",
           bench->compile.median / 1e6, bench->compile.least / 1e6);
}

static void print_json(const struct bench *bench)
{
    const tw_policy *policy = bench->file.policy;
    printf("{\"rules\": %u, \"plan\": \"%s\", \"steps\": %u, \"requests\": %lld, "
           "\"rules_reached\": %u, \"decide_ns\": %.2f, \"decide_ns_fastest\": %.2f",
           tw_policy_rule_count(policy), plan_of(bench), policy->header->longest_run,
           (long long)bench->count, rules_reached(bench), bench->bound.median, bench->bound.least);
    if (bench->reads_texts)
        printf(", \"decide_texts_ns\": %.2f, \"decide_texts_ns_fastest\": %.2f",
               bench->from_texts.median, bench->from_texts.least);
    printf(", \"compile_ns\": %.0f, \"compile_ns_fastest\": %.0f}\n", bench->compile.median,
           bench->compile.least);
}

static int bench_policy(struct bench *bench)
{
    struct random random = {(uint64_t)bench->seed};
    bench->decided = calloc(tw_policy_rule_count(bench->file.policy) + 1, sizeof *bench->decided);
    if (!bench->decided || bench_requests_make(&bench->requests, &bench->file.front,
                                               bench->file.policy, (size_t)bench->count, &random))
        return trouble(bench->command, "out of memory");
    measure_all(bench);
    if (bench->format == FORMAT_JSON)
        print_json(bench);
    else
        print_text(bench);
    return finish(bench->command, EXIT_DONE);
}

static int run_bench(struct bench *bench)
{
    static const char *const formats[] = {"text", "json", NULL};
    if (!format_parse(bench->command, bench->format_name, formats, &bench->format))
        return EXIT_TROUBLE;
    if (bench->count < 1 || bench->count > MOST_REQUESTS)
        return trouble(bench->command, "--requests is 1 to %d", MOST_REQUESTS);
    if (!policy_file_open(bench->command, bench->path, &bench->file))
        return EXIT_TROUBLE;
    if (bench->file.is_image)
        return trouble(bench->command,
                       "%s: a program image has no rules to make requests from; give the text",
                       bench->path);
    return bench_policy(bench);
}

int command_bench(const struct command *command, int argc, char **argv)
{
    struct bench bench = {.command = command, .format_name = "text", .count = 4096, .seed = 1};
    const struct option_row rows[] = {
        {"requests", OPTION_NUMBER, "N", "So many random requests, decided again and again",
         &bench.count},
        {"seed", OPTION_NUMBER, "N", "Which random requests", &bench.seed},
        SHARED_FORMAT(&bench.format_name, "text or json"),
        OPTIONS_END,
    };
    int at;
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (argc - at != 1)
        return usage_trouble(command, "name one policy file");
    bench.path = argv[at];
    status = run_bench(&bench);
    bench_requests_free(&bench.requests);
    free(bench.decided);
    policy_file_close(&bench.file);
    return status;
}
