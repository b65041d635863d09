/* tests/bench/prepared.c: compiles a workload's text and lays out its requests. */
#include "prepared.h"

#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tw_policy *policy_compile(const struct workload *workload)
{
    tw_policy *policy;
    tw_diagnostics *diagnostics;
    struct tw_diagnostic first;
    struct text text = buffer_view(&workload->text);
    enum tw_status status =
        tw_policy_compile("bench.tier", text.data, text.length, &policy, &diagnostics);
    if (status != TW_OK)
        bench_trouble("%s does not compile: %s", workload->name,
                      diagnostics && tw_diagnostics_get(diagnostics, 0, &first)
                          ? first.message
                          : tw_status_text(status));
    tw_diagnostics_free(diagnostics);
    return policy;
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

void prepare(struct prepared *prepared, const struct workload *workload, tw_policy *policy,
             const int32_t *rows, size_t count)
{
    size_t width = policy->count_VARIABLES;
    *prepared = (struct prepared){.policy = policy, .count = count, .width = width};
    if (tw_request_new(policy, &prepared->template))
        bench_trouble("out of memory");
    prepared->requests = bench_memory(count, sizeof *prepared->requests);
    prepared->values = bench_memory(count * width, sizeof *prepared->values);
    for (size_t i = 0; i < count; i++) {
        tw_request_clear(prepared->template);
        for (size_t b = 0; b < workload->binding_count; b++)
            set_slot(prepared->template, &workload->bindings[b],
                     rows[i * SLOTS + (size_t)workload->bindings[b].slot]);
        prepared->requests[i] = *prepared->template;
        prepared->requests[i].values = prepared->values + i * width;
        memcpy(prepared->requests[i].values, prepared->template->values,
               width * sizeof *prepared->values);
    }
}

void prepared_free(struct prepared *prepared)
{
    tw_request_free(prepared->template);
    tw_policy_free(prepared->policy);
    free(prepared->requests);
    free(prepared->values);
}

uint64_t prepared_run(const void *context)
{
    const struct prepared *prepared = context;
    uint64_t sum = 0;
    for (size_t i = 0; i < prepared->count; i++)
        sum += tw_decide(prepared->policy, &prepared->requests[i]) * (uint64_t)(i + 1);
    return sum;
}
