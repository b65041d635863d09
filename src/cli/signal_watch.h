/* cli/signal_watch.h: waits for SIGINT and SIGTERM on a thread of its own, for commands that run
 * something that can be told to end. */
#ifndef TIERWAY_CLI_SIGNAL_WATCH_H
#define TIERWAY_CLI_SIGNAL_WATCH_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

struct signal_watch {
    void (*told)(void *context); /* on the watch's thread, once */
    void *context;
    pthread_t thread;
    bool started;
    sigset_t signals, before;
};

/* Both signals (and SIGUSR1, which ends the watch) are blocked from here to signal_watch_stop, in
 * the threads that the caller starts meanwhile as well. False where there is no thread for it; then
 * nobody is told anything. To be stopped either way. */
bool signal_watch_start(struct signal_watch *watch, void (*told)(void *context), void *context);
void signal_watch_stop(struct signal_watch *watch);

#endif
