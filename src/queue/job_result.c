/* queue/job_result.c: see job_result.h. Reads the line of a batch's output that a job ended with;
 * what is missing there is not known, never an error. */
#include "queue/job_result.h"

#include "base/arena.h"
#include "runtime/answer.h"

#include <stdlib.h>

/* The public struct first, so that one can be had from the other. */
struct made_result {
    struct tw_job_result result;
    struct arena arena;
    struct answer answer;
};

/* A member of an object; a value without data where there is none. */
static struct json_value member(struct json_value object, struct text name)
{
    struct json_value value;
    if (json_find(object, name, &value) != TW_OK)
        value = (struct json_value){JSON_NULL, {NULL, 0}};
    return value;
}

/* A string's text, ending in NUL; NULL for anything else, and for an empty one. */
static const char *string_of(struct made_result *made, struct json_value value)
{
    struct buffer decoded;
    const char *text = NULL;
    if (value.kind != JSON_STRING)
        return NULL;
    buffer_init(&decoded, JOB_BYTES_MAX);
    if (json_string_decode(value, &decoded) == TW_OK && decoded.length)
        text = arena_text(&made->arena, buffer_view(&decoded)).data;
    else if (decoded.status == TW_NO_MEMORY)
        made->arena.failed = true;
    buffer_free(&decoded);
    return text;
}

static const char *shown(const struct buffer *buffer)
{
    return buffer->length ? buffer->data : NULL;
}

static enum tw_status describe_body(struct made_result *made, struct json_value body)
{
    struct tw_job_result *result = &made->result;
    const struct token_usage *usage = &made->answer.usage;
    struct text kept = arena_text(&made->arena, body.raw);
    enum tw_status status = answer_read(&made->answer, body.raw);
    result->body = kept.data;
    result->body_length = kept.length;
    result->content = buffer_view(&made->answer.content).data;
    result->content_length = made->answer.content.length;
    result->served_tier = shown(&made->answer.served_tier);
    result->input_tokens = usage->input;
    result->cached_tokens = usage->cached;
    result->output_tokens = usage->output;
    result->reasoning_tokens = usage->reasoning;
    result->total_tokens = made->answer.total_tokens;
    if (made->answer.failed) {
        const char *code = shown(&made->answer.error_code);
        result->error_code = code ? code : shown(&made->answer.error_type);
        result->message = shown(&made->answer.error_message);
    }
    return status == TW_NO_MEMORY ? status : TW_OK;
}

static enum tw_status describe_line(struct made_result *made, struct text line)
{
    struct tw_job_result *result = &made->result;
    struct json_value root, number;
    int64_t status_code = 0;
    struct text kept = arena_text(&made->arena, line);
    result->line = kept.data;
    result->line_length = kept.length;
    if (json_parse(kept, &root, NULL) != TW_OK)
        return TW_OK;
    struct json_value response = member(root, TEXT("response"));
    struct json_value error = member(root, TEXT("error"));
    struct json_value body = member(response, TEXT("body"));
    number = member(response, TEXT("status_code"));
    if (number.kind == JSON_NUMBER && json_integer(number, &status_code) == TW_OK)
        result->http_status = (int)status_code;
    result->request_id = string_of(made, member(response, TEXT("request_id")));
    enum tw_status status = body.raw.data ? describe_body(made, body) : TW_OK;
    if (error.kind == JSON_OBJECT) {
        result->error_code = string_of(made, member(error, TEXT("code")));
        result->message = string_of(made, member(error, TEXT("message")));
    }
    return status;
}

enum tw_status job_result_make(const struct job *job, struct tw_job_result **result)
{
    struct made_result *made = calloc(1, sizeof *made);
    *result = NULL;
    if (!made)
        return TW_NO_MEMORY;
    arena_init(&made->arena, 4 * (size_t)JOB_BYTES_MAX);
    answer_init(&made->answer);
    made->result = (struct tw_job_result){.id = arena_text(&made->arena, job->id).data,
                                          .state = (enum tw_job_state)job->state,
                                          .submitted = job->submitted,
                                          .ended = job->ended,
                                          .input_tokens = -1,
                                          .cached_tokens = -1,
                                          .output_tokens = -1,
                                          .reasoning_tokens = -1,
                                          .total_tokens = -1};
    enum tw_status status = job->result.length ? describe_line(made, job->result) : TW_OK;
    if (status == TW_OK && made->arena.failed)
        status = TW_NO_MEMORY;
    if (status == TW_OK)
        *result = &made->result;
    else
        tw_job_result_free(&made->result);
    return status;
}

void tw_job_result_free(struct tw_job_result *result)
{
    struct made_result *made = (struct made_result *)result;
    if (!made)
        return;
    answer_free(&made->answer);
    arena_free(&made->arena);
    free(made);
}
