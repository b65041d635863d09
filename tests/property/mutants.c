/* tests/property/mutants.c [count] [first]: `diff` against brute force, on slightly changed
 * policies.
 *
 * Of a random small policy one thing is changed: a digit, a comparison, `and` for `or`, a rule left
 * out, or two rules in the other order. The comparison has to report a difference exactly when the
 * reference evaluator gives some request another action, all requests tried. */
#include "random.h"
#include "request_space.h"
#include "small_policy.h"

#include "author/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ARGUMENTS(text) (int)(text).length, (text).data

enum mutation { CHANGE_DIGIT, CHANGE_WORD, LEAVE_OUT, EXCHANGE, MUTATIONS };

enum { MOST_RULES = 64, MOST_PLACES = 256 };

struct tally {
    size_t passed, failed, equal, left_out;
};

/* The lines of a policy that are rules. */
struct lines {
    struct text all;
    struct text rules[MOST_RULES]; /* with their line ends */
    size_t count;
};

static struct text text_between(const char *from, const char *to)
{
    return (struct text){from, (size_t)(to - from)};
}

static const char *find_in(struct text line, const char *wanted)
{
    return memmem(line.data, line.length, wanted, strlen(wanted));
}

static void split(struct lines *lines, struct text all)
{
    *lines = (struct lines){.all = all};
    for (const char *at = all.data, *end = all.data + all.length; at < end;) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        struct text line = text_between(at, next ? next + 1 : end);
        if (find_in(line, "when ") && find_in(line, "->") && lines->count < MOST_RULES)
            lines->rules[lines->count++] = line;
        at = line.data + line.length;
    }
}

/* The text with one stretch of it replaced. */
static void replace(struct buffer *out, struct text all, struct text old, struct text new)
{
    buffer_text(out, text_between(all.data, old.data));
    buffer_text(out, new);
    buffer_text(out, text_between(old.data + old.length, all.data + all.length));
}

/* What may stand for what. */
static const char *const words[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};

/* The last digit of a number: the requests that are tried have values close to one another. */
static bool is_last_digit(struct text rest)
{
    return rest.data[0] >= '0' && rest.data[0] <= '9' && rest.length > 1 && rest.data[1] != '.' &&
           rest.data[1] != '-' && (rest.data[1] < '0' || rest.data[1] > '9');
}

static size_t find_places(struct text condition, struct text *places, bool digits)
{
    size_t count = 0;
    for (size_t i = 0; i < condition.length && count < MOST_PLACES; i++) {
        struct text rest = {condition.data + i, condition.length - i};
        if (digits && is_last_digit(rest))
            places[count++] = (struct text){rest.data, 1};
        if (!digits && rest.length > 5 && memcmp(rest.data, " and ", 5) == 0)
            places[count++] = (struct text){rest.data, 5};
        for (size_t k = 0; !digits && k < sizeof words / sizeof *words; k++)
            if (rest.length > strlen(words[k]) && !memcmp(rest.data, words[k], strlen(words[k])))
                places[count++] = (struct text){rest.data, strlen(words[k])};
    }
    return count;
}

/* Writes the rule's line with one place changed; false where it has no such place. */
static bool change_line(struct random *random, struct text line, bool digits, struct buffer *out)
{
    static const char *const numbers[] = {"0", "1", "2", "3", "4"};
    struct text places[MOST_PLACES];
    const char *start = find_in(line, "when ");
    size_t count = find_places(text_between(start, find_in(line, "->")), places, digits);
    if (count == 0)
        return false;
    struct text place = places[random_below(random, count)];
    const char *new = digits                 ? numbers[random_below(random, 5)]
                      : place.data[1] == 'a' ? " or "
                                             : words[random_below(random, 6)];
    replace(out, line, place, (struct text){new, strlen(new)});
    return true;
}

/* Writes the mutant, and a policy that has every test of both. */
static bool mutate(struct random *random, const struct lines *lines, struct buffer *mutant,
                   struct buffer *both)
{
    enum mutation mutation = (enum mutation)random_below(random, MUTATIONS);
    size_t index = random_below(random, lines->count);
    struct text line = lines->rules[index];
    struct buffer changed;
    bool good = true;
    buffer_init(&changed, 1 << 20);
    if (mutation == EXCHANGE) {
        good = index + 1 < lines->count;
        buffer_text(&changed, good ? lines->rules[index + 1] : line);
        buffer_text(&changed, line);
        struct text two = {line.data, changed.length};
        if (good)
            replace(mutant, lines->all, two, buffer_view(&changed));
        buffer_text(both, lines->all);
    } else if (mutation == LEAVE_OUT) {
        replace(mutant, lines->all, line, TEXT(""));
        buffer_text(both, lines->all);
    } else {
        good = change_line(random, line, mutation == CHANGE_DIGIT, &changed);
        struct text behind = {line.data + line.length, 0}, view = buffer_view(&changed);
        if (good) {
            replace(mutant, lines->all, line, view);
            const char *when = find_in(view, "when ");
            replace(both, lines->all, behind, text_between(when, view.data + view.length));
        }
    }
    buffer_free(&changed);
    return good;
}

