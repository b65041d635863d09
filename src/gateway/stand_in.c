/* gateway/stand_in.c: the stand-in provider: start and stop, and the way of a request from the
 * server to an answer. Owns the server and everything counted; fails to start where an option
 * cannot be read or the address not be listened on. */
#include "gateway/stand_in_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_BYTES = 64 * 1024 * 1024 };

struct stand_in_options stand_in_options_default(void)
{
    return (struct stand_in_options){
        .listen = "127.0.0.1:0",
        .seed = 1,
        .flex_any_model = true,
        .record = true,
        .capacity = "refuse none",
        .created = 1767225600, /* 2026-01-01T00:00:00Z */
        .latency_ms =
            {
#define STAND_IN_TIER(name, word, latency) latency,
#include "gateway/stand_in_tiers.def"
            },
    };
}

static void free_when_done(struct stand_in *stand_in)
{
    if (!stand_in->server_stopped || stand_in->open_calls > 0)
        return;
    void (*stopped)(void *) = stand_in->stopped;
    void *context = stand_in->stopped_context;
    buffer_free(&stand_in->record);
    free(stand_in);
    if (stopped)
        stopped(context);
}

static void on_call_closed(uv_handle_t *timer)
{
    struct call *call = timer->data;
    struct stand_in *stand_in = call->stand_in;
    free(call);
    stand_in->open_calls--;
    free_when_done(stand_in);
}

static void on_latency_over(uv_timer_t *timer)
{
    call_answer(timer->data);
}

static int64_t elapsed_ms(const struct stand_in *stand_in)
{
    const struct stand_in_options *options = &stand_in->options;
    if (options->elapsed)
        return options->elapsed(options->elapsed_context);
    return (int64_t)(uv_now(stand_in->loop) - stand_in->started);
}

static const struct complaint *check_key(const struct stand_in *stand_in,
                                         const struct http_request *request)
{
    static const struct complaint no_key = {
        401,
        0,
        "invalid_request_error",
        "",
        NULL,
        "You didn't provide an API key. You need to provide your API key in an Authorization "
        "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."};
    static const char scheme[] = "Bearer ";
    struct text key = http_header_value(request, "authorization");
    bool given = key.length >= sizeof scheme && memcmp(key.data, scheme, sizeof scheme - 1) == 0;
    return given || !stand_in->options.key_required ? NULL : &no_key;
}

/* The fault that a header asks for, else the first of the options' that applies. */
static const struct complaint *choose_fault(struct call *call, const struct http_request *request)
{
    static const struct complaint bad_fault = {400,
                                               0,
                                               "invalid_request_error",
                                               "invalid_fault",
                                               NULL,
                                               "The header x-fake-fault names no fault."};
    const struct stand_in *stand_in = call->stand_in;
    const struct http_header *header = http_header_find(request, "x-fake-fault");
    struct fault asked;
    if (header && fault_parse(header->value, &asked, NULL))
        return &bad_fault;
    if (header && fault_applies(&asked, call))
        call->fault = asked;
    for (size_t i = 0; i < stand_in->fault_count && !header && !call->fault.row; i++)
        if (fault_applies(&stand_in->faults[i], call))
            call->fault = stand_in->faults[i];
    return NULL;
}

static void refuse_flex(struct call *call)
{
    enum stand_in_refusal how = call->stand_in->options.refusal;
    call->stand_in->counts.refused++;
    if (!call->question.stream || how == STAND_IN_REFUSE_STATUS) {
        call_complain(call, complaint_flex());
        return;
    }
    call->stop_after = 0;
    call->failure = complaint_flex();
    call->as_response_failed = how == STAND_IN_REFUSE_FAILED;
    call_answer(call);
}

