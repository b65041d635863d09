/* gateway/relay_report.c: what metrics and the access log are told about a request, once it is
 * over.
 *
 * Only reads the relay. What a request was asked for, chosen for and served at comes from the rows
 * that go to the ledger, so that all three agree. No text of a prompt or an answer is looked at. */
#include "gateway/relay.h"

#include "base/clock.h"

static const struct ledger_row *last_row(const struct relay *relay)
{
    bool any = relay->routed && relay->steps.row_count > 0;
    return any ? &relay->steps.rows[relay->steps.row_count - 1] : NULL;
}

/* Of an answer that the caller has got. */
static enum metrics_outcome outcome_of_routed(const struct relay *relay)
{
    switch (relay->reply) {
    case REPLY_REJECT:
        return METRICS_REJECTED;
    case REPLY_WHOLE:
    case REPLY_HELD:
        return relay->meaning == MEANING_SERVED ? METRICS_ANSWERED : METRICS_PROVIDER_ERROR;
    case REPLY_STREAM:
        return relay->broken ? METRICS_NO_ANSWER : METRICS_ANSWERED;
    case REPLY_NONE:
    case REPLY_NO_ANSWER:
        return METRICS_NO_ANSWER;
    }
    return METRICS_FAILED;
}

static enum metrics_outcome outcome_of(const struct relay *relay, enum exchange_end end)
{
    if (relay->outcome != METRICS_OUTCOMES)
        return relay->outcome;
    switch (end) {
    case EXCHANGE_LEFT:
        return METRICS_LEFT;
    case EXCHANGE_STOPPED:
        return METRICS_FAILED;
    case EXCHANGE_ABORTED:
        return METRICS_NO_ANSWER;
    case EXCHANGE_ANSWERED:
        break;
    }
    if (relay->routed)
        return outcome_of_routed(relay);
    return exchange_status(relay->exchange) < 400 ? METRICS_ANSWERED : METRICS_PROVIDER_ERROR;
}

static void count_attempts(const struct relay *relay)
{
    const struct metrics *metrics = relay->worker->options->metrics;
    for (size_t i = 0; i < relay->steps.row_count; i++) {
        const struct ledger_row *row = &relay->steps.rows[i];
        uint16_t tier = metrics_tier(metrics, row->attempted_tier);
        metrics_add(&relay->worker->metrics->attempts[tier][row->outcome], 1);
    }
}

/* The durations that the metrics and the log have in common; nanoseconds, -1 for none. */
struct durations {
    int64_t whole, first_byte;
};

static struct durations durations_of(const struct relay *relay)
{
    uint64_t now = uv_hrtime();
    bool begun = exchange_status(relay->exchange) > 0;
    struct durations durations = {(int64_t)(now - relay->begun), -1};
    if (relay->first_byte)
        durations.first_byte = (int64_t)(relay->first_byte - relay->begun);
    else if (begun && !relay->early)
        durations.first_byte = durations.whole;
    return durations;
}

static void measure(const struct relay *relay, const struct ledger_row *row,
                    enum metrics_outcome outcome, const struct durations *durations)
{
    const struct metrics *metrics = relay->worker->options->metrics;
    const uint16_t *labels = relay->policy ? relay->policy->snapshot->rule_labels : NULL;
    struct metrics_request request = {
        .requested = METRICS_NONE,
        .chosen = METRICS_NONE,
        .served = METRICS_NONE,
        .rule = row && labels ? labels[relay->rule_number] : METRICS_NONE,
        .outcome = outcome,
        .tokens = {LEDGER_UNKNOWN, LEDGER_UNKNOWN, LEDGER_UNKNOWN, LEDGER_UNKNOWN},
        .cost = LEDGER_UNKNOWN,
        .default_cost = LEDGER_UNKNOWN,
        .duration = durations->whole,
        .first_byte = durations->first_byte,
        .decision = relay->decision,
        .received = (int64_t)exchange_request(relay->exchange)->body.length,
        .sent = (int64_t)exchange_sent(relay->exchange),
    };
    if (row) {
        request.requested = metrics_tier(metrics, row->requested_tier);
        request.chosen = metrics_tier(metrics, row->chosen_tier);
        request.served = metrics_tier(metrics, row->served_tier);
        request.tokens[METRICS_INPUT] = row->input_tokens;
        request.tokens[METRICS_CACHED] = row->cached_tokens;
        request.tokens[METRICS_OUTPUT] = row->output_tokens;
        request.tokens[METRICS_REASONING] = row->reasoning_tokens;
        request.cost = row->cost;
        request.default_cost = row->default_cost;
        count_attempts(relay);
    }
    metrics_count_request(relay->worker->metrics, &request);
    metrics_add(relay->worker->metrics->open_requests[0], -1);
}

static void add_row(struct access_record *record, const struct ledger_row *row)
{
    record->request_id = row->request_id;
    record->model = row->model;
    record->requested = row->requested_tier;
    record->chosen = row->chosen_tier;
    record->served = row->served_tier;
    record->rule = row->rule;
    record->input = row->input_tokens;
    record->cached = row->cached_tokens;
    record->output = row->output_tokens;
    record->reasoning = row->reasoning_tokens;
    record->cost = row->cost;
    record->default_cost = row->default_cost;
}

static void log_line(const struct relay *relay, const struct ledger_row *row,
                     enum metrics_outcome outcome, const struct durations *durations)
{
    const struct http_request *request = exchange_request(relay->exchange);
    struct access_record record = {
        .instant = relay->instant,
        .caller = text_of(caller_name(relay->caller)),
        .method = request->method,
        .path = request->path,
        .status = exchange_status(relay->exchange),
        .outcome = text_of(metrics_outcome_word(outcome)),
        .attempts = row ? (int64_t)relay->steps.row_count : 0,
        .input = LEDGER_UNKNOWN,
        .cached = LEDGER_UNKNOWN,
        .output = LEDGER_UNKNOWN,
        .reasoning = LEDGER_UNKNOWN,
        .cost = LEDGER_UNKNOWN,
        .default_cost = LEDGER_UNKNOWN,
        .duration = durations->whole,
        .first_byte = durations->first_byte,
        .decision = relay->decision,
        .received = (int64_t)request->body.length,
        .sent = (int64_t)exchange_sent(relay->exchange),
    };
    if (relay->routed)
        record.policy = text_of(tw_policy_hash(relay->policy->snapshot->policy));
    if (row)
        add_row(&record, row);
    access_log_write(relay->worker->options->access_log, &record);
}

void relay_report(const struct relay *relay, enum exchange_end end)
{
    const struct worker *worker = relay->worker;
    if (!worker->metrics && !worker->options->access_log)
        return;
    const struct ledger_row *row = last_row(relay);
    const struct durations durations = durations_of(relay);
    enum metrics_outcome outcome = outcome_of(relay, end);
    if (worker->metrics)
        measure(relay, row, outcome, &durations);
    if (worker->options->access_log)
        log_line(relay, row, outcome, &durations);
}
