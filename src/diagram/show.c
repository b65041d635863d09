/* diagram/show.c: the checked policy as text.
 *
 * Reads the tree and writes into the caller's buffer. Conditions become formulas in the compile's
 * arena, which is all that can fail. */
#include "diagram/show.h"

#include "diagram/formula.h"

struct listing {
    const struct policy_tree *policy;
    struct buffer *out;
};

/* The attribute through which a variable's values have words; NULL where they have none. */
static const struct attribute *words_of(const struct policy_tree *policy, uint32_t variable)
{
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (policy->attributes[i]->variable == variable && policy->attributes[i]->word_count)
            return policy->attributes[i];
    return NULL;
}

static void write_value(struct listing *listing, uint32_t variable, int64_t value)
{
    const struct attribute *words = words_of(listing->policy, variable);
    enum tw_type type = listing->policy->variables[variable].type;
    if (words && value >= 0 && (size_t)value < words->word_count) {
        buffer_text(listing->out, words->words[value]);
    } else if (type == TW_TYPE_NOW) {
        buffer_format(listing->out, "%s ", weekday_words[value / SECONDS_PER_DAY % 7]);
        value_print(listing->out, TW_TYPE_TIME, value % SECONDS_PER_DAY);
    } else {
        value_print(listing->out, type, value);
    }
}

static void write_interval(struct listing *listing, uint32_t variable, struct interval interval)
{
    if (interval.low <= -INT64_MAX && interval.high == INT64_MAX) {
        buffer_string(listing->out, "any");
        return;
    }
    if (interval.low <= -INT64_MAX) {
        write_value(listing, variable, interval.high);
        buffer_string(listing->out, " or less");
        return;
    }
    write_value(listing, variable, interval.low);
    if (interval.high == INT64_MAX) {
        buffer_string(listing->out, " or more");
    } else if (interval.high != interval.low) {
        buffer_string(listing->out, "..");
        write_value(listing, variable, interval.high);
    }
}

void show_interval(const struct policy_tree *policy, uint32_t variable, struct interval interval,
                   struct buffer *out)
{
    struct listing listing = {policy, out};
    write_interval(&listing, variable, interval);
}

static void write_set(struct listing *listing, const struct formula *test)
{
    buffer_string(listing->out, " in {");
    for (size_t i = 0; i < test->set.count; i++) {
        buffer_string(listing->out, i ? ", " : "");
        write_interval(listing, test->variable, test->set.items[i]);
    }
    buffer_byte(listing->out, '}');
}

static void write_texts(struct listing *listing, const struct formula *test)
{
    buffer_string(listing->out, test->negated ? " is set and not" : "");
    buffer_string(listing->out, test->kind == FORMULA_LIKE ? " like" : " in {");
    for (size_t i = 0; i < test->text_count; i++)
        buffer_format(listing->out, "%s\"%.*s\"",
                      i                            ? ", "
                      : test->kind == FORMULA_LIKE ? " "
                                                   : "",
                      TEXT_ARGUMENTS(test->texts[i]));
    buffer_string(listing->out, test->kind == FORMULA_LIKE ? "" : "}");
}

/* Recursion is as deep as the formula, which the parser bounds. */
static void write_formula(struct listing *listing, const struct formula *formula, size_t depth)
{
    buffer_repeat(listing->out, ' ', depth * 2);
    switch (formula->kind) {
    case FORMULA_AND:
    case FORMULA_OR:
        buffer_string(listing->out, formula->kind == FORMULA_AND ? "and\n" : "or\n");
        for (const struct formula *part = formula_parts(formula); part; part = part->next)
            write_formula(listing, part, depth + 1);
        return;
    case FORMULA_RANGES:
    case FORMULA_TEXTS:
    case FORMULA_LIKE:
    case FORMULA_IS_SET:
        break;
    }
    buffer_text(listing->out, listing->policy->variables[formula->variable].name);
    if (formula->kind == FORMULA_RANGES)
        write_set(listing, formula);
    else if (formula->kind == FORMULA_IS_SET)
        buffer_string(listing->out, formula->negated ? " is not set" : " is set");
    else
        write_texts(listing, formula);
    buffer_byte(listing->out, '\n');
}

static enum tw_status write_condition(struct listing *listing, const struct condition *condition)
{
    const struct formula *formula = formula_of_condition(listing->policy, condition);
    if (!formula)
        return TW_NO_MEMORY;
    write_formula(listing, formula, 2);
    return TW_OK;
}

static const char *const source_phrases[] = {
    [TW_FROM_CALLER] = "caller", [TW_FROM_HEADER] = "header", [TW_FROM_BODY] = "body",
    [TW_FROM_CLOCK] = "clock",   [TW_FROM_BUDGET] = "budget", [TW_FROM_HEALTH] = "health",
};

