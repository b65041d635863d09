/* cli/jobs_change.c: tierway jobs cancel and retry. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/shared_options.h"

#include "base/arena.h"
#include "base/clock.h"

#include <stdio.h>

enum { IDS_LIMIT = 1 << 30 };

#define DAY ((int64_t)86400000) /* milliseconds */

struct changing {
    const struct command *command;
    const char *store_path, *deadline, *batch;
    bool failed;
    int64_t now, until;
    struct store *store;
};

static int64_t now_milliseconds(void)
{
    return clock_system() / 1000000;
}

/* Changes one job; *changed is false where it is in no state for that, or there is none. */
typedef enum tw_status (*job_changer)(const struct changing *run, struct text id, bool *changed,
                                      struct tw_error *error);

static enum tw_status cancel(const struct changing *run, struct text id, bool *changed,
                             struct tw_error *error)
{
    return job_cancel(run->store, id, run->now, changed, error);
}

static enum tw_status retry(const struct changing *run, struct text id, bool *changed,
                            struct tw_error *error)
{
    return job_retry(run->store, id, run->now, run->until, changed, error);
}

static int change_each(const struct changing *run, char **ids, job_changer change,
                       const char *otherwise)
{
    int leave = EXIT_DONE;
    for (; *ids; ids++) {
        struct tw_error error;
        bool changed;
        if (change(run, text_of(*ids), &changed, &error) != TW_OK)
            return trouble(run->command, "%s", error.message);
        if (changed)
            continue;
        trouble(run->command, "'%s' %s, or is no job", *ids, otherwise);
        leave = EXIT_NO;
    }
    return leave;
}

int jobs_cancel(const struct command *command, int argc, char **argv)
{
    struct changing run = {
        .command = command, .store_path = default_store(), .now = now_milliseconds()};
    const struct option_row rows[] = {SHARED_STORE(&run.store_path), OPTIONS_END};
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (argc == first)
        return usage_trouble(command, "needs an ID");
    run.store = jobs_open(command, run.store_path, false);
    status =
        run.store ? change_each(&run, argv + first, cancel, "has ended already") : EXIT_TROUBLE;
    store_close(run.store);
    return status;
}

/* --- all that failed --- */

/* The visitor must not use the store: it only gathers. */
struct gathering {
    struct arena arena;
    char **ids;
    size_t count, capacity;
};

static enum tw_status gather(void *context, const struct job *job)
{
    struct gathering *all = context;
    char **ids = arena_grow(&all->arena, all->ids, all->count, &all->capacity, sizeof *ids);
    if (!ids)
        return TW_NO_MEMORY;
    all->ids = ids;
    ids[all->count++] = (char *)(uintptr_t)arena_text(&all->arena, job->id).data;
    return arena_status(&all->arena);
}

static int retry_failed(const struct changing *run)
{
    struct gathering all = {.capacity = 64};
    const struct job_walk walk = {.store = run->store,
                                  .filter = {.batch = text_of(run->batch)},
                                  .visit = gather,
                                  .context = &all};
    size_t retried = 0;
    struct tw_error error;
    arena_init(&all.arena, IDS_LIMIT);
    all.ids = ARENA_ARRAY(&all.arena, char *, all.capacity);
    int leave = all.ids ? jobs_walk(run->command, &walk, JOB_FAILED)
                        : trouble(run->command, "out of memory");
    for (size_t i = 0; i < all.count && leave == EXIT_DONE; i++) {
        bool changed;
        if (retry(run, text_of(all.ids[i]), &changed, &error) != TW_OK)
            leave = trouble(run->command, "%s", error.message);
        else
            retried += changed;
    }
    arena_free(&all.arena);
    printf("%zu jobs are queued again\n", retried);
    return leave == EXIT_DONE ? finish(run->command, EXIT_DONE) : leave;
}

static int run_retry(struct changing *run, char **ids)
{
    int64_t time = DAY;
    if (!jobs_read_time(run->command, "deadline", run->deadline, &time))
        return EXIT_TROUBLE;
    run->until = run->now + time;
    run->store = jobs_open(run->command, run->store_path, false);
    int leave = !run->store   ? EXIT_TROUBLE
                : run->failed ? retry_failed(run)
                              : change_each(run, ids, retry, "has not failed");
    store_close(run->store);
    return leave;
}

int jobs_retry(const struct command *command, int argc, char **argv)
{
    struct changing run = {
        .command = command, .store_path = default_store(), .now = now_milliseconds()};
    const struct option_row rows[] = {
        SHARED_STORE(&run.store_path),
        {"failed", OPTION_FLAG, NULL, "All jobs that failed", &run.failed},
        {"batch", OPTION_TEXT, "ID", "With --failed: only those of this batch", &run.batch},
        {"deadline", OPTION_TEXT, "TIME", "To be done within: 24h (the default)", &run.deadline},
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (run.failed == (argc > first) || (run.batch && !run.failed))
        return usage_trouble(command, "needs IDs, or --failed");
    return run_retry(&run, argv + first);
}
