/* cli/prices.h: the actions of `tierway prices`, and what they share. */
#ifndef TIERWAY_CLI_PRICES_H
#define TIERWAY_CLI_PRICES_H

#include "cli/cli.h"
#include "runtime/price.h"

int prices_list(const struct command *command, int argc, char **argv);
int prices_show(const struct command *command, int argc, char **argv);
int prices_check(const struct command *command, int argc, char **argv);
int prices_import(const struct command *command, int argc, char **argv);

/* The instant of --at, a day or an instant; the system's clock where text is NULL. False after a
 * message on standard error. */
bool read_price_instant(const struct command *command, const char *text, int64_t *instant);

/* When the row is in force: "from 2026-08-16", "2026-08-16 to 2026-09-01", nothing for always. */
void print_force(const struct price_row *row, struct buffer *out);
/* A rate in dollars, "-" where it is not known. */
void print_rate(int64_t rate, struct buffer *out);
/* Writes the buffer to standard output, unless it failed: then says so. The status to leave with.
 */
int print_all(const struct command *command, const struct buffer *out, int status);

/* One line of rates: when they hold, and whose they are. */
struct rate_line {
    const struct price_row *row;
    const struct price_window *window; /* NULL: outside of all */
    bool long_context;
    enum price_tier tier;
    const int64_t *rates; /* PRICE_RATE_COUNT of them */
};
/* Calls visit for each tier of the row that has rates, the row's own first, then its windows'. */
void each_rate_line(const struct price_row *row,
                    void (*visit)(void *context, const struct rate_line *line), void *context);
/* When a line holds: "over 272000 in, sat UTC"; nothing for always. */
void print_condition(const struct rate_line *line, struct buffer *out);

#endif
