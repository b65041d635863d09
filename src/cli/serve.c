/* cli/serve.c: the command `tierway serve`: the gateway as a program.
 *
 * Prints where it listens, then serves until SIGTERM or SIGINT, lets requests on their way finish,
 * and leaves with 0. Fails, before it prints anything, where the configuration, the policy, the
 * price table or the store cannot be used, or the address cannot be listened on.
 *
 * This thread looks after the rest: signals, changed files, the service manager. */
#include "cli/serve_config.h"
#include "cli/serve_load.h"
#include "cli/serve_operate.h"
#include "cli/shared_options.h"

#include "base/clock.h"
#include "gateway/background.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* All parts, opened in this order and closed in the other one. */
struct serving {
    const struct command *command;
    const struct serve_options *options;
    bool check; /* nothing is made, and nothing served */
    struct config config;
    struct buffer upstream_key;
    struct load_settings load;
    struct connection_gate *gate;
    struct tls_identity *tls; /* NULL: callers speak plain HTTP */
    struct metrics *metrics;
    struct access_log *access_log;
    struct policy_store *policies;
    struct store *store; /* NULL: no ledger, or the gateway has it */
    struct admin *admin;
    struct background *background; /* NULL: jobs are not served here */
    struct gateway *gateway;
};

static bool is_off(const char *value)
{
    return strcmp(value, "off") == 0;
}

static int64_t thread_count(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (config->threads)
        return config->threads;
    return cores < 1 ? 1 : cores > GATEWAY_THREADS_MAX ? GATEWAY_THREADS_MAX : cores;
}

static struct server_options server_options_of(const struct serving *serving)
{
    const struct config *config = &serving->config;
    struct server_options options = server_options_default();
    options.listen = config->listen;
    options.limits.head_bytes = (size_t)config->limit_head;
    options.limits.header_count = (size_t)config->limit_headers;
    options.limits.body_bytes = (size_t)config->limit_body;
    if (config_serves_jobs(config)) {
        options.limits.wide_path = BACKGROUND_UPLOAD_PATH;
        options.limits.wide_bytes = BACKGROUND_UPLOAD_BYTES;
    }
    options.connection_limit = (size_t)config->limit_connections;
    options.gate = serving->gate;
    options.tls = serving->tls;
    options.head_ms = (uint32_t)config->limit_head_time;
    options.body_ms = (uint32_t)config->limit_body_time;
    options.idle_ms = (uint32_t)config->limit_idle_time;
    options.stall_ms = (uint32_t)config->limit_stall_time;
    return options;
}

/* --- the gateway's own paths --- */

static bool own_path(struct exchange *exchange, void *context)
{
    const struct serving *serving = context;
    return (serving->background && background_own_path(exchange, serving->background)) ||
           admin_own_path(exchange, serving->admin);
}

static void own_drained(struct exchange *exchange, void *context)
{
    const struct serving *serving = context;
    if (serving->background)
        background_own_drained(exchange, serving->background);
}

static void own_ended(struct exchange *exchange, void *context)
{
    const struct serving *serving = context;
    if (!serving->background || !background_own_ended(exchange, serving->background))
        admin_own_ended(exchange, serving->admin);
}

static void report_gateway(void *context, const char *line)
{
    const struct serving *serving = context;
    trouble(serving->command, "%s", line);
}

static struct gateway_options gateway_options_of(const struct serving *serving)
{
    const struct config *config = &serving->config;
    struct gateway_options options = gateway_options_default();
    options.server = server_options_of(serving);
    options.upstream = config->upstream_url;
    options.upstream_key = serving->upstream_key.length ? serving->upstream_key.data : NULL;
    options.upstream_key_header = config->upstream_key_header;
    options.threads = (unsigned)thread_count(config);
    options.connections = (size_t)config->upstream_connections;
    options.connect_ms = (uint32_t)config->upstream_connect_timeout;
    options.upstream_ca_file = config->upstream_ca_file;
    options.upstream_http2 = config->upstream_http2;
    options.comment_after_ms = (uint32_t)config->comment_after;
    options.comment_every_ms = (uint32_t)config->comment_every;
    options.drain_ms = (uint32_t)config->drain;
    options.answer_before_ledger = strcmp(config->ledger_sync, "after") == 0;
    options.ledger_wait_ms = (uint32_t)config->ledger_wait;
    options.report = report_gateway;
    options.own_path = own_path;
    options.own_drained = own_drained;
    options.own_ended = own_ended;
    options.context = (void *)(uintptr_t)serving;
    options.metrics = serving->metrics;
    options.access_log = serving->access_log;
    return options;
}

