/* cli/serve_config.c: see serve_config.h. The environment is read here and nowhere deeper. */
#include "cli/serve_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096, KEY_MAX = 512 };

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
    if (options->http2)
        set(config, CONFIG_upstream_http2, "true", ORIGIN_OPTION, problems);
}

enum tw_status serve_config_take(const struct serve_options *options, struct text yaml,
                                 struct config *config, struct buffer *problems)
{
    enum tw_status status = TW_OK;
    if (options->config)
        status = config_read(config, options->config, yaml, problems);
    if (status)
        return status;
    set_all(config, options, problems);
    return problems->length || problems->status ? TW_INVALID : TW_OK;
}

static bool read_sources(const struct command *command, const struct serve_options *options,
                         struct config *config, struct buffer *problems)
{
    struct buffer yaml;
    buffer_init(&yaml, 0);
    bool good = !options->config || read_file(command, options->config, CONFIG_FILE_MAX + 1, &yaml);
    if (good) {
        enum tw_status status = serve_config_take(options, buffer_view(&yaml), config, problems);
        if (status == TW_OK)
            status = config_check(config, problems);
        if (status == TW_OK && config->upstream_ca_file &&
            access(config->upstream_ca_file, R_OK) != 0) {
            buffer_format(problems, "`upstream.ca_file`: %s: %s\n", config->upstream_ca_file,
                          strerror(errno));
            status = TW_INVALID;
        }
        if (status == TW_NO_MEMORY)
            trouble(command, "%s", tw_status_text(status));
        good = status == TW_OK;
    }
    buffer_free(&yaml);
    return good;
}

bool serve_config_read(const struct command *command, const struct serve_options *options,
                       struct config *config)
{
    struct buffer problems;
    buffer_init(&problems, CONFIG_PROBLEMS_MAX);
    bool good = config_init(config) == TW_OK && read_sources(command, options, config, &problems);
    if (problems.length) {
        fwrite(problems.data, 1, problems.length, stderr);
        trouble(command, "the configuration cannot be used");
    }
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
