/* cli/jobs.h: the actions of `tierway jobs`, and what they share. */
#ifndef TIERWAY_CLI_JOBS_H
#define TIERWAY_CLI_JOBS_H

#include "cli/cli.h"
#include "store/jobs.h"

int jobs_submit(const struct command *command, int argc, char **argv);
int jobs_list(const struct command *command, int argc, char **argv);
int jobs_show(const struct command *command, int argc, char **argv);
int jobs_wait(const struct command *command, int argc, char **argv);
int jobs_cancel(const struct command *command, int argc, char **argv);
int jobs_retry(const struct command *command, int argc, char **argv);
int jobs_export(const struct command *command, int argc, char **argv);
int jobs_work(const struct command *command, int argc, char **argv);

/* Opens a file or a server; on failure says why and returns NULL. To be closed with store_close. */
struct store *jobs_open(const struct command *command, const char *store, bool read_only);

/* Reads a time such as "6h" of an option into milliseconds over 0; NULL leaves it as it is. False
 * after a message. */
bool jobs_read_time(const struct command *command, const char *option, const char *text,
                    int64_t *milliseconds);

/* Jobs of some states, one after another. */
struct job_walk {
    struct store *store;
    struct job_filter filter;
    job_visitor visit; /* its result TW_UNKNOWN ends the walk, and nothing is wrong */
    void *context;
};

/* Visits all jobs of a state. EXIT_DONE, or EXIT_TROUBLE after a message. */
int jobs_walk(const struct command *command, const struct job_walk *walk, enum job_state state);
/* The state of that name; false after a message. */
bool jobs_read_state(const struct command *command, const char *name, enum job_state *state);

#endif