/* --- opening --- */

/* What can be read again: not what comes through a pipe. */
static const char *file_or_none(const char *path)
{
    struct stat status;
    return path && stat(path, &status) == 0 && S_ISREG(status.st_mode) ? path : NULL;
}

static enum tw_status open_policies(struct serving *serving, struct buffer *why)
{
    serving->load = (struct load_settings){.metrics = serving->metrics,
                                           .ledger = !is_off(serving->config.store),
                                           .options = serving->options,
                                           .config = &serving->config};
    const struct policy_store_options options = {
        .files = {serving->config.policy, serving->config.prices,
                  file_or_none(serving->config.file)},
        .loaders = {load_policy, load_prices, load_callers},
        .context = &serving->load};
    enum tw_status status = policy_store_open(&options, &serving->policies, why);
    serving->load.live = serving->policies;
    return status;
}

static enum tw_status open_store(struct serving *serving, struct tw_error *error)
{
    struct store_options options = STORE_DEFAULTS;
    if (is_off(serving->config.store))
        return TW_OK;
    options.read_only = serving->check;
    enum tw_status status = store_open(serving->config.store, &options, &serving->store, error);
    bool to_be_made = serving->check && status == TW_NOT_FOUND;
    return to_be_made ? TW_OK : status;
}

static enum tw_status open_admin(struct serving *serving)
{
    const struct config *config = &serving->config;
    const struct admin_options options = {.policies = serving->policies,
                                          .metrics = serving->metrics,
                                          .access_log = serving->access_log,
                                          .gate = serving->gate,
                                          .store = is_off(config->store) ? NULL : config->store,
                                          .version = TIERWAY_VERSION,
                                          .local = config_is_local(config),
                                          .explain = explain_loaded};
    return admin_open(&options, &serving->admin);
}

static enum tw_status open_tls(struct serving *serving, struct tw_error *error)
{
    const struct config *config = &serving->config;
    if (!config->tls_certificate)
        return TW_OK;
    enum tw_status status =
        tls_identity_open(config->tls_certificate, config->tls_key, &serving->tls, error);
    if (status == TW_OK && tls_identity_expires(serving->tls) < clock_system() / 1000000)
        fprintf(stderr, "tierway serve: the certificate %s has expired\n", config->tls_certificate);
    return status;
}

static enum tw_status open_log(struct serving *serving, struct tw_error *error)
{
    if (serving->check || is_off(serving->config.access_log))
        return TW_OK;
    return access_log_open(serving->config.access_log, &serving->access_log, error);
}

/* All but the gateway. */
static bool open_parts(struct serving *serving)
{
    struct tw_error error = {.code = TW_OK};
    struct buffer why;
    buffer_init(&why, POLICY_WHY_MAX);
    serving->metrics = metrics_open((size_t)thread_count(&serving->config));
    serving->gate = connection_gate_open((size_t)serving->config.limit_connections,
                                         (size_t)serving->config.limit_connections_per_address);
    enum tw_status status =
        serving->metrics && serving->gate ? open_policies(serving, &why) : TW_NO_MEMORY;
    if (status == TW_OK)
        status = open_tls(serving, &error);
    if (status == TW_OK)
        status = open_store(serving, &error);
    if (status == TW_OK)
        status = open_log(serving, &error);
    if (status == TW_OK)
        status = open_admin(serving);
    if (why.length)
        fwrite(why.data, 1, why.length, stderr);
    if (status)
        trouble(serving->command, "%s", error.code ? error.message : tw_status_text(status));
    buffer_free(&why);
    return status == TW_OK;
}

