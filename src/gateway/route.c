/* gateway/route.c: a routed request is read, decided and begun.
 *
 * The body is the caller's and not to be trusted. What cannot be read, or cannot be decided, is
 * answered with 400 in the provider's own error shape, and nothing is sent upstream. */
#include "gateway/api_error.h"
#include "gateway/relay.h"
#include "gateway/request_path.h"
#include "runtime/body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_PREFIX "x-tierway-"

enum { METADATA_MAX = 64 };

struct routed_path {
    const char *path;
    const char *endpoint; /* the same under an upstream whose URL does not end in /v1 */
    bool chat;
};

/* By where a path leads, so that no spelling of it gets past the policy. */
static const struct routed_path *find_path(const struct forward *forward, struct text path)
{
    static const struct routed_path paths[] = {
        {"/v1/chat/completions", "/chat/completions", true},
        {"/v1/responses", "/responses", false},
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (path_leads_to(path, paths[i].path) ||
            (forward->strip_v1 && path_leads_to(path, paths[i].endpoint)))
            return &paths[i];
    return NULL;
}

bool route_wanted(const struct forward *forward, const struct http_request *request)
{
    return text_is(request->method, "POST") && find_path(forward, request->path);
}

/* --- attributes --- */

static bool begins(struct text name, const char *prefix)
{
    size_t length = strlen(prefix);
    return name.length > length && strncasecmp(name.data, prefix, length) == 0;
}

/* What a caller may not set is passed over, and counted. */
static bool is_usable(struct relay *relay, struct text name)
{
    const struct callers *callers = relay->policy->snapshot->callers;
    if (!callers || !begins(name, HEADER_PREFIX) || caller_may_set(callers, relay->caller, name))
        return true;
    WORKER_COUNT(relay->worker, ignored);
    return false;
}

static bool make_room(struct worker *worker, size_t count)
{
    if (count <= worker->pair_capacity)
        return true;
    struct attribute_pair *pairs = realloc(worker->pairs, count * sizeof *pairs);
    if (!pairs)
        return false;
    worker->pairs = pairs;
    worker->pair_capacity = count;
    return true;
}

/* Members of the body's metadata that are named as headers, for clients that can set no header of a
 * single request. Texts of at most METADATA_MAX of them; OpenAI allows 16 members. */
static void read_metadata(struct relay *relay, size_t *count)
{
    struct json_member member;
    struct json_iterator members = json_members_begin(relay->body.members[BODY_METADATA].value);
    struct text value;
    while (*count < METADATA_MAX && json_next_member(&members, &member))
        if (!member.escaped && begins(member.name, HEADER_PREFIX) &&
            json_string_plain(member.value, &value) && is_usable(relay, member.name))
            relay->worker->pairs[(*count)++] = (struct attribute_pair){member.name, value};
}

/* The headers as attributes are read from them: of a name that stands there again the last one
 * counts. A client's own count of its retries is `attempt`, unless that is given. */
static enum tw_status read_headers(struct relay *relay, size_t *count)
{
    struct worker *worker = relay->worker;
    const struct http_request *request = exchange_request(relay->exchange);
    struct text retries = TEXT("");
    bool given = false;
    *count = 0;
    if (!make_room(worker, METADATA_MAX + request->header_count + 1))
        return TW_NO_MEMORY;
    if (relay->body.members[BODY_METADATA].value.kind == JSON_OBJECT)
        read_metadata(relay, count);
    for (size_t i = 0; i < *count; i++)
        given |= http_name_is(worker->pairs[i].name, HEADER_PREFIX "attempt");
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (!is_usable(relay, header->name))
            continue;
        worker->pairs[(*count)++] = (struct attribute_pair){header->name, header->value};
        given |= http_name_is(header->name, HEADER_PREFIX "attempt");
        if (http_name_is(header->name, "x-stainless-retry-count"))
            retries = header->value;
    }
    int64_t number;
    if (!given && decimal_parse(retries, 0, &number) == TW_OK && number >= 0)
        worker->pairs[(*count)++] = (struct attribute_pair){TEXT(HEADER_PREFIX "attempt"), retries};
    return TW_OK;
}

