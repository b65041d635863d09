/* cli/options.c: reads a command's options, and makes its help page from the same table.
 *
 * getopt_long does the reading, and with it what people expect of GNU programs: `--name value`,
 * `--name=value`, abbreviations, options behind arguments, and `--` as their end. A row with a
 * one-letter name is a short option. Values go to the rows' targets only once it is clear that no
 * help is asked for, so that the page shows the real defaults. */
#include "cli/cli.h"

#include "base/value.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_OPTIONS = 40, /* rows in one command's table */
    FIRST_ROW = 256,  /* getopt's value for row 0: past all letters */
    WIDEST_ROW = 34,  /* a longer "  --name ARGUMENT" has its help on the next line */
};

#define HELP_TEXT "Show this page"

/* A table in the form that getopt_long reads. */
struct reader {
    const struct command *command;
    const struct option_row *rows;
    struct option longs[MAX_OPTIONS + 2]; /* with help, and the end */
    char letters[2 * MAX_OPTIONS + 3];    /* a letter, with ':' where it takes a value */
};

static bool is_letter(const struct option_row *row)
{
    return row->name[1] == '\0';
}

/* The leading ':' asks getopt to tell a missing value from an unknown option. */
static void reader_init(struct reader *reader, const struct command *command,
                        const struct option_row *rows)
{
    *reader = (struct reader){.command = command, .rows = rows, .letters = ":h"};
    size_t long_count = 0, letter_count = 2;
    reader->longs[long_count++] = (struct option){"help", no_argument, NULL, 'h'};
    for (int i = 0; rows[i].name && i < MAX_OPTIONS; i++) {
        int value = rows[i].kind == OPTION_FLAG ? no_argument : required_argument;
        if (!is_letter(&rows[i])) {
            reader->longs[long_count++] = (struct option){rows[i].name, value, NULL, FIRST_ROW + i};
            continue;
        }
        reader->letters[letter_count++] = rows[i].name[0];
        if (value == required_argument)
            reader->letters[letter_count++] = ':';
    }
}

/* The row for what getopt returned or left in optopt; NULL where it is no option of the table. */
static const struct option_row *row_of(const struct reader *reader, int value)
{
    if (value >= FIRST_ROW)
        return &reader->rows[value - FIRST_ROW];
    for (const struct option_row *row = reader->rows; row->name; row++)
        if (is_letter(row) && row->name[0] == value)
            return row;
    return NULL;
}

static int next_option(const struct reader *reader, int argc, char **argv)
{
    return getopt_long(argc, argv, reader->letters, reader->longs, NULL);
}

static bool help_wanted(const struct reader *reader, int argc, char **argv)
{
    optind = 0; /* GNU: forget what was read before */
    opterr = 0;
    int value;
    while ((value = next_option(reader, argc, argv)) != -1)
        if (value == 'h')
            return true;
    return false;
}

/* "  --name ARGUMENT" */
static void print_row_name(struct buffer *out, const struct option_row *row)
{
    buffer_format(out, "  %s%s%s%s", is_letter(row) ? "-" : "--", row->name,
                  row->argument ? " " : "", row->argument ? row->argument : "");
}

static void print_row_default(struct buffer *out, const struct option_row *row)
{
    switch (row->kind) {
    case OPTION_TEXT:
        if (*(const char **)row->target && **(const char **)row->target)
            buffer_format(out, " (default: %s)", *(const char **)row->target);
        break;
    case OPTION_NUMBER: /* 0 and what is under it stand for "not given" */
        if (*(int64_t *)row->target > 0)
            buffer_format(out, " (default: %lld)", (long long)*(int64_t *)row->target);
        break;
    case OPTION_FLAG:
    case OPTION_TEXTS:
        break;
    }
}

static size_t row_width(const struct option_row *row)
{
    return (is_letter(row) ? 3 : 4) + strlen(row->name) +
           (row->argument ? 1 + strlen(row->argument) : 0);
}

static size_t help_column(const struct option_row *rows)
{
    size_t widest = strlen("  --help");
    for (; rows->name; rows++)
        if (row_width(rows) > widest && row_width(rows) <= WIDEST_ROW)
            widest = row_width(rows);
    return widest + 2;
}

static void print_row(struct buffer *out, const struct option_row *row, size_t column)
{
    size_t width = row_width(row);
    print_row_name(out, row);
    if (width + 2 > column) {
        buffer_byte(out, '\n');
        width = 0;
    }
    buffer_repeat(out, ' ', column - width);
    buffer_string(out, row->help);
    if (row->target)
        print_row_default(out, row);
    buffer_byte(out, '\n');
}

