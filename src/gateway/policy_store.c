/* gateway/policy_store.c: loading, and the swap of what is live.
 *
 * Two locks: `loading` lets one reload run at a time and is held while a file is compiled; `guard`
 * protects what is shown and is held for moments only, so that a loop that asks for the newest
 * snapshot never waits for a compile. What is loaded is shared between snapshots by counts. */
#include "gateway/policy_store.h"

#include "base/clock.h"
#include "gateway/policy_store_internal.h"

#include <stdlib.h>
#include <string.h>

static int64_t now(void)
{
    return clock_system() / 1000000;
}

static void loaded_free(struct loaded *loaded)
{
    tw_policy_free(loaded->policy);
    price_table_free(loaded->prices);
    free(loaded->rule_labels);
    if (loaded->free_extra)
        loaded->free_extra(loaded->extra);
    buffer_free(&loaded->files);
}

static void content_release(struct content *content)
{
    if (!content || atomic_fetch_sub(&content->holders, 1) > 1)
        return;
    loaded_free(&content->loaded);
    free(content);
}

static struct content *content_hold(struct content *content)
{
    atomic_fetch_add(&content->holders, 1);
    return content;
}

static struct live *live_of(const struct policy_snapshot *snapshot)
{
    return (struct live *)(uintptr_t)snapshot;
}

static const struct policy_snapshot *hold(struct live *live)
{
    atomic_fetch_add(&live->holders, 1);
    return &live->snapshot;
}

void policy_release(const struct policy_snapshot *snapshot)
{
    struct live *live = live_of(snapshot);
    if (!live || atomic_fetch_sub(&live->holders, 1) > 1)
        return;
    for (int part = 0; part < PART_COUNT; part++)
        content_release(live->contents[part]);
    free(live);
}

const struct policy_snapshot *policy_acquire(struct policy_store *store)
{
    pthread_mutex_lock(&store->guard);
    const struct policy_snapshot *snapshot = hold(store->live);
    pthread_mutex_unlock(&store->guard);
    return snapshot;
}

/* A snapshot of these contents, which it holds. NULL when memory is out. */
static struct live *live_new(struct content *const *contents, uint64_t generation)
{
    struct live *live = calloc(1, sizeof *live);
    if (!live)
        return NULL;
    atomic_init(&live->holders, 1);
    for (int part = 0; part < PART_COUNT; part++) {
        live->contents[part] = content_hold(contents[part]);
        live->snapshot.loaded[part] = &contents[part]->loaded;
    }
    live->snapshot.policy = contents[PART_POLICY]->loaded.policy;
    live->snapshot.rule_labels = contents[PART_POLICY]->loaded.rule_labels;
    live->snapshot.prices = contents[PART_PRICES]->loaded.prices;
    live->snapshot.generation = generation;
    return live;
}

/* Loads one part; *content is the caller's on TW_OK. The names of its files are kept either way. */
static enum tw_status load(struct policy_store *store, enum policy_part part,
                           struct content **content, struct buffer *why)
{
    struct content *made = calloc(1, sizeof *made);
    if (!made)
        return TW_NO_MEMORY;
    atomic_init(&made->holders, 1);
    buffer_init(&made->loaded.files, POLICY_FILES_MAX);
    enum tw_status status =
        store->loaders[part](store->context, store->files[part], &made->loaded, why);
    pthread_mutex_lock(&store->guard);
    buffer_clear(&store->parts[part].files);
    buffer_text(&store->parts[part].files, buffer_view(&made->loaded.files));
    pthread_mutex_unlock(&store->guard);
    if (status) {
        buffer_free(&made->loaded.files);
        free(made);
        return status;
    }
    *content = made;
    return TW_OK;
}

/* Notes that the newest content of a part was refused. */
static void note_refusal(struct policy_store *store, enum policy_part part, enum tw_status status,
                         const struct buffer *why)
{
    struct part *kept = &store->parts[part];
    pthread_mutex_lock(&store->guard);
    kept->status.refused = true;
    kept->status.refusals++;
    kept->status.looked = now();
    buffer_clear(&kept->why);
    buffer_text(&kept->why, why->length ? buffer_view(why) : text_of(tw_status_text(status)));
    pthread_mutex_unlock(&store->guard);
}

static void note_good(struct part *part)
{
    part->status.refused = false;
    part->status.looked = now();
    buffer_clear(&part->why);
}

/* Makes a content live in place of the part's old one and tells the loops. False: out of memory,
 * and nothing has changed. */
