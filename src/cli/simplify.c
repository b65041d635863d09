/* cli/simplify.c: tierway simplify FILE
 *
 * Prints a policy without what lint proves needless, and on standard error what went and why. What
 * is not proved equal is not printed. */
#include "author/simplify.h"

#include "cli/line_diff.h"
#include "cli/policy_file.h"
#include "cli/shared_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DIFF_LIMIT ((size_t)16 * TW_MAX_SOURCE)

enum { LONGEST_EXCERPT = 60 };

struct simplify {
    const struct command *command;
    const char *path;
    bool check, diff, in_place;
    struct simplification result;
    struct text before;
};

/* The first line of what a note is about, cut where it is long. */
static void print_excerpt(struct text text, FILE *out)
{
    size_t length = 0, characters = 0;
    while (length < text.length && text.data[length] != '\n' && characters < LONGEST_EXCERPT) {
        size_t step = utf8_character(text.data + length, text.length - length);
        length += step ? step : 1;
        characters++;
    }
    fprintf(out, "`%.*s%s`", (int)length, text.data, length < text.length ? "..." : "");
}

static void print_notes(const struct simplify *simplify, const struct simplify_notes *notes,
                        bool removed, FILE *out)
{
    for (size_t i = 0; i < notes->count; i++) {
        const struct simplify_note *note = &notes->items[i];
        bool joined = note->name == FINDING_MERGEABLE;
        fprintf(out, "%s:%u: %s ", simplify->path, note->line,
                !removed ? "keep"
                : joined ? "join"
                         : "take out");
        print_excerpt(note->what, out);
        fprintf(out, ": %.*s [%s]\n", TEXT_ARGUMENTS(note->why), finding_text(note->name));
    }
}

static void print_summary(const struct simplify *simplify, FILE *out)
{
    const struct simplification *result = &simplify->result;
    print_notes(simplify, &result->removed, true, out);
    print_notes(simplify, &result->kept, false, out);
    if (result->unsettled)
        fputs("lint could not settle every question, so more might go\n", out);
    if (result->removed.count == 0)
        fputs("nothing to take out\n", out);
    else
        fprintf(out, "%zu change%s, proved equal: every request gets the same action\n",
                result->removed.count, result->removed.count == 1 ? "" : "s");
}

static int print_diff(const struct simplify *simplify)
{
    struct buffer out;
    buffer_init(&out, DIFF_LIMIT);
    line_diff(simplify->before, simplify->result.text, simplify->path, simplify->path, &out);
    int status = EXIT_DONE;
    if (out.status)
        status = trouble(simplify->command, "%s: %s", simplify->path, tw_status_text(out.status));
    else
        fwrite(out.data ? out.data : "", 1, out.length, stdout);
    buffer_free(&out);
    return status;
}

static int deliver(const struct simplify *simplify)
{
    struct text after = simplify->result.text;
    bool changed = simplify->result.removed.count > 0;
    int answer = changed ? EXIT_NO : EXIT_DONE;
    if (simplify->diff) {
        print_summary(simplify, stderr);
        return print_diff(simplify) == EXIT_DONE ? answer : EXIT_TROUBLE;
    }
    if (simplify->check) {
        print_summary(simplify, stdout);
        return answer;
    }
    if (!simplify->in_place)
        fwrite(after.data, 1, after.length, stdout);
    else if (changed && !write_file(simplify->command, simplify->path, after))
        return EXIT_TROUBLE;
    fflush(stdout); /* the policy comes before what is said of it; finish() sees a failure */
    print_summary(simplify, stderr);
    return EXIT_DONE;
}

static int simplify_file(struct simplify *simplify, struct policy_file *file)
{
    struct tw_error error;
    if (file->front.findings.error_count) {
        print_findings(&file->front.findings, TW_ERROR, STDERR_FILENO);
        return trouble(simplify->command, "%s: the policy has errors", simplify->path);
    }
    if (simplify_policy(&file->front, &read_from_disk, &simplify->result, &error) != TW_OK)
        return trouble(simplify->command, "%s: %s", simplify->path, error.message);
    simplify->before = buffer_view(&file->content);
    return deliver(simplify);
}

int command_simplify(const struct command *command, int argc, char **argv)
{
    struct simplify simplify = {.command = command};
    const struct option_row rows[] = {
        {"check", OPTION_FLAG, NULL, "Print only what would go; exit with 1 if anything would",
         &simplify.check},
        {"diff", OPTION_FLAG, NULL, "Print what would change; exit with 1 if anything would",
         &simplify.diff},
        {"i", OPTION_FLAG, NULL, "Write the file instead of printing it", &simplify.in_place},
        {"in-place", OPTION_FLAG, NULL, "The same", &simplify.in_place},
        OPTIONS_END,
    };
    int at;
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (argc - at != 1)
        return usage_trouble(command, "name one policy file");
    simplify.path = argv[at];
    if (simplify.in_place && (simplify.check || simplify.diff))
        return usage_trouble(command, "`--in-place` writes, `--check` and `--diff` only look");
    if (simplify.in_place && strcmp(simplify.path, "-") == 0)
        return usage_trouble(command, "standard input cannot be written in place");
    struct policy_file file;
    status = policy_file_read(command, simplify.path, &file) ? simplify_file(&simplify, &file)
                                                             : EXIT_TROUBLE;
    policy_file_close(&file);
    return status == EXIT_TROUBLE ? status : finish(command, status);
}
