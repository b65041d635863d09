/* tests/property/policy_generator.c: random policies, statement by statement. */
#include "policy_draft.h"

#include <stdio.h>
#include <string.h>

#define WRITE(...) buffer_format(draft->out, __VA_ARGS__)

static size_t below(struct draft *draft, size_t limit)
{
    return random_below(&draft->random, limit);
}

static bool chance(struct draft *draft, unsigned percent)
{
    return random_chance(&draft->random, percent);
}

static void write_comment(struct draft *draft)
{
    if (!chance(draft, 5))
        return;
    WRITE("# a remark: when \"this\" -> nothing\n");
    count(draft, FEATURE_COMMENT);
}

static const struct tier_list {
    const char *text;
    const char *tiers[MOST_DRAFT_TIERS];
    const char *alias;
    enum feature feature;
} tier_lists[] = {
    {"", {"auto", "default", "flex", "priority", "scale", "ultrafast"}, "fast", FEATURE_PROVIDER},
    {"provider openai\n", {"auto", "default", "flex", "priority"}, "fast", FEATURE_PROVIDER},
    {"provider gemini\n", {"standard", "flex", "priority"}, "unspecified", FEATURE_PROVIDER},
    {"provider anthropic\n", {"auto", "standard_only"}, NULL, FEATURE_PROVIDER},
    {"tiers {gold}\n", {"gold"}, NULL, FEATURE_OWN_TIERS},
    {"tiers {one, two, three-and-more}\n",
     {"one", "two", "three-and-more"},
     NULL,
     FEATURE_OWN_TIERS},
};

static void write_tiers(struct draft *draft)
{
    const struct tier_list *list =
        &tier_lists[below(draft, sizeof tier_lists / sizeof tier_lists[0])];
    WRITE("%s", list->text);
    if (list->text[0])
        count(draft, list->feature);
    for (size_t i = 0; i < MOST_DRAFT_TIERS && list->tiers[i]; i++)
        draft->tiers[draft->tier_count++] = list->tiers[i];
    draft->tier_alias = list->alias;
}

static struct subject *add_subject(struct draft *draft, enum tw_type type,
                                   enum projection projection)
{
    struct subject *subject = &draft->subjects[draft->subject_count++];
    *subject = (struct subject){.type = type, .projection = projection};
    size_t words = type == TW_TYPE_TIER ? draft->tier_count : 0;
    type_domain(type, projection, words, &subject->low, &subject->high);
    return subject;
}

static void add_builtins(struct draft *draft)
{
    for (size_t i = 0; i < builtin_attribute_count; i++) {
        const struct builtin_attribute *row = &builtin_attributes[i];
        struct subject *subject = add_subject(draft, row->type, row->projection);
        snprintf(subject->name, sizeof subject->name, "%s", row->name);
        subject->can_be_unset = row->unset;
        const char *const *words = builtin_words(row->variable, &subject->word_count);
        if (row->type != TW_TYPE_ENUM)
            subject->word_count = 0;
        for (size_t word = 0; word < subject->word_count; word++)
            snprintf(subject->words[word], sizeof subject->words[word], "%s", words[word]);
        if (subject->word_count)
            subject->high = (int64_t)subject->word_count - 1;
        if (row->type == TW_TYPE_INT)
            subject->low = 0;
        if (row->variable == VARIABLE_SAMPLE)
            subject->high = PERCENT_ALL;
    }
    for (size_t i = 0; i < draft->tier_count; i++) {
        struct subject *subject = add_subject(draft, TW_TYPE_PERCENT, PROJECT_WHOLE);
        snprintf(subject->name, sizeof subject->name, "%s_unavailable", draft->tiers[i]);
        subject->high = PERCENT_ALL;
    }
}

