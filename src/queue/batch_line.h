/* queue/batch_line.h: the lines of OpenAI's Batch API: requests in, answers out.
 *
 * In:  {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {...}}
 * Out: {"id": "batch_req_1", "custom_id": "a", "response": {"status_code": 200,
 *       "request_id": "req_...", "body": {...}} or null, "error": {"code": "...",
 *       "message": "..."} or null}
 * Source: platform.openai.com/docs/api-reference/batch. Safe for all threads. */
#ifndef TIERWAY_QUEUE_BATCH_LINE_H
#define TIERWAY_QUEUE_BATCH_LINE_H

#include "base/text.h"

struct batch_request {
    struct buffer custom_id; /* decoded; empty where the line is a request body alone */
    const char *endpoint;    /* "/chat/completions" or "/responses"; a literal */
    struct text body;        /* an object; points into the line */
    const char *param;       /* of a line that cannot be read: the member that is at fault, as
                                "custom_id"; a literal, NULL: the line as a whole */
    bool missing;            /* that member is not there at all */
};

/* Reads a line of a batch, or a request body alone. TW_INVALID, with a reason that does not name
 * the line; TW_LIMIT: nested too deep, or the custom_id is longer than an id may be; TW_NO_MEMORY.
 * To be freed with batch_request_free either way. */
enum tw_status batch_line_read(struct text line, struct batch_request *request,
                               struct tw_error *error);
/* Reads a request body alone, whatever its members are called. As batch_line_read otherwise. */
enum tw_status batch_body_read(struct text body, struct batch_request *request,
                               struct tw_error *error);
void batch_request_free(struct batch_request *request);

/* The endpoint of a URL such as "/v1/responses", NULL where no job may ask it. */
const char *batch_endpoint(struct text url);

/* What became of a request. */
struct batch_answer {
    int64_t number; /* of the job */
    struct text custom_id;
    int status;             /* of HTTP; 0: there is no response */
    struct text request_id; /* of tierway, as in the ledger */
    struct text body;       /* of the response: JSON, else it is written as a string */
    struct text code;       /* of the error; empty: there is none */
    struct text message;
};

/* Appends a line without its end; the buffer says whether it found room. Line ends within the
 * body's JSON become blanks. */
void batch_line_write(struct buffer *out, const struct batch_answer *answer);

#endif
