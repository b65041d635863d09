/* author/report.h: findings in the forms that programs read. */
#ifndef TIERWAY_AUTHOR_REPORT_H
#define TIERWAY_AUTHOR_REPORT_H

#include "front/front.h"

/* The members of {"findings": [...]} (docs/lint.md), each on a line of its own; a comma goes before
 * the first one where `first` is false. */
void report_json(const struct findings *findings, bool *first, struct buffer *out);
/* SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/: the results of one file. */
void report_sarif_begin(struct buffer *out);
void report_sarif(const struct findings *findings, bool *first, struct buffer *out);
void report_sarif_end(struct buffer *out);
/* Workflow commands of GitHub Actions, one a line. */
void report_github(const struct findings *findings, struct buffer *out);

#endif
