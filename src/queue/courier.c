/* queue/courier.c: see courier.h. Owns a transport, which has no key to send. */
#include "queue/courier.h"

#include "base/clock.h"
#include "queue/callback.h"
#include "queue/program_run.h"
#include "runtime/retry.h"
#include "runtime/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WAIT_BASE INT64_C(1000) /* milliseconds; four times as long after each try */
#define WAIT_CAP INT64_C(3600000)

enum {
    ID_SIZE = 64,
    BODY_LIMIT = JOB_BYTES_MAX + (64 << 10),
    ANSWER_LIMIT = 64 << 10, /* bytes of an answer that are read; nothing in them counts */
    HTTP_GONE = 410
};

struct courier {
    const struct courier_options *options;
    struct keeper *keeper;
    struct transport *transport;
    pthread_t thread;
    bool started;
    struct random random;
    struct held_callback held;
    struct buffer body;
};

enum delivery {
    DELIVERED,
    TRY_AGAIN,
    GIVEN_UP, /* whoever is told wants no more */
};

bool courier_is_wanted(const struct courier_options *options)
{
    return options->command_count + options->url_count > 0;
}

/* --- commands --- */

static enum delivery run_command(struct courier *courier, const struct courier_command *command,
                                 struct tw_error *error)
{
    struct buffer output;
    struct tw_error reason;
    buffer_init(&output, COURIER_OUTPUT);
    const struct program_order order = {.path = command->path,
                                        .environment = courier->options->environment,
                                        .input = buffer_view(&courier->body),
                                        .timeout = COURIER_TIMEOUT,
                                        .output = &output};
    enum tw_status status = program_run(&order, &reason);
    struct text said = text_trim(buffer_view(&output));
    if (status != TW_OK)
        fail(error, status, "%s%s%.*s", reason.message, said.length ? ": " : "",
             TEXT_ARGUMENTS(said));
    buffer_free(&output);
    return status == TW_OK ? DELIVERED : TRY_AGAIN;
}

/* --- URLs --- */

/* What an answer says beside its status. */
struct answer_facts {
    int64_t now, wait; /* milliseconds; -1: it does not ask to wait */
    size_t length;
};

static void take_header(void *context, int status, struct text name, struct text value)
{
    struct answer_facts *facts = context;
    (void)status;
    retry_after_read(name, value, facts->now, &facts->wait);
}

static bool take_piece(void *context, struct text piece)
{
    struct answer_facts *facts = context;
    facts->length += piece.length;
    return facts->length <= ANSWER_LIMIT;
}

static enum delivery judge(const struct transport_answer *answer, struct tw_error *error)
{
    if (answer->status >= 200 && answer->status < 300)
        return DELIVERED;
    fail(error, TW_NETWORK, "HTTP status %d", answer->status);
    return answer->status == HTTP_GONE ? GIVEN_UP : TRY_AGAIN;
}

static enum delivery post(struct courier *courier, const char *url, int64_t now, int64_t *wait,
                          struct tw_error *error)
{
    const struct held_callback *held = &courier->held;
    struct answer_facts facts = {.now = now, .wait = -1};
    struct transport_answer answer;
    struct buffer signature;
    char id[ID_SIZE], timestamp[ID_SIZE];
    buffer_init(&signature, 1024);
    snprintf(id, sizeof id, "msg_%lld_%lld", (long long)held->number, (long long)held->ended);
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(now / 1000));
    webhook_sign(courier->options->secret, text_of(id), now / 1000, buffer_view(&courier->body),
                 &signature);
    const struct transport_header headers[] = {
        {TEXT("content-type"), TEXT("application/json")},
        {TEXT("webhook-id"), text_of(id)},
        {TEXT("webhook-timestamp"), text_of(timestamp)},
        {TEXT("webhook-signature"), buffer_view(&signature)},
    };
    const struct transport_request request = {.url = url,
                                              .headers = headers,
                                              .header_count = sizeof headers / sizeof headers[0],
                                              .body = buffer_view(&courier->body),
                                              .timeout = COURIER_TIMEOUT,
                                              .context = &facts,
                                              .on_header = take_header,
                                              .on_piece = take_piece};
    enum tw_status status = signature.status;
    if (status == TW_OK)
        status = transport_exchange(courier->transport, &request, &answer, error);
    buffer_free(&signature);
    *wait = facts.wait;
    return status == TW_OK ? judge(&answer, error) : TRY_AGAIN;
}

/* --- one callback --- */

static const struct courier_command *find_command(const struct courier_options *options,
                                                  struct text name)
{
    for (size_t i = 0; i < options->command_count; i++)
        if (text_equal(options->commands[i].name, name))
            return &options->commands[i];
    return NULL;
}

