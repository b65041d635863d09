/* gateway/stand_in_responses.c: the Responses API as bytes: the whole object, and the events of a
 * stream. Early events report the tier as asked, only the last one as served: so does OpenAI.
 * Appends to the caller's buffer; fails only as the buffer does. */
#include "gateway/stand_in_internal.h"

/* Ids of a response and of its message share their digits. */
static const char *digits_of(const struct call *call)
{
    return call->id + sizeof "resp_" - 1;
}

static void print_usage(const struct call *call, struct buffer *out)
{
    const struct usage *usage = &call->usage;
    buffer_format(out,
                  "{\"input_tokens\":%lld,\"input_tokens_details\":{\"cached_tokens\":%lld},"
                  "\"output_tokens\":%lld,\"output_tokens_details\":{\"reasoning_tokens\":%lld},"
                  "\"total_tokens\":%lld}",
                  (long long)usage->prompt, (long long)usage->cached, (long long)usage->completion,
                  (long long)usage->reasoning, (long long)(usage->prompt + usage->completion));
}

static void print_part(const struct call *call, struct buffer *out, bool with_text)
{
    buffer_string(out, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"");
    if (with_text)
        content_print(call, out);
    buffer_string(out, "\"}");
}

static const char *final_status(const struct call *call)
{
    return call->usage.cut_short ? "incomplete" : "completed";
}

static void print_item(const struct call *call, struct buffer *out, bool done)
{
    buffer_format(out, "{\"id\":\"msg_%s\",\"type\":\"message\",\"status\":\"%s\",\"content\":[",
                  digits_of(call), done ? final_status(call) : "in_progress");
    if (done)
        print_part(call, out, true);
    buffer_string(out, "],\"role\":\"assistant\"}");
}

/* Up to, and without, the members that depend on how far it has got. */
static void print_head(const struct call *call, struct buffer *out, const char *status,
                       const char *tier)
{
    buffer_format(out,
                  "{\"id\":\"%s\",\"object\":\"response\",\"created_at\":%lld,\"status\":\"%s\","
                  "\"background\":false,\"service_tier\":\"%s\",\"model\":",
                  call->id, (long long)call_created(call), status, tier);
    json_write_string(out, text_of(call->question.model));
}

static void print_unfinished(const struct call *call, struct buffer *out)
{
    const char *asked = tier_word_asked(call->question.asked);
    print_head(call, out, "in_progress", asked[0] ? asked : "auto");
    buffer_string(out, ",\"error\":null,\"incomplete_details\":null,\"output\":[],\"usage\":null}");
}

static void print_whole(const struct call *call, struct buffer *out)
{
    print_head(call, out, final_status(call), tier_reported(call->served));
    buffer_format(out, ",\"error\":null,\"incomplete_details\":%s,\"output\":[",
                  call->usage.cut_short ? "{\"reason\":\"max_output_tokens\"}" : "null");
    print_item(call, out, true);
    buffer_string(out, "],\"usage\":");
    print_usage(call, out);
    buffer_byte(out, '}');
}

/* `event: NAME` and the object's first members; what follows starts with a comma. */
static void begin_event(struct call *call, struct buffer *out, const char *name)
{
    buffer_format(out, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%llu", name, name,
                  (unsigned long long)call->sequence++);
}

static void end_event(struct buffer *out)
{
    buffer_string(out, "}\n\n");
}

static void print_place(const struct call *call, struct buffer *out)
{
    buffer_format(out, ",\"item_id\":\"msg_%s\",\"output_index\":0,\"content_index\":0",
                  digits_of(call));
}

static void print_opening(struct call *call, struct buffer *out)
{
    static const char *const names[] = {"response.created", "response.in_progress"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        begin_event(call, out, names[i]);
        buffer_string(out, ",\"response\":");
        print_unfinished(call, out);
        end_event(out);
    }
}

static void print_item_start(struct call *call, struct buffer *out)
{
    begin_event(call, out, "response.output_item.added");
    buffer_string(out, ",\"output_index\":0,\"item\":");
    print_item(call, out, false);
    end_event(out);
    begin_event(call, out, "response.content_part.added");
    print_place(call, out);
    buffer_string(out, ",\"part\":");
    print_part(call, out, false);
    end_event(out);
}

static void print_piece(struct call *call, struct buffer *out, int64_t index)
{
    if (index == 0)
        print_item_start(call, out);
    begin_event(call, out, "response.output_text.delta");
    print_place(call, out);
    buffer_string(out, ",\"delta\":\"");
    piece_print(call, out, index);
    buffer_string(out, "\",\"logprobs\":[]");
    end_event(out);
}

static void print_closing(struct call *call, struct buffer *out)
{
    begin_event(call, out, "response.output_text.done");
    print_place(call, out);
    buffer_string(out, ",\"text\":\"");
    content_print(call, out);
    buffer_string(out, "\",\"logprobs\":[]");
    end_event(out);
    begin_event(call, out, "response.content_part.done");
    print_place(call, out);
    buffer_string(out, ",\"part\":");
    print_part(call, out, true);
    end_event(out);
    begin_event(call, out, "response.output_item.done");
    buffer_string(out, ",\"output_index\":0,\"item\":");
    print_item(call, out, true);
    end_event(out);
    begin_event(call, out, call->usage.cut_short ? "response.incomplete" : "response.completed");
    buffer_string(out, ",\"response\":");
    print_whole(call, out);
    end_event(out);
}

static void print_failed(struct call *call, struct buffer *out, const struct complaint *complaint)
{
    begin_event(call, out, "response.failed");
    buffer_string(out, ",\"response\":");
    print_head(call, out, "failed", tier_reported(call->served));
    buffer_string(out, ",\"error\":{\"code\":");
    json_write_string(out, text_of(complaint->code[0] ? complaint->code : complaint->type));
    buffer_string(out, ",\"message\":");
    json_write_string(out, text_of(complaint->message));
    buffer_string(out, "},\"incomplete_details\":null,\"output\":[],\"usage\":null}");
    end_event(out);
}

static void print_failure(struct call *call, struct buffer *out, const struct complaint *complaint)
{
    if (call->as_response_failed) {
        print_failed(call, out, complaint);
        return;
    }
    begin_event(call, out, "error");
    buffer_string(out, ",\"error\":");
    complaint_print_inner(out, complaint);
    end_event(out);
}

const struct wire_format responses_format = {print_whole, print_opening, print_piece, print_closing,
                                             print_failure};
