/* cli/signal_watch.c: see signal_watch.h. */
#include "cli/signal_watch.h"

static void *wait_for_signal(void *context)
{
    struct signal_watch *watch = context;
    int number;
    if (sigwait(&watch->signals, &number) == 0 && number != SIGUSR1)
        watch->told(watch->context);
    return NULL;
}

bool signal_watch_start(struct signal_watch *watch, void (*told)(void *context), void *context)
{
    *watch = (struct signal_watch){.told = told, .context = context};
    sigemptyset(&watch->signals);
    sigaddset(&watch->signals, SIGINT);
    sigaddset(&watch->signals, SIGTERM);
    sigaddset(&watch->signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &watch->signals, &watch->before);
    watch->started = pthread_create(&watch->thread, NULL, wait_for_signal, watch) == 0;
    return watch->started;
}

void signal_watch_stop(struct signal_watch *watch)
{
    if (watch->started) {
        pthread_kill(watch->thread, SIGUSR1);
        pthread_join(watch->thread, NULL);
    }
    pthread_sigmask(SIG_SETMASK, &watch->before, NULL);
}
