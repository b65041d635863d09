/* runtime/router_result.c: see router_result.h. Owns all that the public struct points to. */
#include "runtime/router_result.h"

#include <stdlib.h>

struct result *result_new(void)
{
    struct result *result = calloc(1, sizeof *result);
    if (result)
        dispatch_init(&result->dispatch);
    return result;
}

void tw_result_free(struct tw_result *public_result)
{
    struct result *result = (struct result *)public_result;
    if (!result)
        return;
    dispatch_free(&result->dispatch);
    free(result);
}

void result_account(struct result *result, struct store *store, int64_t reservation)
{
    struct dispatch *dispatch = &result->dispatch;
    struct tw_error error = {.code = TW_OK};
    if (!store)
        return;
    enum tw_status status = ledger_settle(store, dispatch->steps.rows, dispatch->steps.row_count,
                                          &reservation, 1, &error);
    result->result.ledger = status;
    if (status != TW_OK)
        result->result.ledger_message = arena_text(&dispatch->arena, text_of(error.message)).data;
}

/* A copy that ends in NUL; NULL for an empty text. */
static const char *kept(struct dispatch *dispatch, struct text text)
{
    return text.length ? arena_text(&dispatch->arena, text).data : NULL;
}

/* A buffer's text ends in NUL. */
static const char *shown(const struct buffer *buffer)
{
    return buffer->length ? buffer->data : NULL;
}

static enum tw_outcome outcome_of(const struct dispatch *dispatch, bool cancelled)
{
    if (dispatch->meaning == MEANING_SERVED && dispatch->steps.row_count &&
        !dispatch->steps.rejected)
        return TW_ANSWERED;
    if (cancelled || dispatch->attempt.stopped || dispatch->steps.row_count == 0)
        return TW_STOPPED;
    if (dispatch->steps.rejected)
        return TW_REJECTED;
    bool said = dispatch->attempt.answer.failed || dispatch->attempt.http_status >= 300;
    return said && dispatch->meaning != MEANING_TIMED_OUT ? TW_PROVIDER_ERROR : TW_NO_ANSWER;
}

static const char *message_of(struct dispatch *dispatch, enum tw_outcome outcome,
                              const struct tw_action *action)
{
    const struct attempt *attempt = &dispatch->attempt;
    switch (outcome) {
    case TW_ANSWERED:
        return NULL;
    case TW_REJECTED:
        return action->reason[0] ? action->reason : NULL;
    case TW_STOPPED:
        return "broken off by the caller";
    case TW_PROVIDER_ERROR:
        if (attempt->answer.error_message.length)
            return shown(&attempt->answer.error_message);
        return arena_format(&dispatch->arena, "HTTP status %d without a message",
                            attempt->http_status)
            .data;
    case TW_NO_ANSWER:
        if (dispatch->failure.code != TW_OK)
            return dispatch->failure.message;
        return attempt->reading == TW_LIMIT ? "the answer is larger than is read"
               : attempt->event_stream      ? "the stream ended before the answer did"
                                            : "the answer is not one of this API";
    }
    return NULL;
}

static void describe_attempts(struct result *result)
{
    struct dispatch *dispatch = &result->dispatch;
    size_t count = dispatch->steps.row_count;
    struct tw_attempt *attempts = ARENA_ARRAY(&dispatch->arena, struct tw_attempt, count + 1);
    for (size_t i = 0; attempts && i < count; i++) {
        const struct ledger_row *row = &dispatch->steps.rows[i];
        attempts[i] = (struct tw_attempt){
            .tier = kept(dispatch, row->attempted_tier),
            .outcome = ledger_outcome_name((enum ledger_outcome)row->outcome),
            .http_status = row->http_status == LEDGER_UNKNOWN ? 0 : (int)row->http_status,
            .latency = row->latency,
            .delay = row->delay_added};
    }
    result->result.attempts = attempts;
    result->result.attempt_count = count;
}

static void describe_money(struct result *result)
{
    const struct dispatch *dispatch = &result->dispatch;
    struct ledger_row none;
    ledger_row_init(&none);
    const struct ledger_row *row =
        dispatch->steps.row_count ? &dispatch->steps.rows[dispatch->steps.row_count - 1] : &none;
    result->result.served_tier = kept(&result->dispatch, row->served_tier);
    result->result.input_tokens = row->input_tokens;
    result->result.cached_tokens = row->cached_tokens;
    result->result.output_tokens = row->output_tokens;
    result->result.reasoning_tokens = row->reasoning_tokens;
    result->result.total_tokens = dispatch->attempt.answer.total_tokens;
    result->result.cost = row->cost;
    result->result.default_cost = row->default_cost;
}

enum tw_status result_describe(struct result *result, const struct account *account,
                               const struct tw_action *action, bool cancelled,
                               struct tw_error *error)
{
    struct dispatch *dispatch = &result->dispatch;
    const struct attempt *attempt = &dispatch->attempt;
    struct tw_result *view = &result->result;
    view->outcome = outcome_of(dispatch, cancelled);
    view->http_status = attempt->http_status;
    view->message = message_of(dispatch, view->outcome, action);
    view->error_type = shown(&attempt->answer.error_type);
    view->error_code = shown(&attempt->answer.error_code);
    view->content = buffer_view(&attempt->answer.content).data;
    view->content_length = attempt->answer.content.length;
    view->body = buffer_view(&attempt->whole).data;
    view->body_length = attempt->whole.length;
    view->request_id = kept(dispatch, account->request_id);
    view->requested_tier = kept(dispatch, account->requested_tier);
    view->chosen_tier = kept(dispatch, account->chosen_tier);
    view->rule = result->rule.name;
    view->line = result->rule.line;
    describe_attempts(result);
    describe_money(result);
    return dispatch->arena.failed ? fail(error, TW_NO_MEMORY, "out of memory") : TW_OK;
}