static void write_enum_words(struct draft *draft, struct subject *subject)
{
    subject->word_count = 1 + below(draft, 6);
    WRITE(" {");
    for (size_t i = 0; i < subject->word_count; i++) {
        snprintf(subject->words[i], sizeof subject->words[i], "word-%u", (unsigned)(i % 100));
        WRITE("%s%s", i ? ", " : "", subject->words[i]);
    }
    WRITE("}");
    subject->high = (int64_t)subject->word_count - 1;
}

static void write_source(struct draft *draft, size_t number)
{
    size_t way = below(draft, 3);
    if (way == 0)
        WRITE(" from header \"x-own-%zu\"", number);
    else if (way == 1)
        WRITE(" from body \"/metadata/own~1%zu\"", number);
    if (way < 2)
        count(draft, way == 0 ? FEATURE_FROM_HEADER : FEATURE_FROM_BODY);
    WRITE("\n");
}

static void write_attribute(struct draft *draft, size_t number)
{
    enum tw_type type = (enum tw_type)below(draft, TW_TYPE_NOW);
    struct subject *subject = add_subject(draft, type, PROJECT_WHOLE);
    snprintf(subject->name, sizeof subject->name, "own-%zu", number);
    WRITE("attribute %s : %s", subject->name, type_word(type));
    if (type == TW_TYPE_ENUM)
        write_enum_words(draft, subject);
    subject->can_be_unset = chance(draft, 50);
    draft->counts->declared[type][subject->can_be_unset]++;
    count(draft, subject->can_be_unset ? FEATURE_ATTRIBUTE_UNSET : FEATURE_ATTRIBUTE_DEFAULT);
    if (!subject->can_be_unset) {
        WRITE(" = ");
        uint64_t names = draft->counts->of_feature[FEATURE_USE_CONSTANT];
        write_value(draft, subject);
        if (draft->counts->of_feature[FEATURE_USE_CONSTANT] > names)
            count(draft, FEATURE_USE_DEFAULT);
    }
    write_source(draft, number);
}

static void write_budget(struct draft *draft, size_t number)
{
    static const char *const windows[] = {"day", "week", "month"};
    static const struct {
        const char *suffix;
        enum tw_type type;
        enum projection projection;
    } views[] = {{"spent", TW_TYPE_MONEY, PROJECT_WHOLE},
                 {"left", TW_TYPE_MONEY, PROJECT_LEFT},
                 {"used", TW_TYPE_PERCENT, PROJECT_USED}};
    static const char *const limits[] = {"$1", "$3", "$0.000000000007", "$100", "$9223372"};
    WRITE("budget spend-%zu %s per %s", number, limits[below(draft, 5)], windows[below(draft, 3)]);
    count(draft, FEATURE_BUDGET);
    if (chance(draft, 40)) {
        WRITE(" by user");
        count(draft, FEATURE_BUDGET_BY);
    }
    WRITE("\n");
    for (size_t i = 0; i < 3; i++) {
        struct subject *subject = add_subject(draft, views[i].type, views[i].projection);
        snprintf(subject->name, sizeof subject->name, "spend-%zu.%s", number, views[i].suffix);
        subject->low = 0; /* no literal is under it */
    }
}

static struct let *add_let(struct draft *draft, enum let_kind kind)
{
    struct let *let = &draft->lets[draft->let_count++];
    *let = (struct let){.kind = kind};
    snprintf(let->name, sizeof let->name, "name_%zu", draft->let_count);
    WRITE("let %s = ", let->name);
    return let;
}

static void write_let_constant(struct draft *draft)
{
    enum tw_type type = (enum tw_type)below(draft, TW_TYPE_ENUM);
    struct subject any = {.type = type};
    type_domain(type, PROJECT_WHOLE, draft->tier_count, &any.low, &any.high);
    struct let *let = add_let(draft, LET_CONSTANT);
    let->type = type;
    let->value = type == TW_TYPE_STRING ? 0 : draw_number(draft, &any);
    if (type == TW_TYPE_STRING)
        write_string(draft, false);
    else
        write_number(draft, &any, let->value);
    count(draft, FEATURE_LET_CONSTANT);
    WRITE("\n");
}

