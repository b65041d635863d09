/* cli/serve_config.c: see serve_config.h. The environment is read here and nowhere deeper. */
#include "cli/serve_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FILE_MAX = 4096, KEY_MAX = 512 };

static bool read_config_file(const struct command *command, const char *path, struct config *config,
                             struct buffer *problems)
{
    struct buffer content;
    bool good = read_file(command, path, CONFIG_FILE_MAX + 1, &content);
    enum tw_status status =
        good ? config_read(config, path, buffer_view(&content), problems) : TW_IO;
    if (status == TW_NO_MEMORY)
        trouble(command, "%s", tw_status_text(status));
    buffer_free(&content);
    return status == TW_OK;
}

static void set(struct config *config, enum setting_number number, const char *value,
                enum setting_origin origin, struct buffer *problems)
{
    const struct setting *row = &config_settings[number];
    struct tw_error error;
    if (config_set(config, number, text_of(value), origin, &error) == TW_OK)
        return;
    if (origin == ORIGIN_ENVIRONMENT)
        buffer_format(problems, "%s: %s\n", row->environment, error.message);
    else
        buffer_format(problems, "the option for `%s`: %s\n", row->path, error.message);
}

/* An empty variable counts as one that is not set, as everywhere in this program. */
static void set_all(struct config *config, const struct serve_options *options,
                    struct buffer *problems)
{
    for (int i = 0; i < CONFIG_SETTINGS; i++) {
        const char *value = getenv(config_settings[i].environment);
        if (value && *value)
            set(config, (enum setting_number)i, value, ORIGIN_ENVIRONMENT, problems);
        if (options->values[i])
            set(config, (enum setting_number)i, options->values[i], ORIGIN_OPTION, problems);
    }
    if (options->allow_anyone)
        set(config, CONFIG_allow_anyone, "true", ORIGIN_OPTION, problems);
}

bool serve_config_read(const struct command *command, const struct serve_options *options,
                       struct config *config)
{
    struct buffer problems;
    buffer_init(&problems, CONFIG_PROBLEMS_MAX);
    bool good = config_init(config) == TW_OK;
    if (good && options->config)
        good = read_config_file(command, options->config, config, &problems);
    if (good) {
        set_all(config, options, &problems);
        good = problems.length == 0 && config_check(config, &problems) == TW_OK;
    }
    if (problems.length)
        fwrite(problems.data, 1, problems.length, stderr);
    if (problems.length)
        trouble(command, "the configuration cannot be used");
    buffer_free(&problems);
    return good;
}

/* The first line, without blanks around it. */
static struct text first_line(const struct buffer *content)
{
    struct text line = buffer_view(content);
    const char *end = memchr(line.data, '\n', line.length);
    line.length = end ? (size_t)(end - line.data) : line.length;
    if (line.length && line.data[line.length - 1] == '\r')
        line.length--;
    return text_trim(line);
}

static bool is_key(struct text key)
{
    for (size_t i = 0; i < key.length; i++)
        if (key.data[i] <= ' ' || key.data[i] > '~')
            return false;
    return key.length > 0 && key.length <= KEY_MAX;
}

static bool read_key_file(const struct command *command, const char *path, struct buffer *key)
{
    struct buffer content;
    bool good = read_file(command, path, KEY_FILE_MAX, &content);
    if (good)
        buffer_text(key, first_line(&content));
    buffer_free(&content);
    return good;
}

bool serve_key_read(const struct command *command, const struct config *config, struct buffer *key)
{
    const char *variable = config->upstream_key_env;
    const char *source = config->upstream_key_file ? config->upstream_key_file : variable;
    if (!source)
        return true;
    if (config->upstream_key_file && !read_key_file(command, source, key))
        return false;
    if (!config->upstream_key_file)
        buffer_string(key, getenv(variable) ? getenv(variable) : "");
    if (is_key(buffer_view(key)))
        return true;
    trouble(command, "%s holds no key of visible ASCII", source);
    return false;
}
