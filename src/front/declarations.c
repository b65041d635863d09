/* front/declarations.c: what a policy declares: provider, tiers, zone, attributes, budgets, names.
 *
 * First pass of the check, over all statements, so that a name may be used above its definition.
 * Order of the work: the tiers come first, since attributes of type tier need their words. */
#include "front/check.h"

#include "base/clock.h"
#include "base/zone_names.h"

#include <string.h>

static bool push(struct arena *arena, void *array, size_t *count, size_t *capacity, void *element)
{
    void **items;
    memcpy(&items, array, sizeof items);
    items = arena_grow(arena, items, *count, capacity, sizeof *items);
    if (!items)
        return false;
    memcpy(array, &items, sizeof items);
    items[(*count)++] = element;
    return true;
}

static void report_again(struct policy_tree *policy, struct span span, struct span before,
                         const char *what)
{
    struct finding *finding = finding_add(policy->findings, FINDING_DUPLICATE, span,
                                          "%s stands here a second time", what);
    finding_help(policy->findings, finding, "leave one of the two out");
    finding_relate(policy->findings, finding, before, "it stands here first");
}

static void report_name_again(struct policy_tree *policy, const struct name *name,
                              struct span before)
{
    struct finding *finding = finding_add(policy->findings, FINDING_DUPLICATE, name->span,
                                          "`%.*s` is defined twice", TEXT_ARGUMENTS(name->text));
    finding_help(policy->findings, finding, "take another name");
    finding_relate(policy->findings, finding, before, "it is defined here first");
}

bool is_given_up(const struct policy_tree *policy, struct text name)
{
    return map_get(&policy->given_up, name) != NULL;
}

static enum tw_status give_up(struct policy_tree *policy, struct name *name)
{
    return !name || map_set(&policy->given_up, name->text, name) ? TW_OK : TW_NO_MEMORY;
}

static void check_edition(struct policy_tree *policy, struct statement *statement)
{
    const struct value *value = statement->value;
    const struct source *source = policy->sources->items[statement->span.source];
    bool first_of_file = source->first_token == statement->span.start;
    if (value->kind == VALUE_BAD)
        return;
    if (value->kind != VALUE_LITERAL || value->type != TW_TYPE_INT || value->number < 1)
        finding_add(policy->findings, FINDING_WRONG_TYPE, value->span,
                    "an edition is a whole number, for example `edition 1`");
    else if (value->number > TW_EDITION)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_NEWER_EDITION, value->span,
                                 "this file is written in edition %lld of the language; this "
                                 "tierway knows editions up to %d",
                                 (long long)value->number, TW_EDITION),
                     "use a newer tierway for it");
    if (!first_of_file)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_MISPLACED, statement->span,
                                 "`edition` is the first statement of its file"),
                     "move it to the top");
}

static void report_provider(struct policy_tree *policy, const struct name *name)
{
    struct nearest nearest;
    nearest_init(&nearest, name->text);
    for (size_t i = 0; i < provider_count; i++)
        nearest_offer(&nearest, text_of(providers[i].name));
    struct finding *finding =
        finding_add(policy->findings, FINDING_UNKNOWN_PROVIDER, name->span,
                    "no provider is called `%.*s`", TEXT_ARGUMENTS(name->text));
    if (nearest.best.length)
        finding_help(policy->findings, finding, "did you mean `%.*s`?",
                     TEXT_ARGUMENTS(nearest.best));
    else
        finding_help(policy->findings, finding,
                     "list the tiers yourself: `tiers {first, second}`; the first is the default");
}

static void use_provider(struct policy_tree *policy, const struct provider *provider)
{
    const char *rest = provider->tiers;
    policy->provider = provider;
    policy->tier_count = 0;
    for (struct text tier = list_next(&rest); tier.length; tier = list_next(&rest))
        policy->tiers[policy->tier_count++] = tier;
}

static void declare_provider(struct policy_tree *policy, struct statement *statement)
{
    const struct provider *provider = provider_find(statement->name->text);
    policy->tiers_unknown = !provider;
    if (provider)
        use_provider(policy, provider);
    else
        report_provider(policy, statement->name);
}

