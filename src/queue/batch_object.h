/* queue/batch_object.h: files and batches as OpenAI's API shows them, and their ids.
 *
 * Ids that are made here begin with "file-tw" or "batch_tw", so that they can be told from a
 * provider's. The results of a batch are two files whose ids follow from the batch's; their content
 * is made from its jobs when it is asked for.
 * Source: platform.openai.com/docs/api-reference/batch/object. Safe for all threads. */
#ifndef TIERWAY_QUEUE_BATCH_OBJECT_H
#define TIERWAY_QUEUE_BATCH_OBJECT_H

#include "store/batches.h"

#define BATCH_PREFIX "batch_tw"
#define FILE_PREFIX "file-tw"
#define MADE_ID_SIZE 64 /* of the longest of these ids, with a NUL */

/* Requests that were answered, and those that were not. */
enum batch_file { BATCH_OUTPUT, BATCH_ERRORS, BATCH_FILE_COUNT };

/* Appends 32 random digits to a prefix. TW_IO: the system gives no random numbers. */
enum tw_status made_id(const char *prefix, char id[MADE_ID_SIZE], struct tw_error *error);
bool id_is_made(struct text id, const char *prefix);

/* The id of one of a batch's files. */
void batch_file_id(struct text batch, enum batch_file file, char id[MADE_ID_SIZE]);
/* Which batch's, and which of them: false for any other id. `batch` gets the batch's id. */
bool batch_file_find(struct text id, enum batch_file *file, char batch[MADE_ID_SIZE]);
/* The id of the job of a batch's request on this line, from 1; size JOB_ID_MAX. */
void batch_job_id(struct buffer *id, struct text batch, size_t line);

/* How a batch stands, for its callers. */
struct batch_view {
    const struct batch *batch;
    struct job_counts counts; /* of its jobs; all 0 until it is validated */
};

/* Counts the jobs of a batch. Errors of the store. */
enum tw_status batch_view_open(struct store *store, const struct batch *batch,
                               struct batch_view *view, struct tw_error *error);
/* How many requests have not ended. */
int64_t batch_open_requests(const struct batch_view *view);
/* Whether the batch has the file: there is something in it. */
bool batch_has_file(const struct batch_view *view, enum batch_file file);

/* Append JSON. TW_INVALID: the store has no readable details of the batch. */
enum tw_status batch_object_print(struct buffer *out, const struct batch_view *view,
                                  struct tw_error *error);
/* With `size` as its bytes. */
void file_object_print(struct buffer *out, const struct stored_file *file, int64_t size);

#endif
