/* cli/environment.h: what several commands take from the environment where no option says it. */
#ifndef TIERWAY_CLI_ENVIRONMENT_H
#define TIERWAY_CLI_ENVIRONMENT_H

#include "cli/cli.h"
#include "tierway/router.h"

/* TIERWAY_STORE, else "tierway.db". */
const char *default_store(void);

/* Sets the URL of the provider (`upstream`, else OPENAI_BASE_URL, else OpenAI's own) and the key
 * (OPENAI_API_KEY, which only a provider on loopback does without). The status to leave with, after
 * a message, or EXIT_DONE. */
int choose_upstream(const struct command *command, const char *upstream,
                    struct tw_router_options *options);

#endif
