/* cli/jobs.c: tierway jobs submit|list|show|cancel|export|work: finds the action. Each is a command
 * of its own with its own options and help page. */
#include "cli/jobs.h"

#include "base/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTION_WORDS "submit, list, show, cancel, export or work"

static const struct command actions[] = {
    {"jobs submit", "[FILE]", "Put requests into the queue", jobs_submit},
    {"jobs list", "", "List jobs", jobs_list},
    {"jobs show", "ID", "Show a job and its result", jobs_show},
    {"jobs cancel", "ID...", "Cancel jobs that have not ended", jobs_cancel},
    {"jobs export", "", "Write the results of jobs that have ended", jobs_export},
    {"jobs work", "", "Work on jobs", jobs_work},
};

enum { ACTIONS = sizeof actions / sizeof actions[0] };

static const char *word_of(const struct command *action)
{
    return action->name + strlen("jobs ");
}

static int print_actions(const struct command *command)
{
    printf("Usage: tierway %s %s\n\n%s.\n\nActions:\n", command->name, command->arguments,
           command->summary);
    for (size_t i = 0; i < ACTIONS; i++)
        printf("  %-6s %-8s  %s\n", word_of(&actions[i]), actions[i].arguments, actions[i].summary);
    printf("\n`tierway jobs ACTION --help` tells all about one.\n");
    return EXIT_DONE;
}

static int unknown_action(const struct command *command, const char *word)
{
    struct nearest nearest;
    nearest_init(&nearest, text_of(word));
    for (size_t i = 0; i < ACTIONS; i++)
        nearest_offer(&nearest, text_of(word_of(&actions[i])));
    if (nearest.best.length)
        return trouble(command, "there is no action `%s`; did you mean `%.*s`?", word,
                       TEXT_ARGUMENTS(nearest.best));
    return trouble(command, "there is no action `%s`; it takes " ACTION_WORDS, word);
}

int command_jobs(const struct command *command, int argc, char **argv)
{
    if (argc < 2)
        return usage_trouble(command, "say what to do: " ACTION_WORDS);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_actions(command);
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(argv[1], word_of(&actions[i])) == 0)
            return actions[i].run(&actions[i], argc - 1, argv + 1);
    return unknown_action(command, argv[1]);
}

const char *jobs_store_path(const char *store)
{
    const char *from_environment = getenv("TIERWAY_STORE");
    if (store)
        return store;
    return from_environment && *from_environment ? from_environment : "tierway.db";
}

struct store *jobs_open(const struct command *command, const char *store, bool read_only)
{
    struct store_options options = STORE_DEFAULTS;
    struct store *opened;
    struct tw_error error;
    options.read_only = read_only;
    if (store_open(jobs_store_path(store), &options, &opened, &error) == TW_OK)
        return opened;
    trouble(command, "%s", error.message);
    return NULL;
}
