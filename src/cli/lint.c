/* cli/lint.c: tierway lint FILE... */
#include "author/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "author/report.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "runtime/price.h"

struct lint {
    const struct command *command;
    enum output_format format;
    int64_t now;
    struct buffer report;
    bool first; /* nothing was reported yet */
    size_t errors, warnings;
    bool unreadable;
    struct price_table *prices; /* of --prices; else that of OpenAI, for its policies */
    bool any_provider;
};

static struct text model_at(const void *table, size_t index)
{
    const struct price_table *prices = table;
    return index < prices->model_count ? prices->models[index].name : TEXT("");
}

static bool prices_tier(const void *table, struct text tier)
{
    const struct price_table *prices = table;
    for (size_t i = 0; i < prices->model_count; i++)
        if (price_offer(prices, prices->models[i].name, tier) == PRICE_OFFERED)
            return true;
    return false;
}

static bool lacks_tier(const void *table, struct text model, struct text tier)
{
    return !text_is(model, "*") && price_offer(table, model, tier) == PRICE_NOT_OFFERED;
}

static enum tw_status find_all(const struct lint *lint, struct front *front)
{
    const struct model_offers offers = {lint->prices, model_at, prices_tier, lacks_tier};
    const struct provider *provider = front->policy.provider;
    bool known = lint->any_provider || (provider && strcmp(provider->name, "openai") == 0);
    return lint_policy(front, lint->now, known ? &offers : NULL);
}

static void add_report(struct lint *lint, struct findings *findings)
{
    switch (lint->format) {
    case FORMAT_TEXT:
        print_findings(findings, TW_WARNING, STDOUT_FILENO);
        return;
    case FORMAT_JSON:
        report_json(findings, &lint->first, &lint->report);
        return;
    case FORMAT_SARIF:
        report_sarif(findings, &lint->first, &lint->report);
        return;
    case FORMAT_GITHUB:
        report_github(findings, &lint->report);
        return;
    }
}

static void lint_file(struct lint *lint, const char *path)
{
    struct policy_file file;
    if (!policy_file_read(lint->command, path, &file) || find_all(lint, &file.front) != TW_OK) {
        lint->unreadable = true;
    } else {
        size_t errors = file.front.findings.error_count;
        lint->errors += errors;
        lint->warnings += file.front.findings.count - errors;
        add_report(lint, &file.front.findings);
    }
    policy_file_close(&file);
}

static void begin(struct lint *lint)
{
    if (lint->format == FORMAT_JSON)
        buffer_string(&lint->report, "{\"findings\": [");
    else if (lint->format == FORMAT_SARIF)
        report_sarif_begin(&lint->report);
}

static void end(struct lint *lint, int files)
{
    if (lint->format == FORMAT_JSON)
        buffer_string(&lint->report, lint->first ? "]}\n" : "\n]}\n");
    else if (lint->format == FORMAT_SARIF)
        report_sarif_end(&lint->report);
    else if (lint->format == FORMAT_TEXT && lint->errors + lint->warnings == 0 && !lint->unreadable)
        printf("%d file%s: nothing to mend\n", files, files == 1 ? "" : "s");
    else if (lint->format == FORMAT_TEXT)
        printf("%zu error%s, %zu warning%s\n", lint->errors, lint->errors == 1 ? "" : "s",
               lint->warnings, lint->warnings == 1 ? "" : "s");
    fwrite(lint->report.data ? lint->report.data : "", 1, lint->report.length, stdout);
}

int command_lint(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", "sarif", "github", NULL};
    const char *format = "text", *now = NULL, *prices = NULL;
    bool strict = false;
    int at;
    const struct option_row rows[] = {
        SHARED_FORMAT(&format, "text, json, sarif or github"),
        {"strict", OPTION_FLAG, NULL, "Exit with 1 where there are warnings", &strict},
        {"prices", OPTION_TEXT, "NAME|FILE",
         "Price table: openai (for its policies), seed, or a file", &prices},
        {"now", OPTION_TEXT, "INSTANT", "Where the coming year starts, for shifted windows", &now},
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    struct lint lint = {.command = command, .first = true};
    if (status >= 0)
        return status;
    if (at == argc)
        return usage_trouble(command, "name at least one file");
    if (!format_parse(command, format, formats, &lint.format) || !read_now(command, now, &lint.now))
        return EXIT_TROUBLE;
    struct tw_error error;
    lint.any_provider = prices != NULL;
    if (price_table_open(prices ? prices : "openai", &lint.prices, &error) != TW_OK)
        return trouble(command, "%s", error.message);
    buffer_init(&lint.report, 256u << 20);
    begin(&lint);
    for (int i = at; i < argc; i++)
        lint_file(&lint, argv[i]);
    end(&lint, argc - at);
    buffer_free(&lint.report);
    price_table_free(lint.prices);
    status = lint.errors || lint.unreadable ? EXIT_TROUBLE
             : strict && lint.warnings      ? EXIT_NO
                                            : EXIT_DONE;
    return finish(command, status);
}
