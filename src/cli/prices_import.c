/* cli/prices_import.c: tierway prices import litellm FILE: a price file from LiteLLM's feed.
 *
 * The file goes to standard output or to -o OUT, what was left out and why to standard error. */
#include "base/value.h"
#include "cli/prices.h"
#include "cli/shared_options.h"
#include "runtime/price_litellm.h"

#include <stdio.h>
#include <string.h>

enum { FEED_MAX = 64 << 20, SUMMARY_MAX = 1 << 20 };

struct importing {
    const struct command *command;
    const char *output;
    struct price_import import;
    struct buffer feed, file, summary;
};

static int write_result(struct importing *importing, size_t taken)
{
    fwrite(importing->summary.data, 1, importing->summary.length, stderr);
    int status = taken ? EXIT_DONE : EXIT_NO;
    if (!importing->output)
        return print_all(importing->command, &importing->file, status);
    struct text file = buffer_view(&importing->file);
    return write_file(importing->command, importing->output, file) ? status : EXIT_TROUBLE;
}

static int import_feed(struct importing *importing, const char *path)
{
    const struct command *command = importing->command;
    struct tw_error error;
    size_t taken;
    buffer_init(&importing->file, PRICE_FILE_MAX);
    buffer_init(&importing->summary, SUMMARY_MAX);
    int status = EXIT_TROUBLE;
    if (read_file(command, path, FEED_MAX, &importing->feed)) {
        if (price_import_litellm(buffer_view(&importing->feed), &importing->import,
                                 &importing->file, &importing->summary, &taken, &error) != TW_OK)
            trouble(command, "%s: %s", path, error.message);
        else
            status = write_result(importing, taken);
    }
    buffer_free(&importing->feed);
    buffer_free(&importing->file);
    buffer_free(&importing->summary);
    return status;
}

/* The day of --date, or today's in UTC. */
static bool read_date(const struct command *command, const char *text, struct buffer *date)
{
    struct tw_error error;
    int64_t day = clock_system() / 1000000000 / SECONDS_PER_DAY;
    if (text && value_parse(TW_TYPE_DATE, text_of(text), &day, &error) != TW_OK) {
        trouble(command, "--date: %s", error.message);
        return false;
    }
    value_print(date, TW_TYPE_DATE, day);
    return true;
}

int prices_import(const struct command *command, int argc, char **argv)
{
    struct importing importing = {.command = command};
    const char *provider = NULL, *date_text = NULL;
    int first;
    const struct option_row rows[] = {
        {"o", OPTION_TEXT, "OUT", "Write the price file here, not to standard output",
         &importing.output},
        {"provider", OPTION_TEXT, "NAME", "Only this provider's models: openai", &provider},
        {"date", OPTION_TEXT, "DATE", "The day of the feed (default: today)", &date_text},
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (argc - first != 2 || strcmp(argv[first], "litellm") != 0)
        return usage_trouble(command, "say `litellm` and name its file");
    struct buffer date;
    buffer_init(&date, 64);
    status = EXIT_TROUBLE;
    if (read_date(command, date_text, &date)) {
        importing.import.provider = text_of(provider);
        importing.import.date = buffer_view(&date);
        status = import_feed(&importing, argv[first + 1]);
    }
    buffer_free(&date);
    return status;
}