/* --- the caller's own time --- */

/* Seconds, or a duration of the policy language. */
static bool read_time(struct text value, int64_t *milliseconds)
{
    if (decimal_parse(value, 3, milliseconds) != TW_OK &&
        value_parse(TW_TYPE_DURATION, value, milliseconds, NULL) != TW_OK)
        return false;
    return *milliseconds > 0;
}

/* The official clients' headers; how long one read may take bounds an answer that is no stream. */
static int64_t time_budget(const struct relay *relay)
{
    static const struct {
        const char *header;
        bool for_streams;
    } rows[] = {{HEADER_PREFIX "timeout", true},
                {"x-stainless-timeout", true},
                {"x-stainless-read-timeout", false}};
    const struct http_request *request = exchange_request(relay->exchange);
    int64_t milliseconds;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((rows[i].for_streams || !relay->body.stream) &&
            read_time(http_header_value(request, rows[i].header), &milliseconds))
            return milliseconds;
    return NEVER;
}

/* --- deciding --- */

static struct text new_request_id(struct relay *relay)
{
    static const char digits[] = "0123456789abcdef";
    char id[sizeof "req_" - 1 + 32] = "req_";
    uint64_t bits = 0;
    for (size_t i = 0; i < 32; i++, bits >>= 4) {
        if (i % 16 == 0)
            bits = random_next(&relay->worker->random);
        id[sizeof "req_" - 1 + i] = digits[bits & 15];
    }
    return arena_text(&relay->arena, (struct text){id, sizeof id});
}

/* Everything that the policy reads, but for budgets. */
static enum tw_status fill_request(struct relay *relay, const struct routed_path *path,
                                   struct tw_error *error)
{
    tw_request *request = relay->policy->request;
    size_t count;
    enum tw_status status = read_headers(relay, &count);
    if (status != TW_OK)
        return fail(error, status, "out of memory");
    struct attribute_source source = {.body = &relay->body,
                                      .endpoint = text_of(path->endpoint),
                                      .request_id = relay->account.request_id,
                                      .instant = relay->instant,
                                      .headers = relay->worker->pairs,
                                      .header_count = count,
                                      .ignore_unknown = true};
    source.health = gateway_health(relay->worker->gateway, &source.health_count);
    tw_request_clear(request);
    status = attributes_fill(request, &source, error);
    if (status == TW_OK)
        status = budget_attributes(request, &relay->arena, &relay->account.attributes, error);
    return status;
}

static enum tw_status prepare(struct relay *relay, const struct routed_path *path,
                              struct tw_error *error)
{
    const struct snapshot *snapshot = relay->policy->snapshot;
    enum tw_status status = body_scan(exchange_request(relay->exchange)->body, &relay->body, error);
    if (status != TW_OK)
        return status;
    relay->account = (struct account){.policy = snapshot->policy,
                                      .provider = snapshot->provider,
                                      .prices = snapshot->prices,
                                      .zone = snapshot->zone,
                                      .price_table = snapshot->price_table,
                                      .caller = text_of(caller_name(relay->caller)),
                                      .health = &relay->worker->health};
    relay->account.request_id = new_request_id(relay);
    status = account_open(&relay->account, &relay->body, &relay->arena, error);
    relay->asked = uv_hrtime();
    return status == TW_OK ? fill_request(relay, path, error) : status;
}

static void answer_unusable(struct relay *relay, enum tw_status status,
                            const struct tw_error *error)
{
    bool full = status == TW_NO_MEMORY;
    const struct api_error shown = {.type = full ? "server_error" : "invalid_request_error",
                                    .code = full ? "out_of_memory" : "invalid_request",
                                    .message = error->message};
    relay->recorded = true; /* nothing was attempted */
    relay->outcome = full ? METRICS_FAILED : METRICS_BAD_REQUEST;
    relay_answer_error(relay, full ? 503 : 400, &shown, full);
}

/* The rejection's row is all that there is to record. */
static void reject(struct relay *relay)
{
    struct tw_error error;
    enum tw_status status = steps_reject(&relay->steps, &error);
    WORKER_COUNT(relay->worker, rejected);
    if (status != TW_OK)
        answer_unusable(relay, status, &error);
    else
        route_record(relay, REPLY_REJECT);
}

