/* cli/explanation.h: why a request is decided as it is, for programs. */
#ifndef TIERWAY_CLI_EXPLANATION_H
#define TIERWAY_CLI_EXPLANATION_H

#include "cli/policy_file.h"

#define EXPLANATION_MAX (16u << 20) /* bytes */

/* Appends what `explain --format json` prints (docs/formats.md), with its line end. The file has to
 * be a text without errors; what this takes of its memory stays taken until it is closed. TW_OK,
 * TW_NO_MEMORY or TW_LIMIT. */
enum tw_status explanation_json(struct policy_file *file, tw_request *request, struct buffer *out);

#endif
