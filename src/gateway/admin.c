/* gateway/admin.c: which path is asked, and who may ask it.
 *
 * Owns the admin itself; everything else belongs to whoever opened it. */
#include "gateway/admin_internal.h"

#include "base/clock.h"
#include "gateway/api_error.h"
#include "gateway/local_host.h"

#include <stdlib.h>
#include <string.h>

#define ADMIN_PREFIX "/tierway/"

struct route {
    const char *path;
    bool post; /* else GET or HEAD */
    bool open; /* needs no key */
    void (*show)(struct admin *admin, struct admin_answer *answer);
    admin_work work; /* where show is NULL */
};

static const struct route *find_route(struct text path)
{
    static const struct route routes[] = {
        {"/tierway/healthz", false, true, admin_show_health, NULL},
        {"/tierway/readyz", false, true, admin_show_readiness, NULL},
        {"/tierway/metrics", false, false, admin_show_metrics, NULL},
        {"/tierway/policy", false, false, admin_show_policy, NULL},
        {"/tierway/stats", false, false, NULL, admin_make_stats},
        {"/tierway/decide", true, false, NULL, admin_make_decision},
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (text_is(path, routes[i].path))
            return &routes[i];
    return NULL;
}

enum tw_status admin_open(const struct admin_options *options, struct admin **result)
{
    struct admin *admin = calloc(1, sizeof *admin);
    *result = admin;
    if (!admin)
        return TW_NO_MEMORY;
    admin->options = *options;
    admin->started = clock_system() / 1000000000;
    pthread_mutex_init(&admin->guard, NULL);
    return TW_OK;
}

void admin_close(struct admin *admin)
{
    if (!admin)
        return;
    pthread_mutex_destroy(&admin->guard);
    free(admin);
}

void admin_set_gateway(struct admin *admin, const struct gateway *gateway)
{
    atomic_store(&admin->gateway, gateway);
}

void admin_set_draining(struct admin *admin)
{
    atomic_store(&admin->draining, true);
}

void admin_answer_error(struct admin_answer *answer, int status, const char *code,
                        const char *message)
{
    const struct api_error error = {.type = status < 500 ? "invalid_request_error" : "server_error",
                                    .code = code,
                                    .message = message};
    answer->status = status;
    answer->type = "application/json";
    buffer_clear(&answer->body);
    api_error_print(&answer->body, &error);
}

void admin_send(struct exchange *exchange, struct admin_answer *answer)
{
    const struct http_header headers[] = {
        {TEXT("content-type"), text_of(answer->type)},
        {TEXT("cache-control"), TEXT("no-store")},
    };
    if (answer->body.status ||
        exchange_answer(exchange, answer->status, headers, sizeof headers / sizeof headers[0],
                        buffer_view(&answer->body)))
        exchange_reset(exchange);
}

/* Where nobody needs a key. False, and the answer says why. */
static bool may_ask_without(const struct admin *admin, const struct http_request *request,
                            struct admin_answer *answer)
{
    if (!admin->options.local || is_local_host(http_header_value(request, "host")))
        return true;
    admin_answer_error(answer, 403, "host_not_allowed",
                       "These paths answer to 127.0.0.1 and localhost only.");
    return false;
}

/* False, and the answer says why. */
static bool may_ask_with(const struct callers *callers, const struct http_request *request,
                         struct admin_answer *answer)
{
    struct key_hasher *hasher = key_hasher_new();
    const struct caller *caller = callers_find(callers, hasher, request);
    key_hasher_free(hasher);
    if (!caller)
        admin_answer_error(answer, 401, "invalid_api_key", "This path needs a caller's key.");
    else if (!caller_is_admin(caller))
        admin_answer_error(answer, 403, "not_an_admin", "This caller may not ask this path.");
    return caller && caller_is_admin(caller);
}

static bool may_ask(const struct admin *admin, const struct http_request *request,
                    struct admin_answer *answer)
{
    struct snapshot *snapshot = policy_acquire(admin->options.policies);
    bool may = callers_required(snapshot->callers)
                   ? may_ask_with(snapshot->callers, request, answer)
                   : may_ask_without(admin, request, answer);
    snapshot_release(snapshot);
    return may;
}

static bool method_fits(const struct route *route, struct text method)
{
    if (route->post)
        return text_is(method, "POST");
    return text_is(method, "GET") || text_is(method, "HEAD");
}

/* True where the answer is made; false where a job will make it. */
static bool make_answer(struct admin *admin, struct exchange *exchange, struct admin_answer *answer)
{
    const struct http_request *request = exchange_request(exchange);
    const struct route *route = find_route(request->path);
    if ((!route || !route->open) && !may_ask(admin, request, answer))
        return true;
    if (!route) {
        admin_answer_error(answer, 404, "not_found", "There is no such path of the gateway.");
    } else if (!method_fits(route, request->method)) {
        admin_answer_error(answer, 405, "method_not_supported",
                           route->post ? "This path is asked with POST."
                                       : "This path is asked with GET.");
    } else if (route->show) {
        route->show(admin, answer);
    } else if (admin_job_start(admin, exchange, route->work)) {
        return false;
    } else {
        admin_answer_error(answer, 503, "out_of_memory", "The gateway is out of memory.");
    }
    return true;
}

bool admin_own_path(struct exchange *exchange, void *context)
{
    struct text path = exchange_request(exchange)->path;
    const size_t prefix = strlen(ADMIN_PREFIX);
    if (path.length < prefix || memcmp(path.data, ADMIN_PREFIX, prefix) != 0)
        return false;
    struct admin_answer answer = {.status = 200, .type = "application/json"};
    buffer_init(&answer.body, ADMIN_BODY_MAX);
    if (make_answer(context, exchange, &answer))
        admin_send(exchange, &answer);
    buffer_free(&answer.body);
    return true;
}

void admin_own_ended(struct exchange *exchange, void *context)
{
    admin_job_ended(context, exchange);
}
