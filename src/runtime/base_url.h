/* runtime/base_url.h: a provider's base URL, with its /v1, as the official clients take it. */
#ifndef TIERWAY_RUNTIME_BASE_URL_H
#define TIERWAY_RUNTIME_BASE_URL_H

#include "base/text.h"

#define BASE_URL_MAX 2048 /* bytes */

/* Whether requests may be sent there: http or https, a host, perhaps a port and a path; no user, no
 * query, no fragment, nothing but visible ASCII. TW_INVALID or TW_LIMIT with a reason otherwise,
 * which does not quote the URL: a user's password may stand in it. */
enum tw_status base_url_check(struct text url, struct tw_error *error);
/* Of a checked URL: whether its host is this machine (localhost, 127.0.0.0/8, [::1]). */
bool base_url_is_loopback(struct text url);
/* Appends the URL of an endpoint ("/chat/completions"). */
enum tw_status base_url_join(struct text url, struct text endpoint, struct buffer *out);

#endif
