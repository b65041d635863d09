/* gateway/policy_store.h: the policy, the prices and the callers that are live, and their change
 * while requests are under way.
 *
 * What is live is a snapshot (snapshot.h): parts that never change and are freed when nobody holds
 * them any more. A loader, which the owner gives, makes new ones from files; what it refuses
 * changes nothing: the last good one stays, and the reason is kept to be shown. Each part is loaded
 * for itself, so that a bad one does not keep out a good other. */
#ifndef TIERWAY_GATEWAY_POLICY_STORE_H
#define TIERWAY_GATEWAY_POLICY_STORE_H

#include "gateway/snapshot.h"

enum {
    POLICY_WHY_MAX = 64 * 1024,  /* bytes kept of why something was refused */
    POLICY_FILES_MAX = 64 * 1024 /* bytes of the names of all files that a policy was read from */
};

/* What a loader makes. The store frees it: policy, prices, callers, then extra by free_extra. */
struct loaded {
    tw_policy *policy;          /* of the policy's loader, else NULL */
    struct price_table *prices; /* of the prices' loader, else NULL */
    struct callers *callers;    /* of the callers' loader, else NULL */
    uint16_t *rule_labels;      /* of each rule and otherwise (metrics.h); from malloc, or NULL */
    bool named_tiers_only;      /* of the policy; as in struct urgency (queue/urgency.h) */
    void *extra;                /* the loader's own */
    void (*free_extra)(void *extra);
    char hash[17];       /* of the content: what has the same hash is taken for the same */
    struct buffer files; /* each file that was read, its name and a NUL; to be watched */
};

/* Loads a file: TW_OK, or anything else with the reason in `why`, and nothing in *loaded to be
 * freed but `files`, which may be filled in either way. Called by one thread at a time. */
typedef enum tw_status (*policy_loader)(void *context, const char *file, struct loaded *loaded,
                                        struct buffer *why);

enum policy_part { PART_POLICY, PART_PRICES, PART_CALLERS, PART_COUNT };

struct policy_store_options {
    const char *files[PART_COUNT];     /* copied; as the loaders take them, which may be NULL */
    policy_loader loaders[PART_COUNT]; /* NULL: there is no such part */
    void *context;                     /* of the loaders */
};

struct policy_store;

/* Loads all parts. On failure why says what is wrong with what, one line or more; the status is the
 * loader's, or TW_NO_MEMORY. */
enum tw_status policy_store_open(const struct policy_store_options *options,
                                 struct policy_store **store, struct buffer *why);
/* NULL allowed. Snapshots that somebody holds stay. */
void policy_store_close(struct policy_store *store);

/* Called for each snapshot that goes live from now on, one at a time, by whoever reloads; the
 * snapshot is held for it, to be released. To be set before the first reload. */
void policy_store_publish_to(struct policy_store *store,
                             void (*publish)(void *context, struct snapshot *snapshot),
                             void *context);

/* Loads all again, on the calling thread, and makes live what is good and of another content.
 * Waits for a reload that is under way. From any thread. */
void policy_store_reload(struct policy_store *store);

/* What one part is and what became of its last loading. */
struct part_status {
    char hash[17];
    int64_t since;     /* when it went live, milliseconds since 1970 UTC */
    int64_t looked;    /* when it was loaded last, with whatever result */
    bool refused;      /* the last loading was refused, so that an older one is live */
    uint64_t swaps;    /* how often another one went live, the first not counted */
    uint64_t refusals; /* a reason that stays the same counts once */
};
/* A copy; why (NULL: not wanted) gets the reason of the last refusal where `refused`. Any thread.
 */
void policy_store_status(struct policy_store *store, enum policy_part part,
                         struct part_status *status, struct buffer *why);
/* As given at the opening; constant as long as the store. NULL where none was given. */
const char *policy_store_file(const struct policy_store *store, enum policy_part part);
/* Appends the names of all files that were read, or were tried to, each with a NUL behind it. */
void policy_store_files(struct policy_store *store, struct buffer *files);

/* The newest snapshot, held for whoever asks, to be released. Any thread. */
struct snapshot *policy_acquire(struct policy_store *store);
/* What a part of a snapshot of this store was loaded as; as long as the snapshot is held. */
const struct loaded *policy_loaded(const struct snapshot *snapshot, enum policy_part part);

#endif
