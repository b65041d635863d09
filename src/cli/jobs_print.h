/* cli/jobs_print.h: a job as JSON, for the actions of `tierway jobs` that print one. */
#ifndef TIERWAY_CLI_JOBS_PRINT_H
#define TIERWAY_CLI_JOBS_PRINT_H

#include "store/jobs.h"

/* Appends the members of a job, but body and result, without braces: "id": "a", "state": ... */
void job_print_members(struct buffer *out, const struct job *job);
/* Appends ", NAME: TEXT" as JSON; null for an empty text. */
void job_print_text(struct buffer *out, const char *name, struct text text);

#endif
