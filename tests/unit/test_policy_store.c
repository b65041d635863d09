/* The live policy: what is loaded and what stays, who holds it, and which changes of files are
 * seen. Its loader takes any text for a policy that does not begin with "bad". */
#include "loop_thread.h"
#include "unit.h"

#include "gateway/policy_watch.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 10000, TEXT_BYTES = 256 };

static char folder[64];
static atomic_int loads, frees;

static void path_in(char *path, const char *name)
{
    CU_ASSERT_FATAL(snprintf(path, TEXT_BYTES, "%s/%s", folder, name) < TEXT_BYTES);
}

static void write_file(const char *name, const char *text)
{
    char path[TEXT_BYTES];
    path_in(path, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static void count_free(void *text)
{
    free(text);
    frees++;
}

static enum tw_status load_text(void *context, const char *path, struct loaded *loaded,
                                struct buffer *why)
{
    char text[TEXT_BYTES] = "";
    (void)context;
    loads++;
    buffer_append(&loaded->files, path, strlen(path) + 1);
    FILE *file = fopen(path, "r");
    if (!file) {
        buffer_format(why, "%s is not there", path);
        return TW_NOT_FOUND;
    }
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    if (strncmp(text, "bad", 3) == 0) {
        buffer_format(why, "it says %s", text);
        return TW_REFUSED;
    }
    if (strstr(path, "policy")) {
        static const char policy[] = "edition 1\notherwise -> default\n";
        CU_ASSERT_EQUAL(
            tw_policy_compile("a.tier", policy, sizeof policy - 1, &loaded->policy, NULL), TW_OK);
    }
    loaded->extra = strdup(text);
    loaded->free_extra = count_free;
    snprintf(loaded->hash, sizeof loaded->hash, "%016llx",
             (unsigned long long)text_hash((struct text){text, length}, 0));
    return TW_OK;
}

static struct policy_store *open_store(void)
{
    char policy[TEXT_BYTES], prices[TEXT_BYTES];
    struct policy_store *store = NULL;
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    path_in(policy, "policy");
    path_in(prices, "prices");
    const struct policy_store_options options = {.files = {policy, prices},
                                                 .loaders = {load_text, load_text}};
    CU_ASSERT_EQUAL_FATAL(policy_store_open(&options, &store, &why), TW_OK);
    buffer_free(&why);
    return store;
}

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/tierway-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    loads = frees = 0;
    write_file("policy", "one");
    write_file("prices", "cheap");
}

static void end(void)
{
    char command[TEXT_BYTES];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static const char *live_text(const struct snapshot *snapshot, enum policy_part part)
{
    return policy_loaded(snapshot, part)->extra;
}

/* Whether this is live, for somebody who asks now. */
static bool is_live(struct policy_store *store, enum policy_part part, const char *text)
{
    struct snapshot *snapshot = policy_acquire(store);
    bool same = strcmp(live_text(snapshot, part), text) == 0;
    snapshot_release(snapshot);
    return same;
}

static bool becomes_live(struct policy_store *store, enum policy_part part, const char *text)
{
    for (int i = 0; i < WAIT_MS && !is_live(store, part, text); i++)
        poll(NULL, 0, 1);
    return is_live(store, part, text);
}

static struct part_status status_of(struct policy_store *store, enum policy_part part)
{
    struct part_status status;
    policy_store_status(store, part, &status, NULL);
    return status;
}

static void test_first_load_fails(void)
{
    begin();
    write_file("policy", "bad first\n");
    write_file("prices", "bad too\n");
    char policy[TEXT_BYTES], prices[TEXT_BYTES];
    struct policy_store *store = (struct policy_store *)&loads;
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    path_in(policy, "policy");
    path_in(prices, "prices");
    const struct policy_store_options options = {.files = {policy, prices},
                                                 .loaders = {load_text, load_text}};
    CU_ASSERT_EQUAL(policy_store_open(&options, &store, &why), TW_REFUSED);
    CU_ASSERT_PTR_NULL(store);
    CU_ASSERT_STRING_EQUAL(why.data, "it says bad first\nit says bad too\n");
    write_file("prices", "fine");
    buffer_clear(&why);
    CU_ASSERT_EQUAL(policy_store_open(&options, &store, &why), TW_REFUSED);
    CU_ASSERT_EQUAL(frees, 1);
    buffer_free(&why);
    end();
}

static void test_reload(void)
{
    begin();
    struct policy_store *store = open_store();
    struct part_status first = status_of(store, PART_POLICY);
    CU_ASSERT_EQUAL(strlen(first.hash), 16);
    CU_ASSERT_EQUAL(first.swaps, 0);
    policy_store_reload(store);
    CU_ASSERT_EQUAL(status_of(store, PART_POLICY).swaps, 0);
    CU_ASSERT_EQUAL(status_of(store, PART_POLICY).since, first.since);
    struct snapshot *held = policy_acquire(store);
    write_file("policy", "two");
    policy_store_reload(store);
    CU_ASSERT_TRUE(is_live(store, PART_POLICY, "two"));
    CU_ASSERT_TRUE(is_live(store, PART_PRICES, "cheap"));
    CU_ASSERT_STRING_EQUAL(live_text(held, PART_POLICY), "one");
    struct part_status second = status_of(store, PART_POLICY);
    CU_ASSERT_EQUAL(second.swaps, 1);
    CU_ASSERT_STRING_NOT_EQUAL(second.hash, first.hash);
    int freed = frees;
    snapshot_release(held);
    CU_ASSERT_EQUAL(frees, freed + 1);
    policy_store_close(store);
    /* Each text that was loaded well was freed once. */
    CU_ASSERT_EQUAL(frees, loads);
    end();
}

static void test_refusal(void)
{
    struct part_status status;
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    begin();
    struct policy_store *store = open_store();
    write_file("policy", "bad news");
    write_file("prices", "dear");
    policy_store_reload(store);
    CU_ASSERT_TRUE(is_live(store, PART_POLICY, "one"));
    CU_ASSERT_TRUE(is_live(store, PART_PRICES, "dear"));
    policy_store_status(store, PART_POLICY, &status, &why);
    CU_ASSERT_TRUE(status.refused);
    CU_ASSERT_EQUAL(status.refusals, 1);
    CU_ASSERT_STRING_EQUAL(why.data, "it says bad news");
    CU_ASSERT_FALSE(status_of(store, PART_PRICES).refused);
    /* The old text comes back: nothing new goes live, but nothing is refused any more. */
    write_file("policy", "one");
    policy_store_reload(store);
    buffer_clear(&why);
    policy_store_status(store, PART_POLICY, &status, &why);
    CU_ASSERT_FALSE(status.refused);
    CU_ASSERT_EQUAL(status.refusals, 1);
    CU_ASSERT_EQUAL(status.swaps, 0);
    CU_ASSERT_EQUAL(why.length, 0);
    policy_store_close(store);
    buffer_free(&why);
    end();
}

/* A loop with a reader, and a watch where the test asks for one. */
struct watched {
    struct loop_thread thread;
    struct policy_store *store;
    struct policy_watch *watch;
    uv_async_t reload;
    atomic_int reloads;
};

static void on_reloaded(void *context)
{
    struct watched *watched = context;
    watched->reloads++;
}

static void on_reload(uv_async_t *reload)
{
    struct watched *watched = reload->data;
    policy_watch_reload(watched->watch);
}

static void watched_begin(struct loop_thread *thread)
{
    struct watched *watched = thread->context;
    const struct policy_watch_options options = {
        .settle_ms = 5, .reloaded = on_reloaded, .context = watched};
    CU_ASSERT_EQUAL_FATAL(
        policy_watch_open(watched->store, &thread->loop, &options, &watched->watch), TW_OK);
    uv_async_init(&thread->loop, &watched->reload, on_reload);
    watched->reload.data = watched;
}

static void watched_finish(struct loop_thread *thread)
{
    struct watched *watched = thread->context;
    uv_close((uv_handle_t *)&watched->reload, NULL);
    policy_watch_close(watched->watch, NULL, NULL);
}

static void watch_begin(struct watched *watched)
{
    *watched = (struct watched){.store = open_store()};
    watched->thread.begin = watched_begin;
    watched->thread.finish = watched_finish;
    watched->thread.context = watched;
    loop_thread_start(&watched->thread);
}

static void watch_end(struct watched *watched)
{
    CU_ASSERT_TRUE(loop_thread_stop(&watched->thread));
    policy_store_close(watched->store);
}

static void test_written_in_place(void)
{
    struct watched watched;
    begin();
    watch_begin(&watched);
    write_file("policy", "two");
    CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, "two"));
    write_file("prices", "dear");
    CU_ASSERT_TRUE(becomes_live(watched.store, PART_PRICES, "dear"));
    /* Of the same size, in the same instant. */
    for (char letter = 'a'; letter <= 'e'; letter++) {
        char text[] = {letter, '!', '\0'};
        write_file("policy", text);
        CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, text));
    }
    watch_end(&watched);
    end();
}

