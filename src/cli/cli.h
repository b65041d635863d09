/* cli/cli.h: what every command shares.
 *
 * A command is one file with one function and one row in commands.def. Only this folder prints,
 * reads the environment and exits. Exit status: 0 done · 1 done, and the answer is "no" (a warning
 * with --strict, a failed expect, a line that could not be read) · 2 could not be done. */
#ifndef TIERWAY_CLI_CLI_H
#define TIERWAY_CLI_CLI_H

#include "base/text.h"

#include <stdio.h>

enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_TROUBLE = 2 };

struct command {
    const char *name;
    const char *arguments; /* for the usage line: "FILE [ATTR=VALUE...]" */
    const char *summary;   /* one line */
    int (*run)(const struct command *command, int argc, char **argv);
};

/* Every command's function, from the table. */
#define TW_COMMAND(name, function, arguments, summary)                                             \
    int function(const struct command *command, int argc, char **argv);
#include "cli/commands.def"

/* All commands, in the order of the help page; the last row has no name. */
extern const struct command commands[];
const struct command *command_find(const char *name);

enum option_kind {
    OPTION_FLAG,   /* target: bool */
    OPTION_TEXT,   /* target: const char * */
    OPTION_TEXTS,  /* target: struct text_list, may be given again and again */
    OPTION_NUMBER, /* target: int64_t, not negative */
};

struct option_row {
    const char *name; /* without the two dashes; NULL ends the table */
    enum option_kind kind;
    const char *argument; /* "FILE" */
    const char *help;     /* one line */
    void *target;
};

struct text_list {
    const char **items; /* owned by whoever declared the list; free(items) */
    size_t count;
};

/* Reads long options (GNU getopt_long). On success returns -1, and argv[*first] is the first
 * positional argument. Otherwise returns the exit status to leave with: 0 after --help, 2 after a
 * message on standard error. */
int options_parse(const struct command *command, const struct option_row *rows, int argc,
                  char **argv, int *first);

/* "tierway COMMAND: message" on standard error, command NULL: "tierway: message"; returns
 * EXIT_TROUBLE. */
int trouble(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);
/* Prints the usage line on standard error; returns EXIT_TROUBLE. */
int usage_trouble(const struct command *command, const char *message);
/* Flushes standard output and says so where that fails (a full disk): the status to leave with.
 * main does this after every command that does not return EXIT_TROUBLE. */
int finish(const struct command *command, int status);

/* Reads a whole file ("-": standard input), at most limit bytes; error says what could not be read
 * and why. The buffer is the caller's to free either way. */
enum tw_status file_read(const char *path, size_t limit, struct buffer *content,
                         struct tw_error *error);

/* The same; on failure says why on standard
 * error and returns false. The buffer is the caller's to free either way. */
bool read_file(const struct command *command, const char *path, size_t limit,
               struct buffer *content);

/* Writes a whole file: beside it first, then under its name, so that nobody ever reads half of it.
 * A link stays one, and a file keeps its mode; a pipe or a device is written to as it is. On
 * failure says why on standard error and returns false. */
bool write_file(const struct command *command, const char *path, struct text content);

/* A file that is written piece by piece, in the same way. */
struct whole_file {
    FILE *stream;           /* to write to */
    char *path, *temporary; /* temporary: NULL where it is written to as it is */
    unsigned mode;
};

/* Opens one. False after a message on standard error; else to be closed. */
bool whole_file_open(const struct command *command, const char *path, struct whole_file *file);
/* Closes it. What was written stands under its name then, or, where `keep` is false or something
 * cannot be written, nothing has changed. False after a message. */
bool whole_file_close(const struct command *command, struct whole_file *file, bool keep);

/* Colours on a terminal only, and never with NO_COLOR set. */
bool colour_wanted(int descriptor);

enum output_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_GITHUB };
/* Reads --format's value; `allowed` ends with NULL and is in the order of enum output_format. */
bool format_parse(const struct command *command, const char *value, const char *const *allowed,
                  enum output_format *format);

#endif
