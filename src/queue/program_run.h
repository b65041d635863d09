/* queue/program_run.h: runs a program with a bounded time, and with bounded memory for what it
 * writes. Any thread. */
#ifndef TIERWAY_QUEUE_PROGRAM_RUN_H
#define TIERWAY_QUEUE_PROGRAM_RUN_H

#include "base/text.h"

struct program_order {
    const char *path;         /* of the file; it gets no argument */
    char *const *environment; /* all of it; ends with NULL */
    struct text input;        /* on its standard input */
    int64_t timeout;          /* milliseconds; then it and its group are killed */
    struct buffer *output;    /* of both its outputs, as much as the buffer takes; the rest is read
                                 and thrown away */
};

/* TW_OK: it ended with status 0. TW_INVALID: with another one, or by a signal. TW_TIMEOUT; TW_IO:
 * it could not be started. TW_NO_MEMORY. It has none of this process's files but those three. */
enum tw_status program_run(const struct program_order *order, struct tw_error *error);

#endif