static int print_help(const struct reader *reader)
{
    static const struct option_row help = {"help", OPTION_FLAG, NULL, HELP_TEXT, NULL};
    const struct command *command = reader->command;
    size_t column = help_column(reader->rows);
    struct buffer out;
    buffer_init(&out, 1 << 16);
    buffer_format(&out, "Usage: tierway %s [OPTION...]%s%s\n\n%s.\n\nOptions:\n", command->name,
                  command->arguments[0] ? " " : "", command->arguments, command->summary);
    for (const struct option_row *row = reader->rows; row->name; row++)
        print_row(&out, row, column);
    print_row(&out, &help, column);
    int status = EXIT_DONE;
    if (out.status)
        status = trouble(command, "%s", tw_status_text(out.status));
    else
        fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    return status == EXIT_DONE ? finish(command, status) : status;
}

static int out_of_memory(const struct reader *reader)
{
    return trouble(reader->command, "%s", tw_status_text(TW_NO_MEMORY));
}

static int store_text_again(const struct reader *reader, struct text_list *list, const char *text)
{
    const char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return out_of_memory(reader);
    items[list->count++] = text;
    list->items = items;
    return EXIT_DONE;
}

static int store_number(const struct reader *reader, const struct option_row *row, const char *text)
{
    struct tw_error error;
    int64_t number;
    if (value_parse(TW_TYPE_INT, text_of(text), &number, &error) != TW_OK)
        return trouble(reader->command, "--%s: %s", row->name, error.message);
    if (number < 0)
        return trouble(reader->command, "--%s: `%s` is negative", row->name, text);
    *(int64_t *)row->target = number;
    return EXIT_DONE;
}

static int store(const struct reader *reader, const struct option_row *row, const char *text)
{
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->target = true;
        return EXIT_DONE;
    case OPTION_TEXT:
        *(const char **)row->target = text;
        return EXIT_DONE;
    case OPTION_TEXTS:
        return store_text_again(reader, row->target, text);
    case OPTION_NUMBER:
        return store_number(reader, row, text);
    }
    return EXIT_TROUBLE;
}

static bool begins_with(const char *name, struct text word)
{
    return strncmp(name, word.data, word.length) == 0;
}

/* `--word`: no option, or the beginning of several. */
static int unknown_long(const struct reader *reader, struct text word)
{
    struct nearest nearest;
    const char *first = NULL;
    nearest_init(&nearest, word);
    for (const struct option *option = reader->longs; option->name; option++) {
        nearest_offer(&nearest, text_of(option->name));
        if (!begins_with(option->name, word))
            continue;
        if (first)
            return trouble(reader->command, "`--%.*s` may mean `--%s` or `--%s`", (int)word.length,
                           word.data, first, option->name);
        first = option->name;
    }
    if (nearest.best.length)
        return trouble(reader->command, "there is no option `--%.*s`; did you mean `--%.*s`?",
                       (int)word.length, word.data, (int)nearest.best.length, nearest.best.data);
    return trouble(reader->command, "there is no option `--%.*s`; `tierway %s --help` lists them",
                   (int)word.length, word.data, reader->command->name);
}

/* What getopt would not read: `argument` is the word that it stood in. */
static int refuse(const struct reader *reader, int value, const char *argument)
{
    const struct option_row *row = row_of(reader, optopt);
    const char *dashes = row && is_letter(row) ? "-" : "--";
    if (value == ':' && row)
        return trouble(reader->command, "`%s%s` needs a value: %s", dashes, row->name,
                       row->argument);
    if (row || optopt == 'h')
        return trouble(reader->command, "`--%s` takes no value", row ? row->name : "help");
    if (optopt)
        return trouble(reader->command,
                       "there is no option `-%c`; long options begin with two dashes", optopt);
    const char *word = argument + strlen("--");
    return unknown_long(reader, (struct text){word, strcspn(word, "=")});
}

int options_parse(const struct command *command, const struct option_row *rows, int argc,
                  char **argv, int *first)
{
    struct reader reader;
    reader_init(&reader, command, rows);
    if (help_wanted(&reader, argc, argv))
        return print_help(&reader);
    optind = 0;
    int value;
    while ((value = next_option(&reader, argc, argv)) != -1) {
        if (value == '?' || value == ':')
            return refuse(&reader, value, argv[optind - 1]);
        int status = store(&reader, row_of(&reader, value), optarg);
        if (status != EXIT_DONE)
            return status;
    }
    *first = optind;
    return -1;
}
