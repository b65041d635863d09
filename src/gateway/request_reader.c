/* gateway/request_reader.c: the bytes of one request, as they come, to a struct http_request.
 *
 * The head is gathered line by line and given to llhttp in one piece once it is complete, so that
 * every span that llhttp reports is whole and can stay where it is. The body goes through llhttp
 * as it arrives. Owns the gathered bytes; any failure, out of memory included, is a refusal. */
#include "gateway/request_reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    FRAMING_FACTOR = 8,         /* "1\r\nx\r\n" takes six bytes for one */
    FRAMING_ALLOWANCE = 1024,   /* for the last chunk, and for small limits */
    KEPT_BODY_BYTES = 64 * 1024 /* a larger body's memory is given back after its request */
};

static void refuse(struct request_reader *reader, enum request_refusal refusal)
{
    if (!reader->refusal)
        reader->refusal = refusal;
    reader->state = READER_REFUSED;
}

/* A callback's way to stop llhttp. */
static int refuse_inside(struct request_reader *reader, enum request_refusal refusal)
{
    refuse(reader, refusal);
    return HPE_USER;
}

static int on_target(llhttp_t *parser, const char *at, size_t length)
{
    struct request_reader *reader = parser->data;
    struct http_request *request = &reader->request;
    request->target = (struct text){at, length};
    const char *mark = memchr(at, '?', length);
    size_t path_length = mark ? (size_t)(mark - at) : length;
    request->path = (struct text){at, path_length};
    request->query = mark ? (struct text){mark + 1, length - path_length - 1} : TEXT("");
    return HPE_OK;
}

static bool make_room_for_header(struct request_reader *reader)
{
    size_t count = reader->request.header_count;
    if (count < reader->header_capacity)
        return true;
    size_t capacity = count ? count * 2 : 32;
    struct http_header *headers = realloc(reader->headers, capacity * sizeof *headers);
    if (!headers)
        return false;
    reader->headers = headers;
    reader->header_capacity = capacity;
    reader->request.headers = headers;
    return true;
}

static int on_header_name(llhttp_t *parser, const char *at, size_t length)
{
    struct request_reader *reader = parser->data;
    if (reader->state == READER_BODY)
        return refuse_inside(reader, REFUSAL_TRAILER);
    if (reader->request.header_count >= reader->limits.header_count)
        return refuse_inside(reader, REFUSAL_HEADER_COUNT);
    if (!make_room_for_header(reader))
        return refuse_inside(reader, REFUSAL_NO_MEMORY);
    reader->headers[reader->request.header_count++] =
        (struct http_header){{at, length}, {at + length, 0}};
    return HPE_OK;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t length)
{
    struct request_reader *reader = parser->data;
    reader->headers[reader->request.header_count - 1].value = text_trim((struct text){at, length});
    return HPE_OK;
}

static void set_body_limit(struct request_reader *reader)
{
    const struct request_limits *limits = &reader->limits;
    const struct http_request *request = &reader->request;
    bool wide = limits->wide_path && text_is(request->path, limits->wide_path) &&
                text_is(request->method, "POST") && limits->wide_bytes > limits->body_bytes;
    reader->body_limit = wide ? limits->wide_bytes : limits->body_bytes;
    reader->body.limit = reader->body_limit;
}

static int on_head_complete(llhttp_t *parser)
{
    struct request_reader *reader = parser->data;
    struct http_request *request = &reader->request;
    request->minor_version = parser->http_minor;
    request->keep_alive = llhttp_should_keep_alive(parser);
    request->expects_continue = http_name_is(http_header_value(request, "expect"), "100-continue");
    /* An offer to change the protocol may be passed over (RFC 9110, 7.8). */
    parser->upgrade = 0;
    if (parser->method == HTTP_CONNECT)
        return refuse_inside(reader, REFUSAL_METHOD);
    enum request_refusal refusal = request_check(request);
    if (refusal)
        return refuse_inside(reader, refusal);
    set_body_limit(reader);
    if (parser->content_length > reader->body_limit)
        return refuse_inside(reader, REFUSAL_BODY_SIZE);
    reader->state = READER_BODY;
    return HPE_OK;
}

