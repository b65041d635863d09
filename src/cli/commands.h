/* cli/commands.h: between main.c and the table of commands. */
#ifndef TIERWAY_CLI_COMMANDS_H
#define TIERWAY_CLI_COMMANDS_H

#include "cli/cli.h"

#include <stdio.h>

/* The name of the command that was likely meant, or an empty text. */
struct text command_near(const char *name);
/* The help page: every command with its summary, in groups. */
void commands_print(FILE *out);

#endif
