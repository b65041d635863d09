/* tests/property/simplify.c [count] [first]: `tierway simplify` against brute force.
 *
 * Random small policies, half of them with the examples that lint finds written into them, are
 * simplified. Every request then has to get the same action as before, by the reference evaluator;
 * the examples have to pass; and lint must have nothing left to take out but what was said to stay.
 */
#include "request_space.h"
#include "small_policy.h"

#include "author/examples.h"
#include "author/lint.h"
#include "author/simplify.h"
#include "author/simplify_edits.h"
#include "program/compile.h"

#include <stdio.h>
#include <stdlib.h>

struct tally {
    size_t passed, failed, too_large, refused;
    size_t removed[FINDING_COUNT], kept[FINDING_COUNT];
};

struct trial {
    struct tally *tally;
    struct front before, after;
    struct simplification result;
    size_t troubles;
};

static void trouble(struct trial *trial, const char *what)
{
    if (trial->troubles++ == 0)
        printf("--- before\n%.*s--- after\n%.*s",
               TEXT_ARGUMENTS(trial->before.sources.items[0]->content),
               TEXT_ARGUMENTS(trial->result.text));
    printf("  %s\n", what);
}

/* What a policy does with a request, in words. */
static void write_action(const struct policy_tree *policy, const struct valuation *valuation,
                         struct buffer *out)
{
    size_t rule = reference_decide(policy, valuation);
    const struct statement *statement =
        rule < policy->rule_count ? policy->rules[rule] : policy->otherwise;
    if (!statement)
        buffer_string(out, "0 -1 0;");
    for (const struct step *step = statement ? statement->action->steps : NULL; step;
         step = step->next) {
        int64_t tier = step->attribute ? valuation->values[step->attribute->variable]
                                       : (int64_t)step->tier_index;
        buffer_format(out, "%lld %lld %u;", tier == VALUE_UNSET ? 0LL : (long long)tier,
                      (long long)step->timeout_milliseconds, step->retry_count);
    }
    if (statement && statement->action->reject)
        buffer_format(out, "reject %.*s", TEXT_ARGUMENTS(statement->action->reason));
}

static void compare_decisions(struct trial *trial, struct space *space)
{
    struct buffer before, after;
    buffer_init(&before, 1 << 16);
    buffer_init(&after, 1 << 16);
    for (size_t i = 0; i < space->count && trial->troubles == 0; i++) {
        struct valuation valuation = space_request(space, i);
        buffer_clear(&before);
        buffer_clear(&after);
        write_action(&trial->before.policy, &valuation, &before);
        write_action(&trial->after.policy, &valuation, &after);
        if (!text_equal(buffer_view(&before), buffer_view(&after)))
            trouble(trial, "some request gets another action");
    }
    buffer_free(&before);
    buffer_free(&after);
}

static void run_all_examples(struct trial *trial)
{
    struct example_result *results;
    struct tw_error error;
    tw_policy *policy = NULL;
    size_t count = 0;
    if (compile_front(&trial->after, &policy, &error) != TW_OK ||
        run_examples(&trial->after, policy, &results, &count, &error) != TW_OK)
        trouble(trial, error.message);
    for (size_t i = 0; i < count; i++)
        if (!results[i].passed)
            trouble(trial, "an example fails");
    tw_policy_free(policy);
}

static size_t findings_left(const struct trial *trial, enum finding_name name)
{
    size_t count = 0;
    for (size_t i = 0; i < trial->after.findings.count; i++)
        count += trial->after.findings.items[i].name == name;
    return count;
}

static size_t count_notes(const struct simplify_notes *notes, enum finding_name name)
{
    size_t count = 0;
    for (size_t i = 0; i < notes->count; i++)
        count += notes->items[i].name == name;
    return count;
}

static void check_left(struct trial *trial)
{
    if (lint_policy(&trial->after, 0, NULL) != TW_OK || trial->after.findings.error_count)
        trouble(trial, "lint fails");
    for (int i = 0; i < FINDING_COUNT; i++) {
        enum finding_name name = (enum finding_name)i;
        size_t kept = count_notes(&trial->result.kept, name);
        trial->tally->removed[name] += count_notes(&trial->result.removed, name);
        trial->tally->kept[name] += kept;
        if (step_of(name) != STEP_COUNT && name != FINDING_UNUSED_LET &&
            findings_left(trial, name) != kept)
            trouble(trial, finding_text(name));
    }
}

static void judge(struct trial *trial, struct space *space)
{
    if (front_read(&trial->after, TEXT("after.tier"), trial->result.text, &read_from_disk) !=
            TW_OK ||
        trial->after.findings.error_count) {
        trouble(trial, "it is no policy any more");
    } else {
        compare_decisions(trial, space);
        run_all_examples(trial);
        check_left(trial);
    }
    front_free(&trial->after);
    trial->tally->passed += trial->troubles == 0;
    trial->tally->failed += trial->troubles > 0;
}

static void try_policy(struct tally *tally, struct text source)
{
    struct trial trial = {.tally = tally};
    struct space space;
    struct tw_error error;
    if (front_read(&trial.before, TEXT("before.tier"), source, &read_from_disk) != TW_OK ||
        trial.before.findings.error_count)
        abort();
    enum tw_status status = simplify_policy(&trial.before, &read_from_disk, &trial.result, &error);
    if (status == TW_REFUSED) {
        tally->refused++; /* a property does not hold */
    } else if (status) {
        printf("%.*s%s\n", TEXT_ARGUMENTS(source), error.message);
        tally->failed++;
    } else if (!space_make(&space, &trial.before.policy)) {
        tally->too_large++;
    } else {
        judge(&trial, &space);
    }
    front_free(&trial.before);
}

/* The examples of lint's findings, as statements; some of them name labels. */
static void add_examples(struct buffer *source)
{
    struct front front;
    if (front_read(&front, TEXT("examples.tier"), buffer_view(source), &read_from_disk) != TW_OK ||
        lint_policy(&front, 0, NULL) != TW_OK)
        abort();
    for (size_t i = 0; i < front.findings.count; i++)
        buffer_format(source, "%.*s\n", TEXT_ARGUMENTS(front.findings.items[i].example));
    front_free(&front);
}

/* A kind of finding that was never taken out was not tested. */
static size_t report(const struct tally *tally)
{
    size_t untested = 0;
    for (int i = 0; i < FINDING_COUNT; i++) {
        enum finding_name name = (enum finding_name)i;
        if (step_of(name) == STEP_COUNT)
            continue;
        printf("%-15s %zu taken out, %zu kept\n", finding_text(name), tally->removed[i],
               tally->kept[i]);
        untested += tally->removed[i] == 0;
    }
    printf("%zu refused, %zu left out with more than %d requests\n", tally->refused,
           tally->too_large, MOST_REQUESTS);
    return untested;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000;
    uint64_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct tally tally = {0};
    struct buffer source;
    buffer_init(&source, 1 << 20);
    for (; tally.passed + tally.failed < count && tally.failed < 20; number++) {
        buffer_clear(&source);
        buffer_format(&source, "# policy %llu\n", (unsigned long long)number);
        small_policy_write(number, &source);
        if (number % 2)
            add_examples(&source);
        try_policy(&tally, buffer_view(&source));
    }
    buffer_free(&source);
    tally.failed += report(&tally);
    printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    return tally.failed > 0;
}
