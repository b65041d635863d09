/* gateway/local_host.h: whether a request asks this machine by a name of its own.
 *
 * Where the gateway listens on this machine only, a web page could have its own name resolve to
 * 127.0.0.1 and read what it asks there; its Host header tells. */
#ifndef TIERWAY_GATEWAY_LOCAL_HOST_H
#define TIERWAY_GATEWAY_LOCAL_HOST_H

#include "base/text.h"

/* For the value of a Host header: "localhost:8080", "127.0.0.1", "[::1]:8080". */
bool is_local_host(struct text host);

#endif
