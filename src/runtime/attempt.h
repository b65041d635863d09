/* runtime/attempt.h: reads one attempt's answer as it arrives, and says what it means.
 *
 * Nothing of a stream is passed on before the first event that holds a part of the answer: until
 * then the provider may still say that the tier has no room, inside an HTTP 200. */
#ifndef TIERWAY_RUNTIME_ATTEMPT_H
#define TIERWAY_RUNTIME_ATTEMPT_H

#include "runtime/answer.h"
#include "runtime/rate_limit.h"
#include "runtime/refusal.h"
#include "runtime/sse.h"

#define ATTEMPT_BODY_MAX (64 << 20) /* bytes of an answer that is no stream */
#define ATTEMPT_HELD_MAX (1 << 20)  /* bytes of early events; what is over them is passed on */

/* What is passed on: an event of a stream, or a whole answer. Its texts live until the visitor
 * returns. */
struct piece {
    struct text event; /* its name; empty where it has none */
    struct text data;
    struct text text; /* of the answer */
    struct text raw;  /* of a stream, where raw_wanted: the bytes as they came */
    bool last;        /* the event that ends the stream; only bytes without a meaning follow */
};

/* False: the caller wants no more. */
typedef bool (*piece_visitor)(void *context, const struct piece *piece);

struct attempt {
    struct answer answer;
    struct sse sse;
    struct buffer whole; /* the body of an answer that is no stream */
    struct buffer held;  /* early events: their texts, each with its length before it */
    piece_visitor visit; /* NULL: nobody wants pieces */
    void *context;
    int64_t instant;    /* when it began, for a Retry-After that is a date */
    int64_t wait;       /* milliseconds that the provider asks to wait; -1 where it does not */
    bool wait_is_exact; /* from retry-after-ms, which wins */
    struct rate_limits limits; /* that the answer's headers tell of */
    int http_status;           /* 0 where no answer began */
    bool event_stream;         /* the body is one */
    bool raw_wanted;           /* set once: pieces have their bytes, and comments are pieces too */
    bool drop_usage;           /* the chunk with the usage was not the caller's wish */
    bool passed_on;            /* something went to the caller: no other attempt may follow */
    bool stopped;              /* the caller wants no more */
    enum tw_status reading;    /* why the body could not be read */
};

void attempt_init(struct attempt *attempt);
void attempt_free(struct attempt *attempt);
/* Makes ready for the next answer; what the last one left is gone. */
void attempt_begin(struct attempt *attempt, int64_t instant, bool drop_usage, piece_visitor visit,
                   void *context);
void attempt_header(struct attempt *attempt, int status, struct text name, struct text value);
/* False: nothing more is to be read. */
bool attempt_piece(struct attempt *attempt, struct text piece);
/* Passes on the early events that are held, of an answer that no other attempt will follow: also
 * the one that says that it failed. */
void attempt_release(struct attempt *attempt);
/* The exchange is over, with the transport's result. Reads a whole body, and passes it on where it
 * is good. provider and tier are for refusal_meaning. */
enum meaning attempt_end(struct attempt *attempt, enum tw_status exchange, struct text provider,
                         struct text tier);

#endif