static void declare_tiers(struct policy_tree *policy, struct statement *statement)
{
    policy->provider = NULL;
    policy->tier_count = 0;
    for (const struct name *name = statement->words; name; name = name->next) {
        if (policy_tier_find(policy, name->text) >= 0) {
            finding_add(policy->findings, FINDING_DUPLICATE, name->span,
                        "the tier `%.*s` stands here twice", TEXT_ARGUMENTS(name->text));
        } else if (policy->tier_count == MAX_TIERS) {
            finding_add(policy->findings, FINDING_TOO_LARGE, name->span,
                        "a policy has at most %d tiers", MAX_TIERS);
            return;
        } else {
            policy->tiers[policy->tier_count++] = name->text;
        }
    }
}

static void declare_all_tiers(struct policy_tree *policy)
{
    const struct statement *before = NULL;
    use_provider(policy, &providers[0]);
    for (struct statement *at = policy->statements; at; at = at->next) {
        if (at->kind != STATEMENT_PROVIDER && at->kind != STATEMENT_TIERS)
            continue;
        if (before && before->kind != at->kind) {
            struct finding *finding =
                finding_add(policy->findings, FINDING_DUPLICATE, at->span,
                            "a policy has either a `provider` or `tiers` of its own");
            finding_relate(policy->findings, finding, before->span, "the other one stands here");
            finding_help(policy->findings, finding, "leave one of the two out");
            policy->tiers_unknown = true;
        } else if (before) {
            report_again(policy, at->span, before->span,
                         at->kind == STATEMENT_TIERS ? "`tiers`" : "`provider`");
        } else if (at->kind == STATEMENT_PROVIDER) {
            declare_provider(policy, at);
        } else {
            declare_tiers(policy, at);
        }
        before = at;
    }
}

static void report_timezone(struct policy_tree *policy, const struct value *zone)
{
    struct buffer near;
    struct finding *finding =
        finding_add(policy->findings, FINDING_UNKNOWN_TIMEZONE, zone->span,
                    "the system knows no time zone \"%.*s\"", TEXT_ARGUMENTS(zone->text));
    buffer_init(&near, 100);
    zone_name_near(zone->text, &near);
    if (near.length)
        finding_help(policy->findings, finding, "did you mean \"%s\"?", near.data);
    else
        finding_help(policy->findings, finding,
                     "zones have IANA names such as \"Europe/Berlin\" or \"UTC\"");
    buffer_free(&near);
}

static void declare_timezone(struct policy_tree *policy, struct statement *statement,
                             const struct statement **before)
{
    struct zone *zone = NULL;
    struct text name = statement->value->text;
    if (*before) {
        report_again(policy, statement->span, (*before)->span, "`timezone`");
        return;
    }
    *before = statement;
    policy->timezone_named = true;
    enum tw_status status = zone_open(name, &zone);
    if (status == TW_OK)
        policy->timezone = name;
    else if (status == TW_NO_MEMORY)
        policy->arena->failed = true;
    else
        report_timezone(policy, statement->value);
    zone_free(zone);
}

static struct variable *add_variable(struct policy_tree *policy)
{
    struct variable *variables =
        arena_grow(policy->arena, policy->variables, policy->variable_count,
                   &policy->variable_capacity, sizeof *variables);
    if (!variables)
        return NULL;
    policy->variables = variables;
    return &variables[policy->variable_count++];
}

/* Adds an attribute under its name. It reads variable `variable`, or a new one where that is the
 * next free number. */
static struct attribute *add_attribute(struct policy_tree *policy, struct attribute proto)
{
    struct attribute *attribute = ARENA_NEW(policy->arena, struct attribute);
    if (!attribute)
        return NULL;
    *attribute = proto;
    if (!push(policy->arena, &policy->attributes, &policy->attribute_count,
              &policy->attribute_capacity, attribute) ||
        !map_set(&policy->attribute_names, attribute->name, attribute))
        return NULL;
    if (proto.variable < policy->variable_count)
        return attribute;
    struct variable *variable = add_variable(policy);
    if (!variable)
        return NULL;
    *variable = (struct variable){
        .name = proto.name, .type = proto.type, .can_be_unset = !proto.has_default};
    type_domain(proto.type, PROJECT_WHOLE, proto.word_count, &variable->low, &variable->high);
    return attribute;
}

static struct text *texts_of(struct arena *arena, const char *const *words, size_t count)
{
    struct text *texts = ARENA_ARRAY(arena, struct text, count);
    for (size_t i = 0; texts && i < count; i++)
        texts[i] = text_of(words[i]);
    return texts;
}