static bool swap(struct policy_store *store, enum policy_part part, struct content *content)
{
    struct content *contents[PART_COUNT];
    for (int i = 0; i < PART_COUNT; i++)
        contents[i] = i == (int)part ? content : store->live->contents[i];
    struct live *fresh = live_new(contents, store->live->snapshot.generation + 1);
    if (!fresh)
        return false;
    struct live *old = store->live;
    struct part *kept = &store->parts[part];
    pthread_mutex_lock(&store->guard);
    store->live = fresh;
    note_good(kept);
    kept->status.since = kept->status.looked;
    kept->status.swaps++;
    memcpy(kept->status.hash, content->loaded.hash, sizeof kept->status.hash);
    policy_readers_tell(store);
    pthread_mutex_unlock(&store->guard);
    policy_release(&old->snapshot);
    return true;
}

static void reload_part(struct policy_store *store, enum policy_part part)
{
    struct content *content = NULL;
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    enum tw_status status = load(store, part, &content, &why);
    bool same = status == TW_OK &&
                strcmp(content->loaded.hash, store->live->contents[part]->loaded.hash) == 0;
    if (same) {
        pthread_mutex_lock(&store->guard);
        note_good(&store->parts[part]);
        pthread_mutex_unlock(&store->guard);
    } else if (status == TW_OK && !swap(store, part, content)) {
        status = TW_NO_MEMORY;
    }
    if (status)
        note_refusal(store, part, status, &why);
    content_release(content);
    buffer_free(&why);
}

void policy_store_reload(struct policy_store *store)
{
    pthread_mutex_lock(&store->loading);
    for (int part = 0; part < PART_COUNT; part++)
        reload_part(store, (enum policy_part)part);
    pthread_mutex_unlock(&store->loading);
}

static enum tw_status load_first(struct policy_store *store, struct buffer *why)
{
    struct content *contents[PART_COUNT] = {NULL};
    enum tw_status status = TW_OK;
    for (int part = 0; part < PART_COUNT; part++) {
        enum tw_status loaded = load(store, (enum policy_part)part, &contents[part], why);
        status = status ? status : loaded;
    }
    if (!status)
        store->live = live_new(contents, 1);
    if (!status && !store->live)
        status = TW_NO_MEMORY;
    for (int part = 0; part < PART_COUNT; part++) {
        struct part_status *kept = &store->parts[part].status;
        kept->since = kept->looked = now();
        if (contents[part])
            memcpy(kept->hash, contents[part]->loaded.hash, sizeof kept->hash);
        content_release(contents[part]);
    }
    return status;
}

enum tw_status policy_store_open(const struct policy_store_options *options,
                                 struct policy_store **store, struct buffer *why)
{
    struct policy_store *made = calloc(1, sizeof *made);
    *store = NULL;
    if (!made)
        return TW_NO_MEMORY;
    made->context = options->context;
    pthread_mutex_init(&made->loading, NULL);
    pthread_mutex_init(&made->guard, NULL);
    enum tw_status status = TW_OK;
    for (int part = 0; part < PART_COUNT; part++) {
        made->loaders[part] = options->loaders[part];
        made->files[part] = strdup(options->files[part]);
        buffer_init(&made->parts[part].why, POLICY_WHY_MAX);
        buffer_init(&made->parts[part].files, POLICY_FILES_MAX);
        status = made->files[part] ? status : TW_NO_MEMORY;
    }
    status = status ? status : load_first(made, why);
    if (status)
        policy_store_close(made);
    else
        *store = made;
    return status;
}

void policy_store_close(struct policy_store *store)
{
    if (!store)
        return;
    policy_release(store->live ? &store->live->snapshot : NULL);
    for (int part = 0; part < PART_COUNT; part++) {
        free(store->files[part]);
        buffer_free(&store->parts[part].why);
        buffer_free(&store->parts[part].files);
    }
    pthread_mutex_destroy(&store->loading);
    pthread_mutex_destroy(&store->guard);
    free(store);
}

void policy_store_status(struct policy_store *store, enum policy_part part,
                         struct part_status *status, struct buffer *why)
{
    pthread_mutex_lock(&store->guard);
    *status = store->parts[part].status;
    if (why)
        buffer_text(why, buffer_view(&store->parts[part].why));
    pthread_mutex_unlock(&store->guard);
}

const char *policy_store_file(const struct policy_store *store, enum policy_part part)
{
    return store->files[part];
}

void policy_store_files(struct policy_store *store, struct buffer *files)
{
    pthread_mutex_lock(&store->guard);
    for (int part = 0; part < PART_COUNT; part++)
        buffer_text(files, buffer_view(&store->parts[part].files));
    pthread_mutex_unlock(&store->guard);
}
