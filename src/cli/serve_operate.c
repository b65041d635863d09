/* cli/serve_operate.c: signals, changed files and the service manager, on a loop of its own.
 *
 * What became of each loading is said on standard error. Fails where a loop or a watch cannot be
 * had; nothing is left open either way. */
#include "cli/serve_operate.h"

#include "base/clock.h"
#include "base/value.h"
#include "gateway/policy_watch.h"
#include "gateway/service_notify.h"

#include <signal.h>
#include <stdio.h>

enum { SIGNALS = 3, STATE_BYTES = 128 };

struct operating {
    const struct operation *operation;
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    uv_timer_t watchdog;
    struct policy_watch *watch;
    struct part_status shown[PART_COUNT]; /* when the last loading was reported */
    bool stopping;
};

static void notify(const struct operating *operating, const char *state)
{
    service_notify(operating->operation->notify_socket, state);
}

/* --- what became of a loading --- */

static const char *const part_words[PART_COUNT] = {"policy", "price table", "list of callers"};

static void report_part(struct operating *operating, enum policy_part part)
{
    const struct operation *operation = operating->operation;
    const char *file = policy_store_file(operation->policies, part);
    struct part_status *shown = &operating->shown[part], status;
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    policy_store_status(operation->policies, part, &status, &why);
    if (status.swaps != shown->swaps)
        fprintf(stderr, "tierway serve: %s %s is live, hash %s\n", part_words[part], file,
                status.hash);
    else if (status.refusals != shown->refusals)
        fprintf(stderr, "%stierway serve: the new %s %s is refused, hash %s stays live\n",
                why.length ? why.data : "", part_words[part], file, status.hash);
    else if (shown->refused && !status.refused)
        fprintf(stderr, "tierway serve: %s %s is good again, hash %s was live all along\n",
                part_words[part], file, status.hash);
    *shown = status;
    buffer_free(&why);
}

static void on_reloaded(void *context)
{
    struct operating *operating = context;
    for (int part = 0; part < PART_COUNT; part++)
        report_part(operating, (enum policy_part)part);
    if (!operating->stopping)
        notify(operating, "READY=1");
}

/* --- signals --- */

static void stop(struct operating *operating)
{
    operating->stopping = true;
    notify(operating, "STOPPING=1");
    admin_set_draining(operating->operation->admin);
    policy_watch_close(operating->watch, NULL, NULL);
    uv_close((uv_handle_t *)&operating->watchdog, NULL);
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&operating->signals[i], NULL);
}

static void reload_certificate(const struct operation *operation)
{
    struct tw_error error;
    if (!operation->tls)
        return;
    if (tls_identity_reload(operation->tls, &error) == TW_OK)
        fprintf(stderr, "tierway serve: the certificate %s is read again\n",
                operation->certificate);
    else
        fprintf(stderr, "tierway serve: %s; the one that is live stays\n", error.message);
}

static void reload(struct operating *operating)
{
    char state[STATE_BYTES];
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(clock_monotonic() / 1000));
    notify(operating, state);
    access_log_reopen(operating->operation->access_log);
    reload_certificate(operating->operation);
    policy_watch_reload(operating->watch);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct operating *operating = handle->data;
    if (operating->stopping)
        return;
    if (number == SIGHUP)
        reload(operating);
    else
        stop(operating);
}

static void on_watchdog(uv_timer_t *timer)
{
    notify(timer->data, "WATCHDOG=1");
}

/* Twice within the time that the service manager grants. */
static void start_watchdog(struct operating *operating)
{
    int64_t microseconds;
    uv_timer_init(&operating->loop, &operating->watchdog);
    operating->watchdog.data = operating;
    if (decimal_parse(text_of(operating->operation->watchdog), 0, &microseconds) != TW_OK ||
        microseconds < 2000)
        return;
    uint64_t half = (uint64_t)microseconds / 2000;
    uv_timer_start(&operating->watchdog, on_watchdog, half, half);
}

static void start_signals(struct operating *operating)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&operating->loop, &operating->signals[i]);
        operating->signals[i].data = operating;
        uv_signal_start(&operating->signals[i], on_signal, numbers[i]);
    }
}

int operate(const struct operation *operation)
{
    struct operating operating = {.operation = operation};
    const struct policy_watch_options options = {.reloaded = on_reloaded, .context = &operating};
    if (uv_loop_init(&operating.loop) != 0)
        return trouble(operation->command, "an event loop cannot be started");
    for (int part = 0; part < PART_COUNT; part++)
        policy_store_status(operation->policies, (enum policy_part)part, &operating.shown[part],
                            NULL);
    enum tw_status status =
        policy_watch_open(operation->policies, &operating.loop, &options, &operating.watch);
    if (status == TW_OK) {
        start_signals(&operating);
        printf("%s\n", operation->address);
        fflush(stdout);
        start_watchdog(&operating);
        notify(&operating, "READY=1");
        uv_run(&operating.loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&operating.loop);
    return status ? trouble(operation->command, "%s", tw_status_text(status)) : EXIT_DONE;
}
