/* cli/ledger_options.h: which rows of which ledger a command reports on, for those that read one.
 */
#ifndef TIERWAY_CLI_LEDGER_OPTIONS_H
#define TIERWAY_CLI_LEDGER_OPTIONS_H

#include "cli/shared_options.h"

#include "runtime/ledger_key.h"

struct ledger_options {
    const char *store, *from, *until, *zone_name; /* as they are given */
    struct text_list where;

    struct ledger_range range; /* what they mean; see ledger_options_read */
    struct zone *zone;
    struct ledger_filter *filters; /* one for each of `where` */
};

/* Rows of a command's table of options, for one struct ledger_options. */
#define LEDGER_OPTIONS(options)                                                                    \
    SHARED_STORE(&(options)->store),                                                               \
        {"from", OPTION_TEXT, "INSTANT", "Attempts from then on: a date, or 2026-03-08T02:30:00Z", \
         &(options)->from},                                                                        \
        {"until", OPTION_TEXT, "INSTANT", "Attempts before then", &(options)->until},              \
        {"timezone", OPTION_TEXT, "ZONE", "Where days begin", &(options)->zone_name},              \
    {                                                                                              \
        "where", OPTION_TEXTS, "KEY=VALUE",                                                        \
            "Attempts of this tier, rule, model, hour, day, user, caller, outcome, policy or "     \
            "attribute",                                                                           \
            &(options)->where                                                                      \
    }

/* The default store; days of UTC. */
void ledger_options_init(struct ledger_options *options);
/* Reads what was given. False after a message. Either way to be freed. */
bool ledger_options_read(struct ledger_options *options, const struct command *command);
void ledger_options_free(struct ledger_options *options);
/* Opens the store for reading; NULL after a message. */
struct store *ledger_options_open(const struct ledger_options *options,
                                  const struct command *command);
/* Appends a text that a caller or a provider chose: control characters, which might tell a terminal
 * to do something, as "?". */
void print_visible(struct buffer *out, struct text text);

#endif
