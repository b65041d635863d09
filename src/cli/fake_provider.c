/* cli/fake_provider.c: the command `tierway fake-provider`: the stand-in provider as a program.
 *
 * Prints where it listens, then serves until SIGTERM or SIGINT. Fails, before it prints anything,
 * where an option cannot be read or the address not be listened on. */
#include "cli/shared_options.h"

#include "gateway/stand_in.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_LENGTH = 64 };

struct settings {
    const char *listen, *flex_refused, *flex_schedule, *flex_models, *flex_refusal;
    struct text_list latencies, downgrades, faults;
    int64_t seed, chunk_delay, tokens;
    bool key_required, no_record;
    char capacity[CAPACITY_LENGTH];
};

/* What runs, for the signals that end it. */
struct service {
    struct stand_in *stand_in;
    uv_signal_t signals[2];
};

/* "TIER=REST" */
static bool split_tier(const char *text, enum stand_in_tier *tier, const char **rest)
{
    const char *sign = strchr(text, '=');
    if (!sign)
        return false;
    *rest = sign + 1;
    return stand_in_tier_find((struct text){text, (size_t)(sign - text)}, tier);
}

static bool read_latency(const char *text, struct stand_in_options *options)
{
    enum stand_in_tier tier;
    const char *number;
    char *end;
    if (!split_tier(text, &tier, &number) || number[0] < '0' || number[0] > '9')
        return false;
    unsigned long milliseconds = strtoul(number, &end, 10);
    if (*end || milliseconds > 24 * 3600 * 1000)
        return false;
    options->latency_ms[tier] = (uint32_t)milliseconds;
    return true;
}

static bool read_downgrade(const char *text, struct stand_in_options *options)
{
    enum stand_in_tier tier;
    const char *share;
    return split_tier(text, &tier, &share) &&
           stand_in_share_read(text_of(share), &options->downgrade[tier]);
}

static bool read_word(const char *word, const char *const *words, size_t count, size_t *index)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0) {
            *index = i;
            return true;
        }
    return false;
}

static int read_words(const struct command *command, const struct settings *settings,
                      struct stand_in_options *options)
{
    static const char *const models[] = {"openai", "any"};
    static const char *const refusals[] = {"status", "event", "failed"};
    size_t index;
    if (!read_word(settings->flex_models, models, 2, &index))
        return trouble(command, "--flex-models is 'any' or 'openai'");
    options->flex_any_model = index == 1;
    if (!read_word(settings->flex_refusal, refusals, 3, &index))
        return trouble(command, "--flex-refusal is 'status', 'event' or 'failed'");
    options->refusal = (enum stand_in_refusal)index;
    return EXIT_DONE;
}

static int read_tables(const struct command *command, const struct settings *settings,
                       struct stand_in_options *options)
{
    for (size_t i = 0; i < settings->latencies.count; i++)
        if (!read_latency(settings->latencies.items[i], options))
            return trouble(command, "--latency is TIER=MS, such as flex=200");
    for (size_t i = 0; i < settings->downgrades.count; i++)
        if (!read_downgrade(settings->downgrades.items[i], options))
            return trouble(command, "--downgrade is TIER=SHARE%%, such as priority=10%%");
    if (settings->chunk_delay > UINT32_MAX || settings->tokens > UINT32_MAX)
        return trouble(command, "--chunk-delay and --tokens are below 2^32");
    return EXIT_DONE;
}