/* What a request gets, with the tiers of attributes put in. */
static void write_decision(const struct policy_tree *policy, const struct valuation *valuation,
                           struct buffer *out)
{
    size_t rule = reference_decide(policy, valuation);
    const struct statement *decided =
        rule < policy->rule_count ? policy->rules[rule] : policy->otherwise;
    if (!decided)
        buffer_string(out, "0 -1 0;");
    for (const struct step *step = decided ? decided->action->steps : NULL; step;
         step = step->next) {
        int64_t tier =
            step->attribute ? valuation->values[step->attribute->variable] : step->tier_index;
        buffer_format(out, "%lld %lld %u;", (long long)(tier == VALUE_UNSET ? 0 : tier),
                      (long long)step->timeout_milliseconds, step->retry_count);
    }
    if (decided && decided->action->reject)
        buffer_format(out, "reject %.*s", TEXT_ARGUMENTS(decided->action->reason));
}

/* Does some request get another action? */
static bool differ(const struct policy_tree *old, const struct policy_tree *new,
                   struct space *space)
{
    bool found = false;
    struct buffer decisions[2];
    buffer_init(&decisions[0], 1 << 16);
    buffer_init(&decisions[1], 1 << 16);
    for (size_t i = 0; i < space->count && !found; i++) {
        struct valuation valuation = space_request(space, i);
        buffer_clear(&decisions[0]);
        buffer_clear(&decisions[1]);
        write_decision(old, &valuation, &decisions[0]);
        write_decision(new, &valuation, &decisions[1]);
        found = !text_equal(buffer_view(&decisions[0]), buffer_view(&decisions[1]));
    }
    buffer_free(&decisions[0]);
    buffer_free(&decisions[1]);
    return found;
}

static bool read(struct front *front, const struct buffer *text)
{
    return front_read(front, TEXT("mutant.tier"), buffer_view(text), &read_from_disk) == TW_OK &&
           front->findings.error_count == 0;
}

static void compare(struct tally *tally, struct front *old, struct front *new, struct front *both,
                    const struct buffer *texts)
{
    struct space space;
    struct comparison_result result;
    struct tw_error error;
    if (!space_make(&space, &both->policy)) {
        tally->left_out++;
        return;
    }
    /* The comparison renumbers variables, so the requests are tried first. */
    bool expected = differ(&old->policy, &new->policy, &space);
    enum tw_status status = diff_policies(old, new, &result, &error);
    bool good = status == TW_OK && (result.count > 0) == expected;
    tally->passed += good;
    tally->failed += !good;
    tally->equal += !expected;
    if (!good)
        printf("%.*s\n-- and --\n%.*s\n%s by trying, %s\n", TEXT_ARGUMENTS(buffer_view(&texts[0])),
               TEXT_ARGUMENTS(buffer_view(&texts[1])), expected ? "differ" : "are equal",
               status ? error.message : "not by diff");
}

static void try_mutant(struct tally *tally, uint64_t number)
{
    struct random random = {number};
    struct buffer texts[3];
    struct front fronts[3] = {0};
    struct lines lines;
    for (int i = 0; i < 3; i++)
        buffer_init(&texts[i], 1 << 20);
    small_policy_write(number, &texts[0]);
    split(&lines, buffer_view(&texts[0]));
    if (lines.count == 0 || !mutate(&random, &lines, &texts[1], &texts[2])) {
        tally->left_out++;
    } else {
        bool good = true;
        for (int i = 0; i < 3; i++)
            good &= read(&fronts[i], &texts[i]);
        if (good)
            compare(tally, &fronts[0], &fronts[1], &fronts[2], texts);
        else
            tally->left_out++;
        for (int i = 0; i < 3; i++)
            front_free(&fronts[i]);
    }
    for (int i = 0; i < 3; i++)
        buffer_free(&texts[i]);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000;
    uint64_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct tally tally = {0};
    for (; tally.passed + tally.failed < count && tally.failed < 20; number++)
        try_mutant(&tally, number);
    printf("%zu mutants decide as before, %zu were no policies or too large\n", tally.equal,
           tally.left_out);
    printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    return tally.failed > 0 || tally.equal == 0 || tally.equal == tally.passed;
}
