/* The command's core: options and their help page, messages, files, formats, and differences. */
#include "unit.h"

#include "cli/commands.h"
#include "cli/line_diff.h"
#include "cli/shared_options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int run_nothing(const struct command *command, int argc, char **argv)
{
    return command && argv ? argc : 0;
}

static const struct command probe = {"probe", "FILE...", "Look at files", run_nothing};

/* What options_parse was given, left, and printed. */
struct outcome {
    bool strict;
    const char *format, *output;
    struct text_list set;
    int64_t requests;
    int status, first;
    char printed[4000]; /* on standard output, then on standard error */
};

/* Sends one of the process's standard streams into a file; returns what it was. */
static int divert(int descriptor, FILE *file)
{
    fflush(NULL);
    int saved = dup(descriptor);
    dup2(fileno(file), descriptor);
    return saved;
}

static void restore(int descriptor, int saved)
{
    fflush(NULL);
    dup2(saved, descriptor);
    close(saved);
}

static void parse(struct outcome *outcome, char **argv)
{
    const struct option_row rows[] = {
        {"strict", OPTION_FLAG, NULL, "Warnings count", &outcome->strict},
        SHARED_FORMAT(&outcome->format, "text or json"),
        SHARED_SET(&outcome->set),
        {"requests", OPTION_NUMBER, "NUMBER", "How many", &outcome->requests},
        {"o", OPTION_TEXT, "FILE", "Where to", &outcome->output},
        OPTIONS_END,
    };
    int argc = 0;
    while (argv[argc])
        argc++;
    *outcome = (struct outcome){.format = "text", .requests = 5};
    FILE *file = tmpfile();
    int out = divert(STDOUT_FILENO, file), error = divert(STDERR_FILENO, file);
    outcome->status = options_parse(&probe, rows, argc, argv, &outcome->first);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, error);
    rewind(file);
    outcome->printed[fread(outcome->printed, 1, sizeof outcome->printed - 1, file)] = '\0';
    fclose(file);
}

#define PARSE(outcome, ...) parse((outcome), (char *[]){"probe", __VA_ARGS__, NULL})

static void test_values(void)
{
    struct outcome outcome;
    PARSE(&outcome, "--strict", "--format", "json", "--set=a=1", "--set", "b=2", "--requests=10k",
          "-o", "out", "file", "-");
    CU_ASSERT_EQUAL(outcome.status, -1);
    CU_ASSERT_TRUE(outcome.strict);
    CU_ASSERT_STRING_EQUAL(outcome.format, "json");
    CU_ASSERT_STRING_EQUAL(outcome.output, "out");
    CU_ASSERT_EQUAL(outcome.requests, 10000);
    CU_ASSERT_EQUAL_FATAL(outcome.set.count, 2);
    CU_ASSERT_STRING_EQUAL(outcome.set.items[0], "a=1");
    CU_ASSERT_STRING_EQUAL(outcome.set.items[1], "b=2");
    CU_ASSERT_EQUAL(outcome.first, 10);
    CU_ASSERT_STRING_EQUAL(outcome.printed, "");
    free(outcome.set.items);
}

static void test_order(void)
{
    struct outcome outcome;
    char *behind[] = {"probe", "one", "--strict", "two", "--form", "x", NULL};
    parse(&outcome, behind);
    CU_ASSERT_EQUAL(outcome.status, -1);
    CU_ASSERT_TRUE(outcome.strict);
    CU_ASSERT_STRING_EQUAL(outcome.format, "x");
    CU_ASSERT_STRING_EQUAL(behind[outcome.first], "one");
    CU_ASSERT_STRING_EQUAL(behind[outcome.first + 1], "two");
    char *ended[] = {"probe", "--", "--strict", NULL};
    parse(&outcome, ended);
    CU_ASSERT_EQUAL(outcome.status, -1);
    CU_ASSERT_FALSE(outcome.strict);
    CU_ASSERT_STRING_EQUAL(ended[outcome.first], "--strict");
    PARSE(&outcome, "--format=");
    CU_ASSERT_STRING_EQUAL(outcome.format, "");
}

