/* gateway/policy_watch.c: see policy_watch.h.
 *
 * An event only starts a timer; when it rings, the files' marks (who and how large they are, when
 * they were written) are compared with those of the last loading. Once they differ and have stayed
 * the same for one ring, the store loads. Marks of files written within the last second are not
 * trusted, since a further write may leave them as they are. */
#include "gateway/policy_watch.h"

#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FOLDERS_MAX = 32,
    LINKS_MAX = 8,      /* of one file, followed */
    SETTLE_MS = 50,     /* where the options say nothing */
    SETTLE_ROUNDS = 20, /* a file that never rests is loaded all the same */
    YOUNG_MS = 1000
};

struct folder {
    uv_fs_event_t event;
    struct policy_watch *watch;
    struct folder *next;
    char *path;
};

/* Of all files together. */
struct marks {
    uint64_t hash;
    int64_t written; /* the latest time of any, milliseconds */
};

struct policy_watch {
    struct policy_store *store;
    struct policy_watch_options options;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_work_t work;
    struct folder *folders;
    size_t folder_count;
    struct marks loaded; /* taken before the last loading */
    int64_t loaded_at;
    struct marks seen; /* at the last ring */
    int rounds;        /* rings at which the marks differed from those of the ring before */
    bool stirred;      /* an event came since the last ring */
    bool loading;
    bool again; /* a loading was asked for while one was under way */
    bool closing;
    int holders; /* open handles, and the loading that is under way */
    void (*closed)(void *context);
    void *closed_context;
};

static void let_go(struct policy_watch *watch)
{
    if (--watch->holders > 0)
        return;
    if (watch->closed)
        watch->closed(watch->closed_context);
    free(watch);
}

static void mark_file(struct marks *marks, const char *file)
{
    struct stat status = {0};
    int64_t times[2] = {0};
    if (stat(file, &status) == 0) {
        times[0] = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
        times[1] = (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec;
    }
    const uint64_t parts[] = {(uint64_t)status.st_dev, (uint64_t)status.st_ino,
                              (uint64_t)status.st_size, (uint64_t)times[0], (uint64_t)times[1]};
    marks->hash = text_hash((struct text){(const char *)parts, sizeof parts}, marks->hash);
    for (int i = 0; i < 2; i++)
        if (times[i] / 1000000 > marks->written)
            marks->written = times[i] / 1000000;
}

static void for_each_file(struct policy_watch *watch,
                          void (*visit)(void *context, const char *file), void *context)
{
    struct buffer files;
    buffer_init(&files, PART_COUNT * POLICY_FILES_MAX);
    policy_store_files(watch->store, &files);
    for (size_t at = 0; at < files.length; at += strlen(files.data + at) + 1)
        visit(context, files.data + at);
    buffer_free(&files);
}

static void visit_mark(void *context, const char *file)
{
    mark_file(context, file);
}

static struct marks take_marks(struct policy_watch *watch)
{
    struct marks marks = {0};
    for_each_file(watch, visit_mark, &marks);
    return marks;
}

static void look_later(struct policy_watch *watch);

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct folder *folder = event->data;
    (void)name, (void)events, (void)status;
    folder->watch->stirred = true;
    look_later(folder->watch);
}

static void folder_free(struct folder *folder)
{
    free(folder->path);
    free(folder);
}

static void on_folder_closed(uv_handle_t *handle)
{
    struct folder *folder = handle->data;
    struct policy_watch *watch = folder->watch;
    folder_free(folder);
    let_go(watch);
}

static bool is_watched(const struct policy_watch *watch, const char *path)
{
    const struct folder *folder = watch->folders;
    while (folder && strcmp(folder->path, path) != 0)
        folder = folder->next;
    return folder != NULL;
}

static void watch_folder(struct policy_watch *watch, const char *path)
{
    if (watch->folder_count == FOLDERS_MAX || is_watched(watch, path))
        return;
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return;
    folder->path = strdup(path);
    if (!folder->path || uv_fs_event_init(watch->loop, &folder->event) != 0) {
        folder_free(folder);
        return;
    }
    folder->watch = watch;
    folder->event.data = folder;
    folder->next = watch->folders;
    watch->folders = folder;
    watch->folder_count++;
    watch->holders++;
    uv_fs_event_start(&folder->event, on_event, path, 0);
}

static void leave_folders(struct folder *folder)
{
    while (folder) {
        struct folder *next = folder->next;
        uv_close((uv_handle_t *)&folder->event, on_folder_closed);
        folder = next;
    }
}

/* The folder that a path is in, as a path; the path is cut. */
static const char *cut_to_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    slash[slash == path] = '\0'; /* "/a" is in "/" */
    return path;
}

