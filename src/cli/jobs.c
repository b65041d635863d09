/* cli/jobs.c: tierway jobs submit|list|show|cancel|export|work, and what these share. */
#include "cli/jobs.h"

#include "cli/actions.h"

#include <string.h>

static const struct command actions[] = {
    {"jobs submit", "[FILE]", "Put requests into the queue", jobs_submit},
    {"jobs list", "", "List jobs", jobs_list},
    {"jobs show", "ID", "Show a job and its result", jobs_show},
    {"jobs cancel", "ID...", "Cancel jobs that have not ended", jobs_cancel},
    {"jobs export", "", "Write the results of jobs that have ended", jobs_export},
    {"jobs work", "", "Work on jobs", jobs_work},
};

int command_jobs(const struct command *command, int argc, char **argv)
{
    return run_action(command, actions, sizeof actions / sizeof actions[0],
                      "submit, list, show, cancel, export or work", argc, argv);
}

struct store *jobs_open(const struct command *command, const char *store, bool read_only)
{
    struct store_options options = STORE_DEFAULTS;
    struct store *opened;
    struct tw_error error;
    options.read_only = read_only;
    if (strcmp(store, "memory:") == 0)
        trouble(command, "jobs need a store that outlives this process, not \"memory:\"");
    else if (store_open(store, &options, &opened, &error) == TW_OK)
        return opened;
    else
        trouble(command, "%s", error.message);
    return NULL;
}
