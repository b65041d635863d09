/* cli/shared_options.h: the options that mean the same in every command, each as a row for
 * struct option_row. A command lists the rows it takes and where the values go:
 *
 *     const struct option_row rows[] = {
 *         SHARED_POLICY(&policy),
 *         SHARED_NOW(&now),
 *         {"strict", OPTION_FLAG, NULL, "Warnings count as well", &strict},
 *         OPTIONS_END,
 *     };
 *
 * Targets: const char * where nothing else is said. What a target holds before options_parse is
 * shown as the default. */
#ifndef TIERWAY_CLI_SHARED_OPTIONS_H
#define TIERWAY_CLI_SHARED_OPTIONS_H

#include "cli/cli.h"

#define SHARED_POLICY(target)                                                                      \
    {                                                                                              \
        "policy", OPTION_TEXT, "FILE", "The policy that decides", (target)                         \
    }
#define SHARED_PRICES(target)                                                                      \
    {                                                                                              \
        "prices", OPTION_TEXT, "NAME|FILE", "Price table: openai, seed, or a file", (target)       \
    }
#define SHARED_STORE(target)                                                                       \
    {                                                                                              \
        "store", OPTION_TEXT, "PATH", "Database file, or postgres://...", (target)                 \
    }
#define SHARED_UPSTREAM(target)                                                                    \
    {                                                                                              \
        "upstream", OPTION_TEXT, "URL", "The provider's base URL, with its /v1", (target)          \
    }
#define SHARED_LISTEN(target)                                                                      \
    {                                                                                              \
        "listen", OPTION_TEXT, "ADDRESS:PORT", "Where to listen; port 0 picks a free one",         \
            (target)                                                                               \
    }
/* `formats` is the list of names, as a literal: "text or json". */
#define SHARED_FORMAT(target, formats)                                                             \
    {                                                                                              \
        "format", OPTION_TEXT, "FORMAT", "Form of the output: " formats, (target)                  \
    }
#define SHARED_NOW(target)                                                                         \
    {                                                                                              \
        "now", OPTION_TEXT, "INSTANT", "Decide as if it were then: 2026-03-08T02:30:00Z", (target) \
    }
/* Target: struct text_list. */
#define SHARED_SET(target)                                                                         \
    {                                                                                              \
        "set", OPTION_TEXTS, "ATTR=VALUE", "Set an attribute; may be given again", (target)        \
    }
#define SHARED_CONFIG(target)                                                                      \
    {                                                                                              \
        "config", OPTION_TEXT, "FILE", "Read settings from this file", (target)                    \
    }
#define OPTIONS_END                                                                                \
    {                                                                                              \
        NULL, OPTION_FLAG, NULL, NULL, NULL                                                        \
    }

#endif