static void write_let_alias(struct draft *draft)
{
    enum let_kind kind = (enum let_kind)below(draft, 3);
    const struct let *other = draw_let(draft, kind);
    if (!other)
        return;
    const struct let copy = *other;
    struct let *let = add_let(draft, kind);
    WRITE("%s\n", copy.name);
    let->type = copy.type;
    let->value = copy.value;
    let->subject = copy.subject;
    count(draft, FEATURE_LET_ALIAS);
}

/* The condition is written before the name is known to others: a name must not hold itself. */
static void write_let_condition(struct draft *draft)
{
    add_let(draft, LET_CONDITION);
    draft->let_count--;
    WRITE("(");
    write_condition(draft, 2);
    WRITE(")\n");
    draft->let_count++;
    count(draft, FEATURE_LET_CONDITION);
}

static void write_let_set(struct draft *draft)
{
    size_t subject = below(draft, draft->subject_count);
    struct let *let = add_let(draft, LET_SET);
    let->subject = subject;
    draft->let_count--;
    write_set(draft, &draft->subjects[subject]);
    draft->let_count++;
    count(draft, FEATURE_LET_SET);
    WRITE("\n");
}

static void write_lets(struct draft *draft)
{
    size_t lets = below(draft, 8);
    for (size_t i = 0; i < lets; i++) {
        size_t way = below(draft, 4);
        if (way == 0)
            write_let_set(draft);
        else if (way == 1)
            write_let_condition(draft);
        else if (way == 2)
            write_let_constant(draft);
        else
            write_let_alias(draft);
    }
}

static void write_step_tier(struct draft *draft)
{
    size_t own = draft->subject_count;
    if (chance(draft, 15))
        own = below(draft, draft->subject_count);
    if (own < draft->subject_count && draft->subjects[own].type == TW_TYPE_TIER) {
        WRITE("%s", draft->subjects[own].name);
        count(draft, FEATURE_STEP_ATTRIBUTE);
    } else if (chance(draft, 10)) {
        WRITE("force_tier");
        count(draft, FEATURE_STEP_ATTRIBUTE);
    } else if (draft->tier_alias && chance(draft, 10)) {
        WRITE("%s", draft->tier_alias);
        count(draft, FEATURE_STEP_ALIAS);
    } else {
        WRITE("%s", draft->tiers[below(draft, draft->tier_count)]);
    }
}

static void write_step(struct draft *draft, bool last)
{
    const struct subject timeout = {.type = TW_TYPE_DURATION, .low = 1, .high = LONGEST_TIMEOUT};
    const struct subject retry = {.type = TW_TYPE_INT, .low = 0, .high = MOST_RETRIES};
    write_step_tier(draft);
    if (chance(draft, 30)) {
        WRITE(" timeout ");
        write_value(draft, &timeout);
        count(draft, FEATURE_TIMEOUT);
    }
    if (chance(draft, 30)) {
        WRITE(" retry ");
        write_value(draft, &retry);
        count(draft, FEATURE_RETRY);
    }
    if (last && chance(draft, 20)) {
        WRITE(" strict");
        count(draft, FEATURE_STRICT);
    }
}

static void write_reject(struct draft *draft)
{
    WRITE("reject");
    count(draft, FEATURE_REJECT);
    if (chance(draft, 50))
        return;
    WRITE(" ");
    write_string(draft, false);
    count(draft, FEATURE_REASON);
}

static void write_action(struct draft *draft)
{
    size_t steps = chance(draft, 5) ? TW_MAX_STEPS : 1 + below(draft, 3);
    bool reject = chance(draft, 15);
    if (reject && chance(draft, 40))
        steps = 0;
    for (size_t i = 0; i < steps; i++) {
        write_step(draft, i + 1 == steps && !reject);
        if (i + 1 < steps || reject) {
            WRITE(" else ");
            count(draft, FEATURE_ELSE);
        }
    }
    if (reject)
        write_reject(draft);
    WRITE("\n");
}

