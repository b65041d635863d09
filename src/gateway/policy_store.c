/* gateway/policy_store.c: loading, and the swap of what is live.
 *
 * Two locks: `loading` lets one reload run at a time and is held while a file is compiled; `guard`
 * protects what is shown and is held for moments only, so that a loop that asks for the newest
 * snapshot never waits for a compile. What is loaded is shared between snapshots by counts. */
#include "gateway/policy_store.h"

#include "base/clock.h"
#include "gateway/callers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What was loaded once, shared by the snapshots that it is part of. */
struct content {
    struct loaded loaded;
    atomic_size_t holders;
};

/* The owner of what a snapshot is made of. */
struct contents {
    struct content *parts[PART_COUNT];
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
    void (*publish)(void *context, struct snapshot *snapshot);
    void *publish_context;
    pthread_mutex_t loading; /* taken before guard where both are */
    pthread_mutex_t guard;   /* everything below; `live` is written under both */
    struct snapshot *live;
    struct part parts[PART_COUNT];
};

static int64_t now(void)
{
    return clock_system() / 1000000;
}

static void loaded_free(struct loaded *loaded)
{
    tw_policy_free(loaded->policy);
    price_table_free(loaded->prices);
    callers_close(loaded->callers);
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

static void contents_free(void *owner)
{
    struct contents *contents = owner;
    for (int part = 0; part < PART_COUNT; part++)
        content_release(contents->parts[part]);
    free(contents);
}

static struct content *content_of(const struct snapshot *snapshot, enum policy_part part)
{
    const struct contents *contents = snapshot->owner;
    return contents->parts[part];
}

const struct loaded *policy_loaded(const struct snapshot *snapshot, enum policy_part part)
{
    return &content_of(snapshot, part)->loaded;
}

struct snapshot *policy_acquire(struct policy_store *store)
{
    pthread_mutex_lock(&store->guard);
    struct snapshot *snapshot = snapshot_hold(store->live);
    pthread_mutex_unlock(&store->guard);
    return snapshot;
}

/* A snapshot of these contents, which it holds. */
static enum tw_status make_snapshot(struct content *const parts[PART_COUNT],
                                    struct snapshot **snapshot, struct buffer *why)
{
    struct contents *contents = calloc(1, sizeof *contents);
    struct tw_error error;
    if (!contents)
        return TW_NO_MEMORY;
    for (int part = 0; part < PART_COUNT; part++)
        contents->parts[part] = content_hold(parts[part]);
    const struct snapshot_parts made = {.policy = parts[PART_POLICY]->loaded.policy,
                                        .rule_labels = parts[PART_POLICY]->loaded.rule_labels,
                                        .prices = parts[PART_PRICES]->loaded.prices,
                                        .callers = parts[PART_CALLERS]->loaded.callers,
                                        .let_go = contents_free,
                                        .owner = contents};
    enum tw_status status = snapshot_make(&made, snapshot, &error);
    if (status)
        buffer_format(why, "%s\n", error.message);
    return status;
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
    policy_loader loader = store->loaders[part];
    enum tw_status status =
        loader ? loader(store->context, store->files[part], &made->loaded, why) : TW_OK;
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

/* Notes that the newest content of a part was refused; for the same reason again it is no news. */
static void note_refusal(struct policy_store *store, enum policy_part part, enum tw_status status,
                         const struct buffer *why)
{
    struct part *kept = &store->parts[part];
    struct text reason = why->length ? buffer_view(why) : text_of(tw_status_text(status));
    pthread_mutex_lock(&store->guard);
    bool known = kept->status.refused && text_equal(buffer_view(&kept->why), reason);
    kept->status.refused = true;
    kept->status.refusals += !known;
    kept->status.looked = now();
    buffer_clear(&kept->why);
    buffer_text(&kept->why, reason);
    pthread_mutex_unlock(&store->guard);
}

static void note_good(struct part *part)
{
    part->status.refused = false;
    part->status.looked = now();
    buffer_clear(&part->why);
}

/* Makes a content live in place of the part's old one. On failure nothing has changed. */
static enum tw_status swap(struct policy_store *store, enum policy_part part,
                           struct content *content, struct buffer *why)
{
    struct content *parts[PART_COUNT];
    struct snapshot *fresh, *old = store->live;
    for (int i = 0; i < PART_COUNT; i++)
        parts[i] = i == (int)part ? content : content_of(old, (enum policy_part)i);
    enum tw_status status = make_snapshot(parts, &fresh, why);
    if (status)
        return status;
    struct part *kept = &store->parts[part];
    pthread_mutex_lock(&store->guard);
    store->live = fresh;
    note_good(kept);
    kept->status.since = kept->status.looked;
    kept->status.swaps++;
    memcpy(kept->status.hash, content->loaded.hash, sizeof kept->status.hash);
    pthread_mutex_unlock(&store->guard);
    if (store->publish)
        store->publish(store->publish_context, snapshot_hold(fresh));
    snapshot_release(old);
    return TW_OK;
}

static void reload_part(struct policy_store *store, enum policy_part part)
{
    struct content *content = NULL;
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    enum tw_status status = load(store, part, &content, &why);
    bool same = status == TW_OK &&
                strcmp(content->loaded.hash, policy_loaded(store->live, part)->hash) == 0;
    if (same) {
        pthread_mutex_lock(&store->guard);
        note_good(&store->parts[part]);
        pthread_mutex_unlock(&store->guard);
    } else if (status == TW_OK) {
        status = swap(store, part, content, &why);
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
        status = make_snapshot(contents, &store->live, why);
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
        const char *file = options->files[part];
        made->loaders[part] = options->loaders[part];
        made->files[part] = file ? strdup(file) : NULL;
        buffer_init(&made->parts[part].why, POLICY_WHY_MAX);
        buffer_init(&made->parts[part].files, POLICY_FILES_MAX);
        status = made->files[part] || !file ? status : TW_NO_MEMORY;
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
    snapshot_release(store->live);
    for (int part = 0; part < PART_COUNT; part++) {
        free(store->files[part]);
        buffer_free(&store->parts[part].why);
        buffer_free(&store->parts[part].files);
    }
    pthread_mutex_destroy(&store->loading);
    pthread_mutex_destroy(&store->guard);
    free(store);
}

void policy_store_publish_to(struct policy_store *store,
                             void (*publish)(void *context, struct snapshot *snapshot),
                             void *context)
{
    store->publish = publish;
    store->publish_context = context;
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
