/* simulate/log.h: reads recorded requests, one after another, in memory of a fixed size. */
#ifndef TIERWAY_SIMULATE_LOG_H
#define TIERWAY_SIMULATE_LOG_H

#include "simulate/log_record.h"

struct log_options {
    enum log_format format;
    bool detect; /* the format is settled by the names in the log's first request */
    const tw_policy *policies[LOG_SIDES]; /* whose attributes are read; NULL: none */
};

/* What a log's reader hears. All return TW_OK to go on; anything else ends the reading and is its
 * result. */
struct log_listener {
    void *context;
    enum tw_status (*record)(void *context, const struct log_record *record);
    /* A line that cannot be read; what is wrong with it. */
    enum tw_status (*broken)(void *context, int64_t line, const struct tw_error *why);
    /* After every block; bytes read so far. NULL: not wanted. */
    enum tw_status (*progress)(void *context, int64_t bytes);
};

/* Reads from the descriptor to its end: JSON lines, JSON objects with blanks or in an array, or CSV
 * with names in its first row, told apart by how the file begins. TW_INVALID: the CSV file's first
 * row has no name that the format knows. TW_IO, TW_NO_MEMORY, or what a listener returned. */
enum tw_status log_read(int descriptor, const struct log_options *options,
                        const struct log_listener *listener, struct tw_error *error);

const char *log_format_name(enum log_format format); /* "jsonl", "litellm", "openai-usage" */

#endif