static void test_renamed_over(void)
{
    char from[TEXT_BYTES], to[TEXT_BYTES];
    struct watched watched;
    begin();
    path_in(from, "policy.new");
    path_in(to, "policy");
    watch_begin(&watched);
    for (char letter = 'a'; letter <= 'c'; letter++) {
        char text[] = {letter, '\0'};
        write_file("policy.new", text);
        CU_ASSERT_EQUAL(rename(from, to), 0);
        CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, text));
    }
    /* Gone for a while: the last one stays, and the next one is seen. */
    CU_ASSERT_EQUAL(unlink(to), 0);
    for (int i = 0; i < WAIT_MS && !status_of(watched.store, PART_POLICY).refused; i++)
        poll(NULL, 0, 1);
    CU_ASSERT_TRUE(status_of(watched.store, PART_POLICY).refused);
    CU_ASSERT_TRUE(is_live(watched.store, PART_POLICY, "c"));
    write_file("policy", "back");
    CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, "back"));
    watch_end(&watched);
    end();
}

static void link_to(const char *target, const char *name)
{
    char path[TEXT_BYTES], beside[TEXT_BYTES];
    path_in(path, name);
    path_in(beside, "beside");
    CU_ASSERT_EQUAL(symlink(target, beside), 0);
    CU_ASSERT_EQUAL(rename(beside, path), 0);
}