static void refused(char *argument, char *value, const char *message)
{
    struct outcome outcome;
    parse(&outcome, (char *[]){"probe", argument, value, NULL});
    CU_ASSERT_EQUAL(outcome.status, EXIT_TROUBLE);
    if (strcmp(outcome.printed, message) != 0)
        printf("\nwanted %sgot %s", message, outcome.printed);
    CU_ASSERT_STRING_EQUAL(outcome.printed, message);
}

static void test_refused(void)
{
    refused("--formt", "json",
            "tierway probe: there is no option `--formt`; did you mean `--format`?\n");
    refused("--formt=json", NULL,
            "tierway probe: there is no option `--formt`; did you mean `--format`?\n");
    refused("--zzzzzz", NULL,
            "tierway probe: there is no option `--zzzzzz`; `tierway probe --help` lists them\n");
    refused("--s", NULL, "tierway probe: `--s` may mean `--strict` or `--set`\n");
    refused("--format", NULL, "tierway probe: `--format` needs a value: FORMAT\n");
    refused("-o", NULL, "tierway probe: `-o` needs a value: FILE\n");
    refused("--strict=yes", NULL, "tierway probe: `--strict` takes no value\n");
    refused("--help=yes", NULL, "tierway probe: `--help` takes no value\n");
    refused("-x", NULL,
            "tierway probe: there is no option `-x`; long options begin with two dashes\n");
    refused("--requests", "-3", "tierway probe: --requests: `-3` is negative\n");
}

static void test_numbers(void)
{
    static char *const bad[] = {"9223372036854775808", "1e3", "", "5 ", "0x10", "1.5", "k"};
    struct outcome outcome;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        PARSE(&outcome, "--requests", bad[i]);
        CU_ASSERT_EQUAL(outcome.status, EXIT_TROUBLE);
        CU_ASSERT_EQUAL(outcome.requests, 5);
        CU_ASSERT_EQUAL(strncmp(outcome.printed, "tierway probe: --requests: ", 27), 0);
    }
    PARSE(&outcome, "--requests", "9223372036854775807");
    CU_ASSERT_EQUAL(outcome.requests, INT64_MAX);
    PARSE(&outcome, "--requests", "0");
    CU_ASSERT_EQUAL(outcome.status, -1);
    CU_ASSERT_EQUAL(outcome.requests, 0);
}

static void test_help(void)
{
    struct outcome outcome;
    const char *page = "Usage: tierway probe [OPTION...] FILE...\n"
                       "\n"
                       "Look at files.\n"
                       "\n"
                       "Options:\n"
                       "  --strict           Warnings count\n"
                       "  --format FORMAT    Form of the output: text or json (default: text)\n"
                       "  --set ATTR=VALUE   Set an attribute; may be given again\n"
                       "  --requests NUMBER  How many (default: 5)\n"
                       "  -o FILE            Where to\n"
                       "  --help             Show this page\n";
    PARSE(&outcome, "--help");
    CU_ASSERT_EQUAL(outcome.status, EXIT_DONE);
    CU_ASSERT_STRING_EQUAL(outcome.printed, page);
    PARSE(&outcome, "--format", "json", "file", "--nothing", "-h");
    CU_ASSERT_EQUAL(outcome.status, EXIT_DONE);
    CU_ASSERT_STRING_EQUAL(outcome.printed, page);
}

