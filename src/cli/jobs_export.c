/* cli/jobs_export.c: tierway jobs export: the results of jobs that have ended, a line each, to
 * standard output or to a file, which is then written whole or not at all. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/shared_options.h"

#include <stdio.h>

struct exporting {
    const struct command *command;
    const char *store_path, *state_name, *batch, *path;
    FILE *out;
};

static enum tw_status visit_result(void *context, const struct job *job)
{
    FILE *out = ((struct exporting *)context)->out;
    if (job->result.length) {
        fwrite(job->result.data, 1, job->result.length, out);
        fputc('\n', out);
    }
    return ferror(out) ? TW_UNKNOWN : TW_OK;
}

static int write_results(struct exporting *run, struct store *store)
{
    const struct job_walk walk = {.store = store,
                                  .filter = {.batch = text_of(run->batch)},
                                  .visit = visit_result,
                                  .context = run};
    static const enum job_state ended[] = {JOB_DONE, JOB_FAILED};
    enum job_state only = JOB_STATE_COUNT;
    int leave = EXIT_DONE;
    if (run->state_name && !jobs_read_state(run->command, run->state_name, &only))
        return EXIT_TROUBLE;
    if (run->state_name && only != JOB_DONE && only != JOB_FAILED)
        return trouble(run->command, "--state is done or failed: others have no result");
    for (size_t i = 0; i < 2 && leave == EXIT_DONE; i++)
        if (only == JOB_STATE_COUNT || only == ended[i])
            leave = jobs_walk(run->command, &walk, ended[i]);
    return leave;
}

static int export_to_file(struct exporting *run, struct store *store)
{
    struct whole_file file;
    if (!whole_file_open(run->command, run->path, &file))
        return EXIT_TROUBLE;
    run->out = file.stream;
    int leave = write_results(run, store);
    return whole_file_close(run->command, &file, leave == EXIT_DONE) ? leave : EXIT_TROUBLE;
}

static int run_export(struct exporting *run)
{
    struct store *store = jobs_open(run->command, run->store_path, true);
    if (!store)
        return EXIT_TROUBLE;
    run->out = stdout;
    int leave = run->path ? export_to_file(run, store) : write_results(run, store);
    store_close(store);
    return leave == EXIT_DONE ? finish(run->command, EXIT_DONE) : leave;
}

int jobs_export(const struct command *command, int argc, char **argv)
{
    struct exporting run = {.command = command, .store_path = default_store()};
    const struct option_row rows[] = {
        SHARED_STORE(&run.store_path),
        {"o", OPTION_TEXT, "FILE", "Write there, whole or not at all", &run.path},
        {"output", OPTION_TEXT, "FILE", "The same", &run.path},
        {"state", OPTION_TEXT, "STATE", "Only done, or only failed", &run.state_name},
        {"batch", OPTION_TEXT, "ID", "Only jobs of this batch", &run.batch},
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    return argc > first ? usage_trouble(command, "takes no argument") : run_export(&run);
}
