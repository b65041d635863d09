/* queue/batch_output.h: the results of a batch as the two files that OpenAI makes of them, a page
 * at a time: lines of requests that were answered, and lines of those that were not. A batch that
 * is still in progress has what has ended so far. */
#ifndef TIERWAY_QUEUE_BATCH_OUTPUT_H
#define TIERWAY_QUEUE_BATCH_OUTPUT_H

#include "queue/batch_object.h"

#define OUTPUT_PAGE_BYTES (1 << 20) /* after which a page takes no further line */
#define OUTPUT_PAGE_MAX (OUTPUT_PAGE_BYTES + 2 * JOB_BYTES_MAX) /* bytes */

/* Where reading stands. Begins as {.file = ...}. */
struct output_cursor {
    enum batch_file file;
    size_t part;   /* of the states whose jobs are in the file */
    int64_t after; /* the number of the last job of this part that was read */
    bool over;     /* there is no more */
};

/* Appends the next lines, each with its end, to `out`, whose limit is at least OUTPUT_PAGE_MAX.
 * Errors of the store, and the buffer's; then the cursor may have moved. */
enum tw_status batch_output_page(struct store *store, const struct batch *batch,
                                 struct output_cursor *cursor, struct buffer *out,
                                 struct tw_error *error);

#endif
