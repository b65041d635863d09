/* gateway/http_message.h: what a received HTTP/1.1 request consists of.
 *
 * Every text points into memory of the connection that received it, and stays until the exchange
 * has ended. Nothing here is owned by whoever looks at it. */
#ifndef TIERWAY_GATEWAY_HTTP_MESSAGE_H
#define TIERWAY_GATEWAY_HTTP_MESSAGE_H

#include "base/text.h"

#include <strings.h>

struct http_header {
    struct text name;
    struct text value; /* without blanks at both ends */
};

struct http_request {
    struct text method;
    struct text target; /* as sent: path, and query where there is one */
    struct text path;   /* target up to the first '?' */
    struct text query;  /* behind the '?', or empty */
    const struct http_header *headers;
    size_t header_count;
    struct text head; /* the bytes as received, from the request line to the blank line */
    struct text body; /* without chunk framing */
    int minor_version;
    bool keep_alive;       /* the caller would send another request on this connection */
    bool expects_continue; /* "Expect: 100-continue" */
};

/* The first header of that name (ASCII case does not count), or NULL. */
const struct http_header *http_header_find(const struct http_request *request, const char *name);
/* Its value, or an empty text. */
struct text http_header_value(const struct http_request *request, const char *name);

/* Both compare without regard to ASCII case. */
static inline bool http_name_equal(struct text name, struct text other)
{
    return name.length == other.length && strncasecmp(name.data, other.data, name.length) == 0;
}

static inline bool http_name_is(struct text name, const char *other)
{
    return http_name_equal(name, text_of(other));
}

#endif
