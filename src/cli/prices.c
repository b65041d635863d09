/* cli/prices.c: tierway prices list|show|check|import, and what these share.
 *
 * Each action is a command of its own with its own options and help page. */
#include "cli/prices.h"

#include "base/value.h"
#include "cli/actions.h"

#include <stdio.h>
#include <string.h>

static const struct command actions[] = {
    {"prices list", "", "Show the rows of a price table", prices_list},
    {"prices show", "MODEL", "Show which row prices a model, and every tier's rates", prices_show},
    {"prices check", "FILE...", "Find every problem of price files", prices_check},
    {"prices import", "litellm FILE", "Make a price file from LiteLLM's feed", prices_import},
};

int command_prices(const struct command *command, int argc, char **argv)
{
    return run_action(command, actions, sizeof actions / sizeof actions[0],
                      "list, show, check or import", argc, argv);
}

bool read_price_instant(const struct command *command, const char *text, int64_t *instant)
{
    struct tw_error error;
    *instant = clock_system() / 1000000;
    if (!text || price_instant_parse(text_of(text), instant, &error) == TW_OK)
        return true;
    trouble(command, "--at %s", error.message);
    return false;
}

void print_force(const struct price_row *row, struct buffer *out)
{
    if (row->from != PRICE_EVER) {
        buffer_string(out, row->until == PRICE_FOREVER ? "from " : "");
        price_instant_print(out, row->from);
    }
    if (row->until == PRICE_FOREVER)
        return;
    buffer_string(out, row->from != PRICE_EVER ? " to " : "until ");
    price_instant_print(out, row->until);
}

void print_rate(int64_t rate, struct buffer *out)
{
    if (rate == PRICE_UNKNOWN)
        buffer_byte(out, '-');
    else
        decimal_print(out, rate, PRICE_DECIMALS);
}

int print_all(const struct command *command, const struct buffer *out, int status)
{
    if (out->status)
        return trouble(command, "%s", tw_status_text(out->status));
    fwrite(out->data ? out->data : "", 1, out->length, stdout);
    return finish(command, status);
}

static void each_of_sheet(const struct price_sheet *sheet, struct rate_line line,
                          void (*visit)(void *context, const struct rate_line *line), void *context)
{
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++) {
        line.tier = (enum price_tier)tier;
        line.rates = sheet->rate[tier];
        if (price_sheet_offers(sheet, line.tier))
            visit(context, &line);
    }
}

void each_rate_line(const struct price_row *row,
                    void (*visit)(void *context, const struct rate_line *line), void *context)
{
    for (size_t i = 0; i <= row->window_count; i++) {
        const struct price_window *window = i == 0 ? NULL : &row->windows[i - 1];
        const struct price_rates *rates = window ? &window->rates : &row->rates;
        struct rate_line line = {.row = row, .window = window};
        each_of_sheet(&rates->sheet, line, visit, context);
        line.long_context = true;
        each_of_sheet(&rates->long_sheet, line, visit, context);
    }
}

void print_condition(const struct rate_line *line, struct buffer *out)
{
    const struct price_window *window = line->window;
    if (line->long_context)
        buffer_format(out, "over %lld in",
                      (long long)(window ? window->rates : line->row->rates).long_above);
    if (window)
        buffer_format(out, "%s%.*s %.*s", line->long_context ? ", " : "",
                      TEXT_ARGUMENTS(window->when), TEXT_ARGUMENTS(window->zone_name));
}
