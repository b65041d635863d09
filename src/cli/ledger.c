/* cli/ledger.c: the command `tierway ledger`: the rows themselves, one an attempt.
 *
 * Text shows the members that people look at, and the last rows; JSON (an object a line) and CSV
 * have all members of all rows, money in dollars, exact. Rows are written as they are read. */
#include "cli/ledger_options.h"

#include "base/json.h"
#include "runtime/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX = 64 << 10, SHOWN_OF_TEXT = 20 };

enum ledger_format { AS_TEXT, AS_JSON, AS_CSV };

struct ledger_command {
    const struct command *command;
    struct ledger_options ledger;
    const char *format_name;
    enum ledger_format format;
    int64_t last;    /* rows to show; 0: all */
    int64_t to_skip; /* rows that come before them */
    struct buffer line, scratch;
    bool broken; /* standard output takes no more */
};

/* --- members --- */

enum member_kind { KIND_TEXT, KIND_NUMBER, KIND_MONEY, KIND_INSTANT, KIND_OUTCOME };

static const struct {
    const char *name;
    enum member_kind kind;
} special[] = {{"cost", KIND_MONEY},
               {"default_cost", KIND_MONEY},
               {"estimate", KIND_MONEY},
               {"instant", KIND_INSTANT},
               {"outcome", KIND_OUTCOME}};

static enum member_kind kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (strcmp(special[i].name, name) == 0)
            return special[i].kind;
    return KIND_NUMBER;
}

/* Appends a number as what it means; nothing where it is not known. */
static void print_number(struct buffer *out, const char *name, int64_t number)
{
    if (number == LEDGER_UNKNOWN)
        return;
    switch (kind_of(name)) {
    case KIND_MONEY:
        decimal_print(out, number, MONEY_PLACES);
        break;
    case KIND_INSTANT:
        instant_print(out, number < INSTANT_LAST ? number : INSTANT_LAST);
        break;
    case KIND_OUTCOME:
        buffer_string(out, ledger_outcome_name((enum ledger_outcome)number));
        break;
    case KIND_TEXT:
    case KIND_NUMBER:
        buffer_number(out, number);
        break;
    }
}

/* --- JSON --- */

static void json_name(struct buffer *line, const char *name)
{
    buffer_string(line, line->length > 1 ? ", " : "");
    json_write_string(line, text_of(name));
    buffer_string(line, ": ");
}

static void json_text(struct buffer *line, const char *name, struct text text)
{
    json_name(line, name);
    if (text.length == 0)
        buffer_string(line, "null");
    else if (strcmp(name, "attributes") == 0)
        buffer_text(line, text);
    else
        json_write_string(line, text);
}

static void json_number(struct ledger_command *run, const char *name, int64_t number)
{
    json_name(&run->line, name);
    buffer_clear(&run->scratch);
    print_number(&run->scratch, name, number);
    if (number == LEDGER_UNKNOWN)
        buffer_string(&run->line, "null");
    else if (kind_of(name) == KIND_NUMBER)
        buffer_text(&run->line, buffer_view(&run->scratch));
    else
        json_write_string(&run->line, buffer_view(&run->scratch));
}

static void write_json(struct ledger_command *run, const struct ledger_row *row)
{
    buffer_byte(&run->line, '{');
#define LEDGER_TEXT(name, required) json_text(&run->line, #name, row->name);
#define LEDGER_NUMBER(name, required) json_number(run, #name, row->name);
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    buffer_string(&run->line, "}\n");
}

/* --- CSV --- */

static void csv_separate(struct buffer *line)
{
    if (line->length)
        buffer_byte(line, ',');
}

static void csv_text(struct buffer *line, struct text text)
{
    csv_separate(line);
    csv_write_text(line, text);
}

static void csv_number(struct buffer *line, const char *name, int64_t number)
{
    csv_separate(line);
    print_number(line, name, number);
}

static void write_csv(struct ledger_command *run, const struct ledger_row *row)
{
#define LEDGER_TEXT(name, required) csv_text(&run->line, row->name);
#define LEDGER_NUMBER(name, required) csv_number(&run->line, #name, row->name);
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    buffer_string(&run->line, "\r\n");
}

static void print_csv_titles(void)
{
    static const char titles[] = {
#define LEDGER_TEXT(name, required) "," #name
#define LEDGER_NUMBER(name, required) "," #name
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    };
    printf("%s\r\n", titles + 1);
}

/* --- text --- */

static void column(struct ledger_command *run, struct text text, size_t width, bool right)
{
    size_t used = utf8_count(text), space = used < width ? width - used : 0;
    buffer_repeat(&run->line, ' ', right ? space : 0);
    print_visible(&run->line, text.length ? text : TEXT("-"));
    space -= text.length == 0 && space > 0;
    buffer_repeat(&run->line, ' ', (right ? 0 : space) + 2);
}

static void number_column(struct ledger_command *run, const char *name, int64_t number,
                          size_t width)
{
    buffer_clear(&run->scratch);
    print_number(&run->scratch, name, number);
    column(run, buffer_view(&run->scratch), width, true);
}

