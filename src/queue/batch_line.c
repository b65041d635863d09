/* queue/batch_line.c: see batch_line.h. Takes bytes that nobody has checked. */
#include "queue/batch_line.h"

#include "base/json.h"
#include "store/jobs.h"

static const struct {
    const char *url, *endpoint;
} endpoints[] = {
    {"/v1/chat/completions", "/chat/completions"},
    {"/v1/responses", "/responses"},
};

const char *batch_endpoint(struct text url)
{
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++)
        if (text_is(url, endpoints[i].url))
            return endpoints[i].endpoint;
    return NULL;
}

/* A member that may stand there once; its kind is the caller's to check. */
static enum tw_status find_once(struct json_value root, struct text name, struct json_value *value,
                                struct tw_error *error)
{
    enum tw_status status = json_find(root, name, value);
    if (status == TW_INVALID)
        return fail(error, TW_INVALID, "`%.*s` stands there twice", TEXT_ARGUMENTS(name));
    if (status == TW_NOT_FOUND)
        *value = (struct json_value){JSON_NULL, {NULL, 0}};
    return TW_OK;
}

static enum tw_status read_id(struct json_value value, struct buffer *id, struct tw_error *error)
{
    if (value.kind != JSON_STRING)
        return fail(error, TW_INVALID, "`custom_id` has to be a string");
    enum tw_status status = json_string_decode(value, id);
    if (status != TW_OK)
        return fail(error, status, "`custom_id` is longer than %d bytes", JOB_ID_MAX);
    return id->length ? TW_OK : fail(error, TW_INVALID, "`custom_id` is empty");
}

static enum tw_status read_url(struct json_value root, const char **endpoint,
                               struct tw_error *error)
{
    struct json_value method, url;
    struct text word;
    enum tw_status status = find_once(root, TEXT("method"), &method, error);
    if (status == TW_OK)
        status = find_once(root, TEXT("url"), &url, error);
    if (status != TW_OK)
        return status;
    if (method.raw.data && !(json_string_plain(method, &word) && text_is(word, "POST")))
        return fail(error, TW_INVALID, "`method` has to be \"POST\"");
    *endpoint = json_string_plain(url, &word) ? batch_endpoint(word) : NULL;
    return *endpoint ? TW_OK
                     : fail(error, TW_INVALID,
                            "`url` has to be \"/v1/chat/completions\" or \"/v1/responses\"");
}

/* Nobody is there to read a stream, and without a model nothing can be sent. */
static enum tw_status check_body(struct json_value body, struct tw_error *error)
{
    struct json_value member;
    if (body.kind != JSON_OBJECT)
        return fail(error, TW_INVALID, "`body` has to be an object");
    enum tw_status status = find_once(body, TEXT("model"), &member, error);
    if (status == TW_OK && member.kind != JSON_STRING)
        return fail(error, TW_INVALID, "the body names no model");
    if (status == TW_OK)
        status = find_once(body, TEXT("stream"), &member, error);
    if (status == TW_OK && member.kind == JSON_TRUE)
        return fail(error, TW_INVALID, "a job cannot stream its answer");
    return status;
}

static enum tw_status read_batch(struct json_value root, struct json_value id,
                                 struct batch_request *request, struct json_value *body,
                                 struct tw_error *error)
{
    request->param = "custom_id";
    request->missing = !id.raw.data;
    enum tw_status status = read_id(id, &request->custom_id, error);
    if (status != TW_OK)
        return status;
    request->param = "url";
    request->missing = json_find(root, TEXT("url"), body) == TW_NOT_FOUND;
    status = read_url(root, &request->endpoint, error);
    if (status != TW_OK)
        return status;
    request->param = "body";
    request->missing = json_find(root, TEXT("body"), body) == TW_NOT_FOUND;
    return find_once(root, TEXT("body"), body, error);
}

/* The whole text, which is an object. */
static enum tw_status begin(struct text text, struct batch_request *request,
                            struct json_value *root, struct tw_error *error)
{
    *request = (struct batch_request){.endpoint = "/chat/completions"};
    buffer_init(&request->custom_id, JOB_ID_MAX);
    enum tw_status status = json_parse(text, root, error);
    if (status == TW_OK && root->kind != JSON_OBJECT)
        status = fail(error, TW_INVALID, "a request is a JSON object");
    return status;
}

static enum tw_status finish(struct batch_request *request, struct json_value body,
                             struct tw_error *error)
{
    request->param = "body";
    request->body = body.raw;
    return check_body(body, error);
}

/* A body alone says itself which API it is for. */
static enum tw_status finish_alone(struct batch_request *request, struct json_value body,
                                   struct tw_error *error)
{
    struct json_value input;
    if (json_find(body, TEXT("input"), &input) != TW_NOT_FOUND)
        request->endpoint = "/responses";
    return finish(request, body, error);
}

enum tw_status batch_body_read(struct text body, struct batch_request *request,
                               struct tw_error *error)
{
    struct json_value root;
    enum tw_status status = begin(body, request, &root, error);
    return status == TW_OK ? finish_alone(request, root, error) : status;
}

enum tw_status batch_line_read(struct text line, struct batch_request *request,
                               struct tw_error *error)
{
    struct json_value root, id, body;
    enum tw_status status = begin(line, request, &root, error);
    if (status == TW_OK)
        status = find_once(root, TEXT("custom_id"), &id, error);
    if (status != TW_OK)
        return status;
    if (!id.raw.data && json_find(root, TEXT("body"), &body) == TW_NOT_FOUND)
        return finish_alone(request, root, error);
    status = read_batch(root, id, request, &body, error);
    return status == TW_OK ? finish(request, body, error) : status;
}

void batch_request_free(struct batch_request *request)
{
    buffer_free(&request->custom_id);
}

/* JSON on one line: within strings line ends are escapes already. */
static void write_json(struct buffer *out, struct text body)
{
    struct json_value root;
    if (json_parse(body, &root, NULL) != TW_OK) {
        json_write_string(out, body);
        return;
    }
    for (size_t i = 0; i < root.raw.length; i++) {
        char byte = root.raw.data[i];
        buffer_byte(out, byte == '\n' || byte == '\r' ? ' ' : byte);
    }
}

void batch_line_write(struct buffer *out, const struct batch_answer *answer)
{
    buffer_format(out, "{\"id\":\"batch_req_%lld\",\"custom_id\":", (long long)answer->number);
    json_write_string(out, answer->custom_id);
    buffer_string(out, ",\"response\":");
    if (answer->status) {
        buffer_format(out, "{\"status_code\":%d,\"request_id\":", answer->status);
        json_write_string(out, answer->request_id);
        buffer_string(out, ",\"body\":");
        write_json(out, answer->body);
        buffer_byte(out, '}');
    } else {
        buffer_string(out, "null");
    }
    buffer_string(out, ",\"error\":");
    if (answer->code.length) {
        buffer_string(out, "{\"code\":");
        json_write_string(out, answer->code);
        buffer_string(out, ",\"message\":");
        json_write_string(out, answer->message);
        buffer_string(out, "}}");
    } else {
        buffer_string(out, "null}");
    }
}
