/* simulate/log_reader.h: what the files log*.c share. */
#ifndef TIERWAY_SIMULATE_LOG_READER_H
#define TIERWAY_SIMULATE_LOG_READER_H

#include "simulate/log.h"
#include "simulate/log_columns.h"
#include "simulate/log_frames.h"

enum { LOG_SCRATCH = 1 << 20 /* bytes of texts of one request that had to be decoded */ };

struct log_reader {
    const struct log_options *options;
    const struct log_listener *listener;
    struct log_frames frames;
    struct log_columns columns;
    struct json_shape shape;                            /* the names of the last line, */
    struct log_column shape_columns[JSON_SHAPE_PLACES]; /* and what they mean */
    struct log_record record;
    struct buffer scratch; /* has its full capacity from the start: texts in it do not move */
    struct buffer header;  /* of CSV: the names, each with a NUL behind it */
    bool settled;          /* the format is known */
};

/* Each takes one frame and tells the listener. Returns what the listener returned, or TW_INVALID
 * with error for a log that is not worth reading on. */
enum tw_status log_take_json(struct log_reader *reader, struct text frame, struct tw_error *error);
enum tw_status log_take_row(struct log_reader *reader, struct text frame, struct tw_error *error);

/* Settles the format from counted names. */
void log_settle(struct log_reader *reader, const size_t counts[LOG_FORMAT_COUNT]);
/* Puts the value of one column into the record. */
enum tw_status log_take_value(struct log_reader *reader, const struct log_column *column,
                              const struct json_value *value, struct tw_error *error);
/* Tells the listener that the frame is broken. */
enum tw_status log_report(struct log_reader *reader, const struct tw_error *why);

#endif
