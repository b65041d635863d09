/* gateway/callers.h: who may call, and what a caller may set.
 *
 * A key is known by its SHA-256 only. It is looked for among all callers in a time that does not
 * depend on which of them it matches, nor on how far. Immutable after callers_open but for the
 * counts of requests under way, which are atomic; safe for all threads.
 *
 * Callers are part of a snapshot (snapshot.h). A list that takes another one's place goes on with
 * its counts, by names, so that a limit holds for the requests of both together. */
#ifndef TIERWAY_GATEWAY_CALLERS_H
#define TIERWAY_GATEWAY_CALLERS_H

#include "gateway/config.h"
#include "gateway/http_message.h"

enum {
    KEY_BYTES_MAX = 512,   /* of a key; a longer one is nobody's */
    KEY_RANDOM_BYTES = 32, /* of a new one */
    KEY_HASH_BYTES = 32
};

struct callers;
struct caller;

/* Copies what it needs of a config that config_check found good. Those of `before` (NULL: there are
 * none) who are in it, too, keep their counts; and where `before` needs keys, so does the new one,
 * even if nobody is left in it. TW_NO_MEMORY. */
enum tw_status callers_open(const struct config *config, const struct callers *before,
                            struct callers **callers);
void callers_close(struct callers *callers); /* NULL allowed */
/* False: nobody needs a key, and whoever reaches the gateway may do anything. So for NULL. */
bool callers_required(const struct callers *callers);
/* Appends who may do what, with the keys' hashes: the same for the same. */
void callers_describe(const struct callers *callers, struct buffer *out);

/* SHA-256 without allocating on each use; for one thread at a time. */
struct key_hasher;
struct key_hasher *key_hasher_new(void);
void key_hasher_free(struct key_hasher *hasher); /* NULL allowed */
void key_hash(struct key_hasher *hasher, struct text key, uint8_t hash[KEY_HASH_BYTES]);

/* The key that a request carries: `Authorization: Bearer KEY`, else x-api-key, else api-key.
 * False where there is none, or more than one header of that name. */
bool request_key(const struct http_request *request, struct text *key);
/* Whether a header carries a key, so that it must not be sent on. */
bool header_is_key(struct text name);

/* Who calls; NULL: nobody that is known. */
struct caller *callers_find(const struct callers *callers, struct key_hasher *hasher,
                            const struct http_request *request);
const char *caller_name(const struct caller *caller); /* "" for NULL: nobody needs a key */
/* Whether it may ask the gateway's own paths. caller NULL: where nobody needs a key. */
bool caller_is_admin(const struct caller *caller);
/* Whether a caller (NULL: where nobody needs a key) may set the attribute of a header
 * "x-tierway-deadline", by its own list or else by the one for all. */
bool caller_may_set(const struct callers *callers, const struct caller *caller, struct text header);
/* One more request under way; false, and nothing is counted, where its limit is reached. NULL
 * allowed for both. */
bool caller_enter(struct caller *caller);
void caller_leave(struct caller *caller);

/* A new key from KEY_RANDOM_BYTES random bytes: "tw-" and 43 letters, digits, '-' and '_'. */
void key_print(const uint8_t random[KEY_RANDOM_BYTES], struct buffer *out);
/* 64 hexadecimal digits. */
void key_hash_print(const uint8_t hash[KEY_HASH_BYTES], struct buffer *out);

#endif