static void close_parts(struct serving *serving)
{
    admin_close(serving->admin);
    store_close(serving->store);
    policy_store_close(serving->policies);
    access_log_close(serving->access_log);
    metrics_close(serving->metrics);
    tls_identity_close(serving->tls);
    connection_gate_close(serving->gate);
}

static bool open_gateway(struct serving *serving)
{
    struct gateway_options options = gateway_options_of(serving);
    struct tw_error error;
    struct store *store = serving->store;
    if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed) {
        trouble(serving->command, "the system gives no random numbers");
        return false;
    }
    serving->store = NULL;
    enum tw_status status =
        gateway_open(&options, policy_acquire(serving->policies), store, &serving->gateway, &error);
    if (status)
        trouble(serving->command, "%s", error.message);
    return status == TW_OK;
}

/* --- running --- */

static void report(const char *message)
{
    fprintf(stderr, "tierway serve: jobs: %s\n", message);
}

static bool open_background(struct serving *serving)
{
    const struct config *config = &serving->config;
    const struct background_options options = {
        .store = config->store,
        .policies = serving->policies,
        .local = config_is_local(config),
        .concurrency = (int)config->jobs_concurrency,
        .lease = config->jobs_lease,
        .upstream = config->upstream_url,
        .upstream_key = serving->upstream_key.length ? serving->upstream_key.data : NULL,
        .prices = config->prices,
        .report = report};
    struct tw_error error;
    if (!config_serves_jobs(config) ||
        background_open(&options, &serving->background, &error) == TW_OK)
        return true;
    trouble(serving->command, "%s", error.message);
    return false;
}

static void publish(void *context, struct snapshot *snapshot)
{
    gateway_publish(context, snapshot);
}

static int run(struct serving *serving)
{
    signal(SIGPIPE, SIG_IGN);
    if (!open_background(serving))
        return EXIT_TROUBLE;
    if (!open_gateway(serving)) {
        background_close(serving->background, 0);
        return EXIT_TROUBLE;
    }
    policy_store_publish_to(serving->policies, publish, serving->gateway);
    admin_set_gateway(serving->admin, serving->gateway);
    const struct operation operation = {.command = serving->command,
                                        .address = gateway_address(serving->gateway),
                                        .policies = serving->policies,
                                        .access_log = serving->access_log,
                                        .admin = serving->admin,
                                        .tls = serving->tls,
                                        .certificate = serving->config.tls_certificate,
                                        .notify_socket = getenv("NOTIFY_SOCKET"),
                                        .watchdog = getenv("WATCHDOG_USEC")};
    int status = operate(&operation);
    admin_set_gateway(serving->admin, NULL);
    int64_t stopped = clock_monotonic() / 1000000, left;
    background_stop(serving->background);
    gateway_close(serving->gateway);
    left = stopped + serving->config.drain - clock_monotonic() / 1000000;
    background_close(serving->background, left > 0 ? (uint32_t)left : 0);
    return status;
}

/* --check: what would be served, once all of it was found good. */
static int describe(struct serving *serving)
{
    const struct config *config = &serving->config;
    struct snapshot *snapshot = policy_acquire(serving->policies);
    struct buffer out;
    buffer_init(&out, CONFIG_PROBLEMS_MAX);
    config_describe(config, &out);
    buffer_format(&out, "# policy %s: %u rules, time zone %s, hash %s\n", config->policy,
                  tw_policy_rule_count(snapshot->policy), tw_policy_timezone(snapshot->policy),
                  tw_policy_hash(snapshot->policy));
    buffer_format(&out, "# prices: %zu models\n", snapshot->prices->model_count);
    if (serving->tls) {
        buffer_string(&out, "# TLS: the certificate is good until ");
        instant_print(&out, tls_identity_expires(serving->tls));
        buffer_byte(&out, '\n');
    }
    buffer_format(&out, "# callers: %s\n",
                  config->caller_count ? "each needs a key" : "nobody needs a key");
    buffer_format(&out, "# upstream key: %s\n",
                  serving->upstream_key.length ? "from the configuration"
                                               : "the caller's own passes through");
    if (config_serves_jobs(config))
        buffer_format(&out, "# jobs, files, batches: served here, %lld jobs worked on at once\n",
                      (long long)config->jobs_concurrency);
    else
        buffer_string(&out, "# jobs, files, batches: the provider's\n");
    fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
    snapshot_release(snapshot);
    return EXIT_DONE;
}

