/* cli/fmt.c: tierway fmt. Puts policies into the canonical layout, or says which are not in it.
 *
 * A file is replaced as a whole or not at all: the new text goes to a file beside it, which then
 * takes its name. A file with errors is left as it is. */
#include "cli/line_diff.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "front/format.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_LIMIT ((size_t)4 * TW_MAX_SOURCE)

struct fmt {
    const struct command *command;
    bool check, diff;
};

static const char *shown_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* EXIT_DONE with the formatted text in out, or EXIT_TROUBLE with the reason on standard error. */
static int format_text(const struct fmt *fmt, const char *path, struct text content,
                       struct buffer *out)
{
    struct arena arena;
    arena_init(&arena, FRONT_MEMORY_LIMIT);
    struct sources sources = {.arena = &arena};
    struct findings findings = {.sources = &sources, .arena = &arena};
    struct tw_error error;
    int status = EXIT_DONE;
    switch ((int)format_policy(text_of(path), content, &findings, out, &error)) {
    case TW_OK:
        break;
    case TW_REFUSED:
        findings_sort(&findings);
        print_findings(&findings, TW_ERROR, STDERR_FILENO);
        status = EXIT_TROUBLE;
        break;
    default:
        status = trouble(fmt->command, "%s: %s", path, error.message);
    }
    arena_free(&arena);
    return status;
}

static int print_diff(const struct fmt *fmt, const char *path, struct text before,
                      struct text after)
{
    struct buffer out;
    buffer_init(&out, 4 * OUTPUT_LIMIT);
    line_diff(before, after, path, path, &out);
    int status = EXIT_NO;
    if (out.status)
        status = trouble(fmt->command, "%s: %s", path, tw_status_text(out.status));
    else
        fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    return status;
}

/* Standard input is answered on standard output, changed or not. */
static int deliver(const struct fmt *fmt, const char *path, struct text before, struct text after)
{
    bool changed = !text_equal(before, after), standard_input = strcmp(path, "-") == 0;
    if (changed && fmt->diff)
        return print_diff(fmt, path, before, after);
    if (fmt->check || fmt->diff) {
        if (changed)
            puts(path);
        return changed ? EXIT_NO : EXIT_DONE;
    }
    if (standard_input)
        fwrite(after.data, 1, after.length, stdout);
    if (standard_input || !changed)
        return EXIT_DONE;
    int status = write_file(fmt->command, path, after) ? EXIT_DONE : EXIT_TROUBLE;
    if (status == EXIT_DONE)
        puts(path);
    return status;
}

static int format_file(const struct fmt *fmt, const char *path)
{
    struct buffer content, out;
    buffer_init(&out, OUTPUT_LIMIT);
    int status = EXIT_TROUBLE;
    if (read_file(fmt->command, path, TW_MAX_SOURCE, &content))
        status = format_text(fmt, shown_name(path), buffer_view(&content), &out);
    if (status == EXIT_DONE)
        status = deliver(fmt, path, buffer_view(&content), buffer_view(&out));
    buffer_free(&out);
    buffer_free(&content);
    return status;
}

int command_fmt(const struct command *command, int argc, char **argv)
{
    struct fmt fmt = {.command = command};
    const struct option_row rows[] = {
        {"check", OPTION_FLAG, NULL, "Change nothing; name the files that would change",
         &fmt.check},
        {"diff", OPTION_FLAG, NULL, "Change nothing; show what would change", &fmt.diff},
        OPTIONS_END,
    };
    int first, worst = EXIT_DONE;
    int status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (first == argc)
        return usage_trouble(command, "which files? (`-` is standard input)");
    for (int i = first; i < argc; i++) {
        status = format_file(&fmt, argv[i]);
        worst = status > worst ? status : worst;
    }
    return worst == EXIT_TROUBLE ? worst : finish(command, worst);
}
