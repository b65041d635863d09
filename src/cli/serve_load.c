/* cli/serve_load.c: policies, price tables and callers for the gateway, at its start and while it
 * runs.
 *
 * Nothing is printed: why something is refused goes to a buffer. Of a policy its text is kept, so
 * that a decision can be explained from what is live, whatever stands in the file by then. */
#include "cli/serve_load.h"

#include <stdlib.h>
#include <string.h>

#include "author/examples.h"
#include "author/lint.h"
#include "base/clock.h"
#include "cli/decision.h"
#include "cli/explanation.h"
#include "program/compile.h"
#include "program/run/program.h"
#include "runtime/budget.h"

/* The text that a policy was loaded from; empty for a program image. */
struct policy_text {
    char *name;
    struct buffer content;
};

static void policy_text_free(void *extra)
{
    struct policy_text *text = extra;
    free(text->name);
    buffer_free(&text->content);
    free(text);
}

static void complain(struct buffer *why, const char *file, const char *message)
{
    buffer_format(why, "%s: %s\n", file, message);
}

static void add_file(struct loaded *loaded, struct text name)
{
    buffer_text(&loaded->files, name);
    buffer_byte(&loaded->files, '\0');
}

/* Errors as lint shows them; how many there are. */
static size_t complain_of_findings(const struct findings *findings, struct buffer *why)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity == TW_ERROR)
            finding_print(findings, &findings->items[i], false, why);
    return findings->error_count;
}

static enum tw_status run_expects(struct front *front, const tw_policy *policy, struct buffer *why,
                                  struct tw_error *error)
{
    struct example_result *results;
    size_t count, failed = 0;
    enum tw_status status = run_examples(front, policy, &results, &count, error);
    for (size_t i = 0; i < count && !status; i++) {
        const struct example_result *result = &results[i];
        if (result->passed)
            continue;
        struct span span = result->statement->span;
        struct place place = source_place(&front->sources, span.source, span.start);
        buffer_format(why, "%.*s:%u:%u: expected %.*s, decided %.*s\n",
                      TEXT_ARGUMENTS(front->sources.items[span.source]->name), place.line,
                      place.column, TEXT_ARGUMENTS(result->expected),
                      TEXT_ARGUMENTS(result->decided));
        failed++;
    }
    return failed ? fail(error, TW_REFUSED, "an `expect` fails") : status;
}

/* Check, prove, compile, run the examples: whatever is wrong first is the reason. */
static enum tw_status make_policy(struct front *front, struct loaded *loaded, struct buffer *why,
                                  struct tw_error *error)
{
    enum tw_status status = TW_OK;
    if (front->findings.error_count == 0)
        status = lint_policy(front, clock_system() / 1000000, NULL);
    if (status)
        return fail(error, status, "%s", tw_status_text(status));
    if (complain_of_findings(&front->findings, why))
        return fail(error, TW_REFUSED, "the policy has errors");
    status = compile_front(front, &loaded->policy, error);
    return status ? status : run_expects(front, loaded->policy, why, error);
}

/* Without a ledger a budget would always look unspent. */
static enum tw_status check_budgets(const struct load_settings *settings, const tw_policy *policy,
                                    struct tw_error *error)
{
    if (settings->ledger || !budget_is_read(policy))
        return TW_OK;
    return fail(error, TW_INVALID, "the policy reads a budget, and `store` is off");
}

static enum tw_status load_text(const char *file, struct text content, struct loaded *loaded,
                                struct buffer *why, struct tw_error *error)
{
    struct front front;
    enum tw_status status = front_read(&front, text_of(file), content, &read_from_disk);
    for (uint32_t i = 1; i < front.sources.count; i++)
        add_file(loaded, front.sources.items[i]->path);
    if (status)
        fail(error, status, "%s", tw_status_text(status));
    else
        status = make_policy(&front, loaded, why, error);
    if (status == TW_OK)
        loaded->named_tiers_only = policy_names_all_tiers(&front.policy);
    front_free(&front);
    return status;
}

static bool is_image(const struct buffer *content)
{
    size_t length = strlen(IMAGE_MAGIC);
    return content->length >= length && memcmp(content->data, IMAGE_MAGIC, length) == 0;
}

/* Takes the content over, or empties it. */
static enum tw_status finish_policy(struct metrics *metrics, const char *file,
                                    struct buffer *content, struct loaded *loaded)
{
    struct policy_text *text = calloc(1, sizeof *text);
    loaded->rule_labels = metrics_label_policy(metrics, loaded->policy);
    memcpy(loaded->hash, tw_policy_hash(loaded->policy), sizeof loaded->hash - 1);
    if (!text || !loaded->rule_labels || !(text->name = strdup(file))) {
        free(text);
        return TW_NO_MEMORY;
    }
    if (is_image(content))
        buffer_free(content);
    text->content = *content;
    buffer_init(content, 0);
    loaded->extra = text;
    loaded->free_extra = policy_text_free;
    return TW_OK;
}

static void forget(struct loaded *loaded)
{
    tw_policy_free(loaded->policy);
    free(loaded->rule_labels);
    loaded->policy = NULL;
    loaded->rule_labels = NULL;
}

