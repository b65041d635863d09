/* runtime/answer.h: what a provider's answer says: its text, the tokens, the tier that served it,
 * or an error; of Chat Completions and of Responses, whole or as the events of a stream.
 *
 * Reads without believing: what is missing or of another type is unknown, never an error. */
#ifndef TIERWAY_RUNTIME_ANSWER_H
#define TIERWAY_RUNTIME_ANSWER_H

#include "base/json.h"
#include "runtime/price.h"

#define ANSWER_CONTENT_MAX (64 << 20) /* bytes of text */
#define ANSWER_WORD_MAX 1024          /* bytes of a tier's name, of an error's type, code, param */
#define ANSWER_MESSAGE_MAX 4096       /* of an error's message; what is longer is cut */

struct answer {
    struct buffer content;     /* the text, as far as it was read */
    struct buffer served_tier; /* as the answer has it; empty where it does not say */
    struct buffer model;       /* likewise */
    struct token_usage usage;  /* -1 where the answer does not say */
    int64_t total_tokens;      /* likewise */
    bool failed;               /* it has an error; the next four say which */
    struct buffer error_type, error_code, error_message, error_param;
    bool skip_text; /* set once: the text is not kept */
    bool begun;     /* something of the answer itself has come, be it only a call of a tool */
    bool complete;  /* its end has come: a whole body, a finish_reason, [DONE], or a final event */
};

/* What one event of a stream holds. */
struct answer_event {
    struct text text; /* of the answer; lives until the next one is read */
    bool usage_only;  /* the chunk that stream_options.include_usage asks for */
    bool last;        /* [DONE], or an event with the final response */
};

void answer_init(struct answer *answer);
void answer_free(struct answer *answer);
/* Forgets what was read, and keeps the memory. */
void answer_clear(struct answer *answer);

/* Reads a whole body. TW_INVALID where it is no JSON object; an array that holds one error object
 * (Gemini) is read as that. TW_LIMIT: over ANSWER_CONTENT_MAX, or nested too deep. TW_NO_MEMORY. */
enum tw_status answer_read(struct answer *answer, struct text body);
/* Reads the data of one event; "[DONE]" too. event may be NULL. Results as for answer_read. */
enum tw_status answer_read_event(struct answer *answer, struct text data,
                                 struct answer_event *event);

#endif
