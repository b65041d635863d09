/* tests/fuzz/fuzz_policy.c: any text as a policy: it is refused with findings, or it compiles, and
 * then its program says the same as the reference evaluator. */
#include "author/lint.h"
#include "front/reference.h"
#include "program/compile.h"
#include "program/run/program.h"

#include <stdlib.h>

static enum tw_status find_nothing(void *context, struct arena *arena, struct text path,
                                   struct text *content, struct text *identity)
{
    (void)context, (void)arena, (void)path, (void)content, (void)identity;
    return TW_NOT_FOUND;
}

static void decide(struct front *front)
{
    tw_policy *policy;
    tw_request *request;
    if (compile_front(front, &policy, NULL) != TW_OK || tw_request_new(policy, &request) != TW_OK)
        abort();
    const struct valuation valuation = {request->values, request->texts};
    if (tw_decide(policy, request) != reference_decide(&front->policy, &valuation))
        abort();
    tw_request_free(request);
    tw_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct file_reader nothing = {find_nothing, NULL};
    struct text text = {(const char *)data, size};
    struct buffer printed;
    struct front front;
    buffer_init(&printed, 1 << 24);
    if (front_read(&front, TEXT("fuzz.tier"), text, &nothing) != TW_OK ||
        lint_policy(&front, 1767225600000, NULL) != TW_OK)
        abort();
    for (size_t i = 0; i < front.findings.count; i++)
        finding_print(&front.findings, &front.findings.items[i], i % 2, &printed);
    if (utf8_valid_prefix(text) == size &&
        utf8_valid_prefix(buffer_view(&printed)) < printed.length)
        abort();
    if (front.findings.error_count == 0)
        decide(&front);
    front_free(&front);
    buffer_free(&printed);
    return 0;
}
