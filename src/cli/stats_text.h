/* cli/stats_text.h: what `tierway stats` prints as text. */
#ifndef TIERWAY_CLI_STATS_TEXT_H
#define TIERWAY_CLI_STATS_TEXT_H

#include "runtime/stats.h"

/* Appends the report. key: of the groups; empty where there are none. */
void stats_print(struct buffer *out, const struct stats *stats, struct text key);

#endif
