/* cli/environment.c: see environment.h. A variable that is set to nothing is not set. */
#include "cli/environment.h"

#include "runtime/base_url.h"

#include <stdlib.h>

#define OPENAI_URL "https://api.openai.com/v1"

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

const char *default_store(void)
{
    return environment("TIERWAY_STORE", "tierway.db");
}

int choose_upstream(const struct command *command, const char *upstream,
                    struct tw_router_options *options)
{
    struct tw_error error;
    options->base_url = upstream ? upstream : environment("OPENAI_BASE_URL", OPENAI_URL);
    options->api_key = environment("OPENAI_API_KEY", NULL);
    if (base_url_check(text_of(options->base_url), &error) != TW_OK)
        return trouble(command, "%s", error.message);
    if (!options->api_key && !base_url_is_loopback(text_of(options->base_url)))
        return trouble(command, "OPENAI_API_KEY is not set");
    return EXIT_DONE;
}