/* Decides the served tier. False: flex is refused. */
static bool admit(struct call *call)
{
    struct stand_in *stand_in = call->stand_in;
    const struct stand_in_options *options = &stand_in->options;
    enum stand_in_tier tier = call->question.tier;
    bool faulty = call->fault.row != NULL;
    call->served = tier;
    if (tier == STAND_IN_FLEX && !faulty &&
        capacity_refuses(&stand_in->capacity, options->seed, stand_in->flex_calls++,
                         elapsed_ms(stand_in)))
        return false;
    if (numbers_draw(options->seed, call->number, 'd', options->downgrade[tier]))
        call->served = STAND_IN_DEFAULT;
    return true;
}

static const struct complaint *check_model(const struct call *call)
{
    static const struct complaint no_flex = {
        400, 0, "invalid_request_error", "", "service_tier", "Invalid service_tier argument"};
    bool offered =
        call->stand_in->options.flex_any_model || model_offers_flex(call->question.model);
    return call->question.tier != STAND_IN_FLEX || offered ? NULL : &no_flex;
}

static void name_call(struct call *call)
{
    static const char *const prefixes[] = {[API_CHAT] = "chatcmpl-", [API_RESPONSES] = "resp_"};
    char digits[25];
    numbers_name(digits, sizeof digits - 1, call->stand_in->options.seed, call->number, 'i');
    snprintf(call->id, sizeof call->id, "%s%s", prefixes[call->question.api], digits);
}

static void take_call(struct call *call, enum api api)
{
    struct stand_in *stand_in = call->stand_in;
    const struct http_request *request = exchange_request(call->exchange);
    const struct complaint *complaint = check_key(stand_in, request);
    if (!complaint)
        complaint = question_read(request->body, api, &call->question);
    if (!complaint) {
        stand_in->counts.asked[call->question.asked]++;
        complaint = check_model(call);
    }
    if (!complaint)
        complaint = choose_fault(call, request);
    name_call(call);
    if (complaint) {
        stand_in->counts.complaints++;
        call_complain(call, complaint);
        return;
    }
    call->usage = usage_of(stand_in, &call->question, http_header_value(request, "x-fake-tokens"));
    if (!admit(call)) {
        refuse_flex(call);
        return;
    }
    uint32_t delay = stand_in->options.latency_ms[call->served] + fault_delay(call);
    if (delay > 0)
        uv_timer_start(&call->timer, on_latency_over, delay, 0);
    else
        call_answer(call);
}

static void open_call(struct stand_in *stand_in, struct exchange *exchange, enum api api)
{
    struct call *call = calloc(1, sizeof *call);
    stand_in->calls++;
    stand_in->counts.requests++;
    record_request(stand_in, exchange_request(exchange));
    if (!call) {
        exchange_reset(exchange);
        return;
    }
    call->stand_in = stand_in;
    call->exchange = exchange;
    call->number = stand_in->calls;
    call->chunk_ms = stand_in->options.chunk_ms;
    call->stop_after = -1;
    uv_timer_init(stand_in->loop, &call->timer);
    call->timer.data = call;
    stand_in->open_calls++;
    exchange_set_data(exchange, call);
    take_call(call, api);
}

