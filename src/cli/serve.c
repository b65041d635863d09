/* cli/serve.c: the command `tierway serve`: the gateway as a program.
 *
 * Prints where it listens, then serves until SIGTERM or SIGINT, lets requests on their way finish,
 * and leaves with 0. Fails, before it prints anything, where an option, the policy, the price table
 * or the store cannot be used, or the address cannot be listened on. */
#include "cli/policy_file.h"
#include "cli/shared_options.h"

#include "gateway/gateway.h"
#include "runtime/base_url.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { MEBIBYTE = 1 << 20, BODY_MEBIBYTES_MAX = 1024, SECONDS_MAX = 24 * 3600 };

struct settings {
    const char *policy, *upstream, *listen, *store, *prices, *ledger_sync;
    int64_t threads, body_limit, comment_after, comment_every, drain, connections;
    bool allow_anyone;
};

static int64_t core_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > GATEWAY_THREADS_MAX ? GATEWAY_THREADS_MAX : cores;
}

/* "127.0.0.1:8080", "[::1]:0", "localhost:0" */
static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0 ||
           strncmp(listen, "localhost:", 10) == 0;
}

static int check_numbers(const struct command *command, const struct settings *settings)
{
    if (settings->threads < 1 || settings->threads > GATEWAY_THREADS_MAX)
        return trouble(command, "--threads is from 1 to %d", GATEWAY_THREADS_MAX);
    if (settings->body_limit < 1 || settings->body_limit > BODY_MEBIBYTES_MAX)
        return trouble(command, "--body-limit is from 1 to %d", BODY_MEBIBYTES_MAX);
    if (settings->connections < 1 || settings->connections > UINT16_MAX)
        return trouble(command, "--connections is from 1 to %d", UINT16_MAX);
    if (settings->comment_after > SECONDS_MAX || settings->comment_every > SECONDS_MAX ||
        settings->drain > SECONDS_MAX || settings->comment_every < 1)
        return trouble(command, "a time is at most %d seconds, and --comment-every at least 1",
                       SECONDS_MAX);
    return EXIT_DONE;
}

static int check(const struct command *command, const struct settings *settings)
{
    struct tw_error error;
    if (!settings->policy || !settings->upstream)
        return usage_trouble(command, "needs --policy FILE and --upstream URL");
    if (base_url_check(text_of(settings->upstream), &error) != TW_OK)
        return trouble(command, "%s", error.message);
    if (!settings->allow_anyone && !is_loopback(settings->listen))
        return trouble(command,
                       "--listen %s would let other machines send requests through this one; "
                       "--allow-anyone says that this is meant",
                       settings->listen);
    if (strcmp(settings->ledger_sync, "before") != 0 && strcmp(settings->ledger_sync, "after") != 0)
        return trouble(command, "--ledger-sync is 'before' or 'after'");
    return check_numbers(command, settings);
}

static struct gateway_options options_of(const struct settings *settings)
{
    struct gateway_options options = gateway_options_default();
    options.server.listen = settings->listen;
    options.upstream = settings->upstream;
    options.threads = (unsigned)settings->threads;
    options.server.limits.body_bytes = (size_t)settings->body_limit * MEBIBYTE;
    options.connections = (size_t)settings->connections;
    options.comment_after_ms = (uint32_t)settings->comment_after * 1000;
    options.comment_every_ms = (uint32_t)settings->comment_every * 1000;
    options.drain_ms = (uint32_t)settings->drain * 1000;
    options.answer_before_ledger = strcmp(settings->ledger_sync, "after") == 0;
    return options;
}

/* Waits for SIGTERM or SIGINT, which have to be blocked. */
static void wait_for_signal(const sigset_t *signals)
{
    int number;
    while (sigwait(signals, &number) != 0)
        continue;
}

