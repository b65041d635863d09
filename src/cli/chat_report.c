/* cli/chat_report.c: see chat_report.h. Appends to the caller's buffer; fails only as that does. */
#include "cli/chat_report.h"

#include "base/json.h"
#include "base/value.h"

static const char *or_none(const char *text)
{
    return text ? text : "none";
}

static void money_text(struct buffer *out, int64_t money)
{
    if (money == -1) {
        buffer_string(out, "not known");
        return;
    }
    buffer_string(out, money < 0 ? "-$" : "$");
    decimal_print(out, money < 0 ? -money : money, MONEY_PLACES);
}

static bool is_compared(const struct tw_result *result)
{
    return result->cost >= 0 && result->default_cost >= 0;
}

static void cost_line(const struct tw_result *result, struct buffer *out)
{
    buffer_string(out, "cost:     ");
    money_text(out, result->cost);
    buffer_string(out, "; at default ");
    money_text(out, result->default_cost);
    if (is_compared(result)) {
        int64_t saved = result->default_cost - result->cost;
        buffer_string(out, saved < 0 ? "; more by " : "; saved ");
        money_text(out, saved < 0 ? -saved : saved);
    }
    buffer_byte(out, '\n');
}

static void count_text(struct buffer *out, const char *before, int64_t count, const char *unit)
{
    buffer_string(out, before);
    if (count < 0)
        buffer_byte(out, '?');
    else
        buffer_number(out, count);
    buffer_string(out, unit);
}

static void tokens_line(const struct tw_result *result, struct buffer *out)
{
    count_text(out, "tokens:   ", result->input_tokens, " input");
    if (result->cached_tokens > 0)
        count_text(out, " (", result->cached_tokens, " cached)");
    count_text(out, ", ", result->output_tokens, " output");
    if (result->reasoning_tokens > 0)
        count_text(out, " (", result->reasoning_tokens, " reasoning)");
    buffer_byte(out, '\n');
}

static void attempts_line(const struct tw_result *result, struct buffer *out)
{
    buffer_string(out, "attempts: ");
    for (size_t i = 0; i < result->attempt_count; i++) {
        const struct tw_attempt *attempt = &result->attempts[i];
        if (!attempt->tier) {
            buffer_string(out, "none, nothing was sent");
            continue;
        }
        buffer_format(out, "%s%s %s (", i ? "; " : "", attempt->tier, attempt->outcome);
        if (attempt->http_status)
            buffer_format(out, "%d, ", attempt->http_status);
        buffer_format(out, "%lld ms)", (long long)attempt->latency);
    }
    buffer_byte(out, '\n');
}

void chat_report_text(const struct tw_result *result, struct buffer *out)
{
    bool answered = result->outcome == TW_ANSWERED;
    const char *unknown = answered ? "not said" : "none";
    buffer_format(out, "tier:     %s (requested %s, chosen %s)\n",
                  result->served_tier ? result->served_tier : unknown,
                  or_none(result->requested_tier), or_none(result->chosen_tier));
    buffer_format(out, "rule:     %s", result->rule);
    if (result->line)
        buffer_format(out, " (line %u)", result->line);
    buffer_byte(out, '\n');
    if (answered) {
        tokens_line(result, out);
        cost_line(result, out);
    }
    attempts_line(result, out);
}

static void string_member(struct buffer *out, const char *name, const char *text)
{
    buffer_format(out, "\"%s\": ", name);
    if (text)
        json_write_string(out, text_of(text));
    else
        buffer_string(out, "null");
    buffer_string(out, ", ");
}

static void number_member(struct buffer *out, const char *name, int64_t number,
                          const char *separator)
{
    buffer_format(out, "\"%s\": ", name);
    if (number < 0)
        buffer_string(out, "null");
    else
        buffer_number(out, number);
    buffer_string(out, separator);
}

static void money_member(struct buffer *out, const char *name, bool known, int64_t money)
{
    buffer_format(out, "\"%s\": ", name);
    if (known) {
        buffer_byte(out, '"');
        decimal_print(out, money, MONEY_PLACES);
        buffer_string(out, "\", ");
    } else {
        buffer_string(out, "null, ");
    }
}

static void attempts_json(const struct tw_result *result, struct buffer *out)
{
    buffer_string(out, "\"attempts\": [");
    for (size_t i = 0; i < result->attempt_count; i++) {
        const struct tw_attempt *attempt = &result->attempts[i];
        buffer_string(out, i ? ", {" : "{");
        string_member(out, "tier", attempt->tier);
        string_member(out, "outcome", attempt->outcome);
        number_member(out, "http_status", attempt->http_status ? attempt->http_status : -1, ", ");
        number_member(out, "latency_ms", attempt->latency, "}");
    }
    buffer_byte(out, ']');
}

/* What went wrong, where something did. */
static void error_json(const struct tw_result *result, struct buffer *out)
{
    static const char *const kinds[] = {[TW_ANSWERED] = "",
                                        [TW_REJECTED] = "rejected",
                                        [TW_PROVIDER_ERROR] = "provider",
                                        [TW_NO_ANSWER] = "no_answer",
                                        [TW_STOPPED] = "stopped"};
    if (result->outcome == TW_ANSWERED)
        return;
    buffer_string(out, ", \"error\": {");
    string_member(out, "kind", kinds[result->outcome]);
    string_member(out, "message", result->message);
    string_member(out, "type", result->error_type);
    string_member(out, "code", result->error_code);
    number_member(out, "http_status", result->http_status ? result->http_status : -1, "}");
}

void chat_report_json(const struct tw_result *result, struct buffer *out)
{
    bool answered = result->outcome == TW_ANSWERED;
    buffer_string(out, "{\"content\": ");
    if (answered)
        json_write_string(out, (struct text){result->content, result->content_length});
    else
        buffer_string(out, "null");
    buffer_string(out, ", ");
    string_member(out, "requested_tier", result->requested_tier);
    string_member(out, "chosen_tier", result->chosen_tier);
    string_member(out, "served_tier", result->served_tier);
    string_member(out, "rule", result->rule);
    number_member(out, "line", result->line ? (int64_t)result->line : -1, ", \"tokens\": {");
    number_member(out, "input", result->input_tokens, ", ");
    number_member(out, "output", result->output_tokens, ", ");
    number_member(out, "total", result->total_tokens, ", ");
    number_member(out, "cached", result->cached_tokens, ", ");
    number_member(out, "reasoning", result->reasoning_tokens, "}, ");
    money_member(out, "cost", result->cost >= 0, result->cost);
    money_member(out, "default_cost", result->default_cost >= 0, result->default_cost);
    money_member(out, "saved", is_compared(result), result->default_cost - result->cost);
    attempts_json(result, out);
    error_json(result, out);
    buffer_format(out, ", \"accounted\": %s}\n", result->ledger == TW_OK ? "true" : "false");
}
