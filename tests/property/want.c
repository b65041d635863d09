/* tests/property/want.c [count] [first]: `explain --want` against brute force.
 *
 * For random small policies and random requests, every other request is tried with the reference
 * evaluator: the changes that are said have to be possible just when some request gets the tier, as
 * few as there can be, and, made to the request, get it the tier. */
#include "random.h"
#include "request_space.h"
#include "small_policy.h"

#include "author/explain.h"
#include "program/compile.h"
#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

enum { MOST_GIVEN = 16 };

struct tally {
    size_t passed, failed, impossible, left_out, views;
};

/* An attribute of a request, as the command line names it. */
struct member {
    struct text name, value;
};

struct trial {
    struct tally *tally;
    struct random random;
    struct text source;
    struct front front;
    struct space space;
    tw_policy *policy;
    tw_request *request;
    struct member given[MOST_GIVEN];
    size_t given_count;
    size_t troubles;
};

static void trouble(struct trial *trial, const char *what, const struct changes *changes)
{
    if (trial->troubles++ == 0)
        printf("%.*s\n", TEXT_ARGUMENTS(trial->source));
    printf("  %s:", what);
    for (size_t i = 0; i < trial->given_count; i++)
        printf(" %.*s=%.*s", TEXT_ARGUMENTS(trial->given[i].name),
               TEXT_ARGUMENTS(trial->given[i].value));
    printf(" ->");
    for (size_t i = 0; i < changes->count; i++)
        printf(" %.*s=%.*s", TEXT_ARGUMENTS(changes->items[i].name),
               TEXT_ARGUMENTS(changes->items[i].to));
    printf("\n");
}

/* Values near those that the policies name. */
static struct text some_value(struct trial *trial, const struct attribute *attribute)
{
    static const char *const texts[] = {"a", "b", "ab", "zz", "ba"};
    struct arena *arena = &trial->front.arena;
    size_t number = random_below(&trial->random, 6);
    if (attribute->word_count)
        return attribute->words[number % attribute->word_count];
    if (attribute->type == TW_TYPE_STRING)
        return text_of(texts[number % 5]);
    if (attribute->projection == PROJECT_HOUR)
        return arena_format(arena, "%zu", 4 * number);
    struct buffer text;
    buffer_init(&text, 100);
    int64_t value = attribute->type == TW_TYPE_TIME   ? (int64_t)number * 4 * 3600 + 1800
                    : attribute->type == TW_TYPE_DATE ? CLOCK_DEFAULT_DATE + 2 * (int64_t)number
                    : attribute->type == TW_TYPE_BOOL ? (int64_t)(number % 2)
                                                      : (int64_t)number;
    value_print(&text, attribute->type, value);
    struct text result = arena_text(arena, buffer_view(&text));
    buffer_free(&text);
    return result;
}

static bool give(tw_request *request, struct text name, struct text value)
{
    struct tw_error error;
    int attribute = attribute_find(request->policy, name);
    return attribute >= 0 && request_set(request, attribute, value, &error) == TW_OK;
}

/* What contradicts what is there already is left out. */
static void make_request(struct trial *trial)
{
    const struct policy_tree *policy = &trial->front.policy;
    tw_request_clear(trial->request);
    trial->given_count = 0;
    for (size_t i = 0; i < policy->attribute_count && trial->given_count < MOST_GIVEN; i++) {
        const struct attribute *attribute = policy->attributes[i];
        bool percent = attribute->projection == PROJECT_USED;
        bool read = policy->variables[attribute->variable].type == attribute->type ||
                    attribute->projection != PROJECT_WHOLE;
        if (!read || percent || attribute->type == TW_TYPE_NOW ||
            random_below(&trial->random, 3) == 0)
            continue;
        struct text value = some_value(trial, attribute);
        if (give(trial->request, attribute->name, value))
            trial->given[trial->given_count++] = (struct member){attribute->name, value};
    }
}

static bool gets(const struct policy_tree *policy, const struct valuation *valuation, uint32_t tier)
{
    size_t rule = reference_decide(policy, valuation);
    const struct statement *statement =
        rule < policy->rule_count ? policy->rules[rule] : policy->otherwise;
    const struct step *step = statement ? statement->action->steps : NULL;
    if (!statement || !step)
        return !statement && tier == 0;
    if (!step->attribute)
        return step->tier_index == (int)tier;
    int64_t value = valuation->values[step->attribute->variable];
    return (value == VALUE_UNSET ? 0 : value) == tier;
}

