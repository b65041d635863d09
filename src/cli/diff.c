/* cli/diff.c: tierway diff OLD NEW */
#include "author/diff.h"

#include "base/json.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"

#include <stdio.h>
#include <unistd.h>

static void print_text(const struct comparison_result *result, struct buffer *out)
{
    if (result->count + result->declaration_count == 0)
        buffer_string(out, "equal: every request gets the same action\n");
    for (size_t i = 0; i < result->declaration_count; i++) {
        const struct declaration_difference *declared = &result->declarations[i];
        buffer_format(out, "- %.*s: %.*s\n+ %.*s: %.*s\n", TEXT_ARGUMENTS(declared->name),
                      TEXT_ARGUMENTS(declared->old), TEXT_ARGUMENTS(declared->name),
                      TEXT_ARGUMENTS(declared->new));
    }
    for (size_t i = 0; i < result->count; i++) {
        const struct difference *difference = &result->items[i];
        buffer_format(out, "- %.*s\n+ %.*s\n", TEXT_ARGUMENTS(difference->old_text),
                      TEXT_ARGUMENTS(difference->new_text));
        buffer_format(out, "  when %.*s\n", TEXT_ARGUMENTS(difference->when));
        if (difference->clocks.length)
            buffer_format(out, "  while the new clock is %.*s\n",
                          TEXT_ARGUMENTS(difference->clocks));
        buffer_format(out, "  for example %.*s\n", TEXT_ARGUMENTS(difference->example));
    }
}

static void print_declarations(const struct comparison_result *result, struct buffer *out)
{
    for (size_t i = 0; i < result->declaration_count; i++) {
        const struct declaration_difference *declared = &result->declarations[i];
        buffer_string(out, i ? ",\n  {\"name\": " : ", \"declarations\": [\n  {\"name\": ");
        json_write_string(out, declared->name);
        buffer_string(out, ", \"old\": ");
        json_write_string(out, declared->old);
        buffer_string(out, ", \"new\": ");
        json_write_string(out, declared->new);
        buffer_byte(out, '}');
    }
    buffer_string(out, result->declaration_count ? "\n]" : "");
}

static void print_json(const struct comparison_result *result, struct buffer *out)
{
    bool equal = result->count + result->declaration_count == 0;
    buffer_format(out, "{\"equal\": %s, \"differences\": [", equal ? "true" : "false");
    for (size_t i = 0; i < result->count; i++) {
        const struct difference *difference = &result->items[i];
        buffer_format(out, "%s\n  {\"old\": %.*s, \"new\": %.*s, \"when\": ", i ? "," : "",
                      TEXT_ARGUMENTS(difference->old_json), TEXT_ARGUMENTS(difference->new_json));
        json_write_string(out, difference->when);
        buffer_format(out, ", \"witness\": %.*s", TEXT_ARGUMENTS(difference->witness));
        if (difference->clocks.length) {
            buffer_string(out, ", \"new_clock\": ");
            json_write_string(out, difference->clocks);
        }
        buffer_byte(out, '}');
    }
    buffer_string(out, result->count ? "\n]" : "]");
    print_declarations(result, out);
    buffer_string(out, "}\n");
}

static bool read_policy(const struct command *command, const char *path, struct policy_file *file)
{
    if (!policy_file_read(command, path, file))
        return false;
    if (file->front.findings.error_count == 0)
        return true;
    print_findings(&file->front.findings, TW_ERROR, STDERR_FILENO);
    trouble(command, "%s: the policy has errors", path);
    return false;
}

static int compare_files(const struct command *command, struct policy_file *old,
                         struct policy_file *new, enum output_format format)
{
    struct comparison_result result;
    struct tw_error error;
    struct buffer out;
    if (diff_policies(&old->front, &new->front, &result, &error) != TW_OK)
        return trouble(command, "%s", error.message);
    buffer_init(&out, 256u << 20);
    (format == FORMAT_JSON ? print_json : print_text)(&result, &out);
    fwrite(out.data ? out.data : "", 1, out.length, stdout);
    buffer_free(&out);
    return finish(command, result.count + result.declaration_count ? EXIT_NO : EXIT_DONE);
}

int command_diff(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    const char *format_name = "text";
    enum output_format format;
    int at;
    const struct option_row rows[] = {
        SHARED_FORMAT(&format_name, "text or json"),
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (argc - at != 2)
        return usage_trouble(command, "name two policy files: the old one and the new one");
    if (!format_parse(command, format_name, formats, &format))
        return EXIT_TROUBLE;
    struct policy_file old = {0}, new = {0};
    status = EXIT_TROUBLE;
    if (read_policy(command, argv[at], &old) && read_policy(command, argv[at + 1], &new))
        status = compare_files(command, &old, &new, format);
    policy_file_close(&new);
    policy_file_close(&old);
    return status;
}
