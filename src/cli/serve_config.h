/* cli/serve_config.h: the gateway's configuration from its sources: option, environment, file. */
#ifndef TIERWAY_CLI_SERVE_CONFIG_H
#define TIERWAY_CLI_SERVE_CONFIG_H

#include "cli/cli.h"
#include "gateway/config.h"

/* The options of `serve` that stand for a setting. */
struct serve_options {
    const char *config;                  /* of --config, or of TIERWAY_CONFIG; NULL: no file */
    const char *values[CONFIG_SETTINGS]; /* as given; NULL: not given */
    bool allow_anyone, http2;
};

/* Reads and checks everything. False after all that is wrong was said on standard error; config is
 * to be freed either way. */
bool serve_config_read(const struct command *command, const struct serve_options *options,
                       struct config *config);
/* The settings of a file's text (of options->config; else it is not looked at), of the environment
 * and of the options, into a config fresh from config_init. The whole is not checked, and nothing
 * is printed. TW_OK; TW_INVALID: problems got lines; TW_NO_MEMORY. */
enum tw_status serve_config_take(const struct serve_options *options, struct text yaml,
                                 struct config *config, struct buffer *problems);
/* The provider's key from where the configuration says: appended to `key`, empty where it says
 * nothing. False after a message on standard error. The key is never part of one. */
bool serve_key_read(const struct command *command, const struct config *config, struct buffer *key);

#endif
