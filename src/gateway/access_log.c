/* gateway/access_log.c: see access_log.h. Owns the file, the thread and two buffers that change
 * places: one is filled while the other is written. */
#include "gateway/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct access_log {
    char *file; /* NULL: standard error */
    int descriptor;
    bool torn; /* the last thing written was not a whole line */
    pthread_t thread;
    pthread_mutex_t guard; /* `waiting`, `lines`, `reopen`, `closing` */
    pthread_cond_t changed;
    struct buffer waiting;
    uint64_t lines; /* in `waiting` */
    bool reopen, closing;
    struct buffer writing; /* the thread's own */
    atomic_uint_least64_t lost;
};

static int open_file(const char *file)
{
    return open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

static bool write_all(struct access_log *log, struct text bytes)
{
    while (bytes.length > 0) {
        ssize_t written = write(log->descriptor, bytes.data, bytes.length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        log->torn = bytes.data[written - 1] != '\n';
        bytes = (struct text){bytes.data + written, bytes.length - (size_t)written};
    }
    return true;
}

/* A line that was cut off when the disk was full gets its end before the next ones. What could not
 * be written is counted as lost, all lines of it. */
static void write_lines(struct access_log *log, uint64_t lines)
{
    bool mended = !log->torn || write_all(log, TEXT("\n"));
    if (!mended || !write_all(log, buffer_view(&log->writing)))
        atomic_fetch_add(&log->lost, lines);
}

static void open_anew(struct access_log *log)
{
    int descriptor = log->file ? open_file(log->file) : -1;
    if (descriptor < 0)
        return;
    close(log->descriptor);
    log->descriptor = descriptor;
    log->torn = false;
}

static void swap_buffers(struct access_log *log)
{
    struct buffer filled = log->waiting;
    log->waiting = log->writing;
    log->writing = filled;
    buffer_clear(&log->waiting);
}

/* One round: waits for something to do, does it; false at the end. The guard is held on both ends,
 * and not while the file is written. */
static bool serve_once(struct access_log *log)
{
    while (log->waiting.length == 0 && !log->reopen && !log->closing)
        pthread_cond_wait(&log->changed, &log->guard);
    bool reopen = log->reopen, more = log->waiting.length > 0 || !log->closing;
    uint64_t lines = log->lines;
    log->reopen = false;
    log->lines = 0;
    swap_buffers(log);
    pthread_mutex_unlock(&log->guard);
    if (reopen)
        open_anew(log);
    if (log->writing.length)
        write_lines(log, lines);
    buffer_clear(&log->writing);
    pthread_mutex_lock(&log->guard);
    return more;
}

static void *serve(void *context)
{
    struct access_log *log = context;
    pthread_mutex_lock(&log->guard);
    while (serve_once(log))
        continue;
    pthread_mutex_unlock(&log->guard);
    return NULL;
}

static void log_free(struct access_log *log)
{
    if (log->file && log->descriptor >= 0)
        close(log->descriptor);
    pthread_mutex_destroy(&log->guard);
    pthread_cond_destroy(&log->changed);
    buffer_free(&log->waiting);
    buffer_free(&log->writing);
    free(log->file);
    free(log);
}

static enum tw_status start(struct access_log *log, const char *file, struct tw_error *error)
{
    log->descriptor = STDERR_FILENO;
    if (strcmp(file, "stderr") != 0) {
        log->file = strdup(file);
        log->descriptor = log->file ? open_file(file) : -1;
        if (!log->file)
            return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    }
    if (log->descriptor < 0)
        return fail(error, TW_IO, "the access log cannot be opened: %s", strerror(errno));
    if (pthread_create(&log->thread, NULL, serve, log) != 0)
        return fail(error, TW_IO, "a thread cannot be started");
    return TW_OK;
}

enum tw_status access_log_open(const char *file, struct access_log **result, struct tw_error *error)
{
    struct access_log *log = calloc(1, sizeof *log);
    *result = NULL;
    if (!log)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    pthread_mutex_init(&log->guard, NULL);
    pthread_cond_init(&log->changed, NULL);
    buffer_init(&log->waiting, ACCESS_BUFFER_MAX);
    buffer_init(&log->writing, ACCESS_BUFFER_MAX);
    enum tw_status status = start(log, file, error);
    if (status)
        log_free(log);
    else
        *result = log;
    return status;
}

void access_log_close(struct access_log *log)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->guard);
    log->closing = true;
    pthread_cond_signal(&log->changed);
    pthread_mutex_unlock(&log->guard);
    pthread_join(log->thread, NULL);
    log_free(log);
}

void access_log_write(struct access_log *log, const struct access_record *record)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->guard);
    size_t before = log->waiting.length;
    access_record_print(record, &log->waiting);
    if (log->waiting.status) { /* no part of a line stays */
        log->waiting.status = TW_OK;
        log->waiting.length = before;
        atomic_fetch_add(&log->lost, 1);
    } else {
        log->lines++;
    }
    pthread_cond_signal(&log->changed);
    pthread_mutex_unlock(&log->guard);
}

void access_log_reopen(struct access_log *log)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->guard);
    log->reopen = true;
    pthread_cond_signal(&log->changed);
    pthread_mutex_unlock(&log->guard);
}

uint64_t access_log_lost(const struct access_log *log)
{
    return log ? atomic_load(&log->lost) : 0;
}
