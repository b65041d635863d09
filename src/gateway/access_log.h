/* gateway/access_log.h: one JSON line for each request, written by a thread of its own.
 *
 * Whoever logs only adds a line to a buffer, under a lock that is held for the copy. Where the disk
 * does not keep up, lines are dropped and counted, and no request waits. No prompt, no answer, no
 * key and no query string is in a line (docs/operations.md describes its members). */
#ifndef TIERWAY_GATEWAY_ACCESS_LOG_H
#define TIERWAY_GATEWAY_ACCESS_LOG_H

#include "base/text.h"

enum {
    ACCESS_BUFFER_MAX = 8 << 20, /* bytes that wait to be written; past it lines are dropped */
    ACCESS_TEXT_MAX = 1024       /* bytes of one text; the rest of it is left out */
};

struct access_log;

/* Texts that are empty and numbers that are -1 are written as null. */
struct access_record {
    int64_t instant; /* when the request was whole, milliseconds since 1970 UTC */
    struct text request_id, caller, method;
    struct text path;                                           /* without its query */
    int64_t status;                                             /* of HTTP, as the caller got it */
    struct text outcome;                                        /* a word of metrics_outcomes.def */
    struct text model, requested, chosen, served, rule, policy; /* policy: its hash */
    int64_t attempts;
    int64_t input, cached, output, reasoning; /* tokens */
    int64_t cost, default_cost;               /* picodollars */
    int64_t duration, first_byte, decision;   /* nanoseconds */
    int64_t received, sent;                   /* bytes of the bodies */
};

/* file: a path, appended to, or "stderr". Starts the thread. TW_IO: the file cannot be opened, or
 * no thread; TW_NO_MEMORY. */
enum tw_status access_log_open(const char *file, struct access_log **log, struct tw_error *error);
/* Writes what waits, and ends the thread. NULL allowed. */
void access_log_close(struct access_log *log);
/* Any thread. log NULL: nothing to do. */
void access_log_write(struct access_log *log, const struct access_record *record);
/* The file is opened anew by its name before the next line is written, for who has renamed it (as
 * logrotate does). Where that fails, lines go on to the old one. Any thread; NULL allowed. */
void access_log_reopen(struct access_log *log);
/* Lines that were dropped, and those whose writing failed. Any thread. NULL: 0. */
uint64_t access_log_lost(const struct access_log *log);

/* A record as a line, with its end. */
void access_record_print(const struct access_record *record, struct buffer *out);

#endif
