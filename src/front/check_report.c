/* front/check_report.c: the words for names, words and types that do not fit, with their mend.
 *
 * Reads the checked part of the policy to find what was most likely meant; changes nothing. */
#include "front/check_report.h"

#include "base/clock.h"

#include <string.h>

const char *type_phrase(enum tw_type type)
{
    static const char *const phrases[] = {
        [TW_TYPE_BOOL] = "true or false",
        [TW_TYPE_INT] = "a number",
        [TW_TYPE_PERCENT] = "a percentage",
        [TW_TYPE_MONEY] = "money",
        [TW_TYPE_DURATION] = "a duration",
        [TW_TYPE_TIME] = "a time of day",
        [TW_TYPE_WEEKDAY] = "a day of the week",
        [TW_TYPE_DATE] = "a date",
        [TW_TYPE_STRING] = "text in quotes",
        [TW_TYPE_TIER] = "a tier",
        [TW_TYPE_ENUM] = "a word",
        [TW_TYPE_NOW] = "an instant",
    };
    return phrases[type];
}

/* A plain number where a unit is needed. */
static bool help_number(struct findings *findings, struct finding *finding,
                        const struct attribute *attribute, const struct value *value)
{
    long long number = (long long)value->number;
    if (attribute->type == TW_TYPE_PERCENT)
        finding_help(findings, finding, "write `%lld%%`", number);
    else if (attribute->type == TW_TYPE_MONEY)
        finding_help(findings, finding, "write `$%lld`", number);
    else if (attribute->type == TW_TYPE_DURATION)
        finding_help(findings, finding, "name a unit: `%llds`, `%lldm` or `%lldh`", number, number,
                     number);
    else if (attribute->type == TW_TYPE_TIME && number >= 0 && number <= 24)
        finding_help(findings, finding, "write `%02lld:00`, or test `hour`", number);
    else if (attribute->type == TW_TYPE_BOOL && (number == 0 || number == 1))
        finding_help(findings, finding, "write `%s`", number ? "true" : "false");
    else
        return false;
    return true;
}

/* Text in quotes where something else is needed that it would be without them. */
static bool help_quoted(struct findings *findings, struct finding *finding,
                        const struct attribute *attribute, const struct value *value)
{
    int64_t number;
    bool is_word = attribute->words != NULL || attribute->type == TW_TYPE_WEEKDAY;
    bool is_value = attribute->type != TW_TYPE_NOW && !attribute->words &&
                    value_parse(attribute->type, value->text, &number, NULL) == TW_OK;
    if (!is_word && !is_value)
        return false;
    finding_help(findings, finding, "write `%.*s` without quotes", TEXT_ARGUMENTS(value->text));
    return true;
}

static void help_type(struct findings *findings, struct finding *finding,
                      const struct attribute *attribute, const struct value *value)
{
    static const char *const examples[] = {
        [TW_TYPE_BOOL] = "write `true` or `false`",
        [TW_TYPE_INT] = "write a number without a unit",
        [TW_TYPE_PERCENT] = "write it like `90%`",
        [TW_TYPE_MONEY] = "write it like `$0.05`",
        [TW_TYPE_DURATION] = "write it like `15m`",
        [TW_TYPE_TIME] = "write it like `22:00`",
        [TW_TYPE_WEEKDAY] = "days are mon, tue, wed, thu, fri, sat and sun",
        [TW_TYPE_DATE] = "write it like `2026-12-25`",
        [TW_TYPE_STRING] = "write it like `\"text\"`",
        [TW_TYPE_TIER] = "write a tier's name",
        [TW_TYPE_ENUM] = "write one of its words",
        [TW_TYPE_NOW] = "write it like `now in mon..fri 22:00..06:00`",
    };
    if (attribute->projection == PROJECT_HOUR && value->type == TW_TYPE_TIME)
        finding_help(findings, finding, "test `time` instead of `hour`");
    else if (attribute->type == TW_TYPE_NOW && value->type == TW_TYPE_DATE)
        finding_help(findings, finding, "test `date` instead of `now`");
    else if (!(value->type == TW_TYPE_INT && help_number(findings, finding, attribute, value)) &&
             !(value->type == TW_TYPE_STRING && help_quoted(findings, finding, attribute, value)))
        finding_help(findings, finding, "%s", examples[attribute->type]);
}