static bool fill_words(struct policy_tree *policy, struct attribute *attribute,
                       enum builtin_variable variable)
{
    if (attribute->type == TW_TYPE_TIER) {
        attribute->words = policy->tiers;
        attribute->word_count = policy->tier_count;
    } else if (attribute->type == TW_TYPE_ENUM) {
        const char *const *words = builtin_words(variable, &attribute->word_count);
        attribute->words = texts_of(policy->arena, words, attribute->word_count);
        return attribute->words != NULL;
    }
    return true;
}

static enum tw_status declare_builtins(struct policy_tree *policy)
{
    for (size_t i = 0; i < builtin_attribute_count; i++) {
        const struct builtin_attribute *row = &builtin_attributes[i];
        struct attribute proto = {.name = text_of(row->name),
                                  .type = row->type,
                                  .projection = row->projection,
                                  .variable = row->variable,
                                  .from = row->from,
                                  .source = text_of(row->source),
                                  .builtin = true,
                                  .has_default = !row->unset};
        if (!fill_words(policy, &proto, row->variable) || !add_attribute(policy, proto))
            return TW_NO_MEMORY;
        struct variable *variable = &policy->variables[row->variable];
        if (row->projection == PROJECT_WHOLE)
            variable->initial = row->initial;
        if (row->type == TW_TYPE_INT && row->projection == PROJECT_WHOLE)
            variable->low = 0;
        if (row->variable == VARIABLE_SAMPLE)
            variable->high = PERCENT_ALL;
    }
    struct variable *clock = &policy->variables[VARIABLE_CLOCK];
    clock->name = TEXT("now");
    clock->type = TW_TYPE_NOW;
    type_domain(TW_TYPE_NOW, PROJECT_WHOLE, 0, &clock->low, &clock->high);
    clock->initial = CLOCK_DEFAULT_SECOND;
    policy->variables[VARIABLE_DATE].initial = CLOCK_DEFAULT_DATE;
    return TW_OK;
}

/* `flex_unavailable` and its like: one for each tier. */
static enum tw_status declare_health(struct policy_tree *policy)
{
    for (size_t i = 0; i < policy->tier_count; i++) {
        struct attribute proto = {.name = arena_format(policy->arena, "%.*s_unavailable",
                                                       TEXT_ARGUMENTS(policy->tiers[i])),
                                  .type = TW_TYPE_PERCENT,
                                  .variable = (uint32_t)policy->variable_count,
                                  .from = TW_FROM_HEALTH,
                                  .source = policy->tiers[i],
                                  .builtin = true,
                                  .has_default = true};
        if (!proto.name.length || !add_attribute(policy, proto))
            return TW_NO_MEMORY;
        policy->variables[proto.variable].high = PERCENT_ALL;
    }
    return TW_OK;
}

