/* gateway/policy_store_internal.h: what the files of the policy store share. Not for others. */
#ifndef TIERWAY_GATEWAY_POLICY_STORE_INTERNAL_H
#define TIERWAY_GATEWAY_POLICY_STORE_INTERNAL_H

#include "gateway/policy_store.h"

#include <pthread.h>
#include <stdatomic.h>

/* What was loaded once, shared by the snapshots that it is part of. */
struct content {
    struct loaded loaded;
    atomic_size_t holders;
};

struct live {
    struct policy_snapshot snapshot; /* the first member: policy_release gets back to the rest */
    struct content *contents[PART_COUNT];
    atomic_size_t holders;
};

struct part {
    struct part_status status;
    struct buffer why;
    struct buffer files;
};

struct policy_store {
    char *files[PART_COUNT];
    policy_loader loaders[PART_COUNT];
    void *context;
    pthread_mutex_t loading; /* taken before guard where both are */
    pthread_mutex_t guard;   /* everything below; `live` is written under both */
    struct live *live;
    struct part parts[PART_COUNT];
    struct policy_reader *readers;
};

/* policy_reader.c: wakes every loop. The guard is held. */
void policy_readers_tell(struct policy_store *store);

#endif
