/* cli/jobs_callbacks.c: see jobs_callbacks.h. */
#include "cli/jobs_callbacks.h"

#include "queue/callback.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRET_FILE_MAX = 4096, PATH_SIZE_MAX = 32 << 10 };

#define USUAL_NAME "command"

static int read_command(struct callback_settings *settings, const struct command *command,
                        const char *given)
{
    const char *sign = strchr(given, '=');
    struct courier_command *allowed =
        &settings->allowed_commands[settings->options.command_count++];
    *allowed = (struct courier_command){.name = TEXT(USUAL_NAME)};
    if (sign)
        allowed->name = (struct text){given, (size_t)(sign - given)};
    const char *file = sign ? sign + 1 : given;
    if (callback_check(allowed->name, NULL) != TW_OK || callback_is_url(allowed->name))
        return trouble(command, "--callback-command: \"%s\" is not NAME=FILE", given);
    allowed->path = realpath(file, NULL);
    if (!allowed->path || access(allowed->path, X_OK) != 0)
        return trouble(command, "--callback-command: %s is no file that can be run", file);
    return EXIT_DONE;
}

static int read_url(struct callback_settings *settings, const struct command *command,
                    const char *given)
{
    struct text url = text_of(given);
    settings->allowed_urls[settings->options.url_count++] = url;
    if (callback_is_url(url) && callback_check(url, NULL) == TW_OK)
        return EXIT_DONE;
    return trouble(command, "--callback-url: \"%s\" is no plain http or https URL", given);
}

static int read_secret(struct callback_settings *settings, const struct command *command)
{
    struct buffer content;
    struct tw_error error;
    int status = EXIT_TROUBLE;
    if (settings->urls.count && !settings->secret_path)
        return usage_trouble(command, "--callback-url needs --callback-secret-file FILE");
    if (!settings->secret_path)
        return EXIT_DONE;
    if (!read_file(command, settings->secret_path, SECRET_FILE_MAX, &content))
        status = EXIT_TROUBLE;
    else if (webhook_secret_read(buffer_view(&content), &settings->secret, &error) != TW_OK)
        trouble(command, "%s: %s", settings->secret_path, error.message);
    else
        status = EXIT_DONE;
    if (content.data)
        explicit_bzero(content.data, content.capacity);
    buffer_free(&content);
    return status;
}

/* Of all variables a command gets PATH only: no key of the provider's. */
static int make_environment(struct callback_settings *settings, const struct command *command)
{
    struct buffer line;
    const char *path = getenv("PATH");
    buffer_init(&line, PATH_SIZE_MAX);
    buffer_format(&line, "PATH=%s", path ? path : "/usr/bin:/bin");
    settings->path_variable = line.status ? NULL : strdup(line.data);
    settings->environment[0] = settings->path_variable;
    buffer_free(&line);
    return settings->path_variable ? EXIT_DONE : trouble(command, "PATH is too long");
}

int callback_settings_read(struct callback_settings *settings, const struct command *command)
{
    struct courier_options *options = &settings->options;
    settings->allowed_commands =
        calloc(settings->commands.count + 1, sizeof settings->allowed_commands[0]);
    settings->allowed_urls = calloc(settings->urls.count + 1, sizeof settings->allowed_urls[0]);
    if (!settings->allowed_commands || !settings->allowed_urls)
        return trouble(command, "out of memory");
    int status = make_environment(settings, command);
    for (size_t i = 0; i < settings->commands.count && status == EXIT_DONE; i++)
        status = read_command(settings, command, settings->commands.items[i]);
    for (size_t i = 0; i < settings->urls.count && status == EXIT_DONE; i++)
        status = read_url(settings, command, settings->urls.items[i]);
    options->commands = settings->allowed_commands;
    options->urls = settings->allowed_urls;
    options->secret = &settings->secret;
    options->environment = settings->environment;
    return status == EXIT_DONE ? read_secret(settings, command) : status;
}

void callback_settings_free(struct callback_settings *settings)
{
    for (size_t i = 0; i < settings->options.command_count; i++)
        free((char *)(uintptr_t)settings->allowed_commands[i].path);
    free(settings->allowed_commands);
    free(settings->allowed_urls);
    free(settings->path_variable);
    free(settings->commands.items);
    free(settings->urls.items);
    explicit_bzero(&settings->secret, sizeof settings->secret);
}
