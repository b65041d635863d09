/* cli/jobs.h: the actions of `tierway jobs`, and what they share. */
#ifndef TIERWAY_CLI_JOBS_H
#define TIERWAY_CLI_JOBS_H

#include "cli/cli.h"
#include "store/jobs.h"

int jobs_submit(const struct command *command, int argc, char **argv);
int jobs_list(const struct command *command, int argc, char **argv);
int jobs_show(const struct command *command, int argc, char **argv);
int jobs_cancel(const struct command *command, int argc, char **argv);
int jobs_export(const struct command *command, int argc, char **argv);
int jobs_work(const struct command *command, int argc, char **argv);

/* Opens a file or a server; on failure says why and returns NULL. To be closed with store_close. */
struct store *jobs_open(const struct command *command, const char *store, bool read_only);

#endif
