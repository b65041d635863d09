/* cli/jobs.c: tierway jobs submit|list|show|wait|cancel|retry|export|work, and what these share. */
#include "cli/jobs.h"

#include "cli/actions.h"

#include "base/clock.h"
#include "base/value.h"

#include <string.h>

enum { PAGE = 256 };

static const struct command actions[] = {
    {"jobs submit", "[FILE]", "Put requests into the queue", jobs_submit},
    {"jobs list", "", "List jobs", jobs_list},
    {"jobs show", "ID", "Show a job and its result", jobs_show},
    {"jobs wait", "[ID...]", "Wait until jobs have ended", jobs_wait},
    {"jobs cancel", "ID...", "Cancel jobs that have not ended", jobs_cancel},
    {"jobs retry", "ID...", "Put jobs that failed back into the queue", jobs_retry},
    {"jobs export", "", "Write the results of jobs that have ended", jobs_export},
    {"jobs work", "", "Work on jobs", jobs_work},
};

int command_jobs(const struct command *command, int argc, char **argv)
{
    return run_action(command, actions, sizeof actions / sizeof actions[0],
                      "submit, list, show, wait, cancel, retry, export or work", argc, argv);
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

bool jobs_read_time(const struct command *command, const char *option, const char *text,
                    int64_t *milliseconds)
{
    if (!text)
        return true;
    if (value_parse(TW_TYPE_DURATION, text_of(text), milliseconds, NULL) == TW_OK &&
        *milliseconds > 0 && *milliseconds <= INSTANT_LAST - clock_system() / 1000000)
        return true;
    trouble(command, "--%s: \"%s\" is no time such as 24h", option, text);
    return false;
}

/* What a page of jobs needs beside the walk. */
struct page {
    const struct job_walk *walk;
    int64_t after;
    size_t seen;
};

static enum tw_status visit_page(void *context, const struct job *job)
{
    struct page *page = context;
    page->after = job->number;
    page->seen++;
    return page->walk->visit(page->walk->context, job);
}

int jobs_walk(const struct command *command, const struct job_walk *walk, enum job_state state)
{
    struct tw_error error = {.message = "out of memory"};
    struct page page = {.walk = walk};
    do {
        page.seen = 0;
        enum tw_status status = job_list(walk->store, &walk->filter, state, page.after, PAGE,
                                         visit_page, &page, &error);
        if (status == TW_UNKNOWN)
            return EXIT_DONE;
        if (status != TW_OK)
            return trouble(command, "%s", error.message);
    } while (page.seen == PAGE);
    return EXIT_DONE;
}

bool jobs_read_state(const struct command *command, const char *name, enum job_state *state)
{
    for (int i = 0; i < JOB_STATE_COUNT; i++)
        if (strcmp(name, job_state_name((enum job_state)i)) == 0) {
            *state = (enum job_state)i;
            return true;
        }
    trouble(command, "--state is queued, running, done, failed or cancelled, not \"%s\"", name);
    return false;
}
