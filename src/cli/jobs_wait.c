/* cli/jobs_wait.c: tierway jobs wait: until the jobs that are named, or all of a batch, or all
 * there are, have ended. Shows how far it is on standard error: a bar on a terminal, otherwise a
 * line at the beginning, now and then, and at the end. Exit status: 0 all are done; 1 some failed
 * or were cancelled, or there is no such job; 2 trouble, or the time is over. */
#include "cli/environment.h"
#include "cli/jobs.h"
#include "cli/shared_options.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LOOK = 1000,        /* milliseconds between two looks at most */
    LEAST_GAP = 200,    /* and at least: counting reads an index of all jobs */
    LINE_EVERY = 10000, /* milliseconds between two lines */
    BAR_WIDTH = 30
};

struct waiting {
    const struct command *command;
    const char *store_path, *batch, *timeout;
    char **ids; /* ends with NULL; empty: all */
    size_t id_count;
    struct store *store;
    enum job_state *states; /* of ids; JOB_QUEUED until it is known better */
    struct job_counts counts;
    int64_t begun, until; /* until: 0 for ever */
    int64_t ended_before; /* when it began */
    int64_t said;         /* when a line was printed last */
    bool terminal;
};

static int64_t now_milliseconds(void)
{
    return clock_monotonic() / 1000000;
}

static bool has_ended(enum job_state state)
{
    return state == JOB_DONE || state == JOB_FAILED || state == JOB_CANCELLED;
}

/* --- looking --- */

static enum tw_status visit_state(void *context, const struct job *job)
{
    *(enum job_state *)context = job->state;
    return TW_OK;
}

/* Counts the jobs that are named; each is looked at until it has ended. */
static int look_at_ids(struct waiting *run)
{
    run->counts = (struct job_counts){.expired = 0};
    for (size_t i = 0; i < run->id_count; i++) {
        struct tw_error error;
        enum tw_status status = TW_OK;
        if (!has_ended(run->states[i]))
            status =
                job_find(run->store, text_of(run->ids[i]), visit_state, &run->states[i], &error);
        if (status == TW_NOT_FOUND) {
            trouble(run->command, "there is no job '%s'", run->ids[i]);
            return EXIT_NO;
        }
        if (status != TW_OK && status != TW_BUSY)
            return trouble(run->command, "%s", error.message);
        run->counts.of_state[run->states[i]]++;
    }
    return EXIT_DONE;
}

/* A store that is out of reach for a while is asked again later. */
static int look(struct waiting *run)
{
    const struct job_filter filter = {.batch = text_of(run->batch)};
    struct job_counts counts;
    struct tw_error error;
    if (run->id_count)
        return look_at_ids(run);
    enum tw_status status = job_count(run->store, &filter, &counts, &error);
    if (status == TW_OK)
        run->counts = counts;
    return status == TW_OK || status == TW_BUSY ? EXIT_DONE
                                                : trouble(run->command, "%s", error.message);
}

static int64_t count_ended(const struct waiting *run)
{
    int64_t count = 0;
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        if (has_ended((enum job_state)state))
            count += run->counts.of_state[state];
    return count;
}

static int64_t count_all(const struct waiting *run)
{
    return count_ended(run) + run->counts.of_state[JOB_QUEUED] + run->counts.of_state[JOB_RUNNING];
}

/* --- showing --- */

static void print_numbers(const struct waiting *run)
{
    const int64_t *counts = run->counts.of_state;
    fprintf(stderr, "%lld of %lld ended: %lld done, %lld failed, %lld cancelled; %lld running",
            (long long)count_ended(run), (long long)count_all(run), (long long)counts[JOB_DONE],
            (long long)counts[JOB_FAILED], (long long)counts[JOB_CANCELLED],
            (long long)counts[JOB_RUNNING]);
}

/* By the pace since it began to wait. */
static void print_rest(const struct waiting *run, int64_t now)
{
    int64_t ended = count_ended(run) - run->ended_before, left = count_all(run) - count_ended(run);
    if (ended > 0 && left > 0 && now > run->begun)
        fprintf(stderr, ", about %lld s left",
                (long long)((now - run->begun) * left / ended / 1000));
}

static void show(struct waiting *run, bool last)
{
    int64_t now = now_milliseconds(), all = count_all(run);
    if (!run->terminal && !last && run->said && now - run->said < LINE_EVERY)
        return;
    run->said = now;
    if (run->terminal) {
        int filled = all ? (int)(count_ended(run) * BAR_WIDTH / all) : BAR_WIDTH;
        fprintf(stderr, "\r[%.*s%*s] ", filled, "##############################",
                BAR_WIDTH - filled, "");
    }
    print_numbers(run);
    print_rest(run, now);
    fputs(run->terminal ? "\033[K" : "\n", stderr);
    if (run->terminal && last)
        fputc('\n', stderr);
}

/* --- waiting --- */

/* Until something may have changed. */
static int wait_for_change(struct waiting *run, int64_t looked)
{
    struct tw_error error;
    int64_t now = now_milliseconds(), rest = run->until ? run->until - now : LOOK;
    enum tw_status status =
        job_wait(run->store, rest < LOOK ? (rest > 0 ? rest : 0) : LOOK, &error);
    if (status != TW_OK && status != TW_BUSY)
        return trouble(run->command, "%s", error.message);
    int64_t gap = looked + LEAST_GAP - now_milliseconds();
    if (gap > 0)
        usleep((useconds_t)gap * 1000);
    return EXIT_DONE;
}

static int judge(struct waiting *run)
{
    const int64_t *counts = run->counts.of_state;
    show(run, true);
    return counts[JOB_FAILED] + counts[JOB_CANCELLED] ? EXIT_NO : EXIT_DONE;
}

static int wait_for_all(struct waiting *run)
{
    int leave = look(run);
    run->begun = now_milliseconds();
    run->ended_before = count_ended(run);
    while (leave == EXIT_DONE) {
        int64_t looked = now_milliseconds();
        if (count_ended(run) == count_all(run))
            return judge(run);
        show(run, false);
        if (run->until && looked >= run->until) {
            show(run, true);
            return trouble(run->command, "the time is over; some jobs have not ended");
        }
        leave = wait_for_change(run, looked);
        if (leave == EXIT_DONE)
            leave = look(run);
    }
    return leave;
}

static int run_wait(struct waiting *run)
{
    int64_t time = 0;
    if (!jobs_read_time(run->command, "timeout", run->timeout, &time))
        return EXIT_TROUBLE;
    run->until = time ? now_milliseconds() + time : 0;
    run->terminal = isatty(STDERR_FILENO);
    run->states = calloc(run->id_count + 1, sizeof run->states[0]);
    run->store = jobs_open(run->command, run->store_path, true);
    int leave = run->store && run->states ? wait_for_all(run) : EXIT_TROUBLE;
    store_close(run->store);
    free(run->states);
    return leave;
}

int jobs_wait(const struct command *command, int argc, char **argv)
{
    struct waiting run = {.command = command, .store_path = default_store()};
    const struct option_row rows[] = {
        SHARED_STORE(&run.store_path),
        {"batch", OPTION_TEXT, "ID", "All jobs of this batch", &run.batch},
        {"timeout", OPTION_TEXT, "TIME", "Give up after this", &run.timeout},
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    run.ids = argv + first;
    run.id_count = (size_t)(argc - first);
    if (run.batch && run.id_count)
        return usage_trouble(command, "takes IDs or --batch, not both");
    return run_wait(&run);
}