static int serve(const struct command *command, const struct settings *settings,
                 struct snapshot *snapshot, struct store *store)
{
    struct gateway_options options = options_of(settings);
    struct gateway *gateway;
    struct tw_error error = {.code = TW_OK};
    sigset_t signals;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed)
        fail(&error, TW_IO, "the system gives no random numbers");
    if (error.code) {
        snapshot_release(snapshot);
        store_close(store);
    } else {
        gateway_open(&options, snapshot, store, &gateway, &error);
    }
    if (error.code)
        return trouble(command, "%s", error.message);
    printf("%s\n", gateway_address(gateway));
    fflush(stdout);
    wait_for_signal(&signals);
    gateway_close(gateway);
    return EXIT_DONE;
}

/* Opens what a request needs, so that nothing is taken which could not be accounted for. */
static int open_and_serve(const struct command *command, const struct settings *settings)
{
    struct policy_file policy;
    struct price_table *prices = NULL;
    struct store *store = NULL;
    struct snapshot *snapshot = NULL;
    struct tw_error error = {.code = TW_OK};
    const struct store_options store_options = STORE_DEFAULTS;
    if (!policy_file_open(command, settings->policy, &policy))
        return EXIT_TROUBLE;
    enum tw_status status = price_table_open(settings->prices, &prices, &error);
    if (status == TW_OK && *settings->store)
        status = store_open(settings->store, &store_options, &store, &error);
    if (status == TW_OK) {
        const struct snapshot_parts parts = {.policy = policy.policy, .prices = prices};
        status = snapshot_make(&parts, &snapshot, &error);
    }
    int result =
        status ? trouble(command, "%s", error.message) : serve(command, settings, snapshot, store);
    if (status)
        store_close(store);
    policy_file_close(&policy);
    price_table_free(prices);
    return result;
}

static const char *default_store(void)
{
    const char *store = getenv("TIERWAY_STORE");
    return store && *store ? store : "tierway.db";
}

int command_serve(const struct command *command, int argc, char **argv)
{
    const struct gateway_options defaults = gateway_options_default();
    struct settings settings = {.listen = defaults.server.listen,
                                .store = default_store(),
                                .prices = "openai",
                                .ledger_sync = "before",
                                .threads = core_count(),
                                .body_limit =
                                    (int64_t)(defaults.server.limits.body_bytes / MEBIBYTE),
                                .connections = (int64_t)defaults.connections,
                                .comment_after = defaults.comment_after_ms / 1000,
                                .comment_every = defaults.comment_every_ms / 1000,
                                .drain = defaults.drain_ms / 1000};
    const struct option_row rows[] = {
        SHARED_POLICY(&settings.policy),
        SHARED_UPSTREAM(&settings.upstream),
        SHARED_LISTEN(&settings.listen),
        SHARED_STORE(&settings.store),
        SHARED_PRICES(&settings.prices),
        {"ledger-sync", OPTION_TEXT, "WHEN",
         "An answer ends 'before' or 'after' its row is on disk", &settings.ledger_sync},
        {"threads", OPTION_NUMBER, "N", "Loops; by default one for each core", &settings.threads},
        {"connections", OPTION_NUMBER, "N", "Idle ones to the provider that a thread keeps",
         &settings.connections},
        {"body-limit", OPTION_NUMBER, "MIB", "The largest request body", &settings.body_limit},
        {"comment-after", OPTION_NUMBER, "SECONDS",
         "A stream that waits this long gets headers and a comment; 0: never",
         &settings.comment_after},
        {"comment-every", OPTION_NUMBER, "SECONDS", "Then another comment each time",
         &settings.comment_every},
        {"drain", OPTION_NUMBER, "SECONDS", "How long requests may go on after SIGTERM",
         &settings.drain},
        {"allow-anyone", OPTION_FLAG, NULL, "Listen where other machines can reach it",
         &settings.allow_anyone},
        OPTIONS_END,
    };
    int first;
    int status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (first < argc)
        return usage_trouble(command, "takes no arguments");
    status = check(command, &settings);
    return status == EXIT_DONE ? open_and_serve(command, &settings) : status;
}