static void list_models(struct exchange *exchange)
{
    static const char *const models[] = {
        "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o",  "gpt-4o-mini", "o3",      "o4-mini",
        "gpt-5",   "gpt-5-mini",   "gpt-5-nano",   "gpt-5.1", "gpt-5.2",     "gpt-5.4", "gpt-5.5"};
    static const struct http_header type = {{"content-type", 12}, {"application/json", 16}};
    struct buffer body;
    buffer_init(&body, 64 * 1024);
    buffer_string(&body, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        buffer_format(&body,
                      "%s{\"id\":\"%s\",\"object\":\"model\",\"created\":1744316542,"
                      "\"owned_by\":\"system\"}",
                      i ? "," : "", models[i]);
    buffer_string(&body, "]}");
    if (body.status || exchange_answer(exchange, 200, &type, 1, buffer_view(&body)))
        exchange_reset(exchange);
    buffer_free(&body);
}

static void answer_unknown(struct exchange *exchange)
{
    static const struct http_header type = {{"content-type", 12}, {"application/json", 16}};
    static const struct api_error error = {
        .type = "invalid_request_error", .code = "unknown_url", .message = "Unknown request URL."};
    struct buffer body;
    buffer_init(&body, 4096);
    api_error_print(&body, &error);
    if (exchange_answer(exchange, 404, &type, 1, buffer_view(&body)))
        exchange_reset(exchange);
    buffer_free(&body);
}

static void on_request(struct exchange *exchange, void *context)
{
    struct stand_in *stand_in = context;
    const struct http_request *request = exchange_request(exchange);
    bool post = text_is(request->method, "POST");
    if (post && text_is(request->path, "/v1/chat/completions"))
        open_call(stand_in, exchange, API_CHAT);
    else if (post && text_is(request->path, "/v1/responses"))
        open_call(stand_in, exchange, API_RESPONSES);
    else if (text_is(request->method, "GET") && text_is(request->path, "/v1/models"))
        list_models(exchange);
    else if (!admin_answer(stand_in, exchange))
        answer_unknown(exchange);
}

static void on_drained(struct exchange *exchange, void *context)
{
    struct call *call = exchange_data(exchange);
    (void)context;
    if (call && call->streaming && !uv_is_active((uv_handle_t *)&call->timer))
        stream_go_on(call);
}

static void on_ended(struct exchange *exchange, enum exchange_end end, void *context)
{
    struct stand_in *stand_in = context;
    struct call *call = exchange_data(exchange);
    if (!call)
        return;
    if (end == EXCHANGE_LEFT)
        stand_in->counts.left++;
    stream_ended(call);
    call->streaming = false;
    call->exchange = NULL;
    uv_close((uv_handle_t *)&call->timer, on_call_closed);
}

static enum tw_status read_options(struct stand_in *stand_in,
                                   const struct stand_in_options *options, struct tw_error *error)
{
    stand_in->options = *options;
    enum tw_status status =
        capacity_parse(text_of(options->capacity), &stand_in->first_capacity, error);
    for (size_t i = 0; i < options->fault_count && !status; i++) {
        if (i == FAULT_COUNT)
            return fail(error, TW_LIMIT, "more than %d faults", FAULT_COUNT);
        status = fault_parse(text_of(options->faults[i]), &stand_in->first_faults[i], error);
        stand_in->first_fault_count = i + 1;
    }
    stand_in->options.listen = NULL; /* the caller's texts need not stay */
    stand_in->options.capacity = NULL;
    stand_in->options.faults = NULL;
    stand_in->capacity = stand_in->first_capacity;
    memcpy(stand_in->faults, stand_in->first_faults, sizeof stand_in->faults);
    stand_in->fault_count = stand_in->first_fault_count;
    return status;
}

enum tw_status stand_in_start(uv_loop_t *loop, const struct stand_in_options *options,
                              struct stand_in **stand_in, struct tw_error *error)
{
    static const struct server_callbacks callbacks = {
        .request = on_request, .drained = on_drained, .ended = on_ended};
    struct stand_in *started = calloc(1, sizeof *started);
    if (!started)
        return fail(error, TW_NO_MEMORY, "out of memory");
    buffer_init(&started->record, RECORD_BYTES);
    started->loop = loop;
    started->started = uv_now(loop);
    struct server_options server_options = server_options_default();
    server_options.listen = options->listen;
    enum tw_status status = read_options(started, options, error);
    if (!status)
        status = server_open(loop, &server_options, &callbacks, started, &started->server, error);
    if (status) {
        free(started);
        return status;
    }
    *stand_in = started;
    return TW_OK;
}

const char *stand_in_address(const struct stand_in *stand_in)
{
    return server_address(stand_in->server);
}

static void on_server_stopped(void *context)
{
    struct stand_in *stand_in = context;
    stand_in->server_stopped = true;
    free_when_done(stand_in);
}

void stand_in_stop(struct stand_in *stand_in, void (*stopped)(void *context), void *context)
{
    stand_in->stopped = stopped;
    stand_in->stopped_context = context;
    server_stop(stand_in->server, 0, on_server_stopped, stand_in);
}
