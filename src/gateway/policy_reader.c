/* gateway/policy_reader.c: the snapshot that one loop's requests decide by.
 *
 * The reader holds the snapshot once, its leases count the requests of that loop without atomics.
 * An old lease, and with it the loop's hold of the old snapshot, goes with its last request. */
#include "gateway/policy_store_internal.h"

#include <stdlib.h>

struct policy_reader {
    struct policy_store *store;
    struct policy_reader *next, *previous; /* in the store's list, under its guard */
    uv_async_t told;
    struct policy_lease *newest;
    bool behind; /* a newer snapshot could not be taken for want of memory */
};

void policy_readers_tell(struct policy_store *store)
{
    for (struct policy_reader *reader = store->readers; reader; reader = reader->next)
        uv_async_send(&reader->told);
}

static void link_reader(struct policy_reader *reader)
{
    struct policy_store *store = reader->store;
    reader->next = store->readers;
    if (store->readers)
        store->readers->previous = reader;
    store->readers = reader;
}

static void unlink_reader(struct policy_reader *reader)
{
    if (reader->previous)
        reader->previous->next = reader->next;
    else
        reader->store->readers = reader->next;
    if (reader->next)
        reader->next->previous = reader->previous;
}

void policy_lease_return(struct policy_lease *lease)
{
    if (--lease->holders > 0)
        return;
    policy_release(lease->snapshot);
    free(lease);
}

/* Takes the newest snapshot; keeps the old one when memory is out. */
static void refresh(struct policy_reader *reader)
{
    struct policy_lease *lease = malloc(sizeof *lease);
    reader->behind = !lease;
    if (!lease)
        return;
    *lease = (struct policy_lease){policy_acquire(reader->store), 1};
    if (reader->newest)
        policy_lease_return(reader->newest);
    reader->newest = lease;
}

static void on_told(uv_async_t *told)
{
    refresh(told->data);
}

enum tw_status policy_reader_open(struct policy_store *store, uv_loop_t *loop,
                                  struct policy_reader **reader)
{
    struct policy_reader *made = calloc(1, sizeof *made);
    *reader = NULL;
    if (!made)
        return TW_NO_MEMORY;
    made->store = store;
    made->told.data = made;
    refresh(made);
    if (made->behind || uv_async_init(loop, &made->told, on_told) != 0) {
        enum tw_status status = made->behind ? TW_NO_MEMORY : TW_IO;
        if (made->newest)
            policy_lease_return(made->newest);
        free(made);
        return status;
    }
    pthread_mutex_lock(&store->guard);
    link_reader(made);
    pthread_mutex_unlock(&store->guard);
    refresh(made); /* what went live in between told nobody */
    *reader = made;
    return TW_OK;
}

static void on_closed(uv_handle_t *told)
{
    struct policy_reader *reader = told->data;
    free(reader);
}

void policy_reader_close(struct policy_reader *reader)
{
    pthread_mutex_lock(&reader->store->guard);
    unlink_reader(reader);
    pthread_mutex_unlock(&reader->store->guard);
    policy_lease_return(reader->newest);
    uv_close((uv_handle_t *)&reader->told, on_closed);
}

struct policy_lease *policy_reader_lease(struct policy_reader *reader)
{
    if (reader->behind)
        refresh(reader);
    reader->newest->holders++;
    return reader->newest;
}
