/* tests/property/agree.c: does the program do what the policy means?
 *
 *     agree [POLICIES [REQUESTS [SEED]]]
 *
 * For each random policy: its program, and the program that is loaded back from the image's bytes,
 * decide random requests; the reference evaluator, which shares nothing with the compiler's sets
 * and jumps, has to say the same for each. On a disagreement the policy, the request and the seed
 * are printed, and the run goes on. The last line is "N passed, N failed". */
#include "policy_generator.h"

#include "front/front.h"
#include "program/compile.h"
#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>

struct agreement {
    uint64_t policies, pairs, refused, disagreements;
    uint64_t by_otherwise; /* decisions that no rule took */
};

static void print_findings(const struct front *front)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    for (size_t i = 0; i < front->findings.count; i++)
        finding_print(&front->findings, &front->findings.items[i], false, &text);
    fwrite(text.data, 1, text.length, stdout);
    buffer_free(&text);
}

static void print_request(const struct policy_tree *policy, const int64_t *values,
                          const struct text *texts)
{
    for (size_t i = 0; i < policy->variable_count; i++) {
        const struct variable *variable = &policy->variables[i];
        printf("  %.*s = ", (int)variable->name.length, variable->name.data);
        if (values[i] == VALUE_UNSET)
            printf("unset\n");
        else if (variable->type == TW_TYPE_STRING)
            printf("\"%.*s\"\n", (int)texts[i].length, texts[i].data);
        else
            printf("%lld\n", (long long)values[i]);
    }
}

/* Puts a valuation into a request, as the attributes' own setters would leave it. */
static void fill_request(tw_request *request, const int64_t *values, const struct text *texts)
{
    const tw_policy *policy = request->policy;
    for (uint32_t i = 0; i < policy->count_VARIABLES; i++) {
        request->values[i] = values[i];
        request->texts[i] = texts[i];
        if (policy->section_VARIABLES[i].type == TW_TYPE_STRING && values[i] != VALUE_UNSET)
            request->values[i] = text_class(policy, i, texts[i]);
    }
}

/* Sets attributes through the public functions; what the request holds then is the valuation. */
static void set_attributes(tw_request *request, struct random *random, int64_t *values,
                           struct text *texts)
{
    const tw_policy *policy = request->policy;
    tw_request_clear(request);
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++) {
        uint32_t variable = policy->section_ATTRIBUTES[i].variable;
        if (random_chance(random, 50))
            continue;
        if (policy->section_ATTRIBUTES[i].type == TW_TYPE_STRING)
            tw_request_set_text(request, i, texts[variable].data, texts[variable].length);
        else
            tw_request_set_number(request, i, values[variable] & 0xffff);
    }
    for (uint32_t i = 0; i < policy->count_VARIABLES; i++) {
        values[i] = request->values[i];
        texts[i] = request->texts[i];
    }
}

struct subjects {
    struct front *front;
    tw_policy *policy, *loaded;
    tw_request *request, *second;
    int64_t *values;
    struct text *texts;
};

static bool check_pair(const struct subjects *subjects, struct agreement *agreement)
{
    const struct valuation valuation = {subjects->values, subjects->texts};
    size_t expected = reference_decide(&subjects->front->policy, &valuation);
    uint32_t decided = tw_decide(subjects->policy, subjects->request);
    uint32_t again = tw_decide(subjects->loaded, subjects->second);
    agreement->pairs++;
    agreement->by_otherwise += expected == subjects->front->policy.rule_count;
    if (decided == expected && again == expected)
        return true;
    agreement->disagreements++;
    printf("DISAGREEMENT: reference says rule %zu, the program %u, loaded from bytes %u\n",
           expected, decided, again);
    print_request(&subjects->front->policy, subjects->values, subjects->texts);
    return false;
}

static bool check_requests(struct subjects *subjects, uint64_t seed, int requests,
                           struct agreement *agreement)
{
    struct random random = {seed ^ 0x5eed};
    struct boundaries boundaries;
    struct arena arena;
    bool good = true;
    arena_init(&arena, 64 << 20);
    if (!boundaries_find(&boundaries, &arena, &subjects->front->policy))
        abort();
    for (int i = 0; i < requests && good; i++) {
        valuation_generate(&boundaries, &random, &arena, subjects->values, subjects->texts);
        if (i % 4 == 3)
            set_attributes(subjects->request, &random, subjects->values, subjects->texts);
        else
            fill_request(subjects->request, subjects->values, subjects->texts);
        fill_request(subjects->second, subjects->values, subjects->texts);
        good = check_pair(subjects, agreement);
    }
    arena_free(&arena);
    return good;
}

static bool check_program(struct front *front, uint64_t seed, int requests,
                          struct agreement *agreement)
{
    struct subjects subjects = {.front = front};
    struct tw_error error = {0};
    size_t length, variables = front->policy.variable_count;
    bool good = false;
    subjects.values = calloc(variables, sizeof *subjects.values);
    subjects.texts = calloc(variables, sizeof *subjects.texts);
    if (compile_front(front, &subjects.policy, &error) ||
        tw_policy_load(tw_policy_image(subjects.policy, &length), subjects.policy->length,
                       &subjects.loaded, &error) ||
        tw_request_new(subjects.policy, &subjects.request) ||
        tw_request_new(subjects.loaded, &subjects.second)) {
        printf("NO PROGRAM: %s\n", error.message);
        agreement->refused++;
    } else {
        good = check_requests(&subjects, seed, requests, agreement);
    }
    tw_request_free(subjects.request);
    tw_request_free(subjects.second);
    tw_policy_free(subjects.policy);
    tw_policy_free(subjects.loaded);
    free(subjects.values);
    free(subjects.texts);
    return good;
}

static void check_policy_of(uint64_t seed, int requests, struct feature_counts *counts,
                            struct agreement *agreement)
{
    struct buffer text;
    struct front front;
    buffer_init(&text, 1 << 20);
    policy_generate(seed, counts, &text);
    bool good = front_read(&front, TEXT("random.tier"), buffer_view(&text), &read_from_disk) == 0;
    agreement->policies++;
    if (good && front.findings.error_count) {
        print_findings(&front);
        agreement->refused++;
        good = false;
    } else if (good) {
        good = check_program(&front, seed, requests, agreement);
    }
    if (!good)
        printf("seed %llu, policy:\n%s\n", (unsigned long long)seed, text.data);
    front_free(&front);
    buffer_free(&text);
}

int main(int argc, char **argv)
{
    uint64_t policies = argc > 1 ? strtoull(argv[1], NULL, 10) : 2500;
    int requests = argc > 2 ? atoi(argv[2]) : 50;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    struct feature_counts counts = {0};
    struct agreement agreement = {0};
    for (uint64_t i = 0; i < policies && agreement.disagreements + agreement.refused < 10; i++)
        check_policy_of(seed + i, requests, &counts, &agreement);
    bool all = features_print(&counts);
    uint64_t failed = agreement.disagreements + agreement.refused + !all;
    printf("%llu pairs, %llu policies, %llu disagreements; %llu policies refused; otherwise "
           "decided %llu\n",
           (unsigned long long)agreement.pairs, (unsigned long long)agreement.policies,
           (unsigned long long)agreement.disagreements, (unsigned long long)agreement.refused,
           (unsigned long long)agreement.by_otherwise);
    printf("%llu passed, %llu failed\n",
           (unsigned long long)(agreement.pairs - agreement.disagreements),
           (unsigned long long)failed);
    return failed > 0;
}