/* The type that other languages call by this name, NULL where there is none. */
static const char *own_type(struct text name)
{
    static const char *const types[][2] = {
        {"number", "int"},    {"integer", "int"}, {"long", "int"},         {"boolean", "bool"},
        {"str", "string"},    {"text", "string"}, {"dollars", "money"},    {"usd", "money"},
        {"float", "percent"}, {"day", "weekday"}, {"seconds", "duration"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (text_is(name, types[i][0]))
            return types[i][1];
    return NULL;
}

static bool find_type(struct policy_tree *policy, const struct name *name, enum tw_type *type)
{
    struct nearest nearest;
    nearest_init(&nearest, name->text);
    for (int i = 0; i < TW_TYPE_NOW; i++) {
        if (text_is(name->text, type_word((enum tw_type)i))) {
            *type = (enum tw_type)i;
            return true;
        }
        nearest_offer(&nearest, text_of(type_word((enum tw_type)i)));
    }
    struct finding *finding = finding_add(policy->findings, FINDING_UNKNOWN_TYPE, name->span,
                                          "there is no type `%.*s`", TEXT_ARGUMENTS(name->text));
    const char *own = own_type(name->text);
    if (own || nearest.best.length)
        finding_help(policy->findings, finding, "did you mean `%.*s`?",
                     TEXT_ARGUMENTS(own ? text_of(own) : nearest.best));
    else
        finding_help(policy->findings, finding,
                     "types are bool, int, percent, money, duration, time, weekday, date, string, "
                     "tier and enum {a, b}");
    return false;
}

static bool read_enum_words(struct policy_tree *policy, struct statement *statement,
                            struct attribute *attribute)
{
    size_t capacity = 0;
    for (const struct name *name = statement->words; name; name = name->next) {
        for (size_t i = 0; i < attribute->word_count; i++)
            if (text_equal(attribute->words[i], name->text))
                finding_add(policy->findings, FINDING_DUPLICATE, name->span,
                            "`%.*s` stands twice in this enum", TEXT_ARGUMENTS(name->text));
        if (attribute->word_count == MAX_WORDS) {
            finding_add(policy->findings, FINDING_TOO_LARGE, name->span,
                        "an enum has at most %d words", MAX_WORDS);
            return true;
        }
        struct text *words = arena_grow(policy->arena, attribute->words, attribute->word_count,
                                        &capacity, sizeof *words);
        if (!words)
            return false;
        attribute->words = words;
        words[attribute->word_count++] = name->text;
    }
    return true;
}

/* The characters of an HTTP field name, RFC 9110 section 5.6.2. */
static bool is_header_name(struct text name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return name.length > 0;
}

/* RFC 6901: "" or "/a/b", with ~ only in ~0 and ~1. */
static bool is_json_pointer(struct text pointer)
{
    for (size_t i = 0; i < pointer.length; i++)
        if (pointer.data[i] == '~' &&
            (i + 1 == pointer.length || (pointer.data[i + 1] != '0' && pointer.data[i + 1] != '1')))
            return false;
    return pointer.length > 1 && pointer.data[0] == '/';
}

static void read_source(struct policy_tree *policy, const struct statement *statement,
                        struct attribute *attribute)
{
    if (!statement->source_kind) {
        attribute->from = TW_FROM_CALLER;
        return;
    }
    struct text source = statement->source_value->text;
    struct findings *findings = policy->findings;
    attribute->source = source;
    if (text_is(statement->source_kind->text, "header")) {
        attribute->from = TW_FROM_HEADER;
        if (!is_header_name(source))
            finding_add(findings, FINDING_BAD_SOURCE, statement->source_value->span,
                        "\"%.*s\" is not the name of a header: write it like \"x-team\"",
                        TEXT_ARGUMENTS(source));
    } else if (text_is(statement->source_kind->text, "body")) {
        attribute->from = TW_FROM_BODY;
        if (!is_json_pointer(source))
            finding_help(findings,
                         finding_add(findings, FINDING_BAD_SOURCE, statement->source_value->span,
                                     "\"%.*s\" is not a JSON pointer", TEXT_ARGUMENTS(source)),
                         "a JSON pointer begins with `/`, for example \"/metadata/team\"");
    } else {
        finding_help(findings,
                     finding_add(findings, FINDING_BAD_SOURCE, statement->source_kind->span,
                                 "an attribute comes from a header or from the body"),
                     "write `from header \"x-team\"` or `from body \"/metadata/team\"`");
    }
}

static void read_default(struct policy_tree *policy, struct statement *statement,
                         struct attribute *attribute)
{
    struct item *items;
    uint32_t count;
    if (!statement->value ||
        !resolve_value(policy, attribute, statement->value, false, &items, &count))
        return;
    attribute->has_default = true;
    struct variable *variable = &policy->variables[attribute->variable];
    variable->can_be_unset = false;
    if (attribute->type == TW_TYPE_STRING)
        variable->initial_text = items[0].text;
    else
        variable->initial = items[0].low;
}

static bool name_is_free(struct policy_tree *policy, const struct name *name)
{
    const struct attribute *before = map_get(&policy->attribute_names, name->text);
    if (!before)
        return true;
    if (before->builtin)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_DUPLICATE, name->span,
                                 "`%.*s` is a built-in attribute", TEXT_ARGUMENTS(name->text)),
                     "take another name");
    else
        report_name_again(policy, name, before->span);
    return false;
}

