/* tests/property/policy_conditions.c: random conditions. */
#include "policy_draft.h"

static size_t draw_subject(struct draft *draft)
{
    const struct let *set = random_chance(&draft->random, 15) ? draw_let(draft, LET_SET) : NULL;
    return set ? set->subject : random_below(&draft->random, draft->subject_count);
}

static void write_comparison(struct draft *draft, const struct subject *subject)
{
    static const char *const signs[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};
    size_t sign = random_below(&draft->random, type_ordered(subject->type) ? 6 : 2);
    buffer_format(draft->out, "%s%s", subject->name, signs[sign]);
    count(draft, (enum feature)(FEATURE_EQUAL + (int)sign));
    write_value(draft, subject);
}

static void write_in(struct draft *draft, size_t subject)
{
    bool negated = random_chance(&draft->random, 30);
    buffer_format(draft->out, "%s%s", draft->subjects[subject].name, negated ? " not in " : " in ");
    if (negated)
        count(draft, FEATURE_NOT_IN);
    write_in_values(draft, subject);
}

static void write_like(struct draft *draft, const struct subject *subject)
{
    bool negated = random_chance(&draft->random, 30);
    buffer_format(draft->out, "%s%s", subject->name, negated ? " not like " : " like ");
    count(draft, negated ? FEATURE_NOT_LIKE : FEATURE_LIKE);
    write_string(draft, true);
}

static void write_is_set(struct draft *draft, const struct subject *subject)
{
    bool negated = random_chance(&draft->random, 50);
    buffer_format(draft->out, "%s is %sset", subject->name, negated ? "not " : "");
    count(draft, negated ? FEATURE_IS_NOT_SET : FEATURE_IS_SET);
}

static void write_test(struct draft *draft)
{
    size_t index = draw_subject(draft);
    const struct subject *subject = &draft->subjects[index];
    draft->counts->of_type[subject->type]++;
    draft->counts->of_projection[subject->projection]++;
    if (subject->can_be_unset && random_chance(&draft->random, 25)) {
        write_is_set(draft, subject);
    } else if (subject->type == TW_TYPE_BOOL && random_chance(&draft->random, 50)) {
        buffer_string(draft->out, subject->name);
        count(draft, FEATURE_BOOL_NAME);
    } else if (subject->type == TW_TYPE_STRING && random_chance(&draft->random, 50)) {
        write_like(draft, subject);
    } else if (subject->type == TW_TYPE_NOW || random_chance(&draft->random, 45)) {
        write_in(draft, index);
    } else {
        write_comparison(draft, subject);
    }
}

/* A test, or the name of a condition. */
static void write_leaf(struct draft *draft)
{
    const struct let *let =
        random_chance(&draft->random, 15) ? draw_let(draft, LET_CONDITION) : NULL;
    if (!let) {
        write_test(draft);
        return;
    }
    buffer_string(draft->out, let->name);
    count(draft, FEATURE_USE_CONDITION);
}

static void write_parentheses(struct draft *draft, int depth)
{
    buffer_byte(draft->out, '(');
    write_condition(draft, depth);
    buffer_byte(draft->out, ')');
    count(draft, FEATURE_PARENTHESES);
}

static void write_joined(struct draft *draft, const char *word, int depth)
{
    size_t parts = 2 + random_below(&draft->random, 2);
    for (size_t i = 0; i < parts; i++) {
        buffer_string(draft->out, i ? word : "");
        write_condition(draft, depth);
    }
}

void write_condition(struct draft *draft, int depth)
{
    size_t way = depth > 0 ? random_below(&draft->random, 10) : 9;
    if (way < 2) {
        count(draft, FEATURE_AND);
        write_joined(draft, " and ", depth - 1);
    } else if (way < 4) {
        count(draft, FEATURE_OR);
        write_joined(draft, " or ", depth - 1);
    } else if (way < 6) {
        count(draft, FEATURE_NOT);
        buffer_string(draft->out, "not ");
        write_parentheses(draft, depth - 1);
    } else if (way < 7) {
        count(draft, FEATURE_NOT);
        buffer_string(draft->out, "not ");
        write_leaf(draft);
    } else if (way < 8) {
        write_parentheses(draft, depth - 1);
    } else {
        write_leaf(draft);
    }
}
