/* runtime/router.c: the public router: a request's way from its bytes to its result.
 *
 * Owns the transport, the price table, the store and a copy of the key, which is wiped when the
 * router is freed. All rows of a request are appended together when it has ended: one flush to disk
 * a request. */
#include "tierway/router.h"

#include "runtime/attributes.h"
#include "runtime/base_url.h"
#include "runtime/budget.h"
#include "runtime/router_parts.h"
#include "runtime/router_result.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define USER_AGENT "tierway"

struct tw_router {
    const tw_policy *policy;
    const struct provider *provider;
    struct zone *zone;
    struct transport *transport;
    struct price_table *prices;
    bool prices_are_shared;
    struct store *store;
    char *base_url, *api_key;
    tw_request *request;
    struct random random;
    struct dispatch_clock clock;
    struct health health, *healths[1]; /* what its own attempts met */
    struct health *const *all_health;  /* of the process, as far as this router knows */
    size_t all_health_count;
    atomic_bool cancelled;
};

static int64_t monotonic_milliseconds(void *context)
{
    (void)context;
    return clock_monotonic() / 1000000;
}

enum tw_status router_use_policy(tw_router *router, const tw_policy *policy, struct tw_error *error)
{
    const char *name = tw_policy_timezone(policy);
    struct zone *zone;
    tw_request *request;
    enum tw_status status = zone_open(text_of(name), &zone);
    if (status != TW_OK)
        return fail(error, status, "the time zone %s: %s", name, tw_status_text(status));
    if (tw_request_new(policy, &request) != TW_OK) {
        zone_free(zone);
        return fail(error, TW_NO_MEMORY, "out of memory");
    }
    zone_free(router->zone);
    tw_request_free(router->request);
    router->policy = policy;
    router->provider = provider_find(text_of(tw_policy_provider(policy)));
    router->zone = zone;
    router->request = request;
    return TW_OK;
}

static void free_prices(struct price_table *prices, bool shared)
{
    if (!shared)
        price_table_free(prices);
}

enum tw_status router_make(const struct router_parts *parts, tw_router **result,
                           struct tw_error *error)
{
    tw_router *router = calloc(1, sizeof *router);
    *result = NULL;
    if (!router) {
        transport_close(parts->transport);
        free_prices(parts->prices, parts->prices_are_shared);
        store_close(parts->store);
        return fail(error, TW_NO_MEMORY, "out of memory");
    }
    router->transport = parts->transport;
    router->prices = parts->prices;
    router->prices_are_shared = parts->prices_are_shared;
    router->store = parts->store;
    router->clock = parts->clock;
    router->random.state = parts->seed;
    router->healths[0] = &router->health;
    router_share_health(router, router->healths, 1);
    router->base_url = strdup(parts->base_url);
    router->api_key = parts->api_key ? strdup(parts->api_key) : NULL;
    enum tw_status status = base_url_check(text_of(parts->base_url), error);
    if (status == TW_OK)
        status = router_use_policy(router, parts->policy, error);
    if (status == TW_OK && (!router->base_url || (parts->api_key && !router->api_key)))
        status = fail(error, TW_NO_MEMORY, "out of memory");
    if (status == TW_OK)
        *result = router;
    else
        tw_router_free(router);
    return status;
}

void tw_router_free(tw_router *router)
{
    if (!router)
        return;
    transport_close(router->transport);
    free_prices(router->prices, router->prices_are_shared);
    store_close(router->store);
    zone_free(router->zone);
    tw_request_free(router->request);
    if (router->api_key)
        explicit_bzero(router->api_key, strlen(router->api_key));
    free(router->api_key);
    free(router->base_url);
    free(router);
}

static enum tw_status system_seed(uint64_t *seed, struct tw_error *error)
{
    if (*seed == 0 && getrandom(seed, sizeof *seed, 0) != (ssize_t)sizeof *seed)
        return fail(error, TW_IO, "the system gives no random numbers");
    return TW_OK;
}

enum tw_status tw_router_new(const struct tw_router_options *options, tw_router **router,
                             struct tw_error *error)
{
    struct router_parts parts = {.policy = options->policy,
                                 .base_url = options->base_url,
                                 .api_key = options->api_key,
                                 .seed = options->seed,
                                 .clock = {monotonic_milliseconds, NULL}};
    const struct store_options store_options = STORE_DEFAULTS;
    *router = NULL;
    enum tw_status status = base_url_check(text_of(options->base_url), error);
    if (status == TW_OK)
        status = system_seed(&parts.seed, error);
    if (status == TW_OK)
        status =
            price_table_open(options->prices ? options->prices : "openai", &parts.prices, error);
    if (status == TW_OK && options->store)
        status = store_open(options->store, &store_options, &parts.store, error);
    if (status == TW_OK)
        status = transport_curl_open(USER_AGENT, &parts.transport, error);
    if (status == TW_OK)
        return router_make(&parts, router, error);
    store_close(parts.store);
    price_table_free(parts.prices);
    return status;
}