static enum tw_status declare_attribute(struct policy_tree *policy, struct statement *statement)
{
    struct attribute proto = {.name = statement->name->text,
                              .variable = (uint32_t)policy->variable_count,
                              .span = statement->name->span};
    if (!find_type(policy, statement->type, &proto.type) || !name_is_free(policy, statement->name))
        return give_up(policy, statement->name);
    if ((proto.type == TW_TYPE_ENUM) != (statement->words != NULL)) {
        finding_add(policy->findings, FINDING_UNKNOWN_TYPE, statement->type->span,
                    proto.type == TW_TYPE_ENUM ? "an enum lists its words: `enum {a, b}`"
                                               : "only an enum lists words in braces");
        return give_up(policy, statement->name);
    }
    if (policy->attribute_count >= MAX_ATTRIBUTES) {
        finding_add(policy->findings, FINDING_TOO_LARGE, statement->span,
                    "a policy has at most %d attributes", MAX_ATTRIBUTES);
        return TW_OK;
    }
    if (!(statement->words ? read_enum_words(policy, statement, &proto)
                           : fill_words(policy, &proto, VARIABLE_BUILTIN_COUNT)))
        return TW_NO_MEMORY;
    read_source(policy, statement, &proto);
    return add_attribute(policy, proto) ? TW_OK : TW_NO_MEMORY;
}

/* Once all `let`s are known, which a default may name. */
static void declare_default(struct policy_tree *policy, struct statement *statement)
{
    struct attribute *attribute = map_get(&policy->attribute_names, statement->name->text);
    if (attribute && !attribute->builtin && attribute->span.source == statement->span.source &&
        attribute->span.start == statement->name->span.start)
        read_default(policy, statement, attribute);
}

static bool check_budget(struct policy_tree *policy, const struct statement *statement)
{
    const struct value *limit = statement->value;
    struct text window = statement->window->text;
    struct findings *findings = policy->findings;
    bool good = limit->kind != VALUE_BAD;
    if (good && (limit->kind != VALUE_LITERAL || limit->type != TW_TYPE_MONEY)) {
        finding_help(findings,
                     finding_add(findings, FINDING_WRONG_TYPE, limit->span,
                                 "a budget's limit is an amount of money"),
                     "write `$100`");
        good = false;
    } else if (good && limit->number <= 0) {
        finding_add(findings, FINDING_BAD_WINDOW, limit->span, "a budget's limit is more than $0");
        good = false;
    }
    if (!text_is(window, "day") && !text_is(window, "week") && !text_is(window, "month")) {
        finding_help(findings,
                     finding_add(findings, FINDING_BAD_WINDOW, statement->window->span,
                                 "`%.*s` is not a budget's window", TEXT_ARGUMENTS(window)),
                     "write `per day`, `per week` or `per month`");
        good = false;
    }
    return good;
}

static const struct attribute *budget_by(struct policy_tree *policy, const struct name *by)
{
    const struct attribute *attribute = by ? resolve_attribute(policy, by) : NULL;
    if (attribute && attribute->from != TW_FROM_CALLER && attribute->from != TW_FROM_HEADER &&
        attribute->from != TW_FROM_BODY)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_WRONG_TYPE, by->span,
                                 "a budget is kept by what comes with the request, not by `%.*s`",
                                 TEXT_ARGUMENTS(by->text)),
                     "write `by user`, or an attribute of your own");
    return attribute;
}

static enum tw_status add_budget_views(struct policy_tree *policy, struct budget *budget)
{
    static const struct {
        const char *suffix;
        enum tw_type type;
        enum projection projection;
    } views[] = {
        {"spent", TW_TYPE_MONEY, PROJECT_WHOLE},
        {"left", TW_TYPE_MONEY, PROJECT_LEFT},
        {"used", TW_TYPE_PERCENT, PROJECT_USED},
    };
    uint32_t variable = (uint32_t)policy->variable_count;
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct attribute proto = {.name =
                                      arena_format(policy->arena, "%.*s.%s",
                                                   TEXT_ARGUMENTS(budget->name), views[i].suffix),
                                  .type = views[i].type,
                                  .projection = views[i].projection,
                                  .variable = variable,
                                  .from = TW_FROM_BUDGET,
                                  .source = budget->name,
                                  .has_default = true,
                                  .budget = budget,
                                  .span = budget->span};
        if (!proto.name.length || !add_attribute(policy, proto))
            return TW_NO_MEMORY;
    }
    return TW_OK;
}

