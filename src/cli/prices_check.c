/* cli/prices_check.c: tierway prices check FILE...: every problem of price files, in one run. */
#include "base/json.h"
#include "cli/prices.h"
#include "cli/shared_options.h"
#include "runtime/price_check.h"

enum { OUTPUT_MAX = 64 << 20 };

struct checking {
    const struct command *command;
    enum output_format format;
    struct buffer out;
    size_t errors, warnings, models;
    bool begun; /* a problem was written */
};

static void write_problem(struct checking *checking, const char *path,
                          const struct price_problem *problem)
{
    struct buffer *out = &checking->out;
    const char *severity = problem->warning ? "warning" : "error";
    if (checking->format == FORMAT_TEXT) {
        buffer_format(out, "%s:%zu:%zu: %s: %.*s", path, problem->line, problem->column, severity,
                      TEXT_ARGUMENTS(problem->message));
        if (problem->path.length)
            buffer_format(out, " (%.*s)", TEXT_ARGUMENTS(problem->path));
        buffer_byte(out, '\n');
        return;
    }
    buffer_string(out, checking->begun ? ",\n  {\"file\": " : "\n  {\"file\": ");
    json_write_string(out, text_of(path));
    buffer_format(out, ", \"line\": %zu, \"column\": %zu, \"severity\": \"%s\", \"path\": ",
                  problem->line, problem->column, severity);
    json_write_string(out, problem->path);
    buffer_string(out, ", \"message\": ");
    json_write_string(out, problem->message);
    buffer_byte(out, '}');
    checking->begun = true;
}

static bool check_file(struct checking *checking, const char *path)
{
    struct buffer content;
    struct price_report report;
    struct tw_error error;
    bool good = read_file(checking->command, path, PRICE_FILE_MAX, &content);
    if (good) {
        struct text document = buffer_view(&content);
        good = price_table_check(text_of(path), document, &report, &error) == TW_OK ||
               trouble(checking->command, "%s: %s", path, error.message) == EXIT_DONE;
        for (size_t i = 0; i < report.count; i++)
            write_problem(checking, path, &report.problems[i]);
        checking->errors += report.errors;
        checking->warnings += report.warnings;
        checking->models += report.models;
        price_report_free(&report);
    }
    buffer_free(&content);
    return good;
}

static void write_end(struct checking *checking, bool readable)
{
    struct buffer *out = &checking->out;
    if (checking->format == FORMAT_JSON)
        buffer_string(out, checking->begun ? "\n]}\n" : "]}\n");
    else if (checking->errors + checking->warnings)
        buffer_format(out, "%zu error%s, %zu warning%s\n", checking->errors,
                      checking->errors == 1 ? "" : "s", checking->warnings,
                      checking->warnings == 1 ? "" : "s");
    else if (readable)
        buffer_format(out, "%zu model%s: nothing to mend\n", checking->models,
                      checking->models == 1 ? "" : "s");
}

int prices_check(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct checking checking = {.command = command};
    const char *format = "text";
    bool strict = false, readable = true;
    int first;
    const struct option_row rows[] = {
        {"strict", OPTION_FLAG, NULL, "Exit with 1 where there are warnings", &strict},
        SHARED_FORMAT(&format, "text or json"),
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (first == argc)
        return usage_trouble(command, "name at least one price file");
    if (!format_parse(command, format, formats, &checking.format))
        return EXIT_TROUBLE;
    buffer_init(&checking.out, OUTPUT_MAX);
    if (checking.format == FORMAT_JSON)
        buffer_string(&checking.out, "{\"problems\": [");
    for (int i = first; i < argc; i++)
        readable = check_file(&checking, argv[i]) && readable;
    write_end(&checking, readable);
    status = checking.errors || !readable  ? EXIT_TROUBLE
             : strict && checking.warnings ? EXIT_NO
                                           : EXIT_DONE;
    status = print_all(command, &checking.out, status);
    buffer_free(&checking.out);
    return status;
}