static void begin_steps(struct relay *relay)
{
    const struct gateway_options *options = relay->worker->options;
    int64_t now = relay_now(relay), budget = time_budget(relay);
    relay->give_up_at = budget < NEVER - now ? now + budget : NEVER;
    if (relay->body.stream && options->comment_after_ms)
        relay->comment_at = now + options->comment_after_ms;
    relay->add_usage = relay->chat && relay->body.stream && !relay->body.usage_wanted;
    forward_target(relay->worker->forward, exchange_request(relay->exchange)->target,
                   &relay->target);
    forward_request(relay->worker->forward, exchange_request(relay->exchange), true,
                    relay->caller != NULL, &relay->headers);
    route_send(relay);
}

void route_decided(struct relay *relay, const struct budget_question *question)
{
    const tw_policy *policy = relay->policy->snapshot->policy;
    relay->rule_number = question->rule;
    relay->action = question->action;
    relay->reservation = question->order.reservation;
    relay->account.estimate = question->amount;
    tw_policy_rule(policy, question->rule, &relay->rule);
    relay->account.rule = text_of(relay->rule.name);
    if (relay->action.step_count)
        relay->account.chosen_tier = text_of(relay->action.steps[0].name);
    relay->decision = (int64_t)(uv_hrtime() - relay->asked);
    steps_begin(&relay->steps, &relay->action, &relay->account, &relay->worker->random,
                &relay->arena, relay->instant, relay_now(relay));
    if (relay->action.step_count == 0)
        reject(relay);
    else
        begin_steps(relay);
}

/* Whether what the request will cost can be accounted for: rows that wait for the ledger have a
 * bound, and an answer that is not delivered without them should not be paid for. */
static bool is_accountable(const struct relay *relay)
{
    const struct worker *worker = relay->worker;
    enum tw_status status = worker->desk ? ledger_desk_check(worker->desk) : TW_OK;
    return status == TW_OK || (status == TW_BUSY && worker->options->answer_before_ledger);
}

static void answer_unaccountable(struct relay *relay)
{
    static const struct api_error error = {
        .type = "server_error",
        .code = "ledger_unavailable",
        .message = "The ledger cannot be written to, so nothing was sent."};
    WORKER_COUNT(relay->worker, unaccountable);
    relay->recorded = true; /* nothing was attempted */
    relay->outcome = METRICS_FAILED;
    relay_answer_error(relay, 503, &error, true);
}

/* Here, or where the policy reads a budget and there is a ledger, on the ledger's thread. */
static enum tw_status decide(struct relay *relay, struct tw_error *error)
{
    struct budget_question question = {.request = relay->policy->request,
                                       .zone = relay->account.zone,
                                       .prices = relay->account.prices,
                                       .model = relay->account.model,
                                       .input_tokens = relay->body.tokens,
                                       .output_tokens = relay->body.max_output_tokens,
                                       .instant = relay->instant};
    if (relay->worker->desk && budget_is_read(relay->account.policy))
        return route_ask(relay, &question, error);
    enum tw_status status = budget_question_open(&question, &relay->arena, error);
    if (status == TW_OK)
        status = budget_decide(&question, NULL, error);
    if (status == TW_OK)
        route_decided(relay, &question);
    return status;
}

void route_begin(struct relay *relay)
{
    struct tw_error error = {.code = TW_OK};
    const struct routed_path *path =
        find_path(relay->worker->forward, exchange_request(relay->exchange)->path);
    WORKER_COUNT(relay->worker, routed);
    relay->routed = true;
    relay->chat = path->chat;
    relay->steps.row_count = 0;
    relay->ask = NULL;
    relay->reservation = 0;
    relay->account = (struct account){.policy = NULL};
    if (!is_accountable(relay)) {
        answer_unaccountable(relay);
        return;
    }
    enum tw_status status = prepare(relay, path, &error);
    if (status == TW_OK)
        status = decide(relay, &error);
    if (status != TW_OK)
        answer_unusable(relay, status, &error);
}