static void test_formats(void)
{
    static const char *const allowed[] = {"text", "json", "sarif", NULL};
    enum output_format format = FORMAT_TEXT;
    CU_ASSERT_TRUE(format_parse(&probe, "sarif", allowed, &format));
    CU_ASSERT_EQUAL(format, FORMAT_SARIF);
    FILE *file = tmpfile();
    int error = divert(STDERR_FILENO, file);
    CU_ASSERT_FALSE(format_parse(&probe, "jsn", allowed, &format));
    CU_ASSERT_FALSE(format_parse(&probe, "github", allowed, &format));
    restore(STDERR_FILENO, error);
    char printed[400];
    rewind(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = '\0';
    fclose(file);
    CU_ASSERT_EQUAL(format, FORMAT_SARIF);
    CU_ASSERT_STRING_EQUAL(
        printed,
        "tierway probe: --format: `jsn` is not a format; did you mean `json`?\n"
        "tierway probe: --format: `github` is not a format; it takes text, json or sarif\n");
}

/* A full disk, as the system's own device for it gives one. CUnit takes the buffer off standard
 * output, so that here the write itself fails; tests/golden/fmt.sh sees the flush fail. */
static void test_full_disk(void)
{
    int full = open("/dev/full", O_WRONLY);
    CU_ASSERT_TRUE_FATAL(full >= 0);
    FILE *messages = tmpfile();
    int out = divert(STDOUT_FILENO, messages), error = divert(STDERR_FILENO, messages);
    dup2(full, STDOUT_FILENO);
    fputs("text", stdout);
    int status = finish(&probe, EXIT_NO);
    dup2(out, STDOUT_FILENO);
    restore(STDERR_FILENO, error);
    restore(STDOUT_FILENO, out);
    close(full);
    char printed[200];
    rewind(messages);
    printed[fread(printed, 1, sizeof printed - 1, messages)] = '\0';
    fclose(messages);
    CU_ASSERT_EQUAL(status, EXIT_TROUBLE);
    CU_ASSERT_STRING_EQUAL(
        printed, "tierway probe: cannot write to standard output: an earlier write failed\n");
    clearerr(stdout);
    CU_ASSERT_EQUAL(finish(&probe, EXIT_NO), EXIT_NO);
}

/* Reads and returns what was said on standard error. */
static bool read_quietly(const char *path, size_t limit, struct buffer *content, char *printed,
                         size_t size)
{
    FILE *file = tmpfile();
    int error = divert(STDERR_FILENO, file);
    bool done = read_file(&probe, path, limit, content);
    restore(STDERR_FILENO, error);
    rewind(file);
    printed[fread(printed, 1, size - 1, file)] = '\0';
    fclose(file);
    return done;
}

static void check_file(const char *path, size_t limit, size_t length, const char *message)
{
    struct buffer content;
    char printed[400], wanted[400];
    bool done = read_quietly(path, limit, &content, printed, sizeof printed);
    CU_ASSERT_EQUAL(done, message == NULL);
    if (message)
        snprintf(wanted, sizeof wanted, "tierway probe: cannot read %s: %s\n",
                 strcmp(path, "-") == 0 ? "standard input" : path, message);
    CU_ASSERT_STRING_EQUAL(printed, message ? wanted : "");
    if (done)
        CU_ASSERT_EQUAL(content.length, length);
    buffer_free(&content);
}

static void test_files(void)
{
    char path[] = "/tmp/tierway-test-XXXXXX", bytes[9000];
    memset(bytes, 'x', sizeof bytes);
    int descriptor = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(descriptor >= 0);
    CU_ASSERT_EQUAL(write(descriptor, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    check_file(path, sizeof bytes, sizeof bytes, NULL);
    check_file(path, 1 << 20, sizeof bytes, NULL);
    check_file(path, sizeof bytes - 1, 0, "it is larger than 8999 bytes");
    CU_ASSERT_EQUAL(ftruncate(descriptor, 0), 0);
    check_file(path, 0, 0, NULL);
    close(descriptor);
    unlink(path);
    check_file(path, 10, 0, "No such file or directory");
    check_file("/tmp", 10, 0, "it is a directory");
    check_file("/dev/zero", 5000, 0, "it is larger than 5000 bytes");
    check_file("/dev/null", 10, 0, NULL);
}

static void test_standard_input(void)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    CU_ASSERT_EQUAL(write(ends[1], "hello", 5), 5);
    close(ends[1]);
    int saved = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    check_file("-", 5, 5, NULL);
    close(ends[0]);
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    CU_ASSERT_EQUAL(write(ends[1], "hello!", 6), 6);
    dup2(ends[0], STDIN_FILENO);
    check_file("-", 5, 0, "it is larger than 5 bytes");
    close(ends[0]);
    close(ends[1]);
    if (saved >= 0) {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
}

static void test_commands(void)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(command_find("fmt"));
    CU_ASSERT_STRING_EQUAL(command_find("fmt")->name, "fmt");
    CU_ASSERT_PTR_NULL(command_find("fmts"));
    CU_ASSERT_PTR_NULL(command_find(""));
    CU_ASSERT_TRUE(text_is(command_near("fmts"), "fmt"));
    CU_ASSERT_EQUAL(command_near("qqqqqqqqqq").length, 0);
    for (const struct command *command = commands; command->name; command++) {
        CU_ASSERT_PTR_EQUAL(command_find(command->name), command);
        CU_ASSERT_TRUE(command->summary[0] != '\0' && command->run != NULL);
    }
}

static void check_difference(const char *before, const char *after, const char *wanted)
{
    struct buffer out;
    buffer_init(&out, 100000);
    line_diff(text_of(before), text_of(after), "old", "new", &out);
    CU_ASSERT_EQUAL(out.status, TW_OK);
    CU_ASSERT_STRING_EQUAL(out.data ? out.data : "", wanted);
    buffer_free(&out);
}

static void test_differences(void)
{
    check_difference("a\nb\n", "a\nb\n", "");
    check_difference("", "a\n", "--- old\n+++ new\n@@ -0,0 +1 @@\n+a\n");
    check_difference("a\n", "", "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n");
    check_difference("a\nb\nc\n", "a\nx\nc\n",
                     "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    check_difference("a", "a\n",
                     "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    /* Six common lines are shared context, seven are not. */
    check_difference("A\n1\n2\n3\n4\n5\n6\nB\n", "1\n2\n3\n4\n5\n6\n",
                     "--- old\n+++ new\n@@ -1,8 +1,6 @@\n-A\n 1\n 2\n 3\n 4\n 5\n 6\n-B\n");
    check_difference("A\n1\n2\n3\n4\n5\n6\n7\nB\n", "1\n2\n3\n4\n5\n6\n7\n",
                     "--- old\n+++ new\n@@ -1,4 +1,3 @@\n-A\n 1\n 2\n 3\n"
                     "@@ -6,4 +5,3 @@\n 5\n 6\n 7\n-B\n");
}

/* Whatever the texts, reading the difference back gives both. */
static void check_random_difference(uint32_t seed, size_t count)
{
    struct buffer sides[2], read[2], out;
    buffer_init(&out, 1 << 22);
    for (int side = 0; side < 2; side++) {
        buffer_init(&sides[side], 1 << 20);
        buffer_init(&read[side], 1 << 20);
        for (size_t i = 0; i < count; i++, seed = seed * 1664525 + 1013904223)
            buffer_format(&sides[side], "%c\n", 'a' + (seed >> 24) % 3);
    }
    buffer_string(&sides[1], "end\n");
    line_diff(buffer_view(&sides[0]), buffer_view(&sides[1]), "old", "new", &out);
    CU_ASSERT_EQUAL_FATAL(out.status, TW_OK);
    size_t skipped = 0, position = 0, edits = 0;
    for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n")) {
        if (line[0] == '@') {
            sscanf(line, "@@ -%zu", &skipped);
            for (; position + 1 < skipped; position++)
                for (int side = 0; side < 2; side++)
                    buffer_append(&read[side], sides[0].data + 2 * position, 2);
        } else if (strncmp(line, "--- ", 4) != 0 && strncmp(line, "+++ ", 4) != 0) {
            for (int side = 0; side < 2; side++)
                if (line[0] == ' ' || line[0] == "-+"[side])
                    buffer_format(&read[side], "%s\n", line + 1);
            position += line[0] != '+';
            edits += line[0] != ' ';
        }
    }
    CU_ASSERT_TRUE(edits > 0);
    CU_ASSERT_TRUE(text_equal(buffer_view(&read[0]), buffer_view(&sides[0])));
    CU_ASSERT_TRUE(text_equal(buffer_view(&read[1]), buffer_view(&sides[1])));
    for (int side = 0; side < 2; side++) {
        buffer_free(&sides[side]);
        buffer_free(&read[side]);
    }
    buffer_free(&out);
}

static void test_random_differences(void)
{
    for (uint32_t seed = 1; seed < 300; seed++)
        check_random_difference(seed, seed % 40 + 1);
    check_random_difference(7, 6000); /* more edits than are searched for */
}

UNIT_TESTS({"values", test_values}, {"order of arguments", test_order},
           {"options that are refused", test_refused}, {"numbers", test_numbers},
           {"the help page", test_help}, {"formats", test_formats}, {"a full disk", test_full_disk},
           {"files", test_files}, {"standard input", test_standard_input},
           {"commands", test_commands}, {"differences", test_differences},
           {"random differences", test_random_differences})