static int read_settings(const struct command *command, struct settings *settings,
                         struct stand_in_options *options)
{
    int status = read_words(command, settings, options);
    if (status == EXIT_DONE)
        status = read_tables(command, settings, options);
    if (settings->flex_refused && settings->flex_schedule)
        return trouble(command, "--flex-refused and --flex-schedule exclude each other");
    options->listen = settings->listen;
    options->seed = (uint64_t)settings->seed;
    options->key_required = settings->key_required;
    options->record = !settings->no_record;
    options->chunk_ms = (uint32_t)settings->chunk_delay;
    options->completion_tokens = (uint32_t)settings->tokens;
    options->faults = settings->faults.items;
    options->fault_count = settings->faults.count;
    if (settings->flex_schedule)
        options->capacity = settings->flex_schedule;
    if (settings->flex_refused) {
        snprintf(settings->capacity, sizeof settings->capacity, "refuse %s",
                 settings->flex_refused);
        options->capacity = settings->capacity;
    }
    return status;
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct service *service = signal->data;
    (void)number;
    for (size_t i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&service->signals[i], NULL);
    stand_in_stop(service->stand_in, NULL, NULL);
}

static void wait_for_signals(uv_loop_t *loop, struct service *service)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(loop, &service->signals[i]);
        service->signals[i].data = service;
        uv_signal_start(&service->signals[i], on_signal, numbers[i]);
    }
}

static int serve(const struct command *command, const struct stand_in_options *options)
{
    uv_loop_t loop;
    struct service service;
    struct tw_error error = {.code = TW_OK};
    signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&loop) != 0)
        return trouble(command, "cannot start an event loop");
    enum tw_status status = stand_in_start(&loop, options, &service.stand_in, &error);
    if (!status) {
        wait_for_signals(&loop, &service);
        printf("%s\n", stand_in_address(service.stand_in));
        fflush(stdout);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return status ? trouble(command, "%s", error.message) : EXIT_DONE;
}

static int run(const struct command *command, struct settings *settings,
               struct stand_in_options *options)
{
    int status = read_settings(command, settings, options);
    return status == EXIT_DONE ? serve(command, options) : status;
}

int command_fake_provider(const struct command *command, int argc, char **argv)
{
    struct stand_in_options options = stand_in_options_default();
    struct settings settings = {.listen = options.listen,
                                .seed = (int64_t)options.seed,
                                .flex_models = "any",
                                .flex_refusal = "status"};
    const struct option_row rows[] = {
        SHARED_LISTEN(&settings.listen),
        {"seed", OPTION_NUMBER, "N", "What all draws, ids and texts follow from", &settings.seed},
        {"flex-refused", OPTION_TEXT, "SHARE%", "Share of flex requests that find no room",
         &settings.flex_refused},
        {"flex-schedule", OPTION_TEXT, "TEXT",
         "'refuse first 3', 'refuse 0s-10s 60s-70s' or 'pattern RRO'", &settings.flex_schedule},
        {"flex-models", OPTION_TEXT, "WHICH", "Models that take flex: any, or as openai",
         &settings.flex_models},
        {"flex-refusal", OPTION_TEXT, "FORM", "In a stream: status, event or failed",
         &settings.flex_refusal},
        {"latency", OPTION_TEXTS, "TIER=MS", "Time to the first byte; may be given again",
         &settings.latencies},
        {"downgrade", OPTION_TEXTS, "TIER=SHARE%", "Share of a tier that is served as default",
         &settings.downgrades},
        {"chunk-delay", OPTION_NUMBER, "MS", "Time between two events of a stream",
         &settings.chunk_delay},
        {"tokens", OPTION_NUMBER, "N", "Completion tokens of every answer; 0 varies",
         &settings.tokens},
        {"fault", OPTION_TEXTS, "FAULT", "KIND[=ARGUMENT][@TIER][:SHARE%]; may be given again",
         &settings.faults},
        {"require-key", OPTION_FLAG, NULL, "Answer 401 to requests without a key",
         &settings.key_required},
        {"no-record", OPTION_FLAG, NULL, "Keep no requests for /fake/requests",
         &settings.no_record},
        OPTIONS_END,
    };
    int first;
    int status = options_parse(command, rows, argc, argv, &first);
    if (status < 0 && first < argc)
        status = usage_trouble(command, "takes no arguments");
    if (status < 0)
        status = run(command, &settings, &options);
    free(settings.latencies.items);
    free(settings.downgrades.items);
    free(settings.faults.items);
    return status;
}