struct health *router_health(tw_router *router)
{
    return &router->health;
}

void router_share_health(tw_router *router, struct health *const *all, size_t count)
{
    router->all_health = all;
    router->all_health_count = count;
}

void tw_router_cancel(tw_router *router)
{
    atomic_store(&router->cancelled, true);
    transport_wake(router->transport);
}

/* One call of tw_router_chat. */
struct chat_run {
    tw_router *router;
    const struct tw_chat *chat;
    struct tw_error *error;
    struct result *result;
    struct body body;
    struct text endpoint;
    int64_t instant;
    struct account account;
    struct budget_question question;
    struct buffer url;
    const struct chat_terms *terms; /* NULL, or the rows are the caller's to append */
    bool prepared;                  /* body and attributes are good, and the policy has decided */
};

static struct text endpoint_of(const struct tw_chat *chat, const struct body *body)
{
    if (chat->endpoint)
        return text_of(chat->endpoint);
    return body_has(body, BODY_INPUT) && !body_has(body, BODY_MESSAGES) ? TEXT("/responses")
                                                                        : TEXT("/chat/completions");
}

/* Pairs of NUL-terminated texts as pairs of texts, in the arena. */
static struct attribute_pair *pairs_of(struct arena *arena, const struct tw_pair *pairs,
                                       size_t count)
{
    struct attribute_pair *result = ARENA_ARRAY(arena, struct attribute_pair, count + 1);
    for (size_t i = 0; result && i < count; i++)
        result[i] = (struct attribute_pair){text_of(pairs[i].name), text_of(pairs[i].value)};
    return result;
}

/* On the caller's terms, or with the router's own store. */
static enum tw_status answer_question(struct chat_run *run)
{
    struct budget_question *question = &run->question;
    if (run->terms && question->view_count)
        return run->terms->reserve(run->terms->context, &question->order, run->error);
    return budget_decide(question, run->router->store, run->error);
}

static enum tw_status decide_with_budgets(struct chat_run *run)
{
    tw_router *router = run->router;
    run->question = (struct budget_question){.request = router->request,
                                             .zone = router->zone,
                                             .prices = router->prices,
                                             .model = run->account.model,
                                             .input_tokens = run->body.tokens,
                                             .output_tokens = run->body.max_output_tokens,
                                             .instant = run->instant,
                                             .believe = true};
    if (run->terms) {
        run->question.adjust = run->terms->adjust;
        run->question.adjust_context = run->terms->context;
    }
    enum tw_status status =
        budget_question_open(&run->question, &run->result->dispatch.arena, run->error);
    return status == TW_OK ? answer_question(run) : status;
}

static enum tw_status decide(struct chat_run *run)
{
    const struct tw_chat *chat = run->chat;
    tw_router *router = run->router;
    struct result *result = run->result;
    struct arena *arena = &result->dispatch.arena;
    const struct attribute_source source = {
        .body = &run->body,
        .endpoint = run->endpoint,
        .request_id = run->account.request_id,
        .instant = run->instant,
        .given = pairs_of(arena, chat->attributes, chat->attribute_count),
        .given_count = chat->attribute_count,
        .headers = pairs_of(arena, chat->headers, chat->header_count),
        .header_count = chat->header_count,
        .health = router->all_health,
        .health_count = router->all_health_count};
    if (!source.given || !source.headers)
        return fail(run->error, TW_NO_MEMORY, "out of memory");
    tw_request_clear(router->request);
    enum tw_status status = attributes_fill(router->request, &source, run->error);
    if (status == TW_OK)
        status = budget_attributes(router->request, arena, &run->account.attributes, run->error);
    if (status == TW_OK)
        status = decide_with_budgets(run);
    if (status != TW_OK)
        return status;
    const struct budget_question *question = &run->question;
    tw_policy_rule(router->policy, question->rule, &result->rule);
    run->account.rule = question->adjusted ? run->terms->adjusted_rule : text_of(result->rule.name);
    run->account.estimate = question->amount;
    if (question->chosen)
        run->account.chosen_tier = text_of(question->chosen);
    return TW_OK;
}

