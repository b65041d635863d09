/* tests/unit/stand_in_thread.h: the stand-in provider on a thread of its own, in this process. */
#ifndef TIERWAY_TESTS_STAND_IN_THREAD_H
#define TIERWAY_TESTS_STAND_IN_THREAD_H

#include "loop_thread.h"

#include "gateway/stand_in.h"

#include <stdio.h>
#include <stdlib.h>

struct stand_in_thread {
    struct loop_thread thread;
    struct stand_in_options options;
    struct stand_in *stand_in;
    char address[80]; /* "127.0.0.1:PORT" */
};

static inline void stand_in_thread_begin(struct loop_thread *thread)
{
    struct stand_in_thread *self = thread->context;
    struct tw_error error;
    if (stand_in_start(&thread->loop, &self->options, &self->stand_in, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    snprintf(self->address, sizeof self->address, "%s", stand_in_address(self->stand_in));
}

static inline void stand_in_thread_finish(struct loop_thread *thread)
{
    struct stand_in_thread *self = thread->context;
    stand_in_stop(self->stand_in, NULL, NULL);
}

static inline struct stand_in_thread *stand_in_thread_open(struct stand_in_options options)
{
    struct stand_in_thread *self = calloc(1, sizeof *self);
    if (!self)
        abort();
    self->options = options;
    self->thread.begin = stand_in_thread_begin;
    self->thread.finish = stand_in_thread_finish;
    self->thread.context = self;
    loop_thread_start(&self->thread);
    return self;
}

/* False where it left something open on its loop. */
static inline bool stand_in_thread_close(struct stand_in_thread *self)
{
    bool clean = loop_thread_stop(&self->thread);
    free(self);
    return clean;
}

#endif
