/* tests/property/agree.c: does the program do what the policy means?
 *
 *     agree [POLICIES [REQUESTS [SEED]]]
 *
 * For each random policy, and for each plan that can run it: its program, and the program that is
 * loaded back from the image's bytes and runs without vector instructions, decide random requests;
 * the reference evaluator, which shares nothing with the compiler's sets and jumps, has to say the
 * same for each. On a disagreement the policy, the request and the seed are printed, and the run
 * goes on. The last line is "N passed, N failed". */
#include "policy_generator.h"
#include "shaped_policy.h"

#include "front/front.h"
#include "program/compile.h"
#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>

struct agreement {
    uint64_t policies, pairs, refused, disagreements;
    uint64_t by_otherwise; /* decisions that no rule took */
    uint64_t plans[PLAN_COUNT];
    uint64_t chosen[PLAN_COUNT]; /* those the compiler took by itself */
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
    enum plan wanted;
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

/* Now and then a text that is close to one of the policy's, or any bytes at all. */
static void disturb_texts(const struct boundaries *boundaries, struct random *random,
                          struct arena *arena, struct text *texts)
{
    static const char bytes[] = "a-*?g\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\xed\xa0\x00";
    for (size_t i = 0; i < boundaries->policy->variable_count; i++) {
        if (boundaries->policy->variables[i].type != TW_TYPE_STRING || random_chance(random, 60))
            continue;
        struct text from = texts[i];
        char *copy = arena_alloc(arena, from.length + 8, 1);
        size_t length = 0, extra = random_below(random, 8);
        if (!copy)
            abort();
        for (size_t k = 0; k < from.length; k++)
            if (!random_chance(random, 10))
                copy[length++] = from.data[k];
        for (size_t k = 0; k < extra; k++) {
            size_t at = random_below(random, length + 1);
            for (size_t move = length++; move > at; move--)
                copy[move] = copy[move - 1];
            copy[at] = bytes[random_below(random, sizeof bytes - 1)];
        }
        texts[i] = (struct text){copy, length};
    }
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
        disturb_texts(&boundaries, &random, &arena, subjects->texts);
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

static void count_plan(const struct subjects *subjects, struct agreement *agreement)
{
    uint32_t plan = subjects->policy->section_INFO->plan;
    agreement->plans[plan]++;
    agreement->chosen[plan] += subjects->wanted == ANY_PLAN;
}

static bool check_plan(struct subjects *subjects, uint64_t seed, int requests,
                       struct agreement *agreement)
{
    struct tw_error error = {0};
    size_t length;
    bool good = false;
    if (compile_as(subjects->front, subjects->wanted, &subjects->policy, &error) ||
        tw_policy_load(tw_policy_image(subjects->policy, &length), subjects->policy->length,
                       &subjects->loaded, &error) ||
        tw_request_new(subjects->policy, &subjects->request) ||
        tw_request_new(subjects->loaded, &subjects->second)) {
        printf("NO PROGRAM: %s\n", error.message);
        agreement->refused++;
    } else {
        count_plan(subjects, agreement);
        program_use(subjects->loaded, VECTOR_NONE);
        good = check_requests(subjects, seed, requests, agreement);
    }
    if (!good)
        printf("plan %d\n", subjects->wanted);
    tw_request_free(subjects->request);
    tw_request_free(subjects->second);
    tw_policy_free(subjects->policy);
    tw_policy_free(subjects->loaded);
    return good;
}

static bool check_program(struct front *front, uint64_t seed, int requests,
                          struct agreement *agreement)
{
    size_t variables = front->policy.variable_count;
    struct subjects subjects = {.front = front,
                                .values = calloc(variables, sizeof *subjects.values),
                                .texts = calloc(variables, sizeof *subjects.texts)};
    bool good = subjects.values && subjects.texts;
    for (int plan = 0; plan <= ANY_PLAN && good; plan++) {
        subjects.wanted = (enum plan)plan;
        subjects.request = subjects.second = NULL;
        subjects.loaded = NULL;
        good = check_plan(&subjects, seed + (uint64_t)plan, requests, agreement);
    }
    free(subjects.values);
    free(subjects.texts);
    return good;
}

/* Prints how often each plan ran; false where one was never chosen. */
static bool plans_print(const struct agreement *agreement)
{
    bool all = true;
    for (int i = 0; i < PLAN_COUNT; i++) {
        printf("%s: %llu programs, %llu of them by choice\n", plan_text((enum plan)i),
               (unsigned long long)agreement->plans[i], (unsigned long long)agreement->chosen[i]);
        all = all && agreement->chosen[i];
    }
    return all;
}

static void check_policy_of(uint64_t seed, int requests, struct feature_counts *counts,
                            struct agreement *agreement)
{
    struct buffer text;
    struct front front;
    buffer_init(&text, 1 << 20);
    if (seed % 5 == 0)
        shaped_policy_write(seed / 5, &text);
    else
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
    uint64_t policies = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    int requests = argc > 2 ? atoi(argv[2]) : 30;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    struct feature_counts counts = {0};
    struct agreement agreement = {0};
    for (uint64_t i = 0; i < policies && agreement.disagreements + agreement.refused < 10; i++)
        check_policy_of(seed + i, requests, &counts, &agreement);
    bool all = features_print(&counts);
    all = plans_print(&agreement) && all;
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