static void write_rule(struct draft *draft, size_t number)
{
    write_comment(draft);
    if (chance(draft, 40)) {
        WRITE("rule-%zu: ", number);
        count(draft, FEATURE_LABEL);
    }
    WRITE("when ");
    write_condition(draft, 4);
    WRITE(" -> ");
    write_action(draft);
}

static void write_properties(struct draft *draft)
{
    const char *tier = draft->tiers[below(draft, draft->tier_count)];
    for (int i = 0; i < 2; i++) {
        if (!chance(draft, 30))
            continue;
        WRITE("%s %s when ", i ? "always" : "never", tier);
        count(draft, i ? FEATURE_ALWAYS : FEATURE_NEVER);
        write_condition(draft, 2);
        WRITE("\n");
    }
    if (!chance(draft, 30))
        return;
    WRITE("expect %s when tokens = 5k, now = 2026-03-08T02:30:00-05:00, user = \"ab\"\n", tier);
    count(draft, FEATURE_EXPECT);
}

static void write_head(struct draft *draft)
{
    static const char *const zones[] = {"UTC", "America/New_York", "Asia/Kathmandu"};
    if (chance(draft, 20)) {
        WRITE("edition 1\n");
        count(draft, FEATURE_EDITION);
    }
    write_tiers(draft);
    if (chance(draft, 50)) {
        WRITE("timezone \"%s\"\n", zones[below(draft, 3)]);
        count(draft, FEATURE_TIMEZONE);
    }
}

void policy_generate(uint64_t seed, struct feature_counts *counts, struct buffer *text)
{
    struct draft whole = {.random = {seed}, .counts = counts, .out = text}, *draft = &whole;
    write_head(draft);
    for (size_t i = below(draft, 4); i > 0; i--)
        write_let_constant(draft);
    add_builtins(draft);
    size_t attributes = below(draft, 9), budgets = below(draft, 3), rules = 1 + below(draft, 7);
    for (size_t i = 0; i < attributes; i++)
        write_attribute(draft, i);
    for (size_t i = 0; i < budgets; i++)
        write_budget(draft, i);
    write_lets(draft);
    for (size_t i = 0; i < rules; i++)
        write_rule(draft, i);
    bool otherwise = chance(draft, 60);
    count(draft, otherwise ? FEATURE_OTHERWISE : FEATURE_NO_OTHERWISE);
    if (otherwise) {
        WRITE("otherwise -> ");
        write_action(draft);
    }
    write_properties(draft);
}

static bool print_count(const char *what, uint64_t number)
{
    printf("  %-36s %8llu%s\n", what, (unsigned long long)number, number ? "" : "  MISSING");
    return number > 0;
}

bool features_print(const struct feature_counts *counts)
{
    static const char *const names[] = {
#define FEATURE(name, text) text,
#include "policy_features.def"
#undef FEATURE
    };
    bool all = true;
    char what[64];
    for (int i = 0; i < FEATURE_COUNT; i++)
        all = print_count(names[i], counts->of_feature[i]) && all;
    for (int i = 0; i <= TW_TYPE_NOW; i++) {
        snprintf(what, sizeof what, "test of type %s", type_word((enum tw_type)i));
        all = print_count(what, counts->of_type[i]) && all;
    }
    for (int i = 0; i <= PROJECT_USED; i++) {
        snprintf(what, sizeof what, "test through projection %d", i);
        all = print_count(what, counts->of_projection[i]) && all;
    }
    for (int i = 0; i < TW_TYPE_NOW; i++)
        for (int unset = 0; unset < 2; unset++) {
            snprintf(what, sizeof what, "own %s %s", type_word((enum tw_type)i),
                     unset ? "without default" : "with default");
            all = print_count(what, counts->declared[i][unset]) && all;
        }
    return all;
}
