/* cli/explain.c: tierway explain FILE [ATTR=VALUE...] */
#include "author/explain.h"

#include "base/json.h"
#include "cli/decision.h"
#include "cli/explanation.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "program/compile.h"
#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>

struct explain {
    const struct command *command;
    struct policy_file *file;
    tw_request *request;
    struct valuation valuation;
    struct explanation explanation;
    const char *want; /* NULL: not asked */
    bool plan;        /* the reasons of the plan are wanted */
    struct changes changes;
    struct buffer reasons;
    struct buffer out;
};

static uint32_t line_of(struct explain *explain, const struct statement *statement)
{
    return source_place(&explain->file->front.sources, statement->span.source,
                        statement->span.start)
        .line;
}

static struct text part_text(const struct explain *explain, const struct condition *part)
{
    return span_text(&explain->file->front.sources, part->span);
}

/* An attribute that the policy reads, by index; NULL for others. */
static const struct attribute *read_attribute(const struct explain *explain, uint32_t index)
{
    const struct attribute *attribute = explain->file->front.policy.attributes[index];
    return attribute->used && explain->file->policy->attributes[index].needed ? attribute : NULL;
}

static void print_outcome(struct explain *explain, const struct rule_outcome *outcome)
{
    struct buffer *out = &explain->out;
    buffer_format(out, "  line %-4u %s", line_of(explain, outcome->rule),
                  outcome->matched ? "takes it" : "passes  ");
    if (outcome->rule->name)
        buffer_format(out, "  %.*s", TEXT_ARGUMENTS(outcome->rule->name->text));
    if (!outcome->matched)
        buffer_format(out, ": `%.*s` does not hold, it is %.*s",
                      TEXT_ARGUMENTS(part_text(explain, outcome->failed)),
                      TEXT_ARGUMENTS(outcome->saw));
    buffer_byte(out, '\n');
}

static void print_changes(struct explain *explain)
{
    struct buffer *out = &explain->out;
    const struct changes *changes = &explain->changes;
    if (!changes->possible)
        buffer_format(out, "no request gets %s\n", explain->want);
    else if (changes->count == 0)
        buffer_format(out, "it gets %s already\n", explain->want);
    else
        buffer_format(out, "for %s, the fewest changes are:\n", explain->want);
    for (size_t i = 0; i < changes->count; i++)
        buffer_format(out, "  %.*s = %.*s (it is %.*s)\n", TEXT_ARGUMENTS(changes->items[i].name),
                      TEXT_ARGUMENTS(changes->items[i].to), TEXT_ARGUMENTS(changes->items[i].from));
}

static const char *plan_of(const tw_policy *policy)
{
    return plan_text((enum plan)policy->section_INFO->plan);
}

static void print_text(struct explain *explain)
{
    const tw_policy *policy = explain->file->policy;
    struct buffer *out = &explain->out;
    decision_text(policy, explain->request, (uint32_t)explain->explanation.rule, out);
    for (size_t i = 0; i < explain->explanation.outcome_count; i++)
        print_outcome(explain, &explain->explanation.outcomes[i]);
    buffer_string(out, "read:");
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++) {
        const struct attribute *attribute = read_attribute(explain, i);
        if (attribute)
            buffer_format(out, " %.*s=%.*s", TEXT_ARGUMENTS(attribute->name),
                          TEXT_ARGUMENTS(explain_value(&explain->file->front, attribute,
                                                       &explain->valuation)));
    }
    buffer_format(out, "\nplan: %s, at most %u steps\n", plan_of(policy),
                  policy->header->longest_run);
    buffer_text(out, buffer_view(&explain->reasons));
    if (explain->want)
        print_changes(explain);
}

/* A value as decide --jsonl reads it. */
static void value_json(struct buffer *out, enum tw_type type, struct text value)
{
    if (text_is(value, "not set"))
        buffer_string(out, "null");
    else if (type == TW_TYPE_INT || type == TW_TYPE_BOOL)
        buffer_text(out, value);
    else if (type == TW_TYPE_STRING) /* without the quotes around it */
        json_write_string(out, (struct text){value.data + 1, value.length - 2});
    else
        json_write_string(out, value);
}

static void outcome_json(struct explain *explain, const struct rule_outcome *outcome)
{
    struct buffer *out = &explain->out;
    buffer_format(out, "{\"line\": %u, \"label\": ", line_of(explain, outcome->rule));
    if (outcome->rule->name)
        json_write_string(out, outcome->rule->name->text);
    else
        buffer_string(out, "null");
    buffer_format(out, ", \"matched\": %s", outcome->matched ? "true" : "false");
    if (!outcome->matched) {
        buffer_string(out, ", \"failed\": ");
        json_write_string(out, part_text(explain, outcome->failed));
        buffer_string(out, ", \"saw\": ");
        json_write_string(out, outcome->saw);
    }
    buffer_byte(out, '}');
}

static void attributes_json(struct explain *explain)
{
    struct buffer *out = &explain->out;
    const char *between = "";
    buffer_string(out, ", \"attributes\": {");
    for (uint32_t i = 0; i < explain->file->policy->count_ATTRIBUTES; i++) {
        const struct attribute *attribute = read_attribute(explain, i);
        if (!attribute)
            continue;
        buffer_string(out, between);
        json_write_string(out, attribute->name);
        buffer_string(out, ": ");
        value_json(out, attribute->type,
                   explain_value(&explain->file->front, attribute, &explain->valuation));
        between = ", ";
    }
    buffer_byte(out, '}');
}

