/* cli/chat_report.h: the result of a request, for people and for programs. */
#ifndef TIERWAY_CLI_CHAT_REPORT_H
#define TIERWAY_CLI_CHAT_REPORT_H

#include "base/text.h"
#include "tierway/router.h"

/* Some lines: tier, rule, tokens, cost, attempts. */
void chat_report_text(const struct tw_result *result, struct buffer *out);
/* One object on one line, docs/formats.md. Money as decimal strings of dollars, null where it is
 * not known. */
void chat_report_json(const struct tw_result *result, struct buffer *out);

#endif
