/* gateway/route_budget.c: a request whose policy reads budgets is decided on the ledger's thread,
 * where what was spent is known to the last request.
 *
 * An ask owns all that the other thread reads: the request's attributes with their texts, and what
 * the estimate needs. A caller that leaves meanwhile leaves the ask behind; its reservation is
 * given back when it returns. */
#include "gateway/api_error.h"
#include "gateway/relay.h"

#include <stdlib.h>

enum { ARENA_BYTES = 1 << 20 };

struct budget_ask {
    struct relay *relay; /* NULL: the caller has left */
    struct ledger_desk *desk;
    struct worker_policy *policy; /* held */
    struct arena arena;
    struct budget_question question; /* its request is the ask's own */
};

static void ask_free(struct budget_ask *ask)
{
    tw_request_free(ask->question.request);
    worker_policy_release(ask->policy);
    arena_free(&ask->arena);
    free(ask);
}

static void answer_unavailable(struct relay *relay)
{
    static const struct api_error error = {
        .type = "server_error",
        .code = "ledger_unavailable",
        .message = "What was spent of the budgets cannot be told, so nothing was sent."};
    relay->recorded = true; /* nothing was attempted */
    relay->outcome = METRICS_FAILED;
    relay_answer_error(relay, 500, &error, true);
}

static void on_decided(void *context, enum tw_status status)
{
    struct budget_ask *ask = context;
    struct relay *relay = ask->relay;
    int64_t reservation = ask->question.order.reservation;
    if (relay) {
        relay->ask = NULL;
        if (status == TW_OK)
            route_decided(relay, &ask->question);
        else
            answer_unavailable(relay);
    } else if (reservation) {
        ledger_desk_settle(ask->desk, NULL, 0, reservation, NULL, NULL, NULL, NULL);
    }
    ask_free(ask);
}

/* The worker's request goes to the ask; another one takes its place. */
static enum tw_status take_request(struct worker_policy *policy, tw_request **taken)
{
    tw_request *fresh;
    enum tw_status status = tw_request_new(policy->snapshot->policy, &fresh);
    if (status != TW_OK)
        return status;
    *taken = policy->request;
    policy->request = fresh;
    return request_keep_texts(*taken);
}

static enum tw_status fill_ask(struct budget_ask *ask, const struct budget_question *question,
                               struct tw_error *error)
{
    ask->question = *question;
    ask->question.request = NULL;
    ask->question.model = arena_text(&ask->arena, question->model);
    if (take_request(ask->policy, &ask->question.request) != TW_OK)
        return fail(error, TW_NO_MEMORY, "out of memory");
    enum tw_status status = budget_question_open(&ask->question, &ask->arena, error);
    if (status == TW_OK)
        status = ledger_desk_reserve(ask->desk, &ask->question.order, on_decided, ask, error);
    return status;
}

enum tw_status route_ask(struct relay *relay, const struct budget_question *question,
                         struct tw_error *error)
{
    struct budget_ask *ask = calloc(1, sizeof *ask);
    if (!ask)
        return fail(error, TW_NO_MEMORY, "out of memory");
    arena_init(&ask->arena, ARENA_BYTES);
    ask->relay = relay;
    ask->desk = relay->worker->desk;
    ask->policy = worker_policy_hold(relay->worker);
    enum tw_status status = fill_ask(ask, question, error);
    if (status == TW_OK)
        relay->ask = ask;
    else
        ask_free(ask);
    return status;
}

void route_leave_ask(struct relay *relay)
{
    if (relay->ask)
        relay->ask->relay = NULL;
    relay->ask = NULL;
}
