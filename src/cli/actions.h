/* cli/actions.h: commands that are families of actions: `tierway prices list`, `tierway jobs
 * submit`. Each action is a command of its own, with its own options and help page. */
#ifndef TIERWAY_CLI_ACTIONS_H
#define TIERWAY_CLI_ACTIONS_H

#include "cli/cli.h"

/* Runs the action that argv[1] names, or prints the list of them for --help. An action's name is
 * the command's, a blank and a word. `words` is how a message lists them: "list or show". */
int run_action(const struct command *command, const struct command *actions, size_t count,
               const char *words, int argc, char **argv);

#endif