bool report_type(struct policy_tree *policy, const struct attribute *attribute,
                 const struct value *value)
{
    struct text written = span_text(policy->sources, value->span);
    struct finding *finding = finding_add(
        policy->findings, FINDING_WRONG_TYPE, value->span, "`%.*s` is %s, and `%.*s` is %s",
        TEXT_ARGUMENTS(attribute->name),
        attribute->type == TW_TYPE_NOW ? "a moment of the week" : type_phrase(attribute->type),
        TEXT_ARGUMENTS(written), type_phrase(value->type));
    help_type(policy->findings, finding, attribute, value);
    return false;
}

/* A suggestion is worth a while, not a minute: of very many names only the first are compared, and
 * behind many mistakes no more of them. */
enum { MOST_OFFERED = 10000, MANY_MISTAKES = 50 };

static void offer_lets(const struct policy_tree *policy, struct nearest *nearest)
{
    int count = policy->findings->count < MANY_MISTAKES ? 0 : MOST_OFFERED;
    for (const struct statement *at = policy->statements; at && count < MOST_OFFERED; at = at->next)
        if (at->kind == STATEMENT_LET) {
            nearest_offer(nearest, at->name->text);
            count++;
        }
}

static void offer_words(const struct policy_tree *policy, const struct attribute *attribute,
                        struct nearest *nearest)
{
    for (size_t i = 0; i < attribute->word_count; i++)
        nearest_offer(nearest, attribute->words[i]);
    if (attribute->type == TW_TYPE_WEEKDAY)
        for (int i = 0; i < 7; i++)
            nearest_offer(nearest, text_of(weekday_words[i]));
    offer_lets(policy, nearest);
}

static struct text list_words(const struct policy_tree *policy, const struct attribute *attribute)
{
    struct text list = {"", 0};
    for (size_t i = 0; i < attribute->word_count && i < 12; i++)
        list = arena_format(policy->arena, "%.*s%s%.*s", TEXT_ARGUMENTS(list), i ? ", " : "",
                            TEXT_ARGUMENTS(attribute->words[i]));
    return list;
}

/* monday, Mon, TUESDAY: its first three letters name the day. */
static struct text near_weekday(const struct attribute *attribute, struct text word)
{
    for (int day = 0; attribute->type == TW_TYPE_WEEKDAY && day < 7; day++) {
        int same = 0;
        while (same < 3 && (size_t)same < word.length &&
               (word.data[same] | 0x20) == weekday_words[day][same])
            same++;
        if (same == 3)
            return text_of(weekday_words[day]);
    }
    return (struct text){"", 0};
}

/* null, None: what is not there has no value, and a test of its own. */
static bool means_nothing(struct text word)
{
    static const char *const words[] = {"null",      "None", "nil", "unset",
                                        "undefined", "NULL", "none"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_is(word, words[i]))
            return true;
    return false;
}

static void help_word(struct policy_tree *policy, struct finding *finding,
                      const struct attribute *attribute, const struct value *value)
{
    struct findings *findings = policy->findings;
    struct text near = near_weekday(attribute, value->text);
    struct nearest nearest;
    if (!finding)
        return;
    nearest_init(&nearest, value->text);
    offer_words(policy, attribute, &nearest);
    if (near.length == 0)
        near = nearest.best;
    if (near.length)
        finding_help(findings, finding, "did you mean `%.*s`?", TEXT_ARGUMENTS(near));
    else if (means_nothing(value->text) && attribute_can_be_unset(policy, attribute))
        finding_help(findings, finding, "write `%.*s is not set`", TEXT_ARGUMENTS(attribute->name));
    else if (attribute->words)
        finding_help(findings, finding, "its words are %.*s",
                     TEXT_ARGUMENTS(list_words(policy, attribute)));
    else if (attribute->type == TW_TYPE_STRING)
        finding_help(findings, finding, "write \"%.*s\" in double quotes",
                     TEXT_ARGUMENTS(value->text));
    else
        help_type(findings, finding, attribute, value);
}