/* Reads the body and makes the account that all attempts share. */
static enum tw_status prepare(struct chat_run *run)
{
    tw_router *router = run->router;
    struct arena *arena = &run->result->dispatch.arena;
    enum tw_status status =
        body_scan((struct text){run->chat->body, run->chat->length}, &run->body, run->error);
    if (status != TW_OK)
        return status;
    run->endpoint = endpoint_of(run->chat, &run->body);
    if (!body_has(&run->body, BODY_MODEL) && text_equal(run->endpoint, TEXT("/chat/completions")))
        return fail(run->error, TW_INVALID, "the body names no model");
    run->instant = run->chat->instant >= 0 ? run->chat->instant : clock_system() / 1000000;
    if (run->instant > INSTANT_LAST)
        return fail(run->error, TW_INVALID, "the instant is after the year 9999");
    run->account = (struct account){.policy = router->policy,
                                    .provider = router->provider,
                                    .prices = router->prices,
                                    .zone = router->zone,
                                    .health = &router->health};
    if (run->terms)
        run->account.caller = run->terms->caller;
    uint64_t high = random_next(&router->random), low = random_next(&router->random);
    run->account.request_id = arena_format(arena, "req_%016llx%016llx", (unsigned long long)high,
                                           (unsigned long long)low);
    status = account_open(&run->account, &run->body, arena, run->error);
    if (status == TW_OK && base_url_join(text_of(router->base_url), run->endpoint, &run->url))
        status = fail(run->error, run->url.status, "the URL is too long");
    return status == TW_OK ? decide(run) : status;
}

static bool pass_piece(void *context, const struct piece *piece)
{
    const struct tw_chat *chat = ((const struct chat_run *)context)->chat;
    const struct tw_piece public_piece = {.text = piece->text.data,
                                          .text_length = piece->text.length,
                                          .event = piece->event.data,
                                          .event_length = piece->event.length,
                                          .data = piece->data.data,
                                          .data_length = piece->data.length};
    return chat->on_piece(chat->context, &public_piece);
}

static enum tw_status send_request(struct chat_run *run)
{
    tw_router *router = run->router;
    const struct dispatch_order order = {.transport = router->transport,
                                         .clock = router->clock,
                                         .random = &router->random,
                                         .account = &run->account,
                                         .action = &run->question.action,
                                         .body = &run->body,
                                         .url = run->url.data,
                                         .api_key = router->api_key,
                                         .instant = run->instant,
                                         .cancelled = &router->cancelled,
                                         .visit = run->chat->on_piece ? pass_piece : NULL,
                                         .context = run,
                                         .watch = run->terms ? &run->terms->watch : NULL};
    enum tw_status status = dispatch_run(&run->result->dispatch, &order, run->error);
    bool dispatched = status == TW_OK;
    /* What was attempted before a failure is accounted for as well. */
    if (!run->terms)
        result_account(run->result, router->store, run->question.order.reservation);
    if (dispatched)
        status = result_describe(run->result, &run->account, &run->question.action,
                                 atomic_load(&router->cancelled), run->error);
    return status;
}

static enum tw_status chat_through(struct chat_run *run)
{
    run->result = result_new();
    if (!run->result)
        return fail(run->error, TW_NO_MEMORY, "out of memory");
    buffer_init(&run->url, 2 * BASE_URL_MAX);
    enum tw_status status = prepare(run);
    run->prepared = status == TW_OK;
    if (run->prepared)
        status = send_request(run);
    buffer_free(&run->url);
    atomic_store(&run->router->cancelled, false);
    bool owed =
        run->terms && (run->result->dispatch.steps.row_count || run->question.order.reservation);
    if (status != TW_OK && !owed) {
        tw_result_free(&run->result->result);
        run->result = NULL;
    }
    return status;
}

enum tw_status tw_router_chat(tw_router *router, const struct tw_chat *chat,
                              struct tw_result **result, struct tw_error *error)
{
    struct chat_run run = {.router = router, .chat = chat, .error = error};
    enum tw_status status = chat_through(&run);
    *result = run.result ? &run.result->result : NULL;
    return status;
}

enum tw_status router_chat_unsettled(tw_router *router, const struct tw_chat *chat,
                                     const struct chat_terms *terms, struct unsettled *unsettled,
                                     struct tw_error *error)
{
    struct chat_run run = {.router = router, .chat = chat, .error = error, .terms = terms};
    enum tw_status status = chat_through(&run);
    *unsettled = (struct unsettled){.result = run.result,
                                    .reservation = run.question.order.reservation,
                                    .prepared = run.prepared};
    return status;
}
