/* gateway/stand_in_chat.c: Chat Completions as bytes: the whole object, and the chunks of a
 * stream. Appends to the caller's buffer; fails only as the buffer does. */
#include "gateway/stand_in_internal.h"

static void print_usage(const struct call *call, struct buffer *out)
{
    const struct usage *usage = &call->usage;
    buffer_format(out,
                  "{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld,"
                  "\"prompt_tokens_details\":{\"cached_tokens\":%lld,\"audio_tokens\":0},"
                  "\"completion_tokens_details\":{\"reasoning_tokens\":%lld,\"audio_tokens\":0,"
                  "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}",
                  (long long)usage->prompt, (long long)usage->completion,
                  (long long)(usage->prompt + usage->completion), (long long)usage->cached,
                  (long long)usage->reasoning);
}

static void print_common(const struct call *call, struct buffer *out, const char *object)
{
    buffer_format(out, "{\"id\":\"%s\",\"object\":\"%s\",\"created\":%lld,\"model\":", call->id,
                  object, (long long)call_created(call));
    json_write_string(out, text_of(call->question.model));
}

static void print_fingerprint(const struct call *call, struct buffer *out)
{
    char name[11];
    uint64_t model = text_hash(text_of(call->question.model), 0);
    numbers_name(name, sizeof name - 1, call->stand_in->options.seed, model, 'p');
    buffer_format(out, "\"system_fingerprint\":\"fp_%s\"", name);
}

static const char *finish_reason(const struct call *call)
{
    return call->usage.cut_short ? "length" : "stop";
}

static void print_whole(const struct call *call, struct buffer *out)
{
    print_common(call, out, "chat.completion");
    buffer_string(out, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                       "\"content\":\"");
    content_print(call, out);
    buffer_format(out,
                  "\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,"
                  "\"finish_reason\":\"%s\"}],\"usage\":",
                  finish_reason(call));
    print_usage(call, out);
    buffer_format(out, ",\"service_tier\":\"%s\",", tier_reported(call->served));
    print_fingerprint(call, out);
    buffer_byte(out, '}');
}

static void begin_chunk(const struct call *call, struct buffer *out)
{
    buffer_string(out, "data: ");
    print_common(call, out, "chat.completion.chunk");
    buffer_format(out, ",\"service_tier\":\"%s\",", tier_reported(call->served));
    print_fingerprint(call, out);
    buffer_string(out, ",\"choices\":[");
}

/* A caller that asked for usage sees it as null in all chunks but the last. */
static void end_chunk(const struct call *call, struct buffer *out)
{
    buffer_string(out, call->question.include_usage ? "],\"usage\":null}\n\n" : "]}\n\n");
}

static void print_opening(struct call *call, struct buffer *out)
{
    begin_chunk(call, out);
    buffer_string(out, "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\","
                       "\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}");
    end_chunk(call, out);
}

static void print_piece(struct call *call, struct buffer *out, int64_t index)
{
    begin_chunk(call, out);
    buffer_string(out, "{\"index\":0,\"delta\":{\"content\":\"");
    piece_print(call, out, index);
    buffer_string(out, "\"},\"logprobs\":null,\"finish_reason\":null}");
    end_chunk(call, out);
}

static void print_closing(struct call *call, struct buffer *out)
{
    begin_chunk(call, out);
    buffer_format(out, "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"%s\"}",
                  finish_reason(call));
    end_chunk(call, out);
    if (call->question.include_usage) {
        begin_chunk(call, out);
        buffer_string(out, "],\"usage\":");
        print_usage(call, out);
        buffer_string(out, "}\n\n");
    }
    buffer_string(out, "data: [DONE]\n\n");
}

static void print_failure(struct call *call, struct buffer *out, const struct complaint *complaint)
{
    (void)call;
    buffer_string(out, "data: {\"error\":");
    complaint_print_inner(out, complaint);
    buffer_string(out, "}\n\n");
}

const struct wire_format chat_format = {print_whole, print_opening, print_piece, print_closing,
                                        print_failure};