bool report_word(struct policy_tree *policy, const struct attribute *attribute,
                 const struct value *value)
{
    struct findings *findings = policy->findings;
    struct finding *finding;
    if (is_given_up(policy, value->text))
        return false;
    if (map_get(&policy->attribute_names, value->text)) {
        finding = finding_add(findings, FINDING_TWO_ATTRIBUTES, value->span,
                              "`%.*s` is an attribute, and two attributes cannot be compared",
                              TEXT_ARGUMENTS(value->text));
        finding_help(findings, finding, "compare `%.*s` with a constant",
                     TEXT_ARGUMENTS(attribute->name));
        return false;
    }
    if (attribute->words || attribute->type == TW_TYPE_WEEKDAY)
        finding = finding_add(findings, FINDING_UNKNOWN_WORD, value->span, "`%.*s` is never `%.*s`",
                              TEXT_ARGUMENTS(attribute->name), TEXT_ARGUMENTS(value->text));
    else
        finding = finding_add(findings, FINDING_UNKNOWN_NAME, value->span,
                              "nothing is called `%.*s`", TEXT_ARGUMENTS(value->text));
    help_word(policy, finding, attribute, value);
    return false;
}

static const struct budget *find_budget(const struct policy_tree *policy, struct text name)
{
    for (size_t i = 0; i < policy->budget_count; i++)
        if (text_equal(policy->budgets[i]->name, name))
            return policy->budgets[i];
    return NULL;
}

/* "daily" of "daily.used" */
static struct text before_dot(struct text name)
{
    const char *dot = memchr(name.data, '.', name.length);
    return (struct text){name.data, dot ? (size_t)(dot - name.data) : name.length};
}

static void help_unknown(struct policy_tree *policy, struct finding *finding, struct text name,
                         struct text near)
{
    struct text budget = before_dot(name);
    if (near.length)
        finding_help(policy->findings, finding, "did you mean `%.*s`?", TEXT_ARGUMENTS(near));
    else if (find_budget(policy, budget))
        finding_help(policy->findings, finding,
                     "a budget is read as `%.*s.spent`, `%.*s.left` or `%.*s.used`",
                     TEXT_ARGUMENTS(budget), TEXT_ARGUMENTS(budget), TEXT_ARGUMENTS(budget));
    else if (budget.length < name.length)
        finding_help(policy->findings, finding, "declare the budget: `budget %.*s $100 per day`",
                     TEXT_ARGUMENTS(budget));
    else
        finding_help(policy->findings, finding, "declare your own with `attribute %.*s: TYPE`",
                     TEXT_ARGUMENTS(name));
}

void report_unknown(struct policy_tree *policy, const struct name *name, bool with_lets)
{
    struct nearest nearest;
    if (is_given_up(policy, before_dot(name->text)) ||
        finding_dropped(policy->findings, FINDING_UNKNOWN_NAME, name->span))
        return;
    nearest_init(&nearest, name->text);
    for (size_t i = 0; i < policy->attribute_count; i++)
        nearest_offer(&nearest, policy->attributes[i]->name);
    if (with_lets)
        offer_lets(policy, &nearest);
    struct finding *finding =
        finding_add(policy->findings, FINDING_UNKNOWN_NAME, name->span,
                    "there is no attribute `%.*s`", TEXT_ARGUMENTS(name->text));
    help_unknown(policy, finding, name->text, nearest.best);
}

void report_operator(struct policy_tree *policy, const struct condition *condition,
                     const char *operators)
{
    const struct attribute *attribute = condition->attribute;
    bool sign = condition->operator_span.end != 0;
    struct text written =
        sign ? span_text(policy->sources, condition->operator_span) : TEXT("like");
    struct finding *finding = finding_add(
        policy->findings, FINDING_WRONG_OPERATOR, sign ? condition->operator_span : condition->span,
        "`%.*s` is %s, which has no `%.*s`", TEXT_ARGUMENTS(attribute->name),
        attribute->type == TW_TYPE_NOW ? "a moment of the week" : type_phrase(attribute->type),
        TEXT_ARGUMENTS(written));
    finding_help(policy->findings, finding, "use %s", operators);
}

bool report_several(struct policy_tree *policy, const struct value *value)
{
    struct finding *finding =
        value->kind == VALUE_WORD
            ? finding_add(policy->findings, FINDING_WRONG_OPERATOR, value->span,
                          "`%.*s` stands for several values, and one is needed here",
                          TEXT_ARGUMENTS(value->text))
            : finding_add(policy->findings, FINDING_WRONG_OPERATOR, value->span,
                          "several values stand here, and one is needed");
    finding_help(policy->findings, finding, "use `in` to test for several values");
    return false;
}