enum tw_status load_policy(void *context, const char *file, struct loaded *loaded,
                           struct buffer *why)
{
    const struct load_settings *settings = context;
    struct tw_error error = {.code = TW_OK};
    struct buffer content;
    add_file(loaded, text_of(file));
    enum tw_status status = file_read(file, IMAGE_LIMIT, &content, &error);
    loaded->named_tiers_only = is_image(&content);
    if (status == TW_OK && is_image(&content))
        status = tw_policy_load(content.data, content.length, &loaded->policy, &error);
    else if (status == TW_OK)
        status = load_text(file, buffer_view(&content), loaded, why, &error);
    if (status == TW_OK)
        status = check_budgets(settings, loaded->policy, &error);
    if (status && status != TW_REFUSED) /* else it is said already */
        complain(why, file, error.message);
    if (status == TW_OK)
        status = finish_policy(settings->metrics, file, &content, loaded);
    if (status)
        forget(loaded);
    buffer_free(&content);
    return status;
}

static enum tw_status load_price_file(const char *file, struct loaded *loaded,
                                      struct tw_error *error)
{
    struct buffer content;
    add_file(loaded, text_of(file));
    enum tw_status status = file_read(file, PRICE_FILE_MAX, &content, error);
    if (status == TW_OK)
        status = price_table_parse(text_of(file), buffer_view(&content), &loaded->prices, error);
    snprintf(loaded->hash, sizeof loaded->hash, "%016llx",
             (unsigned long long)text_hash(buffer_view(&content), 0));
    buffer_free(&content);
    return status;
}

enum tw_status load_prices(void *context, const char *name, struct loaded *loaded,
                           struct buffer *why)
{
    struct tw_error error = {.code = TW_OK};
    (void)context;
    enum tw_status status = price_table_builtin(text_of(name), &loaded->prices, &error);
    if (status == TW_NOT_FOUND)
        status = load_price_file(name, loaded, &error);
    else
        snprintf(loaded->hash, sizeof loaded->hash, "%016llx",
                 (unsigned long long)text_hash(text_of(name), 0));
    if (status)
        complain(why, name, error.message);
    return status;
}

/* --- callers --- */

/* What is live keeps everything else that it was started with. Where keys are needed, they stay
 * needed, so that nobody gets in by a list that has become empty. */
static bool fits(const struct load_settings *settings, struct config *fresh, struct buffer *why)
{
    struct config mixed = *settings->config;
    mixed.callers = fresh->callers;
    mixed.caller_count = fresh->caller_count;
    mixed.attributes = fresh->attributes;
    if (settings->config->caller_count)
        fresh->allow_anyone = mixed.allow_anyone = true;
    return config_check(fresh, why) == TW_OK && config_check(&mixed, why) == TW_OK;
}

static enum tw_status keep_callers(const struct load_settings *settings,
                                   const struct config *config, struct loaded *loaded)
{
    struct snapshot *live = settings->live ? policy_acquire(settings->live) : NULL;
    struct buffer description;
    buffer_init(&description, CONFIG_FILE_MAX * 2);
    enum tw_status status = callers_open(config, live ? live->callers : NULL, &loaded->callers);
    if (status == TW_OK)
        callers_describe(loaded->callers, &description);
    status = status ? status : description.status;
    snprintf(loaded->hash, sizeof loaded->hash, "%016llx",
             (unsigned long long)text_hash(buffer_view(&description), 0));
    if (status) {
        callers_close(loaded->callers);
        loaded->callers = NULL;
    }
    buffer_free(&description);
    snapshot_release(live);
    return status;
}

enum tw_status load_callers(void *context, const char *file, struct loaded *loaded,
                            struct buffer *why)
{
    const struct load_settings *settings = context;
    struct config fresh;
    struct tw_error error = {.code = TW_OK};
    struct buffer yaml;
    if (file)
        add_file(loaded, text_of(file));
    if (!settings->live || !file)
        return keep_callers(settings, settings->config, loaded);
    enum tw_status status = file_read(file, CONFIG_FILE_MAX + 1, &yaml, &error);
    if (status)
        complain(why, file, error.message);
    else if ((status = config_init(&fresh)) == TW_OK) {
        status = serve_config_take(settings->options, buffer_view(&yaml), &fresh, why);
        if (status == TW_OK)
            status =
                fits(settings, &fresh, why) ? keep_callers(settings, &fresh, loaded) : TW_INVALID;
        config_free(&fresh);
    }
    buffer_free(&yaml);
    return status;
}

/* --- explaining --- */

/* The text once more; false where it cannot be, or says something else by now. */
static bool read_again(const struct policy_text *text, const char *hash, struct policy_file *file)
{
    *file = (struct policy_file){0};
    if (text->content.length == 0)
        return false;
    file->front_read = true;
    return front_read(&file->front, text_of(text->name), buffer_view(&text->content),
                      &read_from_disk) == TW_OK &&
           file->front.findings.error_count == 0 &&
           compile_front(&file->front, &file->policy, NULL) == TW_OK &&
           strcmp(tw_policy_hash(file->policy), hash) == 0;
}

enum tw_status explain_loaded(const struct loaded *loaded, tw_request *request, struct buffer *out,
                              struct tw_error *error)
{
    struct policy_file file;
    enum tw_status status = TW_OK;
    if (read_again(loaded->extra, loaded->hash, &file)) {
        status = explanation_json(&file, request, out);
    } else {
        buffer_byte(out, '{');
        decision_json(loaded->policy, request, tw_decide(loaded->policy, request), out);
        buffer_string(out, "}\n");
    }
    policy_file_close(&file);
    return status ? fail(error, status, "%s", tw_status_text(status)) : TW_OK;
}
