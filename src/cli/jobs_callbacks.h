/* cli/jobs_callbacks.h: what a worker's operator lets callbacks do: the options --callback-command,
 * --callback-url and --callback-secret-file. */
#ifndef TIERWAY_CLI_JOBS_CALLBACKS_H
#define TIERWAY_CLI_JOBS_CALLBACKS_H

#include "cli/cli.h"
#include "queue/courier.h"

struct callback_settings {
    struct text_list commands, urls; /* as they are given */
    const char *secret_path;

    struct courier_options options; /* what they mean; see callback_settings_read */
    struct courier_command *allowed_commands;
    struct text *allowed_urls;
    struct webhook_secret secret;
    char *path_variable; /* "PATH=..." */
    char *environment[2];
};

#define CALLBACK_OPTIONS(settings)                                                                 \
    {"callback-command", OPTION_TEXTS, "[NAME=]FILE",                                              \
     "Run FILE for callbacks of this name ('command'); may be given again",                        \
     &(settings)->commands},                                                                       \
        {"callback-url", OPTION_TEXTS, "URL",                                                      \
         "Post callbacks to URL, or under it where it ends in '/'; may be given again",            \
         &(settings)->urls},                                                                       \
    {                                                                                              \
        "callback-secret-file", OPTION_TEXT, "FILE", "Signs what is posted: whsec_...",            \
            &(settings)->secret_path                                                               \
    }

/* Reads what was given. The status to leave with, after a message, or EXIT_DONE. Either way to be
 * freed. */
int callback_settings_read(struct callback_settings *settings, const struct command *command);
void callback_settings_free(struct callback_settings *settings);

#endif
