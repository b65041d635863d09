/* cli/test.c: tierway test FILE... */
#include <stdio.h>

#include "author/examples.h"
#include "base/json.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"

struct test_run {
    const struct command *command;
    bool json, verbose;
    size_t passed, failed;
    bool trouble;
    struct buffer out; /* the elements of "examples" */
};

static struct place place_of(struct front *front, const struct example_result *result)
{
    struct span span = result->statement->span;
    return source_place(&front->sources, span.source, span.start);
}

static struct text file_of(const struct front *front, const struct example_result *result)
{
    return front->sources.items[result->statement->span.source]->name;
}

static void add_json(struct test_run *run, struct front *front, const struct example_result *result)
{
    struct place place = place_of(front, result);
    buffer_format(&run->out, "%s\n  {\"passed\": %s, \"file\": ", run->out.length ? "," : "",
                  result->passed ? "true" : "false");
    json_write_string(&run->out, file_of(front, result));
    buffer_format(&run->out, ", \"line\": %u, \"column\": %u, \"expected\": ", place.line,
                  place.column);
    json_write_string(&run->out, result->expected);
    buffer_string(&run->out, ", \"decided\": ");
    json_write_string(&run->out, result->decided);
    buffer_byte(&run->out, '}');
}

static void print_result(struct test_run *run, struct front *front,
                         const struct example_result *result)
{
    struct place place = place_of(front, result);
    struct text file = file_of(front, result);
    if (result->passed && !run->verbose)
        return;
    printf("%s %.*s:%u:%u: ", result->passed ? "ok    " : "FAILED", (int)file.length, file.data,
           place.line, place.column);
    if (result->passed)
        printf("%.*s\n", (int)result->decided.length, result->decided.data);
    else
        printf("expected %.*s, decided %.*s\n", (int)result->expected.length, result->expected.data,
               (int)result->decided.length, result->decided.data);
    if (result->passed)
        return;
    struct text line = source_line(&front->sources, result->statement->span.source, place.line);
    printf("       | %.*s\n", (int)line.length, line.data);
}

static void test_file(struct test_run *run, const char *path)
{
    struct policy_file file;
    struct example_result *results = NULL;
    size_t count = 0;
    struct tw_error error;
    bool good = policy_file_open(run->command, path, &file);
    if (good && file.is_image) {
        trouble(run->command, "%s: a program image has no examples; give the text", path);
        good = false;
    }
    if (good && run_examples(&file.front, file.policy, &results, &count, &error) != TW_OK) {
        trouble(run->command, "%s: %s", path, error.message);
        good = false;
    }
    for (size_t i = 0; good && i < count; i++) {
        if (run->json)
            add_json(run, &file.front, &results[i]);
        else
            print_result(run, &file.front, &results[i]);
        run->passed += results[i].passed;
        run->failed += !results[i].passed;
    }
    run->trouble |= !good;
    policy_file_close(&file);
}

int command_test(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct test_run run = {.command = command};
    const char *format_name = "text";
    enum output_format format;
    int at;
    const struct option_row rows[] = {
        {"verbose", OPTION_FLAG, NULL, "Show the examples that passed too", &run.verbose},
        SHARED_FORMAT(&format_name, "text or json"),
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (at == argc)
        return usage_trouble(command, "name at least one policy file");
    if (!format_parse(command, format_name, formats, &format))
        return EXIT_TROUBLE;
    run.json = format == FORMAT_JSON;
    buffer_init(&run.out, 256u << 20);
    for (int i = at; i < argc; i++)
        test_file(&run, argv[i]);
    if (run.json)
        printf("{\"passed\": %zu, \"failed\": %zu, \"examples\": [%s%s]}\n", run.passed, run.failed,
               run.out.data ? run.out.data : "", run.out.length ? "\n" : "");
    else
        printf("%zu passed, %zu failed\n", run.passed, run.failed);
    buffer_free(&run.out);
    return finish(command, run.trouble ? EXIT_TROUBLE : run.failed ? EXIT_NO : EXIT_DONE);
}