static size_t fewest_changes(struct trial *trial, uint32_t tier)
{
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < trial->space.count; i++) {
        struct valuation valuation = space_request(&trial->space, i);
        if (space_changed(&trial->space, i) < fewest &&
            gets(&trial->front.policy, &valuation, tier))
            fewest = space_changed(&trial->space, i);
    }
    return fewest;
}

static const struct change *find_change(const struct changes *changes, struct text name)
{
    for (size_t i = 0; i < changes->count; i++)
        if (text_equal(changes->items[i].name, name))
            return &changes->items[i];
    return NULL;
}

static bool make_change(tw_request *request, const struct change *change)
{
    struct text value = change->to;
    if (text_is(value, "not set"))
        return true;
    if (change->type == TW_TYPE_STRING) /* without the quotes around it */
        value = (struct text){value.data + 1, value.length - 2};
    return give(request, change->name, value);
}

/* The request once more, with the new values in place of the old ones. */
static bool change_request(struct trial *trial, tw_request *request, const struct changes *changes)
{
    for (size_t i = 0; i < trial->given_count; i++) {
        const struct member *given = &trial->given[i];
        const struct change *change = find_change(changes, given->name);
        if (change ? !make_change(request, change) : !give(request, given->name, given->value))
            return false;
    }
    for (size_t i = 0; i < changes->count; i++) {
        bool named = false;
        for (size_t k = 0; k < trial->given_count; k++)
            named |= text_equal(trial->given[k].name, changes->items[i].name);
        if (!named && !make_change(request, &changes->items[i]))
            return false;
    }
    return true;
}

static void check_changed(struct trial *trial, const struct changes *changes, uint32_t tier)
{
    tw_request *request;
    if (tw_request_new(trial->policy, &request) != TW_OK)
        abort();
    struct valuation valuation = {request->values, request->texts};
    if (!change_request(trial, request, changes))
        trouble(trial, "the changes cannot be made", changes);
    else if (!gets(&trial->front.policy, &valuation, tier))
        trouble(trial, "changed, it does not get the tier", changes);
    tw_request_free(request);
}

static void check_want(struct trial *trial, uint32_t tier)
{
    struct changes changes, said;
    struct valuation base = trial->space.base;
    size_t fewest = fewest_changes(trial, tier);
    if (explain_want(&trial->front, &base, NULL, tier, &changes) != TW_OK ||
        explain_want(&trial->front, &base, trial->request->given, tier, &said) != TW_OK)
        abort();
    if (changes.possible != (fewest != SIZE_MAX))
        trouble(trial, "possible or not", &changes);
    trial->tally->impossible += !changes.possible;
    if (!changes.possible)
        return;
    if (changes.count != fewest)
        trouble(trial, "not the fewest changes", &changes);
    if (said.count < fewest)
        trouble(trial, "too few changes", &said);
    trial->tally->views += said.count > fewest;
    check_changed(trial, &said, tier);
}

static void try_requests(struct trial *trial)
{
    const struct policy_tree *policy = &trial->front.policy;
    for (int i = 0; i < 3; i++) {
        make_request(trial);
        struct valuation base = {trial->request->values, trial->request->texts};
        if (!space_make_near(&trial->space, policy, base)) {
            trial->tally->left_out++;
            return;
        }
        for (uint32_t tier = 0; tier < 3; tier++)
            check_want(trial, tier);
    }
}

static void try_policy(struct tally *tally, struct text source, uint64_t number)
{
    struct trial trial = {.tally = tally, .source = source, .random = {number}};
    struct tw_error error;
    if (front_read(&trial.front, TEXT("random.tier"), source, &read_from_disk) != TW_OK ||
        trial.front.findings.error_count ||
        compile_front(&trial.front, &trial.policy, &error) != TW_OK ||
        tw_request_new(trial.policy, &trial.request) != TW_OK)
        trial.troubles++;
    else
        try_requests(&trial);
    tally->passed += trial.troubles == 0;
    tally->failed += trial.troubles > 0;
    tw_request_free(trial.request);
    tw_policy_free(trial.policy);
    front_free(&trial.front);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000;
    uint64_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct tally tally = {0};
    struct buffer source;
    buffer_init(&source, 1 << 20);
    for (; tally.passed + tally.failed < count && tally.failed < 20; number++) {
        buffer_clear(&source);
        buffer_format(&source, "# policy %llu\n", (unsigned long long)number);
        small_policy_write(number, &source);
        try_policy(&tally, buffer_view(&source), number);
    }
    buffer_free(&source);
    printf("%zu left out, with more than %d requests\n", tally.left_out, MOST_REQUESTS);
    printf("%zu tiers that no request gets, %zu times views were said besides\n", tally.impossible,
           tally.views);
    printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    return tally.failed > 0 || tally.impossible == 0;
}
