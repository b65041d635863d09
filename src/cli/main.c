/* cli/main.c: finds the command and runs it.
 *
 * Nothing is set up before that: a command that only reads a small file takes about a millisecond.
 * SIGPIPE keeps its default action, so that `tierway ... | head` ends quietly; commands that write
 * to sockets see to that themselves. */
#include "cli/commands.h"

#include <string.h>

static int unknown_command(const char *name)
{
    struct text near = command_near(name);
    if (near.length)
        return trouble(NULL, "there is no command `%s`; did you mean `%.*s`?", name,
                       (int)near.length, near.data);
    return trouble(NULL, "there is no command `%s`; `tierway --help` lists them", name);
}

/* A command that has said what failed is not asked about standard output again. */
static int run(const struct command *command, int argc, char **argv)
{
    int status = command->run(command, argc, argv);
    return status == EXIT_TROUBLE ? status : finish(command, status);
}

static int help_page(void)
{
    commands_print(stdout);
    return finish(NULL, EXIT_DONE);
}

/* tierway help [COMMAND] */
static int help(char **argv)
{
    if (!argv[2])
        return help_page();
    const struct command *command = command_find(argv[2]);
    if (!command)
        return unknown_command(argv[2]);
    char option[] = "--help";
    char *arguments[] = {argv[2], option, NULL};
    return run(command, 2, arguments);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        commands_print(stderr);
        return EXIT_TROUBLE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("tierway " TIERWAY_VERSION);
        return finish(NULL, EXIT_DONE);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_page();
    if (strcmp(argv[1], "help") == 0)
        return help(argv);
    const struct command *command = command_find(argv[1]);
    return command ? run(command, argc - 1, argv + 1) : unknown_command(argv[1]);
}
