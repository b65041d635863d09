/* cli/line_diff.h: the difference of two texts, as `diff -u` writes it. */
#ifndef TIERWAY_CLI_LINE_DIFF_H
#define TIERWAY_CLI_LINE_DIFF_H

#include "base/text.h"

/* Appends the unified difference with three lines of context; nothing where the texts are equal.
 * old_name and new_name stand in the two header lines. Texts that differ in more than about 2,000
 * lines get a correct difference that may be longer than need be. A failure is in out->status. */
void line_diff(struct text old_text, struct text new_text, const char *old_name,
               const char *new_name, struct buffer *out);

#endif
