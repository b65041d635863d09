/* cli/output.c: messages, exit status, colours, and the reading of --format. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_who(const struct command *command)
{
    if (command)
        fprintf(stderr, "tierway %s: ", command->name);
    else
        fputs("tierway: ", stderr);
}

int trouble(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_who(command);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return EXIT_TROUBLE;
}

int usage_trouble(const struct command *command, const char *message)
{
    trouble(command, "%s", message);
    fprintf(stderr, "Usage: tierway %s [OPTION...]%s%s\n", command->name,
            command->arguments[0] ? " " : "", command->arguments);
    return EXIT_TROUBLE;
}

int finish(const struct command *command, int status)
{
    bool failed_before = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !failed_before)
        return status;
    return trouble(command, "cannot write to standard output: %s",
                   errno ? strerror(errno) : "an earlier write failed");
}

bool colour_wanted(int descriptor)
{
    if (!isatty(descriptor))
        return false;
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return !(refused && *refused) && terminal && strcmp(terminal, "dumb") != 0;
}

bool format_parse(const struct command *command, const char *value, const char *const *allowed,
                  enum output_format *format)
{
    struct nearest nearest;
    nearest_init(&nearest, text_of(value));
    for (int i = 0; allowed[i]; i++) {
        if (strcmp(allowed[i], value) == 0) {
            *format = (enum output_format)i;
            return true;
        }
        nearest_offer(&nearest, text_of(allowed[i]));
    }
    struct buffer list;
    buffer_init(&list, 1000);
    for (int i = 0; allowed[i]; i++)
        buffer_format(&list, "%s%s", i == 0 ? "" : allowed[i + 1] ? ", " : " or ", allowed[i]);
    if (nearest.best.length)
        trouble(command, "--format: `%s` is not a format; did you mean `%.*s`?", value,
                (int)nearest.best.length, nearest.best.data);
    else
        trouble(command, "--format: `%s` is not a format; it takes %s", value,
                list.data ? list.data : "");
    buffer_free(&list);
    return false;
}
