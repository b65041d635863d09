/* tests/limit/outcome.c: see outcome.h. */
#include "outcome.h"

#include "author/lint.h"
#include "program/compile.h"

#include <stdio.h>
#include <time.h>

static enum tw_status find_nothing(void *context, struct arena *arena, struct text path,
                                   struct text *content, struct text *identity)
{
    (void)context, (void)arena, (void)path, (void)content, (void)identity;
    return TW_NOT_FOUND;
}

static enum tw_status decide_once(struct front *front)
{
    tw_policy *policy;
    tw_request *request = NULL;
    enum tw_status status = compile_front(front, &policy, NULL);
    if (status == TW_OK)
        status = tw_request_new(policy, &request);
    if (status == TW_OK && tw_decide(policy, request) > tw_policy_rule_count(policy))
        status = TW_UNKNOWN;
    tw_request_free(request);
    tw_policy_free(policy);
    return status;
}

static void count_findings(const struct findings *findings, struct outcome *outcome)
{
    outcome->findings = findings->count;
    for (size_t i = 0; i < findings->count; i++) {
        outcome->errors += findings->items[i].severity == TW_ERROR;
        outcome->found[findings->items[i].name] = true;
    }
}

/* Of this process: what else the machine does is not counted. */
static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct outcome outcome_of(struct text text, const struct file_reader *reader)
{
    static const struct file_reader nothing = {find_nothing, NULL};
    struct outcome outcome = {0};
    struct front front;
    double start = processor_seconds();
    outcome.status = front_read(&front, TEXT("limit.tier"), text, reader ? reader : &nothing);
    if (outcome.status == TW_OK)
        outcome.status = lint_policy(&front, 1767225600000, NULL);
    count_findings(&front.findings, &outcome);
    if (outcome.status == TW_OK && outcome.errors == 0)
        outcome.status = decide_once(&front);
    outcome.memory = front.arena.used;
    front_free(&front);
    outcome.seconds = processor_seconds() - start;
    return outcome;
}

bool outcome_good(const char *name, const struct outcome *outcome)
{
    bool good = outcome->seconds < LONGEST_SECONDS && outcome->status == TW_OK &&
                outcome->memory < FRONT_MEMORY_LIMIT;
    printf("%-44s %5.2f s %5zu MB %5zu findings%s\n", name, outcome->seconds, outcome->memory >> 20,
           outcome->findings, good ? "" : "  FAILED");
    if (outcome->status)
        printf("    %s\n", tw_status_text(outcome->status));
    return good;
}