static bool is_allowed(const struct courier_options *options, struct text url)
{
    for (size_t i = 0; i < options->url_count; i++)
        if (callback_url_allowed(url, options->urls[i]))
            return true;
    return false;
}

static enum tw_status write_body(struct courier *courier)
{
    const struct held_callback *held = &courier->held;
    const struct callback_message message = {.number = held->number,
                                             .ended = held->ended,
                                             .state = held->state,
                                             .id = buffer_view(&held->id),
                                             .batch = buffer_view(&held->batch),
                                             .result = buffer_view(&held->result)};
    buffer_clear(&courier->body);
    callback_write(&courier->body, &message);
    return courier->body.status;
}

static enum delivery deliver(struct courier *courier, int64_t now, int64_t *wait,
                             struct tw_error *error)
{
    struct text callback = buffer_view(&courier->held.callback);
    const struct courier_command *command = find_command(courier->options, callback);
    bool is_url = callback_is_url(callback);
    *wait = -1;
    if (write_body(courier) != TW_OK) {
        fail(error, courier->body.status, "the result is too long");
        return GIVEN_UP;
    }
    if (is_url && is_allowed(courier->options, callback))
        return post(courier, callback.data, now, wait, error);
    if (command)
        return run_command(courier, command, error);
    fail(error, TW_INVALID, "this worker does not allow it");
    return TRY_AGAIN;
}

/* Four times as long after each try, and up to a half less, at random. */
static int64_t next_wait(struct courier *courier, int64_t asked)
{
    int64_t most = WAIT_BASE;
    for (int64_t i = 1; i < courier->held.tries && most < WAIT_CAP; i++)
        most *= 4;
    most = most < WAIT_CAP ? most : WAIT_CAP;
    most -= (int64_t)(random_next(&courier->random) % (uint64_t)(most / 2 + 1));
    return asked > most ? asked : most;
}

static void end_delivery(struct courier *courier, enum delivery delivery, int64_t asked,
                         const struct tw_error *error)
{
    const struct held_callback *held = &courier->held;
    int64_t now = clock_system() / 1000000, wait = next_wait(courier, asked);
    bool over = delivery != TRY_AGAIN || now + wait > held->ended + COURIER_TIME;
    struct errand errand = {.kind = ERRAND_CALLBACK,
                            .told = &courier->held.told,
                            .number = held->number,
                            .tries = held->tries,
                            .due = over ? -1 : now + wait,
                            .delivered = delivery == DELIVERED};
    if (delivery != DELIVERED)
        keeper_note(courier->keeper, "the callback of job %.*s: %s; %s",
                    TEXT_ARGUMENTS(buffer_view(&held->id)), error->message,
                    over ? "given up" : "it is tried again");
    /* Where this fails, the callback is delivered once more when its claim has run out. */
    keeper_do(courier->keeper, &errand, NULL);
}

static void *run(void *context)
{
    struct courier *courier = context;
    while (keeper_take_callback(courier->keeper, &courier->held)) {
        struct tw_error error = {.code = TW_OK};
        int64_t asked;
        enum delivery delivery = deliver(courier, clock_system() / 1000000, &asked, &error);
        end_delivery(courier, delivery, asked, &error);
    }
    return NULL;
}

enum tw_status courier_open(const struct courier_options *options, struct keeper *keeper,
                            struct courier **result, struct tw_error *error)
{
    struct courier *courier = calloc(1, sizeof *courier);
    *result = NULL;
    if (!courier)
        return fail(error, TW_NO_MEMORY, "out of memory");
    courier->options = options;
    courier->keeper = keeper;
    buffer_init(&courier->body, BODY_LIMIT);
    enum tw_status status = held_callback_init(&courier->held);
    if (getrandom(&courier->random.state, sizeof courier->random.state, 0) < 0)
        status = TW_IO;
    if (status == TW_OK)
        status = transport_curl_open("tierway", &courier->transport, error);
    if (status == TW_OK)
        courier->started = pthread_create(&courier->thread, NULL, run, courier) == 0;
    if (courier->started) {
        *result = courier;
        return TW_OK;
    }
    courier_close(courier);
    return fail(error, TW_NO_MEMORY, "no thread could be started for callbacks");
}

void courier_close(struct courier *courier)
{
    if (!courier)
        return;
    if (courier->started)
        pthread_join(courier->thread, NULL);
    transport_close(courier->transport);
    held_callback_free(&courier->held);
    buffer_free(&courier->body);
    free(courier);
}
