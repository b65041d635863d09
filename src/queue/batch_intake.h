/* queue/batch_intake.h: an uploaded file becomes the jobs of a batch.
 *
 * The whole file is read first: a batch whose file has a bad line fails, with all that is wrong,
 * and nothing is submitted. The ids of its jobs follow from the batch's and from the line, so that
 * an intake that was killed in the middle is simply done again. */
#ifndef TIERWAY_QUEUE_BATCH_INTAKE_H
#define TIERWAY_QUEUE_BATCH_INTAKE_H

#include "store/batches.h"

#include <stdatomic.h>

#define INTAKE_ERRORS_MAX 100 /* lines of which a batch that failed says what is wrong */

/* Takes a batch that is validating to in progress or to failed. Somebody may cancel it meanwhile:
 * then what was submitted is cancelled again. `stop` (NULL: never): once true, ends early, and the
 * batch stays as it is. Errors of the store; TW_NO_MEMORY. */
enum tw_status batch_intake(struct store *store, struct text id, int64_t now,
                            const atomic_bool *stop, struct tw_error *error);

#endif
