/* cli/ledger_options.c: see ledger_options.h. Texts belong to the command line. */
#include "cli/ledger_options.h"

#include "cli/environment.h"

#include <stdlib.h>
#include <string.h>

void ledger_options_init(struct ledger_options *options)
{
    *options =
        (struct ledger_options){.store = default_store(), .zone_name = "UTC", .range = LEDGER_ALL};
}

/* A date is the instant at which it begins. */
static bool read_instant(const struct ledger_options *options, const struct command *command,
                         const char *text, int64_t *instant)
{
    struct tw_error error;
    int64_t date;
    if (!text || instant_parse(text_of(text), instant, &error) == TW_OK)
        return true;
    if (value_parse(TW_TYPE_DATE, text_of(text), &date, NULL) == TW_OK && date >= 0) {
        *instant = zone_instant(options->zone, date, 0);
        return true;
    }
    trouble(command, "'%s' is neither a date (2026-03-08) nor an instant: %s", text, error.message);
    return false;
}

static bool read_filters(struct ledger_options *options, const struct command *command)
{
    options->filters = calloc(options->where.count + 1, sizeof *options->filters);
    if (!options->filters) {
        trouble(command, "out of memory");
        return false;
    }
    for (size_t i = 0; i < options->where.count; i++) {
        const char *text = options->where.items[i], *equals = strchr(text, '=');
        if (!equals || equals == text) {
            trouble(command, "--where takes KEY=VALUE, not '%s'", text);
            return false;
        }
        struct text name = {text, (size_t)(equals - text)};
        options->filters[i] =
            (struct ledger_filter){ledger_key_of(name, options->zone), text_of(equals + 1)};
    }
    return true;
}

bool ledger_options_read(struct ledger_options *options, const struct command *command)
{
    if (zone_open(text_of(options->zone_name), &options->zone) != TW_OK) {
        trouble(command, "there is no time zone '%s'", options->zone_name);
        return false;
    }
    return read_instant(options, command, options->from, &options->range.from) &&
           read_instant(options, command, options->until, &options->range.until) &&
           read_filters(options, command);
}

void ledger_options_free(struct ledger_options *options)
{
    zone_free(options->zone);
    free(options->filters);
    free(options->where.items);
}

struct store *ledger_options_open(const struct ledger_options *options,
                                  const struct command *command)
{
    struct store_options store_options = STORE_DEFAULTS;
    struct store *store;
    struct tw_error error;
    store_options.read_only = true;
    if (store_open(options->store, &store_options, &store, &error) != TW_OK)
        trouble(command, "%s", error.message);
    return store;
}

void print_visible(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        buffer_byte(out, byte < ' ' || byte == 0x7f ? '?' : text.data[i]);
    }
}
