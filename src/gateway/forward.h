/* gateway/forward.h: which headers and which target go on, in either direction (RFC 9110, 7.6.1).
 *
 * Not passed on: what belongs to the connection (Connection and what it names, Keep-Alive,
 * Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, and the two of proxies' own
 * authentication), Content-Length and Host, which each side writes itself, Expect, which is met
 * here, and x-tierway-*, which is for the gateway. Everything else goes on as it came, in order. */
#ifndef TIERWAY_GATEWAY_FORWARD_H
#define TIERWAY_GATEWAY_FORWARD_H

#include "gateway/http_message.h"

/* How paths of callers become paths of the upstream. */
struct forward {
    struct text base; /* the upstream's path without a trailing /v1: "" or "/openai" */
    bool strip_v1;    /* the upstream's path does not end in /v1: the caller's /v1 stands for it */
    bool drop_keys;   /* headers that carry a caller's key never go on (callers.h) */
    struct text key_header, key; /* a header that goes on instead; an empty key: none */
};

/* Of a checked base URL, keys passed on. The texts point into it. */
struct forward forward_of(struct text base_url);
/* Appends the target for the upstream. */
void forward_target(const struct forward *forward, struct text target, struct buffer *out);

/* Whether a caller's path leads out of the upstream's by "..". */
bool forward_leaves(const struct forward *forward, struct text path);

/* Headers being chosen: a list that grows, over texts of others. */
struct header_list {
    struct http_header *items;
    size_t count, capacity;
    bool failed; /* out of memory */
};

void header_list_free(struct header_list *list);
void header_list_add(struct header_list *list, struct text name, struct text value);

/* Adds those of a request that go upstream. identity: the answer must not be compressed, since it
 * is read here; Accept-Encoding is left out then. own_key: the key that it carries is for the
 * gateway, and stays here. */
void forward_request(const struct forward *forward, const struct http_request *request,
                     bool identity, bool own_key, struct header_list *list);
/* Adds those of an answer that go to the caller. decoded: it was uncompressed here. */
void forward_answer(const struct http_header *headers, size_t count, bool decoded,
                    struct header_list *list);

#endif
