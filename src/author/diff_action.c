/* author/diff_action.c: see diff_action.h. Appends to the caller's buffers and keeps nothing. */
#include "author/diff_action.h"

#include "base/json.h"

static void step_text(const struct fixed_action *fixed, const struct step *step, size_t index,
                      struct buffer *out)
{
    buffer_format(out, "%s%.*s", index ? " else " : "",
                  TEXT_ARGUMENTS(fixed->policy->tiers[fixed->tiers[index]]));
    if (step && step->timeout_milliseconds >= 0) {
        buffer_string(out, " timeout ");
        value_print(out, TW_TYPE_DURATION, step->timeout_milliseconds);
    }
    if (step && step->retry_count)
        buffer_format(out, " retry %u", step->retry_count);
}

void fixed_action_text(const struct fixed_action *fixed, struct buffer *out)
{
    size_t index = 0;
    if (!fixed->action)
        step_text(fixed, NULL, 0, out);
    for (const struct step *step = fixed->action ? fixed->action->steps : NULL; step;
         step = step->next)
        step_text(fixed, step, index++, out);
    if (!fixed->action || !fixed->action->reject)
        return;
    buffer_string(out, index ? " else reject" : "reject");
    buffer_string(out, fixed->action->reason.length ? " " : "");
    if (fixed->action->reason.length)
        value_quote(out, fixed->action->reason);
}

static void write_tier(const struct fixed_action *fixed, size_t index, struct buffer *out)
{
    json_write_string(out, fixed->policy->tiers[fixed->tiers[index]]);
}

static void write_options(const struct step *step, struct buffer *out)
{
    if (step->timeout_milliseconds >= 0)
        buffer_format(out, ", \"timeout_ms\": %lld", (long long)step->timeout_milliseconds);
    if (step->retry_count)
        buffer_format(out, ", \"retry\": %u", step->retry_count);
}

static void write_else(const struct fixed_action *fixed, const struct step *steps,
                       struct buffer *out)
{
    bool plain = true;
    size_t index = 1;
    for (const struct step *step = steps; step; step = step->next, index++) {
        buffer_string(out, index == 1 ? ", \"else\": [" : ", ");
        write_tier(fixed, index, out);
        plain &= step->timeout_milliseconds < 0 && step->retry_count == 0;
    }
    buffer_string(out, steps ? "]" : "");
    index = 1;
    for (const struct step *step = plain ? NULL : steps; step; step = step->next, index++) {
        buffer_string(out, index == 1 ? ", \"else_steps\": [{\"tier\": " : ", {\"tier\": ");
        write_tier(fixed, index, out);
        write_options(step, out);
        buffer_byte(out, '}');
    }
    buffer_string(out, plain ? "" : "]");
}

void fixed_action_json(const struct fixed_action *fixed, struct buffer *out)
{
    const struct step *first = fixed->action ? fixed->action->steps : NULL;
    buffer_string(out, "{\"tier\": ");
    if (first || !fixed->action)
        write_tier(fixed, 0, out);
    else
        buffer_string(out, "null");
    if (first) {
        write_options(first, out);
        write_else(fixed, first->next, out);
    }
    if (fixed->action && fixed->action->reject) {
        buffer_string(out, ", \"reject\": ");
        json_write_string(out, fixed->action->reason);
    }
    buffer_byte(out, '}');
}