/* Replaces a link's path by where it points; false where it is none. */
static bool follow_link(char path[PATH_MAX])
{
    char target[PATH_MAX], folder[PATH_MAX], joined[2 * PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0)
        return false;
    target[length] = '\0';
    snprintf(folder, sizeof folder, "%s", path);
    int joined_length =
        target[0] == '/' ? snprintf(joined, sizeof joined, "%s", target)
                         : snprintf(joined, sizeof joined, "%s/%s", cut_to_folder(folder), target);
    if (joined_length < 0 || joined_length >= PATH_MAX)
        return false;
    memcpy(path, joined, (size_t)joined_length + 1);
    return true;
}

/* The file's folder, those of all links on the way to it, and the one it is really in. */
static void visit_folders(void *context, const char *file)
{
    char path[PATH_MAX], folder[PATH_MAX];
    if (snprintf(path, sizeof path, "%s", file) >= PATH_MAX)
        return;
    for (int i = 0; i < LINKS_MAX; i++) {
        snprintf(folder, sizeof folder, "%s", path);
        watch_folder(context, cut_to_folder(folder));
        if (!follow_link(path))
            break;
    }
    if (realpath(file, path))
        watch_folder(context, cut_to_folder(path));
}

static void load_work(uv_work_t *work)
{
    struct policy_watch *watch = work->data;
    policy_store_reload(watch->store);
}

static void begin_loading(struct policy_watch *watch);

/* A folder of the same name may be another one by now, so that all are opened anew. The old ones
 * are left behind that: the system takes both for one watch where they are the same folder, and an
 * event that waits is told to the new one. What is another folder now shows by its files' marks. */
static void watch_anew(struct policy_watch *watch)
{
    struct folder *old = watch->folders;
    watch->folders = NULL;
    watch->folder_count = 0;
    for_each_file(watch, visit_folders, watch);
    leave_folders(old);
    look_later(watch);
}

static void on_loaded(uv_work_t *work, int status)
{
    struct policy_watch *watch = work->data;
    (void)status;
    watch->loading = false;
    if (watch->options.reloaded)
        watch->options.reloaded(watch->options.context);
    if (!watch->closing && watch->again)
        begin_loading(watch);
    else if (!watch->closing)
        watch_anew(watch);
    let_go(watch);
}

static void begin_loading(struct policy_watch *watch)
{
    watch->again = watch->loading;
    if (watch->loading)
        return;
    watch->rounds = 0;
    watch->stirred = false;
    watch->loaded = take_marks(watch);
    watch->loaded_at = clock_system() / 1000000;
    watch->work.data = watch;
    if (uv_queue_work(watch->loop, &watch->work, load_work, on_loaded) != 0)
        return;
    watch->loading = true;
    watch->holders++;
}

/* Marks of a file that was young when it was loaded say nothing. */
static bool may_have_changed(const struct policy_watch *watch, const struct marks *marks)
{
    return marks->hash != watch->loaded.hash || watch->loaded.written + YOUNG_MS > watch->loaded_at;
}

static void on_ring(uv_timer_t *timer)
{
    struct policy_watch *watch = timer->data;
    struct marks marks = take_marks(watch);
    bool at_rest = marks.hash == watch->seen.hash;
    watch->seen = marks;
    if (watch->loading)
        return;
    bool changed = may_have_changed(watch, &marks);
    watch->stirred = changed; /* stays until it is loaded */
    if (!changed)
        return;
    if (at_rest || ++watch->rounds == SETTLE_ROUNDS)
        begin_loading(watch);
    else
        look_later(watch);
}

static void look_later(struct policy_watch *watch)
{
    if (!watch->closing && !uv_is_active((uv_handle_t *)&watch->timer))
        uv_timer_start(&watch->timer, on_ring, watch->options.settle_ms, 0);
}

enum tw_status policy_watch_open(struct policy_store *store, uv_loop_t *loop,
                                 const struct policy_watch_options *options,
                                 struct policy_watch **watch)
{
    struct policy_watch *made = calloc(1, sizeof *made);
    *watch = made;
    if (!made)
        return TW_NO_MEMORY;
    made->store = store;
    made->loop = loop;
    made->options = *options;
    made->options.settle_ms = options->settle_ms ? options->settle_ms : SETTLE_MS;
    uv_timer_init(loop, &made->timer);
    made->timer.data = made;
    made->holders = 1;
    watch_anew(made);
    return TW_OK;
}

void policy_watch_reload(struct policy_watch *watch)
{
    begin_loading(watch);
}

static void on_timer_closed(uv_handle_t *timer)
{
    let_go(timer->data);
}

void policy_watch_close(struct policy_watch *watch, void (*closed)(void *context), void *context)
{
    watch->closing = true;
    watch->closed = closed;
    watch->closed_context = context;
    leave_folders(watch->folders);
    uv_close((uv_handle_t *)&watch->timer, on_timer_closed);
}