static void make_version(const char *name, const char *text)
{
    char path[TEXT_BYTES], file[TEXT_BYTES];
    path_in(path, name);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    snprintf(file, sizeof file, "%s/policy", name);
    write_file(file, text);
}

/* As Kubernetes mounts a ConfigMap: policy -> ..data/policy, ..data -> ..1, ..2 and so on. */
static void test_swapped_links(void)
{
    char path[TEXT_BYTES];
    struct watched watched;
    begin();
    make_version("..1", "first");
    link_to("..1", "..data");
    path_in(path, "policy");
    CU_ASSERT_EQUAL(unlink(path), 0);
    link_to("..data/policy", "policy");
    watch_begin(&watched);
    CU_ASSERT_TRUE(is_live(watched.store, PART_POLICY, "first"));
    make_version("..2", "second");
    link_to("..2", "..data");
    CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, "second"));
    make_version("..3", "third");
    link_to("..3", "..data");
    CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, "third"));
    /* A change in the folder that the links lead to now. */
    write_file("..3/policy", "third, changed");
    CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, "third, changed"));
    watch_end(&watched);
    end();
}

/* Runs a loading and waits for its end. */
static void ask_to_reload(struct watched *watched)
{
    int before = watched->reloads;
    uv_async_send(&watched->reload);
    for (int i = 0; i < WAIT_MS && watched->reloads == before; i++)
        poll(NULL, 0, 1);
    CU_ASSERT(watched->reloads > before);
}

