/* program/compile.c: the stages in order, and tw_policy_compile.
 *
 * text -> tokens -> tree -> checked tree -> formulas -> code -> image -> verified program */
#include "program/compile.h"

#include "program/emit.h"
#include "program/run/program.h"
#include "program/validate.h"

#include <stdlib.h>

struct tw_diagnostics {
    struct front front;
};

/* Writes and loads what was lowered, and has it checked. */
static enum tw_status finish(struct lowered *lowered, tw_policy **policy, struct tw_error *error)
{
    struct buffer image;
    policy_diagram_free(&lowered->diagram);
    enum tw_status status = emit_image(lowered, &image);
    if (status == TW_OK)
        status = policy_load_taken(&image, policy, error);
    else
        fail(error, status,
             status == TW_LIMIT ? "the policy's program is too large" : "out of memory");
    buffer_free(&image);
    if (status == TW_OK)
        status = validate_program(lowered, *policy, error);
    if (status == TW_OK)
        return TW_OK;
    tw_policy_free(*policy);
    *policy = NULL;
    return status;
}

enum tw_status compile_as(struct front *front, enum plan wanted, tw_policy **policy,
                          struct tw_error *error)
{
    struct lowered lowered;
    *policy = NULL;
    enum tw_status status = lower_policy(&lowered, &front->arena, &front->policy, wanted);
    if (status == TW_OK)
        status = finish(&lowered, policy, error);
    else
        fail(error, status,
             status == TW_LIMIT ? "the policy's program is too large" : "out of memory");
    lowered_free(&lowered);
    return status;
}

enum tw_status compile_front(struct front *front, tw_policy **policy, struct tw_error *error)
{
    return compile_as(front, ANY_PLAN, policy, error);
}

enum tw_status tw_policy_compile(const char *name, const char *text, size_t length,
                                 tw_policy **policy, tw_diagnostics **diagnostics)
{
    *policy = NULL;
    if (diagnostics)
        *diagnostics = NULL;
    struct tw_diagnostics *result = calloc(1, sizeof *result);
    if (!result)
        return TW_NO_MEMORY;
    struct front *front = &result->front;
    enum tw_status status =
        front_read(front, text_of(name), (struct text){text, length}, &read_from_disk);
    if (status == TW_OK && front->findings.error_count)
        status = TW_REFUSED;
    if (status == TW_OK)
        status = compile_front(front, policy, NULL);
    if (!diagnostics || status == TW_NO_MEMORY)
        tw_diagnostics_free(result);
    else
        *diagnostics = result;
    return status;
}

size_t tw_diagnostics_count(const tw_diagnostics *diagnostics)
{
    return diagnostics->front.findings.count;
}

bool tw_diagnostics_get(const tw_diagnostics *diagnostics, size_t index,
                        struct tw_diagnostic *diagnostic)
{
    const struct findings *findings = &diagnostics->front.findings;
    if (index >= findings->count)
        return false;
    const struct finding *finding = &findings->items[index];
    struct span span = finding->span;
    struct place start = source_place(findings->sources, span.source, span.start);
    struct place end = source_place(findings->sources, span.source, span.end);
    *diagnostic = (struct tw_diagnostic){.name = finding_text(finding->name),
                                         .severity = finding->severity,
                                         .file = findings->sources->items[span.source]->name.data,
                                         .line = start.line,
                                         .column = start.column,
                                         .end_line = end.line,
                                         .end_column = end.column,
                                         .message = finding->message.data,
                                         .help = finding->help.length ? finding->help.data : ""};
    return true;
}

void tw_diagnostics_free(tw_diagnostics *diagnostics)
{
    if (!diagnostics)
        return;
    front_free(&diagnostics->front);
    free(diagnostics);
}
