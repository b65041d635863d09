/* gateway/request_path.h: what a path means to a server that reads it: `%63hat` is `chat`, empty
 * segments and "." count for nothing, and ".." takes the segment before it away. Servers differ in
 * whether an escaped slash is one, so that both are looked at. The path itself goes on as sent. */
#ifndef TIERWAY_GATEWAY_REQUEST_PATH_H
#define TIERWAY_GATEWAY_REQUEST_PATH_H

#include "base/text.h"

/* Whether a ".." leads above where the path begins. */
bool path_climbs(struct text path);
/* Whether a path leads to this one: plain, without a slash at its end, and shorter than 64 bytes.
 */
bool path_leads_to(struct text path, const char *wanted);

#endif
