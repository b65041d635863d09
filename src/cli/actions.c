/* cli/actions.c: see actions.h. */
#include "cli/actions.h"

#include "base/value.h"

#include <stdio.h>
#include <string.h>

static const char *word_of(const struct command *action)
{
    return strchr(action->name, ' ') + 1;
}

static int print_actions(const struct command *command, const struct command *actions, size_t count)
{
    size_t word = 0, arguments = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(word_of(&actions[i])), more = strlen(actions[i].arguments);
        word = length > word ? length : word;
        arguments = more > arguments ? more : arguments;
    }
    printf("Usage: tierway %s %s\n\n%s.\n\nActions:\n", command->name, command->arguments,
           command->summary);
    for (size_t i = 0; i < count; i++)
        printf("  %-*s %-*s  %s\n", (int)word, word_of(&actions[i]), (int)arguments,
               actions[i].arguments, actions[i].summary);
    printf("\n`tierway %s ACTION --help` tells all about one.\n", command->name);
    return EXIT_DONE;
}

static int unknown_action(const struct command *command, const struct command *actions,
                          size_t count, const char *words, const char *word)
{
    struct nearest nearest;
    nearest_init(&nearest, text_of(word));
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, text_of(word_of(&actions[i])));
    if (nearest.best.length)
        return trouble(command, "there is no action `%s`; did you mean `%.*s`?", word,
                       TEXT_ARGUMENTS(nearest.best));
    return trouble(command, "there is no action `%s`; it takes %s", word, words);
}

int run_action(const struct command *command, const struct command *actions, size_t count,
               const char *words, int argc, char **argv)
{
    if (argc < 2)
        return trouble(command, "say what to do: %s", words);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_actions(command, actions, count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(argv[1], word_of(&actions[i])) == 0)
            return actions[i].run(&actions[i], argc - 1, argv + 1);
    return unknown_action(command, actions, count, words, argv[1]);
}