static void write_text(struct ledger_command *run, const struct ledger_row *row)
{
    buffer_clear(&run->scratch);
    print_number(&run->scratch, "instant", row->instant);
    column(run, buffer_view(&run->scratch), 24, false);
    column(run, text_of(ledger_outcome_name((enum ledger_outcome)row->outcome)), 12, false);
    column(run, row->model, 20, false);
    column(run, row->rule, 16, false);
    column(run, row->attempted_tier, 9, false);
    column(run, row->served_tier, 9, false);
    number_column(run, "input_tokens", row->input_tokens, 8);
    number_column(run, "output_tokens", row->output_tokens, 8);
    number_column(run, "cost", row->cost, 14);
    number_column(run, "default_cost", row->default_cost, 14);
    number_column(run, "delay_added", row->delay_added, 9);
    number_column(run, "latency", row->latency, 9);
    while (run->line.data && run->line.data[run->line.length - 1] == ' ')
        run->line.length--;
    buffer_byte(&run->line, '\n');
}

static void print_titles(void)
{
    printf("%-24s  %-12s  %-20s  %-16s  %-9s  %-9s  %8s  %8s  %14s  %14s  %9s  %9s\n", "Began",
           "Outcome", "Model", "Rule", "Attempted", "Served", "Input", "Output", "Cost $",
           "At default $", "Waited ms", "Took ms");
}

/* --- rows --- */

static bool is_selected(struct ledger_command *run, const struct ledger_row *row)
{
    return ledger_filters_hold(run->ledger.filters, run->ledger.where.count, row, &run->scratch);
}

static enum tw_status count_row(void *context, const struct ledger_row *row)
{
    struct ledger_command *run = context;
    run->to_skip += is_selected(run, row);
    return TW_OK;
}

static enum tw_status print_row(void *context, const struct ledger_row *row)
{
    static void (*const writers[])(struct ledger_command *, const struct ledger_row *) = {
        [AS_TEXT] = write_text, [AS_JSON] = write_json, [AS_CSV] = write_csv};
    struct ledger_command *run = context;
    if (!is_selected(run, row) || run->to_skip-- > 0)
        return TW_OK;
    run->to_skip = 0;
    buffer_clear(&run->line);
    writers[run->format](run, row);
    if (run->line.status != TW_OK)
        return run->line.status;
    run->broken = fwrite(run->line.data, 1, run->line.length, stdout) != run->line.length;
    return run->broken ? TW_IO : TW_OK;
}

static int print_rows(struct ledger_command *run, struct store *store)
{
    struct ledger_range range = run->ledger.range;
    struct tw_error error = {.message = ""};
    enum tw_status status = TW_OK;
    if (run->last)
        status = ledger_each(store, range, count_row, run, &error);
    run->to_skip = run->to_skip > run->last ? run->to_skip - run->last : 0;
    if (status == TW_OK && run->format == AS_TEXT)
        print_titles();
    if (status == TW_OK && run->format == AS_CSV)
        print_csv_titles();
    if (status == TW_OK)
        status = ledger_each(store, range, print_row, run, &error);
    if (status == TW_OK || run->broken)
        return finish(run->command, EXIT_DONE);
    return trouble(run->command, "%s", error.message[0] ? error.message : tw_status_text(status));
}

static int report(struct ledger_command *run)
{
    struct store *store = ledger_options_open(&run->ledger, run->command);
    if (!store)
        return EXIT_TROUBLE;
    buffer_init(&run->line, LINE_MAX);
    buffer_init(&run->scratch, LINE_MAX);
    int status = print_rows(run, store);
    buffer_free(&run->line);
    buffer_free(&run->scratch);
    store_close(store);
    return status;
}

static int run_with(struct ledger_command *run)
{
    static const char *const names[] = {[AS_TEXT] = "text", [AS_JSON] = "json", [AS_CSV] = "csv"};
    size_t format = 0;
    while (format <= AS_CSV && strcmp(run->format_name, names[format]) != 0)
        format++;
    if (format > AS_CSV)
        return trouble(run->command, "--format is text, json or csv, not '%s'", run->format_name);
    run->format = (enum ledger_format)format;
    if (run->last < 0)
        run->last = format == AS_TEXT ? SHOWN_OF_TEXT : 0;
    return ledger_options_read(&run->ledger, run->command) ? report(run) : EXIT_TROUBLE;
}

int command_ledger(const struct command *command, int argc, char **argv)
{
    struct ledger_command run = {.command = command, .format_name = "text", .last = -1};
    ledger_options_init(&run.ledger);
    const struct option_row rows[] = {
        LEDGER_OPTIONS(&run.ledger),
        {"last", OPTION_NUMBER, "N", "Only the last rows; 0: all (else 20 as text)", &run.last},
        SHARED_FORMAT(&run.format_name, "text, json or csv"),
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status < 0)
        status = first < argc ? usage_trouble(command, "it takes options only") : run_with(&run);
    ledger_options_free(&run.ledger);
    return status;
}
