/* cli/commands.c: the table of commands, and the help page made from it.
 *
 * commands.def is the only list of commands: prototypes, table and help page all come from it. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#define TW_COMMAND(name, function, arguments, summary) {#name, arguments, summary, function},
const struct command commands[] = {
#include "cli/commands.def"
    {NULL, NULL, NULL, NULL},
};

/* A line of the help page; without a name it is a title. */
struct help_line {
    const char *name, *text;
};

#define TW_COMMAND(name, function, arguments, summary) {#name, summary},
#define TW_GROUP(title) {NULL, title},
static const struct help_line help_lines[] = {
#include "cli/commands.def"
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

struct text command_near(const char *name)
{
    struct nearest nearest;
    nearest_init(&nearest, text_of(name));
    for (const struct command *command = commands; command->name; command++)
        nearest_offer(&nearest, text_of(command->name));
    return nearest.best;
}

static int longest_name(void)
{
    size_t longest = 0;
    for (const struct command *command = commands; command->name; command++)
        longest = strlen(command->name) > longest ? strlen(command->name) : longest;
    return (int)longest;
}

void commands_print(FILE *out)
{
    const size_t count = sizeof help_lines / sizeof help_lines[0];
    int width = longest_name();
    fputs("tierway sends each LLM request to the service tier that a policy chooses.\n"
          "\n"
          "Usage: tierway COMMAND [OPTION...] [ARGUMENT...]\n",
          out);
    for (size_t i = 0; i < count; i++) {
        bool next_is_title = i + 1 == count || !help_lines[i + 1].name;
        if (help_lines[i].name)
            fprintf(out, "  %-*s  %s\n", width, help_lines[i].name, help_lines[i].text);
        else if (!next_is_title)
            fprintf(out, "\n%s:\n", help_lines[i].text);
    }
    fputs("\n"
          "`tierway COMMAND --help` tells all about one command; `tierway --version` prints the\n"
          "version. Exit status: 0 done, 1 the answer is no, 2 it could not be done.\n",
          out);
}