static int on_chunk(llhttp_t *parser)
{
    struct request_reader *reader = parser->data;
    if (parser->content_length > reader->body_limit - reader->body.length)
        return refuse_inside(reader, REFUSAL_BODY_SIZE);
    return HPE_OK;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct request_reader *reader = parser->data;
    buffer_append(&reader->body, at, length);
    if (reader->body.status == TW_LIMIT)
        return refuse_inside(reader, REFUSAL_BODY_SIZE);
    return reader->body.status ? refuse_inside(reader, REFUSAL_NO_MEMORY) : HPE_OK;
}

static int on_complete(llhttp_t *parser)
{
    struct request_reader *reader = parser->data;
    reader->state = READER_DONE;
    return HPE_PAUSED;
}

static const llhttp_settings_t *parser_settings(void)
{
    static const llhttp_settings_t settings = {
        .on_url = on_target,
        .on_header_field = on_header_name,
        .on_header_value = on_header_value,
        .on_headers_complete = on_head_complete,
        .on_chunk_header = on_chunk,
        .on_body = on_body,
        .on_message_complete = on_complete,
    };
    return &settings;
}

static enum request_refusal refusal_of_error(llhttp_errno_t error, enum request_refusal otherwise)
{
    static const struct {
        llhttp_errno_t error;
        enum request_refusal refusal;
    } rows[] = {
        {HPE_UNEXPECTED_CONTENT_LENGTH, REFUSAL_TWO_LENGTHS},
        {HPE_INVALID_CONTENT_LENGTH, REFUSAL_LENGTH},
        {HPE_INVALID_TRANSFER_ENCODING, REFUSAL_ENCODING},
        {HPE_INVALID_METHOD, REFUSAL_REQUEST_LINE},
        {HPE_INVALID_CONSTANT, REFUSAL_REQUEST_LINE},
        {HPE_INVALID_URL, REFUSAL_TARGET},
        {HPE_INVALID_VERSION, REFUSAL_VERSION},
        {HPE_INVALID_HEADER_TOKEN, REFUSAL_HEADER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == error)
            return rows[i].refusal;
    return otherwise;
}

static void parse_head(struct request_reader *reader)
{
    struct http_request *request = &reader->request;
    request->head = buffer_view(&reader->head);
    const char *space = memchr(request->head.data, ' ', request->head.length);
    request->method =
        (struct text){request->head.data, space ? (size_t)(space - request->head.data) : 0};
    llhttp_init(&reader->parser, HTTP_REQUEST, parser_settings());
    reader->parser.data = reader;
    llhttp_errno_t result =
        llhttp_execute(&reader->parser, request->head.data, request->head.length);
    if (result != HPE_OK && result != HPE_PAUSED)
        refuse(reader, refusal_of_error(result, REFUSAL_MALFORMED));
    else if (reader->state == READER_HEAD)
        refuse(reader, REFUSAL_MALFORMED); /* llhttp saw no end where the blank line is */
}

/* What llhttp is too kind about: line ends and continued lines. */
static enum request_refusal check_line(struct text line)
{
    if (line.length < 2 || line.data[line.length - 2] != '\r')
        return REFUSAL_LINE_END;
    if (memchr(line.data, '\r', line.length - 2))
        return REFUSAL_LINE_END;
    return line.data[0] == ' ' || line.data[0] == '\t' ? REFUSAL_FOLDED : REFUSAL_NONE;
}

static void take_line(struct request_reader *reader)
{
    struct text line = {reader->head.data + reader->line_start,
                        reader->head.length - reader->line_start};
    enum request_refusal refusal = check_line(line);
    if (refusal) {
        refuse(reader, reader->line_start == 0 && refusal == REFUSAL_FOLDED ? REFUSAL_REQUEST_LINE
                                                                            : refusal);
    } else if (line.length > 2) {
        reader->line_start = reader->head.length;
    } else if (reader->line_start > 0) {
        parse_head(reader);
    } else if (reader->blank_line) {
        refuse(reader, REFUSAL_REQUEST_LINE);
    } else {
        reader->blank_line = true; /* some callers send one behind a body (RFC 9112, 2.2) */
        buffer_clear(&reader->head);
    }
}

static size_t feed_head(struct request_reader *reader, const char *data, size_t length)
{
    size_t used = 0;
    while (reader->state == READER_HEAD && used < length) {
        const char *end = memchr(data + used, '\n', length - used);
        size_t piece = end ? (size_t)(end + 1 - (data + used)) : length - used;
        buffer_append(&reader->head, data + used, piece);
        used += piece;
        if (reader->head.status)
            refuse(reader, reader->head.status == TW_LIMIT ? REFUSAL_HEAD_SIZE : REFUSAL_NO_MEMORY);
        else if (end)
            take_line(reader);
    }
    return used;
}

/* llhttp takes "0\r\n\n" for the end of a chunked body. */
static bool ends_in_bare_line_feed(const struct request_reader *reader, const char *data,
                                   size_t used)
{
    if (!http_header_find(&reader->request, "transfer-encoding"))
        return false;
    return (used > 1 ? data[used - 2] : reader->last_byte) != '\r';
}

static size_t feed_body(struct request_reader *reader, const char *data, size_t length)
{
    llhttp_errno_t result = llhttp_execute(&reader->parser, data, length);
    size_t used = length;
    if (result == HPE_PAUSED)
        used = (size_t)(llhttp_get_error_pos(&reader->parser) - data);
    else if (result != HPE_OK)
        refuse(reader, refusal_of_error(result, REFUSAL_CHUNK));
    reader->framed_bytes += used;
    if (reader->framed_bytes / FRAMING_FACTOR > reader->body_limit + FRAMING_ALLOWANCE)
        refuse(reader, REFUSAL_BODY_SIZE);
    if (reader->state == READER_DONE && ends_in_bare_line_feed(reader, data, used))
        refuse(reader, REFUSAL_CHUNK);
    if (used > 0)
        reader->last_byte = data[used - 1];
    reader->request.body = buffer_view(&reader->body);
    return used;
}

size_t reader_feed(struct request_reader *reader, const char *data, size_t length)
{
    size_t used = 0;
    if (reader->state == READER_EMPTY && length > 0)
        reader->state = READER_HEAD;
    if (reader->state == READER_HEAD)
        used = feed_head(reader, data, length);
    if (reader->state == READER_BODY && used < length)
        used += feed_body(reader, data + used, length - used);
    return used;
}

void reader_init(struct request_reader *reader, const struct request_limits *limits)
{
    *reader = (struct request_reader){.limits = *limits};
    buffer_init(&reader->head, limits->head_bytes);
    buffer_init(&reader->body, limits->body_bytes);
    reader_reset(reader);
}

void reader_free(struct request_reader *reader)
{
    buffer_free(&reader->head);
    buffer_free(&reader->body);
    free(reader->headers);
    reader->headers = NULL;
    reader->header_capacity = 0;
}

void reader_reset(struct request_reader *reader)
{
    buffer_clear(&reader->head);
    if (reader->body.capacity > KEPT_BODY_BYTES)
        buffer_free(&reader->body);
    buffer_clear(&reader->body);
    reader->request = (struct http_request){.headers = reader->headers, .body = TEXT("")};
    reader->state = READER_EMPTY;
    reader->refusal = REFUSAL_NONE;
    reader->line_start = 0;
    reader->framed_bytes = 0;
    reader->blank_line = false;
    reader->last_byte = '\0';
}