static void write_attributes(struct listing *listing)
{
    const struct policy_tree *policy = listing->policy;
    buffer_string(listing->out, "attributes that are read\n");
    for (size_t i = 0; i < policy->attribute_count; i++) {
        const struct attribute *attribute = policy->attributes[i];
        if (!attribute->used)
            continue;
        buffer_format(listing->out, "  %.*s: %s, variable %.*s, from %s%s%.*s\n",
                      TEXT_ARGUMENTS(attribute->name), type_word(attribute->type),
                      TEXT_ARGUMENTS(policy->variables[attribute->variable].name),
                      source_phrases[attribute->from], attribute->source.length ? " " : "",
                      TEXT_ARGUMENTS(attribute->source));
    }
}

static bool variable_is_read(const struct policy_tree *policy, uint32_t variable)
{
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (policy->attributes[i]->used && policy->attributes[i]->variable == variable)
            return true;
    return false;
}

static void write_variable(struct listing *listing, uint32_t number)
{
    const struct variable *variable = &listing->policy->variables[number];
    buffer_format(listing->out, "  %.*s: %s", TEXT_ARGUMENTS(variable->name),
                  type_word(variable->type));
    if (variable->type != TW_TYPE_STRING) {
        buffer_string(listing->out, ", ");
        write_interval(listing, number, (struct interval){variable->low, variable->high});
    }
    if (variable->can_be_unset) {
        buffer_string(listing->out, ", can be unset\n");
        return;
    }
    buffer_string(listing->out, ", at first ");
    if (variable->type == TW_TYPE_STRING)
        buffer_format(listing->out, "\"%.*s\"", TEXT_ARGUMENTS(variable->initial_text));
    else
        write_value(listing, number, variable->initial);
    buffer_byte(listing->out, '\n');
}

static void write_variables(struct listing *listing)
{
    buffer_string(listing->out, "variables\n");
    for (uint32_t i = 0; i < listing->policy->variable_count; i++)
        if (variable_is_read(listing->policy, i))
            write_variable(listing, i);
}

static void write_budgets(struct listing *listing)
{
    const struct policy_tree *policy = listing->policy;
    buffer_string(listing->out, policy->budget_count ? "budgets\n" : "");
    for (size_t i = 0; i < policy->budget_count; i++) {
        const struct budget *budget = policy->budgets[i];
        buffer_format(listing->out, "  %.*s: ", TEXT_ARGUMENTS(budget->name));
        value_print(listing->out, TW_TYPE_MONEY, budget->limit);
        buffer_format(listing->out, " per %.*s", TEXT_ARGUMENTS(budget->window));
        if (budget->by)
            buffer_format(listing->out, " by %.*s", TEXT_ARGUMENTS(budget->by->name));
        buffer_byte(listing->out, '\n');
    }
}

/* A `let` that names a value is shown as written: what it is depends on where it is used. */
static enum tw_status write_let(struct listing *listing, const struct statement *let)
{
    const struct condition *condition = let->condition;
    bool is_value = !condition || (condition->kind == CONDITION_NAME && !condition->attribute &&
                                   !condition->named);
    struct text written =
        span_text(listing->policy->sources, condition ? condition->span : let->value->span);
    if (is_value) {
        buffer_format(listing->out, "  let %.*s = %.*s\n", TEXT_ARGUMENTS(let->name->text),
                      TEXT_ARGUMENTS(written));
        return TW_OK;
    }
    buffer_format(listing->out, "  let %.*s\n", TEXT_ARGUMENTS(let->name->text));
    return write_condition(listing, condition);
}

static const char *title_of(const struct statement *statement)
{
    return statement->kind == STATEMENT_RULE    ? "rule"
           : statement->kind == STATEMENT_NEVER ? "never"
                                                : "always";
}

static enum tw_status write_statement(struct listing *listing, const struct statement *statement)
{
    const struct name *name = statement->tier ? statement->tier : statement->name;
    struct text label = name ? name->text : TEXT("");
    if (statement->kind == STATEMENT_LET)
        return write_let(listing, statement);
    if (!statement->condition)
        return TW_OK;
    struct place place =
        source_place(listing->policy->sources, statement->span.source, statement->span.start);
    buffer_format(listing->out, "  %s%s%.*s, line %u\n", title_of(statement), name ? " " : "",
                  TEXT_ARGUMENTS(label), place.line);
    return write_condition(listing, statement->condition);
}

enum tw_status show_check(struct front *front, struct buffer *out)
{
    const struct policy_tree *policy = &front->policy;
    struct listing listing = {policy, out};
    enum tw_status status = TW_OK;
    buffer_format(out, "tiers of %s\n ", policy->provider ? policy->provider->name : "its own");
    for (size_t i = 0; i < policy->tier_count; i++)
        buffer_format(out, " %.*s", TEXT_ARGUMENTS(policy->tiers[i]));
    buffer_format(out, "\ntime zone\n  %.*s\n", TEXT_ARGUMENTS(policy->timezone));
    write_attributes(&listing);
    write_variables(&listing);
    write_budgets(&listing);
    buffer_string(out, "conditions\n");
    for (const struct statement *at = front->statements; at && !status; at = at->next)
        status = write_statement(&listing, at);
    return status ? status : out->status;
}
