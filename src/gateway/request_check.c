/* gateway/request_check.c: checks of a complete request head on top of llhttp's.
 *
 * Takes a parsed head, gives the first reason to refuse it, or REFUSAL_NONE. Owns nothing, cannot
 * fail otherwise. */
#include "gateway/request_reader.h"

#include <string.h>
#include <strings.h>

const struct http_header *http_header_find(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (http_name_is(request->headers[i].name, name))
            return &request->headers[i];
    return NULL;
}

struct text http_header_value(const struct http_request *request, const char *name)
{
    const struct http_header *header = http_header_find(request, name);
    return header ? header->value : (struct text){"", 0};
}

static size_t header_occurrences(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += http_name_is(request->headers[i].name, name);
    return count;
}

/* RFC 9110, 5.6.2: tchar. */
static bool is_token(struct text text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && (byte == '\0' || !strchr(others, byte)))
            return false;
    }
    return text.length > 0;
}

/* llhttp passes over further blanks and takes the protocol names RTSP and ICE. */
static enum request_refusal check_request_line(const struct http_request *request)
{
    static const size_t version_length = sizeof "HTTP/1.1" - 1;
    const char *end = memchr(request->head.data, '\r', request->head.length);
    struct text line = {request->head.data, (size_t)(end - request->head.data)};
    if (line.length != request->method.length + 1 + request->target.length + 1 + version_length)
        return REFUSAL_REQUEST_LINE;
    struct text version = {end - version_length, version_length};
    if (!text_is(version, "HTTP/1.1") && !text_is(version, "HTTP/1.0"))
        return REFUSAL_VERSION;
    return REFUSAL_NONE;
}

static enum request_refusal check_target(const struct http_request *request)
{
    struct text target = request->target;
    if (target.length == 0 || target.data[0] != '/')
        return REFUSAL_TARGET;
    for (size_t i = 0; i < target.length; i++)
        if (target.data[i] <= ' ' || target.data[i] > '~' || target.data[i] == '#')
            return REFUSAL_TARGET;
    return REFUSAL_NONE;
}

/* The answer to TRACE shows the request, the provider's key with it. */
static enum request_refusal check_method(const struct http_request *request)
{
    return text_is(request->method, "TRACE") ? REFUSAL_METHOD : REFUSAL_NONE;
}

static enum request_refusal check_header_names(const struct http_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (!is_token(request->headers[i].name))
            return REFUSAL_HEADER_NAME;
    return REFUSAL_NONE;
}

static enum request_refusal check_host(const struct http_request *request)
{
    size_t hosts = header_occurrences(request, "host");
    return hosts == 1 || (hosts == 0 && request->minor_version == 0) ? REFUSAL_NONE : REFUSAL_HOST;
}

/* A body in an encoding that is not undone would be taken for something else. */
static enum request_refusal check_encoding(const struct http_request *request)
{
    size_t encodings = header_occurrences(request, "transfer-encoding");
    if (encodings == 0)
        return REFUSAL_NONE;
    bool chunked = http_name_is(http_header_value(request, "transfer-encoding"), "chunked");
    return encodings == 1 && chunked && request->minor_version == 1 ? REFUSAL_NONE
                                                                    : REFUSAL_ENCODING;
}

static enum request_refusal check_expectation(const struct http_request *request)
{
    bool other = http_header_find(request, "expect") && !request->expects_continue;
    return other ? REFUSAL_EXPECTATION : REFUSAL_NONE;
}

enum request_refusal request_check(const struct http_request *request)
{
    static enum request_refusal (*const checks[])(const struct http_request *) = {
        check_request_line, check_method,   check_target,      check_header_names,
        check_host,         check_encoding, check_expectation,
    };
    enum request_refusal refusal = REFUSAL_NONE;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && !refusal; i++)
        refusal = checks[i](request);
    return refusal;
}

const struct refusal_row *refusal_row(enum request_refusal refusal)
{
    static const struct refusal_row rows[] = {
        {0, NULL, NULL},
#define REFUSAL(name, status, code, message) {status, code, message},
#include "gateway/request_refusals.def"
#undef REFUSAL
    };
    return &rows[refusal];
}
