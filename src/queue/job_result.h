/* queue/job_result.h: a stored job as the result of tierway/router.h. Any thread. */
#ifndef TIERWAY_QUEUE_JOB_RESULT_H
#define TIERWAY_QUEUE_JOB_RESULT_H

#include "store/jobs.h"
#include "tierway/router.h"

/* Copies all that it needs of the job. To be freed with tw_job_result_free. TW_NO_MEMORY. */
enum tw_status job_result_make(const struct job *job, struct tw_job_result **result);

#endif
