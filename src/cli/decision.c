/* cli/decision.c: see decision.h. */
#include "cli/decision.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/value.h"

static void else_json(const struct tw_action *action, struct buffer *out)
{
    for (size_t i = 1; i < action->step_count; i++) {
        buffer_string(out, i == 1 ? ", \"else\": [" : ", ");
        json_write_string(out, text_of(action->steps[i].name));
    }
    if (action->step_count > 1)
        buffer_byte(out, ']');
}

void decision_json(const tw_policy *policy, const tw_request *request, uint32_t rule,
                   struct buffer *out)
{
    struct tw_rule description;
    struct tw_action action;
    if (!tw_policy_rule(policy, rule, &description) ||
        !tw_policy_action(policy, request, rule, &action))
        return;
    const struct tw_step *first = action.step_count ? &action.steps[0] : NULL;
    buffer_string(out, "\"tier\": ");
    if (first)
        json_write_string(out, text_of(first->name));
    else
        buffer_string(out, "null");
    buffer_string(out, ", \"rule\": ");
    json_write_string(out, text_of(description.name));
    if (description.line)
        buffer_format(out, ", \"line\": %u", description.line);
    else
        buffer_string(out, ", \"line\": null");
    if (first && first->timeout >= 0)
        buffer_format(out, ", \"timeout_ms\": %lld", (long long)first->timeout);
    if (first && first->retry)
        buffer_format(out, ", \"retry\": %u", first->retry);
    else_json(&action, out);
    if (action.reject) {
        buffer_string(out, ", \"reject\": ");
        json_write_string(out, text_of(action.reason));
    }
}

static void step_text(const struct tw_step *step, struct buffer *out)
{
    buffer_string(out, step->name);
    if (step->strict)
        buffer_string(out, " strict");
    if (step->timeout >= 0) {
        buffer_string(out, " timeout ");
        value_print(out, TW_TYPE_DURATION, step->timeout);
    }
    if (step->retry)
        buffer_format(out, " retry %u", step->retry);
}

void decision_text(const tw_policy *policy, const tw_request *request, uint32_t rule,
                   struct buffer *out)
{
    struct tw_rule description;
    struct tw_action action;
    if (!tw_policy_rule(policy, rule, &description) ||
        !tw_policy_action(policy, request, rule, &action))
        return;
    for (size_t i = 0; i < action.step_count; i++) {
        buffer_string(out, i ? " else " : "");
        step_text(&action.steps[i], out);
    }
    if (action.reject) {
        buffer_string(out, action.step_count ? " else reject" : "reject");
        buffer_string(out, action.reason[0] ? " " : "");
        if (action.reason[0])
            value_quote(out, text_of(action.reason));
    }
    if (description.line)
        buffer_format(out, "\n  by %s (%s:%u:%u)\n", description.name, description.file,
                      description.line, description.column);
    else
        buffer_string(out, "\n  by the implicit default: no rule takes this request\n");
}

enum tw_status decision_texts_make(struct decision_texts *texts, const tw_policy *policy)
{
    uint32_t count = tw_policy_rule_count(policy) + 1;
    buffer_init(&texts->text, 1u << 30);
    texts->parts = calloc(count, sizeof *texts->parts);
    if (!texts->parts)
        return TW_NO_MEMORY;
    for (uint32_t rule = 0; rule < count; rule++) {
        struct decision_part *part = &texts->parts[rule];
        struct tw_action action;
        part->start = texts->text.length;
        part->whole = tw_policy_action(policy, NULL, rule, &action) && !action.reads_attribute;
        buffer_byte(&texts->text, '{');
        decision_json(policy, NULL, rule, &texts->text);
        buffer_string(&texts->text, "}\n");
        part->length = texts->text.length - part->start;
    }
    return texts->text.status;
}

void decision_texts_free(struct decision_texts *texts)
{
    free(texts->parts);
    buffer_free(&texts->text);
}

void decision_texts_write(const struct decision_texts *texts, const tw_policy *policy,
                          const tw_request *request, uint32_t rule, struct buffer *out)
{
    const struct decision_part *part = &texts->parts[rule];
    if (part->whole) {
        buffer_append(out, texts->text.data + part->start, part->length);
        return;
    }
    buffer_byte(out, '{');
    decision_json(policy, request, rule, out);
    buffer_string(out, "}\n");
}