static void changes_json(struct explain *explain)
{
    struct buffer *out = &explain->out;
    const struct changes *changes = &explain->changes;
    buffer_string(out, ", \"changes\": ");
    if (!changes->possible) {
        buffer_string(out, "null");
        return;
    }
    for (size_t i = 0; i < changes->count; i++) {
        buffer_string(out, i ? ", " : "{");
        json_write_string(out, changes->items[i].name);
        buffer_string(out, ": ");
        value_json(out, changes->items[i].type, changes->items[i].to);
    }
    buffer_string(out, changes->count ? "}" : "{}");
}

static void print_json(struct explain *explain)
{
    const tw_policy *policy = explain->file->policy;
    struct buffer *out = &explain->out;
    buffer_byte(out, '{');
    decision_json(policy, explain->request, (uint32_t)explain->explanation.rule, out);
    buffer_string(out, ", \"rules\": [");
    for (size_t i = 0; i < explain->explanation.outcome_count; i++) {
        buffer_string(out, i ? ", " : "");
        outcome_json(explain, &explain->explanation.outcomes[i]);
    }
    buffer_byte(out, ']');
    attributes_json(explain);
    buffer_format(out, ", \"steps\": %u, \"plan\": \"%s\"", policy->header->longest_run,
                  plan_of(policy));
    if (explain->plan) {
        buffer_string(out, ", \"reasons\": ");
        json_write_string(out, buffer_view(&explain->reasons));
    }
    if (explain->want)
        changes_json(explain);
    buffer_string(out, "}\n");
}

static bool find_want(struct explain *explain)
{
    int tier = policy_tier_find(&explain->file->front.policy, text_of(explain->want));
    if (tier < 0) {
        trouble(explain->command, "--want: there is no tier `%s`", explain->want);
        return false;
    }
    enum tw_status status =
        explain_want(&explain->file->front, &explain->valuation, explain->request->given,
                     (uint32_t)tier, &explain->changes);
    if (status)
        trouble(explain->command, "--want: %s",
                status == TW_LIMIT ? "the policy's diagram is too large to tell"
                                   : tw_status_text(status));
    return status == TW_OK;
}

static bool fill_request(struct explain *explain, const char *now, const char *const *arguments,
                         size_t count)
{
    int64_t instant;
    if (tw_request_new(explain->file->policy, &explain->request) != TW_OK) {
        trouble(explain->command, "out of memory");
        return false;
    }
    if (!read_now(explain->command, now, &instant))
        return false;
    if (!gives_now(arguments, count))
        request_set_instant(explain->request, instant);
    return set_attributes(explain->command, explain->request, arguments, count);
}

enum tw_status explanation_json(struct policy_file *file, tw_request *request, struct buffer *out)
{
    struct explain explain = {
        .file = file, .request = request, .valuation = {request->values, request->texts}};
    enum tw_status status =
        explain_decision(&file->front, &explain.valuation, &explain.explanation);
    if (status)
        return status;
    buffer_init(&explain.out, EXPLANATION_MAX);
    print_json(&explain);
    buffer_text(out, buffer_view(&explain.out));
    status = explain.out.status;
    buffer_free(&explain.out);
    return status ? status : out->status;
}

static bool find_out(struct explain *explain)
{
    explain->valuation = (struct valuation){explain->request->values, explain->request->texts};
    enum tw_status status =
        explain_decision(&explain->file->front, &explain->valuation, &explain->explanation);
    if (status)
        trouble(explain->command, "%s", tw_status_text(status));
    if (status == TW_OK && explain->plan) {
        status = compile_show_plan(&explain->file->front, &explain->reasons);
        if (status)
            trouble(explain->command, "--plan: %s", tw_status_text(status));
    }
    return status == TW_OK && (!explain->want || find_want(explain));
}

int command_explain(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct policy_file file;
    struct explain explain = {.command = command, .file = &file};
    const char *format_name = "text", *now = NULL;
    enum output_format format;
    int at;
    const struct option_row rows[] = {
        {"want", OPTION_TEXT, "TIER", "The fewest changes that would get this tier", &explain.want},
        {"plan", OPTION_FLAG, NULL, "Also why the policy runs as it does", &explain.plan},
        SHARED_NOW(&now),
        SHARED_FORMAT(&format_name, "text or json"),
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (at == argc)
        return usage_trouble(command, "name a policy file");
    if (!format_parse(command, format_name, formats, &format))
        return EXIT_TROUBLE;
    buffer_init(&explain.out, EXPLANATION_MAX);
    buffer_init(&explain.reasons, EXPLANATION_MAX);
    bool good = policy_file_open(command, argv[at], &file);
    if (good && file.is_image) {
        trouble(command, "a program image cannot be explained; give the policy's text");
        good = false;
    }
    good =
        good &&
        fill_request(&explain, now, (const char *const *)argv + at + 1, (size_t)(argc - at - 1)) &&
        find_out(&explain);
    if (good) {
        (format == FORMAT_JSON ? print_json : print_text)(&explain);
        fwrite(explain.out.data ? explain.out.data : "", 1, explain.out.length, stdout);
    }
    buffer_free(&explain.out);
    buffer_free(&explain.reasons);
    tw_request_free(explain.request);
    policy_file_close(&file);
    bool refused = good && explain.want && !explain.changes.possible;
    return good ? finish(command, refused ? EXIT_NO : EXIT_DONE) : EXIT_TROUBLE;
}
