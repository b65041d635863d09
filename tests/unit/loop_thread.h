/* tests/unit/loop_thread.h: a libuv loop on a thread of its own, for servers under test.
 *
 * loop_thread_start runs `begin` on the new thread before the loop, so that whatever belongs to the
 * loop is made there, and returns when that is done. loop_thread_stop runs `finish` on it, after
 * which the loop must run dry, and joins. */
#ifndef TIERWAY_TESTS_LOOP_THREAD_H
#define TIERWAY_TESTS_LOOP_THREAD_H

#include <signal.h>
#include <stdbool.h>

#include <uv.h>

struct loop_thread {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t stop;
    uv_sem_t ready;
    void (*begin)(struct loop_thread *);
    void (*finish)(struct loop_thread *);
    void *context;
};

static inline void loop_thread_on_stop(uv_async_t *stop)
{
    struct loop_thread *self = stop->data;
    self->finish(self);
    uv_close((uv_handle_t *)stop, NULL);
}

static inline void loop_thread_run(void *context)
{
    struct loop_thread *self = context;
    self->begin(self);
    uv_sem_post(&self->ready);
    uv_run(&self->loop, UV_RUN_DEFAULT);
}

static inline void loop_thread_start(struct loop_thread *self)
{
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&self->loop);
    uv_async_init(&self->loop, &self->stop, loop_thread_on_stop);
    self->stop.data = self;
    uv_sem_init(&self->ready, 0);
    uv_thread_create(&self->thread, loop_thread_run, self);
    uv_sem_wait(&self->ready);
}

/* True when nothing was left open on the loop. */
static inline bool loop_thread_stop(struct loop_thread *self)
{
    uv_async_send(&self->stop);
    uv_thread_join(&self->thread);
    uv_sem_destroy(&self->ready);
    return uv_loop_close(&self->loop) == 0;
}

#endif
