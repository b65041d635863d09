/* tests/bench/stages.c: the compiler's stages, one by one and in one go. */
#include "stages.h"

#include "author/diff.h"
#include "author/lint.h"
#include "counted.h"
#include "program/compile.h"
#include "program/emit.h"
#include "program/validate.h"

static const int64_t lint_now = 1735689600000; /* 2025-01-01T00:00:00Z */

const char *stage_text(enum stage stage)
{
    static const char *const texts[] = {
#define STAGE(name, text) [STAGE_##name] = text,
#include "stages.def"
#undef STAGE
    };
    return texts[stage];
}

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

/* Lowering, writing, loading and validating, each for itself, on a tree of its own; and once more
 * the diagram that lowering has built too. */
static void run_parts(const struct workload *workload, struct stages *stages)
{
    struct front front;
    struct lowered lowered;
    struct policy_diagram diagram;
    struct buffer image;
    tw_policy *policy;
    read_text(&front, workload);
    buffer_init(&image, 0);
    int64_t start = processor_time();
    expect_ok(lower_policy(&lowered, &front.arena, &front.policy, ANY_PLAN), "lower_policy");
    stages->milliseconds[STAGE_LOWER] = milliseconds_since(start);
    start = processor_time();
    expect_ok(emit_image(&lowered, &image), "emit_image");
    stages->milliseconds[STAGE_EMIT] = milliseconds_since(start);
    start = processor_time();
    expect_ok(tw_policy_load(image.data, image.length, &policy, NULL), "tw_policy_load");
    stages->milliseconds[STAGE_LOAD] = milliseconds_since(start);
    stages->image = image.length;
    start = processor_time();
    expect_ok(validate_program(&lowered, policy, NULL), "validate_program");
    stages->milliseconds[STAGE_VALIDATE] = milliseconds_since(start);
    start = processor_time();
    if (policy_diagram_build_program(&diagram, &front.arena, &front.policy, lowered.formulas,
                                     lowered.facts.edge_limit) == TW_NO_MEMORY)
        bench_trouble("policy_diagram_build_program: out of memory");
    stages->milliseconds[STAGE_DIAGRAM] = milliseconds_since(start);
    policy_diagram_free(&diagram);
    tw_policy_free(policy);
    buffer_free(&image);
    lowered_free(&lowered);
    front_free(&front);
}

void stages_run(const struct workload *workload, struct stages *stages, bool with_lint)
{
    struct front front;
    tw_policy *policy;
    *stages = (struct stages){0};
    counts_begin();
    long long before = counts_now().live;
    int64_t start = processor_time();
    read_text(&front, workload);
    stages->milliseconds[STAGE_READ] = milliseconds_since(start);
    int64_t middle = processor_time();
    expect_ok(compile_front(&front, &policy, NULL), "compile_front");
    stages->milliseconds[STAGE_COMPILE] = milliseconds_since(middle);
    stages->milliseconds[STAGE_WHOLE] = milliseconds_since(start);
    stages->arena = front.arena.used;
    stages->heap = (size_t)(counts_now().peak - before);
    tw_policy_free(policy);
    if (with_lint) {
        start = processor_time();
        expect_ok(lint_policy(&front, lint_now, NULL), "lint_policy");
        stages->milliseconds[STAGE_LINT] = milliseconds_since(start);
    }
    front_free(&front);
    run_parts(workload, stages);
}

void stages_compile(const struct workload *workload)
{
    struct front front;
    tw_policy *policy;
    read_text(&front, workload);
    expect_ok(compile_front(&front, &policy, NULL), "compile_front");
    tw_policy_free(policy);
    front_free(&front);
}

double stages_diff(const struct workload *old, const struct workload *new, size_t *differences)
{
    struct front fronts[2];
    struct comparison_result result;
    struct tw_error error;
    read_text(&fronts[0], old);
    read_text(&fronts[1], new);
    int64_t start = processor_time();
    enum tw_status status = diff_policies(&fronts[0], &fronts[1], &result, &error);
    double spent = milliseconds_since(start);
    if (status)
        printf("diff: %s\n", error.message);
    *differences = result.count;
    front_free(&fronts[0]);
    front_free(&fronts[1]);
    return status ? -1 : spent;
}
