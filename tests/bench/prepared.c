/* tests/bench/prepared.c: compiles a workload's text and lays out its requests. */
#include "prepared.h"

#include "program/compile.h"
#include "program/run/program.h"

#include <stdlib.h>

tw_policy *policy_compile(const char *name, struct text text, enum runner runner)
{
    tw_policy *policy;
    struct front front;
    struct tw_error error = {.message = "out of memory"};
    if (front_read(&front, TEXT("bench.tier"), text, &read_from_disk))
        bench_trouble("%s cannot be read", name);
    if (front.findings.error_count)
        bench_trouble("%s has errors: %s", name, front.findings.items[0].message.data);
    if (compile_as(&front, runner == RUN_ORDERED ? PLAN_ORDERED : ANY_PLAN, &policy, &error))
        bench_trouble("%s does not compile: %s", name, error.message);
    front_free(&front);
    if (runner == RUN_SCALAR)
        program_use(policy, VECTOR_NONE);
    return policy;
}

static enum plan plan_of(const tw_policy *policy)
{
    return (enum plan)policy->section_INFO->plan;
}

bool runner_differs(const tw_policy *best, enum runner runner)
{
    switch (runner) {
    case RUN_BEST:
        return false;
    case RUN_SCALAR:
        return vector_unit_here() != VECTOR_NONE &&
               (plan_of(best) == PLAN_TABLE || plan_of(best) == PLAN_MASKS);
    case RUN_ORDERED:
        return plan_of(best) != PLAN_ORDERED;
    }
    return false;
}

const char *policy_plan(const tw_policy *policy)
{
    return plan_text(plan_of(policy));
}

uint32_t variable_of(const tw_policy *policy, const char *attribute)
{
    int index = attribute_find(policy, text_of(attribute));
    if (index < 0)
        bench_trouble("no attribute %s", attribute);
    return policy->section_ATTRIBUTES[index].variable;
}

static void set_slot(tw_request *request, const struct binding *binding, int32_t value)
{
    char text[32];
    int index = tw_policy_find_attribute(request->policy, binding->attribute);
    enum tw_status status = TW_NOT_FOUND;
    if (value == SLOT_UNSET)
        return;
    if (index >= 0 && binding->prefix) {
        int length = snprintf(text, sizeof text, "%s%d", binding->prefix, value);
        status = tw_request_set_text(request, (size_t)index, text, (size_t)length);
    } else if (index >= 0) {
        status = tw_request_set_number(request, (size_t)index, value * binding->scale);
    }
    if (status)
        bench_trouble("cannot set %s to %d", binding->attribute, value);
}

/* Do two variables that are read fall on one place, in rows that are this far apart? */
static bool rows_collide(const tw_policy *policy, size_t stride)
{
    for (size_t a = 0; a < policy->count_VARIABLES; a++)
        for (size_t b = a + stride; b < policy->count_VARIABLES; b += stride)
            if (policy->section_VARIABLES[a].needed && policy->section_VARIABLES[b].needed)
                return true;
    return false;
}

static void copy_values(struct prepared *prepared, size_t row)
{
    for (size_t i = 0; i < prepared->policy->count_VARIABLES; i++)
        if (prepared->policy->section_VARIABLES[i].needed)
            prepared->values[row * prepared->stride + i] = prepared->request->values[i];
}

void prepare(struct prepared *prepared, const struct workload *workload, enum runner runner,
             const int32_t *rows, size_t count)
{
    tw_policy *policy = policy_compile(workload->name, buffer_view(&workload->text), runner);
    *prepared = (struct prepared){.policy = policy, .count = count, .stride = 1};
    if (tw_request_new(policy, &prepared->request))
        bench_trouble("out of memory");
    while (rows_collide(policy, prepared->stride))
        prepared->stride++;
    prepared->values =
        bench_memory(count * prepared->stride + policy->count_VARIABLES, sizeof *prepared->values);
    for (size_t i = 0; i < count; i++) {
        tw_request_clear(prepared->request);
        for (size_t b = 0; b < workload->binding_count; b++)
            set_slot(prepared->request, &workload->bindings[b],
                     rows[i * SLOTS + (size_t)workload->bindings[b].slot]);
        copy_values(prepared, i);
    }
}

void prepared_free(struct prepared *prepared)
{
    tw_request_free(prepared->request);
    tw_policy_free(prepared->policy);
    free(prepared->values);
}

uint64_t prepared_run(const void *context)
{
    const struct prepared *prepared = context;
    struct tw_request request = *prepared->request; /* each thread moves its own */
    uint64_t sum = 0;
    request.values = prepared->values;
    for (size_t i = 0; i < prepared->count; i++, request.values += prepared->stride)
        sum += tw_decide(prepared->policy, &request) * (uint64_t)(i + 1);
    return sum;
}
