/* gateway/background.h: work that may wait, over HTTP: jobs, and OpenAI's files and batches.
 *
 *   POST /v1/files                    keeps a file of purpose batch
 *   GET /v1/files                     lists them; after, limit, order, purpose
 *   GET, DELETE /v1/files/ID
 *   GET /v1/files/ID/content          of a batch's results as well, also while they come
 *   POST, GET /v1/batches             creates one from a file; lists them; after, limit
 *   GET /v1/batches/ID
 *   POST /v1/batches/ID/cancel
 *   POST, GET /tierway/jobs           submits lines or one body; lists; state, batch, after, limit
 *   GET /tierway/jobs/ID
 *   GET /tierway/jobs/ID/result
 *   POST /tierway/jobs/ID/cancel, /retry
 *
 * What is under /v1/ and not ours (files of other purposes, ids that were not made here) goes to
 * the provider as if there were no such paths. Where callers need keys, each sees what it made
 * itself, and a caller with `admin: true` sees all; nobody learns of what is not theirs: 404. Where
 * nobody needs a key, all is everybody's, and /tierway/jobs answers to this machine's names only,
 * as the other paths under /tierway/ do.
 *
 * Stores are used on threads of libuv's pool, at most BACKGROUND_STORES at once; two threads of its
 * own look after batches and work on jobs. All functions but open, stop and close may be called on
 * any loop's thread, for that loop's exchanges. */
#ifndef TIERWAY_GATEWAY_BACKGROUND_H
#define TIERWAY_GATEWAY_BACKGROUND_H

#include "gateway/gateway.h"
#include "gateway/policy_store.h"
#include "store/batches.h"

#define BACKGROUND_STORES 4  /* connections to the store, for answers */
#define BACKGROUND_TASKS 256 /* requests that may be under way here; more are refused with 503 */
#define BACKGROUND_UPLOAD_PATH "/v1/files"
/* Bytes of the body of an upload: of the largest file, and of what stands around it. */
#define BACKGROUND_UPLOAD_BYTES ((size_t)STORED_FILE_BYTES_MAX + 64 * 1024)

struct background;

/* All have to stay until background_close. */
struct background_options {
    const char *store;             /* where jobs, files and batches are kept: no store in memory */
    struct policy_store *policies; /* callers, too */
    bool local;                    /* listens on this machine only */
    int concurrency; /* jobs that are worked on at once; 0: none, somebody else does */
    int64_t lease;   /* milliseconds; see queue/worker.h */
    const char *upstream, *upstream_key; /* of the jobs; the key may be NULL */
    const char *prices;                  /* as in tw_router_options */
    /* Something went wrong that no caller is there to be told; on threads of its own. */
    void (*report)(const char *message);
};

/* Opens a store, and starts the threads. Errors of store_open; TW_IO: no thread. */
enum tw_status background_open(const struct background_options *options,
                               struct background **background, struct tw_error *error);
/* Begins to end: no further job is claimed. Does not wait. NULL allowed. */
void background_stop(struct background *background);
/* Waits at most so many milliseconds for jobs that run, then breaks them off: they are put back.
 * No exchange that was taken may be open. NULL allowed. */
void background_close(struct background *background, uint32_t drain_ms);

/* For gateway_options; context is the background. */
bool background_own_path(struct exchange *exchange, void *context);
void background_own_drained(struct exchange *exchange, void *context);
/* False: the exchange is none of ours. */
bool background_own_ended(struct exchange *exchange, void *context);

#endif
