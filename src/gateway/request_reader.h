/* gateway/request_reader.h: bytes of a connection to one whole, checked request.
 *
 * llhttp decides what the headers and the chunks are. On top of it stand the checks that it does
 * not make (docs/dependencies.md: it unfolds continued lines, takes a space before the colon, bare
 * LF behind the last chunk, and requests without Host): whatever two HTTP parsers could read in
 * two ways is refused. No sockets here, so that a fuzzer can drive it. */
#ifndef TIERWAY_GATEWAY_REQUEST_READER_H
#define TIERWAY_GATEWAY_REQUEST_READER_H

#include "gateway/http_message.h"

#include <llhttp.h>

enum request_refusal {
    REFUSAL_NONE,
#define REFUSAL(name, status, code, message) REFUSAL_##name,
#include "gateway/request_refusals.def"
#undef REFUSAL
};

struct refusal_row {
    int status;
    const char *code;
    const char *message;
};
/* Not for REFUSAL_NONE. Constant memory. */
const struct refusal_row *refusal_row(enum request_refusal refusal);

struct request_limits {
    size_t head_bytes; /* request line and headers together */
    size_t header_count;
    size_t body_bytes;     /* without framing; framing may take eight times as much again */
    const char *wide_path; /* POST to it may have a larger body; NULL: none may. Constant */
    size_t wide_bytes;
};

enum reader_state {
    READER_EMPTY,   /* no byte of a request has come */
    READER_HEAD,    /* in the request line or the headers */
    READER_BODY,    /* the head is complete and checked */
    READER_DONE,    /* request is whole */
    READER_REFUSED, /* refusal says why; only reader_free may follow */
};

struct request_reader {
    struct request_limits limits;
    enum reader_state state;
    enum request_refusal refusal;
    struct http_request request; /* in state BODY without body, in state DONE whole */
    struct buffer head;
    struct buffer body;
    struct http_header *headers;
    size_t header_capacity;
    size_t body_limit;   /* of the request that is being read */
    size_t line_start;   /* in head: where the line being read begins */
    size_t framed_bytes; /* of the body, framing included */
    bool blank_line;     /* one empty line in front of the request was passed over */
    char last_byte;      /* of the body as received */
    llhttp_t parser;
};

void reader_init(struct request_reader *reader, const struct request_limits *limits);
void reader_free(struct request_reader *reader);
/* Makes ready for the next request; request becomes invalid. */
void reader_reset(struct request_reader *reader);
/* Takes bytes up to the end of the request at most; returns how many were taken. Does nothing in
 * states DONE and REFUSED. Running out of memory is a refusal too. */
size_t reader_feed(struct request_reader *reader, const char *data, size_t length);

/* The checks of a complete head that need no parser (request_check.c). */
enum request_refusal request_check(const struct http_request *request);

#endif
