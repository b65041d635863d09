/* gateway/policy_watch.h: loads again when a file has changed that something live was read from.
 *
 * The folders of all files are watched, not the files: an editor that writes beside and renames,
 * and links that are swapped (a Kubernetes volume's `..data`, `ln -sfn`), are seen as well. Files
 * that other things are written beside cost a look at their times, no more. Loading runs on libuv's
 * thread pool, so that the loop goes on serving. Where the file system tells of no changes (NFS),
 * policy_watch_reload has to be called. All functions are called on the loop's thread. */
#ifndef TIERWAY_GATEWAY_POLICY_WATCH_H
#define TIERWAY_GATEWAY_POLICY_WATCH_H

#include "gateway/policy_store.h"

#include <uv.h>

struct policy_watch;

struct policy_watch_options {
    uint32_t settle_ms; /* files must have stayed as they are for that long; 0: 50 */
    /* After each loading, on the loop's thread. NULL: not interested. */
    void (*reloaded)(void *context);
    void *context;
};

/* The store must stay until `closed` of policy_watch_close. A folder that cannot be watched is no
 * failure. TW_OK or TW_NO_MEMORY. */
enum tw_status policy_watch_open(struct policy_store *store, uv_loop_t *loop,
                                 const struct policy_watch_options *options,
                                 struct policy_watch **watch);
/* Loads now, whether anything changed or not; where a loading is under way, once more after it. */
void policy_watch_reload(struct policy_watch *watch);
/* Stops watching, waits for a loading that is under way, then frees and calls closed (NULL
 * allowed). */
void policy_watch_close(struct policy_watch *watch, void (*closed)(void *context), void *context);

#endif