static enum tw_status declare_budget(struct policy_tree *policy, struct statement *statement)
{
    if (policy->attribute_count + 3 > MAX_ATTRIBUTES) {
        finding_add(policy->findings, FINDING_TOO_LARGE, statement->span,
                    "a policy has at most %d attributes, and a budget is three of them",
                    MAX_ATTRIBUTES);
        return TW_OK;
    }
    for (size_t i = 0; i < policy->budget_count; i++) {
        if (text_equal(policy->budgets[i]->name, statement->name->text)) {
            report_name_again(policy, statement->name, policy->budgets[i]->span);
            return TW_OK;
        }
    }
    struct budget *budget = ARENA_NEW(policy->arena, struct budget);
    if (!budget || !push(policy->arena, &policy->budgets, &policy->budget_count,
                         &policy->budget_capacity, budget))
        return TW_NO_MEMORY;
    bool good = check_budget(policy, statement);
    *budget = (struct budget){.name = statement->name->text,
                              .span = statement->name->span,
                              .limit = good ? statement->value->number : MONEY_DOLLAR,
                              .window = statement->window->text,
                              .by = budget_by(policy, statement->by)};
    return add_budget_views(policy, budget);
}

static enum tw_status declare_let(struct policy_tree *policy, struct statement *statement)
{
    const struct statement *before = map_get(&policy->let_names, statement->name->text);
    if (before) {
        report_name_again(policy, statement->name, before->name->span);
        return TW_OK;
    }
    return map_set(&policy->let_names, statement->name->text, statement) ? TW_OK : TW_NO_MEMORY;
}

static enum tw_status declare_rule(struct policy_tree *policy, struct statement *statement)
{
    if (policy->otherwise) {
        struct finding *finding =
            finding_add(policy->findings, FINDING_MISPLACED, statement->span,
                        "no rule may follow `otherwise`, which takes every request");
        finding_relate(policy->findings, finding, policy->otherwise->span,
                       "`otherwise` stands here");
        finding_help(policy->findings, finding, "move `otherwise` to the end");
    }
    if (statement->name) {
        const struct statement *before = map_get(&policy->labels, statement->name->text);
        if (before)
            report_name_again(policy, statement->name, before->name->span);
        else if (!map_set(&policy->labels, statement->name->text, statement))
            return TW_NO_MEMORY;
    }
    return push(policy->arena, &policy->rules, &policy->rule_count, &policy->rule_capacity,
                statement)
               ? TW_OK
               : TW_NO_MEMORY;
}

static enum tw_status declare(struct policy_tree *policy, struct statement *statement,
                              const struct statement **timezone)
{
    switch (statement->kind) {
    case STATEMENT_EDITION:
        check_edition(policy, statement);
        return TW_OK;
    case STATEMENT_TIMEZONE:
        declare_timezone(policy, statement, timezone);
        return TW_OK;
    case STATEMENT_ATTRIBUTE:
        return declare_attribute(policy, statement);
    case STATEMENT_LET:
        return declare_let(policy, statement);
    case STATEMENT_RULE:
        return declare_rule(policy, statement);
    case STATEMENT_OTHERWISE:
        if (policy->otherwise)
            report_again(policy, statement->span, policy->otherwise->span, "`otherwise`");
        else
            policy->otherwise = statement;
        return TW_OK;
    case STATEMENT_BUDGET: /* after all attributes, see declare_all */
    case STATEMENT_PROVIDER:
    case STATEMENT_TIERS:
    case STATEMENT_INCLUDE:
    case STATEMENT_NEVER:
    case STATEMENT_ALWAYS:
    case STATEMENT_EXPECT:
        return TW_OK;
    case STATEMENT_GIVEN_UP:
        return give_up(policy, statement->name);
    }
    return TW_OK;
}

enum tw_status declare_all(struct policy_tree *policy)
{
    const struct statement *timezone = NULL;
    enum tw_status status;
    declare_all_tiers(policy);
    if ((status = declare_builtins(policy)) != TW_OK || (status = declare_health(policy)) != TW_OK)
        return status;
    for (struct statement *at = policy->statements; at && !status; at = at->next)
        status = declare(policy, at, &timezone);
    for (struct statement *at = policy->statements; at && !status; at = at->next)
        if (at->kind == STATEMENT_BUDGET)
            status = declare_budget(policy, at);
        else if (at->kind == STATEMENT_ATTRIBUTE)
            declare_default(policy, at);
    return status;
}