static int serve(const struct command *command, const struct serve_options *options, bool check)
{
    struct serving serving = {.command = command, .options = options, .check = check};
    int status = EXIT_TROUBLE;
    buffer_init(&serving.upstream_key, KEY_BYTES_MAX);
    if (serve_config_read(command, options, &serving.config) &&
        serve_key_read(command, &serving.config, &serving.upstream_key)) {
        if (open_parts(&serving))
            status = check ? describe(&serving) : run(&serving);
        close_parts(&serving);
    }
    buffer_free(&serving.upstream_key);
    config_free(&serving.config);
    return status;
}

int command_serve(const struct command *command, int argc, char **argv)
{
    struct serve_options options = {.config = getenv("TIERWAY_CONFIG")};
    bool check = false;
    const char **values = options.values;
    const struct option_row rows[] = {
        SHARED_CONFIG(&options.config),
        SHARED_POLICY(&values[CONFIG_policy]),
        SHARED_UPSTREAM(&values[CONFIG_upstream_url]),
        {"http2", OPTION_FLAG, NULL, "Speak HTTP/2 to the provider where its TLS offers it",
         &options.http2},
        SHARED_LISTEN(&values[CONFIG_listen]),
        {"tls-certificate", OPTION_TEXT, "FILE", "Callers speak TLS, with this certificate (PEM)",
         &values[CONFIG_tls_certificate]},
        {"tls-key", OPTION_TEXT, "FILE", "The certificate's key (PEM)", &values[CONFIG_tls_key]},
        SHARED_STORE(&values[CONFIG_store]),
        SHARED_PRICES(&values[CONFIG_prices]),
        {"ledger-sync", OPTION_TEXT, "WHEN",
         "An answer ends 'before' or 'after' its row is on disk", &values[CONFIG_ledger_sync]},
        {"ledger-wait", OPTION_TEXT, "TIME",
         "How long an answer waits for a ledger that is away: 15s", &values[CONFIG_ledger_wait]},
        {"threads", OPTION_TEXT, "N", "Loops; by default one for each core",
         &values[CONFIG_threads]},
        {"connections", OPTION_TEXT, "N", "Idle ones to the provider that a thread keeps",
         &values[CONFIG_upstream_connections]},
        {"body-limit", OPTION_TEXT, "SIZE", "The largest request body, as 16MiB",
         &values[CONFIG_limit_body]},
        {"comment-after", OPTION_TEXT, "TIME",
         "A stream that waits this long gets headers and a comment; 0: never",
         &values[CONFIG_comment_after]},
        {"comment-every", OPTION_TEXT, "TIME", "Then another comment each time",
         &values[CONFIG_comment_every]},
        {"drain", OPTION_TEXT, "TIME", "How long requests may go on after SIGTERM",
         &values[CONFIG_drain]},
        {"access-log", OPTION_TEXT, "FILE", "One JSON line a request: a file, stderr, or off",
         &values[CONFIG_access_log]},
        {"jobs", OPTION_TEXT, "WHEN",
         "Jobs, files and batches are served here: on, off, or auto, where it can send jobs",
         &values[CONFIG_jobs_serve]},
        {"jobs-concurrency", OPTION_TEXT, "N", "Jobs that are worked on at once",
         &values[CONFIG_jobs_concurrency]},
        {"allow-anyone", OPTION_FLAG, NULL,
         "Listen where other machines can reach it, although no caller needs a key",
         &options.allow_anyone},
        {"check", OPTION_FLAG, NULL, "Check everything and say what would be done; serve nothing",
         &check},
        OPTIONS_END,
    };
    int first;
    int status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (first < argc)
        return usage_trouble(command, "takes no arguments");
    return serve(command, &options, check);
}