static void test_asked_to_reload(void)
{
    struct watched watched;
    begin();
    watch_begin(&watched);
    write_file("policy", "bad");
    ask_to_reload(&watched);
    for (int i = 0; i < WAIT_MS && !status_of(watched.store, PART_POLICY).refused; i++)
        poll(NULL, 0, 1);
    CU_ASSERT_TRUE(status_of(watched.store, PART_POLICY).refused);
    CU_ASSERT_TRUE(is_live(watched.store, PART_POLICY, "one"));
    write_file("policy", "good");
    ask_to_reload(&watched);
    CU_ASSERT_TRUE(becomes_live(watched.store, PART_POLICY, "good"));
    watch_end(&watched);
    end();
}

/* What was published, in order. */
struct published {
    atomic_int count;
    char last[TEXT_BYTES];
};

static void note_published(void *context, struct snapshot *snapshot)
{
    struct published *published = context;
    published->count++;
    snprintf(published->last, sizeof published->last, "%s", live_text(snapshot, PART_POLICY));
    snapshot_release(snapshot);
}

static void test_publishing(void)
{
    struct published published = {0};
    begin();
    struct policy_store *store = open_store();
    policy_store_publish_to(store, note_published, &published);
    policy_store_reload(store);
    CU_ASSERT_EQUAL(published.count, 0);
    write_file("policy", "two");
    write_file("prices", "bad");
    policy_store_reload(store);
    CU_ASSERT_EQUAL(published.count, 1);
    CU_ASSERT_STRING_EQUAL(published.last, "two");
    write_file("prices", "dear");
    policy_store_reload(store);
    CU_ASSERT_EQUAL(published.count, 2);
    policy_store_close(store);
    CU_ASSERT_EQUAL(frees, loads - 1); /* one was refused */
    end();
}

enum { SWAPS = 200, READERS = 3 };

struct reading {
    pthread_t thread;
    struct policy_store *store;
    atomic_bool *over;
};

static void *acquire_and_release(void *context)
{
    struct reading *reading = context;
    while (!*reading->over) {
        struct snapshot *snapshot = policy_acquire(reading->store);
        CU_ASSERT_EQUAL(live_text(snapshot, PART_POLICY)[0], 'p');
        snapshot_release(snapshot);
    }
    return NULL;
}

static void test_swaps_under_load(void)
{
    struct reading readings[READERS];
    atomic_bool over = false;
    begin();
    write_file("policy", "p");
    struct policy_store *store = open_store();
    for (int i = 0; i < READERS; i++) {
        readings[i] = (struct reading){.store = store, .over = &over};
        pthread_create(&readings[i].thread, NULL, acquire_and_release, &readings[i]);
    }
    for (int i = 0; i < SWAPS; i++) {
        char text[TEXT_BYTES];
        snprintf(text, sizeof text, "p%d", i);
        write_file("policy", text);
        policy_store_reload(store);
    }
    over = true;
    for (int i = 0; i < READERS; i++)
        pthread_join(readings[i].thread, NULL);
    CU_ASSERT_EQUAL(status_of(store, PART_POLICY).swaps, SWAPS);
    policy_store_close(store);
    CU_ASSERT_EQUAL(frees, loads);
    end();
}

UNIT_TESTS({"the first load fails", test_first_load_fails}, {"reload", test_reload},
           {"refusal", test_refusal}, {"publishing", test_publishing},
           {"swaps under load", test_swaps_under_load}, {"written in place", test_written_in_place},
           {"renamed over", test_renamed_over}, {"swapped links", test_swapped_links},
           {"asked to reload", test_asked_to_reload})
